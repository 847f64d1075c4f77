import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';

const MAIN = path.join(import.meta.dirname, 'main.ts');

function fuzz(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    encoding: 'utf8',
    timeout: 100_000,
  });
  return { status, lines: stdout.trimEnd().split('\n'), stderr };
}

test('every fuzz test of the folder is run, and the last line counts', () => {
  const { status, lines } = fuzz('--rounds', '20', '--seed', '3');

  expect(lines.map((line) => line.split(':')[0])).toEqual([
    'commands',
    'env-files',
    'masks',
    'matchers',
    'hoist',
    'client-hello',
    'dns',
    'reader',
    'fuzz',
  ]);
  expect(lines.at(-1)).toBe('fuzz: 160 rounds, 0 failures');
  expect(status).toBe(0);
});

test('a name that is no fuzz test is refused with those there are', () => {
  const { status, stderr } = fuzz('masks', 'nonsense');

  expect(status).toBe(2);
  expect(stderr).toContain('there is no fuzz test nonsense');
  expect(stderr).toContain('names: commands, env-files');
});
