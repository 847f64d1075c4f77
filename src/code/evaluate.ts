import { evaluateCall } from './call.ts';
import { concatenate } from './concatenate.ts';
import { foldBinary, foldUnary } from './fold.ts';
import { analyseClass, methodOf, noteFunction } from './functions.ts';
import type { Expr, MemberExpr, NameExpr, Span, Target } from './ir.ts';
import { copyEnv, isSpent, joinEnvs, type Machine, placeOf, readSlot } from './machine.ts';
import { joinPath } from './pattern.ts';
import { assignSilently } from './places.ts';
import { globalOf, propertyPath } from './reflect.ts';
import { refine } from './refine.ts';
import { reportAssign, reportNamed } from './report.ts';
import { reportCompare } from './report-compare.ts';
import { withSource } from './sources.ts';
import { typedValue } from './types.ts';
import {
  addStep,
  constantOf,
  deepTaints,
  FIELDS_MAX,
  joinTaints,
  isFixed,
  joinValues,
  readAnyField,
  readField,
  readPart,
  tainted,
  textWith,
  UNKNOWN,
  type Value,
  writeAnyField,
  writeField,
} from './value.ts';

/** Works out what is known of the value of an expression, with all that happens on the way. */
export function evaluate(machine: Machine, expr: Expr): Value {
  if (machine.env === undefined || isSpent(machine)) return UNKNOWN;
  switch (expr.kind) {
    case 'literal':
      return constantOf(expr.value);
    case 'regex':
      return { taints: [], paths: ['RegExp()'], fields: new Map([['source', constantOf(expr.source)]]) };
    case 'name':
      return evaluateName(machine, expr);
    case 'member':
      return evaluateMember(machine, expr, evaluate(machine, expr.object));
    case 'index':
      return evaluateIndex(machine, expr, evaluate(machine, expr.object));
    case 'call':
      return evaluateCall(machine, expr);
    case 'binary':
      return evaluateBinary(machine, expr);
    case 'unary':
      return foldUnary(expr.operator, evaluate(machine, expr.operand));
    case 'template':
      return evaluateTemplate(machine, expr.parts);
    case 'conditional':
      return evaluateConditional(machine, expr);
    case 'object':
      return evaluateObject(machine, expr);
    case 'list':
      return evaluateList(machine, expr);
    case 'function':
      return noteFunction(machine, expr.function);
    case 'class':
      return analyseClass(machine, expr.class);
    case 'assign':
      return evaluateAssign(machine, expr);
    case 'await':
      return evaluate(machine, expr.operand);
    case 'yield': {
      const value = expr.operand === undefined ? UNKNOWN : evaluate(machine, expr.operand);
      machine.frame.returns.push(value);
      return UNKNOWN;
    }
    case 'comprehension':
      return evaluateComprehension(machine, expr);
    case 'sequence':
      return expr.items.reduce<Value>((_, item) => evaluate(machine, item), UNKNOWN);
    case 'cast': {
      const value = evaluate(machine, expr.operand);
      const typed = typedValue(machine, expr.type);
      if (typed.isClean === true)
        return value.constant === undefined ? UNKNOWN : { ...UNKNOWN, constant: value.constant };
      return { ...value, paths: [...value.paths, ...typed.paths].slice(0, 4) };
    }
    case 'unknown':
      return tainted(
        expr.parts
          .map((part) => evaluate(machine, part))
          .reduce<Value['taints']>((all, part) => joinTaints(all, part.taints), []),
      );
  }
}

/** Whether a value is surely true or surely false where it is tested. */
export function truthOf(value: Value): boolean | undefined {
  return value.constant === undefined ? undefined : Boolean(value.constant.value);
}

function evaluateName(machine: Machine, expr: NameExpr): Value {
  if (expr.name === 'this' || expr.name === 'super') return readSlot(machine, machine.frame.thisSlot);
  if (expr.slot === -1) {
    const path = expr.name;
    const known = machine.names.get(path);
    if (known !== undefined) return known;
    if (path === 'undefined') return constantOf(null);
    return withSource(machine, { taints: [], paths: [path] }, expr);
  }
  const value = readSlot(machine, expr.slot);
  return value.paths.length > 0 || value.external !== undefined ? value : { ...value, paths: [`~${expr.name}`] };
}

/** Properties that are numbers or truths, whatever the object holds. */
const MEASURES = new Set(['length', 'size', 'byteLength', 'lastIndex', 'status', 'statusCode', 'ok']);

export function evaluateMember(machine: Machine, expr: MemberExpr, object: Value): Value {
  const { property } = expr;
  if (property === 'length' && typeof object.constant?.value === 'string')
    return constantOf(object.constant.value.length);
  if (MEASURES.has(property) && object.fields?.get(property) === undefined) return UNKNOWN;
  const field = readPart(readField(withStatics(machine, object), property), property);
  const paths = object.paths.map((path) => propertyPath(path, property));
  const method = methodOf(machine, object, property);
  const value: Value = {
    ...field,
    ...(method === undefined ? {} : { functions: [...(field.functions ?? []), ...method] }),
    paths: field.paths.length > 0 ? field.paths : paths,
    ...(field.external === undefined && object.external !== undefined
      ? { external: { module: object.external.module, path: [...object.external.path, property].slice(0, 6) } }
      : {}),
  };
  // What was written to it, or found to be safe, counts more than where it came from.
  const written = object.fields?.get(property);
  const isTyped = machine.rules.language === 'java' || machine.rules.language === 'go';
  if (isTyped && written !== undefined && written.isDeclared !== true && object.instanceOf === undefined) return value;
  if (field.paths.length === 0) return machine.rules.reads.knows(property) ? withSource(machine, value, expr) : value;
  const read = withSource(machine, value, expr);
  if (paths.length === 0) return read;
  // The field has a name of its own, and one by where it stands.
  return { ...read, taints: joinTaints(read.taints, withSource(machine, { ...value, paths }, expr).taints) };
}

function evaluateIndex(machine: Machine, expr: Extract<Expr, { kind: 'index' }>, object: Value): Value {
  const index = evaluate(machine, expr.index);
  const key = index.constant?.value;
  if (typeof object.constant?.value === 'string' && typeof key === 'number') {
    const letter = object.constant.value.at(key);
    return letter === undefined ? UNKNOWN : constantOf(letter);
  }
  if (key === undefined || key === null) {
    const value = readAnyField(object);
    // A piece of a text of the program.
    if (object.fields === undefined && isFixed(object)) return { ...value, isFixed: true };
    return value.paths.length > 0 ? value : { ...value, paths: object.paths.map((path) => joinPath(path, '[]')) };
  }
  const at = typeof key === 'number' && key < 0 && object.isList === true ? (object.fields?.size ?? 0) + key : key;
  const held = readField(object, String(at));
  if (held.paths.length > 0) return held;
  const value: Value = object.fields === undefined && isFixed(object) ? { ...held, isFixed: true } : held;
  const segment = typeof key === 'number' ? '[]' : String(key).replaceAll(/[.\s]/g, '_');
  const paths = object.paths.map((path) => propertyPath(path, segment));
  return withSource(machine, { ...value, paths: [...paths, ...globalOf(expr.object, segment, value)] }, expr);
}

const EQUALITIES = new Set(['==', '===', '!=', '!==']);
const COMPARISONS = new Set(['==', '===', '!=', '!==', '<', '>', '<=', '>=', 'in', 'not in', 'instanceof', '<>']);
const ARITHMETIC = new Set(['-', '*', '/', '//', '**', '&', '|', '^', '<<', '>>', '>>>', '&^']);

function evaluateBinary(machine: Machine, expr: Extract<Expr, { kind: 'binary' }>): Value {
  const { operator } = expr;
  if (operator === '&&' || operator === '||' || operator === '??') return evaluateLogic(machine, expr);
  const left = evaluate(machine, expr.left);
  const right = evaluate(machine, expr.right);
  const folded = foldBinary(operator, left, right);
  if (folded !== undefined) return folded;
  if (EQUALITIES.has(operator) && machine.rules.compared.length > 0) reportCompare(machine, expr, left, right);
  if (COMPARISONS.has(operator)) return UNKNOWN;
  if (operator === '+' && left.isList === true && right.isList === true) return appendLists(left, right);
  if (operator === '+') return concatenate([left, right]);
  const taints = joinTaints(deepTaints(left), deepTaints(right));
  // Arithmetic gives a number, but for operators that a class defines: `path / name`, `text * 2`, `text % values`.
  if (ARITHMETIC.has(operator) && operator !== '/' && operator !== '*' && operator !== '|') return UNKNOWN;
  if (operator === '%' && typeof left.constant?.value === 'string') {
    return concatenate([constantOf(left.constant.value.split('%')[0] ?? ''), textWith(deepTaints(right))]);
  }
  const isText = operator === '%' ? true : undefined;
  return { taints, paths: operator === '/' ? left.paths : [], ...(isText === undefined ? {} : { isText }) };
}

function appendLists(left: Value, right: Value): Value {
  if (left.fields === undefined || left.others !== undefined) return joinValues(left, right);
  let joined = left;
  let at = left.fields.size;
  for (const item of right.fields?.values() ?? []) joined = writeField(joined, String(at++), item);
  return right.others === undefined ? joined : writeAnyField(joined, right.others);
}

/** The right side runs only where the left one lets it. */
function evaluateLogic(machine: Machine, expr: Extract<Expr, { kind: 'binary' }>): Value {
  const left = evaluate(machine, expr.left);
  const truth = truthOf(left);
  if (expr.operator === '&&' && truth === false) return left;
  if (expr.operator === '||' && truth === true) return left;
  if (expr.operator === '??' && left.constant !== undefined && left.constant.value !== null) return left;
  const before = copyEnv(machine.env);
  refine(machine, expr.left, expr.operator === '&&');
  const right = evaluate(machine, expr.right);
  machine.env = joinEnvs(before, machine.env);
  if (truth !== undefined) return right;
  // `a && b` is `a` only where `a` is empty.
  return expr.operator === '&&' ? { ...right, constant: undefined } : joinValues(left, right);
}

export function evaluateTemplate(machine: Machine, parts: readonly Expr[]): Value {
  const values = parts.map((part) => evaluate(machine, part));
  if (values.every(({ constant }) => constant !== undefined)) {
    return constantOf(values.map(({ constant }) => String(constant?.value)).join(''));
  }
  return concatenate(values);
}

function evaluateConditional(machine: Machine, expr: Extract<Expr, { kind: 'conditional' }>): Value {
  const truth = truthOf(evaluate(machine, expr.test));
  if (truth !== undefined) return evaluate(machine, truth ? expr.body : expr.otherwise);
  const before = copyEnv(machine.env);
  refine(machine, expr.test, true);
  const then = evaluate(machine, expr.body);
  const after = machine.env;
  machine.env = before;
  refine(machine, expr.test, false);
  const otherwise = evaluate(machine, expr.otherwise);
  machine.env = joinEnvs(after, machine.env);
  return joinValues(then, otherwise);
}

function evaluateObject(machine: Machine, expr: Extract<Expr, { kind: 'object' }>): Value {
  const fields = new Map<string, Value>();
  let value: Value = { taints: [], paths: [], fields };
  // As long as nothing but this has seen the map, entries are put into it: a copy for each would be quadratic.
  let isOwn = true;
  for (const { key, value: entry } of expr.entries) {
    const held = evaluate(machine, entry);
    if (key === undefined) {
      value = spreadInto(value, held);
      isOwn = false;
      continue;
    }
    const known = typeof key === 'string' ? key : evaluate(machine, key).constant?.value;
    if (typeof known === 'string') reportNamed(machine, known, held, entry);
    if (known === undefined || known === null) value = writeAnyField(value, held);
    else if (isOwn && (fields.size < FIELDS_MAX || fields.has(String(known)))) fields.set(String(known), held);
    else value = writeField(value, String(known), held);
  }
  return value;
}

function spreadInto(value: Value, held: Value): Value {
  let joined = value;
  for (const [name, field] of held.fields ?? []) joined = writeField(joined, name, field);
  if (held.others !== undefined) joined = writeAnyField(joined, held.others);
  // Of what is spread without being known, any field may come.
  if (held.fields === undefined) joined = writeAnyField(joined, tainted(held.taints));
  return held.taints.length === 0 ? joined : { ...joined, taints: joinTaints(joined.taints, held.taints) };
}

function evaluateList(machine: Machine, expr: Extract<Expr, { kind: 'list' }>): Value {
  const fields = new Map<string, Value>();
  let value: Value = { taints: [], paths: [], fields, isList: true };
  let at = 0;
  for (const { value: item, isSpread } of expr.items) {
    const held = evaluate(machine, item);
    if (isSpread === true) value = writeAnyField(value, readAnyField(held));
    else if (fields.size < FIELDS_MAX) fields.set(String(at++), held);
    else value = writeAnyField(value, held);
  }
  return value;
}

function evaluateComprehension(machine: Machine, expr: Extract<Expr, { kind: 'comprehension' }>): Value {
  const before = copyEnv(machine.env);
  for (const { target, iterable, tests } of expr.clauses) {
    assignTo(machine, target, readAnyField(evaluate(machine, iterable)), iterable);
    for (const test of tests) {
      evaluate(machine, test);
      refine(machine, test, true);
    }
  }
  const element = evaluate(machine, expr.element);
  machine.env = joinEnvs(before, machine.env);
  return { taints: [], paths: [], fields: new Map(), others: element, isList: true };
}

function evaluateAssign(machine: Machine, expr: Extract<Expr, { kind: 'assign' }>): Value {
  const { target, operator } = expr;
  if (operator === undefined) {
    const value = evaluate(machine, expr.value);
    assignTo(machine, target, value, expr);
    if (target.kind === 'variable' && target.name.slot >= 0) {
      const { slot } = target.name;
      const isAlone = !machine.definitions.has(slot) || machine.definitions.get(slot) === expr.value;
      machine.definitions.set(slot, isAlone ? expr.value : undefined);
    }
    return value;
  }
  const place = target.kind === 'variable' ? target.name : target.kind === 'place' ? target.place : undefined;
  if (place === undefined) return UNKNOWN;
  if (target.kind === 'variable') machine.definitions.set(target.name.slot, undefined);
  const value = evaluate(machine, {
    kind: 'binary',
    operator,
    left: place,
    right: expr.value,
    start: expr.start,
    end: expr.end,
  });
  assignTo(machine, target, value, expr);
  return value;
}

/** What a class itself has: the fields that all its instances share. */
function withStatics(machine: Machine, object: Value): Value {
  const [cls] = object.classes ?? [];
  return cls === undefined || object.fields !== undefined || machine.rules.language !== 'java'
    ? object
    : { ...object, fields: machine.instances.get(cls)?.fields };
}

/** The type that is written says where the methods are, where the value does not. */
function withType(value: Value, { external, instanceOf }: Value): Value {
  if (value.instanceOf !== undefined || value.constant !== undefined) return value;
  if (instanceOf !== undefined && value.fields === undefined) return { ...value, instanceOf };
  return external === undefined ? value : { ...value, external };
}

/** Gives a target a value: a variable, a property, or the parts of a pattern. */
export function assignTo(machine: Machine, target: Target, value: Value, span: Span): void {
  if (machine.env === undefined) return;
  switch (target.kind) {
    case 'variable': {
      const { name, type } = target;
      const typed = type === undefined ? undefined : typedValue(machine, type);
      const own =
        typed === undefined || typed.paths.length === 0
          ? value
          : { ...withType(value, typed), paths: [...typed.paths, ...value.paths].slice(0, 4) };
      reportNamed(machine, name.name, own, span);
      machine.env.set(name.slot, own.taints.length === 0 ? own : withAssignStep(machine, own, name.name, span));
      return;
    }
    case 'place':
      assignPlace(machine, target.place, value, span);
      return;
    case 'fields':
      for (const { key, target: inner, fallback } of target.fields) {
        const member: MemberExpr = {
          kind: 'member',
          object: { kind: 'unknown', parts: [], ...at(span) },
          property: key,
          nameStart: span.start,
          ...innerSpan(inner, span),
        };
        const held = evaluateMember(machine, member, value);
        assignTo(machine, inner, fallback === undefined ? held : joinValues(held, evaluate(machine, fallback)), span);
      }
      if (target.rest !== undefined) assignTo(machine, target.rest, value, span);
      return;
    case 'items':
      for (const [index, inner] of target.items.entries()) {
        if (inner === undefined) continue;
        const isOne = machine.rules.language === 'go' && value.isList !== true;
        const held = isOne
          ? index === 0
            ? value
            : UNKNOWN
          : (value.fields?.get(String(index)) ?? readAnyField(value));
        assignTo(machine, inner, held, span);
      }
      if (target.rest !== undefined) assignTo(machine, target.rest, value, span);
      return;
  }
}

function at(span: Span): Span {
  return { start: span.start, end: span.end };
}

function innerSpan(target: Target, span: Span): Span {
  return target.kind === 'variable' ? { start: target.name.start, end: target.name.end } : at(span);
}

function withAssignStep(machine: Machine, value: Value, name: string, span: Span): Value {
  const step = { place: placeOf(machine, span), message: `held by ${name}` };
  return {
    ...value,
    taints: value.taints.map((taint) => (taint.origin.kind === 'source' ? addStep(taint, step) : taint)),
  };
}

/** Writes a property or an entry: the object that holds it is another one afterwards. */
export function assignPlace(machine: Machine, place: Expr, value: Value, span: Span): void {
  if (place.kind === 'name') {
    if (machine.env !== undefined) machine.env.set(place.name === 'this' ? machine.frame.thisSlot : place.slot, value);
    return;
  }
  if (place.kind === 'member') {
    const object = evaluate(machine, place.object);
    reportAssign(machine, place, object, value, span);
    reportNamed(machine, place.property, value, span);
    storeExports(machine, place, object, value);
    assignSilently(machine, place.object, writeField(object, place.property, value));
    return;
  }
  if (place.kind === 'index') {
    const object = evaluate(machine, place.object);
    const key = evaluate(machine, place.index);
    reportAssign(machine, place, object, value, span, key);
    const known = key.constant?.value;
    if (typeof known === 'string') reportNamed(machine, known, value, span);
    assignSilently(
      machine,
      place.object,
      known === undefined || known === null ? writeAnyField(object, value) : writeField(object, String(known), value),
    );
    return;
  }
  if (place.kind === 'cast' || place.kind === 'await') assignPlace(machine, place.operand, value, span);
  else if (place.kind !== 'call') evaluate(machine, place);
}

/** `module.exports = …`, `exports.name = …`. */
function storeExports(machine: Machine, place: MemberExpr, object: Value, value: Value): void {
  if (machine.rules.language !== 'javascript') return;
  if (object.paths.includes('module') && place.property === 'exports') {
    machine.exports.set('default', value);
    for (const [name, field] of value.fields ?? []) machine.exports.set(name, field);
  } else if (object.paths.includes('exports') || object.paths.includes('module.exports')) {
    machine.exports.set(place.property, value);
  }
}
