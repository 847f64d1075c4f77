import { sql } from 'kysely';
import { type AppendDeps, append, type Entry } from '../auditlog/index.ts';
import type { Taint, TrustLevel } from '../base/index.ts';
import type { Transaction } from '../database/index.ts';
import type { Act, EngineEvent } from '../engine/index.ts';
import type { Conclusion, JobOutcome } from '../protocol/index.ts';
import { type CancelRequest, consumeFinished, enqueue, type QueuedJob, requestCancel } from '../queue/index.ts';
import { type EndedRun, endedRun } from './ended.ts';
import type { RunTables } from './tables.ts';

/** The channel on which readers are told that a run changed, with its id. */
export const RUN_CHANNEL = 'run_changed';
/** Rows of one insert: a statement has at most 65,535 parameters. */
const INSERT_ROWS_MAX = 1000;

type JournalEntry = { readonly act: Act; readonly nextOrder: number; readonly attempt: number };
type EventEntry = { readonly event: EngineEvent; readonly attempt: number; readonly seq: number };

/** What a job's row becomes. Absent stays as it was. */
export type JobPatch = {
  name?: string;
  definition?: string;
  needs?: readonly string[];
  state?: 'waiting' | 'queued' | 'done' | 'running';
  conclusion?: Conclusion;
  reason?: string;
  level?: TrustLevel;
  taints?: readonly Taint[];
  outputs?: JobOutcome['outputs'];
  influencedOutputs?: readonly string[];
  jobId?: number;
  queuedAt?: number;
  startedAt?: number;
  finishedAt?: number;
};

type JobChange = { readonly runId: number; readonly attempt: number; readonly key: string; readonly patch: JobPatch };

export type RunPatch = {
  state?: 'running' | 'done';
  conclusion?: Conclusion;
  endLevel?: TrustLevel;
  startedAt?: number;
  finishedAt?: number;
};

/** All that one step of a repository's driver does to the database: it commits as a whole, or nothing of it happened. */
export class Batch {
  readonly repositoryId: number;
  readonly acts: JournalEntry[] = [];
  readonly events: EventEntry[] = [];
  readonly enqueued: QueuedJob[] = [];
  readonly cancelled: CancelRequest[] = [];
  readonly consumed: number[] = [];
  readonly entries: Entry[] = [];
  /** Rows of other tables that belong to it, first of all. */
  readonly writes: ((tx: Transaction) => Promise<void>)[] = [];
  /** Runs that end with this step without having begun. */
  readonly refused: number[] = [];
  readonly #jobs = new Map<string, JobChange>();
  readonly #runs = new Map<number, { attempt: number; patch: RunPatch }>();

  constructor(repositoryId: number) {
    this.repositoryId = repositoryId;
  }

  get isEmpty(): boolean {
    const lists = [this.acts, this.events, this.enqueued, this.cancelled, this.consumed, this.entries, this.writes];
    return lists.every(({ length }) => length === 0) && this.#jobs.size === 0 && this.#runs.size === 0;
  }

  job(run: { readonly runId: number; readonly attempt: number }, key: string, patch: JobPatch): void {
    const clean = storable(key);
    const id = `${run.runId} ${clean}`;
    const known = this.#jobs.get(id) ?? { runId: run.runId, attempt: run.attempt, key: clean, patch: {} };
    Object.assign(known.patch, patch);
    this.#jobs.set(id, known);
  }

  run(runId: number, attempt: number, patch: RunPatch): void {
    const known = this.#runs.get(runId) ?? { attempt, patch: {} };
    Object.assign(known.patch, patch);
    this.#runs.set(runId, known);
  }

  async commit(
    tx: Transaction,
    deps: {
      readonly audit: AppendDeps;
      readonly seq: number;
      readonly onJobId: OnJobId;
      readonly onEnded?: OnEnded | undefined;
    },
  ): Promise<void> {
    for (const write of this.writes) await write(tx);
    await this.#writeJournal(tx, deps.seq);
    await this.#writeRuns(tx);
    await this.#writeJobs(tx, deps.onJobId);
    await this.#writeEvents(tx);
    if (this.enqueued.length > 0) await enqueue(tx, this.enqueued);
    if (this.cancelled.length > 0) await requestCancel(tx, this.cancelled);
    if (this.consumed.length > 0) await consumeFinished(tx, this.consumed);
    for (const entry of this.entries) await append(tx, entry, deps.audit);
    if (deps.onEnded !== undefined) for (const id of this.#endedRuns()) await deps.onEnded(tx, await endedRun(tx, id));
    await this.#notify(tx);
  }

  #endedRuns(): readonly number[] {
    const ended = [...this.#runs].filter(
      ([, { patch }]) => patch.conclusion !== undefined && patch.finishedAt !== undefined,
    );
    return [...ended.map(([id]) => id), ...this.refused];
  }

  /** The number of an act is taken once: a second driver of the same repository fails here. */
  async #writeJournal(tx: Transaction, seq: number): Promise<void> {
    const rows = this.acts.map(({ act, nextOrder, attempt }, index) => ({
      repository_id: String(this.repositoryId),
      seq: String(seq + index),
      run_id: String(act.run),
      attempt,
      next_order: String(nextOrder),
      act: JSON.stringify(act),
    }));
    for (const part of parts(rows)) await tx.as<RunTables>().insertInto('run_journal').values(part).execute();
  }

  async #writeRuns(tx: Transaction): Promise<void> {
    const tables = tx.as<RunTables>();
    for (const [runId, { attempt, patch }] of this.#runs) {
      const { state, conclusion, endLevel, startedAt, finishedAt } = patch;
      await tables
        .updateTable('run_run')
        .set({
          ...(state === undefined ? {} : { state }),
          ...(conclusion === undefined ? {} : { conclusion }),
          ...(endLevel === undefined ? {} : { end_level: endLevel }),
          ...(startedAt === undefined ? {} : { started_at: new Date(startedAt) }),
          ...(finishedAt === undefined ? {} : { finished_at: new Date(finishedAt) }),
        })
        .where('id', '=', String(runId))
        .execute();
      if (conclusion === undefined || finishedAt === undefined) continue;
      await tables
        .updateTable('run_attempt')
        .set({ conclusion, finished_at: new Date(finishedAt) })
        .where('run_id', '=', String(runId))
        .where('attempt', '=', attempt)
        .execute();
    }
  }

  async #writeJobs(tx: Transaction, onJobId: OnJobId): Promise<void> {
    const rows = [...this.#jobs.values()].map(jobRow);
    for (const part of parts(rows)) {
      const written = await tx
        .as<RunTables>()
        .insertInto('run_job')
        .values(part)
        .onConflict((on) =>
          on.columns(['run_id', 'attempt', 'key']).doUpdateSet({
            state: sql`excluded.state`,
            definition: sql`coalesce(excluded.definition, run_job.definition)`,
            conclusion: sql`coalesce(excluded.conclusion, run_job.conclusion)`,
            reason: sql`coalesce(excluded.reason, run_job.reason)`,
            level: sql`coalesce(excluded.level, run_job.level)`,
            taints: sql`coalesce(excluded.taints, run_job.taints)`,
            outputs: sql`coalesce(excluded.outputs, run_job.outputs)`,
            influenced_outputs: sql`coalesce(excluded.influenced_outputs, run_job.influenced_outputs)`,
            queued_at: sql`coalesce(excluded.queued_at, run_job.queued_at)`,
            started_at: sql`coalesce(excluded.started_at, run_job.started_at)`,
            finished_at: sql`coalesce(excluded.finished_at, run_job.finished_at)`,
          }),
        )
        .returning(['run_id', 'key', 'job_id'])
        .execute();
      for (const { run_id: run, key, job_id: job } of written) onJobId(Number(run), key, Number(job));
    }
  }

  async #writeEvents(tx: Transaction): Promise<void> {
    const rows = this.events.map(({ event, attempt, seq }) => ({
      run_id: String(event.runId),
      seq: String(seq),
      attempt,
      kind: event.kind,
      event: JSON.stringify(event),
    }));
    for (const part of parts(rows)) await tx.as<RunTables>().insertInto('run_event').values(part).execute();
  }

  async #notify(tx: Transaction): Promise<void> {
    const ids = new Set([...this.#runs.keys(), ...this.acts.map(({ act }) => act.run)]);
    for (const { runId } of this.#jobs.values()) ids.add(runId);
    for (const { event } of this.events) ids.add(event.runId);
    for (const id of ids) await sql`select pg_notify(${RUN_CHANNEL}, ${String(id)})`.execute(tx.as<RunTables>());
  }
}

/** Told of each run that ended, in the transaction in which it did. */
export type OnEnded = (tx: Transaction, run: EndedRun) => Promise<void>;

/** Told of the number that a job's row has, once and for all. */
type OnJobId = (runId: number, key: string, jobId: number) => void;

function jobRow({ runId, attempt, key, patch }: JobChange) {
  const time = (ms: number | undefined) => (ms === undefined ? null : new Date(ms));
  const json = (value: object | undefined) => (value === undefined ? null : JSON.stringify(value));
  return {
    run_id: String(runId),
    attempt,
    key,
    name: storable(patch.name ?? key),
    definition: patch.definition === undefined ? null : storable(patch.definition),
    needs: JSON.stringify(patch.needs ?? []),
    state: patch.state ?? 'waiting',
    conclusion: patch.conclusion ?? null,
    reason: patch.reason === undefined ? null : storable(patch.reason),
    level: patch.level ?? null,
    taints: json(patch.taints),
    outputs: json(patch.outputs),
    influenced_outputs: json(patch.influencedOutputs),
    ...(patch.jobId === undefined ? {} : { job_id: String(patch.jobId) }),
    queued_at: time(patch.queuedAt),
    started_at: time(patch.startedAt),
    finished_at: time(patch.finishedAt),
  };
}

function parts<Row>(rows: readonly Row[]): readonly (readonly Row[])[] {
  const count = Math.ceil(rows.length / INSERT_ROWS_MAX);
  return Array.from({ length: count }, (_, at) => rows.slice(at * INSERT_ROWS_MAX, (at + 1) * INSERT_ROWS_MAX));
}

/** PostgreSQL has no NUL in a text, and what outsiders wrote may have one: nothing of theirs may keep a commit from happening. */
export function storable(text: string): string {
  return text.replaceAll('\0', '\u{fffd}');
}
