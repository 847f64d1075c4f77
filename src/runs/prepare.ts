import { sql } from 'kysely';
import type { ActionStore } from '../actions/index.ts';
import type { Actor as AuditActor, Entry } from '../auditlog/index.ts';
import { type DataObject, isFault, lowestLevel } from '../base/index.ts';
import type { Database, Transaction } from '../database/index.ts';
import {
  activeRun,
  calledWorkflows,
  type CommitFiles,
  type EngineEvent,
  pinDirectUses,
  type ReadLock,
  summariesOf,
} from '../engine/index.ts';
import { type Event, githubContext } from '../event/index.ts';
import { planWorkflow } from '../plan/index.ts';
import type { Conclusion } from '../protocol/index.ts';
import type { Diagnostic, Workflow, WorkflowReader } from '../workflow/index.ts';
import { storable } from './batch.ts';
import { decide, type ServerRun } from './started.ts';
import type { RunTables } from './tables.ts';

const LOCK_PATH = '.github/workflows/actions.lock';
const DIGESTS_PATH = '.github/workflows/actions.digests.json';
/** What logs and artifacts are kept for by default, as GitHub says it. */
const RETENTION_DAYS = 90;
/** Remarks and diagnostics of one run that are kept. */
const NOTES_MAX = 100;

export type PrepareDeps = {
  readonly db: Database;
  readonly reader: WorkflowReader;
  readonly actions: ActionStore;
  readonly readLock: ReadLock;
  readonly isBuiltin: Parameters<typeof pinDirectUses>[2]['isBuiltin'];
  readonly serverUrl: string;
  readonly retentionDays?: number;
  readonly now: () => number;
};

export type Asked = {
  readonly event: Event;
  /** Who caused it, for the audit log. */
  readonly actor: AuditActor;
  /** What it is made of: the same cause never makes two runs of one workflow. */
  readonly cause?: string;
  readonly chainDepth: number;
  readonly vars: DataObject;
  readonly files: CommitFiles;
};

/** A run before it is in the database. */
export type Prepared = {
  readonly runId: number;
  /** Of one that is to run. */
  readonly started?: { readonly run: ServerRun; readonly planned: EngineEvent };
  readonly problems: readonly Diagnostic[];
  readonly denied: boolean;
  readonly entries: readonly Entry[];
  write(tx: Transaction): Promise<void>;
  /** Events of one that never runs. */
  readonly events: readonly EngineEvent[];
};

/** Plans one workflow for an event and asks the gate. What can't be planned or is denied is a run, too: one that failed. */
export async function prepareRun(workflow: Workflow, asked: Asked, deps: PrepareDeps): Promise<Prepared> {
  const { event } = asked;
  const now = deps.now();
  const numbers = await takeNumbers(deps.db, event.repository.id, workflow.path);
  const runs = { ...numbers, attempt: 1 };
  const github = githubContext(event, {
    ...runs,
    workflowName: workflow.name ?? workflow.path,
    workflowPath: workflow.path,
    serverUrl: deps.serverUrl,
    retentionDays: deps.retentionDays ?? RETENTION_DAYS,
  });
  const notes = [...event.notes];
  const name = { path: workflow.path, name: workflow.name ?? workflow.path };
  try {
    const lock = deps.readLock(
      await asked.files.readText(event.sha, LOCK_PATH),
      await asked.files.readText(event.sha, DIGESTS_PATH),
    );
    const planning = await planWorkflow({
      event,
      workflow,
      github,
      vars: asked.vars,
      readWorkflow: calledWorkflows({ ...deps, files: asked.files, commit: event.sha, ...lock }),
      ...lock,
    });
    if (!planning.ok) return failed(runs, { asked, name, now, problems: planning.errors });
    const pinned = await pinDirectUses(planning.plan, notes, { ...deps, builtin: true });
    const { plan, digest } = pinned ?? planning;
    const decision = decide(plan, digest, { event, now });
    if (!decision.permitted) {
      const problems = decision.denials.map(({ rule, message, remedy }): Diagnostic => {
        return { file: workflow.path, line: 1, column: 1, code: `gate/${rule}`, message, remedy };
      });
      return failed(runs, { asked, name, now, problems, denied: true });
    }
    notes.push(...planning.notes, ...decision.withheld.map(({ message }) => message));
    const run = activeRun(
      runs,
      { plan, digest, event, github: planning.github, vars: asked.vars },
      { permit: decision.permit, now },
    );
    const started = { run, repositoryId: event.repository.id, reuse: { jobs: [] } };
    return begun(started, { asked, now, notes, runName: planning.runName });
  } catch (thrown) {
    // A fault says what is wrong with the files of the commit; anything else is ours and takes the step back.
    if (!isFault(thrown)) throw thrown;
    const { line, column } = thrown.at ?? { line: 1, column: 1 };
    const problem = { file: workflow.path, line, column, code: thrown.code, message: thrown.message };
    return failed(runs, { asked, name, now, problems: [{ ...problem, remedy: thrown.help }] });
  }
}

/** A workflow file that can't be read gives a run that says where it is wrong. */
export async function prepareUnreadable(
  path: string,
  problems: readonly Diagnostic[],
  { asked, deps }: { readonly asked: Asked; readonly deps: PrepareDeps },
): Promise<Prepared> {
  const numbers = await takeNumbers(deps.db, asked.event.repository.id, path);
  return failed({ ...numbers, attempt: 1 }, { asked, name: { path, name: path }, now: deps.now(), problems });
}

type Numbers = { readonly runId: number; readonly runNumber: number; readonly attempt: number };

/** Numbers are never given twice. One that was taken for a step that failed is lost. */
async function takeNumbers(
  db: Database,
  repositoryId: number,
  path: string,
): Promise<{ readonly runId: number; readonly runNumber: number }> {
  const { rows } = await sql<{ id: string; number: string }>`
    insert into run_number as known (repository_id, workflow_path, last) values (${String(repositoryId)}, ${path}, 1)
    on conflict (repository_id, workflow_path) do update set last = known.last + 1
    returning nextval('run_id_seq') as id, last as number`.execute(db.as<RunTables>());
  return { runId: Number(rows[0]?.id), runNumber: Number(rows[0]?.number) };
}

function begun(
  started: ServerRun,
  rest: { readonly asked: Asked; readonly now: number; readonly notes: readonly string[]; readonly runName: string },
): Prepared {
  const { run } = started;
  const { asked, now } = rest;
  const runName = rest.runName === '' ? run.plan.workflow.name : rest.runName;
  const notes = rest.notes.slice(0, NOTES_MAX);
  const planned = plannedEvent(started, { runName, notes, now });
  const row = runRow(run, { asked, name: run.plan.workflow, now, runName, notes });
  const level = lowestLevel(run.plan.level, run.permit.level);
  return {
    runId: run.runId,
    started: { run: started, planned },
    problems: [],
    denied: false,
    events: [],
    entries: [entryOf(asked, run.runId, 'run.start', { level, plan: run.planDigest, attempt: 1 })],
    async write(tx) {
      await tx
        .as<RunTables>()
        .insertInto('run_run')
        .values({ ...row, level, state: 'waiting', conclusion: null, end_level: null, finished_at: null })
        .execute();
      await writeAttempt(tx, started, asked);
    },
  };
}

export function plannedEvent(
  { run }: ServerRun,
  { runName, notes, now }: { readonly runName: string; readonly notes: readonly string[]; readonly now: number },
): EngineEvent {
  return {
    kind: 'run-planned',
    time: now,
    runId: run.runId,
    workflow: run.plan.workflow,
    runName,
    event: run.plan.event.name,
    level: lowestLevel(run.plan.level, run.permit.level),
    taints: run.plan.taints,
    planDigest: run.planDigest,
    jobs: summariesOf({ key: undefined, name: '', workflow: run.plan.root }, { jobs: [], matrix: {} }),
    notes,
  };
}

/** What an attempt begins with. */
export async function writeAttempt(
  tx: Transaction,
  { run, reuse }: ServerRun,
  { actor, event }: Pick<Asked, 'actor' | 'event'>,
): Promise<void> {
  await tx
    .as<RunTables>()
    .insertInto('run_attempt')
    .values({
      run_id: String(run.runId),
      attempt: run.attempt,
      actor_type: actor.type,
      actor_id: actor.id,
      actor_login: storable(event.actor.login),
      plan: JSON.stringify(run.plan),
      plan_digest: run.planDigest,
      event: JSON.stringify(run.event),
      github: JSON.stringify(run.github),
      vars: JSON.stringify(run.vars),
      reuse: JSON.stringify(reuse),
      started_at: new Date(run.startedAt),
      finished_at: null,
      conclusion: null,
    })
    .execute();
}

function failed(
  numbers: Numbers,
  rest: {
    readonly asked: Asked;
    readonly name: { readonly path: string; readonly name: string };
    readonly now: number;
    readonly problems: readonly Diagnostic[];
    readonly denied?: boolean;
  },
): Prepared {
  const { asked, name, now, denied = false } = rest;
  const { event } = asked;
  const problems = rest.problems.slice(0, NOTES_MAX);
  const { runId } = numbers;
  const conclusion: Conclusion = 'failure';
  const row = runRow(numbers, { asked, name, now, runName: name.name, notes: [] });
  const rules = problems.map(({ code }) => code).slice(0, 10);
  const planned: EngineEvent = {
    kind: 'run-planned',
    time: now,
    runId,
    workflow: name,
    runName: name.name,
    event: event.name,
    level: event.level,
    taints: event.taints,
    planDigest: '',
    jobs: [],
    // Readers get the problems themselves, with what to do about each.
    notes: [],
  };
  return {
    runId,
    problems,
    denied,
    events: [planned, { kind: 'run-finished', time: now, runId, conclusion, durationMs: 0, jobs: [] }],
    entries: [
      denied
        ? { ...entryOf(asked, runId, 'run.deny', { level: event.level, rules }), outcome: 'deny' }
        : { ...entryOf(asked, runId, 'run.refuse', { level: event.level, codes: rules }), outcome: 'error' },
    ],
    async write(tx) {
      await tx
        .as<RunTables>()
        .insertInto('run_run')
        .values({
          ...row,
          level: event.level,
          end_level: event.level,
          state: 'done',
          conclusion: 'failure',
          diagnostics: JSON.stringify(problems),
          finished_at: new Date(now),
          // Nothing follows from what never ran.
          requested_followed: true,
          progress_followed: true,
          completed_followed: true,
        })
        .execute();
    },
  };
}

function runRow(
  { runId, runNumber, attempt }: Numbers,
  rest: {
    readonly asked: Asked;
    readonly name: { readonly path: string; readonly name: string };
    readonly now: number;
    readonly runName: string;
    readonly notes: readonly string[];
  },
) {
  const { asked, name, now, runName, notes } = rest;
  const { event, actor, cause, chainDepth } = asked;
  return {
    id: String(runId),
    repository_id: String(event.repository.id),
    run_number: String(runNumber),
    workflow_path: storable(name.path),
    workflow_name: storable(name.name),
    run_name: storable(runName),
    event: event.name,
    ref: event.ref,
    sha: event.sha,
    actor_type: actor.type,
    actor_id: actor.id,
    actor_login: storable(event.actor.login),
    taints: JSON.stringify(event.taints),
    notes: JSON.stringify(notes),
    diagnostics: '[]',
    attempt,
    cause: cause === undefined ? null : `${cause} ${storable(name.path)}`,
    chain_depth: chainDepth,
    created_at: new Date(now),
    started_at: null,
    requested_followed: false,
    progress_followed: false,
    completed_followed: false,
  };
}

export function entryOf(
  { actor, event }: Pick<Asked, 'actor' | 'event'>,
  runId: number,
  action: string,
  detail: DataObject,
): Entry {
  return {
    actor,
    action,
    resource: { type: 'run', id: String(runId) },
    outcome: 'allow',
    detail: { repository: event.repository.id, event: event.name, ref: event.ref, sha: event.sha, ...detail },
  };
}
