import { sql } from 'kysely';
import type { ArtifactInfo, RunJob, RunReaders, RunState, RunSummary, RunView, ScheduleInfo } from '../api/index.ts';
import { type Log, reasonOf } from '../base/index.ts';
import { type Database, listen } from '../database/index.ts';
import type { EngineEvent } from '../engine/index.ts';
import type { Conclusion } from '../protocol/index.ts';
import type { Artifact, ResultsStore } from '../results/index.ts';
import { RUN_CHANNEL, type RunTables } from '../runs/index.ts';

const tablesOf = (db: Database) => db.as<RunTables & JobTables>();

/** What a job's row in the queue adds: who runs it. */
type JobTables = {
  queue_job: {
    readonly job_id: string;
    readonly state: string;
    readonly runner_id: string | null;
    readonly leased_at: Date | null;
  };
  queue_history: { readonly job_id: string; readonly runner_id: string | null; readonly leased_at: Date | null };
  queue_runner: { readonly id: string; readonly name: string };
};

type RunRow = {
  readonly id: string;
  readonly run_number: string;
  readonly workflow_path: string;
  readonly workflow_name: string;
  readonly run_name: string;
  readonly event: string;
  readonly ref: string;
  readonly sha: string;
  readonly actor_type: string;
  readonly actor_id: string;
  readonly actor_login: string;
  readonly level: RunSummary['level'];
  readonly end_level: RunSummary['level'] | null;
  readonly state: 'waiting' | 'running' | 'done';
  readonly conclusion: Conclusion | null;
  readonly attempt: number;
  readonly created_at: Date;
  readonly started_at: Date | null;
  readonly finished_at: Date | null;
};

const STATES = { waiting: 'waiting', running: 'running', done: 'finished' } as const;

function summaryOf(row: RunRow): RunSummary {
  return {
    id: Number(row.id),
    number: Number(row.run_number),
    attempt: row.attempt,
    workflow: { path: row.workflow_path, name: row.workflow_name },
    name: row.run_name,
    event: row.event,
    ref: row.ref,
    commit: row.sha,
    level: row.end_level ?? row.level,
    state: STATES[row.state],
    ...(row.conclusion === null ? {} : { conclusion: row.conclusion }),
    actor: { type: row.actor_type, id: row.actor_id, name: row.actor_login },
    createdAt: row.created_at,
    ...(row.started_at === null ? {} : { startedAt: row.started_at }),
    ...(row.finished_at === null ? {} : { finishedAt: row.finished_at }),
  };
}

export type OpenReaders = { readonly readers: RunReaders; close(): Promise<void> };

/** What the API shows of runs, from their tables. */
export function openReaders(db: Database, results: ResultsStore, log: Log): OpenReaders {
  const watching = new Map<number, Set<() => void>>();
  const wake = (runId: number) => {
    for (const callback of watching.get(runId) ?? []) callback();
  };
  const listener = listen(
    db,
    [RUN_CHANNEL],
    (told) => {
      if (told.kind === 'told') wake(Number(told.payload));
      else for (const runId of watching.keys()) wake(runId);
    },
    log,
  );
  const readers: RunReaders = {
    list: (asked) => list(db, asked),
    view: (key) => view(db, key),
    viewOfJob: (repositoryId, jobId) => viewOfJob(db, repositoryId, jobId),
    events: (key, after, limit) => events(db, key, after, limit),
    onChange(runId, callback) {
      const callbacks = watching.get(runId) ?? new Set();
      watching.set(runId, callbacks.add(callback));
      return () => {
        callbacks.delete(callback);
        if (callbacks.size === 0) watching.delete(runId);
      };
    },
    schedules: (repositoryId) => schedules(db, repositoryId),
    async artifacts({ repositoryId, runId }) {
      if (!(await isOf(db, repositoryId, runId))) return [];
      return (await results.artifacts.ofRun(runId)).map(artifactOf);
    },
    openArtifact: (repositoryId, artifactId) => openArtifact(db, results, { repositoryId, artifactId }),
  };
  return {
    readers,
    close: () =>
      listener.close().catch((thrown: unknown) => log.warn('A listener did not end', { reason: reasonOf(thrown) })),
  };
}

async function list(db: Database, asked: Parameters<RunReaders['list']>[0]): ReturnType<RunReaders['list']> {
  const { filter, cursor, limit } = asked;
  let query = tablesOf(db)
    .selectFrom('run_run')
    .selectAll()
    .where('repository_id', '=', String(asked.repositoryId))
    .orderBy('id', 'desc')
    .limit(limit + 1);
  if (cursor !== undefined && /^\d{1,16}$/.test(cursor)) query = query.where('id', '<', cursor);
  if (filter.workflow !== undefined) query = query.where('workflow_path', '=', pathOf(filter.workflow));
  if (filter.branch !== undefined) query = query.where('ref', '=', `refs/heads/${filter.branch}`);
  if (filter.event !== undefined) query = query.where('event', '=', filter.event);
  if (filter.commit !== undefined) query = query.where('sha', '=', filter.commit);
  if (filter.state !== undefined)
    query = query.where(
      'state',
      '=',
      filter.state === 'finished' ? 'done' : filter.state === 'waiting' ? 'waiting' : 'running',
    );
  const rows = await query.execute();
  const last = rows[limit - 1];
  return {
    items: rows.slice(0, limit).map(summaryOf),
    ...(rows.length > limit && last !== undefined ? { next: last.id } : {}),
  };
}

function pathOf(workflow: string): string {
  return workflow.includes('/') ? workflow : `.github/workflows/${workflow}`;
}

async function view(db: Database, key: Parameters<RunReaders['view']>[0]): Promise<RunView | undefined> {
  const row = await tablesOf(db)
    .selectFrom('run_run')
    .selectAll()
    .where('id', '=', String(key.runId))
    .where('repository_id', '=', String(key.repositoryId))
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const attempt = key.attempt ?? row.attempt;
  const jobs = await tablesOf(db)
    .selectFrom('run_job')
    .leftJoin('queue_job', 'queue_job.job_id', 'run_job.job_id')
    .leftJoin('queue_history', 'queue_history.job_id', 'run_job.job_id')
    .leftJoin('queue_runner', (join) =>
      join.on(sql<boolean>`queue_runner.id = coalesce(queue_job.runner_id, queue_history.runner_id)`),
    )
    .selectAll('run_job')
    .select([
      'queue_job.state as queue_state',
      sql<Date | null>`coalesce(queue_job.leased_at, queue_history.leased_at)`.as('leased_at'),
      'queue_runner.name as runner_name',
    ])
    .where('run_job.run_id', '=', row.id)
    .where('run_job.attempt', '=', attempt)
    .orderBy('place')
    .execute();
  const { rows } = await sql<{ last: string | null }>`
    select max(seq)::text as last from run_event where run_id = ${row.id}::bigint`.execute(db.as());
  return { ...summaryOf(row), attempt, jobs: jobs.map(jobOf), lastEvent: Number(rows[0]?.last ?? 0) };
}

async function viewOfJob(db: Database, repositoryId: number, jobId: number): Promise<RunView | undefined> {
  const job = await tablesOf(db)
    .selectFrom('run_job')
    .select(['run_id', 'attempt'])
    .where('job_id', '=', String(jobId))
    .executeTakeFirst();
  return job === undefined ? undefined : view(db, { repositoryId, runId: Number(job.run_id), attempt: job.attempt });
}

type JobRow = {
  readonly key: string;
  readonly name: string;
  readonly job_id: string | null;
  readonly needs: readonly string[];
  readonly state: 'waiting' | 'queued' | 'running' | 'done';
  readonly conclusion: Conclusion | null;
  readonly reason: string | null;
  readonly level: RunJob['level'] | null;
  readonly taints: RunJob['taints'] | null;
  readonly runner: string | null;
  readonly started_at: Date | null;
  readonly finished_at: Date | null;
  readonly queue_state: string | null;
  readonly leased_at: Date | null;
  readonly runner_name: string | null;
};

function jobOf(row: JobRow): RunJob {
  const isRunning = row.state !== 'done' && row.queue_state === 'leased';
  const state: RunState = row.state === 'done' ? 'finished' : isRunning ? 'running' : row.state;
  const runner = row.runner ?? row.runner_name;
  const startedAt = row.started_at ?? row.leased_at;
  return {
    id: Number(row.job_id ?? 0),
    key: row.key,
    name: row.name,
    state,
    ...(row.conclusion === null ? {} : { conclusion: row.conclusion }),
    ...(row.reason === null ? {} : { reason: row.reason }),
    level: row.level ?? 'branch',
    taints: row.taints ?? [],
    needs: row.needs,
    ...(runner === null ? {} : { runner }),
    ...(startedAt === null ? {} : { startedAt }),
    ...(row.finished_at === null ? {} : { finishedAt: row.finished_at }),
  };
}

async function events(
  db: Database,
  key: Parameters<RunReaders['events']>[0],
  after: number,
  limit: number,
): Promise<readonly { readonly seq: number; readonly event: EngineEvent }[]> {
  if (!(await isOf(db, key.repositoryId, key.runId))) return [];
  const rows = await tablesOf(db)
    .selectFrom('run_event')
    .select(['seq', 'event'])
    .where('run_id', '=', String(key.runId))
    .where('seq', '>', String(after))
    .orderBy('seq')
    .limit(limit)
    .execute();
  return rows.map(({ seq, event }) => ({ seq: Number(seq), event }));
}

async function isOf(db: Database, repositoryId: number, runId: number): Promise<boolean> {
  const row = await tablesOf(db)
    .selectFrom('run_run')
    .select('id')
    .where('id', '=', String(runId))
    .where('repository_id', '=', String(repositoryId))
    .executeTakeFirst();
  return row !== undefined;
}

async function schedules(db: Database, repositoryId: number): Promise<readonly ScheduleInfo[]> {
  const rows = await tablesOf(db)
    .selectFrom('run_schedule')
    .selectAll()
    .where('repository_id', '=', String(repositoryId))
    .orderBy('next_at')
    .execute();
  return rows.map((row) => ({
    workflow: row.workflow_path,
    cron: row.cron,
    timezone: row.timezone,
    nextAt: row.next_at,
  }));
}

function artifactOf(artifact: Artifact): ArtifactInfo {
  const { id, runId, name, bytes, digest, level, createdAt, expiresAt } = artifact;
  return { id, runId, name, bytes, digest, level, createdAt: new Date(createdAt), expiresAt: new Date(expiresAt) };
}

/** By its number alone it is looked for among the runs of the repository that have any. */
async function openArtifact(
  db: Database,
  results: ResultsStore,
  { repositoryId, artifactId }: { readonly repositoryId: number; readonly artifactId: number },
): ReturnType<RunReaders['openArtifact']> {
  const artifact = await results.artifacts.find(artifactId);
  if (artifact === undefined || !(await isOf(db, repositoryId, artifact.runId))) return undefined;
  return { info: artifactOf(artifact), bytes: await results.artifacts.read(artifact) };
}
