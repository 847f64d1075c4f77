import { describe, expect, test } from 'vitest';
import { isFault } from '../base/index.ts';
import { compilePattern, matchesTrigger } from './filter.ts';
import type { Trigger } from './model.ts';
import { cpuMs } from '../../test/support/cpu-time.ts';

/** The examples of GitHub's cheat sheet of filter patterns. */
const EXAMPLES: readonly (readonly [pattern: string, matching: readonly string[], other: readonly string[]])[] = [
  ['feature/*', ['feature/my-branch', 'feature/your-branch'], ['feature/a/b', 'feature']],
  ['feature/**', ['feature/beta-a/my-branch', 'feature/your-branch', 'feature/mona/the/octocat'], ['feature']],
  ['main', ['main'], ['Main', 'main2', 'a/main']],
  ['releases/mona-the-octocat', ['releases/mona-the-octocat'], ['releases/mona']],
  ['*', ['main', 'releases'], ['all/the/branches']],
  ['**', ['all/the/branches', 'every/tag', 'main', ''], []],
  ['*feature', ['mona-feature', 'feature', 'ver-10-feature'], ['a/feature']],
  ['v2*', ['v2', 'v2.0', 'v2.9'], ['v3', 'v2/a']],
  ['v[12].[0-9]+.[0-9]+', ['v1.10.1', 'v2.0.0'], ['v3.0.0', 'v1.0', 'v1.0.x']],
  ['*.jsx?', ['page.js', 'page.jsx'], ['page.jsxx', 'a/page.js']],
  ['**.js', ['index.js', 'js/index.js', 'src/js/app.js'], ['index.jsx']],
  ['docs/*', ['docs/README.md', 'docs/file.txt'], ['docs/mona/octocat.txt']],
  ['docs/**', ['docs/README.md', 'docs/mona/octocat.txt'], ['doc/a']],
  ['docs/**/*.md', ['docs/README.md', 'docs/mona/hello-world.md', 'docs/a/markdown/file.md'], ['docs/a.txt']],
  ['**/docs/**', ['docs/hello.md', 'dir/docs/my-file.txt', 'space/docs/plan/space.doc'], ['mydocs/a']],
  ['**/README.md', ['README.md', 'js/README.md'], ['xREADME.md']],
  ['**/*src/**', ['a/src/app.js', 'my-src/code/js/app.js'], ['srcs/a']],
  ['**/*-post.md', ['my-post.md', 'path/their-post.md'], ['post.md']],
  ['**/migrate-*.sql', ['migrate-10909.sql', 'db/migrate-v1.0.sql', 'db/sept/migrate-v1.sql'], ['migrate.sql']],
  ['a\\*b', ['a*b'], ['aab']],
  ['[a-c]x', ['ax', 'cx'], ['dx', 'abx']],
];

test.each(EXAMPLES)('the pattern %s matches what GitHub says and nothing else', (pattern, matching, other) => {
  const { matches } = compilePattern(pattern);

  expect(matching.filter((text) => !matches(text))).toEqual([]);
  expect(other.filter((text) => matches(text))).toEqual([]);
});

test.each(['?a', '+', '*+', '[a', '[]', '[z-a]', 'a\\', 'x'.repeat(2_000)])('the pattern %s is refused', (pattern) => {
  expect(() => compilePattern(pattern)).toThrow(expect.objectContaining({ code: 'workflow/pattern-invalid' }));
});

test('a pattern that makes backtracking engines run for years ends at once', () => {
  const { matches } = compilePattern(`${'*a'.repeat(200)}b`);
  const started = cpuMs();

  expect(matches('a'.repeat(2_000))).toBe(false);
  expect(cpuMs() - started).toBeLessThan(10_000);
});

const at = { line: 1, column: 1 };
const push = (filters: Partial<Trigger>): Trigger => ({ event: 'push', at, ...filters });

describe('a trigger', () => {
  test.each([
    ['branches take in a branch', push({ branches: ['main'] }), { ref: 'refs/heads/main' }, true],
    ['branches leave out another', push({ branches: ['main'] }), { ref: 'refs/heads/dev' }, false],
    ['branches alone leave out tags', push({ branches: ['**'] }), { ref: 'refs/tags/v1' }, false],
    ['tags alone leave out branches', push({ tags: ['**'] }), { ref: 'refs/heads/v1' }, false],
    ['branches and tags each count', push({ branches: ['x'], tags: ['v*'] }), { ref: 'refs/tags/v1' }, true],
    [
      'the last matching pattern decides',
      push({ branches: ['r/**', '!r/**-alpha', 'r/b-alpha'] }),
      { ref: 'refs/heads/r/b-alpha' },
      true,
    ],
    [
      'a negated pattern takes out',
      push({ branches: ['r/**', '!r/**-alpha'] }),
      { ref: 'refs/heads/r/b-alpha' },
      false,
    ],
    ['only negated patterns take in nothing', push({ branches: ['!a'] }), { ref: 'refs/heads/b' }, false],
    ['ignored branches are left out', push({ branchesIgnore: ['dev'] }), { ref: 'refs/heads/dev' }, false],
    ['other branches are not', push({ branchesIgnore: ['dev'] }), { ref: 'refs/heads/main' }, true],
    ['one changed path is enough', push({ paths: ['src/**'] }), { changedPaths: ['a', 'src/b'] }, true],
    ['no changed path is not', push({ paths: ['src/**'] }), { changedPaths: ['a'] }, false],
    ['unknown paths pass', push({ paths: ['src/**'] }), {}, true],
    ['all paths ignored', push({ pathsIgnore: ['docs/**'] }), { changedPaths: ['docs/a', 'docs/b'] }, false],
    ['one path not ignored', push({ pathsIgnore: ['docs/**'] }), { changedPaths: ['docs/a', 'b'] }, true],
    ['paths do not count for tags', push({ paths: ['src/**'] }), { ref: 'refs/tags/v1', changedPaths: [] }, true],
  ])('%s', (_name, trigger, facts, wanted) => {
    expect(matchesTrigger(trigger, { event: 'push', ...facts }).matches).toBe(wanted);
  });

  test('of a change request starts on three types by default and looks at the base branch', () => {
    const trigger: Trigger = { event: 'pull_request', branches: ['main'], at };
    const facts = { event: 'pull_request', action: 'opened', ref: 'refs/pull/1/merge', baseRef: 'main' };

    expect(matchesTrigger(trigger, facts).matches).toBe(true);
    expect(matchesTrigger(trigger, { ...facts, action: 'labeled' })).toEqual({
      matches: false,
      reason: 'the activity type labeled is not in on.pull_request.types (opened, synchronize, reopened)',
    });
    expect(matchesTrigger(trigger, { ...facts, baseRef: 'dev' }).matches).toBe(false);
  });

  test('of another event, or of another workflow, does not match', () => {
    const trigger: Trigger = { event: 'workflow_run', workflows: ['CI'], types: ['completed'], at };

    expect(matchesTrigger(trigger, { event: 'push' }).matches).toBe(false);
    expect(matchesTrigger(trigger, { event: 'workflow_run', action: 'completed', workflow: 'CI' }).matches).toBe(true);
    expect(matchesTrigger(trigger, { event: 'workflow_run', action: 'completed', workflow: 'Other' }).matches).toBe(
      false,
    );
  });
});

test('random patterns and texts never take long and fail only by a fault', () => {
  let state = 42;
  const random = (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state % below;
  };
  const alphabet = ['a', 'b', '/', '*', '**', '?', '+', '[', ']', '-', '\\', '!', '🎈'];
  const text = (length: number) => Array.from({ length }, () => alphabet[random(alphabet.length)]).join('');
  const started = cpuMs();
  for (let round = 0; round < 2_000; round++) {
    try {
      compilePattern(text(random(30))).matches(text(random(60)));
    } catch (thrown) {
      expect(isFault(thrown, 'workflow/pattern-invalid')).toBe(true);
    }
  }

  expect(cpuMs() - started).toBeLessThan(15_000);
});
