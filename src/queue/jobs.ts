import { sql } from 'kysely';
import type { Database, Transaction } from '../database/index.ts';
import type { JobLease, JobOutcome, WallName } from '../protocol/index.ts';
import { fault } from './faults.ts';
import { QUEUE_CHANNEL, QUEUE_FINISHED_CHANNEL, type QueueTables } from './tables.ts';

/** A job that waits for a runner. */
export type QueuedJob = {
  readonly jobId: number;
  readonly runId: number;
  readonly repositoryId: number;
  /** A runner must have all of them, lower case. */
  readonly labels: readonly string[];
  /** Walls that must be hard there. */
  readonly walls: readonly WallName[];
  /** Higher ones first. */
  readonly priority: number;
  readonly lease: JobLease;
};

export type CancelRequest = { readonly jobId: number; readonly force: boolean; readonly reason: string };

/** A job that ended, until the engine has taken that over. */
export type FinishedAttempt = {
  readonly jobId: number;
  readonly runId: number;
  readonly repositoryId: number;
  readonly outcome: JobOutcome;
  /** Its runner was lost: nobody told this outcome. */
  readonly lost: boolean;
  /** When a runner took it; absent: none did. */
  readonly leasedAt?: Date;
};

export type QueueCounts = { readonly queued: number; readonly leased: number; readonly oldestSeconds: number };

const tablesOf = (tx: Transaction | Database) => tx.as<QueueTables>();

/**
 * Adds jobs in the transaction of what makes them. A repository gets one turn after the other, from the turn that is served now on:
 * its ten-thousandth job stands behind the first one of everybody else.
 */
export async function enqueue(
  tx: Transaction,
  jobs: readonly QueuedJob[],
  { jobsMax }: { readonly jobsMax: number } = { jobsMax: Number.MAX_SAFE_INTEGER },
): Promise<void> {
  for (const [repositoryId, own] of Map.groupBy(jobs, (job) => job.repositoryId)) {
    const { rows } = await sql<{ turn: string; waiting: string }>`
      select greatest(coalesce((select max(turn) from queue_job where repository_id = ${repositoryId}), 0),
        coalesce((select min(turn) from queue_job where state = 'queued'), (select max(turn) from queue_job), 1) - 1)::text as turn,
        (select count(*) from queue_job where repository_id = ${repositoryId} and state <> 'finished')::text as waiting`.execute(
      tablesOf(tx),
    );
    if (Number(rows[0]?.waiting ?? 0) + own.length > jobsMax) {
      throw fault(
        'full',
        `the repository has ${rows[0]?.waiting ?? 0} jobs that wait or run, and ${jobsMax} is the most`,
      );
    }
    let turn = Number(rows[0]?.turn ?? 0);
    for (const job of own) {
      turn += 1;
      await insert(tx, job, turn);
    }
  }
}

async function insert(tx: Transaction, job: QueuedJob, turn: number): Promise<void> {
  const shape = await shapeOf(tx, job);
  await tablesOf(tx)
    .insertInto('queue_job')
    .values({
      job_id: String(job.jobId),
      run_id: String(job.runId),
      repository_id: String(job.repositoryId),
      shape,
      priority: job.priority,
      turn: String(turn),
      lease: JSON.stringify(job.lease),
      permissions: JSON.stringify(job.lease.permissions),
      tries: 0,
      state: 'queued',
      runner_id: null,
      token_hash: null,
      job_token_hash: null,
      lease_until: null,
      leased_at: null,
      level: null,
      cancel: 'none',
      cancel_reason: null,
      outcome: null,
      lost: false,
      log_bytes: null,
      finished_at: null,
    })
    .execute();
  await sql`select pg_notify(${QUEUE_CHANNEL}, ${shape})`.execute(tablesOf(tx));
}

async function shapeOf(tx: Transaction, { labels, walls }: QueuedJob): Promise<string> {
  const wanted = { labels: [...new Set(labels)].sort(), walls: [...new Set<string>(walls)].sort() };
  const find = () =>
    tablesOf(tx)
      .selectFrom('queue_shape')
      .select('id')
      .where(sql<boolean>`labels = ${wanted.labels}::text[] and walls = ${wanted.walls}::text[]`)
      .executeTakeFirst();
  const found = await find();
  if (found !== undefined) return found.id;
  await tablesOf(tx)
    .insertInto('queue_shape')
    .values(wanted)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return (await find())?.id ?? '0';
}

/** A waiting job ends as cancelled; a running one is told at its next renewal, which a notification hastens. Ended ones stay as they are. */
export async function requestCancel(tx: Transaction, requests: readonly CancelRequest[]): Promise<void> {
  for (const { jobId, force, reason } of requests) {
    const row = await tablesOf(tx)
      .selectFrom('queue_job')
      .select(['state', 'lease', 'level', 'repository_id', 'cancel'])
      .where('job_id', '=', String(jobId))
      .forUpdate()
      .executeTakeFirst();
    if (row === undefined || row.state === 'finished') continue;
    if (row.state === 'queued') {
      await finishRow(tx, {
        jobId,
        repositoryId: Number(row.repository_id),
        outcome: endOf(row, 'cancelled', reason),
        lost: false,
      });
      continue;
    }
    if (row.cancel === 'force') continue;
    await tablesOf(tx)
      .updateTable('queue_job')
      .set({ cancel: force ? 'force' : 'cancel', cancel_reason: reason })
      .where('job_id', '=', String(jobId))
      .execute();
    await sql`select pg_notify(${QUEUE_CHANNEL}, '')`.execute(tablesOf(tx));
  }
}

/** The outcome of an attempt that nobody tells one of. */
export function endOf(
  row: { readonly lease: unknown; readonly level: string | null },
  conclusion: 'cancelled' | 'failure',
  reason: string,
): JobOutcome {
  const lease = row.lease as JobLease;
  const level = lease.level;
  return { conclusion, outputs: {}, influencedOutputs: [], level, taints: lease.taints, reason };
}

export async function finishRow(
  tx: Transaction,
  end: {
    readonly jobId: number;
    readonly repositoryId: number;
    readonly outcome: JobOutcome;
    readonly lost: boolean;
    readonly logBytes?: number;
  },
): Promise<void> {
  await tablesOf(tx)
    .updateTable('queue_job')
    .set({
      state: 'finished',
      outcome: JSON.stringify(end.outcome),
      lost: end.lost,
      log_bytes: end.logBytes === undefined ? null : String(end.logBytes),
      finished_at: sql<Date>`now()`,
      job_token_hash: null,
    })
    .where('job_id', '=', String(end.jobId))
    .execute();
  await sql`select pg_notify(${QUEUE_FINISHED_CHANNEL}, ${String(end.repositoryId)})`.execute(tablesOf(tx));
}

/** Ended jobs that the engine has not taken over. */
export async function openFinished(
  db: Database | Transaction,
  { repositoryId, limit }: { readonly repositoryId?: number; readonly limit: number },
): Promise<readonly FinishedAttempt[]> {
  let query = tablesOf(db)
    .selectFrom('queue_job')
    .select(['job_id', 'run_id', 'repository_id', 'outcome', 'lost', 'leased_at'])
    .where('state', '=', 'finished')
    .orderBy('finished_at')
    .limit(limit);
  if (repositoryId !== undefined) query = query.where('repository_id', '=', String(repositoryId));
  return (await query.execute()).map((row) => ({
    jobId: Number(row.job_id),
    runId: Number(row.run_id),
    repositoryId: Number(row.repository_id),
    // Written by this folder alone: a column of JSON comes as the value.
    outcome: row.outcome as unknown as JobOutcome,
    lost: row.lost,
    ...(row.leased_at === null ? {} : { leasedAt: row.leased_at }),
  }));
}

/** Takes ended jobs out of the queue, in the transaction of what the engine makes of them. */
export async function consumeFinished(tx: Transaction, jobIds: readonly number[]): Promise<void> {
  if (jobIds.length === 0) return;
  await sql`with gone as (
      delete from queue_job where state = 'finished' and job_id = any(${jobIds.map(String)}::bigint[]) returning *
    ) insert into queue_history (job_id, run_id, repository_id, runner_id, tries, conclusion, lost, log_bytes, queued_at, leased_at, finished_at)
      select job_id, run_id, repository_id, runner_id, tries, outcome ->> 'conclusion', lost, log_bytes, queued_at, leased_at, finished_at
      from gone`.execute(tablesOf(tx));
}

/** Drops who ran what long ago, some rows at a time. Answers whether there may be more. */
export async function forgetHistory(
  db: Database,
  { before, limit }: { readonly before: Date; readonly limit: number },
): Promise<boolean> {
  const { numAffectedRows = 0n } = await sql`delete from queue_history where job_id in (
      select job_id from queue_history where finished_at < ${before} order by finished_at limit ${limit}
    )`.execute(tablesOf(db));
  return Number(numAffectedRows) === limit;
}

export async function countsOf(db: Database): Promise<QueueCounts> {
  const { rows } = await sql<{ queued: string; leased: string; oldest: string | null }>`
    select count(*) filter (where state = 'queued')::text as queued, count(*) filter (where state = 'leased')::text as leased,
      extract(epoch from now() - min(queued_at) filter (where state = 'queued'))::text as oldest
    from queue_job`.execute(tablesOf(db));
  const [row] = rows;
  return {
    queued: Number(row?.queued ?? 0),
    leased: Number(row?.leased ?? 0),
    oldestSeconds: Number(row?.oldest ?? 0),
  };
}
