import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-package-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the packed package, installed into an empty folder, runs a workflow', { timeout: 300_000 }, () => {
  const consumer = join(folder, 'consumer');
  const repository = join(folder, 'repository');
  mkdirSync(join(repository, '.github/workflows'), { recursive: true });
  mkdirSync(consumer);
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    XDG_STATE_HOME: join(folder, 'state'),
    XDG_CACHE_HOME: join(folder, 'cache'),
  };
  for (const name of ['NODE_COMPILE_CACHE', 'VITEST']) delete env[name];
  const run = (command: string, args: readonly string[], cwd: string) =>
    execFileSync(command, args, { cwd, env, encoding: 'utf8', timeout: 280_000, stdio: ['ignore', 'pipe', 'pipe'] });
  writeFileSync(
    join(repository, '.github/workflows/ci.yml'),
    'on: push\njobs: { a: { runs-on: ubuntu-latest, steps: [{ uses: actions/checkout@v4 }, { run: cat hello.txt }] } }\n',
  );
  writeFileSync(join(repository, 'hello.txt'), 'hello from the package\n');
  run('git', ['init', '-q', '-b', 'main'], repository);

  run('npm', ['run', '-s', 'build'], root);
  run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], root);
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '';
  writeFileSync(join(consumer, 'package.json'), '{"private": true}');
  run(
    'npm',
    ['install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', join(folder, tarball)],
    consumer,
  );
  const command = join(consumer, 'node_modules/.bin/sallyport');
  const result = spawnSync(command, ['run'], { cwd: repository, env, encoding: 'utf8', timeout: 60_000 });

  expect(run(command, ['--version'], consumer)).toBe('0.1.0\n');
  expect(existsSync(join(consumer, 'node_modules/sallyport/src'))).toBe(false);
  expect(existsSync(join(consumer, 'node_modules/sallyport/dist/pages/index.html'))).toBe(true);
  expect(result.stdout + result.stderr).toContain('hello from the package');
  expect(result.status).toBe(0);
});
