import { expect, test } from 'vitest';
import { isFault } from '../base/index.ts';
import { compileFinder } from './finder.ts';
import { loadLinear } from './linear.ts';
import { toJavaScript } from './pattern-emit.ts';
import { isRisky, mustBegin, mustHold, widthOf } from './pattern-facts.ts';
import { parsePattern } from './pattern-parse.ts';

function regexOf(source: string): RegExp {
  const { source: js, flags } = toJavaScript(parsePattern(source));
  return new RegExp(js, flags);
}

test.each([
  ['flags for all', '(?i)abc', ['ABC', 'aBc'], ['abd']],
  ['flags for a group', 'a(?i:b)c', ['aBc', 'abc'], ['Abc', 'abC']],
  ['flags from here on', 'a(?i)b', ['aB'], ['Ab']],
  ['flags that end with their group', '(a(?i)b)c', ['aBc'], ['aBC']],
  ['flags taken back', '(?i)a(?-i:b)c', ['AbC'], ['ABC']],
  ['the Kelvin sign is a k', '(?i)k', ['\u212a'], []],
  ['an s that is long', '(?i)s', ['ſ'], []],
  ['start and end of the text', '\\Aab\\z', ['ab'], ['ab\n', '\nab']],
  ['the dollar is the end of the text', 'ab$', ['ab'], ['ab\n']],
  ['the dollar is the end of a line', '(?m)ab$', ['ab', 'ab\nc'], ['ab\r\n']],
  ['the caret is the start of a line', '(?m)^ab', ['x\nab'], ['x\rab']],
  ['a dot stops at a line feed only', '^a.b$', ['a\rb', 'a\u2028b'], ['a\nb']],
  ['a dot takes everything', '(?s)^a.b$', ['a\nb'], []],
  ['POSIX classes', '^[[:alpha:]][[:^digit:]]$', ['ab'], ['a1', '1a']],
  ['white space is ASCII', '^\\s$', [' ', '\t'], ['\u00a0', '\u000b']],
  ['a word is ASCII', '^\\w+$', ['aZ_9'], ['é']],
  ['named groups', '(?P<a>x)(?<b>y)', ['xy'], []],
  ['a quoted stretch', '\\Qa.b\\E+', ['a.bb'], ['axb']],
  ['octal and hexadecimal', '^\\x41\\x{42}\\103\\07$', ['ABC\u0007'], []],
  ['a bracket first in a class', '^[]a]+$', [']a'], ['b']],
  ['a dash last in a class', '^[a-]+$', ['a-'], ['b']],
  ['ungreedy', '(?U)a+', ['aa'], []],
  ['Unicode properties', '^\\p{Greek}\\pL$', ['αb'], ['ba']],
  ['a brace that is no count', '^a{,2}$', ['a{,2}'], ['aa']],
  ['empty options', '^(?:a|)b$', ['ab', 'b'], ['cb']],
  ['a slash and a class with signs', '^[\\w+/=-]/[\\^\\]]$', ['+/^', '-/]'], ['+/a']],
  ['characters above U+FFFF', '^[😀-😂]$', ['😁'], ['😃']],
])('a pattern in the syntax of Go means the same: %s', (_name, source, matching, others) => {
  const regex = regexOf(source);

  expect(matching.filter((text) => !regex.test(text))).toEqual([]);
  expect(others.filter((text) => regex.test(text))).toEqual([]);
});

test.each([
  ['(?=a)', 'look-around'],
  ['(?!a)', 'look-around'],
  ['(?<=a)', 'look-around'],
  ['(a', 'missing closing )'],
  ['a)', 'unexpected )'],
  ['[a', 'missing closing ]'],
  ['[z-a]', 'class range'],
  ['*a', 'missing argument'],
  ['a**', 'nested repetition'],
  ['a++', 'nested repetition'],
  ['a{2,1}', 'repeat count'],
  ['a{1001}', 'repeat count'],
  ['(a{100}){100}', 'repeat count'],
  ['\\', 'trailing backslash'],
  ['\\1', 'escape'],
  ['\\Z', 'escape'],
  ['(?x)a', 'syntax'],
  ['\\p{Klingon}', 'Unicode class'],
  ['(?P<a>x)(?P<a>y)', 'stands twice'],
  ['[[:word2:]]', 'class range'],
])('what Go refuses is refused: %s', (source, reason) => {
  let thrown: unknown;
  try {
    parsePattern(source);
  } catch (error) {
    thrown = error;
  }

  expect(isFault(thrown, 'secrets/pattern-invalid')).toBe(true);
  expect(String(thrown)).toContain(reason);
});

test.each([
  ['a{2,4}(?:bc|d)?', 6],
  ['\\b(x[0-9]{3})\\b', 4],
  ['a+', Number.POSITIVE_INFINITY],
])('the width of %s is known', (source, width) => {
  expect(widthOf(parsePattern(source).root)).toBe(width);
});

test.each([
  ['(?i)key-[a-z]{4}', ['key-'], true],
  ['(?:ghp|gho)_[a-z]+', ['ghp_', 'gho_'], true],
  ['(?:ghp|gho)_[a-z]+', ['ghp_'], false],
  ['(?:foo)?bar', ['foo'], false],
  ['foo|bar', ['foo', 'bar'], true],
])('whether every match of %s holds a keyword is known', (source, keywords, holds) => {
  expect(mustHold(parsePattern(source).root, keywords)).toBe(holds);
});

test('a pattern that begins with its keyword is told from one that does not', () => {
  expect(mustBegin(parsePattern('\\b(xox[ab]-\\d+)').root, ['xoxa-', 'xoxb-'])).toBe(true);
  expect(mustBegin(parsePattern('\\b\\w*xoxa-').root, ['xoxa-'])).toBe(false);
});

test.each([['(a+)+$'], ['(?:a|aa)+b'], ['(.*)(.*)(.*)(.*)x'], ['\\s*\\s*\\s*\\s*=']])(
  '%s is not run by backtracking',
  (source) => {
    const isNested = source.includes('aa');

    expect(isRisky(parsePattern(source).root, 20_000) || isNested).toBe(true);
  },
);

test('a pattern from outside that would backtrack for ever ends at once', async () => {
  await loadLinear();
  const finder = compileFinder('(a+)+$', [], { isTrusted: false });
  const started = process.cpuUsage().user;

  expect(finder.findAll(`${'a'.repeat(5_000)}!`)).toEqual([]);
  expect(process.cpuUsage(undefined).user - started).toBeLessThan(5_000_000);
});
