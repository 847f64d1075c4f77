import { sql } from 'kysely';
import { assert, type Clock, isAtLeast, type Log, lowestLevel, TRUST_LEVELS } from '../base/index.ts';
import type { AppendDeps } from '../auditlog/index.ts';
import type { Database } from '../database/index.ts';
import {
  type ActiveInstance,
  type ActiveRun,
  type Act,
  Driver,
  type DriverPort,
  type EngineEvent,
  reusedOutcome,
} from '../engine/index.ts';
import type { JobLease, JobOutcome } from '../protocol/index.ts';
import type { FinishedAttempt } from '../queue/index.ts';
import { emptySchedule } from '../run/index.ts';
import { Batch, type OnEnded, storable } from './batch.ts';
import { loadOpenRuns, type ServerRun } from './started.ts';
import type { RunTables } from './tables.ts';

/** How long a job may wait for a runner with its labels. */
const WAIT_MS_MAX = 24 * 60 * 60_000;
/** Rounds of one step: more means that the state machine does not come to rest. */
const TURNS_MAX = 20_000;

export type RepositoryDriverDeps = Pick<DriverPort, 'gitFor' | 'egressFor'> & {
  readonly db: Database;
  readonly audit: AppendDeps;
  readonly log: Log;
  /** Wall time, and a clock in the same milliseconds that does not jump while the process lives. */
  readonly clock: Clock;
  readonly random: (bytes: number) => Buffer;
  /** What a runner must have for a `runs-on`. */
  readonly labelsOf: (labels: readonly string[]) => readonly string[];
  /** Jobs of one repository that are queued or run at once. */
  readonly jobsMax: number;
  readonly onEnded?: OnEnded | undefined;
};

/** What is told of a run at its begin, and the number of that event: attempts of a run count on. */
export type Announced = { readonly planned: EngineEvent; readonly nextEvent: number };

/**
 * Drives the runs of one repository. What it holds is what the journal tells: each `step` changes it and commits that in one
 * transaction. When that fails this value is worthless, and another one is opened.
 */
export class RepositoryDriver {
  readonly #deps: RepositoryDriverDeps;
  readonly #repositoryId: number;
  readonly #driver: Driver;
  readonly #runs = new Map<number, ServerRun>();
  /** Attempts that were handed to the queue. */
  readonly #jobs = new Map<number, { readonly runId: number; readonly key: string }>();
  /** Numbers that rows of jobs have, by run and key: a job keeps the one that it was first seen with. */
  readonly #jobIds = new Map<string, number>();
  /** Numbers of the next events, by run. */
  readonly #eventSeqs = new Map<number, number>();
  #seq = 1;
  /** What is being made; nothing while acts of the journal are applied again. */
  #batch: Batch | undefined;

  private constructor(deps: RepositoryDriverDeps, repositoryId: number) {
    this.#deps = deps;
    this.#repositoryId = repositoryId;
    this.#driver = new Driver(this.#port(), emptySchedule(deps.jobsMax));
  }

  /** Builds the state again from the database. */
  static async open(deps: RepositoryDriverDeps, repositoryId: number): Promise<RepositoryDriver> {
    const opened = new RepositoryDriver(deps, repositoryId);
    await opened.#replay();
    return opened;
  }

  /** The state, for tests that compare it. */
  get driver(): Driver {
    return this.#driver;
  }

  /** Begins a run whose rows `batch.writes` makes. */
  add(batch: Batch, started: ServerRun, { planned, nextEvent }: Announced): void {
    assert(batch === this.#batch, 'a run is added outside of a step');
    this.#runs.set(started.run.runId, started);
    this.#eventSeqs.set(started.run.runId, nextEvent);
    this.#onEvent(planned);
    this.#driver.add(started.run);
  }

  cancelRun(runId: number, cancel: { readonly force: boolean; readonly reason: string }): void {
    this.#driver.cancelRun(runId, cancel);
  }

  has(runId: number): boolean {
    return this.#runs.has(runId);
  }

  /** The outcome of an attempt, once: what was taken in already is only consumed. */
  finish({ jobId, outcome, lost, leasedAt }: FinishedAttempt): void {
    this.#batch?.consumed.push(jobId);
    const job = this.#jobs.get(jobId);
    if (job === undefined) {
      this.#deps.log.warn('Outcome of a job that is not awaited', { repository: this.#repositoryId, job: jobId });
      return;
    }
    const level = this.#runs.get(job.runId)?.run.permit.level ?? 'untrusted';
    // Whatever a runner says, nothing rises above the ceiling of the run.
    const bounded = { ...outcome, level: lowestLevel(level, outcome.level) };
    // One that no runner had, or whose runner was lost, is told of by nobody else.
    const isTold = leasedAt !== undefined && !lost;
    this.#driver.finish(job.runId, job.key, bounded, {
      ...(isTold ? {} : { reason: outcome.reason ?? 'its runner was lost' }),
      ...(leasedAt === undefined ? {} : { startedAt: leasedAt.getTime() }),
    });
  }

  /** The next time at which there is something to do, in milliseconds since 1970. */
  nextTime(): number | undefined {
    return this.#driver.nextTime();
  }

  /** Changes the state, does all that follows, and commits it. After a failure the driver must not be used again. */
  async step(change: (batch: Batch) => void | Promise<void>): Promise<void> {
    assert(this.#batch === undefined, 'two steps at once');
    const batch = new Batch(this.#repositoryId);
    this.#batch = batch;
    await change(batch);
    for (let turn = 0; await this.#driver.turn(); turn += 1) assert(turn < TURNS_MAX, 'the runs do not come to rest');
    if (!batch.isEmpty) {
      const seq = this.#seq;
      const { db, audit, onEnded } = this.#deps;
      const onJobId = (runId: number, key: string, jobId: number) => this.#jobIds.set(`${runId} ${key}`, jobId);
      await db.transaction((tx) => batch.commit(tx, { audit, seq, onJobId, onEnded }));
      this.#seq += batch.acts.length;
    }
    this.#batch = undefined;
    this.#forgetEnded();
  }

  #forgetEnded(): void {
    for (const { run, status } of this.#driver.schedule.runs) {
      if (status !== 'done') continue;
      this.#driver.machine.forget(run);
      this.#runs.delete(run);
      this.#eventSeqs.delete(run);
      for (const [jobId, { runId }] of this.#jobs) if (runId === run) this.#jobs.delete(jobId);
      for (const key of this.#jobIds.keys()) if (key.startsWith(`${run} `)) this.#jobIds.delete(key);
    }
  }

  async #replay(): Promise<void> {
    const { db, clock } = this.#deps;
    const tables = db.as<RunTables>();
    const id = String(this.#repositoryId);
    for (const started of await loadOpenRuns(db, this.#repositoryId, clock.now())) {
      this.#runs.set(started.run.runId, started);
      this.#driver.machine.register(started.run);
    }
    const last = await tables
      .selectFrom('run_journal')
      .select(({ fn }) => fn.max('seq').as('seq'))
      .where('repository_id', '=', id)
      .executeTakeFirst();
    this.#seq = Number(last?.seq ?? 0) + 1;
    const ids = [...this.#runs.keys()].map(String);
    if (ids.length === 0) return;
    const planned = await tables
      .selectFrom('run_event as event')
      .innerJoin('run_run as run', (join) =>
        join.onRef('run.id', '=', 'event.run_id').onRef('run.attempt', '=', 'event.attempt'),
      )
      .select(['event.event', 'event.run_id'])
      .where('event.run_id', 'in', ids)
      .where('event.kind', '=', 'run-planned')
      .execute();
    for (const { event, run_id: run } of planned) {
      if (event.kind === 'run-planned') this.#announced(Number(run), event.jobs);
    }
    const rows = await tables
      .selectFrom('run_journal as journal')
      .innerJoin('run_run as run', (join) =>
        join.onRef('run.id', '=', 'journal.run_id').onRef('run.attempt', '=', 'journal.attempt'),
      )
      .select(['journal.act', 'journal.next_order'])
      .where('journal.run_id', 'in', ids)
      .orderBy('journal.seq')
      .execute();
    for (const { act, next_order: order } of rows) {
      this.#driver.machine.resumeOrder(Number(order));
      this.#remember(act);
      this.#driver.machine.apply(act);
    }
    const jobs = await tables
      .selectFrom('run_job as job')
      .innerJoin('run_run as run', (join) =>
        join.onRef('run.id', '=', 'job.run_id').onRef('run.attempt', '=', 'job.attempt'),
      )
      .select(['job.run_id', 'job.key', 'job.job_id'])
      .where('job.run_id', 'in', ids)
      .execute();
    for (const { run_id: run, key, job_id: job } of jobs) this.#jobIds.set(`${run} ${key}`, Number(job));
    const seqs = await tables
      .selectFrom('run_event')
      .select(({ fn }) => ['run_id', fn.max('seq').as('seq')])
      .where('run_id', 'in', ids)
      .groupBy('run_id')
      .execute();
    for (const { run_id: run, seq } of seqs) this.#eventSeqs.set(Number(run), Number(seq) + 1);
  }

  #announced(runId: number, jobs: readonly { readonly key: string }[]): void {
    for (const { key } of jobs) this.#runs.get(runId)?.run.announced.add(key);
  }

  /** What is known besides the state of the machine. */
  #remember(act: Act): void {
    if (act.kind === 'started') this.#jobs.set(act.jobId, { runId: act.run, key: act.instance });
  }

  #port(): DriverPort {
    const { clock, random, log, db, gitFor, egressFor } = this.#deps;
    return {
      clock,
      random,
      log,
      onEvent: (event) => this.#onEvent(event),
      refusal: (lease) => refusalOf(lease),
      takeJobId: async (run, { key }) => {
        const known = this.#jobIds.get(`${run.runId} ${storable(key)}`);
        if (known !== undefined) return known;
        const { rows } = await sql<{ id: string }>`select nextval('run_job_id_seq') as id`.execute(db.as<RunTables>());
        return Number(rows[0]?.id);
      },
      wanted: { jobs: [], matrix: {} },
      lease: { builtin: true, debug: false },
      waitMsMax: WAIT_MS_MAX,
      secret: async () => undefined,
      gitFor,
      egressFor,
      reuse: (run, instance) => this.#reused(run, instance),
      unplaced: () => undefined,
      start: ({ run, instance, lease }) => {
        this.#batch?.enqueued.push({
          jobId: lease.job.id,
          runId: run.runId,
          repositoryId: this.#repositoryId,
          labels: this.#deps.labelsOf(instance.planned.runsOn.labels),
          walls: [],
          priority: 0,
          lease,
        });
      },
      cancel: ({ jobId }, cancel) => {
        if (jobId !== undefined) this.#batch?.cancelled.push({ jobId, ...cancel });
      },
      onFinished: async ({ conclusion, finishedAt, jobs }, run) => {
        const levels = jobs.map(({ level }) => level);
        const endLevel = levels.reduce((lowest, level) => lowestLevel(lowest, level), run.permit.level);
        assert(TRUST_LEVELS.includes(endLevel) && isAtLeast(run.permit.level, endLevel), 'a run does not rise');
        this.#batch?.run(run.runId, run.attempt, { state: 'done', conclusion, finishedAt, endLevel });
        this.#batch?.entries.push({
          actor: { type: 'system', id: 'engine' },
          action: 'run.end',
          resource: { type: 'run', id: String(run.runId) },
          outcome: 'allow',
          detail: { repository: this.#repositoryId, attempt: run.attempt, conclusion, level: endLevel },
        });
      },
      onAct: (act, nextOrder) => this.#onAct(act, nextOrder),
    };
  }

  #reused(run: ActiveRun, instance: ActiveInstance): JobOutcome | undefined {
    const { jobs, only } = this.#runs.get(run.runId)?.reuse ?? { jobs: [] };
    return jobs.length === 0 ? undefined : reusedOutcome(run, instance, jobs, only);
  }

  #onAct(act: Act, nextOrder: number): void {
    const batch = this.#batch;
    const run = this.#runs.get(act.run)?.run;
    assert(batch !== undefined && run !== undefined, 'an act outside of a step');
    batch.acts.push({ act, nextOrder, attempt: run.attempt });
    this.#remember(act);
    this.#project(batch, run, act);
  }

  /** What readers see of an act. Ends without a runner are told by events. */
  #project(batch: Batch, run: ActiveRun, act: Act): void {
    const now = this.#deps.clock.now();
    if (act.kind === 'opened') batch.run(run.runId, run.attempt, { state: 'running', startedAt: now });
    if (act.kind === 'expanded' && run.definitions.get(act.definition)?.job.kind === 'job') {
      const definition = act.definition;
      for (const suffix of act.suffixes) batch.job(run, `${definition}${suffix}`, { definition });
    }
    if (act.kind === 'started') batch.job(run, act.instance, { state: 'queued', jobId: act.jobId, queuedAt: now });
    if (act.kind !== 'finished' || run.instances.get(act.instance)?.definition.job.kind !== 'job') return;
    const { conclusion, level, taints, outputs, influencedOutputs, reason } = act.outcome;
    const why = reason ?? run.instances.get(act.instance)?.cancelReason;
    batch.job(run, act.instance, {
      state: 'done',
      conclusion,
      level,
      taints,
      outputs,
      influencedOutputs,
      finishedAt: now,
      ...(act.startedAt === undefined ? {} : { startedAt: act.startedAt }),
      ...(why === undefined || conclusion === 'success' ? {} : { reason: why }),
    });
  }

  #onEvent(event: EngineEvent): void {
    const batch = this.#batch;
    const run = this.#runs.get(event.runId)?.run;
    if (batch === undefined || run === undefined) return;
    const seq = this.#eventSeqs.get(event.runId) ?? 1;
    this.#eventSeqs.set(event.runId, seq + 1);
    batch.events.push({ event, attempt: run.attempt, seq });
    if (event.kind === 'run-planned' || event.kind === 'jobs-added') {
      for (const { key, name, needs } of event.jobs) batch.job(run, key, { name, needs });
    }
    if (event.kind === 'run-planned') this.#announced(event.runId, event.jobs);
    if (event.kind === 'job-ended') {
      const { conclusion, reason } = event;
      batch.job(run, event.job, { state: 'done', conclusion, reason, finishedAt: event.time });
    }
  }
}

/**
 * The queue keeps leases as `jsonb`, which holds neither NUL nor half a surrogate pair. A matrix or a needed output may have them, and
 * must not keep the step of a whole repository from committing.
 */
function refusalOf(lease: JobLease): string | undefined {
  return isPlain(lease) ? undefined : 'a value that the job gets has a NUL or is no Unicode text';
}

function isPlain(value: unknown): boolean {
  if (typeof value === 'string') return !value.includes('\0') && value.isWellFormed();
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([key, member]) => isPlain(key) && isPlain(member));
}
