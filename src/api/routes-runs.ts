import { z } from '@hono/zod-openapi';
import { fault } from './faults.ts';
import type { RunFilter } from './ports.ts';
import { repository } from './route.ts';
import { attemptQuery, jobParam, requireJob, requireRun, runParam } from './run-lookup.ts';
import { artifactOf, artifactSchema, runSchema, runViewOf, runViewSchema, state, summaryOf } from './run-schema.ts';
import { followLog, followRun } from './run-streams.ts';
import { cursorQuery, idParam, isoOf, limitQuery, pageOf, sizeOfPage, time } from './schema.ts';

/** What one request reads of a log. */
const LOG_BYTES_MAX = 4 * 1024 * 1024;
const INPUTS_MAX = 25;

export const runRoutes = [
  repository.json(
    {
      method: 'get',
      path: '/runs',
      verb: 'run.read',
      tag: 'Runs',
      summary: 'Runs, newest first',
      query: {
        limit: limitQuery,
        cursor: cursorQuery,
        workflow: z.string().max(300).optional(),
        branch: z.string().max(200).optional(),
        event: z.string().max(60).optional(),
        state: state.optional(),
        actor: z.string().min(1).max(100).optional(),
        commit: z
          .string()
          .regex(/^[0-9a-f]{40}$/)
          .optional(),
      },
      reply: pageOf(runSchema, 'RunPage'),
    },
    async ({ deps, repository: { id } }, { query }) => {
      const { limit, cursor, ...filter } = query;
      const given = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
      const page = await deps.runs.list({
        repositoryId: id,
        filter: given satisfies RunFilter,
        limit: sizeOfPage(limit),
        ...(cursor === undefined ? {} : { cursor }),
      });
      return { items: page.items.map(summaryOf), ...(page.next === undefined ? {} : { next: page.next }) };
    },
  ),
  repository.json(
    {
      method: 'get',
      path: '/runs/{run}',
      verb: 'run.read',
      tag: 'Runs',
      summary: 'One run with its jobs',
      params: runParam,
      query: attemptQuery,
      reply: runViewSchema,
    },
    async (call, { params, query }) => runViewOf(await requireRun(call, params.run, query.attempt)),
  ),
  repository.events(
    {
      method: 'get',
      path: '/runs/{run}/events',
      verb: 'run.read',
      tag: 'Runs',
      summary: 'What happens in a run, from the beginning or from Last-Event-ID on',
      describes:
        '`engine` with an engine event (docs/reference/events.md), its number as the id; `run` with the run as it is now; `end` when nothing more comes',
      params: runParam,
      query: attemptQuery,
    },
    async (call, { params, query }) => {
      const run = await requireRun(call, params.run, query.attempt);
      return followRun(call, { runId: run.id, attempt: run.attempt });
    },
  ),
  repository.bytes(
    {
      method: 'get',
      path: '/runs/{run}/jobs/{job}/log',
      verb: 'run.read',
      tag: 'Runs',
      summary: 'The log of a job, one event a line, from a byte on',
      type: 'application/x-ndjson',
      params: jobParam,
      query: {
        ...attemptQuery,
        offset: z
          .string()
          .regex(/^\d{1,15}$/)
          .transform(Number)
          .optional(),
      },
    },
    async (call, { params, query }) => {
      const job = await requireJob(call, params);
      const { jobLogs } = call.deps;
      const size = await jobLogs.size(job.id);
      const from = query.offset ?? 0;
      if (from > size) throw fault('request-invalid', `query.offset: the log has ${size} bytes`);
      const bytes = await jobLogs.read(job.id, { from, bytesMax: LOG_BYTES_MAX });
      return {
        bytes: once(bytes),
        headers: { 'sallyport-log-size': String(size), 'sallyport-log-next': String(from + bytes.length) },
      };
    },
  ),
  repository.events(
    {
      method: 'get',
      path: '/runs/{run}/jobs/{job}/log/events',
      verb: 'run.read',
      tag: 'Runs',
      summary: 'The log of a job as it grows, from the beginning or from the byte of Last-Event-ID on',
      describes: '`log` with one event of the job, the byte after its line as the id; `end` when nothing more comes',
      params: jobParam,
    },
    async (call, { params }) => followLog(call, (await requireJob(call, params)).id),
  ),
  repository.none(
    {
      method: 'post',
      path: '/runs/{run}/cancel',
      verb: 'run.cancel',
      tag: 'Runs',
      summary: 'Cancels a run; by force also its steps that always run',
      params: runParam,
      body: z.strictObject({ force: z.boolean().optional() }),
    },
    async (call, { params, body }) => {
      const { id } = await requireRun(call, params.run);
      await call.deps.engine.cancel({ principal: call.principal, runId: id, force: body.force ?? false });
    },
  ),
  repository.json(
    {
      method: 'post',
      path: '/runs/{run}/rerun',
      verb: 'run.rerun',
      tag: 'Runs',
      summary: 'Runs it again as another attempt: all of it, what failed, or one job with what needs it',
      status: 201,
      params: runParam,
      body: z.strictObject({
        only: z.union([z.enum(['all', 'failed']), z.strictObject({ job: z.int().positive() })]).optional(),
      }),
      reply: z.strictObject({ attempt: z.int() }),
    },
    async (call, { params, body }) => {
      const { id, jobs } = await requireRun(call, params.run);
      const only = body.only ?? 'all';
      if (typeof only === 'object' && !jobs.some((job) => job.id === only.job)) {
        throw fault('not-found', `there is no job ${only.job} in this run`);
      }
      return call.deps.engine.rerun({ principal: call.principal, runId: id, only });
    },
  ),
  repository.json(
    {
      method: 'post',
      path: '/dispatches',
      verb: 'run.dispatch',
      tag: 'Runs',
      summary: 'Starts a workflow that has `workflow_dispatch`',
      status: 201,
      body: z.strictObject({
        workflow: z.string().min(1).max(300),
        ref: z.string().min(1).max(200).optional(),
        inputs: z
          .record(z.string().max(100), z.string().max(65_535))
          .refine((inputs) => Object.keys(inputs).length <= INPUTS_MAX, `at most ${INPUTS_MAX} inputs`)
          .optional(),
      }),
      reply: z.strictObject({ runIds: z.array(z.int()) }),
    },
    async ({ deps, principal, repository: { id, defaultBranch } }, { body }) => {
      return deps.engine.dispatch({
        principal,
        repositoryId: id,
        workflow: body.workflow,
        ref: body.ref ?? defaultBranch,
        inputs: body.inputs ?? {},
      });
    },
  ),
  repository.json(
    {
      method: 'post',
      path: '/repository-dispatches',
      verb: 'run.dispatch',
      tag: 'Runs',
      summary: 'Starts what has `repository_dispatch` of this type',
      status: 201,
      body: z.strictObject({
        type: z.string().min(1).max(100),
        payload: z.record(z.string().max(100), z.unknown()).optional(),
      }),
      reply: z.strictObject({ runIds: z.array(z.int()) }),
    },
    async ({ deps, principal, repository: { id } }, { body }) => {
      const { type, payload = {} } = body;
      return deps.engine.repositoryDispatch({ principal, repositoryId: id, type, payload });
    },
  ),
  repository.json(
    {
      method: 'get',
      path: '/runs/{run}/artifacts',
      verb: 'run.read',
      tag: 'Runs',
      summary: 'The artifacts of a run',
      params: runParam,
      query: attemptQuery,
      reply: pageOf(artifactSchema, 'ArtifactPage'),
    },
    async (call, { params, query }) => {
      const { id, attempt } = await requireRun(call, params.run, query.attempt);
      const artifacts = await call.deps.runs.artifacts({ repositoryId: call.repository.id, runId: id, attempt });
      return { items: artifacts.map(artifactOf) };
    },
  ),
  repository.bytes(
    {
      method: 'get',
      path: '/artifacts/{artifact}/archive',
      verb: 'run.read',
      tag: 'Runs',
      summary: 'An artifact as a zip archive. Who wrote it is not known to be harmless.',
      type: 'application/zip',
      params: { artifact: idParam },
    },
    async ({ deps, repository: { id } }, { params }) => {
      const found = await deps.runs.openArtifact(id, params.artifact);
      if (found === undefined) throw fault('not-found', `there is no artifact ${params.artifact} in this repository`);
      return {
        bytes: found.bytes,
        headers: {
          'content-length': String(found.info.bytes),
          // Never shown by a browser as if it were a page of ours.
          'content-disposition': `attachment; filename="artifact-${found.info.id}.zip"`,
        },
      };
    },
  ),
  repository.json(
    {
      method: 'get',
      path: '/schedules',
      verb: 'schedule.read',
      tag: 'Runs',
      summary: 'What the workflows of the default branch run by the clock',
      reply: pageOf(
        z
          .strictObject({
            workflow: z.string(),
            cron: z.string(),
            timezone: z.string().optional(),
            nextAt: time.optional(),
          })
          .openapi('Schedule'),
        'SchedulePage',
      ),
    },
    async ({ deps, repository: { id } }) => ({
      items: (await deps.runs.schedules(id)).map(({ nextAt, ...schedule }) => ({
        ...schedule,
        ...isoOf('nextAt', nextAt),
      })),
    }),
  ),
];

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}
