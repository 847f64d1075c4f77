import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const MAIN = join(import.meta.dirname, 'main.ts');

test('a setting that weakens the server is told and fails, and without it is told as off', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sp-doctor-'));
  const config = join(folder, 'weak.yml');
  await writeFile(config, 'unsafe_direct_push: true\nrunner: false\n');
  const ask = (...args: readonly string[]) =>
    run(process.execPath, [MAIN, 'doctor', '--server', '--json', ...args], {
      env: { PATH: process.env['PATH'], HOME: folder, XDG_STATE_HOME: folder, SALLYPORT_DATA: join(folder, 'data') },
    }).catch((thrown: { readonly code: number; readonly stdout: string }) => thrown);

  const [weak, plain] = await Promise.all([ask('--config', config), ask()]);
  await rm(folder, { recursive: true, force: true });

  const fact = (text: string, name: string) =>
    JSON.parse(text).find((one: { readonly name: string }) => one.name === name);
  expect(weak).toMatchObject({ code: 1 });
  expect(fact(weak.stdout, 'unsafe_direct_push')).toMatchObject({ isWeak: true });
  expect(fact(weak.stdout, 'runner')).toMatchObject({ text: 'none inside' });
  expect(fact(plain.stdout, 'unsafe_direct_push')).toEqual({ name: 'unsafe_direct_push', text: 'off', isWeak: false });
});
