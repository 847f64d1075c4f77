import type { DataObject, Taint, TrustLevel } from '../base/index.ts';
import type { Database } from '../database/index.ts';
import type { PlannedJob, PlannedWorkflow } from '../plan/index.ts';
import type { Conclusion } from '../protocol/index.ts';
import type { RunKey, RunView } from './read.ts';
import type { RunTables } from './tables.ts';

/** One try of a run. */
export type RunAttempt = {
  readonly attempt: number;
  /** Who asked for it. */
  readonly actor: { readonly type: string; readonly id: string; readonly name: string };
  readonly startedAt: Date;
  readonly finishedAt?: Date;
  readonly conclusion?: Conclusion;
  /** What of the attempt before it took over: nothing, what succeeded, or all but one job and what needs it. */
  readonly kept: 'nothing' | 'successful' | 'all but one';
  readonly only?: string;
};

/** What an attempt was planned to do, before anything ran, for people. */
export type PlanView = {
  readonly digest: string;
  /** The lock governed: what it does not name was refused. */
  readonly locked: boolean;
  readonly level: TrustLevel;
  readonly pins: readonly {
    readonly reference: string;
    readonly ref: string;
    readonly commit: string;
    readonly digest?: string;
  }[];
  /** Of `workflow_dispatch`, as text. */
  readonly inputs: readonly { readonly name: string; readonly value: string }[];
  readonly concurrency?: { readonly group: string; readonly cancelInProgress: boolean };
  readonly jobs: readonly PlannedJobView[];
};

export type PlannedJobView = {
  readonly key: string;
  readonly kind: 'job' | 'call';
  /** The called workflow. */
  readonly uses?: string;
  readonly needs: readonly string[];
  readonly level: TrustLevel;
  readonly permissions: { readonly [scope: string]: string };
  /** Names, no values. */
  readonly secrets: readonly string[];
  readonly runsOn: readonly string[];
  readonly environment?: string;
  readonly timeoutMinutes?: number;
  /** How many jobs it becomes; nothing while that depends on what others put out. */
  readonly instances?: number;
  readonly refusals: readonly string[];
};

/** Jobs of a plan that are told of. */
const JOBS_MAX = 1000;
const INPUT_CHARACTERS_MAX = 2000;

/** All attempts, oldest first. Nothing when the repository has no such run. */
export async function attemptsOf(
  db: Database,
  { repositoryId, runId }: Omit<RunKey, 'attempt'>,
): Promise<readonly RunAttempt[] | undefined> {
  const rows = await db
    .as<RunTables>()
    .selectFrom('run_run as run')
    .leftJoin('run_attempt as one', 'one.run_id', 'run.id')
    .select([
      'one.attempt',
      'one.actor_type',
      'one.actor_id',
      'one.actor_login',
      'one.started_at',
      'one.finished_at',
      'one.conclusion',
      'one.reuse',
    ])
    .where('run.id', '=', String(runId))
    .where('run.repository_id', '=', String(repositoryId))
    .orderBy('one.attempt')
    .execute();
  if (rows.length === 0) return undefined;
  return rows.flatMap((row): RunAttempt[] => {
    const { attempt, actor_type: type, actor_id: id, actor_login: name, reuse, started_at: startedAt } = row;
    // A run that was refused has none.
    if (attempt === null || type === null || id === null || name === null || startedAt === null) return [];
    return [
      {
        attempt,
        actor: { type, id, name },
        startedAt,
        ...(row.finished_at === null ? {} : { finishedAt: row.finished_at }),
        ...(row.conclusion === null ? {} : { conclusion: row.conclusion }),
        kept:
          reuse === null || reuse.jobs.length === 0
            ? 'nothing'
            : reuse.only === undefined
              ? 'successful'
              : 'all but one',
        ...(reuse?.only === undefined ? {} : { only: reuse.only }),
      },
    ];
  });
}

/** The plan of an attempt, the newest without one. Nothing for a run that was refused before it was planned. */
export async function planOf(
  db: Database,
  { repositoryId, runId, attempt }: RunKey,
): Promise<{ readonly found: boolean; readonly plan?: PlanView }> {
  const run = await db
    .as<RunTables>()
    .selectFrom('run_run')
    .select(['id', 'attempt'])
    .where('id', '=', String(runId))
    .where('repository_id', '=', String(repositoryId))
    .executeTakeFirst();
  if (run === undefined) return { found: false };
  const row = await db
    .as<RunTables>()
    .selectFrom('run_attempt')
    .select(['plan', 'plan_digest'])
    .where('run_id', '=', run.id)
    .where('attempt', '=', attempt ?? run.attempt)
    .executeTakeFirst();
  if (row === undefined) return { found: attempt === undefined };
  const { plan } = row;
  return {
    found: true,
    plan: {
      digest: row.plan_digest,
      locked: plan.locked,
      level: plan.level,
      pins: Object.entries(plan.pins).map(([reference, pin]) => ({ reference, ...pin })),
      inputs: inputsOf(plan.inputs),
      ...(plan.concurrency === undefined
        ? {}
        : { concurrency: { group: plan.concurrency.group, cancelInProgress: plan.concurrency.cancelInProgress } }),
      jobs: jobsOf(plan.root).slice(0, JOBS_MAX),
    },
  };
}

function inputsOf(inputs: DataObject): PlanView['inputs'] {
  return Object.entries(inputs).map(([name, value]) => ({
    name,
    value: (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, INPUT_CHARACTERS_MAX),
  }));
}

function jobsOf(workflow: PlannedWorkflow): readonly PlannedJobView[] {
  return workflow.jobs.flatMap((job) => [
    jobOf(job, workflow),
    ...(job.kind === 'call' && job.callee !== undefined ? jobsOf(job.callee) : []),
  ]);
}

function jobOf(job: PlannedJob, workflow: PlannedWorkflow): PlannedJobView {
  const [first] = job.expansion?.instances ?? [];
  const prefix = job.key.slice(0, job.key.length - job.id.length);
  const inner = workflow.jobs.filter(({ id }) => job.needs.includes(id));
  return {
    key: job.key,
    kind: job.kind,
    ...(job.kind === 'call' ? { uses: job.definition.uses } : {}),
    needs: inner.map(({ id }) => `${prefix}${id}`),
    level: job.level,
    permissions: job.permissions,
    secrets: job.kind === 'job' ? job.secrets : [],
    runsOn: first?.runsOn.labels ?? [],
    ...(first?.environment === undefined ? {} : { environment: first.environment.name }),
    ...(first?.timeoutMinutes === undefined ? {} : { timeoutMinutes: first.timeoutMinutes }),
    ...(job.expansion === undefined ? {} : { instances: job.expansion.instances.length }),
    refusals: job.kind === 'job' ? job.refusals.map(({ message }) => message) : [],
  };
}

/** The newest run before this one that was green: of the same workflow on the same ref. */
export async function lastGreenOf(
  db: Database,
  { repositoryId, runId }: Omit<RunKey, 'attempt'>,
): Promise<number | undefined> {
  const row = await db
    .as<RunTables>()
    .selectFrom('run_run as run')
    .innerJoin('run_run as green', (join) =>
      join
        .onRef('green.repository_id', '=', 'run.repository_id')
        .onRef('green.workflow_path', '=', 'run.workflow_path')
        .onRef('green.ref', '=', 'run.ref')
        .onRef('green.id', '<', 'run.id'),
    )
    .select('green.id')
    .where('run.id', '=', String(runId))
    .where('run.repository_id', '=', String(repositoryId))
    .where('green.conclusion', '=', 'success')
    .orderBy('green.id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? undefined : Number(row.id);
}

/** One step down, or where it stood from the start. */
export type TrustEvent = {
  readonly level: TrustLevel;
  /** A stable word: `event`, or the cause of a taint. */
  readonly cause: string;
  readonly source: string;
  /** Key of a job; nothing for the whole run. */
  readonly job?: string;
  readonly step?: string;
  readonly at?: Date;
};

/**
 * How the trust in a run came to be what it is, in order: what it began with, what lowered all of it, and what lowered single jobs while
 * they ran. `times`: when the runner told of a job's taint.
 */
export function trustEventsOf(
  run: Omit<RunView, 'actor'>,
  times: (jobId: number, taint: Taint) => number | undefined,
): readonly TrustEvent[] {
  const shared = new Set(run.taints.map(taintId));
  const ofJobs = run.jobs.flatMap((job) =>
    job.taints
      .filter((taint) => !shared.has(taintId(taint)))
      .map((taint) => {
        const time = times(job.id, taint) ?? job.startedAt?.getTime();
        return { ...taint, job: job.key, ...(time === undefined ? {} : { at: new Date(time) }) };
      }),
  );
  return [
    { level: run.level, cause: 'event', source: `${run.event} of ${run.ref}`, at: run.createdAt },
    ...run.taints.map((taint) => ({ ...taint, at: run.createdAt })),
    ...ofJobs.toSorted(
      (a, b) => (a.at?.getTime() ?? Number.MAX_SAFE_INTEGER) - (b.at?.getTime() ?? Number.MAX_SAFE_INTEGER),
    ),
  ];
}

export const taintId = ({ level, cause, step, source }: Taint) => JSON.stringify([level, cause, step, source]);
