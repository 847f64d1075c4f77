import { describe, expect, test } from 'vitest';
import { formatsFor } from './format.ts';
import { type KeyAction, press } from './keys.ts';
import { currentEntry, entriesOf, pathIn, repositoryIn } from './navigation.ts';
import { matching } from './palette-match.ts';

const NOW = Date.UTC(2026, 10, 25, 12);
const english = formatsFor('en', 'UTC');

describe('formats', () => {
  test.each([
    [-2000, 'now'],
    [-40_000, '40 seconds ago'],
    [-3 * 60_000, '3 minutes ago'],
    [-26 * 3_600_000, 'yesterday'],
    [10 * 86_400_000, 'next week'],
    [-400 * 86_400_000, 'last year'],
  ])('%i ms from now is "%s"', (differenceMs, wanted) => {
    expect(english.relative(new Date(NOW + differenceMs), NOW)).toBe(wanted);
  });

  test.each([
    [-5, '0s'],
    [430, '0.4s'],
    [59_999, '59s'],
    [72_000, '1m 12s'],
    [3_723_000, '1h 2m'],
    [90_000_000, '1d 1h'],
  ])('%i ms take "%s"', (ms, wanted) => {
    expect(english.duration(ms)).toBe(wanted);
  });

  test.each([
    [0, '0 bytes'],
    [1, '1 byte'],
    [999, '999 bytes'],
    [1500, '1.5 kB'],
    [2_000_000_000, '2 GB'],
  ])('%i bytes are "%s"', (count, wanted) => {
    expect(english.bytes(count)).toBe(wanted);
  });

  test('plurals and numbers follow the language', () => {
    expect(english.plural(1, { one: '# run', other: '# runs' })).toBe('1 run');
    expect(english.plural(1200, { one: '# run', other: '# runs' })).toBe('1,200 runs');
    expect(formatsFor('de').number(1200.5)).toBe('1.200,5');
  });
});

describe('keys', () => {
  const action = (keys: string): KeyAction => ({ keys, label: keys, run: () => {} });
  const known = [action('?'), action('g h'), action('h')];
  const none = { keys: '', at: 0 };

  test('one key matches at once, the first of two waits for the second', () => {
    const first = press(none, 'g', 10, known);

    expect(press(none, '?', 10, known).match?.keys).toBe('?');
    expect(first.match).toBeUndefined();
    expect(press(first.pressed, 'h', 20, known).match?.keys).toBe('g h');
  });

  test('a second key that comes late is a first one', () => {
    const first = press(none, 'g', 10, known);

    expect(press(first.pressed, 'h', 5000, known).match?.keys).toBe('h');
  });

  test('a key that continues nothing is a first one', () => {
    const first = press(none, 'g', 10, known);

    expect(press(first.pressed, '?', 20, known).match?.keys).toBe('?');
  });
});

describe('navigation', () => {
  const load = () => Promise.reject(new Error('not loaded here'));
  const routes = [
    { path: ':owner/:name', load, navigation: { label: 'Files', group: 'repository', order: 2 } },
    { path: ':owner/:name/commits/:ref?', load, navigation: { label: 'Commits', group: 'repository', order: 1 } },
    { path: 'docs/*', load, navigation: { label: 'Docs', group: 'work', order: 1 } },
  ] as const;

  test('entries come in their order, with addresses of one repository', () => {
    const [commits, files] = entriesOf(routes, 'repository');

    expect(pathIn(commits ?? { path: '' }, 'a b', 'c/d')).toBe('/a%20b/c%2Fd/commits');
    expect(pathIn(files ?? { path: '' }, 'acme', 'app')).toBe('/acme/app');
  });

  test('a repository is told from pages of the server', () => {
    expect(repositoryIn('/acme/app/runs/1')).toEqual({ owner: 'acme', name: 'app' });
    expect(repositoryIn('/-/audit')).toBeUndefined();
    expect(repositoryIn('/docs/start/five')).toBeUndefined();
    expect(repositoryIn('/acme')).toBeUndefined();
    expect(repositoryIn('/%E0%A4%A/x')).toBeUndefined();
  });

  test('the longest entry that an address begins with is the current one', () => {
    const entries = [{ path: '/a/b' }, { path: '/a/b/runs' }, { path: '/' }];

    expect(currentEntry(entries, '/a/b/runs/7')?.path).toBe('/a/b/runs');
    expect(currentEntry(entries, '/a/b/runsome')?.path).toBe('/a/b');
    expect(currentEntry(entries, '/')?.path).toBe('/');
    expect(currentEntry(entries, '/else')).toBeUndefined();
  });

  test('the palette finds all words in any order, names that begin so first', () => {
    const entry = (label: string, group: string) => ({ id: label, label, group, to: '/' });
    const entries = [entry('acme/runs', 'Repository'), entry('Runs', 'acme/app')];

    expect(matching(entries, 'run').map(({ label }) => label)).toEqual(['Runs', 'acme/runs']);
    expect(matching(entries, 'acme run')).toHaveLength(2);
    expect(matching(entries, 'acme repo').map(({ label }) => label)).toEqual(['acme/runs']);
  });
});
