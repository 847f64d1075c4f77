import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

const TOKEN = 'token-of-the-job';
const PROGRAM_MS_MAX = 60_000;
const root = mkdtempSync(join(tmpdir(), 'checkout-'));
const bare = join(root, 'repo.git');
const work = join(root, 'work');
const AUTHOR = { GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@b', GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@b' };
const authorizations = new Set<string>();
let server: Server;
let serverUrl = '';
let first = '';
let second = '';
let pull = '';
let counter = 0;
let workspace = '';

function git(cwd: string, ...args: string[]): string {
  const env = { PATH: '/usr/bin:/bin', HOME: root, ...AUTHOR };
  return execFileSync('/usr/bin/git', args, { cwd, env, encoding: 'utf8', timeout: 30_000 }).trim();
}

function commit(files: { [path: string]: string }): string {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(work, path)), { recursive: true });
    writeFileSync(join(work, path), content);
  }
  git(work, 'add', '-A');
  git(work, 'commit', '-q', '-m', 'commit');
  return git(work, 'rev-parse', 'HEAD');
}

/** Serves `acme/repo` as git over HTTP, to who has the token. */
function serve(): Server {
  return createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const authorization = request.headers.authorization ?? '';
    authorizations.add(authorization);
    if (!url.pathname.startsWith('/acme/repo/')) return response.writeHead(404).end();
    if (!authorization.startsWith('basic ')) return response.writeHead(401).end();
    const isInfo = url.pathname.endsWith('/info/refs');
    const args = ['upload-pack', '--stateless-rpc', ...(isInfo ? ['--http-backend-info-refs'] : []), bare];
    const env = { PATH: '/usr/bin:/bin', GIT_PROTOCOL: String(request.headers['git-protocol'] ?? '') };
    const child = spawn('/usr/bin/git', args, { env });
    response.setHeader('content-type', `application/x-git-upload-pack-${isInfo ? 'advertisement' : 'result'}`);
    if (isInfo) response.write('001e# service=git-upload-pack\n0000');
    request.pipe(child.stdin);
    child.stdin.on('error', () => {});
    child.stdout.pipe(response);
    return undefined;
  });
}

type Run = { code: number; log: string; outputs: string; milliseconds: number };

async function checkout(inputs: { [name: string]: string } = {}, env: { [name: string]: string } = {}): Promise<Run> {
  counter += 1;
  const output = join(root, `output-${counter}`);
  writeFileSync(output, '');
  const start = performance.now();
  const child = spawn(process.execPath, [join(import.meta.dirname, 'checkout.ts')], {
    cwd: workspace,
    timeout: PROGRAM_MS_MAX,
    env: {
      PATH: '/usr/bin:/bin',
      HOME: join(root, 'home'),
      GITHUB_WORKSPACE: workspace,
      GITHUB_OUTPUT: output,
      GITHUB_SERVER_URL: serverUrl,
      GITHUB_REPOSITORY: 'acme/repo',
      GITHUB_REF: 'refs/heads/main',
      GITHUB_SHA: second,
      GITHUB_EVENT_NAME: 'push',
      INPUT_TOKEN: TOKEN,
      'INPUT_JOB-TOKEN': TOKEN,
      ...Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])),
      ...env,
    },
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const code = await new Promise<number>((resolve) => child.once('close', (exit) => resolve(exit ?? 128)));
  return { code, log, outputs: readFileSync(output, 'utf8'), milliseconds: performance.now() - start };
}

beforeAll(async () => {
  git(root, 'init', '-q', '--bare', '-b', 'main', bare);
  for (const key of ['uploadpack.allowFilter', 'uploadpack.allowAnySHA1InWant']) git(bare, 'config', key, 'true');
  git(root, 'init', '-q', '-b', 'main', work);
  first = commit({ 'a.txt': 'one', 'old.txt': 'old', 'docs/x.md': 'x' });
  git(work, 'tag', '-a', 'v1', '-m', 'annotated');
  git(work, 'rm', '-q', 'old.txt');
  second = commit({ 'a.txt': 'two' });
  git(work, 'push', '-q', bare, 'main', 'v1', 'main:refs/heads/other/branch');
  git(work, 'checkout', '-q', '--detach');
  pull = commit({ 'a.txt': 'pull' });
  git(work, 'push', '-q', bare, 'HEAD:refs/pull/7/merge');
  server = serve();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  serverUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  counter += 1;
  workspace = join(root, `workspace-${counter}`);
  mkdirSync(workspace);
});
afterAll(() => {
  server.close();
  rmSync(root, { recursive: true, force: true });
});

test('the commit of the run is checked out as a local branch that tracks the remote one', async () => {
  const run = await checkout();

  expect(run.log).toContain(`Checked out ${second}`);
  expect(run.code).toBe(0);
  expect(readFileSync(join(workspace, 'a.txt'), 'utf8')).toBe('two');
  expect(git(workspace, 'status', '--porcelain', '--branch')).toBe('## main...origin/main');
  expect(git(workspace, 'rev-list', '--count', 'HEAD')).toBe('1');
  expect(run.outputs).toContain(second);
  expect(run.outputs).toContain('refs/heads/main');
});

test('the token is sent and is in no file and in no line of the log', async () => {
  const basic = Buffer.from(`x-access-token:${TOKEN}`).toString('base64');

  const run = await checkout({ 'persist-credentials': 'true' });

  expect(authorizations).toContain(`basic ${basic}`);
  const holding = spawnSync('/bin/grep', ['-rlE', `${TOKEN}|${basic}`, workspace], { encoding: 'utf8' }).stdout;
  expect(holding).toBe('');
  expect(run.log).not.toContain(TOKEN);
  expect(run.log).not.toContain(basic);
});

test.each([
  ['a tag', { ref: 'v1' }, () => first],
  ['a full tag', { ref: 'refs/tags/v1' }, () => first],
  ['a branch with a slash', { ref: 'other/branch' }, () => second],
  ['a pull request', { ref: 'refs/pull/7/merge' }, () => pull],
])('%s is checked out', async (_title, inputs, wanted) => {
  const run = await checkout(inputs);

  expect(run.log).not.toContain('::error');
  expect(git(workspace, 'rev-parse', 'HEAD')).toBe(wanted());
});

test('a commit is checked out, and the run of a pull request gets its merge commit', async () => {
  await checkout({ ref: first });
  const byCommit = git(workspace, 'rev-parse', 'HEAD');

  await checkout({}, { GITHUB_REF: 'refs/pull/7/merge', GITHUB_SHA: pull });

  expect(byCommit).toBe(first);
  expect(git(workspace, 'rev-parse', 'HEAD', 'refs/remotes/pull/7/merge')).toBe(`${pull}\n${pull}`);
});

test('the whole history, tags and a path below the workspace', async () => {
  const run = await checkout({ 'fetch-depth': '0', path: 'sub/folder' });

  expect(run.code).toBe(0);
  expect(git(join(workspace, 'sub/folder'), 'rev-list', '--count', 'HEAD')).toBe('2');
  expect(git(join(workspace, 'sub/folder'), 'tag')).toBe('v1');
  expect(git(join(workspace, 'sub/folder'), 'branch', '--list', '--remotes')).toContain('origin/other/branch');
});

test('sparse checkouts hold what was asked for', async () => {
  await checkout({ 'sparse-checkout': 'docs' });
  const cone = [existsSync(join(workspace, 'docs/x.md')), existsSync(join(workspace, 'a.txt'))];

  await checkout({ 'sparse-checkout': '/docs/', 'sparse-checkout-cone-mode': 'false' });

  expect(cone).toEqual([true, true]);
  expect([existsSync(join(workspace, 'docs/x.md')), existsSync(join(workspace, 'a.txt'))]).toEqual([true, false]);
});

test('clean: false keeps what was built, and takes away what the commit no longer has', async () => {
  await checkout({ ref: first });
  writeFileSync(join(workspace, 'built.o'), 'x');

  await checkout({ clean: 'false' });
  const kept = [existsSync(join(workspace, 'built.o')), existsSync(join(workspace, 'old.txt'))];
  await checkout();

  expect(kept).toEqual([true, false]);
  expect(existsSync(join(workspace, 'built.o'))).toBe(false);
});

test('hooks, settings and git variables of an earlier step do not run or see the token', async () => {
  await checkout();
  const trap = join(root, 'trapped');
  mkdirSync(join(root, 'home'), { recursive: true });
  writeFileSync(
    join(root, 'home/.gitconfig'),
    `[http]\n\tproxy = http://127.0.0.1:9\n[core]\n\thooksPath = ${join(root, 'home/hooks')}\n`,
  );
  mkdirSync(join(root, 'home/hooks'));
  writeFileSync(join(root, 'home/hooks/post-checkout'), `#!/bin/sh\nenv > ${root}/own-hook\n`, { mode: 0o755 });
  writeFileSync(
    join(workspace, '.git/config'),
    `${readFileSync(join(workspace, '.git/config'), 'utf8')}[core]\n\tfsmonitor = touch ${trap}\n\thooksPath = ${workspace}/hooks\n`,
  );
  mkdirSync(join(workspace, 'hooks'));
  writeFileSync(join(workspace, 'hooks/post-checkout'), `#!/bin/sh\nenv > ${trap}\n`, { mode: 0o755 });
  const hostile = { GIT_TRACE_CURL: trap, GIT_SSH_COMMAND: `touch ${trap}`, GIT_PROXY_COMMAND: `touch ${trap}` };

  const run = await checkout({ clean: 'false' }, hostile);
  rmSync(join(root, 'home'), { recursive: true });

  expect(run.code).toBe(0);
  expect(existsSync(trap) ? readFileSync(trap, 'utf8') : '').not.toContain('basic');
  // The hook of the home folder is the person's own: it runs, without inputs and tokens.
  expect(readFileSync(join(root, 'own-hook'), 'utf8')).toContain('GITHUB_SHA');
  expect(readFileSync(join(root, 'own-hook'), 'utf8')).not.toContain(TOKEN);
});

test.each([
  ['a path outside the workspace', { path: '../x' }, 'is not under'],
  ['another repository', { repository: 'other/thing' }, 'serves the repository of the run'],
  ['lfs', { lfs: 'true' }, 'lfs: true is not supported'],
  ['a key for ssh', { 'ssh-key': 'k' }, 'ssh-key is not supported'],
  ['an option as ref', { ref: '--upload-pack=x' }, 'not the name of a branch'],
  ['a ref that is not there', { ref: 'nothing' }, 'could not be found'],
  ['a misspelt switch', { clean: 'treu' }, 'must be true or false'],
  ['a repository that is a path', { repository: '../etc' }, 'Invalid repository'],
])('%s is refused', async (_title, inputs, message) => {
  const run = await checkout(inputs);

  expect(run.code).toBe(1);
  expect(run.log).toContain(message);
});

test('the code of a fork is refused in a pull_request_target run', async () => {
  const event = join(root, 'event.json');
  writeFileSync(
    event,
    JSON.stringify({ repository: { id: 1 }, pull_request: { head: { sha: pull, repo: { id: 2, full_name: 'x/y' } } } }),
  );
  const env = { GITHUB_EVENT_NAME: 'pull_request_target', GITHUB_EVENT_PATH: event };

  const byRef = await checkout({ ref: 'refs/pull/7/merge' }, env);
  const byCommit = await checkout({ ref: pull }, env);
  const allowed = await checkout({ ref: pull, 'allow-unsafe-pr-checkout': 'true' }, env);

  expect(byRef.log).toContain('Refusing to check out the code of a fork');
  expect(byCommit.log).toContain('Refusing to check out the code of a fork');
  expect(allowed.code).toBe(0);
});

test('a moved tag is noticed', async () => {
  const run = await checkout({}, { GITHUB_REF: 'refs/tags/v1', GITHUB_SHA: second });

  expect(run.code).toBe(1);
  expect(run.log).toContain('does not point to the expected commit');
});
