import { listOf, testPattern } from './compile.ts';
import type { Argument, CallExpr, Constant, Expr } from './ir.ts';
import type { Machine } from './machine.ts';
import { readSlot } from './machine.ts';
import { joinPath } from './pattern.ts';
import type { ArgumentSpec, Condition } from './rule-schema.ts';
import { constantsOf, deepTaints, isFixed, readField, readPath, startOf, type Value } from './value.ts';

/** The arguments of a call with what is known of each. */
export type CallValues = {
  readonly call: CallExpr;
  readonly receiver: Value;
  readonly args: readonly { readonly arg: Argument; readonly value: Value }[];
};

/** The expression at a position, keywords not counted. */
export function argumentOf(call: CallExpr, position: number): Expr | undefined {
  return call.args.filter(({ name }) => name === undefined)[position]?.value;
}

/** The arguments that a specification means: by position, by keyword, or spread over them. */
export function selectArguments(
  values: CallValues,
  spec: ArgumentSpec | undefined,
): readonly { readonly value: Value; readonly expr: Expr }[] {
  const found: { value: Value; expr: Expr }[] = [];
  const positional = values.args.filter(({ arg }) => arg.name === undefined);
  if (spec === undefined) return values.args.map(({ arg, value }) => ({ value, expr: arg.value }));
  for (const one of Array.isArray(spec) ? spec : [spec]) {
    if (one === 'receiver') found.push({ value: values.receiver, expr: receiverOf(values.call) });
    else if (one === 'any') found.push(...values.args.map(({ arg, value }) => ({ value, expr: arg.value })));
    else if (typeof one === 'number') {
      const spread = positional.findIndex(({ arg }) => arg.isSpread === true);
      const at = spread !== -1 && spread <= one ? positional[spread] : positional[one];
      if (at === undefined) continue;
      const value =
        at.arg.isSpread === true
          ? (at.value.fields?.get(String(one - spread)) ?? readPath(at.value, ['[]']))
          : at.value;
      found.push({ value, expr: at.arg.value });
    } else {
      for (const { arg, value } of values.args) {
        if (arg.name === one) found.push({ value, expr: arg.value });
        else if (arg.name === '**') found.push({ value: readField(value, one), expr: arg.value });
      }
    }
  }
  return found;
}

function receiverOf({ callee }: CallExpr): Expr {
  return callee.kind === 'member' ? callee.object : callee;
}

/** Whether the arguments are as all conditions say; `text` is that of the file. */
export function meetsAll(values: CallValues, conditions: readonly Condition[] | undefined, text: string): boolean {
  return conditions === undefined || conditions.every((condition) => meets(values, condition, text));
}

function meets(values: CallValues, condition: Condition, text: string): boolean {
  const selected = selectArguments(values, condition.arg)[0];
  if (condition.written !== undefined) {
    const { start, end } = selected?.expr ?? { start: 0, end: 0 };
    if (!testPattern(condition.written, text.slice(start, end))) return false;
  }
  const object = selected?.value;
  const path = condition.field?.split('.') ?? [];
  const value = object === undefined ? undefined : path.reduce((at, key) => readField(at, key), object);
  const isGiven =
    condition.field === undefined ? value !== undefined : object !== undefined && isFieldGiven(object, path);
  if (condition.absent === true) {
    // An object that is not known may have the field; so may one that something unknown was spread into.
    if (condition.field === undefined) return !isGiven && !values.args.some(({ arg }) => arg.isSpread === true);
    return object === undefined
      ? !values.args.some(({ arg }) => arg.isSpread === true)
      : object.fields !== undefined && object.others === undefined && !isGiven;
  }
  if (condition.present === true && !isGiven) return false;
  if (condition.not !== undefined) {
    if (!isGiven) return object === undefined || (object.fields !== undefined && object.others === undefined);
    const known = value === undefined ? undefined : constantsOf(value);
    const allowed = listOfConstants(condition.not);
    return known?.some((one) => !allowed.includes(one)) === true;
  }
  if (value === undefined) return false;
  return meetsValue(value, condition);
}

function isFieldGiven(object: Value, path: readonly string[]): boolean {
  let at: Value | undefined = object;
  for (const key of path) {
    at = at?.fields?.get(key);
    if (at === undefined) return false;
  }
  return true;
}

/** Of a value that is one of several constants, one that meets what is looked for is enough. */
export function meetsValue(value: Value, condition: Condition): boolean {
  const known = constantsOf(value);
  const texts = known?.filter((one) => typeof one === 'string' || typeof one === 'number').map(String) ?? [];
  const { is, matches, differs, starts, below } = condition;
  if (is !== undefined && known?.some((one) => listOfConstants(is).includes(one)) !== true) return false;
  if (matches !== undefined && !texts.some((text) => testPattern(matches, text))) return false;
  if (differs !== undefined && !texts.some((text) => !testPattern(differs, text))) return false;
  if (starts !== undefined && !testPattern(starts, startOf(value) ?? '')) return false;
  if (below !== undefined && known?.some((one) => typeof one === 'number' && one < below) !== true) return false;
  if (condition.dynamic === true && value.isText !== true && deepTaints(value).length === 0) return false;
  if (condition.outside === true && isFixed(value)) return false;
  if (condition.path !== undefined && !pathsMeet(value.paths, listOf(condition.path))) return false;
  if (condition.otherThan !== undefined && pathsMeet(value.paths, listOf(condition.otherThan))) return false;
  return true;
}

/** Conditions name paths plainly: without stars but for a leading `**.`. */
function pathsMeet(paths: readonly string[], patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    const tail = pattern.startsWith('**.') ? pattern.slice(3) : undefined;
    return paths.some(
      (path) => path === pattern || (tail !== undefined && (path === tail || path.endsWith(`.${tail}`))),
    );
  });
}

function listOfConstants(value: Constant | readonly Constant[]): readonly Constant[] {
  return typeof value === 'object' && value !== null ? value : [value];
}

/** Names of what a call calls, for tests: no effects, no reports. */
export function guardPaths(machine: Machine, call: CallExpr): readonly string[] {
  return plainPaths(machine, call.callee);
}

/** The paths of an expression without evaluating it: names, properties, results. */
export function plainPaths(machine: Machine, expr: Expr): readonly string[] {
  switch (expr.kind) {
    case 'name': {
      const known =
        expr.slot >= 0 ? readSlot(machine, expr.slot).paths : (machine.names.get(expr.name)?.paths ?? [expr.name]);
      return expr.slot >= 0 ? [...known, `~${expr.name}`] : known;
    }
    case 'member':
      return plainPaths(machine, expr.object).map((path) => joinPath(path, expr.property));
    case 'call':
      return plainPaths(machine, expr.callee).map((path) => `${path}()`);
    case 'await':
      return plainPaths(machine, expr.operand);
    case 'literal':
      return typeof expr.value === 'string' ? ['~text'] : ['~value'];
    case 'regex':
      return ['RegExp()'];
    default:
      return ['~value'];
  }
}
