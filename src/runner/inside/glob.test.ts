import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findByGlob, type GlobOptions } from './glob.ts';
import { compileNamePattern } from './name-pattern.ts';
import { cpuMs } from '../../../test/support/cpu-time.ts';

const root = mkdtempSync(join(tmpdir(), 'glob-'));
const FILES = [
  'a.txt',
  'b.md',
  '.hidden',
  'src/x.ts',
  'src/deep/y.ts',
  'src/deep/.env',
  'src/[1]/z',
  'home/.cfg/k',
  'lib/q',
];

beforeAll(() => {
  for (const path of FILES) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), path);
  }
  symlinkSync('..', join(root, 'src/deep/loop'));
  symlinkSync('missing', join(root, 'lib/broken'));
  symlinkSync('../src/deep', join(root, 'lib/linked'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function find(patterns: string, options: Partial<GlobOptions> = {}): Promise<string[]> {
  const defaults = {
    cwd: root,
    home: join(root, 'home'),
    followLinks: false,
    withDescendants: false,
    withHidden: true,
  };
  const found = await findByGlob(patterns, { ...defaults, ...options });
  return found.paths.map((path) => path.slice(root.length + 1));
}

describe('a search', () => {
  test.each([
    ['a.txt', ['a.txt']],
    ['*.txt', ['a.txt']],
    ['./*.md', ['b.md']],
    ['*', ['.hidden', 'a.txt', 'b.md', 'home', 'lib', 'src']],
    ['**/*.ts', ['src/deep/y.ts', 'src/x.ts']],
    ['src/**/y.ts', ['src/deep/y.ts']],
    ['src/*/', ['src/[1]', 'src/deep']],
    ['src/[[]1]/z', ['src/[1]/z']],
    ['src/\\[1\\]/z', ['src/[1]/z']],
    ['?.{txt,md}', []],
    ['[ab].*', ['a.txt', 'b.md']],
    ['[!a].*', ['b.md']],
    ['~/.cfg/*', ['home/.cfg/k']],
    ['# only a comment', []],
    ['*.txt\n*.md\n!a*', ['b.md']],
    ['!a.txt\n*.txt', ['a.txt']],
    ['missing/**', []],
  ])('for %j', async (patterns, wanted) => {
    expect((await find(patterns)).sort()).toEqual([...wanted].sort());
  });

  test('takes what lies below a matched folder along when asked', async () => {
    expect(await find('src/deep', { withDescendants: true })).toEqual([
      'src/deep',
      'src/deep/.env',
      'src/deep/loop',
      'src/deep/y.ts',
    ]);
    expect(await find('src\n!src/deep', { withDescendants: true })).toEqual([
      'src',
      'src/[1]',
      'src/[1]/z',
      'src/x.ts',
    ]);
  });

  test('follows links when asked, leaving out circles and broken ones', async () => {
    const found = await find('lib/**', { followLinks: true });

    expect(found).toContain('lib/linked/y.ts');
    expect(found).not.toContain('lib/broken');
    expect(found.length).toBeLessThan(40);
  });

  test('leaves out hidden files and folders when asked', async () => {
    expect(await find('src/deep', { withDescendants: true, withHidden: false })).not.toContain('src/deep/.env');
  });

  test('says where it began', async () => {
    const options = { cwd: root, home: root, followLinks: false, withDescendants: true, withHidden: true };

    const found = await findByGlob('src/deep/*.ts\nsrc/**\nlib/q', options);

    expect(found.searchPaths).toEqual([join(root, 'src'), join(root, 'lib/q')]);
  });

  test.each(['../x', 'a/../b', 'a/./b', '!', '/../etc'])('refuses %j', async (pattern) => {
    await expect(find(pattern)).rejects.toThrow(/Invalid pattern|cannot be empty/);
  });

  test('takes linear time where backtracking would not end', async () => {
    const started = cpuMs();

    await find(`${'**/a*'.repeat(30)}\n${'*a'.repeat(2000)}b\n${'**/'.repeat(500)}x`);

    expect(cpuMs() - started).toBeLessThan(3000);
  });
});

describe('a pattern of names', () => {
  test.each([
    ['part-*', 'part-1', true],
    ['part-{1,2}', 'part-2', true],
    ['part-{1,2}', 'part-3', false],
    ['{a,b{c,d}}x', 'bdx', true],
    ['{a}', '{a}', true],
    ['!part-*', 'other', true],
    ['*', '.hidden', false],
    ['.*', '.hidden', true],
    ['#x', '#x', false],
    ['**', 'anything', true],
  ])('%j and %j: %s', (pattern, name, wanted) => {
    expect(compileNamePattern(pattern)(name)).toBe(wanted);
  });

  test('is refused when it uses an extended form or explodes', () => {
    expect(() => compileNamePattern('@(a|b)')).toThrow('extended form');
    expect(() => compileNamePattern('{a,b}'.repeat(30))).toThrow('alternatives');
  });
});
