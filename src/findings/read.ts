import { sql } from 'kysely';
import type { Database } from '../database/index.ts';
import type { Gap } from '../finding/index.ts';
import { fault } from './faults.ts';
import type { FindingDetail, Suppressed } from './outcome.ts';
import { countsOf } from './record.ts';
import type { FindingTables, ScanCause, ScanState } from './tables.ts';

const DAY_MS = 24 * 3_600_000;
export const TREND_DAYS_MAX = 366;

export type FindingState = 'open' | 'suppressed' | 'fixed';

export type FindingSummary = {
  readonly id: number;
  readonly fingerprint: string;
  readonly rule: string;
  readonly kind: string;
  readonly severity: string;
  readonly confidence: string;
  readonly title: string;
  readonly message: string;
  readonly file: string;
  readonly line: number;
  readonly tool?: string;
  readonly state: FindingState;
  readonly firstSeenAt: Date;
  readonly lastSeenAt: Date;
  readonly fixedAt?: Date;
};

export type FindingView = FindingSummary & {
  readonly ref: string;
  readonly firstCommit: string;
  readonly lastCommit: string;
  readonly fixedCommit?: string;
  readonly suppressed?: Suppressed;
  readonly detail: FindingDetail;
};

export type FindingFilter = {
  readonly state?: FindingState;
  readonly severity?: string;
  readonly kind?: string;
  readonly rule?: string;
  readonly tool?: string;
  /** Part of a path, of a title or of a message, whatever its case. */
  readonly text?: string;
};

type BranchPlace = { readonly repositoryId: number; readonly ref: string };

/** A place in the list: rank and id of the last one of a page. */
const CURSOR = /^(-?\d{1,9})\.(\d{1,15})$/;

/** Of one branch, the most urgent first. Fault: `findings/not-found` for a cursor of something else. */
export async function listFindings(
  db: Database,
  asked: BranchPlace & { readonly filter: FindingFilter; readonly cursor?: string; readonly limit: number },
): Promise<{ readonly items: readonly FindingSummary[]; readonly next?: string }> {
  const { repositoryId, ref, filter, cursor, limit } = asked;
  let query = db
    .as<FindingTables>()
    .selectFrom('finding_item')
    .select(SUMMARY)
    .select(sql<boolean>`suppressed is not null`.as('is_suppressed'))
    .where('repository_id', '=', String(repositoryId))
    .where('ref', '=', ref);
  const state = filter.state ?? 'open';
  query = state === 'fixed' ? query.where('fixed_at', 'is not', null) : query.where('fixed_at', 'is', null);
  if (state === 'open') query = query.where('suppressed', 'is', null);
  if (state === 'suppressed') query = query.where('suppressed', 'is not', null);
  for (const column of ['severity', 'kind', 'rule', 'tool'] as const) {
    const wanted = filter[column];
    if (wanted !== undefined) query = query.where(column, '=', wanted);
  }
  if (filter.text !== undefined) {
    const wanted = filter.text.toLowerCase();
    query = query.where(
      sql<boolean>`position(${wanted} in lower(file || ' ' || title || ' ' || message || ' ' || rule)) > 0`,
    );
  }
  if (cursor !== undefined) {
    const [, rank, id] = CURSOR.exec(cursor) ?? [];
    if (rank === undefined) throw fault('not-found', 'this is not the `next` of a page');
    query = query.where(sql<boolean>`(rank, id) > (${Number(rank)}, ${id}::bigint)`);
  }
  const rows = await query
    .orderBy('rank')
    .orderBy('id')
    .limit(limit + 1)
    .execute();
  const last = rows[limit - 1];
  return {
    items: rows.slice(0, limit).map(summaryOf),
    ...(rows.length > limit && last !== undefined ? { next: `${last.rank}.${last.id}` } : {}),
  };
}

const SUMMARY = [
  'id',
  'fingerprint',
  'rule',
  'kind',
  'severity',
  'confidence',
  'title',
  'message',
  'file',
  'line',
  'rank',
  'tool',
  'first_seen_at',
  'last_seen_at',
  'fixed_at',
] as const;

function summaryOf(row: {
  readonly id: string;
  readonly fingerprint: string;
  readonly rule: string;
  readonly kind: string;
  readonly severity: string;
  readonly confidence: string;
  readonly title: string;
  readonly message: string;
  readonly file: string;
  readonly line: number;
  readonly tool: string | null;
  readonly first_seen_at: Date;
  readonly last_seen_at: Date;
  readonly fixed_at: Date | null;
  readonly is_suppressed: boolean;
}): FindingSummary {
  return {
    id: Number(row.id),
    fingerprint: row.fingerprint,
    rule: row.rule,
    kind: row.kind,
    severity: row.severity,
    confidence: row.confidence,
    title: row.title,
    message: row.message,
    file: row.file,
    line: row.line,
    ...(row.tool === null ? {} : { tool: row.tool }),
    state: row.fixed_at !== null ? 'fixed' : row.is_suppressed ? 'suppressed' : 'open',
    firstSeenAt: row.first_seen_at,
    lastSeenAt: row.last_seen_at,
    ...(row.fixed_at === null ? {} : { fixedAt: row.fixed_at }),
  };
}

/** One finding of a repository. Fault: `findings/not-found`. */
export async function findingById(db: Database, repositoryId: number, id: number): Promise<FindingView> {
  const row = await db
    .as<FindingTables>()
    .selectFrom('finding_item')
    .selectAll()
    .where('id', '=', String(id))
    .where('repository_id', '=', String(repositoryId))
    .executeTakeFirst();
  if (row === undefined) throw fault('not-found', `there is no finding ${id}`);
  return {
    ...summaryOf({ ...row, is_suppressed: row.suppressed !== null }),
    ref: row.ref,
    firstCommit: row.first_commit,
    lastCommit: row.last_commit,
    ...(row.fixed_commit === null ? {} : { fixedCommit: row.fixed_commit }),
    ...(row.suppressed === null ? {} : { suppressed: row.suppressed }),
    detail: row.detail,
  };
}

export type ScanInfo = {
  readonly id: number;
  readonly ref: string;
  readonly commit: string;
  readonly base?: string;
  readonly cause: ScanCause;
  readonly state: ScanState;
  /** Nothing was left out: only then no finding means that none is there. */
  readonly isComplete?: boolean;
  readonly gaps: readonly Gap[];
  readonly notes: readonly string[];
  readonly files: number;
  readonly opened: number;
  readonly fixed: number;
  readonly error?: string;
  readonly createdAt: Date;
  readonly startedAt?: Date;
  readonly finishedAt?: Date;
};

/** Newest first. */
export async function listScans(
  db: Database,
  asked: {
    readonly repositoryId: number;
    readonly ref?: string;
    readonly before?: number;
    readonly limit: number;
  },
): Promise<readonly ScanInfo[]> {
  let query = db
    .as<FindingTables>()
    .selectFrom('finding_scan')
    .selectAll()
    .where('repository_id', '=', String(asked.repositoryId));
  if (asked.ref !== undefined) query = query.where('ref', '=', asked.ref);
  if (asked.before !== undefined) query = query.where('id', '<', String(asked.before));
  const rows = await query.orderBy('id', 'desc').limit(asked.limit).execute();
  return rows.map((row) => ({
    id: Number(row.id),
    ref: row.ref,
    commit: row.commit,
    ...(row.base_ref === null ? {} : { base: row.base_ref }),
    cause: row.cause,
    state: row.state,
    ...(row.is_complete === null ? {} : { isComplete: row.is_complete }),
    gaps: row.gaps,
    notes: row.notes,
    files: row.files,
    opened: row.opened,
    fixed: row.fixed,
    ...(row.error === null ? {} : { error: row.error }),
    createdAt: row.created_at,
    ...(row.started_at === null ? {} : { startedAt: row.started_at }),
    ...(row.finished_at === null ? {} : { finishedAt: row.finished_at }),
  }));
}

/** `clean` only when a whole scan found nothing; `unknown` before the first. */
export type Verdict = 'unknown' | 'clean' | 'findings' | 'incomplete';

export type StandOf = {
  readonly verdict: Verdict;
  readonly open: { readonly [severity: string]: number };
  readonly suppressed: number;
  /** The newest that is over. */
  readonly scan?: ScanInfo;
  /** One that waits or runs. */
  readonly pending?: ScanInfo;
  /** Branches of which something is known. */
  readonly refs: readonly string[];
};

/** How a branch stands. A scan that failed or missed something never makes it clean. */
export async function standOf(db: Database, place: BranchPlace): Promise<StandOf> {
  const [newest, counts, refs] = await Promise.all([
    listScans(db, { ...place, limit: 10 }),
    countsOf(db, place),
    db
      .as<FindingTables>()
      .selectFrom('finding_branch')
      .select('ref')
      .where('repository_id', '=', String(place.repositoryId))
      .orderBy('scanned_at', 'desc')
      .limit(100)
      .execute(),
  ]);
  const scan = newest.find(({ state }) => state === 'done' || state === 'failed');
  const pending = newest.find(({ state }) => state === 'waiting' || state === 'running');
  const hasOpen = Object.values(counts.open).some((count) => count > 0);
  const verdict =
    scan === undefined ? 'unknown' : scan.isComplete !== true ? 'incomplete' : hasOpen ? 'findings' : 'clean';
  return {
    verdict,
    ...counts,
    ...(scan === undefined ? {} : { scan }),
    ...(pending === undefined ? {} : { pending }),
    refs: refs.map(({ ref }) => ref),
  };
}

export type TrendDay = {
  readonly day: string;
  readonly open: { readonly [severity: string]: number };
  readonly suppressed: number;
  readonly isComplete: boolean;
};

/** The last days on which the branch was scanned, oldest first; a day without one stood as the day before it. */
export async function trendOf(
  db: Database,
  { repositoryId, ref, days, now }: BranchPlace & { readonly days: number; readonly now: number },
): Promise<readonly TrendDay[]> {
  const { rows } = await sql<{
    day: string;
    open: { readonly [severity: string]: number };
    suppressed: number;
    is_complete: boolean;
  }>`
    select to_char(day, 'YYYY-MM-DD') as day, open, suppressed, is_complete from finding_day
    where repository_id = ${repositoryId} and ref = ${ref}
      and day >= ${new Date(now - Math.min(days, TREND_DAYS_MAX) * DAY_MS).toISOString().slice(0, 10)}::date
    order by finding_day.day`.execute(db.as<FindingTables>());
  return rows.map(({ is_complete: isComplete, ...rest }) => ({ ...rest, isComplete }));
}
