import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { unzipSync } from 'fflate';
import { Octokit } from 'octokit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestPostgres, type TestPostgres } from '../database/postgres.fixture.ts';
import { makeToken } from '../identity/index.ts';
import { git, workTree } from '../repo/repo.fixture.ts';
import { runView, serveApi, type ServedApi } from './api.fixture.ts';

/** The real client of GitHub's API, unmodified, against `/api/v3`. */
const AT = { owner: 'acme', repo: 'app' };
let postgres: TestPostgres;
let api: ServedApi;
let octokit: Octokit;
let sha: string;
let repositoryId: number;
const job = { token: '', id: 0, permissions: {} as { readonly [name: string]: string } };

const clientOf = (auth: string) =>
  new Octokit({
    auth,
    baseUrl: `${api.origin}/api/v3`,
    retry: { enabled: false },
    throttle: { enabled: false },
    log: SILENT,
  });
const ignore = () => undefined;
const SILENT = { debug: ignore, info: ignore, warn: ignore, error: ignore };

beforeAll(async () => {
  postgres = await openTestPostgres();
  job.token = makeToken('job', { random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)) }).expose();
  api = await serveApi(postgres, {
    jobOf: async () => ({ jobId: 70, repositoryId: job.id, permissions: job.permissions }),
  });
  const { token } = await api.people.owner();
  ({ id: repositoryId } = await api.create('app'));
  job.id = repositoryId;
  octokit = clientOf(token);
  await using work = await workTree();
  await git(work.dir, ['checkout', '-q', '-b', 'topic/one']);
  await git(work.dir, ['checkout', '-q', 'main']);
  await writeFile(join(work.dir, 'sp ace.txt'), 'blank');
  await git(work.dir, [
    'update-index',
    '--add',
    '--cacheinfo',
    `120000,${(await git(work.dir, ['hash-object', '-w', 'a.txt'])).out.trim()},link`,
  ]);
  await work.commit('.github/workflows/ci.yml'.replaceAll('/', '_'));
  const { mkdir } = await import('node:fs/promises');
  await mkdir(join(work.dir, '.github/workflows'), { recursive: true });
  sha = await work.commit('.github/workflows/ci.yml', 'on: push');
  await git(work.dir, ['tag', '-a', 'v1', '-m', 'one']);
  const url = `${api.origin.replace('http://', `http://x-access-token:${token}@`)}/acme/app.git`;
  await git(work.dir, ['push', '-q', url, 'main', 'topic/one', 'v1']);
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await postgres.close();
});

describe('octokit', () => {
  test('reads a repository: files, folders, links, commits, branches, tags, refs', async () => {
    const { rest } = octokit;
    const repository = (await rest.repos.get(AT)).data;
    const file = (await rest.repos.getContent({ ...AT, path: '.github/workflows/ci.yml' })).data;
    const blank = (await rest.repos.getContent({ ...AT, path: 'sp ace.txt', ref: 'main' })).data;
    const folder = (await rest.repos.getContent({ ...AT, path: '' })).data;
    const commits = await octokit.paginate(rest.repos.listCommits, { ...AT, per_page: 1 });
    const commit = (await rest.repos.getCommit({ ...AT, ref: 'topic/one' })).data;
    const branches = (await rest.repos.listBranches(AT)).data.map(({ name }) => name);
    const tags = (await rest.repos.listTags(AT)).data;
    const ref = (await rest.git.getRef({ ...AT, ref: 'heads/topic/one' })).data;

    expect(repository).toMatchObject({ full_name: 'acme/app', private: true, default_branch: 'main' });
    expect('content' in file ? Buffer.from(file.content, 'base64').toString() : '').toBe('on: push');
    expect(blank).toMatchObject({ type: 'file', name: 'sp ace.txt', size: 5 });
    expect(Array.isArray(folder) ? folder.map(({ name, type }) => `${type} ${name}`) : []).toContain('dir .github');
    expect(commits.map(({ commit: { message } }) => message)).toHaveLength(3);
    expect(commit.commit.message).toBe('add a.txt');
    expect(branches).toEqual(['main', 'topic/one']);
    expect(tags).toMatchObject([{ name: 'v1', commit: { sha } }]);
    expect(ref).toMatchObject({ ref: 'refs/heads/topic/one', object: { type: 'commit', sha: commit.sha } });
    await expect(rest.repos.getContent({ ...AT, path: 'none' })).rejects.toMatchObject({ status: 404 });
    await expect(rest.repos.getContent({ ...AT, path: '../x' })).rejects.toMatchObject({ status: 400 });
    await expect(rest.repos.get({ ...AT, repo: 'none' })).rejects.toMatchObject({ status: 404 });
  });

  test('says of commits what holds: statuses by context, check runs by who made them', async () => {
    const { rest } = octokit;
    for (const [state, context] of [
      ['pending', 'a'],
      ['success', 'a'],
      ['failure', 'b'],
    ] as const) {
      await rest.repos.createCommitStatus({ ...AT, sha, state, context, description: 'x y' });
    }
    const combined = (await rest.repos.getCombinedStatusForRef({ ...AT, ref: 'main' })).data;
    const all = await octokit.paginate(rest.repos.listCommitStatusesForRef, { ...AT, ref: sha, per_page: 2 });
    const made = (await rest.checks.create({ ...AT, head_sha: sha, name: 'lint', status: 'in_progress' })).data;
    const done = (
      await rest.checks.update({
        ...AT,
        check_run_id: made.id,
        conclusion: 'failure',
        status: 'completed',
        output: {
          title: 't',
          summary: 's',
          annotations: [{ path: 'a', start_line: 1, end_line: 1, annotation_level: 'failure', message: 'm' }],
        },
      })
    ).data;
    const listed = (await rest.checks.listForRef({ ...AT, ref: sha })).data;

    expect(combined).toMatchObject({ state: 'failure', total_count: 2 });
    expect(all.map(({ context, state }) => `${context} ${state}`)).toEqual(['b failure', 'a success', 'a pending']);
    expect(done).toMatchObject({ name: 'lint', conclusion: 'failure', head_sha: sha });
    expect(listed).toMatchObject({ total_count: 1, check_runs: [{ id: made.id }] });
    await expect(rest.repos.createCommitStatus({ ...AT, sha: 'f'.repeat(40), state: 'success' })).rejects.toMatchObject(
      { status: 404 },
    );
    const job70 = clientOf(job.token);
    job.permissions = { contents: 'read', checks: 'write' };
    await expect(
      job70.rest.checks.update({ ...AT, check_run_id: made.id, conclusion: 'success' }),
    ).rejects.toMatchObject({ status: 403 });
  });

  test('walks through runs and jobs, and reads logs and artifacts', async () => {
    const { rest } = octokit;
    for (let id = 1; id <= 5; id += 1) {
      api.ports.put(
        repositoryId,
        runView(id, { commit: sha, state: 'finished', conclusion: id === 3 ? 'failure' : 'success' }),
      );
    }
    api.ports.log(30, `${JSON.stringify({ kind: 'log', time: 0, text: 'hello' })}\n{"kind":"step-started"}\n`);
    const artifact = {
      id: 9,
      runId: 3,
      name: 'out',
      bytes: 3,
      digest: 'sha256:0',
      level: 'branch',
      createdAt: new Date(0),
    } as const;
    api.ports.putArtifact(repositoryId, artifact, Buffer.from('zip'));

    const runs = await octokit.paginate(rest.actions.listWorkflowRunsForRepo, { ...AT, per_page: 2 });
    const failed = (await rest.actions.listWorkflowRunsForRepo({ ...AT, status: 'failure' })).data;
    const ofFile = (await rest.actions.listWorkflowRuns({ ...AT, workflow_id: 'ci.yml' })).data;
    const run = (await rest.actions.getWorkflowRun({ ...AT, run_id: 3 })).data;
    const jobs = (await rest.actions.listJobsForWorkflowRun({ ...AT, run_id: 3 })).data;
    const log = await rest.actions.downloadJobLogsForWorkflowRun({ ...AT, job_id: 30 });
    const logs = await rest.actions.downloadWorkflowRunLogs({ ...AT, run_id: 3 });
    const artifacts = (await rest.actions.listWorkflowRunArtifacts({ ...AT, run_id: 3 })).data;
    const zip = await rest.actions.downloadArtifact({ ...AT, artifact_id: 9, archive_format: 'zip' });

    expect(runs.map(({ id }) => id)).toEqual([5, 4, 3, 2, 1]);
    expect(failed.workflow_runs.map(({ id }) => id)).toEqual([3]);
    expect(ofFile.total_count).toBe(5);
    expect(run).toMatchObject({ status: 'completed', conclusion: 'failure', head_sha: sha, head_branch: 'main' });
    expect(jobs).toMatchObject({ total_count: 1, jobs: [{ id: 30, name: 'build' }] });
    expect(log.data).toBe('1970-01-01T00:00:00.000Z hello\n');
    const files = unzipSync(new Uint8Array(logs.data as ArrayBuffer));
    expect(Object.entries(files).map(([name, bytes]) => [name, Buffer.from(bytes).toString()])).toEqual([
      ['1_build.txt', '1970-01-01T00:00:00.000Z hello\n'],
    ]);
    expect(artifacts).toMatchObject({ total_count: 1, artifacts: [{ name: 'out', size_in_bytes: 3 }] });
    expect(Buffer.from(zip.data as ArrayBuffer).toString()).toBe('zip');
  });

  test('starts, repeats and cancels', async () => {
    const { rest } = octokit;
    const statuses = [
      await rest.actions.createWorkflowDispatch({ ...AT, workflow_id: 'ci.yml', ref: 'main', inputs: { a: 'b' } }),
      await rest.repos.createDispatchEvent({ ...AT, event_type: 'ping', client_payload: { x: 1 } }),
      await rest.actions.reRunWorkflow({ ...AT, run_id: 3 }),
      await rest.actions.reRunWorkflowFailedJobs({ ...AT, run_id: 3 }),
      await rest.actions.reRunJobForWorkflowRun({ ...AT, job_id: 30 }),
      await rest.actions.cancelWorkflowRun({ ...AT, run_id: 3 }),
      await rest.actions.forceCancelWorkflowRun({ ...AT, run_id: 3 }),
    ].map(({ status }) => status);

    expect(statuses).toEqual([204, 204, 201, 201, 201, 202, 202]);
    expect(api.ports.asked.map(({ verb }) => verb)).toEqual([
      'dispatch',
      'repository-dispatch',
      'rerun',
      'rerun',
      'rerun',
      'cancel',
      'cancel',
    ]);
    expect(api.ports.asked[0]).toMatchObject({ workflow: '.github/workflows/ci.yml', inputs: { a: 'b' } });
    await expect(
      rest.actions.createWorkflowDispatch({ ...AT, workflow_id: 'none.yml', ref: 'main' }),
    ).rejects.toMatchObject({ status: 404 });
  });

  test('uploads SARIF, and nothing that only looks like it or grows without end', async () => {
    const { rest } = octokit;
    const upload = (bytes: Buffer) =>
      rest.codeScanning.uploadSarif({
        ...AT,
        commit_sha: sha,
        ref: 'refs/heads/main',
        sarif: gzipSync(bytes).toString('base64'),
      });
    const report = { version: '2.1.0', runs: [{ tool: { driver: { name: 'lint' } }, results: [{}, {}] }] };

    const taken = await upload(Buffer.from(JSON.stringify(report)));
    const seen = await rest.codeScanning.getSarif({ ...AT, sarif_id: taken.data.id ?? '' });

    expect([taken.status, seen.data.processing_status]).toEqual([202, 'complete']);
    await expect(upload(Buffer.from('{"version":"2.0.0"}'))).rejects.toMatchObject({ status: 400 });
    await expect(upload(Buffer.alloc(64 * 1024 * 1024))).rejects.toMatchObject({ status: 400 });
  });
});

describe('the token of a job', () => {
  test('does what its plan permits, in its repository, and nothing else', async () => {
    const client = clientOf(job.token);
    const tries = (): readonly (readonly [string, () => Promise<{ readonly status: number }>])[] => [
      ['contents', () => client.rest.repos.getContent({ ...AT, path: 'a.txt' })],
      ['statuses', () => client.rest.repos.createCommitStatus({ ...AT, sha, state: 'success', context: 'job' })],
      ['checks', () => client.rest.checks.create({ ...AT, head_sha: sha, name: 'job' })],
      ['actions', () => client.rest.actions.cancelWorkflowRun({ ...AT, run_id: 3 })],
    ];
    const outcomes = async (permissions: { readonly [name: string]: string }) => {
      job.permissions = permissions;
      const found: { [what: string]: number } = {};
      for (const [what, attempt] of tries()) {
        found[what] = await attempt().then(
          ({ status }) => status,
          (thrown: { readonly status: number }) => thrown.status,
        );
      }
      return found;
    };

    expect(await outcomes({ contents: 'read' })).toEqual({ contents: 200, statuses: 403, checks: 403, actions: 403 });
    expect(await outcomes({ contents: 'read', statuses: 'write', checks: 'write', actions: 'read' })).toEqual({
      contents: 200,
      statuses: 201,
      checks: 201,
      actions: 403,
    });
    expect(await outcomes({ statuses: 'write' })).toEqual({ contents: 403, statuses: 201, checks: 403, actions: 403 });
    expect(await outcomes({})).toEqual({ contents: 403, statuses: 403, checks: 403, actions: 403 });
    job.permissions = { contents: 'write', actions: 'write' };
    job.id = repositoryId + 1;
    await expect(client.rest.repos.get(AT)).rejects.toMatchObject({ status: 404 });
    for (const path of ['/api/v1/user', '/api/v1/tokens', '/api/v1/audit', '/api/v1/members']) {
      expect((await api.ask('GET', path, { token: job.token })).status).toBe(403);
    }
    // R30: a job registers no runner.
    expect((await api.ask('POST', '/api/v1/runners/registrations', { token: job.token, body: {} })).status).toBe(403);
  });
});
