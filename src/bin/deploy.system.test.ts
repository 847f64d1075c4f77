import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const DEPLOY = join(import.meta.dirname, '../../deploy');
const MAIN = join(import.meta.dirname, 'main.ts');

test('our own scanner finds nothing in what is deployed, and something in the same image under a tag', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sp-deploy-'));
  const text = await readFile(join(DEPLOY, 'Containerfile'), 'utf8');
  await writeFile(join(folder, 'Containerfile'), text.replace('FROM ${NODE_IMAGE}', 'FROM node:latest'));
  const scan = (where: string) =>
    run(process.execPath, [MAIN, 'scan', where], { env: { ...process.env, HOME: folder } });

  const own = await scan(DEPLOY);
  const tagged = await scan(folder).catch((thrown: { readonly stdout: string }) => thrown);
  await rm(folder, { recursive: true, force: true });

  expect(own.stdout).toContain('nothing found');
  expect(tagged.stdout).not.toContain('nothing found');
});

test('systemd takes the unit, where there is one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sp-unit-'));
  const unit = join(folder, 'sallyport.service');
  const text = await readFile(join(DEPLOY, 'sallyport.service'), 'utf8');
  await writeFile(unit, text.replace('/usr/bin/sallyport', '/usr/bin/true'));

  const told = await run('systemd-analyze', ['verify', unit]).catch(
    (thrown: { readonly code?: unknown; stderr?: string }) =>
      thrown.code === 'ENOENT' ? { stderr: '' } : { stderr: `refused: ${thrown.stderr}` },
  );
  await rm(folder, { recursive: true, force: true });

  expect(text).toContain('\nDelegate=yes\n');
  expect(told.stderr).toBe('');
});
