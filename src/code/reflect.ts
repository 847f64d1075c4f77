import type { CallValues } from './arguments.ts';
import type { Expr, MemberExpr } from './ir.ts';
import type { Machine } from './machine.ts';
import { joinPath } from './pattern.ts';
import type { Value } from './value.ts';

/** Objects whose properties are the global names. */
const GLOBALS =
  /^(?:globalThis|global|window|self|globals\(\)|builtins|__builtins__|__builtin__)$|^(?:builtins|__builtins__)\.__dict__$/;
/** Names that turn text into code, or give what does. Further ones are no secret where they come from. */
const REACHED = new Set([
  'eval',
  'exec',
  'compile',
  'execfile',
  'Function',
  'require',
  'process',
  'setTimeout',
  'setInterval',
  '__import__',
  'getattr',
  'open',
]);

/** The path of a property: `globals()['eval']` and `window.eval` are `eval`, `os.__dict__['system']` is `os.system`. */
export function propertyPath(path: string, property: string): string {
  if (REACHED.has(property) && GLOBALS.test(path)) return property;
  return joinPath(path.endsWith('.__dict__') ? path.slice(0, -'.__dict__'.length) : path, property);
}

const READING = new Set(['getattr', 'builtins.getattr', 'Reflect.get', 'vars']);

export function isReflection(paths: readonly string[]): boolean {
  return paths.some((path) => READING.has(path));
}

/** `this['ev' + 'al']` outside of a class: the global function. */
export function globalOf(object: Expr, property: string, known: Value): readonly string[] {
  const isThis = object.kind === 'name' && object.name === 'this';
  return isThis && REACHED.has(property) && known.paths.length === 0 && known.functions === undefined ? [property] : [];
}

/** `getattr(os, 'system')`, `Reflect.get(object, 'name')`: a property whose name is computed, where it is known. */
export function reflected(machine: Machine, paths: readonly string[], { call, args }: CallValues): Value | undefined {
  const [object, name] = args;
  if (!isReflection(paths)) return undefined;
  if (paths.includes('vars')) return object?.value;
  const property = name?.value.constant?.value;
  if (object === undefined || typeof property !== 'string') return undefined;
  return machine.operations.evaluateMember(machine, memberOf(call, object.arg.value, property), object.value);
}

export function memberOf(call: Expr, object: Expr, property: string): MemberExpr {
  return { kind: 'member', object, property, nameStart: call.start, start: call.start, end: call.end };
}

/** Whether the name of what is called was put together: `getattr(os, 'sys' + 'tem')`, `this['ev' + 'al']`. */
export function isPieced(callee: Expr): boolean {
  if (callee.kind === 'index') return isJoined(callee.index);
  if (callee.kind !== 'call') return false;
  const name = callee.callee.kind === 'name' ? callee.callee.name : '';
  const key = callee.args[1]?.value;
  return name === 'getattr' && key !== undefined && isJoined(key);
}

/** A text that could have been written at once, and was not. */
function isJoined(expr: Expr): boolean {
  if (expr.kind === 'binary' && expr.operator === '+') return true;
  if (expr.kind === 'index') return true;
  return (
    expr.kind === 'call' &&
    expr.callee.kind === 'member' &&
    /^(?:join|decode|replace|slice|__getslice__|reverse|toString)$/.test(expr.callee.property)
  );
}
