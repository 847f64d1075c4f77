import { describe, expect, test } from 'vitest';
import { MatcherSet, stripAnsi } from './matchers.ts';
import { cpuMs } from '../../test/support/cpu-time.ts';

const file = (...matchers: readonly unknown[]) => JSON.stringify({ problemMatcher: matchers });
const TSC = {
  owner: 'tsc',
  pattern: [
    {
      regexp: '^([^\\s].*)[\\(:](\\d+)[,:](\\d+)(?:\\):\\s+|\\s+-\\s+)(error|warning|info)\\s+(TS\\d+)\\s*:\\s*(.*)$',
      file: 1,
      line: 2,
      column: 3,
      severity: 4,
      code: 5,
      message: 6,
    },
  ],
};
const STYLISH = {
  owner: 'eslint-stylish',
  pattern: [
    { regexp: '^([^\\s].*)$', file: 1 },
    {
      regexp: '^\\s+(\\d+):(\\d+)\\s+(error|warning|info)\\s+(.*)\\s\\s+(.*)$',
      line: 1,
      column: 2,
      severity: 3,
      message: 4,
      code: 5,
      loop: true,
    },
  ],
};

function matcherSet(...matchers: readonly unknown[]): MatcherSet {
  const set = new MatcherSet();
  set.add(file(...matchers));
  return set;
}

test('one line with all fields, colours removed', () => {
  const found = matcherSet(TSC).push('\u001b[91msrc/a.ts\u001b[0m(3,7): error TS2322: Not assignable.');

  expect(found).toEqual({
    level: 'error',
    message: 'Not assignable.',
    title: 'TS2322',
    file: 'src/a.ts',
    line: 3,
    column: 7,
  });
});

test('several lines, the last pattern in a loop', () => {
  const set = matcherSet(STYLISH);

  expect(set.push('/w/a.js')).toBeUndefined();
  expect(set.push('  1:2  error  Bad thing  no-bad')).toMatchObject({ file: '/w/a.js', line: 1, title: 'no-bad' });
  expect(set.push('  3:4  warning  Odd thing  no-odd')).toMatchObject({ level: 'warning', file: '/w/a.js', line: 3 });
  expect(set.push('')).toBeUndefined();
  expect(set.push('  5:6  error  Lost  no-lost')).toBeUndefined();
});

test('default severity, project file and unknown severities', () => {
  const set = matcherSet({
    owner: 'a',
    severity: 'warning',
    fromPath: 'sub/p.csproj',
    pattern: [{ regexp: '^(\\w+): (.*)', file: 1, message: 2 }],
  });
  expect(set.push('x: bad')).toEqual({ level: 'warning', message: 'bad', file: 'sub/x' });

  const odd = matcherSet({ owner: 'a', pattern: [{ regexp: '^(\\w+): (.*)', severity: 1, message: 2 }] });
  expect(odd.push('info: x')).toBeUndefined();
  expect(odd.push('Notice: x')).toMatchObject({ level: 'notice' });
});

test('a matcher is replaced by its owner, and removed', () => {
  const set = matcherSet({ owner: 'A', pattern: [{ regexp: '(x)', message: 1 }] });
  set.add(file({ owner: 'a', pattern: [{ regexp: '(y)', message: 1 }] }));

  expect(set.push('x')).toBeUndefined();
  expect(set.push('y')).toMatchObject({ message: 'y' });
  set.remove('A');
  expect(set.push('y')).toBeUndefined();
});

describe('files that are wrong are refused', () => {
  test.each([
    ['no JSON', '{'],
    ['no owner', file({ pattern: [{ regexp: '(x)', message: 1 }] })],
    ['no patterns', file({ owner: 'a', pattern: [] })],
    ['no message', file({ owner: 'a', pattern: [{ regexp: 'x' }] })],
    ['a group that is not there', file({ owner: 'a', pattern: [{ regexp: '(x)', message: 2 }] })],
    [
      'a field twice',
      file({
        owner: 'a',
        pattern: [
          { regexp: '(x)', message: 1 },
          { regexp: '(x)', message: 1 },
        ],
      }),
    ],
    ['a loop of one', file({ owner: 'a', pattern: [{ regexp: '(x)', message: 1, loop: true }] })],
    ['a severity', file({ owner: 'a', severity: 'fatal', pattern: [{ regexp: '(x)', message: 1 }] })],
    ['an owner twice', file(TSC, { ...TSC, owner: 'TSC' })],
    ['a back reference', file({ owner: 'a', pattern: [{ regexp: '(x)\\1', message: 1 }] })],
    ['a broken pattern', file({ owner: 'a', pattern: [{ regexp: '(x', message: 1 }] })],
    ['a huge pattern', file({ owner: 'a', pattern: [{ regexp: 'x'.repeat(3000), message: 0 }] })],
    ['huge repetition', file({ owner: 'a', pattern: [{ regexp: '((x{1000}){1000}){1000}', message: 1 }] })],
    ['too much', ' '.repeat(300_000)],
  ])('%s', (_name, json) => {
    expect(() => new MatcherSet().add(json)).toThrow(/problem matcher/);
  });
});

/** The same pattern takes a backtracking engine minutes: the control is that it takes V8 far longer on a short line. */
test('a pattern that explodes elsewhere is linear here', () => {
  const set = matcherSet({ owner: 'a', pattern: [{ regexp: '^(a+)+$', message: 1 }] });
  const control = cpuMs();
  /^(a+)+$/.test(`${'a'.repeat(24)}!`);
  const controlMs = cpuMs() - control;
  const started = cpuMs();

  set.push(`${'a'.repeat(8_000)}!`);

  expect(cpuMs() - started).toBeLessThan(Math.max(2_000, controlMs * 100));
});

test('control sequences are removed without harm to the text', () => {
  expect(stripAnsi('\u001b[1;31merror\u001b[0m \u001b]8;;http://x\u0007link\u001b]8;;\u0007')).toBe('error link');
});
