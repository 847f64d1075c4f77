import { evaluate } from './operations.ts';
import { sourceTaint } from './sources.ts';
import { entryOf, fillParam } from './entries.ts';
import { Env } from './env.ts';
import type { ClassIr, FunctionIr, NameExpr } from './ir.ts';
import {
  CALL_DEPTH_MAX,
  CALLBACK_RUNS_MAX,
  copyEnv,
  idOf,
  joinEnvs,
  type Machine,
  newFrame,
  type Summary,
  thisSlotOf,
} from './machine.ts';
import { reach, reportNamed } from './report.ts';
import { noteRouteFunction } from './routes.ts';
import { typedValue } from './types.ts';
import {
  addStep,
  cleanTaint,
  type FunctionValue,
  isFixed,
  joinAll,
  joinTaints,
  joinValues,
  mapTaints,
  readPath,
  type Taint,
  UNKNOWN,
  type Value,
  writeField,
} from './value.ts';

/** A function that is made here: looked at when it is called or handed on, at the latest where the one around ends. */
export function noteFunction(machine: Machine, fn: FunctionIr): Value {
  const receiver = machine.env?.get(machine.frame.thisSlot);
  if (!machine.summaries.has(fn)) machine.frame.deferred.set(fn, fn.isArrow === true ? receiver : undefined);
  return { taints: [], paths: [], functions: [{ function: fn, receiver }] };
}

export function declareFunction(machine: Machine, name: NameExpr, fn: FunctionIr): void {
  for (const decorator of fn.decorators) evaluate(machine, decorator);
  if (fn.decorators.length > 0 && machine.rules.routes.length > 0) noteRouteFunction(machine, fn);
  machine.env?.set(name.slot, noteFunction(machine, fn));
}

/** Looks at all functions that were made in this frame and not yet looked at. */
export function runDeferred(machine: Machine): void {
  const { deferred } = machine.frame;
  for (const [fn, receiver] of deferred) {
    deferred.delete(fn);
    if (!machine.summaries.has(fn)) summarise(machine, fn, receiver);
  }
}

/** What a function does, as far as it is known; the first to ask makes it be looked at. */
export function summaryOf(machine: Machine, fn: FunctionIr, receiver?: Value): Summary {
  return machine.summaries.get(fn) ?? summarise(machine, fn, receiver);
}

function summarise(machine: Machine, fn: FunctionIr, receiver: Value | undefined): Summary {
  const summary: Summary = { returns: UNKNOWN, receiver: UNKNOWN, flows: [], isDone: false };
  if (machine.depth >= CALL_DEPTH_MAX) return summary;
  machine.summaries.set(fn, summary);
  machine.summaryOfId.set(idOf(machine, fn), summary);
  const cls = machine.classOf.get(fn);
  const known = receiver ?? (cls === undefined ? undefined : machine.instances.get(cls));
  const { returns, after } = runFunction(machine, fn, { args: undefined, receiver: known });
  summary.returns = returns;
  summary.receiver = after ?? UNKNOWN;
  summary.isDone = true;
  return summary;
}

type Invocation = { readonly args: readonly Value[] | undefined; readonly receiver: Value | undefined };

/** Goes through the body of a function with these arguments; without any, with parameters that stand for themselves. */
function runFunction(
  machine: Machine,
  fn: FunctionIr,
  { args, receiver }: Invocation,
): { returns: Value; after: Value | undefined } {
  const outer = { frame: machine.frame, env: machine.env };
  const entry = args === undefined ? entryOf(machine, fn) : undefined;
  machine.frame = newFrame(machine, fn, entry);
  machine.env = copyEnv(outer.env ?? machine.frame.exit ?? new Env());
  machine.depth += 1;
  const id = idOf(machine, fn);
  const thisTaint: Taint = {
    origin: { kind: 'param', function: id, index: -1, path: [] },
    cleaned: '',
    steps: undefined,
    doubts: 0,
  };
  if (fn.isArrow !== true) {
    const base = receiver ?? UNKNOWN;
    machine.env?.set(
      thisSlotOf(machine, fn),
      args === undefined ? { ...base, taints: joinTaints(base.taints, [thisTaint]) } : base,
    );
  }
  bindParameters(machine, fn, args);
  machine.operations.executeAll(machine, fn.body);
  machine.env = joinEnvs(machine.frame.exit, machine.env);
  const receiverSlot = receiverSlotOf(machine, fn);
  const after = machine.env?.get(receiverSlot);
  if (machine.env === undefined) machine.env = copyEnv(outer.env);
  runDeferred(machine);
  const { returns } = machine.frame;
  machine.frame = outer.frame;
  // What a callback writes to variables around it stays, and may not have happened.
  machine.env = args === undefined ? outer.env : joinEnvs(copyEnv(outer.env), machine.env);
  machine.depth -= 1;
  return { returns: returns.length === 0 ? UNKNOWN : joinAll(returns), after };
}

function receiverSlotOf(machine: Machine, fn: FunctionIr): number {
  const [first] = fn.params;
  if (fn.hasReceiver === true && first?.target.kind === 'variable') return first.target.name.slot;
  return thisSlotOf(machine, fn);
}

function bindParameters(machine: Machine, fn: FunctionIr, args: readonly Value[] | undefined): void {
  const id = idOf(machine, fn);
  const { entry } = machine.frame;
  const skipped = fn.hasReceiver === true ? 1 : 0;
  for (const [at, param] of fn.params.entries()) {
    if (at < skipped) {
      machine.operations.assignTo(machine, param.target, machine.env?.get(thisSlotOf(machine, fn)) ?? UNKNOWN, fn);
      continue;
    }
    const span = param.target.kind === 'variable' ? param.target.name : fn;
    let value: Value;
    if (args === undefined) {
      const typed = param.type === undefined ? UNKNOWN : typedValue(machine, param.type);
      const taint: Taint = {
        origin: { kind: 'param', function: id, index: at, path: [] },
        cleaned: '',
        steps: undefined,
        doubts: 0,
      };
      value = 'isClean' in typed && typed.isClean === true ? UNKNOWN : { ...typed, taints: [taint] };
      const filled = fillParam(machine, fn, param, at - skipped, entry);
      if (filled !== undefined && 'path' in filled)
        value = { ...value, paths: [filled.path, `~${param.name}`, ...value.paths].slice(0, 4) };
      else if (filled !== undefined && value.taints.length > 0) {
        value = { ...fromOutside(value), taints: [...value.taints, sourceTaint(machine, [filled], span)] };
      }
      if (param.fallback !== undefined && value.paths.length === 0) {
        value = { ...value, paths: evaluate(machine, param.fallback).paths.filter((path) => !path.startsWith('~')) };
      }
    } else {
      value = param.isRest === true ? joinAll(args.slice(at - skipped)) : (args[at - skipped] ?? UNKNOWN);
      if (param.fallback !== undefined && args[at - skipped] === undefined) value = evaluate(machine, param.fallback);
    }
    machine.operations.assignTo(machine, param.target, value, span);
  }
}

/** An object that a client sends: of its fields, those are clean that cannot carry text. */
function fromOutside(value: Value): Value {
  if (value.fields === undefined) return value;
  return { ...value, fields: new Map([...value.fields].filter(([, field]) => field.paths.length === 0)) };
}

/** Goes through a function where it stands, with what its caller gives: callbacks. */
export function runInline(machine: Machine, { function: fn, receiver }: FunctionValue, args: readonly Value[]): Value {
  const state = machine.callbacks.get(fn) ?? { runs: 0, isRunning: false, last: UNKNOWN };
  if (machine.depth >= CALL_DEPTH_MAX || state.isRunning || state.runs >= CALLBACK_RUNS_MAX) return state.last;
  machine.callbacks.set(fn, state);
  // What is looked at with known arguments needs no summary, unless somebody calls it by name as well.
  machine.frame.deferred.delete(fn);
  state.runs += 1;
  state.isRunning = true;
  state.last = runFunction(machine, fn, { args, receiver }).returns;
  state.isRunning = false;
  return state.last;
}

/** Applies what is known of a function to the arguments of a call. Gives the result and the receiver afterwards. */
export function applyFunction(
  machine: Machine,
  fn: FunctionIr,
  options: { readonly args: readonly Value[]; readonly receiver: Value | undefined; readonly step: Taint['steps'] },
): { readonly result: Value; readonly receiver: Value | undefined } {
  const summary = summaryOf(machine, fn, undefined);
  const id = idOf(machine, fn);
  const skipped = fn.hasReceiver === true ? 1 : 0;
  const step = options.step?.step;
  const argumentAt = (index: number): Value => {
    if (index === -1 || index < skipped) return options.receiver ?? UNKNOWN;
    const at = index - skipped;
    const param = fn.params[index];
    return param?.isRest === true ? joinAll(options.args.slice(at)) : (options.args[at] ?? UNKNOWN);
  };
  const carry = (inner: Taint): readonly Taint[] => {
    const { origin } = inner;
    if (origin.kind !== 'param' || origin.function !== id) return [inner];
    const given = readPath(argumentAt(origin.index), origin.path);
    return given.taints.map((taint) => {
      const cleaned = inner.cleaned === '' ? taint : cleanTaint(taint, inner.cleaned.split(' '));
      const walked = appendSteps(step === undefined ? cleaned : addStep(cleaned, step), inner.steps);
      return { ...walked, doubts: walked.doubts + inner.doubts };
    });
  };
  for (const { taint, target } of summary.flows.slice())
    for (const carried of carry(taint)) reach(machine, carried, target);
  const result = substitute(summary.returns, carry);
  const receiver = summary.receiver === UNKNOWN ? undefined : substitute(summary.receiver, carry);
  return { result, receiver };
}

function appendSteps(taint: Taint, steps: Taint['steps']): Taint {
  if (steps === undefined) return taint;
  return addStep(appendSteps(taint, steps.before), steps.step);
}

/** The value with the taints of parameters replaced by what the arguments carry. */
function substitute(value: Value, carry: (taint: Taint) => readonly Taint[]): Value {
  const replaced = (one: Value): readonly Taint[] =>
    one.taints.flatMap(carry).reduce<readonly Taint[]>((all, taint) => joinTaints(all, [taint]), []);
  const walk = (one: Value, depth: number): Value => {
    if (depth > 6 || (one.taints.length === 0 && one.fields === undefined && one.others === undefined)) return one;
    return {
      ...one,
      taints: one.taints.length === 0 ? [] : replaced(one),
      ...(one.fields === undefined
        ? {}
        : { fields: new Map([...one.fields].map(([key, field]) => [key, walk(field, depth + 1)])) }),
      ...(one.others === undefined ? {} : { others: walk(one.others, depth + 1) }),
    };
  };
  return walk(value, 0);
}

/** Looks at a class: its fields, its constructor, then its methods with what these leave in an instance. */
export function analyseClass(machine: Machine, cls: ClassIr): Value {
  const value: Value = { taints: [], paths: cls.name === '' ? [] : [`~${cls.name}`], classes: [cls] };
  if (machine.instances.has(cls)) return value;
  for (const decorator of cls.decorators) evaluate(machine, decorator);
  const bases = cls.bases.map((base) => evaluate(machine, base));
  const basePaths = bases.flatMap(({ paths }) => paths.map((path) => `${path}()`));
  const baseFields = bases.flatMap(({ classes }) => classes ?? []).map((base) => machine.instances.get(base)?.fields);
  let instance: Value = {
    taints: [],
    paths: basePaths.slice(0, 3),
    instanceOf: cls,
    fields: new Map(baseFields.flatMap((fields) => [...(fields ?? [])])),
  };
  machine.instances.set(cls, instance);
  for (const method of cls.methods) machine.classOf.set(method, cls);
  for (const { name, value: initial, type, isMutable, decorators } of cls.fields) {
    for (const decorator of decorators) evaluate(machine, decorator);
    const typed = type === undefined ? UNKNOWN : typedValue(machine, type);
    if (initial === undefined) {
      instance = writeField(instance, name, { ...typed, isDeclared: true });
      continue;
    }
    const first = evaluate(machine, initial);
    if (isTyped(machine)) reportNamed(machine, name, first, initial);
    const held: Value = { ...joinValues(first, typed), ...(isFixed(first) ? { isFixed: true } : {}) };
    instance = writeField(instance, name, isMutable === true ? { ...held, constant: undefined } : held);
  }
  machine.instances.set(cls, instance);
  const ordered = [...cls.methods].sort((a, b) => Number(b.isConstructor === true) - Number(a.isConstructor === true));
  for (const method of ordered) {
    for (const decorator of method.decorators) evaluate(machine, decorator);
    if (method.decorators.length > 0 && machine.rules.routes.length > 0) noteRouteFunction(machine, method, cls);
    if (!machine.summaries.has(method)) {
      if (method.isConstructor === true) {
        const summary = summaryOf(machine, method, instance);
        machine.instances.set(cls, forgetParams(joinValues(machine.instances.get(cls) ?? instance, summary.receiver)));
      } else machine.frame.deferred.set(method, undefined);
    }
  }
  return value;
}

/** What methods may count on: what outside calls put into a field is not known, but paths and types are. */
function forgetParams(value: Value): Value {
  const known = mapTaints(value, (taint) => (taint.origin.kind === 'source' ? taint : undefined));
  if (known.fields === undefined) return known;
  // What was filled in from outside is for the receiver to say.
  const isFilled = (name: string) =>
    value.fields?.get(name)?.taints.some(({ origin }) => origin.kind === 'param') === true;
  const fields = [...known.fields].map(
    ([name, field]) => [name, isFilled(name) ? { ...field, isDeclared: true } : field] as const,
  );
  return { ...known, fields: new Map(fields) };
}

/** Languages in which a class may have several methods of a name, and says which others it is. */
function isTyped(machine: Machine): boolean {
  return machine.rules.language === 'java' || machine.rules.language === 'go';
}

/** The method of an instance (or of a class itself) by name, as functions that are bound to it. */
export function methodOf(machine: Machine, object: Value, name: string): readonly FunctionValue[] | undefined {
  const owners = [...(object.instanceOf === undefined ? [] : [object.instanceOf]), ...(object.classes ?? [])];
  const found = owners.flatMap((owner) => {
    const method = findMethod(machine, owner, name, 0);
    if (method === undefined) return isTyped(machine) ? inheritors(machine, owner, name) : [];
    if (!isTyped(machine)) return [method];
    const overloads = owner.methods.filter((one) => one.name === name);
    return overloads.length === 0 ? [method] : overloads;
  });
  return found.length === 0 ? undefined : found.map((method) => ({ function: method, receiver: object }));
}

/** Methods of the classes of this file that are of this kind. */
function inheritors(machine: Machine, cls: ClassIr, name: string): readonly FunctionIr[] {
  return [...machine.classes.values()].flatMap((other) =>
    other.bases.some((base) => base.kind === 'name' && base.name === cls.name)
      ? other.methods.filter((method) => method.name === name)
      : [],
  );
}

export function findMethod(machine: Machine, cls: ClassIr, name: string, depth: number): FunctionIr | undefined {
  const own = cls.methods.find((method) => method.name === name);
  if (own !== undefined || depth > 8) return own;
  for (const base of cls.bases) {
    const inherited = base.kind === 'name' ? machine.classes.get(base.name) : undefined;
    const method =
      inherited === undefined || inherited === cls ? undefined : findMethod(machine, inherited, name, depth + 1);
    if (method !== undefined) return method;
  }
  return undefined;
}
