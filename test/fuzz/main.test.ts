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
  const names = lines.slice(0, -1).map((line) => line.split(':')[0]);

  expect(names).toEqual(
    expect.arrayContaining(['commands', 'env-files', 'masks', 'matchers', 'hoist', 'client-hello', 'dns', 'reader']),
  );
  expect(new Set(names).size).toBe(names.length);
  expect(lines.at(-1)).toBe(`fuzz: ${20 * names.length} rounds, 0 failures`);
  expect(status).toBe(0);
});

test('a name that is no fuzz test is refused with those there are', () => {
  const { status, stderr } = fuzz('masks', 'nonsense');

  expect(status).toBe(2);
  expect(stderr).toContain('there is no fuzz test nonsense');
  expect(stderr).toMatch(/names: .*commands, env-files/);
});
