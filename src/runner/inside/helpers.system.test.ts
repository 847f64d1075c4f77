import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GIT, openMirror } from '../../../test/support/git-mirror.ts';
import { openActionStore } from '../../actions/index.ts';
import { silentLog, systemClock } from '../../base/index.ts';

const PROGRAM_MS_MAX = 30_000;
const root = mkdtempSync(join(tmpdir(), 'helpers-'));
const { mirror, git, makeRepository } = openMirror(root);
const repository = makeRepository('acme/tool');
const workspace = repository.work;

beforeAll(() => {
  mkdirSync(join(workspace, 'action/sub'), { recursive: true });
  writeFileSync(join(workspace, 'action/run.sh'), '#!/bin/sh\n');
  chmodSync(join(workspace, 'action/run.sh'), 0o755);
  symlinkSync('../run.sh', join(workspace, 'action/sub/link'));
  repository.commit({ 'action/action.yml': 'name: x\n', 'a.lock': 'A', 'sub/b.lock': 'B', 'ünï/c': 'C' });
  repository.push('main');
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function run(
  program: string,
  args: readonly string[],
  stdin = '',
): Promise<{ code: number; out: string; err: string }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, `${program}.ts`), ...args], {
    cwd: workspace,
    timeout: PROGRAM_MS_MAX,
    env: { PATH: '/usr/bin:/bin', HOME: root, GITHUB_WORKSPACE: workspace },
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  child.stdin.on('error', () => {});
  child.stdin.end(stdin);
  const code = await new Promise<number>((resolve) => child.once('close', (exit) => resolve(exit ?? 128)));
  return { code, out, err };
}

describe('tree-digest', () => {
  test('of a checkout is the content digest of its commit', async () => {
    const store = await openActionStore({
      mirror,
      allowRemote: false,
      dir: join(root, 'store'),
      git: GIT,
      clock: systemClock,
      log: silentLog,
    });

    const action = await store.resolve({ owner: 'acme', repo: 'tool', ref: 'main' });

    expect((await run('tree-digest', ['.'])).out).toBe(`${action.digest}\n`);
  });

  test('changes with a byte, a mode and a link, and stays below the workspace', async () => {
    const before = (await run('tree-digest', ['action'])).out;
    chmodSync(join(workspace, 'action/run.sh'), 0o644);
    const after = (await run('tree-digest', ['action'])).out;
    chmodSync(join(workspace, 'action/run.sh'), 0o755);

    expect(before).toMatch(/^sha256:[0-9a-f]{64}\n$/);
    expect(after).not.toBe(before);
    expect((await run('tree-digest', ['..'])).code).toBe(1);
  });
});

describe('read-file', () => {
  test('prints a file, plain or framed', async () => {
    expect(await run('read-file', ['action/action.yml', '100'])).toMatchObject({ code: 0, out: 'name: x\n' });
    expect(await run('read-file', ['--framed', 'action/action.yml', '100'])).toMatchObject({
      code: 0,
      out: 'found\nname: x\n',
    });
  });

  test('says that a file is missing', async () => {
    expect(await run('read-file', ['missing', '100'])).toMatchObject({ code: 3, out: '' });
    expect(await run('read-file', ['--framed', 'action', '100'])).toMatchObject({ code: 0, out: 'missing\n' });
    expect(await run('read-file', ['--framed', 'a.lock/b', '100'])).toMatchObject({ code: 0, out: 'missing\n' });
  });

  test('refuses more bytes than allowed, other kinds of files and other places', async () => {
    spawnSync('/usr/bin/mkfifo', [join(root, 'pipe')]);
    symlinkSync(join(root, 'pipe'), join(workspace, 'pipe'));
    const runs = await Promise.all([
      run('read-file', ['action/action.yml', '3']),
      run('read-file', ['pipe', '3']),
      run('read-file', ['../../x', '3']),
      run('read-file', ['x', 'many']),
    ]);
    rmSync(join(workspace, 'pipe'));

    expect(runs.map((one) => one.code)).toEqual([1, 1, 1, 1]);
    expect(runs.every((one) => one.out === '')).toBe(true);
  });
});

describe('hash-files', () => {
  const sha = (text: string) => createHash('sha256').update(text).digest();
  const both = createHash('sha256').update(sha('A')).update(sha('B')).digest('hex');

  test('hashes the hashes of the files in order', async () => {
    expect((await run('hash-files', [], JSON.stringify(['**/*.lock']))).out).toBe(both);
    expect((await run('hash-files', [JSON.stringify(['a.lock', 'sub'])])).out).toBe(both);
    expect((await run('hash-files', [], JSON.stringify(['**/*.lock', '!sub/**']))).out).toBe(
      createHash('sha256').update(sha('A')).digest('hex'),
    );
  });

  test('prints nothing when nothing matches, and leaves out what is not in the workspace', async () => {
    expect(await run('hash-files', [], JSON.stringify(['nothing/*']))).toMatchObject({ code: 0, out: '' });
    expect(await run('hash-files', [], JSON.stringify(['/etc/passwd']))).toMatchObject({ code: 0, out: '' });
  });

  test('leaves out pipes, sockets, devices and links to nothing, and never waits for one', async () => {
    const odd = join(workspace, 'odd');
    mkdirSync(odd);
    writeFileSync(join(odd, 'a.lock'), 'A');
    writeFileSync(join(odd, 'empty'), '');
    spawnSync('/usr/bin/mkfifo', [join(odd, 'pipe')]);
    symlinkSync('/dev/zero', join(odd, 'zero'));
    symlinkSync('pipe', join(odd, 'to-pipe'));
    symlinkSync('missing', join(odd, 'broken'));
    symlinkSync('self', join(odd, 'self'));
    symlinkSync('..', join(odd, 'up'));
    const socket = createServer().listen(join(odd, 'socket'));
    await once(socket, 'listening');

    const plain = await run('hash-files', [], JSON.stringify(['odd/**']));
    const followed = await run('hash-files', [], JSON.stringify(['--follow-symbolic-links', 'odd/**']));
    await new Promise((resolve) => socket.close(resolve));
    rmSync(odd, { recursive: true });

    const wanted = createHash('sha256').update(sha('A')).update(sha('')).digest('hex');
    expect(plain).toEqual({ code: 0, out: wanted, err: '' });
    expect(followed).toMatchObject({ code: 0, err: '' });
  });

  test('refuses more bytes than it would read in any time, by their size', async () => {
    const file = await open(join(workspace, 'huge'), 'w');
    await file.truncate(2 ** 42);
    await file.close();

    const refused = await run('hash-files', [], JSON.stringify(['huge']));
    rmSync(join(workspace, 'huge'));

    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toContain('hashFiles: more than 68719476736 bytes');
    expect(refused.err).toContain('/huge (4398046511104 bytes)');
  });

  test('refuses folders that are nested deeper than a path can tell', async () => {
    const name = 'd'.repeat(250);
    spawnSync(
      '/bin/sh',
      [
        '-c',
        `mkdir deep && cd -P deep && for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do mkdir ${name} && cd -P ${name} || exit; done`,
      ],
      { cwd: workspace },
    );

    const refused = await run('hash-files', [], JSON.stringify(['deep/**']));
    spawnSync('/bin/rm', ['-rf', join(workspace, 'deep')]);

    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toContain('nested too deeply: a path has more than 4095 bytes');
  });

  test('refuses what is no list of patterns', async () => {
    const runs = await Promise.all(['{}', '[1]', 'x', '["../x"]'].map((text) => run('hash-files', [], text)));

    expect(runs.map((one) => one.code)).toEqual([1, 1, 1, 1]);
    expect(git(workspace, 'status', '--porcelain')).toBe('');
  });
});
