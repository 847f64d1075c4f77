import type { FileView, Match } from '../finding/index.ts';
import type { LanguageRules } from './compile.ts';
import { assignPlace, assignTo, evaluate, evaluateMember } from './evaluate.ts';
import { executeAll } from './execute.ts';
import { runDeferred, summaryOf } from './functions.ts';
import { Env } from './env.ts';
import type { ClassIr, FileIr, Stmt } from './ir.ts';
import { type Frame, type Machine, WORK_MAX } from './machine.ts';
import { reportRoutes } from './routes.ts';
import { resolveScopes } from './scope.ts';

export type Analysis = { readonly machine: Machine; readonly matches: readonly Match[]; readonly isSpent: boolean };

/** Looks at one file: everything that is plain from it alone, and what other files have to know of it. */
export function analyse(file: FileView, ir: FileIr, rules: LanguageRules): Analysis {
  const variables = resolveScopes(ir);
  const frame: Frame = {
    function: undefined,
    id: 0,
    thisSlot: -2,
    entry: undefined,
    returns: [],
    exit: undefined,
    loops: [],
    throws: [],
    deferred: new Map(),
  };
  const machine: Machine = {
    operations: { evaluate, evaluateMember, assignTo, assignPlace, executeAll },
    rules,
    file,
    ir,
    variables,
    imports: new Set(),
    names: new Map(),
    classes: new Map(),
    instances: new Map(),
    classOf: new Map(),
    ids: new Map(),
    summaries: new Map(),
    summaryOfId: new Map(),
    callbacks: new Map(),
    exports: new Map(),
    definitions: new Map(),
    flows: [],
    flowKeys: new Set(),
    pending: [],
    pendingIds: new Map(),
    matches: new Map(),
    routes: new Map(),
    guarded: new Set(),
    settings: new Map(),
    env: new Env(),
    frame,
    depth: 0,
    work: 0,
  };
  noteNames(machine, ir.body);
  executeAll(machine, ir.body);
  machine.env ??= frame.exit ?? new Env();
  runDeferred(machine);
  for (const cls of machine.classes.values()) {
    for (const method of cls.methods) if (machine.classOf.has(method)) summaryOf(machine, method);
  }
  if (rules.routes.length > 0) reportRoutes(machine);
  return {
    machine,
    matches: [...machine.matches.values()].map(({ match }) => match),
    isSpent: machine.work > WORK_MAX,
  };
}

/** Classes by name, before anything runs: types name them before they stand. */
function noteNames(machine: Machine, body: readonly Stmt[]): void {
  for (const statement of body) {
    if (statement.kind === 'class') noteClass(machine, statement.class, statement.name.name);
    else if (statement.kind === 'import') machine.imports.add(statement.module.replace(/^node:/, ''));
  }
}

function noteClass(machine: Machine, cls: ClassIr, name: string): void {
  machine.classes.set(name, cls);
}
