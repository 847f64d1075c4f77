import { sql } from 'kysely';
import type { Transaction } from '../database/index.ts';
import { fault } from './faults.ts';
import type { RunTables } from './tables.ts';

/** A run at its end, for those who are told of it in the very transaction. */
export type EndedRun = {
  readonly repositoryId: number;
  readonly id: number;
  readonly number: number;
  readonly attempt: number;
  readonly workflow: { readonly path: string; readonly name: string };
  readonly name: string;
  readonly event: string;
  readonly ref: string;
  readonly commit: string;
  readonly level: string;
  readonly conclusion: string;
  readonly actor: { readonly type: string; readonly id: string; readonly name: string };
  readonly finishedAt: Date;
  /** How the run before it ended, of the same workflow on the same ref. */
  readonly previous?: string;
};

export async function endedRun(tx: Transaction, runId: number): Promise<EndedRun> {
  const tables = tx.as<RunTables>();
  const row = await tables.selectFrom('run_run').selectAll().where('id', '=', String(runId)).executeTakeFirst();
  if (row === undefined || row.finished_at === null || row.conclusion === null)
    throw fault('not-found', `run ${runId} has not ended`);
  const { rows } = await sql<{ conclusion: string }>`
    select conclusion from run_run
    where repository_id = ${row.repository_id} and ref = ${row.ref} and workflow_path = ${row.workflow_path}
      and state = 'done' and id < ${row.id} and conclusion in ('success', 'failure')
    order by id desc limit 1`.execute(tables);
  const previous = rows[0]?.conclusion;
  return {
    repositoryId: Number(row.repository_id),
    id: runId,
    number: Number(row.run_number),
    attempt: row.attempt,
    workflow: { path: row.workflow_path, name: row.workflow_name },
    name: row.run_name,
    event: row.event,
    ref: row.ref,
    commit: row.sha,
    level: row.end_level ?? row.level,
    conclusion: row.conclusion,
    actor: { type: row.actor_type, id: row.actor_id, name: row.actor_login },
    finishedAt: row.finished_at,
    ...(previous === undefined ? {} : { previous }),
  };
}
