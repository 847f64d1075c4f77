import { z } from '@hono/zod-openapi';
import { isFault } from '../base/index.ts';
import { fault } from './faults.ts';
import { logArchive, plainLog } from './log-text.ts';
import type { RunFilter, RunState, RunSummary, RunView } from './ports.ts';
import type { Answer, RepositoryCall } from './route.ts';
import { idParam } from './schema.ts';
import { json, type Paged, pageAnswer, pagedOf, pagedQuery, shaped } from './shaped-route.ts';
import { repositoryUrl, shapedArtifact, shapedJob, shapedRun, workflowId } from './shaped-views.ts';

/** Rows that one page of runs is found behind. */
const WALK_MAX = 1000;
const PAGE_OF_RUNS = 100;
const WORKFLOWS = '.github/workflows';
const run = { run: idParam };
const job = { job: idParam };

const STATES: { readonly [status: string]: RunState } = {
  completed: 'finished',
  in_progress: 'running',
  queued: 'queued',
  waiting: 'waiting',
  pending: 'queued',
};
const CONCLUSIONS = ['success', 'failure', 'cancelled', 'skipped'];

const runsQuery = {
  ...pagedQuery,
  branch: z.string().max(200).optional(),
  event: z.string().max(60).optional(),
  status: z.string().max(40).optional(),
  head_sha: z.string().max(40).optional(),
};

type RunsQuery = {
  readonly branch?: string | undefined;
  readonly event?: string | undefined;
  readonly status?: string | undefined;
  readonly head_sha?: string | undefined;
  readonly per_page?: number | undefined;
  readonly page?: number | undefined;
};

async function runs(call: RepositoryCall, path: string, query: RunsQuery, workflow?: string): Promise<Answer> {
  const paged = pagedOf(query);
  const { branch, event, status, head_sha: commit } = query;
  const state =
    status === undefined ? undefined : (STATES[status] ?? (CONCLUSIONS.includes(status) ? 'finished' : undefined));
  if (status !== undefined && state === undefined)
    throw fault('request-invalid', 'query.status: not a state or conclusion');
  const filter: RunFilter = {
    ...(workflow === undefined ? {} : { workflow }),
    ...(branch === undefined ? {} : { branch }),
    ...(event === undefined ? {} : { event }),
    ...(commit === undefined ? {} : { commit }),
    ...(state === undefined ? {} : { state }),
  };
  const wanted = (one: RunSummary) =>
    status === undefined || !CONCLUSIONS.includes(status) || one.conclusion === status;
  const { found, hasNext } = await walk(call, filter, paged, wanted);
  const value = {
    // As many as were seen, and one when there are more: all of them are not counted for one page.
    total_count: paged.skip + found.length + (hasNext ? 1 : 0),
    workflow_runs: found.map((one) => shapedRun(call, one)),
  };
  return pageAnswer(call, path, paged, { value, hasNext });
}

async function walk(call: RepositoryCall, filter: RunFilter, paged: Paged, wanted: (one: RunSummary) => boolean) {
  const end = paged.skip + paged.perPage;
  if (end > WALK_MAX)
    throw fault('request-invalid', `query.page: at most ${WALK_MAX} runs are walked through; use a filter`);
  const seen: RunSummary[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages <= WALK_MAX / PAGE_OF_RUNS; pages += 1) {
    const page = await call.deps.runs.list({
      repositoryId: call.repository.id,
      filter,
      limit: PAGE_OF_RUNS,
      ...(cursor === undefined ? {} : { cursor }),
    });
    seen.push(...page.items.filter(wanted));
    cursor = page.next;
    if (cursor === undefined || seen.length > end) break;
  }
  return { found: seen.slice(paged.skip, end), hasNext: seen.length > end };
}

async function requireRun(call: RepositoryCall, runId: number, attempt?: number): Promise<RunView> {
  const key = { repositoryId: call.repository.id, runId, ...(attempt === undefined ? {} : { attempt }) };
  const view = await call.deps.runs.view(key);
  if (view === undefined) throw fault('not-found', 'there is no such run in this repository');
  return view;
}

async function requireJob(call: RepositoryCall, jobId: number) {
  const view = await call.deps.runs.viewOfJob(call.repository.id, jobId);
  const found = view?.jobs.find(({ id }) => id === jobId);
  if (view === undefined || found === undefined) throw fault('not-found', 'there is no such job in this repository');
  return { view, job: found };
}

async function jobs(
  call: RepositoryCall,
  view: RunView,
  path: string,
  query: Parameters<typeof pagedOf>[0],
): Promise<Answer> {
  const paged = pagedOf(query);
  const some = view.jobs.slice(paged.skip, paged.skip + paged.perPage);
  const value = {
    total_count: view.jobs.length,
    jobs: await Promise.all(some.map((one) => shapedJob(call, view, one))),
  };
  return pageAnswer(call, path, paged, { value, hasNext: view.jobs.length > paged.skip + paged.perPage });
}

/** Files of workflows on the default branch. */
async function workflows(call: RepositoryCall): Promise<readonly string[]> {
  const reader = await call.deps.repo.reader(call.repository.id);
  const commit = await reader.resolve(call.repository.defaultBranch);
  if (commit === undefined) return [];
  const entries = await reader.listTree(commit, WORKFLOWS).catch((thrown: unknown) => {
    if (isFault(thrown, 'repo/file-missing')) return [];
    throw thrown;
  });
  return entries
    .filter(({ type, name }) => type === 'blob' && /\.ya?ml$/.test(name))
    .map(({ name }) => `${WORKFLOWS}/${name}`);
}

/** By file name, path or number, as GitHub takes them. */
async function workflowOf(call: RepositoryCall, named: string): Promise<string> {
  const found = (await workflows(call)).find(
    (path) => path === named || path === `${WORKFLOWS}/${named}` || String(workflowId(path)) === named,
  );
  if (found === undefined) throw fault('not-found', 'there is no such workflow on the default branch');
  return found;
}

const workflowParam = { workflow: z.string().min(1).max(300) };

function shapedWorkflow(call: RepositoryCall, path: string) {
  const id = workflowId(path);
  const url = `${repositoryUrl(call)}/actions/workflows/${id}`;
  const name = path.slice(WORKFLOWS.length + 1);
  return { id, node_id: `W_${id}`, name, path, state: 'active', url, html_url: url };
}

export const shapedRunRoutes = [
  shaped({ method: 'get', path: '/actions/workflows', verb: 'run.read' }, async (call) => {
    const found = (await workflows(call)).map((path) => shapedWorkflow(call, path));
    return json({ total_count: found.length, workflows: found });
  }),
  shaped(
    { method: 'get', path: '/actions/workflows/{workflow}', verb: 'run.read', params: workflowParam },
    async (call, { params }) => json(shapedWorkflow(call, await workflowOf(call, params.workflow))),
  ),
  shaped(
    {
      method: 'get',
      path: '/actions/workflows/{workflow}/runs',
      verb: 'run.read',
      params: workflowParam,
      query: runsQuery,
    },
    async (call, { params, query }) => {
      const path = await workflowOf(call, params.workflow);
      return runs(call, `/actions/workflows/${encodeURIComponent(params.workflow)}/runs`, query, path);
    },
  ),
  shaped({ method: 'get', path: '/actions/runs', verb: 'run.read', query: runsQuery }, (call, { query }) =>
    runs(call, '/actions/runs', query),
  ),
  shaped({ method: 'get', path: '/actions/runs/{run}', verb: 'run.read', params: run }, async (call, { params }) =>
    json(shapedRun(call, await requireRun(call, params.run))),
  ),
  shaped(
    {
      method: 'get',
      path: '/actions/runs/{run}/attempts/{attempt}',
      verb: 'run.read',
      params: { ...run, attempt: idParam },
    },
    async (call, { params }) => json(shapedRun(call, await requireRun(call, params.run, params.attempt))),
  ),
  shaped(
    { method: 'get', path: '/actions/runs/{run}/jobs', verb: 'run.read', params: run, query: pagedQuery },
    async (call, { params, query }) =>
      jobs(call, await requireRun(call, params.run), `/actions/runs/${params.run}/jobs`, query),
  ),
  shaped(
    {
      method: 'get',
      path: '/actions/runs/{run}/attempts/{attempt}/jobs',
      verb: 'run.read',
      params: { ...run, attempt: idParam },
      query: pagedQuery,
    },
    async (call, { params, query }) => {
      const path = `/actions/runs/${params.run}/attempts/${params.attempt}/jobs`;
      return jobs(call, await requireRun(call, params.run, params.attempt), path, query);
    },
  ),
  shaped(
    { method: 'get', path: '/actions/runs/{run}/logs', verb: 'run.read', params: run },
    async (call, { params }) => ({
      kind: 'bytes',
      type: 'application/zip',
      bytes: logArchive(call.deps.jobLogs, (await requireRun(call, params.run)).jobs),
    }),
  ),
  shaped({ method: 'get', path: '/actions/jobs/{job}', verb: 'run.read', params: job }, async (call, { params }) => {
    const found = await requireJob(call, params.job);
    return json(await shapedJob(call, found.view, found.job));
  }),
  shaped(
    { method: 'get', path: '/actions/jobs/{job}/logs', verb: 'run.read', params: job },
    async (call, { params }) => ({
      kind: 'bytes',
      type: 'text/plain; charset=utf-8',
      bytes: plainLog(call.deps.jobLogs, (await requireJob(call, params.job)).job.id),
    }),
  ),
  shaped(
    { method: 'get', path: '/actions/runs/{run}/artifacts', verb: 'run.read', params: run, query: pagedQuery },
    async (call, { params, query }) => {
      const paged = pagedOf(query);
      const { id, attempt } = await requireRun(call, params.run);
      const all = await call.deps.runs.artifacts({ repositoryId: call.repository.id, runId: id, attempt });
      const some = all.slice(paged.skip, paged.skip + paged.perPage).map((artifact) => shapedArtifact(call, artifact));
      const value = { total_count: all.length, artifacts: some };
      const hasNext = all.length > paged.skip + paged.perPage;
      return pageAnswer(call, `/actions/runs/${id}/artifacts`, paged, { value, hasNext });
    },
  ),
  shaped(
    { method: 'get', path: '/actions/artifacts/{artifact}', verb: 'run.read', params: { artifact: idParam } },
    async (call, { params }) => json(shapedArtifact(call, (await openArtifact(call, params.artifact)).info)),
  ),
  shaped(
    { method: 'get', path: '/actions/artifacts/{artifact}/zip', verb: 'run.read', params: { artifact: idParam } },
    async (call, { params }) => {
      const { info, bytes } = await openArtifact(call, params.artifact);
      const headers = { 'content-disposition': `attachment; filename="artifact-${info.id}.zip"` };
      return { kind: 'bytes', type: 'application/zip', bytes, headers };
    },
  ),
];

async function openArtifact(call: RepositoryCall, id: number) {
  const found = await call.deps.runs.openArtifact(call.repository.id, id);
  if (found === undefined) throw fault('not-found', 'there is no such artifact in this repository');
  return found;
}

/** What starts, repeats and ends runs. */
export const shapedDispatchRoutes = [
  shaped(
    {
      method: 'post',
      path: '/actions/workflows/{workflow}/dispatches',
      verb: 'run.dispatch',
      params: workflowParam,
      body: z.object({
        ref: z.string().min(1).max(200),
        inputs: z.record(z.string().max(100), z.union([z.string().max(65_535), z.number(), z.boolean()])).optional(),
      }),
    },
    async (call, { params, body }) => {
      const inputs = Object.fromEntries(
        Object.entries(body.inputs ?? {}).map(([name, value]) => [name, String(value)]),
      );
      const workflow = await workflowOf(call, params.workflow);
      const { deps, principal, repository } = call;
      await deps.engine.dispatch({ principal, repositoryId: repository.id, workflow, ref: body.ref, inputs });
      return { kind: 'none' };
    },
  ),
  shaped(
    {
      method: 'post',
      path: '/dispatches',
      verb: 'run.dispatch',
      body: z.object({
        event_type: z.string().min(1).max(100),
        client_payload: z.record(z.string().max(100), z.unknown()).optional(),
      }),
    },
    async ({ deps, principal, repository }, { body }) => {
      const { event_type: type, client_payload: payload = {} } = body;
      await deps.engine.repositoryDispatch({ principal, repositoryId: repository.id, type, payload });
      return { kind: 'none' };
    },
  ),
  ...(
    [
      ['rerun', 'all'],
      ['rerun-failed-jobs', 'failed'],
    ] as const
  ).map(([word, only]) =>
    shaped(
      { method: 'post', path: `/actions/runs/{run}/${word}`, verb: 'run.rerun', params: run },
      async (call, { params }) => {
        const { id } = await requireRun(call, params.run);
        await call.deps.engine.rerun({ principal: call.principal, runId: id, only });
        return json({}, 201);
      },
    ),
  ),
  shaped(
    { method: 'post', path: '/actions/jobs/{job}/rerun', verb: 'run.rerun', params: job },
    async (call, { params }) => {
      const found = await requireJob(call, params.job);
      await call.deps.engine.rerun({ principal: call.principal, runId: found.view.id, only: { job: found.job.id } });
      return json({}, 201);
    },
  ),
  ...(
    [
      ['cancel', false],
      ['force-cancel', true],
    ] as const
  ).map(([word, force]) =>
    shaped(
      { method: 'post', path: `/actions/runs/{run}/${word}`, verb: 'run.cancel', params: run },
      async (call, { params }) => {
        const { id } = await requireRun(call, params.run);
        await call.deps.engine.cancel({ principal: call.principal, runId: id, force });
        return json({}, 202);
      },
    ),
  ),
];
