import { sql } from 'kysely';
import { append, type AppendDeps } from '../auditlog/index.ts';
import type { Database } from '../database/index.ts';
import type { RunTables } from './tables.ts';

/** How much is forgotten: runs that ended before then, so many at a time. */
export type Forgetting = { readonly before: Date; readonly limit: number };

/**
 * Takes the logs of runs that ended long ago away, then the events that told of them. The run itself stays, with its jobs and what it was
 * made of, so that it can be repeated. The mark is set last: who is killed before does the same once more. Answers whether there may be more.
 */
export async function forgetLogs(
  db: Database,
  { before, limit, remove }: Forgetting & { readonly remove: (jobId: number) => Promise<void> },
): Promise<boolean> {
  const runs = await db
    .as<RunTables>()
    .selectFrom('run_run')
    .select('id')
    .where('state', '=', 'done')
    .where('logs_removed_at', 'is', null)
    .where('finished_at', '<', before)
    .orderBy('finished_at')
    .limit(limit)
    .execute();
  for (const { id } of runs) await forgetRun(db, { id, before, remove });
  return runs.length === limit;
}

async function forgetRun(
  db: Database,
  of: { readonly id: string; readonly before: Date; readonly remove: (jobId: number) => Promise<void> },
): Promise<void> {
  const { id, before, remove } = of;
  // Those of attempts that ended: a repetition that begins meanwhile has jobs with numbers of their own.
  const jobs = await db.as<RunTables>().selectFrom('run_job').select('job_id').where('run_id', '=', id).execute();
  const isOld = await db
    .as<RunTables>()
    .selectFrom('run_run')
    .select('id')
    .where('id', '=', id)
    .where('state', '=', 'done')
    .where('finished_at', '<', before)
    .executeTakeFirst();
  if (isOld === undefined) return;
  for (const { job_id: job } of jobs) await remove(Number(job));
  await db.transaction(async (tx) => {
    const marked = await tx
      .as<RunTables>()
      .updateTable('run_run')
      .set({ logs_removed_at: sql<Date>`now()` })
      .where('id', '=', id)
      .where('state', '=', 'done')
      .where('finished_at', '<', before)
      .executeTakeFirst();
    if (marked.numUpdatedRows === 0n) return;
    await tx.as<RunTables>().deleteFrom('run_event').where('run_id', '=', id).execute();
  });
}

/** The journal is what open runs are built of again: that of ended ones is of no use. Answers whether there may be more. */
export async function forgetJournal(db: Database, { before, limit }: Forgetting): Promise<boolean> {
  const { numAffectedRows = 0n } = await sql`delete from run_journal where (repository_id, seq) in (
      select journal.repository_id, journal.seq from run_journal as journal join run_run as run on run.id = journal.run_id
      where run.state = 'done' and run.finished_at < ${before} limit ${limit}
    )`.execute(db.as<RunTables>());
  return Number(numAffectedRows) === limit;
}

/**
 * Takes runs away for good that ended long ago and whose logs are gone, with all rows of theirs; one entry of the audit log for all that
 * go at once. Their numbers are never given again. Answers whether there may be more.
 */
export async function forgetRuns(db: Database, { before, limit }: Forgetting, deps: AppendDeps): Promise<boolean> {
  return db.transaction(async (tx) => {
    const tables = tx.as<RunTables>();
    const old = await tables
      .selectFrom('run_run')
      .select('id')
      .where('state', '=', 'done')
      .where('logs_removed_at', 'is not', null)
      .where('finished_at', '<', before)
      .orderBy('finished_at')
      .limit(limit)
      .forUpdate()
      .skipLocked()
      .execute();
    if (old.length === 0) return false;
    const ids = old.map(({ id }) => id);
    await tables.deleteFrom('run_run').where('id', 'in', ids).execute();
    await append(
      tx,
      {
        actor: { type: 'system', id: 'retention' },
        action: 'run.forget',
        resource: { type: 'installation', id: 'this' },
        outcome: 'allow',
        detail: { runs: ids.map(Number), before: before.toISOString() },
      },
      deps,
    );
    return old.length === limit;
  });
}
