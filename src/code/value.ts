import type { Confidence, TraceStep } from '../finding/index.ts';
import type { ClassIr, Constant, FunctionIr } from './ir.ts';
import type { Setting } from './settings.ts';

/** The most origins that one value carries; further ones say nothing new to a reader. */
export const TAINTS_MAX = 12;
/** The most fields of an object that are known one by one. */
export const FIELDS_MAX = 64;
/** The longest text that is computed, in UTF-16 code units. */
export const TEXT_MAX = 4096;
/** The most steps of a way that are kept. */
export const STEPS_MAX = 24;
/** The most constants of which a value may be one. */
export const CHOICES_MAX = 8;
/** How many fields deep a parameter is told apart. */
export const FIELD_DEPTH_MAX = 4;
const PATHS_MAX = 4;

/** Where a tainted value came in. */
export type Origin =
  | {
      readonly kind: 'source';
      readonly groups: readonly string[];
      readonly label: string;
      readonly at: TraceStep['place'];
    }
  /** The parameter of the function that is looked at; -1 is the receiver. What it holds is for the callers to say. */
  | { readonly kind: 'param'; readonly function: number; readonly index: number; readonly path: readonly string[] }
  /** The result of a call into another file: known when all files are. */
  | { readonly kind: 'result'; readonly call: number; readonly path: readonly string[] };

/** A linked list, the last step first: ways share their beginnings. */
export type Steps = { readonly step: TraceStep; readonly before: Steps | undefined; readonly length: number };

export type Taint = {
  readonly origin: Origin;
  /** Kinds of flaws that it was cleaned of: sorted, joined by a blank. */
  readonly cleaned: string;
  readonly steps: Steps | undefined;
  /** Calls on the way of which is not known whether they hand on what they are given. */
  readonly doubts: number;
};

/** A function or class of another file of the tree: the module as it is written, and the way in it. */
export type External = { readonly module: string; readonly path: readonly string[] };

/** A function with the receiver that it is bound to. */
export type FunctionValue = { readonly function: FunctionIr; readonly receiver?: Value | undefined };

/** What is known of a value at one point of the program. */
export type Value = {
  readonly taints: readonly Taint[];
  /** Wrapped, since a known `null` is not the same as nothing known. */
  readonly constant?: { readonly value: Constant } | undefined;
  /** It is one of these: what two ways through the program gave. Only without `constant`. */
  readonly choices?: readonly Constant[] | undefined;
  readonly paths: readonly string[];
  readonly external?: External | undefined;
  /** Known entries: fields of an object or a map by key, items of a list by position. */
  readonly fields?: ReadonlyMap<string, Value> | undefined;
  /** Of the entries that `fields` does not name. Without it there are none, if `fields` is there. */
  readonly others?: Value | undefined;
  readonly isList?: boolean | undefined;
  readonly functions?: readonly FunctionValue[] | undefined;
  readonly classes?: readonly ClassIr[] | undefined;
  /** An instance of a class of this file. */
  readonly instanceOf?: ClassIr | undefined;
  /** Text that has a part which is not constant. */
  readonly isText?: boolean | undefined;
  /** Made of constants of the program alone, in a way that was not computed. */
  readonly isFixed?: boolean | undefined;
  /** How the text begins, where that is known: `SELECT `. */
  readonly start?: string | undefined;
  /** Text with a beginning that says which host or path an address is of, whatever comes behind. */
  readonly isRooted?: boolean | undefined;
  /** A field of which only the type is known: nothing was written to it. */
  readonly isDeclared?: boolean | undefined;
  /** The file of settings that it was opened or loaded from. */
  readonly resource?: string | undefined;
  /** What it was looked up as in such a file. */
  readonly setting?: Setting | undefined;
};

export const UNKNOWN: Value = { taints: [], paths: [] };

export function constantOf(value: Constant): Value {
  return typeof value === 'string' && value.length > TEXT_MAX
    ? { taints: [], paths: [], isText: true }
    : { taints: [], paths: [], constant: { value } };
}

export function taintKey(taint: Taint): string {
  const { origin } = taint;
  const from =
    origin.kind === 'source'
      ? `s${origin.at.line}:${origin.at.column}:${origin.label}`
      : origin.kind === 'param'
        ? `p${origin.function}:${origin.index}.${origin.path.join('.')}`
        : `r${origin.call}.${origin.path.join('.')}`;
  return `${from}|${taint.cleaned}`;
}

export function joinTaints(a: readonly Taint[], b: readonly Taint[]): readonly Taint[] {
  if (a.length === 0 || a === b) return b;
  if (b.length === 0) return a;
  let joined: Taint[] | undefined;
  for (const taint of b) {
    const all = joined ?? a;
    const at = all.findIndex((one) => isSameTaint(one, taint));
    const same = all[at];
    if (same === undefined) {
      joined ??= [...a];
      joined.push(taint);
    } else if (taint.doubts < same.doubts) {
      joined ??= [...a];
      joined[at] = taint;
    }
  }
  if (joined === undefined) return a;
  return joined.length > TAINTS_MAX ? joined.slice(0, TAINTS_MAX) : joined;
}

/** What `taintKey` tells apart, without making a text of it. */
function isSameTaint(a: Taint, b: Taint): boolean {
  if (a === b) return true;
  if (a.cleaned !== b.cleaned) return false;
  const [one, other] = [a.origin, b.origin];
  if (one === other) return true;
  if (one.kind === 'source')
    return (
      other.kind === 'source' &&
      one.at.line === other.at.line &&
      one.at.column === other.at.column &&
      one.label === other.label
    );
  if (one.kind === 'param')
    return (
      other.kind === 'param' &&
      one.function === other.function &&
      one.index === other.index &&
      isSamePath(one.path, other.path)
    );
  return other.kind === 'result' && one.call === other.call && isSamePath(one.path, other.path);
}

function isSamePath(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((part, at) => part === b[at]));
}

/** What a value may be that is one of two. */
export function joinValues(a: Value, b: Value, depth = 0): Value {
  if (a === b) return a;
  if (a === UNKNOWN && isLoose(b)) return b;
  if (b === UNKNOWN && isLoose(a)) return a;
  const fields = depth > FIELD_DEPTH_MAX ? undefined : joinFields(a, b, depth);
  const isSame = a.constant !== undefined && b.constant !== undefined && a.constant.value === b.constant.value;
  const others =
    a.others === undefined ? b.others : b.others === undefined ? a.others : joinValues(a.others, b.others, depth + 1);
  return {
    taints: joinTaints(a.taints, b.taints),
    paths: joinLists(a.paths, b.paths),
    ...(isSame ? { constant: a.constant } : joinTexts(a, b)),
    ...(a.external === undefined && b.external === undefined ? {} : { external: a.external ?? b.external }),
    ...(fields === undefined ? {} : { fields }),
    ...(others === undefined ? {} : { others }),
    ...(a.isList === true || b.isList === true ? { isList: true } : {}),
    ...(a.functions === undefined && b.functions === undefined
      ? {}
      : { functions: joinFunctions(a.functions ?? [], b.functions ?? []) }),
    ...(a.classes === undefined && b.classes === undefined
      ? {}
      : { classes: joinLists(a.classes ?? [], b.classes ?? []) }),
    ...(a.instanceOf === undefined && b.instanceOf === undefined ? {} : { instanceOf: a.instanceOf ?? b.instanceOf }),
    ...(a.isText === true || b.isText === true ? { isText: true } : {}),
    ...(a.isRooted === true && b.isRooted === true ? { isRooted: true } : {}),
    ...(a.resource === undefined && b.resource === undefined ? {} : { resource: a.resource ?? b.resource }),
    ...(a.setting === undefined && b.setting === undefined ? {} : { setting: a.setting ?? b.setting }),
  };
}

/** Nothing that a join with something unknown takes away. */
function isLoose({ constant, choices, fields, isText, isFixed }: Value): boolean {
  return (
    constant === undefined &&
    choices === undefined &&
    fields === undefined &&
    isText === undefined &&
    isFixed === undefined
  );
}

/** What is known of the text of a value that is one of two. */
function joinTexts(a: Value, b: Value): Pick<Value, 'choices' | 'isFixed' | 'start'> {
  const [some, more] = [constantsOf(a), constantsOf(b)];
  const choices = some === undefined || more === undefined ? undefined : [...new Set([...some, ...more])];
  const [one, other] = [startOf(a), startOf(b)];
  let same = 0;
  while (one !== undefined && other !== undefined && same < one.length && one[same] === other[same]) same += 1;
  return {
    ...(choices === undefined || choices.length > CHOICES_MAX ? {} : { choices }),
    ...(isFixed(a) && isFixed(b) ? { isFixed: true } : {}),
    ...(one === undefined || same === 0 ? {} : { start: one.slice(0, same) }),
  };
}

/** The constants that a value may be, where it is one of them for sure. */
export function constantsOf({ constant, choices }: Value): readonly Constant[] | undefined {
  return constant === undefined ? choices : [constant.value];
}

/** How its text begins, as far as that is known. */
export function startOf({ constant, start }: Value): string | undefined {
  return typeof constant?.value === 'string' ? constant.value : start;
}

/** Whether a value is made of constants of the program alone. */
export function isFixed(value: Value, depth = 0): boolean {
  if (value.taints.length > 0 || depth > FIELD_DEPTH_MAX) return false;
  if (value.isFixed === true || constantsOf(value) !== undefined) return true;
  if (value.fields === undefined || value.instanceOf !== undefined || value.paths.length > 0) return false;
  if (value.others !== undefined && !isFixed(value.others, depth + 1)) return false;
  return (
    (value.fields.size > 0 || value.others !== undefined) &&
    [...value.fields.values()].every((field) => isFixed(field, depth + 1))
  );
}

function joinFunctions(a: readonly FunctionValue[], b: readonly FunctionValue[]): readonly FunctionValue[] {
  const more = b.filter((one) => !a.some((other) => other.function === one.function));
  return more.length === 0 ? a : [...a, ...more].slice(0, PATHS_MAX);
}

function joinFields(a: Value, b: Value, depth: number): ReadonlyMap<string, Value> | undefined {
  if (a.fields === undefined || b.fields === undefined) {
    // One of the two is not an object that is known: what is known of the other still is what it may hold.
    return a.fields ?? b.fields;
  }
  if (a.fields === b.fields) return a.fields;
  const joined = new Map(a.fields);
  for (const [key, value] of b.fields) {
    const same = joined.get(key);
    joined.set(key, same === undefined ? value : joinValues(same, value, depth + 1));
  }
  return joined;
}

function joinLists<T>(a: readonly T[], b: readonly T[]): readonly T[] {
  if (a.length === 0 || a === b) return b;
  if (b.length === 0) return a;
  return [...new Set([...a, ...b])].slice(0, PATHS_MAX);
}

export function joinAll(values: readonly Value[]): Value {
  return values.reduce((a, b) => joinValues(a, b), values[0] ?? UNKNOWN);
}

/** All taints of a value and of what it holds. */
export function deepTaints(value: Value, depth = 0): readonly Taint[] {
  let taints = value.taints;
  if (depth > FIELD_DEPTH_MAX) return taints;
  for (const field of value.fields?.values() ?? []) taints = joinTaints(taints, deepTaints(field, depth + 1));
  if (value.others !== undefined) taints = joinTaints(taints, deepTaints(value.others, depth + 1));
  return taints;
}

/** A value of which only the taints are known. */
export function tainted(taints: readonly Taint[]): Value {
  return taints.length === 0 ? UNKNOWN : { taints, paths: [] };
}

export function textWith(taints: readonly Taint[]): Value {
  return { taints, paths: [], isText: true };
}

/** What an entry holds of which the key is known. */
export function readField(value: Value, key: string): Value {
  const known = value.fields?.get(key);
  if (known !== undefined && (known.isDeclared !== true || value.taints.length === 0)) return known;
  const inherited = value.taints.length === 0 ? [] : value.taints.map((taint) => extendOrigin(taint, key));
  const others = known ?? value.others;
  if (others === undefined) return tainted(inherited);
  return inherited.length === 0 ? others : joinValues(others, tainted(inherited));
}

/** What an entry holds of which the key is not known: any of them. */
export function readAnyField(value: Value): Value {
  const held = [...(value.fields?.values() ?? []), ...(value.others === undefined ? [] : [value.others])];
  const inherited = tainted(value.taints.map((taint) => extendOrigin(taint, '[]')));
  if (held.length === 0) return inherited;
  const { constant, ...rest } = joinAll(inherited === UNKNOWN ? held : [...held, inherited]);
  return held.length === 1 && constant !== undefined && value.others === undefined ? { ...rest, constant } : rest;
}

function extendOrigin(taint: Taint, key: string): Taint {
  const { origin } = taint;
  if (origin.kind === 'source' || origin.path.length >= FIELD_DEPTH_MAX) return taint;
  return { ...taint, origin: { ...origin, path: [...origin.path, key] } };
}

export function writeField(value: Value, key: string, field: Value): Value {
  const fields = new Map(value.fields);
  if (!fields.has(key) && fields.size >= FIELDS_MAX) return writeAnyField(value, field);
  fields.set(key, field);
  const { constant: _, choices: __, ...rest } = value;
  return { ...rest, fields };
}

/** Writes an entry of which the key is not known: each may be the one, and none is surely overwritten. */
export function writeAnyField(value: Value, field: Value): Value {
  const { constant: _, choices: __, ...rest } = value;
  return {
    ...rest,
    fields: value.fields ?? new Map(),
    others: value.others === undefined ? field : joinValues(value.others, field),
  };
}

/** Reads along a path of fields, `[]` for any entry. */
export function readPath(value: Value, path: readonly string[]): Value {
  return path.reduce((at, key) => (key === '[]' ? readAnyField(at) : readField(at, key)), value);
}

export function addStep(taint: Taint, step: TraceStep): Taint {
  const { steps } = taint;
  if (steps !== undefined && (steps.length >= STEPS_MAX || isSameStep(steps.step, step))) return taint;
  return { ...taint, steps: { step, before: steps, length: (steps?.length ?? 0) + 1 } };
}

function isSameStep(a: TraceStep, b: TraceStep): boolean {
  return (
    a.place.line === b.place.line &&
    a.place.column === b.place.column &&
    a.place.file === b.place.file &&
    a.message === b.message
  );
}

export function stepsOf(steps: Steps | undefined): readonly TraceStep[] {
  const list: TraceStep[] = [];
  for (let at = steps; at !== undefined; at = at.before) list.push(at.step);
  return list.reverse();
}

export function cleanTaint(taint: Taint, flaws: readonly string[]): Taint {
  const known = taint.cleaned === '' ? [] : taint.cleaned.split(' ');
  if (flaws.every((flaw) => known.includes(flaw))) return taint;
  return { ...taint, cleaned: [...new Set([...known, ...flaws])].sort().join(' ') };
}

/** Both what one and what the other was cleaned of. */
export function cleanedBy(a: string, b: string): string {
  if (a === '' || a === b) return b;
  return b === '' ? a : [...new Set([...a.split(' '), ...b.split(' ')])].sort().join(' ');
}

export function isCleaned(cleaned: string, flaw: string): boolean {
  if (cleaned === '') return false;
  const known = cleaned.split(' ');
  return (
    known.some((one) => one === flaw || one === 'all') ||
    (flaw === 'code' && isLiteral(known)) ||
    (flaw === 'redirect' && known.includes(OWN_ADDRESS))
  );
}

/** Stands among the flaws that a taint is cleaned of for the address that was asked for: it leads nowhere else. */
export const OWN_ADDRESS = 'own-address';

/** Parts of such an address that the client chose freely. */
const CHOSEN_PARTS = new Set(['searchParams', 'search', 'query', 'searchparams']);

/** What is read of an address as its query is no address any more. */
export function readPart(value: Value, property: string): Value {
  if (!CHOSEN_PARTS.has(property) || !value.taints.some(({ cleaned }) => cleaned.includes(OWN_ADDRESS))) return value;
  return mapTaints(value, (taint) => ({
    ...taint,
    cleaned: taint.cleaned
      .split(' ')
      .filter((one) => one !== OWN_ADDRESS)
      .join(' '),
  }));
}

/** Found to be a literal of a language: quoted, with no quote within. */
function isLiteral(known: readonly string[]): boolean {
  return ["'", '"'].some((quote) =>
    [`open${quote}`, `inner${quote}`, `close${quote}`].every((one) => known.includes(one)),
  );
}

/** The same value with other taints, everywhere in it. */
export function mapTaints(value: Value, change: (taint: Taint) => Taint | undefined, depth = 0): Value {
  const isEmpty = value.taints.length === 0 && value.fields === undefined && value.others === undefined;
  if (isEmpty || depth > FIELD_DEPTH_MAX + 2) return value;
  const taints = value.taints.flatMap((taint) => change(taint) ?? []);
  const others = value.others === undefined ? undefined : mapTaints(value.others, change, depth + 1);
  return {
    ...value,
    taints,
    ...(value.fields === undefined
      ? {}
      : { fields: new Map([...value.fields].map(([key, field]) => [key, mapTaints(field, change, depth + 1)])) }),
    ...(others === undefined ? {} : { others }),
  };
}

/** Whether a and b are the same for the purpose of ending a loop: what may be told of them does not change. */
export function isSameValue(a: Value | undefined, b: Value | undefined, depth = 0): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  if (a.taints.length !== b.taints.length || a.paths.length !== b.paths.length) return false;
  if (a.constant?.value !== b.constant?.value || a.isText !== b.isText) return false;
  if (a.taints.some((taint, at) => !isSameTaint(taint, b.taints[at] ?? taint))) return false;
  if ((a.fields?.size ?? -1) !== (b.fields?.size ?? -1)) return false;
  if (depth > FIELD_DEPTH_MAX) return true;
  for (const [key, field] of a.fields ?? []) if (!isSameValue(field, b.fields?.get(key), depth + 1)) return false;
  return isSameValue(a.others, b.others, depth + 1);
}

export function lowerConfidence(confidence: Confidence, by: number): Confidence {
  const order: readonly Confidence[] = ['high', 'medium', 'low'];
  return order[Math.min(order.length - 1, order.indexOf(confidence) + by)] ?? 'low';
}
