import { lowestLevel, type TrustLevel } from '../base/index.ts';
import type { Database } from '../database/index.ts';
import { type ActiveRun, activeRun, jobFacts } from '../engine/index.ts';
import type { Event } from '../event/index.ts';
import { decideServerRun, type Permit } from '../gate/index.ts';
import { digestOfPlan, type Plan } from '../plan/index.ts';
import type { Digest } from '../base/index.ts';
import { fault } from './faults.ts';
import type { Reuse, RunTables } from './tables.ts';

/** A run of the server that goes on. */
export type ServerRun = {
  readonly run: ActiveRun;
  readonly repositoryId: number;
  readonly reuse: Reuse;
};

/** Asks the gate for a plan, now: a permit is not kept, what it was given for is. */
export function permitFor(plan: Plan, digest: Digest, { event, now }: { event: Event; now: number }): Permit {
  const decision = decide(plan, digest, { event, now });
  if (!decision.permitted) {
    const [denial] = decision.denials;
    throw fault('not-permitted', `${denial?.message ?? 'denied'} (${denial?.rule ?? ''}): ${denial?.remedy ?? ''}`);
  }
  return decision.permit;
}

export function decide(plan: Plan, digest: Digest, { event, now }: { readonly event: Event; readonly now: number }) {
  const ceiling: TrustLevel = lowestLevel(event.level, 'branch');
  return decideServerRun({ planDigest: digest, level: plan.level, ceiling, jobs: jobFacts(plan.root), now });
}

/** Runs of a repository that are not over, as they were before their first job, oldest first. */
export async function loadOpenRuns(db: Database, repositoryId: number, now: number): Promise<readonly ServerRun[]> {
  const rows = await db
    .as<RunTables>()
    .selectFrom('run_run as run')
    .innerJoin('run_attempt as attempt', (join) =>
      join.onRef('attempt.run_id', '=', 'run.id').onRef('attempt.attempt', '=', 'run.attempt'),
    )
    .select([
      'run.id',
      'run.run_number',
      'attempt.attempt',
      'attempt.plan',
      'attempt.plan_digest',
      'attempt.event',
      'attempt.github',
      'attempt.vars',
      'attempt.reuse',
      'attempt.started_at',
    ])
    .where('run.repository_id', '=', String(repositoryId))
    .where('run.state', '<>', 'done')
    .orderBy('run.id')
    .execute();
  return rows.map((row) => {
    const { plan, event, github, vars } = row;
    const digest = digestOfPlan(plan);
    // A plan that was changed where it lies is another plan.
    if (digest !== row.plan_digest)
      throw fault('not-permitted', `the plan of run ${row.id} is not the one it began with`);
    const run = activeRun(
      { runId: Number(row.id), runNumber: Number(row.run_number), attempt: row.attempt },
      { plan, digest, event, github, vars },
      { permit: permitFor(plan, digest, { event, now }), now, startedAt: row.started_at.getTime() },
    );
    return { run, repositoryId, reuse: row.reuse };
  });
}
