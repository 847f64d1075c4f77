import type { PlannedJob, PlannedWorkflow } from '../plan/index.ts';

/** What a gate looks at of one job. */
export type JobFacts = {
  readonly key: string;
  readonly secrets: readonly string[];
  readonly permissions: { readonly [scope: string]: string };
  readonly environment?: string;
};

/** All jobs of a workflow and of those that it calls, as a gate sees them. */
export function jobFacts(root: PlannedWorkflow): readonly JobFacts[] {
  return allJobs(root).map((job) => {
    const environment = job.kind === 'job' ? job.definition.environment?.name : undefined;
    const shown = job.expansion?.instances[0]?.environment?.name;
    return {
      key: job.key,
      secrets: job.kind === 'job' ? job.secrets : [],
      permissions: job.permissions,
      ...(environment === undefined
        ? {}
        : { environment: shown ?? (typeof environment === 'string' ? environment : 'named by an expression') }),
    };
  });
}

function allJobs(workflow: PlannedWorkflow): readonly PlannedJob[] {
  return workflow.jobs.flatMap((job) =>
    job.kind === 'call' && job.callee !== undefined ? [job, ...allJobs(job.callee)] : [job],
  );
}
