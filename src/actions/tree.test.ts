import { describe, expect, test } from 'vitest';
import { isFault } from '../base/index.ts';
import { checkLinks, contentDigest, readTreeListing } from './tree.ts';

const LIMITS = { entriesMax: 10, bytesMax: 1000, fileBytesMax: 500 };
const OID = 'a'.repeat(40);

function listing(
  ...entries: readonly (readonly [path: string | Buffer, mode?: string, kind?: string, size?: string])[]
): Buffer {
  return Buffer.concat(
    entries.map(([path, mode = '100644', kind = 'blob', size = '      1']) =>
      Buffer.concat([Buffer.from(`${mode} ${kind} ${OID} ${size}\t`), Buffer.from(path), Buffer.from([0])]),
    ),
  );
}

const codeOf = (run: () => unknown): string => {
  try {
    run();
    return 'none';
  } catch (error) {
    return isFault(error) ? error.code : String(error);
  }
};

describe('the listing of a tree', () => {
  test('gives files, programs and links', () => {
    const files = readTreeListing(listing(['a/b.js'], ['run', '100755'], ['l', '120000']), LIMITS);

    expect(files.map((file) => `${file.mode} ${file.path} ${file.bytes}`)).toEqual([
      '100644 a/b.js 1',
      '100755 run 1',
      '120000 l 1',
    ]);
  });

  test.each([
    '../x',
    'a/../b',
    './a',
    '/etc/passwd',
    'a//b',
    '.git/hooks/post-checkout',
    'a/.GIT/config',
    '.git ',
    '.git.',
    '.git::$INDEX_ALLOCATION',
    'git~1/x',
    '.g\u200cit/config',
    'a\\b',
    'line\nend',
    'x'.repeat(1025),
    `${'d/'.repeat(70)}x`,
    '',
  ])('refuses the path %j', (path) => {
    expect(codeOf(() => readTreeListing(listing([path]), LIMITS))).toBe('actions/tree-unsafe');
  });

  test.each([
    ['not UTF-8', listing([Buffer.from([0x66, 0xff])]), 'tree-unsafe'],
    ['a path twice', listing(['a'], ['a']), 'tree-unsafe'],
    ['a file below a link', listing(['a', '120000'], ['a/b']), 'tree-unsafe'],
    ['an unknown mode', listing(['a', '100600']), 'tree-unsafe'],
    ['a submodule', listing(['a', '160000', 'commit', '      -']), 'submodule-refused'],
    ['a file that is too large', listing(['a', '100644', 'blob', '    501']), 'too-large'],
    [
      'too many bytes',
      listing(['a', '100644', 'blob', '400'], ['b', '100644', 'blob', '400'], ['c', '100644', 'blob', '400']),
      'too-large',
    ],
    ['too many files', listing(...Array.from({ length: 11 }, (_, at) => [`f${at}`] as const)), 'too-large'],
    ['half an entry', listing(['a']).subarray(0, 20), 'git-failed'],
    ['a missing object', listing(['a', '100644', 'blob', '      -']), 'commit-missing'],
  ])('refuses %s', (_title, bytes, code) => {
    expect(codeOf(() => readTreeListing(bytes, LIMITS))).toBe(`actions/${code}`);
  });

  test('names that only look special are let in', () => {
    expect(readTreeListing(listing(['.github/x'], ['.gitignore'], ['git~x'], ['a b'], ['ü/é']), LIMITS)).toHaveLength(
      5,
    );
  });

  test('random bytes give files or a fault, never another error', () => {
    let seed = 1;
    const next = () => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return seed;
    };
    for (let round = 0; round < 3000; round += 1) {
      const bytes = listing(['a/b'], ['.x', '120000']);
      for (let flips = next() % 6; flips >= 0; flips -= 1) bytes[next() % bytes.length] = next() % 256;

      expect(codeOf(() => readTreeListing(bytes, LIMITS))).toMatch(/^(?:none|actions\/)/);
    }
  });
});

describe('links', () => {
  test.each([
    ['to a neighbour', { a: 'b' }],
    ['up and down inside', { 'x/y/a': '../../z/w' }],
    ['to the root itself', { 'x/a': '..' }],
    ['to nothing', { a: 'missing/deep/file' }],
    ['through another link', { d: 'real', a: 'd/file' }],
  ])('%s are kept', (_title, links) => {
    expect(codeOf(() => checkLinks(new Map(Object.entries(links))))).toBe('none');
  });

  test.each([
    ['out of the root', { a: '..' }],
    ['out by more steps than deep', { 'x/a': '../../etc' }],
    ['absolute', { a: '/etc/passwd' }],
    ['out by way of a link that lies deeper', { 'd/up': '..', a: 'd/up/../etc' }],
    ['in a circle', { a: 'b', b: 'a' }],
    ['to .git', { a: 'x/.git/config' }],
    ['to nowhere at all', { a: '' }],
  ])('%s are refused', (_title, links) => {
    expect(codeOf(() => checkLinks(new Map(Object.entries(links))))).toBe('actions/tree-unsafe');
  });
});

test('the content digest does not depend on the order, and on nothing but mode, path and bytes', () => {
  const one = { mode: '100644', path: 'a', sha256: '1'.repeat(64) };
  const two = { mode: '100755', path: 'b', sha256: '2'.repeat(64) };

  expect(contentDigest([one, two])).toBe(contentDigest([two, one]));
  expect(contentDigest([one])).not.toBe(contentDigest([{ ...one, mode: '100755' }]));
  expect(contentDigest([])).toBe('sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
});
