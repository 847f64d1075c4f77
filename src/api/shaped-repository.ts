import { z } from '@hono/zod-openapi';
import {
  createCheckRun,
  findAnalysis,
  findCheckRun,
  listCheckRuns,
  listStatuses,
  setStatus,
  updateCheckRun,
  uploadAnalysis,
} from '../check/index.ts';
import { isFault } from '../base/index.ts';
import { fault } from './faults.ts';
import type { RepositoryCall } from './route.ts';
import { idParam } from './schema.ts';
import { json, pageAnswer, pagedOf, pagedQuery, shaped } from './shaped-route.ts';
import { repositoryUrl, shapedCheckRun, shapedCommit, shapedRepository, shapedStatus } from './shaped-views.ts';

const FILE_BYTES_MAX = 1024 * 1024;
const SARIF_BODY_BYTES_MAX = 14 * 1024 * 1024;
const CHECK_BODY_BYTES_MAX = 512 * 1024;
const revision = z.string().min(1).max(200);
const sha = z.string().regex(/^[0-9a-f]{40}$/);
const path = z.string().min(1).max(4096);

/** The commit that a branch, a tag or an id means. */
async function commitOf(call: RepositoryCall, named: string | undefined): Promise<string> {
  const reader = await call.deps.repo.reader(call.repository.id);
  const text = named ?? call.repository.defaultBranch;
  const commit = await reader.resolve(text.replace(/^heads\//, 'refs/heads/').replace(/^tags\//, 'refs/tags/'));
  if (commit === undefined) throw fault('not-found', 'there is no such branch, tag or commit');
  return commit;
}

async function contents(call: RepositoryCall, place: string, ref: string | undefined) {
  const commit = await commitOf(call, ref);
  const reader = await call.deps.repo.reader(call.repository.id);
  const url = (of: string) =>
    `${repositoryUrl(call)}/contents/${of.split('/').map(encodeURIComponent).join('/')}?ref=${commit}`;
  const entryOf = (of: string, type: string, oid: string, size: number) => ({
    type,
    name: of.split('/').at(-1),
    path: of,
    sha: oid,
    size,
    url: url(of),
    html_url: null,
    git_url: null,
    download_url: null,
  });
  if (place !== '') {
    const file = await reader.readFile(commit, place, FILE_BYTES_MAX).catch((thrown: unknown) => {
      if (isFault(thrown, 'repo/file-missing')) return undefined;
      throw thrown;
    });
    if (file !== undefined) {
      const { bytes, oid, mode } = file;
      if (mode === '120000') {
        return json({ ...entryOf(place, 'symlink', oid, bytes.length), target: bytes.toString('utf8') });
      }
      const content = bytes.toString('base64').replaceAll(/.{76}/g, '$&\n');
      return json({ ...entryOf(place, 'file', oid, bytes.length), encoding: 'base64', content });
    }
  }
  const types = { blob: 'file', tree: 'dir', commit: 'submodule' } as const;
  const entries = await reader.listTree(commit, place);
  return json(
    entries.map(({ name, type, oid, bytes = 0 }) =>
      entryOf(place === '' ? name : `${place}/${name}`, types[type], oid, bytes),
    ),
  );
}

async function refs(
  call: RepositoryCall,
  prefix: string,
  query: { readonly per_page?: number | undefined; readonly page?: number | undefined },
) {
  const paged = pagedOf(query);
  const reader = await call.deps.repo.reader(call.repository.id);
  const { items, next } = await reader.listRefs({ prefix, skip: paged.skip, limit: paged.perPage });
  const value = items.map(({ ref, oid, peeled = oid }) => ({
    name: ref.slice(prefix.length),
    commit: { sha: peeled, url: `${repositoryUrl(call)}/commits/${peeled}` },
    protected: ref === `refs/heads/${call.repository.defaultBranch}`,
  }));
  const place = prefix === 'refs/tags/' ? '/tags' : '/branches';
  return pageAnswer(call, place, paged, { value, hasNext: next !== undefined });
}

export const shapedRepositoryRoutes = [
  shaped({ method: 'get', path: '', verb: 'repository.see' }, async (call) => json(shapedRepository(call))),
  shaped(
    { method: 'get', path: '/contents', verb: 'repository.read', query: { ref: revision.optional() } },
    (call, { query }) => contents(call, '', query.ref),
  ),
  shaped(
    {
      method: 'get',
      path: '/contents/{path+}',
      verb: 'repository.read',
      params: { path },
      query: { ref: revision.optional() },
    },
    (call, { params, query }) => contents(call, params.path.replace(/\/$/, ''), query.ref),
  ),
  shaped(
    {
      method: 'get',
      path: '/commits',
      verb: 'repository.read',
      query: { ...pagedQuery, sha: revision.optional() },
    },
    async (call, { query }) => {
      const paged = pagedOf(query);
      const reader = await call.deps.repo.reader(call.repository.id);
      const from = await commitOf(call, query.sha);
      const { items, next } = await reader.listCommits(from, { skip: paged.skip, limit: paged.perPage });
      const value = items.map((commit) => shapedCommit(call, commit));
      return pageAnswer(call, '/commits', paged, { value, hasNext: next !== undefined });
    },
  ),
  shaped(
    { method: 'get', path: '/commits/{ref}', verb: 'repository.read', params: { ref: revision } },
    async (call, { params }) => {
      const reader = await call.deps.repo.reader(call.repository.id);
      const { items } = await reader.listCommits(await commitOf(call, params.ref), { limit: 1 });
      const [commit] = items;
      if (commit === undefined) throw fault('not-found', 'there is no such commit');
      return json(shapedCommit(call, commit));
    },
  ),
  shaped({ method: 'get', path: '/branches', verb: 'repository.read', query: pagedQuery }, (call, { query }) =>
    refs(call, 'refs/heads/', query),
  ),
  shaped({ method: 'get', path: '/tags', verb: 'repository.read', query: pagedQuery }, (call, { query }) =>
    refs(call, 'refs/tags/', query),
  ),
  shaped(
    { method: 'get', path: '/git/ref/{ref+}', verb: 'repository.read', params: { ref: revision } },
    async (call, { params }) => {
      const reader = await call.deps.repo.reader(call.repository.id);
      const ref = `refs/${params.ref}`;
      const found = (await reader.listRefs({ prefix: ref, limit: 1 })).items.find((one) => one.ref === ref);
      if (found === undefined) throw fault('not-found', 'there is no such ref');
      const { oid, peeled } = found;
      return json({
        ref,
        url: `${repositoryUrl(call)}/git/ref/${params.ref}`,
        object: { type: peeled === undefined ? 'commit' : 'tag', sha: oid },
      });
    },
  ),
];

const statusState = z.enum(['error', 'failure', 'pending', 'success']);
const RANK = ['error', 'failure', 'pending', 'success'] as const;

/** Newest of each context: what holds. */
async function statusesOf(call: RepositoryCall, ref: string) {
  const commit = await commitOf(call, ref);
  const all = await listStatuses(call.deps.db, { repositoryId: call.repository.id, commit });
  return { commit, all };
}

export const shapedCheckRoutes = [
  shaped(
    {
      method: 'post',
      path: '/statuses/{sha}',
      verb: 'status.write',
      params: { sha },
      body: z.object({
        state: statusState,
        context: z.string().min(1).max(255).optional(),
        description: z.string().max(1000).nullish(),
        target_url: z.string().max(2000).nullish(),
      }),
    },
    async (call, { params, body }) => {
      const commit = await commitOf(call, params.sha);
      const { state, context = 'default', description, target_url: targetUrl } = body;
      const status = await setStatus(
        call.deps,
        call.principal,
        { repositoryId: call.repository.id, commit },
        {
          state,
          context,
          ...(description === undefined || description === null ? {} : { description }),
          ...(targetUrl === undefined || targetUrl === null ? {} : { targetUrl }),
        },
      );
      return json(shapedStatus(call, commit, status), 201);
    },
  ),
  shaped(
    {
      method: 'get',
      path: '/commits/{ref}/statuses',
      verb: 'repository.read',
      params: { ref: revision },
      query: pagedQuery,
    },
    async (call, { params, query }) => {
      const paged = pagedOf(query);
      const { commit, all } = await statusesOf(call, params.ref);
      const value = all
        .slice(paged.skip, paged.skip + paged.perPage)
        .map((status) => shapedStatus(call, commit, status));
      const hasNext = all.length > paged.skip + paged.perPage;
      return pageAnswer(call, `/commits/${encodeURIComponent(params.ref)}/statuses`, paged, { value, hasNext });
    },
  ),
  shaped(
    { method: 'get', path: '/commits/{ref}/status', verb: 'repository.read', params: { ref: revision } },
    async (call, { params }) => {
      const { commit, all } = await statusesOf(call, params.ref);
      const newest = all.filter((one, at) => all.findIndex(({ context }) => context === one.context) === at);
      const worst = RANK.find((state) => newest.some((one) => one.state === state)) ?? 'pending';
      return json({
        sha: commit,
        state: worst === 'error' ? 'failure' : worst,
        total_count: newest.length,
        statuses: newest.map((status) => shapedStatus(call, commit, status)),
        repository: shapedRepository(call),
        url: `${repositoryUrl(call)}/commits/${commit}/status`,
        commit_url: `${repositoryUrl(call)}/commits/${commit}`,
      });
    },
  ),
  shaped(
    {
      method: 'post',
      path: '/check-runs',
      verb: 'check.write',
      bodyBytesMax: CHECK_BODY_BYTES_MAX,
      body: z.object({ head_sha: sha, ...checkShape(), name: z.string().min(1).max(255) }),
    },
    async (call, { body }) => {
      const { head_sha: head, ...told } = body;
      const commit = await commitOf(call, head);
      const of = { repositoryId: call.repository.id, commit };
      const run = await createCheckRun(call.deps, call.principal, of, plainOf(told));
      return json(shapedCheckRun(call, run), 201);
    },
  ),
  shaped(
    {
      method: 'patch',
      path: '/check-runs/{id}',
      verb: 'check.write',
      params: { id: idParam },
      bodyBytesMax: CHECK_BODY_BYTES_MAX,
      body: z.object({ ...checkShape(), name: z.string().min(1).max(255).optional() }),
    },
    async (call, { params, body }) => {
      const of = { repositoryId: call.repository.id, id: params.id };
      return json(shapedCheckRun(call, await updateCheckRun(call.deps, call.principal, of, plainOf(body))));
    },
  ),
  shaped(
    { method: 'get', path: '/check-runs/{id}', verb: 'repository.read', params: { id: idParam } },
    async (call, { params }) =>
      json(shapedCheckRun(call, await findCheckRun(call.deps.db, call.repository.id, params.id))),
  ),
  shaped(
    {
      method: 'get',
      path: '/commits/{ref}/check-runs',
      verb: 'repository.read',
      params: { ref: revision },
      query: pagedQuery,
    },
    async (call, { params, query }) => {
      const paged = pagedOf(query);
      const commit = await commitOf(call, params.ref);
      const all = await listCheckRuns(call.deps.db, { repositoryId: call.repository.id, commit });
      const some = all.slice(paged.skip, paged.skip + paged.perPage).map((run) => shapedCheckRun(call, run));
      const hasNext = all.length > paged.skip + paged.perPage;
      const value = { total_count: all.length, check_runs: some };
      return pageAnswer(call, `/commits/${encodeURIComponent(params.ref)}/check-runs`, paged, { value, hasNext });
    },
  ),
  shaped(
    {
      method: 'post',
      path: '/code-scanning/sarifs',
      verb: 'finding.write',
      bodyBytesMax: SARIF_BODY_BYTES_MAX,
      body: z.object({ commit_sha: sha, ref: revision, sarif: z.string().min(1) }),
    },
    async (call, { body }) => {
      const commit = await commitOf(call, body.commit_sha);
      const of = { repositoryId: call.repository.id, commit, ref: body.ref };
      const { id } = await uploadAnalysis(call.deps, call.principal, of, body.sarif);
      return json({ id: String(id), url: `${repositoryUrl(call)}/code-scanning/sarifs/${id}` }, 202);
    },
  ),
  shaped(
    { method: 'get', path: '/code-scanning/sarifs/{id}', verb: 'finding.read', params: { id: idParam } },
    async (call, { params }) => {
      const found = await findAnalysis(call.deps.db, call.repository.id, params.id);
      return json({
        processing_status: 'complete',
        analyses_url: null,
        errors: null,
        results_count: found.results,
        tool: found.tool,
      });
    },
  ),
];

function checkShape() {
  const time = z.iso.datetime({ offset: true }).optional();
  return {
    status: z.enum(['queued', 'in_progress', 'completed']).optional(),
    conclusion: z
      .enum(['success', 'failure', 'neutral', 'cancelled', 'skipped', 'timed_out', 'action_required'])
      .optional(),
    details_url: z.string().max(2000).optional(),
    external_id: z.string().max(200).optional(),
    started_at: time,
    completed_at: time,
    output: z
      .object({
        title: z.string().max(255).nullish(),
        summary: z.string().max(65_535).nullish(),
        text: z.string().max(65_535).nullish(),
        annotations: z
          .array(z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])))
          .max(50)
          .optional(),
      })
      .optional(),
  };
}

/** Without what was not said. */
function plainOf(value: object): { readonly [name: string]: never } {
  return JSON.parse(JSON.stringify(value));
}
