import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
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

  test('refuses what is no list of patterns', async () => {
    const runs = await Promise.all(['{}', '[1]', 'x', '["../x"]'].map((text) => run('hash-files', [], text)));

    expect(runs.map((one) => one.code)).toEqual([1, 1, 1, 1]);
    expect(git(workspace, 'status', '--porcelain')).toBe('');
  });
});
