import type { TraceStep } from '../finding/index.ts';
import type { ClassIr, Expr, FunctionIr, Language } from './ir.ts';
import { idOf, type Machine, type Summary, type Target } from './machine.ts';
import type { SettingUse } from './settings.ts';
import { typedValue } from './types.ts';
import {
  deepTaints,
  type External,
  type FunctionValue,
  mapTaints,
  type Origin,
  readPath,
  stepsOf,
  type Taint,
  type Value,
} from './value.ts';

/** The most functions of one file that others may call by name. */
const FUNCTIONS_MAX = 2_000;
/** How deep objects of functions are looked into: `exports.users.find`. */
const EXPORT_DEPTH_MAX = 2;

/** A taint as plain data. */
export type TaintFact = {
  readonly origin: Origin;
  readonly cleaned: string;
  readonly steps: readonly TraceStep[];
  readonly doubts: number;
};

export type FlowFact = TaintFact & { readonly target: Target };

/** A function that other files can name. */
export type FunctionFact = {
  readonly id: number;
  /** Parameters before the first argument: a receiver. */
  readonly skipped: number;
  readonly params: readonly string[];
  readonly returns: readonly (TaintFact & { readonly path: readonly string[] })[];
  /** What the result is of, by its written type, where that is a class of the tree. */
  readonly gives?: External;
};

/** What other files have to know of one: plain data. */
export type CodeFacts = {
  readonly language: Language;
  readonly package?: string;
  /** By the way to it: `find`, `UserService.find`, `default`. */
  readonly functions: { readonly [name: string]: FunctionFact };
  /** The classes of the file with the names of what they extend or implement: Java and Go. */
  readonly bases?: { readonly [name: string]: readonly string[] };
  /** Names that stand for something of another file. */
  readonly aliases: { readonly [name: string]: External };
  readonly calls: readonly { readonly external: External; readonly place: TraceStep['place']; readonly name: string }[];
  readonly flows: readonly FlowFact[];
  /** Places that are flaws if settings in other files say so. */
  readonly settings?: readonly SettingUse[];
};

/** Of a file that was put off. */
export type PutOffFacts = {
  readonly language: 'put-off';
  readonly of: Language;
  /** The names in it: see `mentionTest`. */
  readonly mentions: string;
};

export function factsOf(machine: Machine): CodeFacts | undefined {
  const functions = new Map<string, FunctionFact>();
  const aliases = new Map<string, External>();
  for (const [name, value] of exportedValues(machine)) {
    if (value.external !== undefined && value.functions === undefined) aliases.set(name, value.external);
    collect(machine, functions, name, value, 0);
  }
  const ids = new Set([...functions.values()].map(({ id }) => id));
  const flows = leastCleaned(
    machine.flows
      .filter(({ taint: { origin } }) => origin.kind !== 'param' || ids.has(origin.function))
      .map(({ taint, target }): FlowFact => ({ ...taintFact(taint), target })),
  );
  const bases = basesOf(machine);
  const isPlain = machine.settings.size === 0;
  if (isPlain && bases === undefined && flows.length === 0 && functions.size === 0 && aliases.size === 0)
    return undefined;
  return {
    language: machine.ir.language,
    ...(machine.ir.package === undefined ? {} : { package: machine.ir.package }),
    functions: Object.fromEntries(functions),
    ...(bases === undefined ? {} : { bases }),
    aliases: Object.fromEntries(aliases),
    calls: machine.pending,
    flows,
    ...(isPlain ? {} : { settings: [...machine.settings.values()] }),
  };
}

function basesOf(machine: Machine): CodeFacts['bases'] {
  const { language } = machine.rules;
  if ((language !== 'java' && language !== 'go') || machine.classes.size === 0) return undefined;
  const names = [...machine.classes].map(([name, cls]) => [name, cls.bases.map(lastName)] as const);
  return Object.fromEntries(names);
}

function lastName(base: Expr): string {
  return base.kind === 'member' ? base.property : base.kind === 'name' ? base.name : '';
}

/** The class of the result of a function, as others may find it. */
function givenBy(machine: Machine, { returnType }: FunctionIr): External | undefined {
  if (returnType === undefined || machine.rules.cleanTypes.has(returnType)) return undefined;
  if (machine.classes.has(returnType)) return { module: '', path: [returnType] };
  return typedValue(machine, returnType).external;
}

/** In Python, Java and Go, everything at the top of a file can be named by others. */
function exportedValues(machine: Machine): ReadonlyMap<string, Value> {
  if (machine.rules.language === 'javascript') return machine.exports;
  const values = new Map(machine.exports);
  for (const [slot, variable] of machine.variables.entries()) {
    const value = variable.function === undefined ? machine.env?.get(slot) : undefined;
    if (value !== undefined) values.set(variable.name, value);
  }
  return values;
}

function collect(machine: Machine, into: Map<string, FunctionFact>, name: string, value: Value, depth: number): void {
  if (depth > EXPORT_DEPTH_MAX || into.size >= FUNCTIONS_MAX) return;
  for (const bound of value.functions ?? []) {
    addFunction(machine, into, name, bound);
    const summary = machine.summaries.get(bound.function);
    // A constructor of the old kind, and a function that makes an object of functions.
    if (summary?.returns.instanceOf !== undefined) collectMethods(machine, into, name, summary.returns.instanceOf);
    for (const made of [summary?.receiver, summary?.returns]) {
      for (const [key, field] of made?.fields ?? []) {
        if (field.functions !== undefined) collect(machine, into, `${name}.${key}`, field, depth + 1);
      }
    }
  }
  for (const cls of value.classes ?? []) {
    for (const method of cls.methods) {
      const key = method.isConstructor === true ? name : `${name}.${method.name}`;
      if (!into.has(key)) addFunction(machine, into, key, { function: method });
    }
  }
  if (value.instanceOf !== undefined) collectMethods(machine, into, name, value.instanceOf);
  for (const [key, field] of value.fields ?? []) {
    if (field.functions !== undefined || field.classes !== undefined)
      collect(machine, into, `${name}.${key}`, field, depth + 1);
  }
}

function collectMethods(machine: Machine, into: Map<string, FunctionFact>, name: string, cls: ClassIr): void {
  for (const method of cls.methods) addFunction(machine, into, `${name}.${method.name}`, { function: method });
}

function addFunction(
  machine: Machine,
  into: Map<string, FunctionFact>,
  name: string,
  { function: fn }: FunctionValue,
): void {
  const summary = machine.summaries.get(fn);
  if (summary === undefined || into.has(name)) return;
  const gives = givenBy(machine, fn);
  into.set(name, {
    ...(gives === undefined ? {} : { gives }),
    id: idOf(machine, fn),
    skipped: fn.hasReceiver === true ? 1 : 0,
    params: fn.params.map((param) => param.name),
    returns: returnsOf(fn.isConstructor === true ? madeBy(machine, summary) : summary.returns),
  });
}

/** What a constructor gives is the object with what it was filled with. */
function madeBy(machine: Machine, { receiver, returns }: Summary): Value {
  if (machine.rules.language !== 'java') return returns;
  return mapTaints(receiver, (taint) =>
    taint.origin.kind === 'param' && taint.origin.index === -1 ? undefined : taint,
  );
}

/** What comes out of a function: as a whole, and in the fields of an object. */
function returnsOf(value: Value): FunctionFact['returns'] {
  const whole = value.taints.map((taint) => ({ ...taintFact(taint), path: [] }));
  const fields = [...(value.fields?.keys() ?? [])].flatMap((key) =>
    deepTaints(readPath(value, [key])).map((taint) => ({
      ...taintFact(taint),
      path: [value.isList === true ? '[]' : key],
    })),
  );
  const others =
    value.others === undefined ? [] : deepTaints(value.others).map((taint) => ({ ...taintFact(taint), path: ['[]'] }));
  return [...whole, ...fields, ...others];
}

/** Of ways with the same ends, those that clean least: what they miss, the others miss as well. */
function leastCleaned(flows: readonly FlowFact[]): readonly FlowFact[] {
  const kept = new Map<string, FlowFact>();
  for (const flow of flows) {
    const { target } = flow;
    const key = JSON.stringify([flow.origin, target.kind === 'sink' ? [target.rule, target.place] : target]);
    const known = kept.get(key);
    if (known === undefined || flow.cleaned.length < known.cleaned.length) kept.set(key, flow);
  }
  return [...kept.values()];
}

/** How many steps of a way within one file are told to others. */
const FACT_STEPS_MAX = 6;

function taintFact(taint: Taint): TaintFact {
  return {
    origin: taint.origin,
    cleaned: taint.cleaned,
    steps: stepsOf(taint.steps).slice(-FACT_STEPS_MAX),
    doubts: taint.doubts,
  };
}
