import { expect, test } from 'vitest';
import { linesOf, sideBySide } from './diff-rows.ts';
import { hasHidden, revealed } from './hidden-text.ts';
import { isOwnAddress, isWebAddress, relativePath, slugOf } from './markdown-addresses.ts';

const HUNK = { oldStart: 3, newStart: 3, section: '', lines: [' a', '-let x = 1;', '+let x = 22;', '+more', ' b'] };

test('lines have the numbers of both sides', () => {
  expect(linesOf(HUNK).map((line) => [line.kind, line.old, line.new])).toEqual([
    ['same', 3, 3],
    ['removed', 4, undefined],
    ['added', undefined, 4],
    ['added', undefined, 5],
    ['same', 5, 6],
  ]);
});

test('a line that stands for another knows where it differs', () => {
  const [before, after] = linesOf({ ...HUNK, lines: ['-let x = 1;', '+let x = 22;'] });

  expect(before?.changed).toEqual([8, 9]);
  expect(after?.changed).toEqual([8, 10]);
  expect(linesOf({ ...HUNK, lines: ['-abc', '+xyz'] })[0]?.changed).toBeUndefined();
});

test('two columns hold what was and what is beside each other', () => {
  const pairs = sideBySide(linesOf(HUNK)).map((pair) => pair.map((line) => line?.text));

  expect(pairs).toEqual([
    ['a', 'a'],
    ['let x = 1;', 'let x = 22;'],
    [undefined, 'more'],
    ['b', 'b'],
  ]);
});

test('what nobody sees is shown as what it is (R12)', () => {
  expect(revealed('if (a\u202e) {')).toEqual([
    { text: 'if (a', isHidden: false },
    { text: 'U+202E', isHidden: true },
    { text: ') {', isHidden: false },
  ]);
  expect(revealed('a\u001bb').map(({ text }) => text)).toEqual(['a', 'U+001B', 'b']);
  expect(hasHidden('na\u00efve \u4f60\u597d\t\r')).toBe(false);
  expect(hasHidden('a\u200bb')).toBe(true);
});

test.each([
  ['https://example.org/', true],
  ['mailto:a@example.org', true],
  ['javascript:alert(1)', false],
  ['JAVASCRIPT:alert(1)', false],
  ['java\nscript:alert(1)', false],
  [' javascript:alert(1)', false],
  ['data:text/html,x', false],
  ['vbscript:x', false],
  ['blob:https://example.org/x', false],
  ['docs/a.md', false],
])('the link %j of a text goes to the web: %s', (href, wanted) => {
  expect(isWebAddress(href)).toBe(wanted);
});

test.each([
  ['/acme/app', true],
  ['//evil.example/x', false],
  ['/\\evil.example/x', false],
  ['/a\\b', false],
  ['/\t/evil.example', false],
  ['javascript:alert(1)', false],
])('the address %j is one of these pages: %s', (href, wanted) => {
  expect(isOwnAddress(href)).toBe(wanted);
});

test.each([
  ['docs', 'a.md#part', 'docs/a.md', '#part'],
  ['docs', '../b.md', 'b.md', ''],
  ['docs/x', '/c.md', 'c.md', ''],
  ['', './d%20e.md?x', 'd e.md', ''],
])('from the folder %j the link %s leads to %s', (folder, href, path, hash) => {
  expect(relativePath(folder, href)).toEqual({ path, hash });
});

test.each(['../../etc', 'https://x', '//x', 'javascript:x', '%E0%A4%A'])('the link %s leads nowhere', (href) => {
  expect(relativePath('docs', href)).toBeUndefined();
});

test('names of headings are those that people know', () => {
  expect(slugOf('What is *not* protected?')).toBe('what-is-not-protected');
  expect(slugOf('Überblick 2.0')).toBe('überblick-20');
});
