import { sql } from 'kysely';
import type { Database } from '../database/index.ts';
import type { FindingTables } from './tables.ts';

/**
 * Takes away what is known of repositories that were purged, then scans from before, but for the newest of each branch. Answers whether
 * there may be more.
 */
export async function forgetFindings(
  db: Database,
  { before, limit }: { readonly before: Date; readonly limit: number },
): Promise<boolean> {
  const tables = db.as<FindingTables>();
  const gone = sql`select id from repo_repository where purged_at is not null`;
  const { rows: items } = await sql`
    delete from finding_item where id in (
      select id from finding_item where repository_id in (${gone}) limit ${limit}
    ) returning id`.execute(tables);
  const { rows: scans } = await sql`
    delete from finding_scan where id in (
      select s.id from finding_scan s
      where s.state in ('done', 'failed') and (
        s.repository_id in (${gone})
        or (s.created_at < ${before} and not exists (select 1 from finding_branch b where b.scan_id = s.id))
      ) limit ${limit}
    ) returning id`.execute(tables);
  await sql`delete from finding_branch where repository_id in (${gone})`.execute(tables);
  await sql`delete from finding_day where repository_id in (${gone})`.execute(tables);
  return items.length === limit || scans.length === limit;
}
