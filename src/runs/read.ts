import { sql } from 'kysely';
import type { Log, Taint, TrustLevel } from '../base/index.ts';
import { type Database, listen } from '../database/index.ts';
import type { EngineEvent } from '../engine/index.ts';
import type { Conclusion } from '../protocol/index.ts';
import type { QueueTables } from '../queue/index.ts';
import type { Diagnostic } from '../workflow/index.ts';
import { RUN_CHANNEL, storable } from './batch.ts';
import { fault } from './faults.ts';
import type { RunTables } from './tables.ts';

const PAGE_MAX = 100;
const EVENTS_MAX = 1000;

export type RunState = 'waiting' | 'queued' | 'running' | 'finished';

export type RunSummary = {
  readonly id: number;
  /** Of this workflow in this repository, from 1. */
  readonly number: number;
  readonly attempt: number;
  readonly workflow: { readonly path: string; readonly name: string };
  readonly name: string;
  readonly event: string;
  readonly ref: string;
  readonly commit: string;
  /** The ceiling of its jobs. */
  readonly level: TrustLevel;
  readonly state: RunState;
  readonly conclusion?: Conclusion;
  readonly actor: { readonly type: string; readonly id: string; readonly name: string };
  readonly createdAt: Date;
  readonly startedAt?: Date;
  readonly finishedAt?: Date;
};

export type RunJob = {
  readonly id: number;
  readonly key: string;
  readonly name: string;
  readonly state: RunState;
  readonly conclusion?: Conclusion;
  readonly reason?: string;
  readonly level: TrustLevel;
  readonly taints: readonly Taint[];
  readonly needs: readonly string[];
  readonly runner?: string;
  /** Its key without what a matrix adds; nothing before it was expanded. */
  readonly definition?: string;
  readonly queuedAt?: Date;
  readonly startedAt?: Date;
  readonly finishedAt?: Date;
};

export type RunView = RunSummary & {
  readonly jobs: readonly RunJob[];
  readonly notes: readonly string[];
  readonly taints: readonly Taint[];
  /** Why nothing of it ran. */
  readonly diagnostics: readonly Diagnostic[];
  /** Number of its newest event; 0 before the first. */
  readonly lastEvent: number;
};

export type RunFilter = {
  /** A path, or the name of a file in `.github/workflows`. */
  readonly workflow?: string;
  readonly branch?: string;
  readonly event?: string;
  readonly state?: RunState;
  readonly commit?: string;
  /** Name of whoever caused it. */
  readonly actor?: string;
};

/** One attempt of a run; without it the newest. A run of another repository is not there. */
export type RunKey = { readonly repositoryId: number; readonly runId: number; readonly attempt?: number };

/** Runs of one repository, newest first. Fault: `runs/cursor-invalid`. */
export async function listRuns(
  db: Database,
  asked: {
    readonly repositoryId: number;
    readonly filter: RunFilter;
    readonly cursor?: string;
    readonly limit: number;
  },
): Promise<{ readonly items: readonly RunSummary[]; readonly next?: string }> {
  const { repositoryId, filter, cursor } = asked;
  const limit = Math.max(1, Math.min(PAGE_MAX, asked.limit));
  let query = summaries(db).where('run.repository_id', '=', String(repositoryId));
  if (cursor !== undefined) {
    if (!/^[1-9]\d{0,14}$/.test(cursor)) throw fault('cursor-invalid', JSON.stringify(cursor.slice(0, 50)));
    query = query.where('run.id', '<', cursor);
  }
  const { workflow, branch, event, state, commit, actor } = filter;
  if (workflow !== undefined) {
    const path = workflow.includes('/') ? workflow : `.github/workflows/${workflow}`;
    query = query.where('run.workflow_path', '=', storable(path));
  }
  if (branch !== undefined) query = query.where('run.ref', '=', storable(`refs/heads/${branch}`));
  if (event !== undefined) query = query.where('run.event', '=', storable(event));
  if (commit !== undefined) query = query.where('run.sha', '=', storable(commit));
  if (actor !== undefined) query = query.where('run.actor_login', '=', storable(actor));
  if (state !== undefined) query = query.where('run.state', '=', storedState(state));
  const rows = await query
    .orderBy('run.id', 'desc')
    .limit(limit + 1)
    .execute();
  const items = rows.slice(0, limit).map((row) => summaryOf(row, row));
  const last = items.at(-1);
  return { items, ...(rows.length > limit && last !== undefined ? { next: String(last.id) } : {}) };
}

function storedState(state: RunState): 'waiting' | 'running' | 'done' {
  if (state === 'finished') return 'done';
  return state === 'running' ? 'running' : 'waiting';
}

export function summaries(db: Database) {
  return db
    .as<RunTables>()
    .selectFrom('run_run as run')
    .select([
      'run.id',
      'run.run_number',
      'run.attempt',
      'run.workflow_path',
      'run.workflow_name',
      'run.run_name',
      'run.event',
      'run.ref',
      'run.sha',
      'run.level',
      'run.state',
      'run.conclusion',
      'run.actor_type',
      'run.actor_id',
      'run.actor_login',
      'run.created_at',
      'run.started_at',
      'run.finished_at',
    ]);
}

type SummaryRow = Awaited<ReturnType<ReturnType<typeof summaries>['executeTakeFirstOrThrow']>>;

/** `of`: the attempt that is asked for, which may be older. */
export function summaryOf(
  row: SummaryRow,
  of: { readonly attempt: number; readonly conclusion: Conclusion | null; readonly finished_at: Date | null },
): RunSummary {
  const isNewest = of.attempt === row.attempt;
  return {
    id: Number(row.id),
    number: Number(row.run_number),
    attempt: of.attempt,
    workflow: { path: row.workflow_path, name: row.workflow_name },
    name: row.run_name,
    event: row.event,
    ref: row.ref,
    commit: row.sha,
    level: row.level,
    state: !isNewest || row.state === 'done' ? 'finished' : row.state,
    ...(of.conclusion === null ? {} : { conclusion: of.conclusion }),
    actor: { type: row.actor_type, id: row.actor_id, name: row.actor_login },
    createdAt: row.created_at,
    ...(row.started_at === null || !isNewest ? {} : { startedAt: row.started_at }),
    ...(of.finished_at === null ? {} : { finishedAt: of.finished_at }),
  };
}

export async function viewRun(db: Database, { repositoryId, runId, attempt }: RunKey): Promise<RunView | undefined> {
  const row = await summaries(db)
    .select(['run.notes', 'run.taints', 'run.diagnostics'])
    .where('run.id', '=', String(runId))
    .where('run.repository_id', '=', String(repositoryId))
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const wanted = attempt ?? row.attempt;
  const older =
    wanted === row.attempt
      ? row
      : await db
          .as<RunTables>()
          .selectFrom('run_attempt')
          .select(['attempt', 'conclusion', 'finished_at'])
          .where('run_id', '=', row.id)
          .where('attempt', '=', wanted)
          .executeTakeFirst();
  if (older === undefined) return undefined;
  const last = await db
    .as<RunTables>()
    .selectFrom('run_event')
    .select(({ fn }) => fn.max('seq').as('seq'))
    .where('run_id', '=', row.id)
    .executeTakeFirst();
  return {
    ...summaryOf(row, older),
    jobs: await jobsOf(db, { runId: row.id, attempt: wanted, level: row.level }),
    lastEvent: Number(last?.seq ?? 0),
    notes: row.notes,
    taints: row.taints,
    diagnostics: row.diagnostics,
  };
}

/** Which runner has a job the queue knows best. */
async function jobsOf(
  db: Database,
  { runId, attempt, level }: { readonly runId: string; readonly attempt: number; readonly level: TrustLevel },
): Promise<readonly RunJob[]> {
  const rows = await db
    .as<RunTables & QueueTables>()
    .selectFrom('run_job as job')
    .leftJoin('queue_job as held', 'held.job_id', 'job.job_id')
    .leftJoin('queue_history as past', 'past.job_id', 'job.job_id')
    .leftJoin('queue_runner as runner', (join) =>
      join.on('runner.id', '=', sql<string>`coalesce(held.runner_id, past.runner_id)`),
    )
    .select([
      'job.job_id',
      'job.key',
      'job.name',
      'job.state',
      'job.conclusion',
      'job.reason',
      'job.level',
      'job.taints',
      'job.needs',
      'job.definition',
      'job.queued_at',
      'job.started_at',
      'job.finished_at',
      'held.state as held',
      'held.leased_at as leased_at',
      'runner.name as runner',
    ])
    .where('job.run_id', '=', runId)
    .where('job.attempt', '=', attempt)
    .orderBy('job.place')
    .execute();
  return rows.map((row) => {
    const isLeased = row.state === 'queued' && row.held === 'leased';
    const startedAt = row.started_at ?? (isLeased ? row.leased_at : null);
    return {
      id: Number(row.job_id),
      key: row.key,
      name: row.name,
      state: row.state === 'done' ? 'finished' : isLeased ? 'running' : row.state,
      ...(row.conclusion === null ? {} : { conclusion: row.conclusion }),
      ...(row.reason === null ? {} : { reason: row.reason }),
      level: row.level ?? level,
      taints: row.taints ?? [],
      needs: row.needs,
      ...(row.runner === null ? {} : { runner: row.runner }),
      ...(row.definition === null ? {} : { definition: row.definition }),
      ...(row.queued_at === null ? {} : { queuedAt: row.queued_at }),
      ...(startedAt === null ? {} : { startedAt }),
      ...(row.finished_at === null ? {} : { finishedAt: row.finished_at }),
    };
  });
}

/** What happened in a run, but for what its jobs log, in order. Without an attempt those of the newest. */
export async function engineEvents(
  db: Database,
  { repositoryId, runId, attempt }: RunKey,
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<readonly { readonly seq: number; readonly event: EngineEvent }[]> {
  let query = db
    .as<RunTables>()
    .selectFrom('run_event as event')
    .innerJoin('run_run as run', 'run.id', 'event.run_id')
    .select(['event.seq', 'event.event'])
    .where('event.run_id', '=', String(runId))
    .where('run.repository_id', '=', String(repositoryId))
    .where('event.seq', '>', String(after));
  query =
    attempt === undefined
      ? query.whereRef('event.attempt', '=', 'run.attempt')
      : query.where('event.attempt', '=', attempt);
  const rows = await query.orderBy('event.seq').limit(Math.min(limit, EVENTS_MAX)).execute();
  return rows.map(({ seq, event }) => ({ seq: Number(seq), event }));
}

/** Whether the repository has the run. */
export async function isRunOf(db: Database, { repositoryId, runId }: Omit<RunKey, 'attempt'>): Promise<boolean> {
  const row = await db
    .as<RunTables>()
    .selectFrom('run_run')
    .select('id')
    .where('id', '=', String(runId))
    .where('repository_id', '=', String(repositoryId))
    .executeTakeFirst();
  return row !== undefined;
}

export async function schedulesOf(
  db: Database,
  repositoryId: number,
): Promise<
  readonly { readonly workflow: string; readonly cron: string; readonly timezone: string; readonly nextAt: Date }[]
> {
  const rows = await db
    .as<RunTables>()
    .selectFrom('run_schedule')
    .selectAll()
    .where('repository_id', '=', String(repositoryId))
    .orderBy('next_at')
    .execute();
  return rows.map(({ workflow_path: workflow, cron, timezone, next_at: nextAt }) => {
    return { workflow, cron, timezone, nextAt };
  });
}

/** The run, repository and key of a job, for those who know only its number. */
export async function runOfJob(
  db: Database,
  jobId: number,
): Promise<
  { readonly repositoryId: number; readonly runId: number; readonly attempt: number; readonly key: string } | undefined
> {
  const row = await db
    .as<RunTables>()
    .selectFrom('run_job as job')
    .innerJoin('run_run as run', 'run.id', 'job.run_id')
    .select(['run.repository_id', 'job.run_id', 'job.attempt', 'job.key'])
    .where('job.job_id', '=', String(jobId))
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const { repository_id: repositoryId, run_id: runId, attempt, key } = row;
  return { repositoryId: Number(repositoryId), runId: Number(runId), attempt, key };
}

/** Attempts that ended in this span of time, oldest first. */
export async function endedRuns(
  db: Database,
  { from, to, limit }: { readonly from: Date; readonly to: Date; readonly limit: number },
): Promise<readonly (Required<RunKey> & { readonly endedAt: Date })[]> {
  const rows = await db
    .as<RunTables>()
    .selectFrom('run_run')
    .select(['id', 'repository_id', 'attempt', 'finished_at'])
    .where('state', '=', 'done')
    .where('logs_removed_at', 'is', null)
    .where('finished_at', '>', from)
    .where('finished_at', '<=', to)
    .orderBy('finished_at')
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.flatMap(({ id, repository_id: repositoryId, attempt, finished_at: endedAt }) =>
    endedAt === null ? [] : [{ runId: Number(id), repositoryId: Number(repositoryId), attempt, endedAt }],
  );
}

/** Runs by conclusion, and those that go on by state. Looks at every run: not for each request. */
export async function countRuns(db: Database): Promise<{ readonly [state: string]: number }> {
  const rows = await db
    .as<RunTables>()
    .selectFrom('run_run')
    .select(({ fn }) => [sql<string>`coalesce(conclusion, state)`.as('state'), fn.countAll<string>().as('count')])
    .groupBy(sql`coalesce(conclusion, state)`)
    .execute();
  return Object.fromEntries(rows.map(({ state, count }) => [state, Number(count)]));
}

export type RunWatcher = {
  /** Calls back when something of the run changed, perhaps once too often, never once too little. Ends with what it returns. */
  onChange(runId: number, callback: () => void): () => void;
  close(): Promise<void>;
};

export function watchRuns(db: Database, log: Log): RunWatcher {
  const callbacks = new Map<number, Set<() => void>>();
  const listener = listen(
    db,
    [RUN_CHANNEL],
    (told) => {
      const ids = told.kind === 'told' ? [Number(told.payload)] : [...callbacks.keys()];
      for (const id of ids) for (const callback of callbacks.get(id) ?? []) callback();
    },
    log,
  );
  return {
    onChange(runId, callback) {
      const own = callbacks.get(runId) ?? new Set();
      callbacks.set(runId, own);
      own.add(callback);
      return () => {
        own.delete(callback);
        if (own.size === 0 && callbacks.get(runId) === own) callbacks.delete(runId);
      };
    },
    close: () => listener.close(),
  };
}
