import { fault } from './faults.ts';
import type { RunJob, RunView } from './ports.ts';
import type { RepositoryCall } from './route.ts';
import { idParam } from './schema.ts';

export const runParam = { run: idParam };
export const jobParam = { run: idParam, job: idParam };
export const attemptQuery = { attempt: idParam.optional() };

/** The run, when it is one of this repository. */
export async function requireRun(call: RepositoryCall, runId: number, attempt?: number): Promise<RunView> {
  const key = { repositoryId: call.repository.id, runId, ...(attempt === undefined ? {} : { attempt }) };
  const run = await call.deps.runs.view(key);
  if (run === undefined) throw fault('not-found', `there is no run ${runId} in this repository`);
  return run;
}

type JobAsked = { readonly run: number; readonly job: number };

/** The attempt of this run that has the job. */
export async function requireRunOfJob(call: RepositoryCall, asked: JobAsked): Promise<RunView> {
  const run = await call.deps.runs.viewOfJob(call.repository.id, asked.job);
  if (run?.id !== asked.run) throw fault('not-found', `there is no job ${asked.job} in this run`);
  return run;
}

/** The job, when it is one of this run, in whichever attempt. */
export async function requireJob(call: RepositoryCall, asked: JobAsked): Promise<RunJob> {
  const job = (await requireRunOfJob(call, asked)).jobs.find(({ id }) => id === asked.job);
  if (job === undefined) throw fault('not-found', `there is no job ${asked.job} in this run`);
  return job;
}
