import { sql } from 'kysely';
import { append } from '../auditlog/index.ts';
import type { Database, Transaction } from '../database/index.ts';
import { SEVERITIES } from '../finding/index.ts';
import type { ScannedFinding, ScanOutcome } from './outcome.ts';
import type { ScansOptions, WantedScan } from './scans.ts';
import type { FindingTables } from './tables.ts';

const ROWS = 500;
/** Findings that are named to others; the rest is counted. */
const NAMED_MAX = 20;

type Named = {
  readonly id: number;
  readonly rule: string;
  readonly severity: string;
  readonly title: string;
  readonly file: string;
  readonly line: number;
};

/** What a scan of the default branch changed. */
export type OpenedFindings = {
  readonly scan: WantedScan;
  readonly opened: { readonly count: number; readonly named: readonly Named[] };
  readonly fixed: { readonly count: number; readonly named: readonly Named[] };
};

type Recorded =
  | { readonly outcome: ScanOutcome; readonly analysisId: number; readonly failure?: undefined }
  | { readonly failure: string; readonly outcome?: undefined };

/** Takes over what a scan found, or that it failed, at once: rows, the branch, the day, the entry, and what others are told. */
export async function recordOutcome(options: ScansOptions, scan: WantedScan, recorded: Recorded): Promise<void> {
  const { db } = options;
  const at = new Date(options.now());
  await db.transaction(async (tx) => {
    const { outcome, failure } = recorded;
    const isComplete = outcome !== undefined && outcome.gaps.length === 0;
    const changed =
      outcome === undefined
        ? { opened: [], fixed: [] }
        : await mergeFindings(tx, scan, outcome, { at, isBlinder: await isBlinder(tx, scan, outcome) });
    const tables = tx.as<FindingTables>();
    await tables
      .updateTable('finding_scan')
      .set({
        state: failure === undefined ? 'done' : 'failed',
        is_complete: isComplete,
        gaps: JSON.stringify(outcome?.gaps ?? []).replaceAll('\\u0000', '\\ufffd'),
        notes: JSON.stringify(outcome?.notes ?? []).replaceAll('\\u0000', '\\ufffd'),
        files: outcome?.files ?? 0,
        opened: changed.opened.length,
        fixed: changed.fixed.length,
        error: failure ?? null,
        finished_at: at,
      })
      .where('id', '=', String(scan.id))
      .execute();
    await noteBranch(tx, scan, { at, analysisId: recorded.outcome === undefined ? undefined : recorded.analysisId });
    if (outcome !== undefined) await noteDay(tx, scan, { at, isComplete });
    const detail = {
      ref: scan.ref,
      commit: scan.commit,
      complete: isComplete,
      opened: changed.opened.length,
      fixed: changed.fixed.length,
    };
    await append(
      tx,
      {
        actor: { type: 'system', id: 'findings' },
        action: 'finding.scan',
        resource: { type: 'repository', id: String(scan.repositoryId) },
        outcome: failure === undefined ? 'allow' : 'error',
        detail,
      },
      options,
    );
    if (scan.base === undefined && (changed.opened.length > 0 || changed.fixed.length > 0)) {
      await options.onChange?.(tx, { scan, opened: namedOf(changed.opened), fixed: namedOf(changed.fixed) });
    }
  });
}

type ItemRow = {
  readonly id: string;
  readonly fingerprint: string;
  readonly rule: string;
  readonly severity: string;
  readonly title: string;
  readonly file: string;
  readonly line: number;
  readonly rank: number;
  readonly fixed_at: Date | null;
  readonly is_suppressed: boolean;
};

function namedOf(rows: readonly ItemRow[]): { readonly count: number; readonly named: readonly Named[] } {
  const named = [...rows]
    .sort((a, b) => a.rank - b.rank)
    .slice(0, NAMED_MAX)
    .map(({ id, rule, severity, title, file, line }) => ({ id: Number(id), rule, severity, title, file, line }));
  return { count: rows.length, named };
}

/**
 * Whether this scan saw less than the one before: then what it does not find any more may still be there. A file that was never read does
 * not keep others from being seen as fixed for ever.
 */
async function isBlinder(tx: Transaction, scan: WantedScan, { gaps }: ScanOutcome): Promise<boolean> {
  if (gaps.length === 0) return false;
  const before = await tx
    .as<FindingTables>()
    .selectFrom('finding_scan')
    .select('gaps')
    .where('repository_id', '=', String(scan.repositoryId))
    .where('ref', '=', scan.ref)
    .where('state', '=', 'done')
    .orderBy('id', 'desc')
    .executeTakeFirst();
  const key = ({ code, file }: { readonly code: string; readonly file?: string }) => `${code} ${file ?? ''}`;
  const known = new Set((before?.gaps ?? []).map(key));
  return gaps.some((gap) => !known.has(key(gap)));
}

async function mergeFindings(
  tx: Transaction,
  scan: WantedScan,
  outcome: ScanOutcome,
  { at, isBlinder }: { readonly at: Date; readonly isBlinder: boolean },
): Promise<{ readonly opened: readonly ItemRow[]; readonly fixed: readonly ItemRow[] }> {
  const before = await itemsOf(tx, scan);
  const found = new Map(outcome.findings.map((finding) => [finding.fingerprint, finding]));
  for (let from = 0; from < found.size; from += ROWS) {
    await upsert(tx, scan, { findings: [...found.values()].slice(from, from + ROWS), at });
  }
  const unread = new Set(outcome.gaps.flatMap(({ file }) => (file === undefined ? [] : [file])));
  const gone = [...before.values()].filter(
    (row) => row.fixed_at === null && !found.has(row.fingerprint) && !isBlinder && !unread.has(row.file),
  );
  if (gone.length > 0) {
    await sql`
      update finding_item set fixed_at = ${at}, fixed_commit = ${scan.commit}, suppressed = null
      where id = any(${gone.map(({ id }) => id)}::bigint[])`.execute(tx.as<FindingTables>());
  }
  const after = await itemsOf(tx, scan);
  const isOpen = (row: ItemRow | undefined) => row !== undefined && row.fixed_at === null && !row.is_suppressed;
  return {
    opened: [...after.values()].filter((row) => isOpen(row) && !isOpen(before.get(row.fingerprint))),
    fixed: gone.filter((row) => !row.is_suppressed),
  };
}

async function itemsOf(tx: Transaction, scan: WantedScan): Promise<ReadonlyMap<string, ItemRow>> {
  const { rows } = await sql<ItemRow>`
    select id, fingerprint, rule, severity, title, file, line, rank, fixed_at, suppressed is not null as is_suppressed
    from finding_item where repository_id = ${scan.repositoryId} and ref = ${scan.ref}`.execute(tx.as<FindingTables>());
  return new Map(rows.map((row) => [row.fingerprint, row]));
}

/** PostgreSQL keeps no NUL, neither in a text nor in a value of JSON that it looks into. */
const plain = (text: string) => text.replaceAll('\0', '\u{fffd}').toWellFormed();
const json = (value: object) => JSON.stringify(value).replaceAll('\\u0000', '\\ufffd');

async function upsert(
  tx: Transaction,
  scan: WantedScan,
  { findings, at }: { readonly findings: readonly ScannedFinding[]; readonly at: Date },
): Promise<void> {
  const rows = findings.map((one) => ({
    repository_id: String(scan.repositoryId),
    ref: scan.ref,
    fingerprint: one.fingerprint,
    rule: plain(one.rule),
    kind: one.kind,
    severity: one.severity,
    confidence: one.confidence,
    title: plain(one.title),
    message: plain(one.message),
    file: plain(one.detail.place.file),
    line: one.detail.place.line,
    rank: one.rank,
    tool: one.tool === undefined ? null : plain(one.tool),
    detail: json(one.detail),
    suppressed: one.suppressed === undefined ? null : json(one.suppressed),
    first_seen_at: at,
    first_commit: scan.commit,
    last_seen_at: at,
    last_commit: scan.commit,
    fixed_at: null,
    fixed_commit: null,
  }));
  await tx
    .as<FindingTables>()
    .insertInto('finding_item')
    .values(rows)
    .onConflict((on) =>
      on.columns(['repository_id', 'ref', 'fingerprint']).doUpdateSet({
        rule: sql`excluded.rule`,
        kind: sql`excluded.kind`,
        severity: sql`excluded.severity`,
        confidence: sql`excluded.confidence`,
        title: sql`excluded.title`,
        message: sql`excluded.message`,
        file: sql`excluded.file`,
        line: sql`excluded.line`,
        rank: sql`excluded.rank`,
        tool: sql`excluded.tool`,
        detail: sql`excluded.detail`,
        suppressed: sql`excluded.suppressed`,
        last_seen_at: sql`excluded.last_seen_at`,
        last_commit: sql`excluded.last_commit`,
        fixed_at: null,
        fixed_commit: null,
      }),
    )
    .execute();
}

async function noteBranch(
  tx: Transaction,
  scan: WantedScan,
  { at, analysisId }: { readonly at: Date; readonly analysisId: number | undefined },
): Promise<void> {
  const { repositoryId, ref, id, commit } = scan;
  // A scan that failed has looked at all reports, too: it is not repeated for them.
  const newest =
    analysisId ??
    sql`coalesce((select max(id) from check_analysis where repository_id = ${repositoryId} and ref = ${ref}), 0)`;
  await sql`
    insert into finding_branch (repository_id, ref, scan_id, commit, analysis_id, scanned_at)
    values (${repositoryId}, ${ref}, ${id}, ${commit}, ${newest}, ${at})
    on conflict (repository_id, ref) do update set scan_id = excluded.scan_id, commit = excluded.commit,
      analysis_id = excluded.analysis_id, scanned_at = excluded.scanned_at`.execute(tx.as<FindingTables>());
}

async function noteDay(
  tx: Transaction,
  scan: WantedScan,
  { at, isComplete }: { readonly at: Date; readonly isComplete: boolean },
): Promise<void> {
  const { open, suppressed } = await countsOf(tx, scan);
  await tx
    .as<FindingTables>()
    .insertInto('finding_day')
    .values({
      repository_id: String(scan.repositoryId),
      ref: scan.ref,
      day: at.toISOString().slice(0, 10),
      open: JSON.stringify(open),
      suppressed,
      is_complete: isComplete,
    })
    .onConflict((on) =>
      on.columns(['repository_id', 'ref', 'day']).doUpdateSet({
        open: sql`excluded.open`,
        suppressed: sql`excluded.suppressed`,
        is_complete: sql`excluded.is_complete`,
      }),
    )
    .execute();
}

/** What is open, by severity, and how much of it is suppressed. */
export async function countsOf(
  db: Database | Transaction,
  { repositoryId, ref }: Pick<WantedScan, 'repositoryId' | 'ref'>,
): Promise<{ readonly open: { readonly [severity: string]: number }; readonly suppressed: number }> {
  const { rows } = await sql<{ severity: string; open: string; suppressed: string }>`
    select severity, count(*) filter (where suppressed is null) as open, count(*) filter (where suppressed is not null) as suppressed
    from finding_item where repository_id = ${repositoryId} and ref = ${ref} and fixed_at is null group by severity`.execute(
    db.as<FindingTables>(),
  );
  const open = Object.fromEntries(
    SEVERITIES.map((severity) => [severity, Number(rows.find((row) => row.severity === severity)?.open ?? 0)]),
  );
  return { open, suppressed: rows.reduce((sum, row) => sum + Number(row.suppressed), 0) };
}
