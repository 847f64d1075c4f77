import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testRepository } from '../../test/support/git-repository.ts';

const root = join(import.meta.dirname, '../..');
const launcher = join(root, 'bin/sallyport');
const page = readFileSync(join(root, 'docs/reference/scan.md'), 'utf8');
const shown = [...page.matchAll(/```sh\n([\s\S]*?)```/g)]
  .flatMap(([, block]) => (block ?? '').split('\n'))
  .map((line) => line.replace(/\s+#.*$/, ''))
  .filter((line) => line.startsWith('sallyport scan'));

const repository = testRepository();
beforeAll(() => {
  repository.write({
    'src/app.py':
      'import os\nfrom flask import Flask, request\napp = Flask(__name__)\n\n@app.route("/")\ndef run():\n    os.system("ls " + request.args["x"])\n',
    Dockerfile: 'FROM node:latest\nCMD ["node", "x.js"]\n',
    'package.json': '{"name": "x", "version": "1.0.0", "dependencies": {"lodash": "4.17.21"}}\n',
    'package-lock.json': JSON.stringify({
      name: 'x',
      lockfileVersion: 3,
      packages: {
        '': { name: 'x', version: '1.0.0', dependencies: { lodash: '4.17.21' } },
        'node_modules/lodash': {
          version: '4.17.21',
          resolved: 'https://registry.npmjs.org/lodash/-/lodash-4.17.21.tgz',
          integrity: `sha512-${'x'.repeat(86)}==`,
        },
      },
    }),
  });
  repository.commit();
});
afterAll(() => repository[Symbol.dispose]());

const state = join(tmpdir(), `sallyport-scan-state-${process.pid}`);
afterAll(() => rmSync(state, { recursive: true, force: true }));

function scan(...args: readonly string[]) {
  const env = {
    PATH: process.env['PATH'],
    HOME: state,
    XDG_STATE_HOME: join(state, 'state'),
    XDG_CACHE_HOME: join(state, 'cache'),
  };
  const { status, stdout, stderr } = spawnSync(launcher, ['scan', ...args], {
    cwd: repository.root,
    env,
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, stdout, stderr };
}

describe('the page of scan', () => {
  test('shows commands', () => {
    expect(shown.length).toBeGreaterThan(15);
  });

  test.each(shown)('%s', (line) => {
    const { status, stderr } = scan(...line.split(/\s+/).slice(2));

    expect([0, 1, 3], stderr).toContain(status);
  });
});

test('the same scan gives the same bytes: kept results or none, one thread or more', () => {
  const first = scan('--json', '--no-cache');
  const others = [scan('--json'), scan('--json'), scan('--json', '--threads', '1', '--no-cache')];

  expect(JSON.parse(first.stdout).length).toBeGreaterThan(1);
  for (const other of others) expect(other.stdout).toBe(first.stdout);
});

test('ends with the documented codes', () => {
  expect(scan('--only', 'workflows').status).toBe(0);
  expect(scan('--only', 'code').status).toBe(1);
  expect(scan('--only', 'dependencies').status).toBe(3);
  expect(scan('--only', 'dependencies', '--allow-missing', 'advisories').status).toBe(0);
  expect(scan('--only', 'nothing').status).toBe(2);
  expect(scan('--change', 'nowhere..HEAD').status).toBe(2);
  expect(scan('missing').status).toBe(2);
  expect(scan('--only', 'code', '--fail-on', 'critical', '--baseline', 'missing.json').status).toBe(2);
});
