import { type Selectable, sql } from 'kysely';
import type { Database } from '../database/index.ts';
import { type CauseRun, type WorkflowRunAction, workflowRunEvent } from '../event/index.ts';
import type { Batch } from './batch.ts';
import type { Prepared } from './prepare.ts';
import { runsOfEvent } from './ref-changes.ts';
import { originOf, type Place, placeOrNothing } from './repository.ts';
import type { RunTables } from './tables.ts';
import { begin, type Work } from './work.ts';

/** Runs that begin each other one after the other; GitHub's bound. */
const CHAIN_MAX = 3;

/** Repositories with runs whose begin or end was not yet looked at by the workflows that wait for one. */
export async function repositoriesToFollow(db: Database): Promise<readonly number[]> {
  const rows = await db
    .as<RunTables>()
    .selectFrom('run_run')
    .select('repository_id')
    .distinct()
    .where(isToFollow)
    .execute();
  return rows.map(({ repository_id: id }) => Number(id));
}

const isToFollow = sql<boolean>`not requested_followed or (state <> 'waiting' and not progress_followed)
  or (state = 'done' and not completed_followed)`;

/** Makes the `workflow_run` events of one repository, each once. */
export async function follow(engine: Work, repositoryId: number, limit: number): Promise<void> {
  await engine.lane(repositoryId).run(async (driver, step) => {
    const rows = await engine.deps.db
      .as<RunTables>()
      .selectFrom('run_run')
      .selectAll()
      .where(isToFollow)
      .where('repository_id', '=', String(repositoryId))
      .orderBy('id')
      .limit(limit)
      .execute();
    const place = await placeOrNothing(engine.deps, repositoryId);
    const waits = place !== undefined && (await hasWaiting(place));
    const steps = await Promise.all(
      rows.map(async (row) => ({ row, prepared: waits ? await runsAfter(engine, place, row) : [] })),
    );
    await step((batch) => {
      for (const { row, prepared } of steps) {
        markFollowed(batch, row);
        for (const one of prepared) begin(driver, batch, one);
      }
    });
  });
}

type Row = {
  readonly id: string;
  readonly state: 'waiting' | 'running' | 'done';
  readonly requested_followed: boolean;
  readonly progress_followed: boolean;
  readonly completed_followed: boolean;
};

function markFollowed(batch: Batch, row: Row): void {
  batch.writes.push(async (tx) => {
    await tx
      .as<RunTables>()
      .updateTable('run_run')
      .set({
        requested_followed: true,
        ...(row.state === 'waiting' ? {} : { progress_followed: true }),
        ...(row.state === 'done' ? { completed_followed: true } : {}),
      })
      .where('id', '=', row.id)
      .execute();
  });
}

/** Most repositories have no such workflow: then nothing is read for each run. */
async function hasWaiting({ reader, files, repository }: Place): Promise<boolean> {
  const sha = await reader.resolve(`refs/heads/${repository.defaultBranch}`);
  if (sha === undefined) return false;
  for (const path of await files.listWorkflows(sha)) {
    if ((await files.readText(sha, path))?.includes('workflow_run') === true) return true;
  }
  return false;
}

async function runsAfter(
  engine: Work,
  place: Place,
  row: Selectable<RunTables['run_run']>,
): Promise<readonly Prepared[]> {
  if (row.chain_depth >= CHAIN_MAX) {
    place.log.warn('No further run follows this one: the chain is too long', { run: Number(row.id) });
    return [];
  }
  const { deps } = engine;
  const sha = await place.reader.resolve(`refs/heads/${place.repository.defaultBranch}`);
  if (sha === undefined) return [];
  const found = await originOf(deps, place, { type: row.actor_type, id: row.actor_id });
  // Of a run that itself followed another: the person at the beginning of the chain.
  const origin = row.actor_type === 'system' ? { ...found, actor: { login: row.actor_login, id: 0 } } : found;
  const actions: WorkflowRunAction[] = [];
  if (!row.requested_followed) actions.push('requested');
  // One that was cancelled while it waited never began.
  if (row.started_at !== null && !row.progress_followed) actions.push('in_progress');
  if (row.state === 'done' && !row.completed_followed) actions.push('completed');
  const prepared: Prepared[] = [];
  for (const action of actions) {
    const cause: CauseRun = {
      id: Number(row.id),
      runNumber: Number(row.run_number),
      attempt: row.attempt,
      workflow: { path: row.workflow_path, name: row.workflow_name },
      event: row.event,
      ref: row.ref,
      sha: row.sha,
      conclusion: action === 'completed' ? row.conclusion : null,
      actor: origin.actor,
      level: row.end_level ?? row.level,
      createdAt: row.created_at.getTime(),
    };
    const event = workflowRunEvent(origin, { sha, action, cause });
    prepared.push(
      ...(await runsOfEvent(event, {
        place,
        deps,
        // Nobody asked for it by name: the run did.
        actor: { type: 'system', id: `run:${row.id}` },
        cause: `run ${row.id} ${row.attempt} ${action}`,
        chainDepth: row.chain_depth + 1,
      })),
    );
  }
  return prepared;
}
