import { sql } from 'kysely';
import type { Database } from '../database/index.ts';
import { type RunSummary, summaries, summaryOf } from './read.ts';

/** Runs that are looked through: what is older needs nobody any more. */
const LOOKED_THROUGH = 2000;
const LIMIT_MAX = 50;

/** `open`: not finished. `failed`, `refused` (nothing of it ran, and why is told) and `passed` are the newest of their workflow and ref. */
export type RecentKind = 'open' | 'failed' | 'refused' | 'passed';

export type RecentAsked = {
  readonly repositoryIds: 'all' | readonly number[];
  readonly kind: RecentKind;
  /** Only those that this person began. */
  readonly userId?: number;
  readonly limit: number;
};

export type RecentRun = RunSummary & { readonly repositoryId: number };

/** Runs of many repositories, newest first. */
export async function recentRuns(db: Database, asked: RecentAsked): Promise<readonly RecentRun[]> {
  const { repositoryIds, kind, userId } = asked;
  if (repositoryIds !== 'all' && repositoryIds.length === 0) return [];
  let query = summaries(db).select('run.repository_id');
  if (repositoryIds !== 'all') query = query.where('run.repository_id', 'in', repositoryIds.map(String));
  if (userId !== undefined) {
    query = query.where('run.actor_type', '=', 'user').where('run.actor_id', '=', String(userId));
  }
  query = query.where(
    sql<boolean>`run.id > coalesce((select id from run_run order by id desc offset ${LOOKED_THROUGH} limit 1), 0)`,
  );
  if (kind === 'open') query = query.where('run.state', '<>', 'done');
  else {
    const isRefused = sql<boolean>`json_array_length(run.diagnostics) > 0`;
    query = query
      .where('run.state', '=', 'done')
      .where('run.conclusion', '=', kind === 'passed' ? 'success' : 'failure')
      .where(kind === 'refused' ? isRefused : sql<boolean>`not ${isRefused}`)
      .where(
        sql<boolean>`not exists (select from run_run newer where newer.repository_id = run.repository_id
          and newer.workflow_path = run.workflow_path and newer.ref = run.ref and newer.id > run.id)`,
      );
  }
  const rows = await query.orderBy('run.id', 'desc').limit(Math.min(LIMIT_MAX, asked.limit)).execute();
  return rows.map((row) => ({ ...summaryOf(row, row), repositoryId: Number(row.repository_id) }));
}
