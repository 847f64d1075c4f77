import { type Context, Hono } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { reasonOf } from '../base/index.ts';
import { authorise, isSessionOpen } from '../identity/index.ts';
import { fileOf, parseBody, readBody, requireNoNul } from './body.ts';
import type { ApiDeps } from './deps.ts';
import { fault } from './faults.ts';
import { addressOf, admit, callerOf, identify, principalOf, requireApproval } from './guard.ts';
import { type Replayed, withIdempotency } from './idempotency.ts';
import { openApiDocument } from './openapi.ts';
import { browserCallOf, cookieText, SESSION_COOKIE } from './browser.ts';
import { problemOf } from './problem.ts';
import { type Call, type Found, objectOf, type Route } from './route.ts';
import { ROUTES } from './routes.ts';
import { SHAPED_ROUTES } from './shaped.ts';
import { shapedProblem } from './shaped-route.ts';
import { type ApiEnv, type ApiState, take } from './state.ts';
import { byteStream, eventStream } from './streams.ts';
import { addSystemRoutes } from './system.ts';

const ALL_ROUTES = [...ROUTES, ...SHAPED_ROUTES];
const REQUEST_ID_BYTES = 9;
/** Event streams of one caller, and of all: each holds a connection. */
const STREAMS_OF_ONE_MAX = 64;
const STREAMS_MAX = 4000;
/** A client that was stopped by failed attempts is told to wait at least so long. */
const BLOCKED_SECONDS = 60;

export function createApp(state: ApiState): Hono<ApiEnv> {
  const { deps } = state;
  const app = new Hono<ApiEnv>();
  app.use(async (c, next) => {
    const started = performance.now();
    c.set('request', Buffer.from(deps.random(REQUEST_ID_BYTES)).toString('base64url'));
    c.set('address', addressOf(c.env.incoming, deps.proxies));
    c.set('route', 'none');
    await next();
    if (c.get('isEmbeddable')) c.header('cross-origin-resource-policy', 'cross-origin');
    c.header('x-request-id', c.get('request'));
    const labels = { method: c.req.method, route: c.get('route') };
    deps.metrics.requests.inc({ ...labels, status: String(c.res.status) });
    deps.metrics.seconds.observe(labels, (performance.now() - started) / 1000);
  });
  app.use(
    secureHeaders({
      contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"], sandbox: [] },
      strictTransportSecurity: deps.origin.startsWith('https:') ? 'max-age=31536000' : false,
      referrerPolicy: 'no-referrer',
      xFrameOptions: 'DENY',
      crossOriginResourcePolicy: 'same-origin',
    }),
  );
  app.use(async (c, next) => {
    await next();
    if (!c.res.headers.has('cache-control')) c.header('cache-control', 'no-store');
  });
  for (const route of ALL_ROUTES) {
    app.on(route.method.toUpperCase(), `${route.base}${honoPath(route.path)}`, (c) => serve(state, c, route));
  }
  const description = JSON.stringify(openApiDocument(ROUTES));
  app.get('/api/v1/openapi.json', (c) => {
    c.set('route', '/api/v1/openapi.json');
    take(state, c, 'anonymous', callerOf(undefined, c.get('address')));
    return c.body(description, 200, { 'content-type': 'application/json' });
  });
  addSystemRoutes(app, state);
  app.notFound((c) => answerProblem(deps, c, nothingThere(c)));
  app.onError((thrown, c) => answerProblem(deps, c, thrown));
  return app;
}

const honoPath = (path: string) => path.replaceAll(/\{(\w+)\}/g, ':$1').replaceAll(/\{(\w+)\+\}/g, ':$1{.+}');

async function serve(state: ApiState, c: Context<ApiEnv>, route: Route): Promise<Response> {
  const { deps } = state;
  const address = c.get('address');
  c.set('route', `${route.base}${route.path}`);
  take(state, c, 'network', callerOf(undefined, address));
  const header = c.req.header('authorization');
  const { method, url } = c.req;
  const headers = (name: string) => c.req.header(name);
  const cookies: string[] = [];
  const browser = browserCallOf({ origin: deps.origin, method, headers, address, cookies });
  const principal = await identify(deps, route, { header, address, browser });
  take(
    state,
    c,
    principal === undefined && route.rate !== 'sign-in' ? 'anonymous' : route.rate,
    callerOf(principal, address),
  );
  const params = c.req.param();
  for (const text of Object.values(params)) requireNoNul(text, 'path');
  const found = await admit(deps, route, principal, params);
  const bytes = route.takesFile ? Buffer.alloc(0) : await readBody(c.req.raw, route.bodyBytesMax);
  await requireApproval(deps, route, principal, { method, url, body: bytes, headers });
  const abort = new AbortController();
  const lastEventId = c.req.header('last-event-id');
  const call: Call = {
    deps,
    address,
    request: c.get('request'),
    browser,
    signal: AbortSignal.any([abort.signal, c.req.raw.signal, deps.closing]),
    ...(lastEventId === undefined ? {} : { lastEventId }),
    ...(route.takesFile ? { content: fileOf(c.req.raw, route.bodyBytesMax) } : {}),
  };
  const query = queryOf(c.req.url);
  const asked = { route, principal, key: c.req.header('idempotency-key'), path: c.req.path, body: bytes };
  const answer = await withIdempotency(deps, asked, () =>
    route.handle(call, found, {
      params,
      query,
      body: route.schemas.body === undefined ? undefined : parseBody(bytes, c.req.header('content-type') ?? null),
    }),
  );
  for (const cookie of cookies) c.header('set-cookie', cookie, { append: true });
  const isAllowed = () => stillAllowed({ deps, header, address, route, found });
  return respond(state, c, answer, { abort, call, caller: callerOf(principal, address), isAllowed });
}

/** A name twice is refused by whoever reads it: two readers could take different ones. */
function queryOf(url: string): { readonly [name: string]: string } {
  const query: { [name: string]: string } = {};
  for (const [name, value] of new URL(url).searchParams) {
    if (Object.hasOwn(query, name)) throw fault('request-invalid', 'query: a name is there twice');
    requireNoNul(value, 'query');
    query[name] = value;
  }
  return query;
}

async function stillAllowed(of: {
  readonly deps: ApiDeps;
  readonly header: string | undefined;
  readonly address: string;
  readonly route: Route;
  readonly found: Found;
}): Promise<boolean> {
  const { deps, route, found } = of;
  const { token } = found.principal ?? {};
  // By its number: the cookie holds something else by now.
  if (token?.source === 'session' && !(await isSessionOpen(deps, token.id))) return false;
  const principal = token?.source === 'session' ? found.principal : await principalOf(deps, of.header, of.address);
  const object = objectOf(route.access, found);
  if (principal === undefined || object === undefined || route.access.to === 'anybody') return false;
  return authorise(deps.db, principal, route.access.verb, object);
}

function respond(
  state: ApiState,
  c: Context<ApiEnv>,
  answer: Replayed,
  stream: {
    readonly abort: AbortController;
    readonly call: Call;
    readonly caller: string;
    readonly isAllowed: () => Promise<boolean>;
  },
): Response {
  if (answer.replayed === true) c.header('idempotency-replayed', 'true');
  switch (answer.kind) {
    case 'none':
      return c.body(null, 204);
    case 'redirect':
      return c.body(null, 302, { location: answer.to });
    case 'json':
      return c.body(JSON.stringify(answer.value), answer.status, {
        ...answer.headers,
        'content-type': 'application/json',
      });
    case 'bytes':
      c.set('isEmbeddable', answer.isEmbeddable === true);
      return c.body(byteStream(answer.bytes), 200, { ...answer.headers, 'content-type': answer.type });
    case 'events': {
      const { abort, call, caller, isAllowed } = stream;
      openStream(state, caller);
      const end = () => abort.abort();
      call.signal.addEventListener('abort', end, { once: true });
      const onEnd = () => closeStream(state, caller);
      const body = eventStream(answer.events, {
        abort,
        isAllowed,
        onEnd,
        request: call.request,
        ...(state.deps.beatMs === undefined ? {} : { beatMs: state.deps.beatMs }),
      });
      return c.body(body, 200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store, no-transform',
        'x-accel-buffering': 'no',
      });
    }
  }
}

function openStream({ streams, deps }: ApiState, caller: string): void {
  const own = streams.get(caller) ?? 0;
  const all = [...streams.values()].reduce((sum, count) => sum + count, 0);
  if (own >= STREAMS_OF_ONE_MAX || all >= STREAMS_MAX) throw fault('too-many-streams', `${own} streams are open`);
  streams.set(caller, own + 1);
  deps.metrics.streams.inc();
}

function closeStream({ streams, deps }: ApiState, caller: string): void {
  const left = (streams.get(caller) ?? 1) - 1;
  if (left === 0) streams.delete(caller);
  else streams.set(caller, left);
  deps.metrics.streams.dec();
}

function answerProblem(deps: ApiDeps, c: Context<ApiEnv>, thrown: unknown): Response {
  const problem = problemOf(thrown, c.get('request'));
  if (problem.status >= 500) {
    deps.log.error('A request failed', {
      request: problem.request,
      route: c.get('route'),
      code: problem.code,
      reason: reasonOf(thrown),
    });
  }
  // A browser need not show again what is over.
  if (problem.code === 'identity/session-ended') c.header('set-cookie', cookieText(SESSION_COOKIE, '', 0));
  if (problem.status === 401) c.header('www-authenticate', 'Bearer realm="sallyport"');
  if (problem.status === 429) {
    const waitMs = c.get('waitMs') ?? BLOCKED_SECONDS * 1000;
    c.header('retry-after', String(Math.max(1, Math.ceil(waitMs / 1000))));
  }
  if (problem.status === 405) c.header('allow', methodsAt(c.req.path).join(', '));
  // What of a body was not read ends with its connection.
  if (problem.status === 413 || problem.status === 408) c.header('connection', 'close');
  const isShaped = c.req.path.startsWith('/api/v3');
  const body = isShaped ? shapedProblem(problem) : problem;
  return c.body(JSON.stringify(body), problem.status as ContentfulStatusCode, {
    'content-type': isShaped ? 'application/json' : 'application/problem+json',
  });
}

const PATTERNS = ALL_ROUTES.map(({ method, base, path }) => ({
  method: method.toUpperCase(),
  pattern: new RegExp(`^${base}${path.replaceAll(/\{\w+\}/g, '[^/]+').replaceAll(/\{\w+\+\}/g, '.+')}$`),
}));

const methodsAt = (path: string) => [
  ...new Set(PATTERNS.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method)),
];

function nothingThere(c: Context<ApiEnv>) {
  return methodsAt(c.req.path).length > 0
    ? fault('method-not-allowed', `${c.req.method.slice(0, 20)} is not possible there`)
    : fault('not-found', 'there is nothing at this address');
}
