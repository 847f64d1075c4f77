import { evaluate, assignTo, truthOf } from './evaluate.ts';
import { analyseClass, declareFunction } from './functions.ts';
import { importName, exportNames } from './modules.ts';
import type { Expr, Stmt } from './ir.ts';
import { copyEnv, isSameEnv, isSpent, joinEnvs, leaveByThrow, LOOP_ROUNDS_MAX, type Machine } from './machine.ts';
import { refine } from './refine.ts';
import { reportReturn } from './report.ts';
import { readAnyField, UNKNOWN, type Value } from './value.ts';

/** Goes through statements in order, until one does not go on. */
export function executeAll(machine: Machine, body: readonly Stmt[]): void {
  for (const statement of body) {
    if (statement.kind === 'function') declareFunction(machine, statement.name, statement.function);
  }
  for (const statement of body) {
    if (machine.env === undefined || isSpent(machine)) return;
    execute(machine, statement);
  }
}

function execute(machine: Machine, statement: Stmt): void {
  switch (statement.kind) {
    case 'expression':
      evaluate(machine, statement.expr);
      return;
    case 'declare':
      assignTo(machine, statement.target, UNKNOWN, statement);
      return;
    case 'assign':
      evaluate(machine, { ...statement, kind: 'assign' });
      return;
    case 'block':
      executeAll(machine, statement.body);
      return;
    case 'if':
      executeIf(machine, statement);
      return;
    case 'loop':
      executeLoop(machine, statement);
      return;
    case 'switch':
      executeSwitch(machine, statement);
      return;
    case 'try':
      executeTry(machine, statement);
      return;
    case 'return':
      executeReturn(machine, statement);
      return;
    case 'throw':
      if (statement.value !== undefined) evaluate(machine, statement.value);
      leaveByThrow(machine);
      return;
    case 'break':
    case 'continue':
      executeJump(machine, statement.kind);
      return;
    case 'function':
      return;
    case 'class': {
      const value = analyseClass(machine, statement.class);
      machine.env?.set(statement.name.slot, value);
      return;
    }
    case 'import':
      for (const { name, imported } of statement.names) {
        const value = importName(machine, statement.module, imported);
        machine.env?.set(name.slot, value);
        machine.names.set(name.name, value);
      }
      machine.imports.add(statement.module.replace(/^node:/, ''));
      return;
    case 'export':
      exportNames(machine, statement);
      return;
  }
}

function executeIf(machine: Machine, statement: Extract<Stmt, { kind: 'if' }>): void {
  const test = evaluate(machine, statement.test);
  const truth = truthOf(test);
  const before = machine.env;
  if (truth !== undefined) {
    refine(machine, statement.test, truth);
    executeAll(machine, truth ? statement.body : statement.otherwise);
    return;
  }
  machine.env = copyEnv(before);
  refine(machine, statement.test, true);
  executeAll(machine, statement.body);
  const then = machine.env;
  machine.env = copyEnv(before);
  refine(machine, statement.test, false);
  executeAll(machine, statement.otherwise);
  machine.env = joinEnvs(then, machine.env);
}

function executeLoop(machine: Machine, loop: Extract<Stmt, { kind: 'loop' }>): void {
  executeAll(machine, loop.init);
  const frame = { breaks: undefined, continues: undefined };
  machine.frame.loops.push(frame);
  const depth = machine.frame.loops.length;
  const rounds = depth > 3 ? 1 : depth > 2 ? 2 : LOOP_ROUNDS_MAX;
  const iterable = loop.each === undefined ? undefined : evaluate(machine, loop.each.iterable);
  let after = loop.isPostTest === true ? undefined : testLoop(machine, loop, true);
  for (let round = 0; round < rounds && machine.env !== undefined; round += 1) {
    const before = machine.env;
    machine.env = copyEnv(before);
    bindEach(machine, loop, iterable);
    executeAll(machine, loop.body);
    machine.env = joinEnvs(machine.env, frame.continues);
    frame.continues = undefined;
    if (loop.update !== undefined && machine.env !== undefined) evaluate(machine, loop.update);
    const behind = copyEnv(machine.env);
    machine.env = joinEnvs(copyEnv(before), machine.env);
    if (isSameEnv(before, machine.env)) {
      after = joinEnvs(after, loop.isPostTest === true ? behind : machine.env);
      break;
    }
    after = joinEnvs(after, loop.isPostTest === true ? behind : testLoop(machine, loop, false));
  }
  machine.frame.loops.pop();
  machine.env = after;
  if (machine.env !== undefined) executeAll(machine, loop.otherwise);
  machine.env = joinEnvs(machine.env, frame.breaks);
}

/** The environment in which the loop is left because its test fails; `machine.env` is then where it goes on. */
function testLoop(machine: Machine, loop: Extract<Stmt, { kind: 'loop' }>, isFirst: boolean): Machine['env'] {
  if (loop.test === undefined) return loop.each === undefined ? undefined : copyEnv(machine.env);
  const truth = truthOf(evaluate(machine, loop.test));
  if (truth === true && isFirst) {
    // Known to be gone through at least once: what was before is not what is behind, unless a round changes nothing.
    return undefined;
  }
  const left = truth === true ? undefined : copyEnv(machine.env);
  if (truth === false) machine.env = undefined;
  else refine(machine, loop.test, true);
  return left;
}

function bindEach(machine: Machine, loop: Extract<Stmt, { kind: 'loop' }>, iterable: Value | undefined): void {
  if (loop.each === undefined || iterable === undefined) return;
  // Keys that a client chose are tainted, those of an object that the program made are not.
  const element = loop.each.keys === true ? { ...UNKNOWN, taints: iterable.taints } : elementOf(iterable);
  assignTo(machine, loop.each.target, element, loop.each.iterable);
}

/** What a loop over a value gives each time. Maps of Python give keys; what is tainted as a whole gives tainted ones. */
export function elementOf(value: Value): Value {
  return readAnyField(value);
}

function executeSwitch(machine: Machine, statement: Extract<Stmt, { kind: 'switch' }>): void {
  const subject = statement.subject === undefined ? undefined : evaluate(machine, statement.subject);
  const before = machine.env;
  const frame = { breaks: undefined, continues: undefined };
  if (statement.falls) machine.frame.loops.push(frame);
  const chosen = chooseCase(machine, statement, subject);
  let after: Machine['env'];
  let fallen: Machine['env'];
  let hasDefault = false;
  for (const [at, { tests, body }] of statement.cases.entries()) {
    if (tests === undefined) hasDefault = true;
    const isEntered = chosen === undefined || chosen === at;
    machine.env = isEntered ? joinEnvs(copyEnv(before), fallen) : fallen;
    if (machine.env === undefined) continue;
    if (isEntered && statement.subject === undefined) for (const test of tests ?? []) refine(machine, test, true);
    else if (isEntered && fallen === undefined && tests !== undefined) refineCase(machine, statement.subject, tests);
    executeAll(machine, body);
    if (statement.falls) fallen = machine.env;
    else after = joinEnvs(after, machine.env);
  }
  if (statement.falls) machine.frame.loops.pop();
  const isComplete = hasDefault || (chosen !== undefined && chosen >= 0);
  const passed = isComplete ? undefined : before;
  machine.env = joinEnvs(joinEnvs(joinEnvs(after, fallen), frame.breaks), passed);
  // A `continue` within a switch is one of the loop around.
  const outer = machine.frame.loops.at(-1);
  if (frame.continues !== undefined && outer !== undefined)
    outer.continues = joinEnvs(outer.continues, frame.continues);
}

/** The case of a subject that is known; -1 for none of them; undefined when it is not known. */
function chooseCase(
  machine: Machine,
  statement: Extract<Stmt, { kind: 'switch' }>,
  subject: Value | undefined,
): number | undefined {
  const constant = subject?.constant;
  if (constant === undefined) return undefined;
  let fallback = -1;
  for (const [at, { tests }] of statement.cases.entries()) {
    if (tests === undefined) {
      fallback = at;
      continue;
    }
    for (const test of tests) {
      const value = evaluate(machine, test).constant;
      if (value === undefined) return undefined;
      if (value.value === constant.value) return at;
    }
  }
  return fallback;
}

/** In a case of constants, the subject is one of them. */
function refineCase(machine: Machine, subject: Expr | undefined, tests: readonly Expr[]): void {
  const [first] = tests;
  if (subject === undefined || first === undefined || !tests.every((test) => test.kind === 'literal')) return;
  const span = { start: first.start, end: first.end };
  const list: Expr = { kind: 'list', items: tests.map((value) => ({ value })), ...span };
  refine(machine, { kind: 'binary', operator: 'in', left: subject, right: list, ...span }, true);
}

function executeTry(machine: Machine, statement: Extract<Stmt, { kind: 'try' }>): void {
  const before = copyEnv(machine.env);
  machine.frame.throws.push(undefined);
  executeAll(machine, statement.body);
  const thrown = machine.frame.throws.pop();
  const passed = machine.env;
  if (passed !== undefined) executeAll(machine, statement.otherwise);
  let after = machine.env;
  // Anything in the body may throw: what is known in a `catch` is what was before, or behind.
  const failed = joinEnvs(joinEnvs(before, copyEnv(passed)), thrown);
  for (const { target, body } of statement.catches) {
    machine.env = copyEnv(failed);
    if (machine.env === undefined) continue;
    if (target !== undefined) assignTo(machine, target, UNKNOWN, statement);
    executeAll(machine, body);
    after = joinEnvs(after, machine.env);
  }
  const isLeft = after === undefined;
  machine.env = after ?? (statement.finally.length > 0 ? copyEnv(failed) : undefined);
  if (machine.env !== undefined) executeAll(machine, statement.finally);
  if (isLeft) machine.env = undefined;
}

function executeReturn(machine: Machine, statement: Extract<Stmt, { kind: 'return' }>): void {
  const value = statement.value === undefined ? UNKNOWN : evaluate(machine, statement.value);
  if (statement.value !== undefined) reportReturn(machine, value, statement.value);
  machine.frame.returns.push(value);
  machine.frame.exit = joinEnvs(machine.frame.exit, machine.env);
  machine.env = undefined;
}

function executeJump(machine: Machine, kind: 'break' | 'continue'): void {
  const loop = machine.frame.loops.at(-1);
  if (loop !== undefined) {
    if (kind === 'break') loop.breaks = joinEnvs(loop.breaks, machine.env);
    else loop.continues = joinEnvs(loop.continues, machine.env);
  }
  machine.env = undefined;
}
