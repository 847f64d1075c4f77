import { sql } from 'kysely';
import type { AppendDeps } from '../auditlog/index.ts';
import { excerpt, type Log, reasonOf } from '../base/index.ts';
import type { Database, Transaction } from '../database/index.ts';
import { fault } from './faults.ts';
import { type OpenedFindings, recordOutcome } from './record.ts';
import { noteDefaultBranches, recoverScans } from './request.ts';
import { type ScanOutcome } from './outcome.ts';
import type { FindingTables, ScanCause } from './tables.ts';

const LOOK_MS = 3_000;
/** A scan that kills its process, or takes too long, so often is given up for this commit. */
const ATTEMPTS_MAX = 2;
const ERROR_MAX = 500;

export type WantedScan = {
  readonly id: number;
  readonly repositoryId: number;
  readonly ref: string;
  readonly commit: string;
  readonly base?: string;
};

/** Scans one commit, within its bounds of time and memory. Rejects when nothing can be said. */
export type ScanPort = (
  wanted: WantedScan,
  signal: AbortSignal,
) => Promise<{ readonly outcome: ScanOutcome; readonly analysisId: number }>;

export type ScansOptions = AppendDeps & {
  readonly db: Database;
  readonly scan: ScanPort;
  /** What is new and what is gone on the default branch, in the transaction of it. */
  readonly onChange?: (tx: Transaction, change: OpenedFindings) => Promise<void>;
  readonly log: Log;
  readonly lookMs?: number;
  /** A push is scanned so much later: its runs go first, and a branch that is pushed to again is scanned once. Milliseconds. */
  readonly settleMs?: number;
};

export type Scans = { wake(): void; close(): Promise<void> };

/** Scans what waits, one at a time: a scan takes all of a processor, and runs of people go first. */
export async function startScans(options: ScansOptions): Promise<Scans> {
  const { log, lookMs = LOOK_MS } = options;
  await recoverScans(options.db);
  const ended = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  const plan = (ms: number) => {
    clearTimeout(timer);
    if (ended.signal.aborted) return;
    timer = setTimeout(() => {
      running ??= turn().finally(() => {
        running = undefined;
      });
    }, ms);
    timer.unref();
  };
  async function turn(): Promise<void> {
    let more = false;
    try {
      await noteDefaultBranches(options);
      more = await scanNext(options, ended.signal);
    } catch (thrown) {
      log.warn('Scans failed', { reason: reasonOf(thrown) });
    }
    plan(more ? 0 : lookMs);
  }
  plan(lookMs);
  return {
    wake: () => {
      if (running === undefined) plan(0);
    },
    async close() {
      ended.abort();
      clearTimeout(timer);
      await running;
    },
  };
}

async function scanNext(options: ScansOptions, signal: AbortSignal): Promise<boolean> {
  const wanted = await take(options);
  if (wanted === undefined) return false;
  const { attempts, ...scan } = wanted;
  try {
    const { outcome, analysisId } = await options.scan(scan, signal);
    await recordOutcome(options, scan, { outcome, analysisId });
  } catch (thrown) {
    // Whoever ends the server has not failed: it is taken up by the next one.
    if (signal.aborted) return false;
    options.log.warn('A scan failed', { repository: scan.repositoryId, scan: scan.id, reason: reasonOf(thrown) });
    await giveBack(options, scan, { attempts, reason: reasonOf(thrown) });
  }
  return true;
}

/** The try is counted before it is made. A branch that moved on since is scanned as it is now. */
async function take(options: ScansOptions): Promise<(WantedScan & { readonly attempts: number }) | undefined> {
  const { db, settleMs = 0 } = options;
  const settled = new Date(options.now() - settleMs);
  const { rows } = await sql<{
    id: string;
    repository_id: string;
    ref: string;
    commit: string;
    base_ref: string | null;
    attempts: number;
    cause: ScanCause;
  }>`
    update finding_scan s set state = 'running', attempts = s.attempts + 1, started_at = ${new Date(options.now())},
      commit = coalesce((select oid from repo_ref where repository_id = s.repository_id and name = s.ref), s.commit)
    where id = (
      select id from finding_scan w where state = 'waiting'
        and (w.cause <> 'push' or w.created_at <= ${settled})
        and not exists (
          select 1 from finding_scan r where r.repository_id = w.repository_id and r.ref = w.ref and r.state = 'running'
        )
      order by base_ref is not null, id limit 1 for update skip locked
    )
    returning *`.execute(db.as<FindingTables>());
  const [row] = rows;
  if (row === undefined) return undefined;
  return {
    id: Number(row.id),
    repositoryId: Number(row.repository_id),
    ref: row.ref,
    commit: row.commit,
    ...(row.base_ref === null ? {} : { base: row.base_ref }),
    attempts: row.attempts,
  };
}

async function giveBack(
  options: ScansOptions,
  scan: WantedScan,
  { attempts, reason }: { readonly attempts: number; readonly reason: string },
): Promise<void> {
  const { db } = options;
  if (attempts < ATTEMPTS_MAX) {
    const again = await sql<{ id: string }>`
      update finding_scan set state = 'waiting' where id = ${scan.id} and not exists (
        select 1 from finding_scan w where w.repository_id = ${scan.repositoryId} and w.ref = ${scan.ref} and w.state = 'waiting'
      ) returning id`.execute(db.as<FindingTables>());
    if (again.rows.length > 0) return;
  }
  const error = fault('scan-failed', excerpt(reason.replaceAll('\0', ''), ERROR_MAX));
  await recordOutcome(options, scan, { failure: error.message });
}
