import { argumentOf, guardPaths } from './arguments.ts';
import { evaluate } from './operations.ts';
import type { Expr } from './ir.ts';
import { copyEnv, joinEnvs, type Machine } from './machine.ts';
import { addressOf, commonOf, isWayOut, relatedOf, slicedStart } from './refine-derived.ts';
import { assignSilently } from './places.ts';
import { cleanTaint, constantOf, deepTaints, mapTaints, type Origin, type Value } from './value.ts';

const EQUAL = new Set(['==', '===']);
const UNEQUAL = new Set(['!=', '!==', '<>']);

/** What is known more where a test held (or failed): the environment is changed accordingly. */
export function refine(machine: Machine, test: Expr, holds: boolean): void {
  if (machine.env === undefined) return;
  switch (test.kind) {
    case 'unary':
      if (test.operator === '!') refine(machine, test.operand, !holds);
      return;
    case 'name': {
      // `const isSafe = test(x); if (isSafe) …`.
      const definition = machine.definitions.get(test.slot);
      if (definition === undefined || definition.kind === 'name') return;
      // Taken out meanwhile: `safe = safe && test(x)` names itself.
      machine.definitions.set(test.slot, undefined);
      refine(machine, definition, holds);
      machine.definitions.set(test.slot, definition);
      return;
    }
    case 'await':
      refine(machine, test.operand, holds);
      return;
    case 'binary':
      refineBinary(machine, test, holds);
      return;
    case 'call':
      refineCall(machine, test, holds);
      return;
    case 'member':
      // `if not urlparse(target).netloc`: without a host, an address leads to the own site.
      if (!holds) cleanDerived(machine, test, ['redirect', 'url']);
      return;
    case 'index': {
      // `if allowed[name]`: one of those that the program knows.
      const isGo = machine.rules.language === 'go';
      if (isGo && holds && deepTaints(evaluate(machine, test.object)).length === 0)
        cleanPlace(machine, test.index, ['all']);
      return;
    }
    case 'assign':
      if (test.target.kind === 'variable') refine(machine, test.value, holds);
      return;
    case 'sequence':
      for (const item of test.items) refine(machine, item, holds);
      return;
    default:
      return;
  }
}

function refineBinary(machine: Machine, test: Extract<Expr, { kind: 'binary' }>, holds: boolean): void {
  const { operator, left, right } = test;
  if (operator === '&&' || operator === '||') {
    // Both hold where `&&` holds, both fail where `||` fails; else it is the one or the other.
    if ((operator === '&&') !== holds) {
      const before = copyEnv(machine.env);
      refine(machine, left, holds);
      const first = machine.env;
      machine.env = before;
      refine(machine, left, !holds);
      refine(machine, right, holds);
      machine.env = joinEnvs(first, machine.env);
      return;
    }
    refine(machine, left, holds);
    refine(machine, right, holds);
    return;
  }
  if (EQUAL.has(operator) || UNEQUAL.has(operator)) {
    refineEquality(machine, left, right, EQUAL.has(operator) === holds);
    return;
  }
  if (operator === 'in' || operator === 'not in') refineMembership(machine, left, right, (operator === 'in') === holds);
  else if (operator === '<' || operator === '>' || operator === '<=' || operator === '>=') return;
}

function refineEquality(machine: Machine, left: Expr, right: Expr, isEqual: boolean): void {
  // `typeof x === 'number'`.
  const typeofSide = left.kind === 'unary' && left.operator === 'typeof' ? left : undefined;
  if (typeofSide !== undefined) {
    const name = right.kind === 'literal' ? right.value : undefined;
    if (isEqual && (name === 'number' || name === 'boolean' || name === 'bigint'))
      cleanPlace(machine, typeofSide.operand, ['all']);
    else if (isEqual && name === 'string') cleanPlace(machine, typeofSide.operand, ['nosql']);
    return;
  }
  // `text.indexOf(x) !== -1`, `re.match(…) is not None`: the call decides.
  const against = right.kind === 'literal' ? right.value : right.kind === 'unary' ? -1 : undefined;
  if (left.kind === 'call' && (against === -1 || against === null || typeof against === 'boolean')) {
    refineCall(machine, left, against === true ? isEqual : !isEqual);
    return;
  }
  if (!isEqual) return;
  // The host of an address is compared with one that does not come out of the same address.
  for (const [side, other] of [
    [left, right],
    [right, left],
  ] as const) {
    if (addressOf(machine, side) !== undefined && addressOf(machine, other) === undefined)
      cleanDerived(machine, side, ['redirect', 'url']);
    for (const path of commonOf(machine, side)?.places ?? []) cleanPlace(machine, path, ['path']);
    const text = slicedStart(side, other);
    if (text !== undefined) cleanPlace(machine, text, ['path', 'url', 'redirect']);
  }
  const known = evaluate(machine, right);
  const other = evaluate(machine, left);
  // Equal to what nobody outside chose is as good as constant, unless that comes from outside as well.
  if (deepTaints(known).length === 0 && isComparable(known)) setPlace(machine, left, known);
  else if (deepTaints(other).length === 0 && isComparable(other)) setPlace(machine, right, other);
}

function isComparable(value: Value): boolean {
  return value.constant !== undefined && value.constant.value !== null;
}

function refineMembership(machine: Machine, left: Expr, right: Expr, isIn: boolean): void {
  const collection = evaluate(machine, right);
  const needle = evaluate(machine, left);
  if (isIn) {
    // One of a fixed set: constants, or a collection that nobody outside wrote. A text that holds it says less.
    if (deepTaints(collection).length === 0 && typeof collection.constant?.value !== 'string')
      cleanPlace(machine, left, ['all']);
    return;
  }
  // No `..` in it, no quote in it: clean of what needs them.
  const text = needle.constant?.value;
  if (typeof text !== 'string') return;
  const flaws = flawsWithout(text);
  if (flaws.length > 0) cleanPlace(machine, right, flaws);
  const inner = sliced(right);
  if (isQuote(text) && inner !== undefined) cleanPlace(machine, inner, [`inner${text}`]);
}

/** `text[1:-1]`, `text.slice(1, -1)`: what it is a piece of. */
function sliced(expr: Expr): Expr | undefined {
  if (expr.kind !== 'call' || expr.callee.kind !== 'member') return undefined;
  return /^(?:__getslice__|slice|substring)$/.test(expr.callee.property) ? expr.callee.object : undefined;
}

function isQuote(text: unknown): text is string {
  return text === "'" || text === '"';
}

/** What a text without this piece cannot do any more. */
export function flawsWithout(piece: string): readonly string[] {
  if (piece === '..' || piece === '../' || piece === '/') return ['path'];
  if (piece === "'") return ['sql', 'xpath'];
  if (piece === '\n' || piece === '\r' || piece === '\r\n') return ['header', 'log'];
  if (piece === '<') return ['html'];
  return [];
}

function refineCall(machine: Machine, call: Extract<Expr, { kind: 'call' }>, holds: boolean): void {
  const paths = guardPaths(machine, call);
  if (holds) refineQuotes(machine, call);
  else if (
    call.callee.kind === 'member' &&
    /^starts_?with$/i.test(call.callee.property) &&
    isWayOut(argumentOf(call, 0))
  )
    cleanDerived(machine, call.callee.object, ['path']);
  for (const guard of machine.rules.guards.findAny(paths)) {
    if ((guard.fails === true) === holds) continue;
    const place =
      guard.arg === 'receiver'
        ? call.callee.kind === 'member'
          ? call.callee.object
          : undefined
        : (argumentOf(call, guard.arg) ?? call.args[guard.arg]?.value);
    if (place === undefined) continue;
    if (guard.constant === true) {
      const other =
        guard.arg === 'receiver' ? argumentOf(call, 0) : call.callee.kind === 'member' ? call.callee.object : undefined;
      if (other === undefined || isChosenOutside(machine, other, place)) continue;
    }
    cleanPlace(machine, place, guard.flaws);
  }
}

/** Whether what is compared with may come from whoever sent the other: what a caller hands in as another argument does not. */
function isChosenOutside(machine: Machine, other: Expr, place: Expr): boolean {
  const inner = innermost(place);
  const own = inner === undefined ? [] : deepTaints(evaluate(machine, inner));
  return deepTaints(evaluate(machine, other)).some(
    ({ origin }) =>
      origin.kind === 'source' ||
      own.some((one) => one.origin.kind === origin.kind && originKey(one.origin) === originKey(origin)),
  );
}

function originKey(origin: Origin): string {
  if (origin.kind === 'source') return '';
  return `${origin.kind === 'param' ? `${origin.function}:${origin.index}` : origin.call}.${origin.path.join('.')}`;
}

/** A text that begins and ends with a quote and has none within is a literal, whatever else stands in it. */
function refineQuotes(machine: Machine, { callee, args }: Extract<Expr, { kind: 'call' }>): void {
  const text = args[0]?.value.kind === 'literal' ? args[0].value.value : undefined;
  if (callee.kind !== 'member' || !isQuote(text)) return;
  if (/^starts_?with$/i.test(callee.property)) cleanPlace(machine, callee.object, [`open${text}`]);
  if (/^ends_?with$/i.test(callee.property)) cleanPlace(machine, callee.object, [`close${text}`]);
}

/** What is found of a host, or of a path within a folder, is known of the whole address or path. */
function cleanDerived(machine: Machine, place: Expr, flaws: readonly string[]): void {
  for (const derived of [addressOf(machine, place), relatedOf(machine, place)]) {
    const own = derived?.flaws.filter((flaw) => flaws.includes('all') || flaws.includes(flaw)) ?? [];
    if (own.length > 0) for (const whole of derived?.places ?? []) cleanPlace(machine, whole, own);
  }
}

function cleanPlace(machine: Machine, place: Expr, flaws: readonly string[]): void {
  cleanDerived(machine, place, flaws);
  const inner = innermost(place);
  if (inner === undefined) return;
  const value = evaluate(machine, inner);
  if (deepTaints(value).length === 0) return;
  assignSilently(
    machine,
    inner,
    mapTaints(value, (taint) => (flaws.includes('all') ? undefined : cleanTaint(taint, flaws))),
  );
}

/** `str(x).lower()` in a test is about `x`. */
function innermost(place: Expr): Expr | undefined {
  if (place.kind === 'name' || place.kind === 'member' || place.kind === 'index') return place;
  if (place.kind === 'await' || place.kind === 'cast') return innermost(place.operand);
  // `(path + sep).startsWith(root)`.
  if (place.kind === 'binary' && place.operator === '+' && place.right.kind !== 'literal') return innermost(place.left);
  if (place.kind === 'assign' && place.target.kind === 'variable') return place.target.name;
  if (place.kind !== 'call') return undefined;
  const [first] = place.args;
  if (place.callee.kind === 'name' && first !== undefined) return innermost(first.value);
  if (place.callee.kind !== 'member') return undefined;
  // What an object holds is not the object; a path in its plain form is.
  const { property, object } = place.callee;
  if (/^get(?!Canonical|Absolute)[A-Z]|^(?:key|value|name)$/.test(property)) return undefined;
  if (property === 'matcher' && first !== undefined) return innermost(first.value);
  return place.args.length === 0 ? innermost(object) : undefined;
}

function setPlace(machine: Machine, place: Expr, value: Value): void {
  const inner = place.kind === 'name' || place.kind === 'member' ? place : undefined;
  if (inner === undefined) {
    if (place.kind === 'call' || place.kind === 'index') cleanPlace(machine, place, ['all']);
    return;
  }
  const constant = value.constant?.value;
  if (constant === undefined) return;
  cleanDerived(machine, place, ['all']);
  assignSilently(machine, inner, constantOf(constant));
}
