import type { Confidence, Match } from '../finding/index.ts';
import { type CallValues, meetsAll, selectArguments } from './arguments.ts';
import type { CompiledSink } from './compile.ts';
import { entryOf } from './entries.ts';
import { fixAtSource, fixFor } from './fix.ts';
import type { CallExpr, Expr, Span } from './ir.ts';
import { type Machine, placeOf, readSlot, scopeName, type SinkTarget, type Target, textAt } from './machine.ts';
import { joinPath } from './pattern.ts';
import { decidingSetting, SETTING_USES_MAX } from './settings.ts';
import { sinkMatch } from './sink-match.ts';
import { deepTaints, isCleaned, readPath, stepsOf, type Taint, taintKey, UNKNOWN, type Value } from './value.ts';

/** The most flows of one file that wait for the other files. */
export const FLOWS_MAX = 20_000;

/** Looks at a call with the rules whose sinks it is. */
export function reportCall(machine: Machine, paths: readonly string[], values: CallValues): void {
  for (const compiled of machine.rules.calls.findAny(paths)) {
    const { sink, rule } = compiled;
    if (!meetsAll(values, sink.when, machine.file.text)) {
      noteSetting(machine, compiled, values);
      continue;
    }
    const span = callSpan(machine, values.call);
    if (rule.match.sources === undefined) {
      if (sink.arg === undefined || selectArguments(values, sink.arg).length > 0)
        reportPlain(machine, compiled, span, { call: values.call });
      continue;
    }
    for (const { value, expr } of selectArguments(values, sink.arg)) {
      const fields = sink.field?.split('.') ?? [];
      if (fields.length > 0 && value.fields?.has(fields[0] ?? '') !== true) continue;
      const held = sink.answer === true ? answerOf(value) : readPath(value, fields);
      reachAll(machine, compiled, held, { span, what: calleeText(machine, values.call), call: values.call, expr });
    }
  }
}

/** A call of something whose name is put together of pieces. */
export function reportHidden(machine: Machine, paths: readonly string[], call: CallExpr): void {
  for (const compiled of machine.rules.hidden.findAny(paths)) reportPlain(machine, compiled, call, { call });
}

/** `a.b(…)` over several lines is shown from the line of the called name. */
function callSpan(machine: Machine, call: CallExpr): Span {
  const { callee } = call;
  if (callee.kind !== 'member') return call;
  return machine.file.text.slice(callee.object.end, callee.nameStart).includes('\n')
    ? { start: callee.nameStart, end: call.end }
    : call;
}

function calleeText(machine: Machine, call: CallExpr): string {
  const { callee } = call;
  const text = machine.file.text.slice(callee.start, callee.end);
  if (text === '') return 'an element';
  if (!text.includes('\n') && text.length <= 60) return text;
  return callee.kind === 'member' ? callee.property : textAt(machine, callee, 60);
}

export function reportAssign(
  machine: Machine,
  place: Extract<Expr, { kind: 'member' | 'index' }>,
  object: Value,
  value: Value,
  span: Span,
  key?: Value,
): void {
  const known = place.kind === 'member' ? place.property : key?.constant?.value;
  const name = known === undefined || known === null ? '[]' : String(known);
  const textual =
    place.object.kind === 'name'
      ? [`~${place.object.name}`]
      : place.object.kind === 'member'
        ? [`~${place.object.property}`]
        : [];
  const paths = [...new Set([...object.paths, ...textual])].map((path) => joinPath(path, name));
  if (paths.length === 0) paths.push(`~value.${name}`);
  for (const compiled of machine.rules.assigns.findAny(paths)) {
    const arg = { value: { kind: 'unknown' as const, parts: [], start: span.start, end: span.end } };
    const call: CallExpr = { kind: 'call', callee: place, args: [arg], isNew: false, start: span.start, end: span.end };
    const values: CallValues = {
      call,
      receiver: object,
      args: [{ arg, value }, ...(key === undefined ? [] : [{ arg: { ...arg, name: 'key' }, value: key }])],
    };
    if (!meetsAll(values, compiled.sink.when, machine.file.text)) continue;
    if (compiled.rule.match.sources === undefined) reportPlain(machine, compiled, span, {});
    else {
      for (const one of compiled.sink.arg === undefined ? [{ value }] : selectArguments(values, compiled.sink.arg)) {
        reachAll(machine, compiled, one.value, { span, what: textAt(machine, place, 60), expr: undefined, place });
      }
    }
  }
}

/** A value that is given a name that says what it is for: a variable, a property, a key, a keyword. */
export function reportNamed(machine: Machine, name: string, value: Value, span: Span): void {
  const { named } = machine.rules;
  if (named.length === 0) return;
  const isPlain = value.taints.length === 0 && value.constant === undefined;
  if (isPlain) return;
  const plain = name.replaceAll(/[^A-Za-z0-9]/g, '').toLowerCase();
  for (const { words, sink } of named) {
    if (!words.some((word) => plain.includes(word))) continue;
    if (sink.rule.match.sources !== undefined) reachAll(machine, sink, value, { span, what: name, expr: undefined });
    else {
      const arg = { value: { kind: 'unknown' as const, parts: [], start: span.start, end: span.end } };
      const call: CallExpr = {
        kind: 'call',
        callee: arg.value,
        args: [arg],
        isNew: false,
        start: span.start,
        end: span.end,
      };
      if (meetsAll({ call, receiver: value, args: [{ arg, value }] }, sink.sink.when, machine.file.text))
        reportPlain(machine, sink, span, {});
    }
  }
}

/** What a handler of requests answers with. */
export function reportReturn(machine: Machine, value: Value, expr: Expr): void {
  if (machine.frame.entry?.returns !== 'html' || isOtherHandler(machine, expr)) return;
  for (const compiled of machine.rules.returned) {
    // What makes an answer has been looked at where it was made.
    if (
      value.paths.some((path) =>
        /(?:[Rr]esponse|jsonify|redirect|render_template|send_file|send_from_directory|abort|json)\(\)$/.test(path),
      )
    )
      continue;
    reachAll(machine, compiled, answerOf(value), { span: expr, what: 'the answer', expr });
  }
}

/** `return other_view()`: what that answers is looked at there. */
function isOtherHandler(machine: Machine, expr: Expr): boolean {
  if (expr.kind !== 'call' || expr.callee.kind !== 'name') return false;
  const { functions } = readSlot(machine, expr.callee.slot);
  return functions?.some((one) => entryOf(machine, one.function)?.returns === 'html') === true;
}

/** What a browser may take for a page: of a tuple the first item (status and headers follow it); an object becomes JSON. */
function answerOf(value: Value): Value {
  const body = value.isList === true ? (value.fields?.get('0') ?? value) : value;
  return body.fields === undefined ? body : UNKNOWN;
}

export type Arrival = {
  readonly span: Span;
  readonly what: string;
  readonly call?: CallExpr;
  readonly expr: Expr | undefined;
  readonly place?: Expr;
};

export function reachAll(machine: Machine, compiled: CompiledSink, value: Value, arrival: Arrival): void {
  const held = compiled.sink.whole === true ? value.taints : deepTaints(value);
  if (compiled.flaw === 'html' && isWholeRequest(value)) return;
  const taints = held.filter((taint) => mayReach(taint, compiled));
  if (taints.length === 0 || isExcepted(machine, compiled)) return;
  const target = sinkTarget(machine, compiled, arrival);
  for (const taint of taints) reach(machine, taint, target);
}

function mayReach(taint: Taint, { groups, flaw }: CompiledSink): boolean {
  const { origin } = taint;
  if (isCleaned(taint.cleaned, flaw)) return false;
  return origin.kind !== 'source' || origin.groups.some((group) => groups.includes(group));
}

/** All fields together are an object, which is answered as JSON. */
function isWholeRequest({ paths, isText }: Value): boolean {
  return isText !== true && paths.some((path) => /\(\)\.(?:body|query|params|headers|cookies)$/.test(path));
}

function sinkTarget(machine: Machine, { rule, sink, groups, flaw }: CompiledSink, arrival: Arrival): SinkTarget {
  return {
    kind: 'sink',
    rule: rule.id,
    groups,
    flaw,
    place: placeOf(machine, arrival.span),
    evidence: textAt(machine, arrival.span, 200),
    scope: scopeName(machine),
    what: arrival.what,
    becomes: sink.becomes ?? rule.match.message,
    confidence: isTestFile(machine.file.path) ? 'low' : (sink.confidence ?? rule.confidence),
    fix: fixFor(machine, rule, arrival),
  };
}

/** A tainted value arrives: a finding when it comes from a source, else it is remembered for whoever knows more. */
export function reach(machine: Machine, taint: Taint, target: Target): void {
  if (taint.origin.kind === 'source' && target.kind === 'sink') {
    if (isCleaned(taint.cleaned, target.flaw) || !taint.origin.groups.some((group) => target.groups.includes(group)))
      return;
    const { origin, steps, doubts } = taint;
    const atSource = fixAtSource(machine, machine.rules.byId.get(target.rule), origin.at);
    addMatch(
      machine,
      sinkMatch(
        { origin, steps: stepsOf(steps), doubts },
        atSource === undefined ? target : { ...target, fix: atSource },
      ),
      doubts * 100 + (steps?.length ?? 0),
    );
    return;
  }
  const key = `${taintKey(taint)}|${target.kind === 'sink' ? `${target.rule}:${target.place.line}:${target.place.column}:${target.what}` : `${target.call}:${target.index}:${target.path.join('.')}`}`;
  if (machine.flowKeys.has(key) || machine.flows.length >= FLOWS_MAX) return;
  machine.flowKeys.add(key);
  machine.flows.push({ taint, target });
  if (taint.origin.kind !== 'param') return;
  machine.summaryOfId.get(taint.origin.function)?.flows.push({ taint, target });
}

export function reportPlain(
  machine: Machine,
  compiled: CompiledSink,
  span: Span,
  options: { readonly call?: CallExpr },
): void {
  if (!isExcepted(machine, compiled)) addMatch(machine, plainMatch(machine, compiled, span, options), 0);
}

function plainMatch(
  machine: Machine,
  { rule, sink }: CompiledSink,
  span: Span,
  options: { readonly call?: CallExpr },
): Match {
  const scope = scopeName(machine);
  // Tests use fixed keys and open doors on purpose.
  const confidence: Confidence = isTestFile(machine.file.path) ? 'low' : (sink.confidence ?? rule.confidence);
  const what = options.call === undefined ? textAt(machine, span, 60) : calleeText(machine, options.call);
  return {
    rule: rule.id,
    place: placeOf(machine, span),
    message: (sink.becomes ?? rule.match.message).replaceAll('{what}', what),
    evidence: textAt(machine, span, 200),
    ...(scope === '' ? {} : { scope }),
    confidence,
    fix: fixFor(machine, rule, { span, what, expr: undefined, ...options }),
  };
}

/** A call of which a setting in another file decides whether it is a flaw. */
function noteSetting(machine: Machine, compiled: CompiledSink, values: CallValues): void {
  const { rule, sink } = compiled;
  if (rule.match.sources !== undefined || machine.settings.size >= SETTING_USES_MAX) return;
  const deciding = decidingSetting(values, sink.when, machine.file.text);
  if (deciding === undefined || isExcepted(machine, compiled)) return;
  const { call } = values;
  const match = plainMatch(machine, compiled, callSpan(machine, call), { call });
  machine.settings.set(`${rule.id}:${match.place.line}:${match.place.column}`, { ...deciding, match });
}

function isTestFile(path: string): boolean {
  return /(?:^|\/)(?:tests?|__tests__|spec|fixtures?|testdata|testing)\/|(?:^|\/)(?:test_|conftest)[^/]*\.py$|\.(?:test|spec)\.[cm]?[jt]sx?$/.test(
    path,
  );
}

function isExcepted(machine: Machine, { rule }: CompiledSink): boolean {
  return (rule.match.except ?? []).some((part) => machine.file.path.includes(part));
}

/** One finding for each rule and place: the one with the surest and shortest way. */
function addMatch(machine: Machine, match: Match, weight: number): void {
  const key = `${match.rule}:${match.place.line}:${match.place.column}`;
  const known = machine.matches.get(key);
  if (known === undefined || weight < known.weight) machine.matches.set(key, { match, weight });
}
