import { type DataObject, isDataObject, type TrustLevel, lowestLevel } from '../base/index.ts';
import { activeRun, type EarlierJob } from '../engine/index.ts';
import { checkDispatchInputs, dispatchEvent, repositoryDispatchEvent } from '../event/index.ts';
import { digestOfPlan } from '../plan/index.ts';
import type { Diagnostic, Workflow } from '../workflow/index.ts';
import type { Principal } from './deps.ts';
import { fault } from './faults.ts';
import { type Asked, entryOf, plannedEvent, type Prepared, prepareRun, writeAttempt } from './prepare.ts';
import { runsOfEvent } from './ref-changes.ts';
import { openPlace, originOf, type Place } from './repository.ts';
import { permitFor, type ServerRun } from './started.ts';
import type { Reuse, RunTables } from './tables.ts';
import { begin, type Work } from './work.ts';

/** GitHub's bounds. */
const TYPE_CHARACTERS_MAX = 100;
const PAYLOAD_MEMBERS_MAX = 10;
const PAYLOAD_CHARACTERS_MAX = 65_535;
const ATTEMPTS_MAX = 50;

/** Whether the principal may is asked by the door, in one place. `levelMax`: of a job that asks; a job without one is untrusted. */
export type Order = { readonly principal: Principal; readonly levelMax?: TrustLevel };

export type DispatchOrder = Order & {
  readonly repositoryId: number;
  /** A path, or the name of a file in `.github/workflows`. */
  readonly workflow: string;
  /** A branch or a tag. */
  readonly ref: string;
  readonly inputs: { readonly [name: string]: string };
};

/** Starts one workflow by hand. Faults: `runs/ref-missing`, `-workflow-missing`, `-not-dispatchable`, `-inputs-invalid`. */
export async function dispatch(engine: Work, order: DispatchOrder): Promise<{ readonly runIds: number[] }> {
  const { deps } = engine;
  const place = await openPlace(deps, order.repositoryId);
  const { ref, sha } = await refOf(place, order.ref);
  const path = order.workflow.includes('/') ? order.workflow : `.github/workflows/${order.workflow}`;
  const workflow = await workflowAt(engine, place, { sha, path });
  const trigger = workflow.on.find(({ event }) => event === 'workflow_dispatch');
  if (trigger === undefined) throw fault('not-dispatchable', `${path} at ${order.ref}`);
  const checked = checkDispatchInputs(trigger.inputs ?? [], order.inputs);
  if (!checked.ok) throw fault('inputs-invalid', checked.problems.map(({ message }) => message).join('; '));
  const origin = await originOf(deps, place, actorOf(order.principal));
  const event = bounded(dispatchEvent(origin, { ref, sha, workflow: path, inputs: order.inputs }), order);
  const asked = askedBy(place, order, event);
  const prepared = await prepareRun(workflow, asked, { ...deps, now: () => deps.clock.now() });
  await beginAll(engine, order.repositoryId, [prepared]);
  refuseProblems(prepared);
  return { runIds: [prepared.runId] };
}

/** Starts what waits for an event of another system, on the default branch. */
export async function repositoryDispatch(
  engine: Work,
  order: Order & {
    readonly repositoryId: number;
    readonly type: string;
    readonly payload: { readonly [key: string]: unknown };
  },
): Promise<{ readonly runIds: number[] }> {
  const { type } = order;
  const payload = payloadOf(order.payload);
  if (type === '' || type.length > TYPE_CHARACTERS_MAX || payload === undefined) {
    throw fault('type-invalid', `the type ${JSON.stringify(type.slice(0, 100))}`);
  }
  const { deps } = engine;
  const place = await openPlace(deps, order.repositoryId);
  const { sha } = await refOf(place, place.repository.defaultBranch);
  const origin = await originOf(deps, place, actorOf(order.principal));
  const event = bounded(repositoryDispatchEvent(origin, { sha, type, payload }), order);
  const prepared = await runsOfEvent(event, { place, deps, actor: actorOf(order.principal), chainDepth: 0 });
  await beginAll(engine, order.repositoryId, prepared);
  return { runIds: prepared.map(({ runId }) => runId) };
}

/** Plain JSON with few members. */
function payloadOf(payload: { readonly [key: string]: unknown }): DataObject | undefined {
  const text = JSON.stringify(payload);
  const copy: unknown = JSON.parse(text);
  const isFit = Object.keys(payload).length <= PAYLOAD_MEMBERS_MAX && text.length <= PAYLOAD_CHARACTERS_MAX;
  return isFit && isPlainData(copy) ? copy : undefined;
}

function isPlainData(value: unknown): value is DataObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && isDataObject(value as DataObject);
}

/** A branch or a tag, by its name. Fault: `runs/ref-missing`. */
export async function refOf(place: Place, name: string): Promise<{ readonly ref: string; readonly sha: string }> {
  const names = name.startsWith('refs/') ? [name] : [`refs/heads/${name}`, `refs/tags/${name}`];
  for (const ref of names.filter((one) => /^refs\/(?:heads|tags)\//.test(one))) {
    const sha = await place.reader.resolve(ref);
    if (sha !== undefined) return { ref, sha };
  }
  throw fault('ref-missing', `there is no branch or tag ${JSON.stringify(name.slice(0, 100))}`);
}

async function workflowAt(
  engine: Work,
  place: Place,
  { sha, path }: { readonly sha: string; readonly path: string },
): Promise<Workflow> {
  const paths = await place.files.listWorkflows(sha);
  const text = paths.includes(path) ? await place.files.readText(sha, path) : undefined;
  if (text === undefined) throw fault('workflow-missing', `there is no ${JSON.stringify(path.slice(0, 200))}`);
  const reading = await engine.deps.reader.readWorkflow(path, text);
  if (!reading.ok) throw fault('workflow-invalid', placesOf(reading.errors));
  return reading.value;
}

function placesOf(problems: readonly Diagnostic[]): string {
  const shown = problems.slice(0, 10);
  return shown.map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`).join('; ');
}

function refuseProblems({ problems, denied }: Prepared): void {
  if (problems.length > 0) throw fault(denied ? 'not-permitted' : 'workflow-invalid', placesOf(problems));
}

function actorOf({ kind, id }: Principal): Asked['actor'] {
  return { type: kind, id };
}

function askedBy(place: Place, { principal }: Order, event: Asked['event']): Asked {
  return { event, actor: actorOf(principal), chainDepth: 0, vars: place.vars, files: place.files };
}

/** What a job starts is never above the job. */
function bounded(event: Asked['event'], { principal, levelMax }: Order): Asked['event'] {
  const max = levelMax ?? (principal.kind === 'job' ? 'untrusted' : 'branch');
  const level = lowestLevel(event.level, max);
  if (level === event.level) return event;
  const source = `it was started by a job at ${level}`;
  return { ...event, level, taints: [...event.taints, { level, cause: 'dispatch', source }] };
}

async function beginAll(engine: Work, repositoryId: number, prepared: readonly Prepared[]): Promise<void> {
  if (prepared.length === 0) return;
  await engine.lane(repositoryId).run(async (driver, step) =>
    step((batch) => {
      for (const one of prepared) begin(driver, batch, one);
    }),
  );
}

/** Ends a run. `force`: at once, without its `always()` steps. Faults: `runs/not-found`, `runs/finished`. */
export async function cancel(
  engine: Work,
  { principal, runId, force }: Order & { readonly runId: number; readonly force: boolean },
): Promise<void> {
  const row = await rowOf(engine, runId);
  await engine.lane(Number(row.repository_id)).run(async (driver, step) => {
    if (!driver.has(runId)) throw fault('finished', `run ${runId} is over`);
    await step((batch) => {
      const reason = `${force ? 'cancelled by force' : 'cancelled'} by ${principal.name}`;
      driver.cancelRun(runId, { force, reason });
      batch.entries.push({
        actor: actorOf(principal),
        action: 'run.cancel',
        resource: { type: 'run', id: String(runId) },
        outcome: 'allow',
        detail: { repository: Number(row.repository_id), force, level: row.level },
      });
    });
  });
}

export type RerunOrder = Order & {
  readonly runId: number;
  /** `job`: its number in any attempt, or its key. */
  readonly only: 'all' | 'failed' | { readonly job: number | string };
};

/**
 * A further attempt of a run: the same plan, commit, variables and level, whoever asks. Faults: `runs/not-found`, `-not-finished`,
 * `-nothing-to-repeat`, `-job-missing`.
 */
export async function rerun(engine: Work, order: RerunOrder): Promise<{ readonly attempt: number }> {
  const { deps } = engine;
  const { principal, runId } = order;
  const { repository_id: repositoryId } = await rowOf(engine, runId);
  const login = await deps.loginOf(actorOf(principal));
  return engine.lane(Number(repositoryId)).run(async (driver, step) => {
    // In the lane: nothing of this run goes on meanwhile.
    const row = await rowOf(engine, runId);
    if (row.state !== 'done' || driver.has(runId)) throw fault('not-finished', `run ${runId} goes on`);
    if (row.attempt >= ATTEMPTS_MAX) throw fault('too-many', `run ${runId} has ${row.attempt} attempts`);
    const before = await attemptOf(engine, runId, row.attempt);
    const reuse = await reuseOf(engine, { runId, attempt: row.attempt }, order.only);
    const attempt = row.attempt + 1;
    const nextEvent = await nextEventOf(engine, runId);
    const now = deps.clock.now();
    const digest = digestOfPlan(before.plan);
    if (digest !== before.plan_digest)
      throw fault('not-permitted', `the plan of run ${runId} is not the one it began with`);
    const github = { ...before.github, run_attempt: String(attempt), triggering_actor: login.login };
    const run = activeRun(
      { runId, runNumber: Number(row.run_number), attempt },
      { plan: before.plan, digest, event: before.event, github, vars: before.vars },
      { permit: permitFor(before.plan, digest, { event: before.event, now }), now },
    );
    const started: ServerRun = { run, repositoryId: Number(repositoryId), reuse };
    const asked = { actor: actorOf(principal), event: { ...before.event, actor: login } };
    await step((batch) => {
      batch.writes.push(async (tx) => {
        await tx
          .as<RunTables>()
          .updateTable('run_run')
          .set({
            attempt,
            state: 'waiting',
            conclusion: null,
            end_level: null,
            started_at: null,
            finished_at: null,
            progress_followed: false,
            completed_followed: false,
            logs_removed_at: null,
          })
          .where('id', '=', String(runId))
          .where('attempt', '=', row.attempt)
          .executeTakeFirstOrThrow();
        await writeAttempt(tx, started, asked);
      });
      const only = typeof order.only === 'string' ? order.only : 'job';
      batch.entries.push(entryOf(asked, runId, 'run.rerun', { level: run.permit.level, attempt, only }));
      const planned = plannedEvent(started, { runName: row.run_name, notes: row.notes, now });
      driver.add(batch, started, { planned, nextEvent });
    });
    return { attempt };
  });
}

async function rowOf(engine: Work, runId: number) {
  const row = await engine.deps.db
    .as<RunTables>()
    .selectFrom('run_run')
    .selectAll()
    .where('id', '=', String(runId))
    .executeTakeFirst();
  if (row === undefined) throw fault('not-found', `there is no run ${runId}`);
  return row;
}

async function nextEventOf(engine: Work, runId: number): Promise<number> {
  const last = await engine.deps.db
    .as<RunTables>()
    .selectFrom('run_event')
    .select(({ fn }) => fn.max('seq').as('seq'))
    .where('run_id', '=', String(runId))
    .executeTakeFirst();
  return Number(last?.seq ?? 0) + 1;
}

async function attemptOf(engine: Work, runId: number, attempt: number) {
  const row = await engine.deps.db
    .as<RunTables>()
    .selectFrom('run_attempt')
    .selectAll()
    .where('run_id', '=', String(runId))
    .where('attempt', '=', attempt)
    .executeTakeFirst();
  // It was refused before it had one.
  if (row === undefined)
    throw fault('nothing-to-repeat', `run ${runId} never began: push a commit that can be planned`);
  return row;
}

async function reuseOf(
  engine: Work,
  { runId, attempt }: { readonly runId: number; readonly attempt: number },
  only: RerunOrder['only'],
): Promise<Reuse> {
  if (only === 'all') return { jobs: [] };
  const rows = await engine.deps.db
    .as<RunTables>()
    .selectFrom('run_job')
    .selectAll()
    .where('run_id', '=', String(runId))
    .where('attempt', '<=', attempt)
    .execute();
  const jobs = rows.filter((row) => row.attempt === attempt).flatMap(earlierJob);
  if (only === 'failed') {
    if (jobs.every(({ conclusion }) => conclusion === 'success')) {
      throw fault('nothing-to-repeat', `all jobs of run ${runId} succeeded`);
    }
    return { jobs };
  }
  const named = rows.find(({ job_id: id, key }) => (typeof only.job === 'number' ? Number(id) : key) === only.job);
  const chosen = jobs.find(({ key }) => key === named?.key);
  if (chosen === undefined) throw fault('job-missing', `run ${runId} has no job ${only.job} that ended`);
  return { jobs, only: chosen.definition };
}

function earlierJob(row: {
  readonly key: string;
  readonly definition: string | null;
  readonly conclusion: EarlierJob['conclusion'] | null;
  readonly outputs: EarlierJob['outputs'] | null;
  readonly influenced_outputs: readonly string[] | null;
  readonly level: TrustLevel | null;
  readonly taints: readonly EarlierJob['taints'][number][] | null;
}): readonly EarlierJob[] {
  const { key, definition, conclusion, outputs, influenced_outputs: influenced, level, taints } = row;
  if (definition === null || conclusion === null || outputs === null || level === null) return [];
  return [
    {
      key,
      definition,
      conclusion,
      outputs,
      influencedOutputs: [...(influenced ?? [])],
      level,
      taints: [...(taints ?? [])],
    },
  ];
}
