import type { CallExpr, ClassIr, Expr, FunctionIr, Span } from './ir.ts';
import type { Machine } from './machine.ts';
import { reportPlain } from './report.ts';

/** A way in that changes something, as it stands in one file. */
export type Route = {
  /** What it is registered at: routes of one router are compared with each other. */
  readonly router: string;
  readonly span: Span;
  /** `unclear`: it may test in its body who asks. `public`: its name says that anybody may ask. */
  readonly state: 'guarded' | 'bare' | 'unclear' | 'public';
};

/** So many routes of a router must have a test of who asks before one without it stands out. */
const GUARDED_MIN = 3;
/** Of so many guarded routes, one may be bare and still be an oversight. */
const GUARDED_FOR_EACH = 3;
/** The most routes of one file that are looked at. */
const ROUTES_MAX = 2_000;

const CHANGING = /^(?:post|put|patch|delete|del|Post|Put|Patch|Delete)$/;
const METHODS = /['"](?:POST|PUT|PATCH|DELETE)['"]/;

/** Names of decorators, middleware and dependencies that test who asks. */
const GUARD =
  /auth|(?:log|sign)(?:ged|ed)?_?in|permission|privilege|identity|requires?(?=[_A-Z])|_required|role|admin|protect|jwt|bearer|access|secur|guard|verif(?:y|ied)|ensure|restrict|user_passes|is_?staff|is_?owner|current_?user|scope|policy|polic(?:y|ies)|\b(?:can|may)[A-Z_]\w+|passport/i;
/** What a body that tests it itself has in it. */
const OWN_TEST =
  /current_?user|\b(?:request|req|g|ctx|self)\.(?:user|auth|session|account|identity)\b|\bsession\b|is_?authenticated|\b40[13]\b|HTTPException|PermissionDenied|Forbidden|Unauthori[sz]ed|verif(?:y|ied)|authenticate|authori[sz]|permission|signature|hmac|jwt|is_?admin|is_?owner|\btoken\b|api_?key|raise_for|\bcheck[A-Z_]/i;
/** Ways in that anybody may take, by their path and name. */
const PUBLIC =
  /log_?-?(?:in|out)|sign_?-?(?:in|up|out)|regist|passw|reset|forgot|confirm|activat|hook|callback|oauth|sso|saml|token|refresh|session|csrf|csp|health|ping|status|metric|contact|feedback|subscri|newsletter|public|search|report|setup|install|captcha|invit|auth|guest|track|beacon|telemetry|graphql|preview|echo|test|demo|webhook|payment|checkout|otp|verify/i;

/** Notes a route that a call registers: `router.post('/x', requireLogin, handler)`. */
export function noteRouteCall(machine: Machine, call: CallExpr): void {
  const { callee, args } = call;
  if (callee.kind !== 'member') return;
  if (callee.property === 'use') noteUse(machine, callee.object, args);
  if (!CHANGING.test(callee.property)) return;
  const chained = routeOf(callee.object);
  const path = chained?.args[0]?.value ?? args[0]?.value;
  if (path?.kind !== 'literal' || typeof path.value !== 'string' || !path.value.startsWith('/')) return;
  const handlers = args.slice(chained === undefined ? 1 : 0).map(({ value }) => value);
  const last = handlers.at(-1);
  const router = routerOf(callee.object);
  if (last === undefined || router === undefined || !isHandler(last)) return;
  const between = handlers.slice(0, -1).map((one) => textOf(machine, one));
  const body = last.kind === 'function' ? textOf(machine, last) : '';
  const name = `${path.value} ${last.kind === 'function' ? '' : textOf(machine, last)}`;
  add(machine, { router, span: call, state: stateOf(between, body, name) });
}

/** `router.use(requireLogin)` tests who asks for all that comes behind. */
function noteUse(machine: Machine, object: Expr, args: CallExpr['args']): void {
  const router = routerOf(object);
  if (router !== undefined && args.some(({ value }) => value.kind !== 'function' && GUARD.test(textOf(machine, value))))
    machine.guarded.add(router);
}

/** Notes a function that is a route by its decorators: `@app.post('/x')` under `@login_required`. */
export function noteRouteFunction(machine: Machine, fn: FunctionIr, owner?: ClassIr): void {
  const routes = fn.decorators.filter((one) => isChangingRoute(machine, one));
  const [route] = routes;
  if (route?.kind !== 'call') return;
  const [first] = fn.body;
  const { text } = machine.file;
  const signature = text.slice(fn.start, first?.start ?? fn.end);
  const body = text.slice(first?.start ?? fn.end, fn.end);
  const others = fn.decorators.filter((one) => !routes.includes(one)).map((one) => textOf(machine, one));
  const settings = route.args.filter(({ name }) => name !== undefined).map(({ value }) => textOf(machine, value));
  const path = route.args.filter(({ name }) => name === undefined).map(({ value }) => textOf(machine, value));
  const router =
    owner === undefined ? (route.callee.kind === 'member' ? routerOf(route.callee.object) : 'view') : owner.name;
  const around = owner?.decorators.map((one) => textOf(machine, one)) ?? [];
  if (router === undefined) return;
  const guards = [...others, ...settings, ...around, signature.slice(signature.indexOf('('))];
  add(machine, { router, span: fn, state: stateOf(guards, body, `${path.join(' ')} ${fn.name}`) });
}

function isChangingRoute(machine: Machine, decorator: Expr): boolean {
  if (decorator.kind !== 'call') return false;
  const { callee } = decorator;
  const name = callee.kind === 'member' ? callee.property : callee.kind === 'name' ? callee.name : '';
  if (CHANGING.test(name)) return true;
  return /^(?:route|api_route|api_view)$/.test(name) && METHODS.test(textOf(machine, decorator));
}

function stateOf(guards: readonly string[], body: string, name: string): Route['state'] {
  if (guards.some((one) => GUARD.test(one))) return 'guarded';
  if (PUBLIC.test(name)) return 'public';
  return OWN_TEST.test(body) ? 'unclear' : 'bare';
}

/** Tells of the few routes that have no test of who asks, where nearly all others of their router have one. */
export function reportRoutes(machine: Machine): void {
  const byRouter = Map.groupBy(machine.routes.values(), ({ router }) => router);
  for (const [router, routes] of byRouter) {
    if (machine.guarded.has(router)) continue;
    const guarded = routes.filter(({ state }) => state === 'guarded').length;
    const bare = routes.filter(({ state }) => state === 'bare');
    const unclear = routes.filter(({ state }) => state === 'unclear').length;
    if (guarded < GUARDED_MIN || (bare.length + unclear) * GUARDED_FOR_EACH > guarded) continue;
    for (const { span } of bare) for (const sink of machine.rules.routes) reportPlain(machine, sink, span, {});
  }
}

function add(machine: Machine, route: Route): void {
  if (machine.routes.size < ROUTES_MAX) machine.routes.set(route.span.start, route);
}

function isHandler(expr: Expr): boolean {
  return expr.kind === 'function' || expr.kind === 'name' || expr.kind === 'member' || expr.kind === 'call';
}

/** `router.route('/x')` of `router.route('/x').get(a).post(b)`. */
function routeOf(expr: Expr): CallExpr | undefined {
  for (let at = expr; at.kind === 'call' && at.callee.kind === 'member'; at = at.callee.object)
    if (at.callee.property === 'route') return at;
  return undefined;
}

function routerOf(expr: Expr): string | undefined {
  if (expr.kind === 'name') return expr.name;
  if (expr.kind === 'member') return expr.property;
  const route = routeOf(expr);
  return route?.callee.kind === 'member' ? routerOf(route.callee.object) : undefined;
}

function textOf(machine: Machine, { start, end }: Span): string {
  return machine.file.text.slice(start, end);
}
