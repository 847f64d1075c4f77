import { createHash, timingSafeEqual } from 'node:crypto';
import { sql } from 'kysely';
import { type AppendDeps, appendRefusal } from '../auditlog/index.ts';
import { canonicalJson, lowestLevel, type TrustLevel } from '../base/index.ts';
import type { Database, Transaction } from '../database/index.ts';
import { hashOfToken, type JobBounds, makeToken } from '../identity/index.ts';
import type { JobLease, JobOutcome } from '../protocol/index.ts';
import { fault } from './faults.ts';
import { endOf, finishRow } from './jobs.ts';
import { QUEUE_CHANNEL, type QueueTables } from './tables.ts';

/** A runner renews its lease each third of this. */
export const LEASE_MS = 60_000;
/** A runner that got the answer to its claim renews at once, and starts the job only then. */
export const BEGIN_MS = 20_000;
/** A job that loses its runner again and again is not worth another one. */
const TRIES_MAX = 3;
/** Candidates of one claim: others may be locked by those who claim at the same time. */
const HEADS = 32;
const SWEEP_ROWS = 200;

/** Which attempt, and the proof that the caller holds it. */
export type LeaseKey = { readonly jobId: number; readonly runnerId: number; readonly token: string };

export type Renewal = {
  readonly cancel: 'none' | 'cancel' | 'force';
  readonly cancelReason?: string;
  readonly leaseMs: number;
};

export type ClaimedRow = {
  /** What it asked of its runner: another one may wait for that too. */
  readonly shape: string;
  readonly jobId: number;
  readonly runId: number;
  readonly repositoryId: number;
  readonly lease: JobLease;
  readonly leaseToken: string;
  readonly leaseMs: number;
  readonly jobToken: string;
};

export type Claimant = {
  readonly runnerId: number;
  readonly labels: readonly string[];
  readonly walls: readonly string[];
};

const tablesOf = (tx: Transaction | Database) => tx.as<QueueTables>();

/**
 * Gives the runner the next job that fits it, or nothing. The shapes of waiting jobs are skipped through by the index, so that
 * ten thousand jobs that fit nobody cost what one does.
 */
export async function claim(db: Database, who: Claimant, deps: AppendDeps): Promise<ClaimedRow | undefined> {
  const leaseToken = Buffer.from(deps.random(32)).toString('base64url');
  const jobToken = makeToken('job', deps).expose();
  const { rows } = await sql<{ job_id: string; run_id: string; repository_id: string; shape: string; lease: JobLease }>`
    with recursive waiting (shape) as (
      (select shape from queue_job where state = 'queued' order by shape limit 1)
      union all
      select (select shape from queue_job where state = 'queued' and shape > waiting.shape order by shape limit 1)
      from waiting where waiting.shape is not null
    ), heads as (
      select job.job_id, job.priority, job.turn from waiting
      join queue_shape on queue_shape.id = waiting.shape
        and queue_shape.labels <@ ${[...who.labels]}::text[] and queue_shape.walls <@ ${[...who.walls]}::text[]
      cross join lateral (
        select job_id, priority, turn from queue_job where state = 'queued' and shape = waiting.shape
        order by priority desc, turn, job_id limit ${sql.lit(HEADS)}
      ) job
      order by job.priority desc, job.turn, job.job_id limit ${sql.lit(HEADS)}
    )
    update queue_job set state = 'leased', runner_id = ${who.runnerId}, tries = tries + 1, leased_at = now(),
      lease_until = now() + ${BEGIN_MS} * interval '1 millisecond', level = lease ->> 'level', cancel = 'none', begun = false,
      token_hash = ${hash(leaseToken)}, job_token_hash = ${hashOfToken(jobToken)}
    where job_id = (
      select job_id from queue_job where state = 'queued' and job_id in (select job_id from heads)
      order by priority desc, turn, job_id for update skip locked limit 1
    )
    returning job_id, run_id, repository_id, shape, lease`.execute(tablesOf(db));
  const [row] = rows;
  if (row === undefined) return undefined;
  return {
    jobId: Number(row.job_id),
    runId: Number(row.run_id),
    repositoryId: Number(row.repository_id),
    shape: row.shape,
    lease: row.lease,
    leaseToken,
    leaseMs: BEGIN_MS,
    jobToken,
  };
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** The row of a lease that stands, locked. What is refused is recorded: an honest runner never asks. */
async function held(tx: Transaction, key: LeaseKey) {
  const row = await tablesOf(tx)
    .selectFrom('queue_job')
    .selectAll()
    .select(sql<boolean>`lease_until > now()`.as('stands'))
    .where('job_id', '=', String(key.jobId))
    .forUpdate()
    .executeTakeFirst();
  const isOwn =
    row?.token_hash !== undefined &&
    row.token_hash !== null &&
    timingSafeEqual(row.token_hash, hash(key.token)) &&
    row.runner_id === String(key.runnerId);
  return isOwn ? row : undefined;
}

/** Prolongs a lease. The level only drops. Throws `queue/lease-lost`. */
export async function renew(
  db: Database,
  key: LeaseKey,
  level: TrustLevel | undefined,
  deps: AppendDeps,
): Promise<Renewal> {
  const renewal = await db.transaction(async (tx): Promise<Renewal | 'over' | undefined> => {
    const row = await held(tx, key);
    // Told the outcome of its own job while this was on its way: nothing that anybody should look at.
    if (row?.state === 'finished' && !row.lost) return 'over';
    if (row?.state !== 'leased' || !row.stands) return undefined;
    const lowered = level === undefined ? row.level : lowestLevel(levelOf(row.level, row.lease), level);
    await tablesOf(tx)
      .updateTable('queue_job')
      .set({ lease_until: sql<Date>`now() + ${LEASE_MS} * interval '1 millisecond'`, level: lowered, begun: true })
      .where('job_id', '=', row.job_id)
      .execute();
    return {
      cancel: row.cancel,
      ...(row.cancel_reason === null ? {} : { cancelReason: row.cancel_reason }),
      leaseMs: LEASE_MS,
    };
  });
  if (renewal === 'over') throw fault('lease-lost', `job ${key.jobId} has ended`);
  return renewal ?? refuse(db, key, 'renew', deps);
}

function levelOf(level: string | null, lease: unknown): TrustLevel {
  return (level as TrustLevel | null) ?? (lease as JobLease).level;
}

/** The level of a running attempt drops; it never rises. */
export async function lower(db: Database, jobId: number, level: TrustLevel): Promise<void> {
  await db.transaction(async (tx) => {
    const row = await tablesOf(tx)
      .selectFrom('queue_job')
      .select(['level', 'lease'])
      .where('job_id', '=', String(jobId))
      .forUpdate()
      .executeTakeFirst();
    if (row === undefined) return;
    await tablesOf(tx)
      .updateTable('queue_job')
      .set({ level: lowestLevel(levelOf(row.level, row.lease), level) })
      .where('job_id', '=', String(jobId))
      .execute();
  });
}

/** Takes the outcome of an attempt, once. Throws `queue/lease-lost`, `queue/outcome-differs`. */
export async function finish(
  db: Database,
  key: LeaseKey,
  told: { readonly outcome: JobOutcome; readonly logBytes: number },
  deps: AppendDeps,
): Promise<void> {
  const answer = await db.transaction(async (tx): Promise<'taken' | 'differs' | undefined> => {
    const row = await held(tx, key);
    if (row === undefined) return undefined;
    const level = lowestLevel(levelOf(row.level, row.lease), told.outcome.level);
    const outcome: JobOutcome = { ...told.outcome, level };
    if (row.state === 'finished') return isSame(row.outcome, outcome) ? 'taken' : 'differs';
    if (row.state !== 'leased' || !row.stands) return undefined;
    const end = {
      jobId: key.jobId,
      repositoryId: Number(row.repository_id),
      outcome,
      lost: false,
      logBytes: told.logBytes,
    };
    await finishRow(tx, end);
    return 'taken';
  });
  if (answer === 'differs') throw fault('outcome-differs', `job ${key.jobId} has ended already`);
  if (answer === undefined) await refuse(db, key, 'finish', deps);
}

function isSame(stored: unknown, told: JobOutcome): boolean {
  return canonicalJson(stored) === canonicalJson(JSON.parse(JSON.stringify(told)));
}

/** Whether a lease stands: for what else a runner does with it. Throws `queue/lease-lost`. */
export async function requireLease(
  db: Database,
  key: LeaseKey,
  deps: AppendDeps,
): Promise<{
  readonly repositoryId: number;
  readonly runId: number;
  readonly level: TrustLevel;
  readonly lease: JobLease;
}> {
  const row = await tablesOf(db)
    .selectFrom('queue_job')
    .select(['repository_id', 'run_id', 'level', 'lease', 'token_hash', 'runner_id', 'state'])
    .select(sql<boolean>`lease_until > now()`.as('stands'))
    .where('job_id', '=', String(key.jobId))
    .executeTakeFirst();
  const isOwn =
    row?.state === 'leased' &&
    row.stands &&
    row.runner_id === String(key.runnerId) &&
    row.token_hash !== null &&
    timingSafeEqual(row.token_hash, hash(key.token));
  if (row === undefined || !isOwn) return refuse(db, key, 'use', deps);
  return {
    repositoryId: Number(row.repository_id),
    runId: Number(row.run_id),
    level: levelOf(row.level, row.lease),
    lease: row.lease as unknown as JobLease,
  };
}

async function refuse(db: Database, key: LeaseKey, what: string, deps: AppendDeps): Promise<never> {
  const past = await tablesOf(db)
    .selectFrom('queue_history')
    .select('job_id')
    .where('job_id', '=', String(key.jobId))
    .where('runner_id', '=', String(key.runnerId))
    .where('lost', '=', false)
    .executeTakeFirst();
  // Its own job, which it has ended itself: a question that came late, and nothing that anybody should look at.
  if (past !== undefined) throw fault('lease-lost', `job ${key.jobId} has ended`);
  await db.transaction((tx) =>
    appendRefusal(
      tx,
      {
        actor: { type: 'runner', id: String(key.runnerId) },
        action: 'lease.refuse',
        resource: { type: 'job', id: String(key.jobId) },
        outcome: 'deny',
        detail: { what },
      },
      deps,
    ),
  );
  throw fault('lease-lost', `runner ${key.runnerId} does not hold job ${key.jobId}`);
}

/** What a job's own token may, while its lease stands; nothing afterwards. */
export async function jobOf(db: Database, tokenHash: Buffer): Promise<JobBounds | undefined> {
  const row = await tablesOf(db)
    .selectFrom('queue_job')
    .select(['job_id', 'repository_id', 'permissions'])
    .where('job_token_hash', '=', tokenHash)
    .where('state', '=', 'leased')
    .where(sql<boolean>`lease_until > now()`)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const permissions = row.permissions as unknown as JobBounds['permissions'];
  return { jobId: Number(row.job_id), repositoryId: Number(row.repository_id), permissions };
}

export async function isEnded(db: Database, jobId: number): Promise<boolean> {
  const { rows } = await sql<{ ended: boolean }>`
    select exists (select from queue_history where job_id = ${jobId})
      or exists (select from queue_job where job_id = ${jobId} and state = 'finished') as ended`.execute(tablesOf(db));
  return rows[0]?.ended === true;
}

/** Ends leases that nobody renewed: the job waits again where it may, else it has failed. Answers how many. */
export async function sweep(db: Database): Promise<number> {
  return db.transaction(async (tx) => {
    const rows = await tablesOf(tx)
      .selectFrom('queue_job')
      .select(['job_id', 'repository_id', 'shape', 'lease', 'level', 'tries', 'begun', 'cancel', 'cancel_reason'])
      .where('state', '=', 'leased')
      .where(sql<boolean>`lease_until <= now()`)
      .orderBy('lease_until')
      .limit(SWEEP_ROWS)
      .forUpdate()
      .skipLocked()
      .execute();
    for (const row of rows) {
      const jobId = Number(row.job_id);
      // Of a lease that was never renewed nothing was started: the answer to the claim did not get to its runner.
      if (!row.begun && row.tries < TRIES_MAX && row.cancel === 'none') {
        await tablesOf(tx)
          .updateTable('queue_job')
          .set({ state: 'queued', token_hash: null, job_token_hash: null, lease_until: null, runner_id: null })
          .where('job_id', '=', row.job_id)
          .execute();
        await sql`select pg_notify(${QUEUE_CHANNEL}, ${row.shape})`.execute(tablesOf(tx));
        continue;
      }
      const outcome =
        row.cancel === 'none'
          ? endOf(row, 'failure', 'runner lost: it did not renew its lease, and whatever it did later was not accepted')
          : endOf(row, 'cancelled', `${row.cancel_reason ?? 'cancelled'}; its runner was lost`);
      await finishRow(tx, { jobId, repositoryId: Number(row.repository_id), outcome, lost: true });
    }
    return rows.length;
  });
}
