import { type CallValues, meetsAll, selectArguments } from './arguments.ts';
import { collectionCall, isCollectionName } from './collections.ts';
import { evaluate } from './operations.ts';
import { sourceTaint } from './sources.ts';
import { applyFunction, findMethod, runInline } from './functions.ts';
import type { CompiledSource } from './compile.ts';
import type { CallExpr } from './ir.ts';
import { importName } from './modules.ts';
import { leaveByThrow, type Machine, placeOf, textAt } from './machine.ts';
import type { EntryModel } from './model.ts';
import { isCleaningName, isConversionName, isLookupName, isTestName } from './names.ts';
import { joinPath } from './pattern.ts';
import { makeObject } from './objects.ts';
import { assignSilently, isPlace } from './places.ts';
import { isPieced, isReflection, reflected } from './reflect.ts';
import { flawsWithout } from './refine.ts';
import { reach, reportCall, reportHidden, reportNamed } from './report.ts';
import { noteRouteCall } from './routes.ts';
import { withSetting } from './settings.ts';
import {
  addStep,
  cleanTaint,
  deepTaints,
  type External,
  type FunctionValue,
  isFixed,
  joinAll,
  joinTaints,
  joinValues,
  mapTaints,
  readAnyField,
  type Taint,
  tainted,
  UNKNOWN,
  type Value,
} from './value.ts';

/** The most calls into other files that are remembered for one file. */
const PENDING_MAX = 5_000;

export function evaluateCall(machine: Machine, call: CallExpr): Value {
  const { callee } = call;
  const receiver = callee.kind === 'member' ? evaluate(machine, callee.object) : UNKNOWN;
  const target =
    callee.kind === 'member' ? machine.operations.evaluateMember(machine, callee, receiver) : evaluate(machine, callee);
  const values: CallValues = {
    call,
    receiver,
    args: call.args.map((arg) => ({ arg, value: evaluate(machine, arg.value) })),
  };
  for (const { arg, value } of values.args)
    if (arg.name !== undefined) reportNamed(machine, arg.name, value, arg.value);
  const paths = calleePaths(call, target, receiver);
  reportCall(machine, paths, values);
  if (machine.rules.routes.length > 0) noteRouteCall(machine, call);
  if (isPieced(callee)) reportHidden(machine, paths, call);
  if (machine.rules.exits.findAny(paths).length > 0) {
    leaveByThrow(machine);
    return UNKNOWN;
  }
  const called = callFunctions(machine, { target, values, paths });
  const resultPaths = typesOf(machine, paths, target);
  const result = called ?? callUnknown(machine, { target, values, paths });
  const isKnown =
    called !== undefined || importedModule({ target, values, paths }) !== undefined || isReflection(paths);
  const value: Value = {
    ...result,
    paths: result.paths.length > 0 && isKnown ? [...result.paths, ...resultPaths].slice(0, 4) : resultPaths,
  };
  return withSetting(machine, finishCall(machine, value, values, paths), values);
}

/** Sources and sanitizers have the last word on the result. */
function finishCall(machine: Machine, value: Value, values: CallValues, paths: readonly string[]): Value {
  let result = value;
  const cleans = machine.rules.cleans.findAny(paths).filter(({ when }) => meetsAll(values, when, machine.file.text));
  const flaws = [...new Set(cleans.filter(({ arg }) => arg === undefined).flatMap((clean) => clean.flaws))];
  if (flaws.includes('all')) result = mapTaints(result, () => undefined);
  else if (flaws.length > 0) {
    const given = { ...result, taints: joinTaints(result.taints, givenTaints(values)) };
    result = mapTaints(given, (taint) => cleanTaint(taint, flaws));
  }
  result = cleanReplaced(result, values);
  for (const { arg, flaws: own } of cleans) {
    for (const { expr, value: held } of arg === undefined ? [] : selectArguments(values, arg)) {
      if (isPlace(expr))
        assignSilently(
          machine,
          expr,
          mapTaints(held, (taint) => cleanTaint(taint, own)),
        );
    }
  }
  const found = machine.rules.results.findAny(paths);
  for (const source of found) if (source.fills !== undefined) fillArgument(machine, source, values);
  const sources = found.filter(({ fills }) => fills === undefined);
  if (sources.length > 0)
    result = { ...result, taints: joinTaints(result.taints, [sourceTaint(machine, sources, values.call)]) };
  return result;
}

/** A replacement of a piece by something without it takes away what needs the piece. */
function cleanReplaced(result: Value, { call, args, receiver }: CallValues): Value {
  const name = call.callee.kind === 'member' ? call.callee.property : '';
  if (name !== 'replace' && name !== 'replaceAll' && name !== 'sub') return result;
  const [first, second] = args.map(({ value }) => value);
  const piece = first?.constant?.value ?? first?.fields?.get('source')?.constant?.value;
  const other = second?.constant?.value;
  if (typeof piece !== 'string' || typeof other !== 'string') return result;
  const plain = piece.replace(/^\[(.*)\][+*]?$/, '$1').replaceAll('\\', '');
  const isGone = !other.includes(piece) || (piece === "'" && other === "''");
  const flaws = isGone
    ? [
        ...new Set([
          ...(piece.length <= 3 ? flawsWithout(piece) : []),
          ...Array.from(plain).flatMap((letter) => (piece.startsWith('[') ? flawsWithout(letter) : [])),
        ]),
      ]
    : [];
  return flaws.length === 0 || receiver.constant !== undefined
    ? result
    : mapTaints(result, (taint) => cleanTaint(taint, flaws));
}

/** A call that puts what comes in into what it is given: `BindJSON(&user)`. */
function fillArgument(machine: Machine, source: CompiledSource, values: CallValues): void {
  for (const { expr, value } of selectArguments(values, source.fills)) {
    const taint = sourceTaint(machine, [source], values.call);
    if (isPlace(expr)) assignSilently(machine, expr, { ...value, taints: joinTaints(value.taints, [taint]) });
  }
}

function givenTaints(values: CallValues): readonly Taint[] {
  return values.args.reduce<readonly Taint[]>((all, { value }) => joinTaints(all, deepTaints(value)), []);
}

/** All names of what is called: by what its value is, and by how it is written. */
function calleePaths(call: CallExpr, target: Value, receiver: Value): readonly string[] {
  const { callee } = call;
  const textual =
    callee.kind !== 'member'
      ? []
      : callee.object.kind === 'name'
        ? [`~${callee.object.name}.${callee.property}`]
        : callee.object.kind === 'member'
          ? [`~${callee.object.property}.${callee.property}`]
          : callee.object.kind === 'literal' || callee.object.kind === 'template'
            ? [`~text.${callee.property}`]
            : [`~value.${callee.property}`];
  const own = callee.kind === 'member' ? receiver.paths.map((path) => joinPath(path, callee.property)) : [];
  return [...new Set([...target.paths, ...own, ...textual])];
}

function typesOf(machine: Machine, paths: readonly string[], target: Value): readonly string[] {
  const own = (target.paths.length > 0 ? target.paths : paths).map((path) => `${path}()`);
  const known = own.flatMap((path) => machine.rules.types.find(path));
  return [...known, ...own].slice(0, 4);
}

type Called = { readonly target: Value; readonly values: CallValues; readonly paths: readonly string[] };

/** The functions and classes of this file that are called; undefined when it is none of them. */
function callFunctions(machine: Machine, { target, values }: Called): Value | undefined {
  const { call } = values;
  const results: Value[] = [];
  const step = { place: placeOf(machine, call), message: `handed to ${textAt(machine, call.callee, 40)}` };
  const steps = { step, before: undefined, length: 1 };
  for (const bound of chosenOf(target.functions ?? [], values)) {
    const fn = bound.function;
    const receiver = call.callee.kind === 'member' ? values.receiver : bound.receiver;
    const { result, receiver: after } = applyFunction(machine, fn, {
      args: orderedArguments(fn, values),
      receiver,
      step: steps,
    });
    results.push(result);
    writeBack(machine, call, after, values.receiver);
  }
  for (const cls of target.classes ?? []) {
    const instance: Value = { ...(machine.instances.get(cls) ?? UNKNOWN), instanceOf: cls };
    const own = cls.methods.filter(({ isConstructor }) => isConstructor === true);
    const constructor =
      own.find(({ params }) => params.length === call.args.length) ?? own[0] ?? inheritedConstructor(machine, cls);
    if (constructor === undefined) {
      // Data classes and models hold what they are given under the same names.
      const given = values.args.flatMap(({ arg, value }) =>
        arg.name === undefined ? [] : [[arg.name, value] as const],
      );
      const unnamed = values.args.flatMap(({ arg, value }) => (arg.name === undefined ? value.taints : []));
      results.push({
        ...instance,
        taints: joinTaints(instance.taints, unnamed),
        fields: new Map([...(instance.fields ?? []), ...given]),
      });
      continue;
    }
    const { receiver } = applyFunction(machine, constructor, {
      args: orderedArguments(constructor, values),
      receiver: instance,
      step: steps,
    });
    results.push(receiver === undefined ? instance : { ...receiver, instanceOf: cls });
  }
  return results.length === 0 ? undefined : joinAll(results);
}

/** Of several methods of a name, those that take as many arguments. */
function chosenOf(functions: readonly FunctionValue[], { call }: CallValues): readonly FunctionValue[] {
  if (functions.length < 2) return functions;
  const fitting = functions.filter(({ function: fn }) => fn.params.length === call.args.length);
  return fitting.length === 0 ? functions : fitting;
}

function inheritedConstructor(
  machine: Machine,
  cls: Value['instanceOf'] & object,
): FunctionValue['function'] | undefined {
  return findMethod(machine, cls, 'constructor', 0) ?? findMethod(machine, cls, '__init__', 0);
}

/** What a method leaves in its receiver. */
function writeBack(machine: Machine, call: CallExpr, after: Value | undefined, before: Value): void {
  if (after === undefined || call.callee.kind !== 'member' || !isPlace(call.callee.object)) return;
  if (after.fields === undefined && after.taints.length <= before.taints.length) return;
  assignSilently(machine, call.callee.object, joinValues(before, { ...after, paths: before.paths }));
}

/** Arguments in the order of the parameters, keywords put where they belong. */
function orderedArguments(fn: FunctionValue['function'], values: CallValues): readonly Value[] {
  const params = fn.hasReceiver === true ? fn.params.slice(1) : fn.params;
  const ordered: Value[] = [];
  let rest = UNKNOWN;
  let next = 0;
  for (const { arg, value } of values.args) {
    if (arg.isSpread === true) rest = joinValues(rest, readAnyField(value));
    else if (arg.name === undefined) ordered[next++] = value;
    else {
      const at = params.findIndex(({ name }) => name === arg.name);
      if (at >= 0) ordered[at] = value;
      else rest = joinValues(rest, value);
    }
  }
  return Array.from(
    { length: Math.max(ordered.length, params.length) },
    (_, at) => ordered[at] ?? (rest === UNKNOWN ? UNKNOWN : rest),
  );
}

/** A call of which the body is not at hand: models, what names say, and else the careful guess. */
function callUnknown(machine: Machine, called: Called): Value {
  const { target, values, paths } = called;
  const { call, receiver } = values;
  const module = importedModule(called);
  if (module !== undefined) return importModule(machine, module);
  const property = reflected(machine, paths, values);
  if (property !== undefined) return property;
  const made = makeObject(machine, called);
  if (made !== undefined) return made;
  const callbacks = runCallbacks(machine, called);
  // A collection of which the content is known is one, whatever module it comes from.
  const isCollection = receiver.fields !== undefined || isCollectionName(call);
  const known = isCollection || target.external === undefined ? collectionCall(machine, values, callbacks) : undefined;
  if (known !== undefined) return known;
  if (target.external !== undefined) return pend(machine, target.external, values);
  const propagated = propagate(machine, values, paths);
  if (propagated !== undefined) return propagated;
  if (machine.rules.silent.findAny(paths).length > 0) return UNKNOWN;
  const name =
    call.callee.kind === 'member' ? call.callee.property : call.callee.kind === 'name' ? call.callee.name : '';
  if (isTestName(name) || isCleaningName(name)) return UNKNOWN;
  let taints: readonly Taint[] = receiver.taints;
  if (receiver.fields !== undefined && receiver.instanceOf === undefined) taints = deepTaints(receiver);
  const isGuess =
    call.isNew ||
    (call.callee.kind === 'member' ? isConversionName(name) || receiver.taints.length > 0 : !isLookupName(name));
  if (isGuess) {
    const step = { place: placeOf(machine, call), message: `goes through ${textAt(machine, call.callee, 40)}` };
    const given = givenTaints(values).map((taint) => ({ ...addStep(taint, step), doubts: taint.doubts + 1 }));
    taints = joinTaints(taints, given);
  }
  // What a method makes of a text of the program is of the program as well.
  if (taints.length === 0 && isFixed(receiver) && values.args.every(({ value }) => isFixed(value)))
    return { ...UNKNOWN, isFixed: true };
  return callbacks === undefined ? tainted(taints) : joinValues(tainted(taints), callbacks);
}

const IMPORTING = new Set([
  'require',
  'import',
  'process.mainModule.require',
  'module.require',
  '__import__',
  'importlib.import_module',
]);

/** `require('module')`, `import('module')`, `__import__('module')`. */
function importedModule({ paths, values }: Called): string | undefined {
  if (!paths.some((path) => IMPORTING.has(path))) return undefined;
  const module = values.args[0]?.value.constant?.value;
  return typeof module === 'string' ? module : undefined;
}

function importModule(machine: Machine, module: string): Value {
  machine.imports.add(module.replace(/^node:/, ''));
  return importName(machine, module, '*');
}

function propagate(machine: Machine, values: CallValues, paths: readonly string[]): Value | undefined {
  let result: Value | undefined;
  for (const { from, to } of machine.rules.propagators.findAny(paths)) {
    const held = joinAll(selectArguments(values, from).map(({ value }) => value));
    const taints = deepTaints(held);
    if (to === 'result') {
      const isMade = isFixed(held) && values.args.every(({ value }) => isFixed(value));
      result = {
        ...joinValues(result ?? UNKNOWN, tainted(taints)),
        isText: true,
        ...(isMade ? { isFixed: true } : {}),
      };
    }
    if (to !== 'result' && taints.length > 0) {
      for (const { expr, value } of selectArguments(values, to)) {
        const place = to === 'receiver' && values.call.callee.kind === 'member' ? values.call.callee.object : expr;
        if (isPlace(place))
          machine.operations.assignPlace(
            machine,
            place,
            { ...value, taints: joinTaints(value.taints, taints) },
            values.call,
          );
      }
      result ??= UNKNOWN;
    }
  }
  return result;
}

/** A call into another file: its result is known when all files are. */
function pend(machine: Machine, external: External, values: CallValues): Value {
  const { call } = values;
  const key = `${call.start}:${call.end}`;
  let id = machine.pendingIds.get(key);
  if (id === undefined) {
    if (machine.pending.length >= PENDING_MAX) return UNKNOWN;
    id = machine.pending.length;
    machine.pendingIds.set(key, id);
    machine.pending.push({ external, place: placeOf(machine, call), name: textAt(machine, call.callee, 40) });
  }
  let at = 0;
  for (const { arg, value } of values.args) {
    const index = arg.name === undefined ? at++ : -2;
    sendFields(machine, value, { call: id, index, path: arg.name === undefined ? [] : [arg.name] }, 0);
  }
  sendFields(machine, values.receiver, { call: id, index: -1, path: [] }, 0);
  const taint: Taint = { origin: { kind: 'result', call: id, path: [] }, cleaned: '', steps: undefined, doubts: 0 };
  return {
    taints: [taint],
    paths: [],
    external: { module: external.module, path: [...external.path, '()'].slice(0, 6) },
  };
}

function sendFields(
  machine: Machine,
  value: Value,
  to: { readonly call: number; readonly index: number; readonly path: readonly string[] },
  depth: number,
): void {
  for (const taint of value.taints) {
    if (taint.origin.kind === 'result' && taint.origin.call === to.call) continue;
    reach(machine, taint, { kind: 'argument', ...to });
  }
  if (depth > 1) return;
  for (const [key, field] of value.fields ?? [])
    sendFields(machine, field, { ...to, path: [...to.path, value.isList === true ? '[]' : key] }, depth + 1);
  if (value.others !== undefined) sendFields(machine, value.others, { ...to, path: [...to.path, '[]'] }, depth + 1);
}

/** Functions that are handed to a call run with what the call is known to give them. Gives what they return. */
function runCallbacks(machine: Machine, { values, paths }: Called): Value | undefined {
  const entries = machine.rules.callbacks.findAny(paths);
  const results: Value[] = [];
  for (const { value } of values.args) {
    const found = [
      ...(value.functions ?? []),
      ...[...(value.fields?.values() ?? [])].flatMap(({ functions }) =>
        value.isList === true ? (functions ?? []) : [],
      ),
    ];
    for (const bound of found) {
      const entry = entries.find(
        (one) =>
          isFirst(values, one) &&
          (one.params?.length ?? 0) > 0 &&
          (one.named === undefined || one.named.length <= bound.function.params.length),
      );
      if (entry !== undefined) {
        const args = (entry.params ?? []).map((param, at): Value => {
          if (param === undefined) return UNKNOWN;
          if ('path' in param) return { taints: [], paths: [param.path] };
          const target = bound.function.params[at]?.target;
          const span = target?.kind === 'variable' ? target.name : bound.function;
          return tainted([sourceTaint(machine, [param], span)]);
        });
        results.push(runInline(machine, bound, args));
      } else if (entries.length === 0) {
        const element = readAnyField(values.receiver);
        const first = { ...element, taints: joinTaints(element.taints, values.receiver.taints) };
        const isOwn = bound.function.name === '' || bound.function.isArrow === true;
        if (isOwn) results.push(runInline(machine, bound, callbackArguments(values, first)));
        else
          results.push(
            applyFunction(machine, bound.function, {
              args: callbackArguments(values, first),
              receiver: bound.receiver,
              step: undefined,
            }).result,
          );
      }
    }
  }
  return results.length === 0 ? undefined : joinAll(results);
}

function isFirst(values: CallValues, { first }: EntryModel): boolean {
  if (first === undefined) return true;
  const given = values.args[0]?.value.constant?.value;
  return typeof given === 'string' && first.includes(given);
}

/** `reduce` gives what was gathered first; others give the element. */
function callbackArguments(values: CallValues, element: Value): readonly Value[] {
  const name = values.call.callee.kind === 'member' ? values.call.callee.property : '';
  if (name === 'reduce' || name === 'reduceRight')
    return [joinValues(values.args[1]?.value ?? UNKNOWN, element), element];
  if (ELEMENT_METHODS.has(name)) return [element, UNKNOWN, values.receiver];
  return [];
}

const ELEMENT_METHODS = new Set([
  'map',
  'forEach',
  'filter',
  'then',
  'flatMap',
  'find',
  'some',
  'every',
  'sort',
  'findIndex',
  'findLast',
  'each',
  'finally',
  'replace',
  'replaceAll',
  'tap',
  'pipe',
  'ifPresent',
  'orElseGet',
  'anyMatch',
  'allMatch',
  'mapToObj',
  'computeIfAbsent',
]);
