import { sql } from 'kysely';
import type { Transaction } from '../database/index.ts';
import { append, type AppendDeps, type Entry } from './append.ts';
import type { AuditlogTables } from './tables.ts';

/** Refusals of one actor and action that are entries of their own within a window; from then on each doubling is one. */
const TOLD_MAX = 32;
const WINDOW_MS = 10 * 60_000;
/** Rows of windows that are over, taken away at once. */
const ROWS = 5_000;

/**
 * Adds the entry of something that was refused: as `append`, but somebody who is refused again and again does not fill the log with it.
 * An entry beyond the first ones says by `refusals` how many there were since the window began, itself among them.
 */
export async function appendRefusal(tx: Transaction, entry: Entry, deps: AppendDeps): Promise<void> {
  const key = `${entry.actor.type}:${entry.actor.id} ${entry.action}`;
  const now = new Date(deps.now());
  const since = new Date(deps.now() - WINDOW_MS);
  const { rows } = await sql<{ count: number }>`
    insert into auditlog_refusal as known (key, began_at, count) values (${key}, ${now}, 1)
    on conflict (key) do update set
      count = case when known.began_at <= ${since} then 1 else known.count + 1 end,
      began_at = case when known.began_at <= ${since} then ${now} else known.began_at end
    returning count`.execute(tx.as<AuditlogTables>());
  const count = rows[0]?.count ?? 1;
  if (count <= TOLD_MAX) return append(tx, entry, deps);
  if (!Number.isInteger(Math.log2(count))) return;
  await append(tx, { ...entry, detail: { ...entry.detail, refusals: count } }, deps);
}

/** Takes away the counts of windows that are over. Whether there may be more. */
export async function forgetRefusals(tx: Transaction, deps: Pick<AppendDeps, 'now'>): Promise<boolean> {
  const { rows } = await sql`
    delete from auditlog_refusal where key in (
      select key from auditlog_refusal where began_at < ${new Date(deps.now() - WINDOW_MS)} order by began_at limit ${ROWS}
    ) returning key`.execute(tx.as<AuditlogTables>());
  return rows.length === ROWS;
}
