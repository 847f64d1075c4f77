import { z } from '@hono/zod-openapi';
import { isFault } from '../base/index.ts';
import {
  compareJobs,
  type JobReport,
  lastGreenOf,
  planOf,
  attemptsOf,
  taintId,
  type TimedJob,
  trustEventsOf,
} from '../runs/index.ts';
import { fault } from './faults.ts';
import { plainLog } from './log-text.ts';
import type { RunJob, RunView } from './ports.ts';
import { repository, type RepositoryCall } from './route.ts';
import { jobParam, requireJob, requireRun, requireRunOfJob, runParam, attemptQuery } from './run-lookup.ts';
import {
  attemptOf,
  attemptSchema,
  comparisonSchema,
  isoOfMs,
  jobReportOf,
  jobReportSchema,
  linesSchema,
  partsOf,
  planSchema,
  runReportSchema,
  searchSchema,
  trustEventOf,
  workflowsSchema,
} from './run-detail-schema.ts';
import { runViewOf, runViewSchema } from './run-schema.ts';
import { iso, isoOf, pageOf } from './schema.ts';

/** Logs that one answer is made of. */
const JOBS_MAX = 256;
const LINES_MAX = 2000;
const LINES_DEFAULT = 500;
const MATCHES_MAX = 1000;

const count = z
  .string()
  .regex(/^\d{1,9}$/, 'a whole number')
  .transform(Number)
  .openapi({ type: 'integer', minimum: 0 });

type Report = JobReport & { readonly id: number; readonly key: string };

async function reportsOf({ deps }: RepositoryCall, run: RunView): Promise<readonly Report[]> {
  const reports: Report[] = [];
  // One after the other: the logs of a large run are not all read at once.
  for (const { id, key } of run.jobs.slice(0, JOBS_MAX)) reports.push({ ...(await deps.reports.report(id)), id, key });
  return reports;
}

/** The run with its jobs as they were when they last really ran: a repetition takes over what had succeeded. */
async function withTakenOver(call: RepositoryCall, run: RunView): Promise<RunView> {
  let jobs = run.jobs;
  for (let { attempt } = run; attempt > 1 && jobs.some(isTakenOver); attempt -= 1) {
    const before = await requireRun(call, run.id, attempt - 1);
    const known = new Map(before.jobs.map((job) => [job.key, job]));
    jobs = jobs.map((job) => (isTakenOver(job) ? (known.get(job.key) ?? job) : job));
  }
  return { ...run, jobs };
}

const isTakenOver = (job: RunJob) => job.startedAt === undefined && job.conclusion === 'success';

async function timedJobs(call: RepositoryCall, run: RunView): Promise<readonly TimedJob[]> {
  const reports = new Map((await reportsOf(call, run)).map((report) => [report.id, report]));
  return run.jobs.map((job) => ({ job, steps: reports.get(job.id)?.steps ?? [] }));
}

export const runDetailRoutes = [
  repository.json(
    {
      method: 'get',
      path: '/runs/{run}/attempts',
      verb: 'run.read',
      tag: 'Runs',
      summary: 'All attempts of a run, oldest first',
      params: runParam,
      reply: pageOf(attemptSchema, 'AttemptPage'),
    },
    async (call, { params }) => {
      const attempts = await attemptsOf(call.deps.db, { repositoryId: call.repository.id, runId: params.run });
      if (attempts === undefined) throw fault('not-found', `there is no run ${params.run} in this repository`);
      return { items: attempts.map(attemptOf) };
    },
  ),
  repository.json(
    {
      method: 'get',
      path: '/runs/{run}/plan',
      verb: 'run.read',
      tag: 'Runs',
      summary: 'What an attempt was planned to do, with the pins of its actions. Without a plan: it was refused before',
      params: runParam,
      query: attemptQuery,
      reply: z.strictObject({ plan: planSchema.optional() }),
    },
    async (call, { params, query }) => {
      const { attempt } = query;
      const key = { repositoryId: call.repository.id, runId: params.run };
      const { found, plan } = await planOf(call.deps.db, { ...key, ...(attempt === undefined ? {} : { attempt }) });
      if (!found) throw fault('not-found', `there is no run ${params.run} in this repository`);
      return plan === undefined ? {} : { plan };
    },
  ),
  repository.json(
    {
      method: 'get',
      path: '/runs/{run}/report',
      verb: 'run.read',
      tag: 'Runs',
      summary:
        'What the jobs of a run told: steps, annotations, summaries, attempts to reach the network, and causes of its trust level',
      params: runParam,
      query: attemptQuery,
      reply: runReportSchema,
    },
    async (call, { params, query }) => {
      const run = await requireRun(call, params.run, query.attempt);
      const reports = await reportsOf(call, run);
      const times = new Map(
        reports.flatMap(({ id, taints }) => taints.map((taint) => [`${id} ${taintId(taint)}`, taint.time] as const)),
      );
      const trust = trustEventsOf(run, (jobId, taint) => times.get(`${jobId} ${taintId(taint)}`));
      return {
        jobs: reports.map((report) => ({ ...partsOf(report), id: report.id, key: report.key })),
        trust: trust.map(trustEventOf),
        jobsLeftOut: Math.max(0, run.jobs.length - JOBS_MAX),
      };
    },
  ),
  repository.json(
    {
      method: 'get',
      path: '/runs/{run}/comparison',
      verb: 'run.read',
      tag: 'Runs',
      summary: 'Times of jobs and steps beside those of the last green run of the same workflow and ref',
      params: runParam,
      query: attemptQuery,
      reply: comparisonSchema,
    },
    async (call, { params, query }) => {
      const run = await requireRun(call, params.run, query.attempt);
      const baseId = await lastGreenOf(call.deps.db, { repositoryId: call.repository.id, runId: run.id });
      if (baseId === undefined) return { jobs: [] };
      const base = await requireRun(call, baseId);
      const { id, number, commit, createdAt, finishedAt } = base;
      return {
        base: { id, number, commit, createdAt: iso(createdAt), ...isoOf('finishedAt', finishedAt) },
        jobs: compareJobs(await timedJobs(call, run), await timedJobs(call, await withTakenOver(call, base))),
      };
    },
  ),
  repository.json(
    {
      method: 'get',
      path: '/runs/{run}/jobs/{job}',
      verb: 'run.read',
      tag: 'Runs',
      summary: 'The attempt that a job belongs to, with all of its jobs',
      params: jobParam,
      reply: runViewSchema,
    },
    async (call, { params }) => runViewOf(await requireRunOfJob(call, params)),
  ),
  repository.json(
    {
      method: 'get',
      path: '/runs/{run}/jobs/{job}/report',
      verb: 'run.read',
      tag: 'Runs',
      summary: 'What a job told, with the parts of its log that belong to steps and groups',
      params: jobParam,
      reply: jobReportSchema,
    },
    async (call, { params }) => jobReportOf(await call.deps.reports.report((await requireJob(call, params)).id)),
  ),
  repository.json(
    {
      method: 'get',
      path: '/runs/{run}/jobs/{job}/lines',
      verb: 'run.read',
      tag: 'Runs',
      summary: 'Lines of a log from one on; fewer than asked for when they are long',
      params: jobParam,
      query: { from: count.optional(), count: count.pipe(z.number().min(1).max(LINES_MAX)).optional() },
      reply: linesSchema,
    },
    async (call, { params, query }) => {
      const { id } = await requireJob(call, params);
      const span = { from: query.from ?? 0, count: query.count ?? LINES_DEFAULT };
      const { lines, ...told } = await call.deps.reports.lines(id, span);
      return { ...told, lines: lines.map(({ time, ...line }) => ({ ...line, time: isoOfMs(time) })) };
    },
  ),
  repository.json(
    {
      method: 'get',
      path: '/runs/{run}/jobs/{job}/search',
      verb: 'run.read',
      tag: 'Runs',
      summary: 'Numbers of the lines of a log that have a text, without regard to case and colours',
      params: jobParam,
      query: {
        text: z.string().min(1).max(500),
        from: count.optional(),
        limit: count.pipe(z.number().min(1).max(MATCHES_MAX)).optional(),
      },
      reply: searchSchema,
    },
    async (call, { params, query }) => {
      const { id } = await requireJob(call, params);
      const { text, from = 0, limit = MATCHES_MAX } = query;
      return call.deps.reports.search(id, { text, from, limit });
    },
  ),
  repository.bytes(
    {
      method: 'get',
      path: '/runs/{run}/jobs/{job}/text',
      verb: 'run.read',
      tag: 'Runs',
      summary: 'The lines that a job printed, each with its time, as a file',
      type: 'text/plain; charset=utf-8',
      params: jobParam,
    },
    async (call, { params }) => {
      const { id } = await requireJob(call, params);
      return {
        bytes: plainLog(call.deps.jobLogs, id),
        headers: { 'content-disposition': `attachment; filename="job-${id}.txt"` },
      };
    },
  ),
  repository.json(
    {
      method: 'get',
      path: '/workflows',
      verb: 'run.read',
      tag: 'Runs',
      summary: 'The workflows of a branch or tag, with the inputs of those that are started by hand',
      query: { ref: z.string().min(1).max(200).optional() },
      reply: workflowsSchema,
    },
    async ({ deps, repository: { id, defaultBranch } }, { query }) => {
      const asked = deps.engine.workflows({ repositoryId: id, ref: query.ref ?? defaultBranch });
      return asked.catch((thrown: unknown) => {
        // A repository that nobody has pushed to has no default branch, and no workflows: nothing is wrong with that.
        if (query.ref === undefined && isFault(thrown, 'runs/ref-missing')) return { workflows: [], leftOut: 0 };
        throw thrown;
      });
    },
  ),
];
