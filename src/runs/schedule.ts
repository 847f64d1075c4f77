import type { Database, Transaction } from '../database/index.ts';
import { nextCronTime, scheduleEvent } from '../event/index.ts';
import type { RefChange } from '../repo/index.ts';
import type { Batch } from './batch.ts';
import { fault } from './faults.ts';
import type { Prepared } from './prepare.ts';
import { runsOfEvent } from './ref-changes.ts';
import { originOf, type Place, placeOrNothing } from './repository.ts';
import type { RunTables } from './tables.ts';
import { begin, type Work } from './work.ts';

/** Times of one repository. */
const SCHEDULES_MAX = 100;

type Wanted = { readonly workflow_path: string; readonly cron: string; readonly timezone: string };

/** After the default branch moved: what its workflows run by the clock, for whoever moved it. */
export async function syncSchedules(
  engine: Work,
  { place, change, batch }: { readonly place: Place; readonly change: RefChange; readonly batch: Batch },
): Promise<void> {
  const wanted = await schedulesAt(engine, place);
  const now = engine.deps.clock.now();
  const id = String(place.repository.id);
  const rows = wanted.flatMap((one) => {
    const next = nextCronTime(one.cron, one.timezone, now);
    if (next === undefined) return [];
    const { type: actor_type, id: actor_id } = change.actor;
    return [{ ...one, repository_id: id, actor_type, actor_id, next_at: new Date(next) }];
  });
  batch.writes.push(async (tx) => {
    const tables = tx.as<RunTables>();
    const kept = await tables.selectFrom('run_schedule').selectAll().where('repository_id', '=', id).execute();
    const keyOf = (one: Wanted) => JSON.stringify([one.workflow_path, one.cron, one.timezone]);
    const known = new Set(kept.map(keyOf));
    const left = new Set(rows.map(keyOf));
    for (const old of kept.filter((one) => !left.has(keyOf(one)))) await removeSchedule(tx, old);
    const fresh = rows.filter((one) => !known.has(keyOf(one)));
    if (fresh.length > 0) await tables.insertInto('run_schedule').values(fresh).execute();
  });
}

async function removeSchedule(tx: Transaction, old: Wanted & { readonly repository_id: string }): Promise<void> {
  await tx
    .as<RunTables>()
    .deleteFrom('run_schedule')
    .where('repository_id', '=', old.repository_id)
    .where('workflow_path', '=', old.workflow_path)
    .where('cron', '=', old.cron)
    .where('timezone', '=', old.timezone)
    .execute();
}

async function schedulesAt(engine: Work, place: Place): Promise<readonly Wanted[]> {
  const { reader, files, repository, log } = place;
  const sha = await reader.resolve(`refs/heads/${repository.defaultBranch}`);
  if (sha === undefined) return [];
  const wanted = new Map<string, Wanted>();
  for (const path of await files.listWorkflows(sha)) {
    const text = await files.readText(sha, path);
    if (text?.includes('schedule') !== true) continue;
    const reading = await engine.deps.reader.readWorkflow(path, text);
    for (const { schedule } of reading.ok ? reading.value.on : []) {
      for (const { cron, timezone = 'UTC' } of schedule ?? []) {
        wanted.set(`${path} ${cron} ${timezone}`, { workflow_path: path, cron, timezone });
      }
    }
  }
  if (wanted.size > SCHEDULES_MAX) {
    log.warn('A repository has too many schedules, the rest is left out', { repository: repository.id });
  }
  return [...wanted.values()].slice(0, SCHEDULES_MAX);
}

export type DueSchedule = Wanted & {
  readonly repositoryId: number;
  readonly actor: { readonly type: string; readonly id: string };
  readonly nextAt: Date;
};

export async function dueSchedules(db: Database, now: number, limit: number): Promise<readonly DueSchedule[]> {
  const rows = await db
    .as<RunTables>()
    .selectFrom('run_schedule')
    .selectAll()
    .where('next_at', '<=', new Date(now))
    .orderBy('next_at')
    .limit(limit)
    .execute();
  return rows.map(({ repository_id: repositoryId, actor_type: type, actor_id: id, next_at: nextAt, ...wanted }) => {
    return { ...wanted, repositoryId: Number(repositoryId), actor: { type, id }, nextAt };
  });
}

/** Runs what is due, each time once: however long nobody looked, there is one run for it. */
export async function runSchedules(engine: Work, repositoryId: number, due: readonly DueSchedule[]): Promise<void> {
  const { deps } = engine;
  await engine.lane(repositoryId).run(async (driver, step) => {
    const place = await placeOrNothing(deps, repositoryId);
    const works: { readonly one: DueSchedule; readonly prepared: readonly Prepared[] }[] = [];
    for (const one of due) {
      works.push({ one, prepared: place === undefined ? [] : await runsOfSchedule(engine, place, one) });
    }
    await step((batch) => {
      for (const { one, prepared } of works) {
        claim(batch, one, deps.clock.now());
        for (const run of prepared) begin(driver, batch, run);
      }
    });
  });
}

async function runsOfSchedule(engine: Work, place: Place, due: DueSchedule): Promise<readonly Prepared[]> {
  const { deps } = engine;
  const sha = await place.reader.resolve(`refs/heads/${place.repository.defaultBranch}`);
  if (sha === undefined) return [];
  const event = scheduleEvent(await originOf(deps, place, due.actor), { sha, cron: due.cron });
  return runsOfEvent(event, {
    place,
    deps,
    actor: { type: 'system', id: 'schedule' },
    cause: `schedule ${due.nextAt.getTime()} ${due.cron} ${due.timezone}`,
    chainDepth: 0,
    only: due.workflow_path,
  });
}

function claim(batch: Batch, due: DueSchedule, now: number): void {
  const next = nextCronTime(due.cron, due.timezone, now);
  batch.writes.push(async (tx) => {
    const tables = tx.as<RunTables>();
    const place = [String(due.repositoryId), due.workflow_path, due.cron, due.timezone] as const;
    const claimed = await tables
      .updateTable('run_schedule')
      .set({ next_at: next === undefined ? new Date(8.64e15) : new Date(next) })
      .where('repository_id', '=', place[0])
      .where('workflow_path', '=', place[1])
      .where('cron', '=', place[2])
      .where('timezone', '=', place[3])
      .where('next_at', '=', due.nextAt)
      .executeTakeFirst();
    // Somebody else took it, or the default branch moved: look again.
    if (claimed.numUpdatedRows !== 1n) throw fault('stopped', 'a schedule changed while it was taken');
  });
}
