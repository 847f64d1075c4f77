import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { silentLog, systemClock } from '../base/index.ts';
import { memoryResults, type ResultsStore } from '../results/index.ts';
import { createGateway, type Gateway } from './gateway.ts';

const run = promisify(execFile);
let dir = '';
let server: Server;
let store: ResultsStore;
let gateway: Gateway;
let origin = '';
let first = '';

const hostEnv = () => ({
  PATH: process.env['PATH'] ?? '',
  HOME: dir,
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
});
const git = (...args: readonly string[]) =>
  execFileSync('git', ['-C', join(dir, 'source'), '-c', 'user.name=O', '-c', 'user.email=o@example.org', ...args], {
    env: hostEnv(),
    encoding: 'utf8',
  }).trim();

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sallyport-gateway-'));
  execFileSync('git', ['init', '-q', '-b', 'main', join(dir, 'source')], { env: hostEnv() });
  await writeFile(join(dir, 'source/a'), 'first');
  git('add', '.');
  git('commit', '-qm', 'first');
  first = git('rev-parse', 'HEAD');
  await writeFile(join(dir, 'source/a'), 'second');
  git('commit', '-qam', 'second');
  // Unreachable from now on: only its id finds it.
  const lost = git('commit-tree', '-m', 'lost', `${first}^{tree}`);
  await writeFile(join(dir, 'lost'), lost);

  store = memoryResults({ clock: systemClock });
  const held: { gateway?: Gateway } = {};
  server = createServer((socket) => held.gateway?.onConnection(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  origin = `http://127.0.0.1:${port}`;
  gateway = createGateway({
    port,
    results: store,
    scope: {
      repository: 'octo/sample',
      runId: 7,
      attempt: 1,
      jobId: 11,
      level: () => 'untrusted',
      ref: 'refs/heads/main',
      readableRefs: [],
      taint() {},
    },
    git: { gitDir: join(dir, 'source/.git'), commit: first },
    gitPath: 'git',
    repository: { owner: 'octo', name: 'sample', id: '5', ownerId: '6', defaultBranch: 'main' },
    lease: { id: 'x', runId: 7, attempt: 1, job: { id: 11 }, permissions: {} },
    clock: systemClock,
    random: randomBytes,
    log: silentLog,
  });
  held.gateway = gateway;
});
afterAll(async () => {
  await gateway.close();
  await new Promise((resolve) => server.close(resolve));
  await rm(dir, { recursive: true, force: true });
});

const basic = (token: string) => `basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`;
const get = (path: string, headers: { [name: string]: string } = {}) =>
  fetch(`${origin}${path}`, {
    headers: { authorization: basic(gateway.jobToken.expose()), ...headers },
    redirect: 'manual',
  });
const client = (...args: readonly string[]) =>
  run('git', ['-c', `http.extraheader=Authorization: ${basic(gateway.jobToken.expose())}`, ...args], {
    env: hostEnv(),
    timeout: 20_000,
  });

describe('git of the gateway', () => {
  test.each(['0', '2'])('a job clones the repository of its run, protocol %s', async (version) => {
    const target = join(dir, `clone-${version}`);

    await client('-c', `protocol.version=${version}`, 'clone', '-q', `${origin}/octo/sample`, target);

    expect(existsSync(join(target, 'a'))).toBe(true);
  });

  test('a commit that no branch reaches is fetched by its id', async () => {
    const lost = execFileSync('cat', [join(dir, 'lost')], { encoding: 'utf8' });
    await client('init', '-q', join(dir, 'by-id'));

    await client(
      '-C',
      join(dir, 'by-id'),
      'fetch',
      '-q',
      '--depth=1',
      `${origin}/octo/sample`,
      `+${lost}:refs/heads/x`,
    );
  });

  test('a packed request body is understood, a bomb of one is cut', async () => {
    const ask = (body: Buffer) =>
      fetch(`${origin}/octo/sample/git-upload-pack`, {
        method: 'POST',
        headers: {
          authorization: basic(gateway.jobToken.expose()),
          'content-encoding': 'gzip',
          'content-type': 'application/x-git-upload-pack-request',
          'git-protocol': 'version=2',
        },
        body: gzipSync(body),
      });

    const refs = await ask(Buffer.from('0014command=ls-refs\n0000'));
    expect(await refs.text()).toContain('refs/heads/main');
    const bomb = Buffer.concat(Array.from({ length: 2_000 }, () => Buffer.alloc(16 * 1024, '0')));
    const outcome = await ask(bomb).then(
      (response) => response.text(),
      () => '',
    );
    expect(outcome).not.toContain('refs/heads/main');
  });

  test.each([
    ['no token', '/octo/sample/info/refs?service=git-upload-pack', { authorization: '' }, 401],
    ['another token', '/octo/sample/info/refs?service=git-upload-pack', { authorization: basic('x') }, 401],
    ['another repository', '/octo/other/info/refs?service=git-upload-pack', {}, 404],
    ['a path that climbs', '/octo/..%2f..%2fetc/info/refs?service=git-upload-pack', {}, 404],
    ['the dumb protocol', '/octo/sample/info/refs', {}, 403],
    ['pushing', '/octo/sample/info/refs?service=git-receive-pack', {}, 403],
    ['a file of the repository', '/octo/sample/HEAD', {}, 404],
    [
      'another protocol version',
      '/octo/sample/info/refs?service=git-upload-pack',
      { 'git-protocol': 'version=9' },
      400,
    ],
    ['the results token', '/octo/sample/info/refs?service=git-upload-pack', { authorization: 'bearer x' }, 401],
  ])('%s is refused', async (_what, path, headers, status) => {
    expect((await get(path, headers)).status).toBe(status);
  });

  /** The environment of the runner is full of what a job must not steer or see. */
  test('upload-pack runs without the environment and the configuration of the host', async () => {
    await writeFile(join(dir, 'source/.git/hook'), `#!/bin/sh\nenv > ${join(dir, 'leaked')}\nexec "$@"\n`, {
      mode: 0o755,
    });
    const hostConfig = join(dir, 'host.gitconfig');
    await writeFile(hostConfig, `[uploadpack]\n\tpackObjectsHook = ${join(dir, 'source/.git/hook')}\n`);
    const clone = (name: string) => client('clone', '-q', '--no-local', `${origin}/octo/sample`, join(dir, name));

    process.env['GIT_CONFIG_GLOBAL'] = hostConfig;
    try {
      await clone('with-host-config');
      expect(existsSync(join(dir, 'leaked'))).toBe(false);
      // The control arm: the same hook, where git does read that configuration.
      await run('git', ['clone', '-q', '--no-local', join(dir, 'source'), join(dir, 'control')], {
        env: { ...hostEnv(), GIT_CONFIG_GLOBAL: hostConfig },
      });
      expect(existsSync(join(dir, 'leaked'))).toBe(true);
    } finally {
      delete process.env['GIT_CONFIG_GLOBAL'];
    }
  });
});

describe('REST of the gateway', () => {
  test('tells the repository', async () => {
    const response = await get('/api/v3/repos/Octo/Sample', { authorization: `token ${gateway.jobToken.expose()}` });

    expect(await response.json()).toMatchObject({ full_name: 'octo/sample', default_branch: 'main', id: 5 });
  });

  test('serves the host api.… as clients make it up', async () => {
    const { port } = new URL(origin);
    const socket = connect(Number(port), '127.0.0.1');
    socket.end(
      `GET /repos/octo/sample HTTP/1.1\r\nhost: api.sallyport.localhost:${port}\r\nauthorization: bearer ${gateway.jobToken.expose()}\r\nconnection: close\r\n\r\n`,
    );
    let text = '';
    for await (const chunk of socket) text += String(chunk);

    expect(text).toContain('"full_name":"octo/sample"');
  });

  test('refuses the rest with a reason', async () => {
    expect((await get('/api/v3/repos/octo/sample', { authorization: '' })).status).toBe(401);
    expect((await get('/api/v3/repos/octo/other')).status).toBe(404);
    expect((await get('/api/v3/repos/octo/sample/actions/runs/8/artifacts')).status).toBe(404);
    const response = await get('/api/v3/user');
    expect(response.status).toBe(501);
    expect(((await response.json()) as { message: string }).message).toContain('is not offered');
  });

  test('lists the artifacts of the run and leads to their content', async () => {
    await store.artifacts.put(
      { ...scopeOf('branch') },
      { name: 'site', mimeType: 'text/plain', content: Readable.from([Buffer.from('hi')]) },
    );
    const list = (await (await get('/api/v3/repos/octo/sample/actions/runs/7/artifacts?name=site')).json()) as {
      artifacts: { id: number; size_in_bytes: number }[];
    };
    expect(list.artifacts).toMatchObject([{ name: 'site', size_in_bytes: 2 }]);

    const zip = await get(`/api/v3/repos/octo/sample/actions/artifacts/${list.artifacts[0]!.id}/zip`);

    expect(zip.status).toBe(302);
    const { pathname, search } = new URL(zip.headers.get('location') ?? '');
    expect(await (await fetch(`${origin}${pathname}${search}`)).text()).toBe('hi');
  });

  test('an identity token is refused with an explanation', async () => {
    const response = await fetch(`${origin}/_apis/identity/token?api-version=2.0&audience=x`);

    expect(response.status).toBe(403);
    expect(((await response.json()) as { message: string }).message).toContain('local run');
  });
});

describe('the gateway', () => {
  test('gives actions what they need, and an untrusted one outside a change a read-only cache', () => {
    expect(gateway.actionEnvironment()).toMatchObject({
      ACTIONS_RESULTS_URL: `${gateway.serverUrl}/`,
      ACTIONS_RUNTIME_TOKEN: gateway.runtimeToken.expose(),
      ACTIONS_CACHE_SERVICE_V2: 'True',
      ACTIONS_CACHE_MODE: 'read',
    });
    expect(gateway.actionEnvironment()).not.toHaveProperty('ACTIONS_ID_TOKEN_REQUEST_URL');
  });

  test('bytes that are no HTTP end their own connection only', async () => {
    const { port } = new URL(origin);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(randomBytes(4_096));
    await new Promise((resolve) => socket.once('close', resolve).resume());

    expect((await get('/api/v3/repos/octo/sample')).status).toBe(200);
  });
});

function scopeOf(level: 'branch') {
  return {
    repository: 'octo/sample',
    runId: 7,
    attempt: 1,
    jobId: 12,
    level: () => level,
    ref: 'refs/heads/main',
    readableRefs: [],
    taint() {},
  };
}
