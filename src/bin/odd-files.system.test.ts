import { execFile, execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const MAIN = new URL('main.ts', import.meta.url).pathname;
const END_MS_MAX = 60_000;

/** Starts a command in a folder; `undefined` when it had to be killed. */
function start(folder: string, ...args: readonly string[]): Promise<{ code: number | undefined; output: string }> {
  return new Promise((resolve) => {
    const options = {
      cwd: folder,
      timeout: END_MS_MAX,
      killSignal: 'SIGKILL',
      env: { PATH: process.env['PATH'], HOME: folder },
    } as const;
    const child = execFile(process.execPath, [MAIN, ...args], options, (_error, out, said) =>
      resolve({ code: child.exitCode ?? undefined, output: `${out}${said}` }),
    );
  });
}

/** A repository of somebody else, where pipes and devices stand in the place of files. */
test('commands end in a repository whose files are pipes and devices', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-odd-'));
  try {
    const workflows = join(folder, '.github/workflows');
    await mkdir(workflows, { recursive: true });
    execFileSync('mkfifo', [join(workflows, 'a.yml'), join(workflows, 'actions.lock'), join(folder, 'package.json')]);
    await symlink('/dev/zero', join(workflows, 'b.yml'));

    const ended = await Promise.all([
      start(folder, 'plan'),
      start(folder, 'run', '-l'),
      start(folder, 'lock'),
      start(folder, 'run', '.github/workflows/a.yml'),
      start(folder, 'init', '--language', 'node'),
    ]);

    expect(ended.map(({ code }) => code)).not.toContain(undefined);
    expect(ended[0]?.output).toContain('plan/file-unreadable');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 120_000);

test('a file that does not come in time is killed by this test (control)', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-odd-'));
  try {
    execFileSync('mkfifo', [join(folder, 'a')]);
    const read = (file: string) =>
      new Promise((resolve) => {
        const child = execFile(
          process.execPath,
          ['-e', `fs.readFile('${file}', () => 0)`],
          { cwd: folder, timeout: 2000, killSignal: 'SIGKILL' },
          () => resolve(child.exitCode ?? undefined),
        );
      });
    await writeFile(join(folder, 'b'), '');

    expect([await read('a'), await read('b')]).toEqual([undefined, 0]);
    expect(await readFile(join(folder, 'b'), 'utf8')).toBe('');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 20_000);
