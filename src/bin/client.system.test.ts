import { spawn } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runView, serveApi, type ServedApi } from '../api/api.fixture.ts';
import { recordedRun } from '../cli/recorded-run.fixture.ts';
import { openTestPostgres, type TestPostgres } from '../database/postgres.fixture.ts';
import { firstSetupCode } from '../identity/index.ts';
import { workTree } from '../repo/repo.fixture.ts';

const MAIN = join(import.meta.dirname, 'main.ts');

let postgres: TestPostgres;
let api: ServedApi;
let folder: string;

beforeAll(async () => {
  postgres = await openTestPostgres();
  api = await serveApi(postgres);
  folder = await mkdtemp(join(tmpdir(), 'sp-client-'));
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await postgres.close();
  await rm(folder, { recursive: true, force: true });
});

type Ran = { readonly code: number; readonly out: string; readonly err: string };
type Options = {
  readonly who?: string;
  readonly cwd?: string;
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
};

/** One command line of somebody with a state folder of their own. */
async function run(
  args: readonly string[],
  options: Options = {},
  program: readonly string[] = [process.execPath, MAIN],
): Promise<Ran> {
  const { who = 'ada', cwd = folder, input = '', env = {} } = options;
  const [command = '', ...first] = program;
  const child = spawn(command, [...first, ...args], {
    cwd,
    env: { PATH: process.env['PATH'], HOME: folder, XDG_STATE_HOME: join(folder, who), ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const parts = { out: '', err: '' };
  child.stdout.on('data', (bytes: Buffer) => {
    parts.out += bytes.toString('utf8');
  });
  child.stderr.on('data', (bytes: Buffer) => {
    parts.err += bytes.toString('utf8');
  });
  const code = await new Promise<number>((resolve) => child.on('close', (status) => resolve(status ?? -1)));
  return { code, ...parts };
}

const credentials = (who = 'ada') => join(folder, who, 'sallyport/credentials.json');

describe('sallyport login', () => {
  test('signs the first owner in with the code of the operator, once, and keeps the token for this person only', async () => {
    const code = (await firstSetupCode(api.people))?.code.expose() ?? '';

    const first = await run(['login', api.origin, '--setup', code, '--name', 'ada']);
    const second = await run(['login', api.origin, '--setup', code, '--name', 'eve'], { who: 'eve' });
    const status = await run(['auth', 'status', '--json']);

    expect([first.code, second.code, status.code]).toEqual([0, 2, 0]);
    expect(first.out).toContain(`signed in to ${api.origin} as ada; the token ends`);
    expect(first.out).toContain(`git config --global credential.${api.origin}.helper '!sallyport auth git-credential'`);
    expect(first.out + first.err).not.toMatch(/spt_/);
    expect(second.err).toContain('error[identity/code-invalid]');
    expect(JSON.parse(status.out)).toMatchObject([{ origin: api.origin, user: 'ada', state: 'owner' }]);
    expect((await stat(credentials())).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'ada/sallyport'))).mode & 0o077).toBe(0);
  });

  test('refuses plain HTTP to another machine, and a file of tokens that others can read', async () => {
    const plain = await run(['login', 'http://ci.example.org', '--setup', 'x']);
    await chmod(credentials(), 0o644);
    const open = await run(['repo', 'list']);
    await chmod(credentials(), 0o600);

    expect([plain.code, open.code]).toEqual([2, 2]);
    expect(plain.err).toContain('cli/server-invalid');
    expect(open.err).toContain('cli/credentials-open');
  });

  test('takes a token from standard input, and nothing that the server does not know', async () => {
    const { token } = await tokenOf('ada');
    const good = await run(['login', api.origin, '--with-token', '--json'], { who: 'copy', input: `${token}\n` });
    const bad = await run(['login', api.origin, '--with-token'], { who: 'bad', input: 'spt_x\n' });

    expect(JSON.parse(good.out)).toMatchObject({ user: 'ada' });
    expect(good.out).not.toContain('spt_');
    expect(bad.code).toBe(2);
    expect(await readdir(join(folder, 'bad')).catch(() => [])).toEqual([]);
  });
});

async function tokenOf(who: string): Promise<{ token: string }> {
  return JSON.parse(await readFile(credentials(who), 'utf8')).servers[0];
}

describe('a token', () => {
  test('goes to the server that it is for, and to no other: not where a remote or a redirect leads', async () => {
    const seen: string[] = [];
    const thief = createServer((request, response) => {
      seen.push(request.headers.authorization ?? 'none');
      response.writeHead(307, { location: `${api.origin}/api/v1/user` }).end();
    });
    await new Promise<void>((resolve) => {
      thief.listen(0, '127.0.0.1', () => resolve());
    });
    const address = thief.address();
    const origin = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
    await using work = await workTree();
    const remote = async (url: string) =>
      writeFile(join(work.dir, '.git/config'), `[remote "origin"]\n\turl = ${url}\n`);
    await remote(`${origin}/acme/app.git`);
    const { token } = await tokenOf('ada');

    const led = await run(['runs', 'list'], { cwd: work.dir });
    const named = await run(['repo', 'list', '--server', origin]);
    const inherited = await run(['repo', 'list'], { cwd: work.dir, env: { SALLYPORT_TOKEN: token } });
    const asked = await run(['auth', 'git-credential', 'get'], { input: `protocol=http\nhost=${origin.slice(7)}\n\n` });
    // The control: whoever says that this is the server sends the token there.
    await run(['repo', 'list'], { env: { SALLYPORT_TOKEN: token, SALLYPORT_SERVER: origin } });

    expect(led.err).toContain('cli/repository-unknown');
    expect(named.err).toContain('cli/not-signed-in');
    expect(inherited.err).toContain('cli/server-unknown');
    expect(asked.out).toBe('');
    expect(seen).toEqual([`Bearer ${token}`]);
    thief.close();
  });
});

describe('repositories', () => {
  test('are made, listed, seen, and reached by a stock git with the helper', async () => {
    const made = await run(['repo', 'create', 'acme/app']);
    const taken = await run(['repo', 'create', 'acme/app']);
    const listed = await run(['repo', 'list']);
    await using work = await workTree();
    await symlink(join(import.meta.dirname, '../../bin/sallyport'), join(folder, 'sallyport'));
    const env = {
      PATH: `${folder}${delimiter}${process.env['PATH']}`,
      GIT_TERMINAL_PROMPT: '0',
      GIT_CONFIG_GLOBAL: join(folder, 'gitconfig'),
    };
    const configure = await run(
      ['-c', '$(sallyport auth git-credential)'.replace('$(', '').replace(')', ' | sh')],
      { env },
      ['sh'],
    );
    const push = await run(['push', '-q', `${api.origin}/acme/app.git`, 'main'], { cwd: work.dir, env }, ['git']);
    const none = await run(
      ['ls-remote', `${api.origin}/acme/app.git`],
      { cwd: work.dir, env: { ...env, GIT_CONFIG_GLOBAL: '/dev/null' } },
      ['git'],
    );
    const view = await run(['repo', 'view', 'acme/app', '--json']);

    expect([made.code, taken.code, configure.code, push.code, none.code]).toEqual([0, 2, 0, 0, 128]);
    expect(made.out).toContain(`git clone ${api.origin}/acme/app.git`);
    expect(taken.err).toContain('error[repo/name-taken]');
    expect(listed.out).toMatch(/^REPOSITORY {2,}STATE.*\nacme\/app {2,}active/);
    expect(JSON.parse(view.out)).toMatchObject({ owner: 'acme', name: 'app', defaultBranch: 'main' });
  });

  test('are made of a folder and of a bundle here, without running a hook of it', async () => {
    await using work = await workTree();
    await writeFile(join(work.dir, '.git/hooks/pre-push'), `#!/bin/sh\ntouch ${folder}/ran\n`, { mode: 0o755 });
    const bundle = join(folder, 'all.bundle');
    await run(['bundle', 'create', '-q', bundle, '--all'], { cwd: work.dir }, ['git']);

    const from = await run(['repo', 'import', work.dir, 'acme/folder']);
    const packed = await run(['repo', 'import', bundle, 'acme/bundle']);
    const refused = await run(['repo', 'import', 'https://127.0.0.1:1/x', 'acme/private']);

    expect([from.code, packed.code]).toEqual([0, 0]);
    expect(from.err).not.toContain('spt_');
    const { token } = await tokenOf('ada');
    for (const name of ['folder', 'bundle']) {
      const { body } = await api.ask('GET', `/api/v1/repositories/acme/${name}/commits`, { token });
      expect(body['items']).toMatchObject([{ message: 'add a.txt' }]);
    }
    expect(await readdir(folder)).not.toContain('ran');
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('repo/import-refused')]);
  });
});

describe('people, tokens, variables and the audit log', () => {
  test('are looked after by commands', async () => {
    const added = await run(['member', 'add', 'bob', '--json']);
    const { code } = JSON.parse(added.out);
    await run(['login', api.origin, '--setup', code], { who: 'bob' });
    const blind = await run(['repo', 'list', '--json'], { who: 'bob' });
    await run(['repo', 'access', 'grant', 'bob', 'write', '-R', 'acme/app']);
    const seeing = await run(['repo', 'list', '--json'], { who: 'bob' });
    const access = await run(['repo', 'access', 'list', '-R', 'acme/app']);
    const made = await run(
      ['token', 'create', 'ci', '--scope', 'run.read', '--repository', 'acme/app', '--days', '7'],
      { who: 'bob' },
    );
    const small = { env: { SALLYPORT_TOKEN: made.out.trim(), SALLYPORT_SERVER: api.origin }, who: 'nobody' };
    const allowed = await run(['runs', 'list', '-R', 'acme/app'], small);
    const denied = await run(['var', 'list', '-R', 'acme/app'], small);
    const set = await run(['var', 'set', 'STAGE=test', '-R', 'acme/app']);
    const vars = await run(['var', 'list', '-R', 'acme/app'], { who: 'bob' });
    const role = await run(['member', 'role', 'bob', 'auditor']);
    const audit = await run(['audit', 'list', '--action', 'variable.set', '--json'], { who: 'bob' });
    const removed = await run(['member', 'remove', 'bob']);
    const gone = await run(['repo', 'list'], { who: 'bob' });

    expect([JSON.parse(blind.out), JSON.parse(seeing.out).length]).toEqual([[], 1]);
    expect(access.out).toMatch(/bob {2,}user {2,}write/);
    expect(made.out).toMatch(/^spt_\w{36}\n$/);
    expect([allowed.code, allowed.out]).toEqual([0, 'no runs\n']);
    expect([denied.code, denied.err]).toEqual([2, expect.stringContaining('variable.read')]);
    expect([set.code, vars.out]).toEqual([0, expect.stringMatching(/STAGE {2,}test/)]);
    expect(role.out).toBe('bob is auditor\n');
    expect(JSON.parse(audit.out)).toMatchObject([{ body: { action: 'variable.set', outcome: 'allow' } }]);
    expect(removed.code).toBe(0);
    expect([gone.code, gone.err]).toEqual([2, expect.stringContaining('was revoked')]);
  });

  test('tokens are listed and revoked', async () => {
    await run(['token', 'create', 'old', '--scope', 'run.read']);
    const [{ id }] = JSON.parse((await run(['token', 'list', '--json'])).out);

    const revoked = await run(['token', 'revoke', String(id)]);
    const list = await run(['token', 'list']);

    expect(revoked.out).toBe(`revoked: ${id}\n`);
    expect(list.out).toMatch(new RegExp(`^${id} +old +….{4} +run\\.read +revoked`, 'm'));
  });
});

describe('runs', () => {
  const events = recordedRun().map((event) => ({ ...event, runId: 7 }));
  const jobs = [
    { id: 71, key: 'build' },
    { id: 72, key: 'test (20)' },
    { id: 73, key: 'deploy' },
  ];
  let repositoryId = 0;

  /** The run as the server has it when `done` of its events happened. */
  function happen(from: number, to: number): void {
    for (const event of events.slice(from, to)) {
      if (event.kind !== 'job') api.ports.happen(7, event);
      else api.ports.log(jobs.find(({ key }) => key === event.job)?.id ?? 0, `${JSON.stringify(event.event)}\n`);
    }
  }
  const view = (state: 'running' | 'finished', more = {}) =>
    api.ports.put(repositoryId, {
      ...runView(7),
      state,
      jobs: jobs.map((job) => ({
        ...job,
        name: job.key,
        state,
        level: 'branch' as const,
        taints: [],
        needs: [],
        startedAt: new Date(0),
      })),
      lastEvent: events.filter(({ kind }) => kind !== 'job').length,
      ...more,
    });

  beforeAll(async () => {
    const { token } = await tokenOf('ada');
    repositoryId = Number((await api.ask('GET', '/api/v1/repositories/acme/app', { token })).body['id']);
    api.ports.put(repositoryId, runView(7, { jobs: [] }));
  });

  test('are watched while they run as sallyport run shows them: live logs, in order, and the verdict at the end', async () => {
    const half = 8;
    happen(0, half);
    view('running', { lastEvent: 1 });
    const watching = run(['runs', 'watch', '7', '-R', 'acme/app']);
    await sleep(1500);
    happen(half, events.length);
    for (const { id } of jobs) api.ports.seal(id);
    view('finished', { conclusion: 'failure' });
    const watched = await watching;
    const again = await run(['runs', 'watch', '7', '-R', 'acme/app', '--json']);

    expect(watched.code).toBe(1);
    const lines = watched.out.split('\n');
    const place = (text: string) => lines.findIndex((line) => line.includes(text));
    expect(place('hello green')).toBeGreaterThan(0);
    expect(place('line 1')).toBeGreaterThan(place('Run npm test'));
    expect(place('line 30')).toBeGreaterThan(place('line 29'));
    expect(lines.slice(place('line 30')).join('\n')).toMatch(/test \(20\)[\s\S]*failed/);
    expect(watched.out).not.toContain('\u001b');
    const told = again.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(told).toHaveLength(events.length);
    expect(told.at(-1)).toMatchObject({ kind: 'run-finished', conclusion: 'failure' });
  });

  test('are listed, seen, read, cancelled, repeated and started', async () => {
    const at = ['-R', 'acme/app'];
    const list = await run(['runs', 'list', ...at]);
    const seen = await run(['runs', 'view', ...at]);
    const logs = await run(['runs', 'logs', '7', '--job', 'build', ...at]);
    const cancelled = await run(['runs', 'cancel', '7', '--force', ...at]);
    const again = await run(['runs', 'rerun', '7', '--job', 'build', ...at]);
    const started = await run(['runs', 'dispatch', 'ci.yml', '--input', 'a=b', '--json', ...at]);
    const none = await run(['runs', 'view', '99', ...at]);

    expect(list.out).toMatch(/^7 {2,}✗ failure {2,}CI {2,}main {2,}push {2,}branch/m);
    expect([seen.code, seen.out]).toEqual([1, expect.stringContaining('test (20)')]);
    expect(logs.out).toContain('hello green');
    expect([cancelled.code, again.out]).toEqual([0, 'run 7: attempt 2 begins\n']);
    expect(JSON.parse(started.out)).toEqual({ runIds: [3] });
    expect(none.err).toContain('error[api/not-found]');
    expect(api.ports.asked).toMatchObject([
      { verb: 'cancel', by: 'ada', runId: 7, force: true },
      { verb: 'rerun', by: 'ada', runId: 7, only: { job: 71 } },
      { verb: 'dispatch', by: 'ada', workflow: 'ci.yml', ref: 'main', inputs: { a: 'b' } },
    ]);
  });

  test('that were refused at planning say where, why and what to do, when seen and when watched', async () => {
    const diagnostics = [
      {
        file: '.github/workflows/ci.yml',
        line: 5,
        column: 7,
        code: 'workflow/unknown-key',
        message: 'stepz\u001b[2J',
        remedy: 'Write steps.',
      },
    ];
    const taint = { level: 'untrusted', cause: 'fork-event', source: 'a fork asked for it' } as const;
    api.ports.put(repositoryId, {
      ...runView(8),
      state: 'finished',
      conclusion: 'failure',
      jobs: [],
      diagnostics,
      taints: [taint],
      notes: ['be aware'],
    });
    const event = recordedRun().find(({ kind }) => kind === 'run-planned');
    if (event?.kind !== 'run-planned') throw new Error('no plan was recorded');
    api.ports.happen(8, { ...event, runId: 8, jobs: [], notes: [] });
    api.ports.happen(8, { kind: 'run-finished', time: 0, runId: 8, conclusion: 'failure', durationMs: 0, jobs: [] });

    const [seen, watched, json] = await Promise.all([
      run(['runs', 'view', '8', '-R', 'acme/app']),
      run(['runs', 'watch', '8', '-R', 'acme/app']),
      run(['runs', 'watch', '8', '--json', '-R', 'acme/app']),
    ]);

    const said =
      /^\.github\/workflows\/ci\.yml:5:7: error\[workflow\/unknown-key\]: stepz.*\n {3}help: Write steps\.\n\n1 error: nothing ran$/m;
    expect(seen.out).toMatch(said);
    expect(seen.out).toContain('level untrusted: a fork asked for it (fork-event)');
    expect(seen.out).toContain('be aware');
    expect(watched.err).toMatch(said);
    expect([seen.code, watched.code, json.code]).toEqual([1, 1, 1]);
    expect(JSON.parse(json.out.trim().split('\n').at(-1) ?? '')).toMatchObject({ kind: 'diagnostic', line: 5 });
    expect(seen.out + watched.err).not.toContain('\u001b');
  });

  test('give their artifacts under names that a job can not choose a place with', async () => {
    const info = {
      runId: 7,
      bytes: 3,
      digest: `sha256:${'0'.repeat(64)}`,
      level: 'branch',
      createdAt: new Date(0),
    } as const;
    api.ports.putArtifact(repositoryId, { ...info, id: 5, name: '../../etc/\u001b[2Jpasswd' }, Buffer.from('zip'));

    const got = await run(['runs', 'artifacts', '7', '--download', 'out', '-R', 'acme/app']);

    expect(got.code).toBe(0);
    expect(await readdir(join(folder, 'out'))).toEqual(['__.._etc___2Jpasswd-5.zip']);
    expect(got.out).not.toContain('\u001b');
    expect(await readFile(join(folder, 'out/__.._etc___2Jpasswd-5.zip'), 'utf8')).toBe('zip');
  });
});

describe('sallyport logout', () => {
  test('ends the token on the server, too', async () => {
    const { token } = await tokenOf('ada');
    const out = await run(['logout']);
    const status = await run(['auth', 'status']);

    expect([out.code, status.code, status.out]).toEqual([0, 1, 'signed in to no server: sallyport login URL\n']);
    expect((await api.ask('GET', '/api/v1/user', { token })).status).toBe(401);
  });
});
