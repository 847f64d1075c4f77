import { describe, expect, test } from 'vitest';
import { parseLine, plainText, safeLink, visibleText, withLinks, withMarks } from './ansi.ts';

const shown = (line: string) => parseLine(line).map(({ text, classes, href }) => [text, classes, href].filter(Boolean));

describe('a line of a log', () => {
  test.each([
    ['\u001b[31mred\u001b[0m plain', [['red', 'f1'], [' plain']]],
    [
      '\u001b[1;4;92mx\u001b[22my\u001b[24mz',
      [
        ['x', 'f10 bold underline'],
        ['y', 'f10 underline'],
        ['z', 'f10'],
      ],
    ],
    ['\u001b[38;5;196mx', [['x', 'f1']]],
    ['\u001b[38;2;0;190;120mx', [['x', 'f2']]],
    ['\u001b[38:2::13:188:121mx', [['x', 'f2']]],
    ['\u001b[41;97mx', [['x', 'b1']]],
    ['\u001b[7mx\u001b[27my', [['x', 'b7'], ['y']]],
    ['\u001b[mx', [['x']]],
    ['a\u001b[2K\u001b[1Gb', [['a'], ['b']]],
    ['a\u001b(Bb', [['a'], ['b']]],
    ['10%\r50%\r100%', [['100%']]],
    ['done\r', [['done']]],
  ])('%j is shown as its text with classes', (line, wanted) => {
    expect(shown(line)).toEqual(wanted);
  });

  test('text that is markup stays text', () => {
    expect(shown('<script>alert(1)</script>&lt;')).toEqual([['<script>alert(1)</script>&lt;']]);
  });

  test('a sequence without an end shows nothing of itself, and takes no time', () => {
    const started = performance.now();

    expect(shown('a\u001b[31')).toEqual([['a']]);
    expect(shown('a\u001b]8;;https://example.org')).toEqual([['a']]);
    parseLine(`\u001b]${';'.repeat(100_000)}`);
    parseLine('\u001b['.repeat(100_000));
    plainText('\u001b]8;;x'.repeat(20_000));

    expect(performance.now() - started).toBeLessThan(2000);
  });

  test('a line of very many pieces is its text', () => {
    const line = '\u001b[31mx\u001b[0my'.repeat(5000);

    expect(parseLine(line)).toHaveLength(1);
    expect(parseLine(line)[0]?.text).toBe('xy'.repeat(5000));
  });

  test('a hyperlink goes to the web or nowhere', () => {
    const link = (target: string) => parseLine(`\u001b]8;;${target}\u001b\\text\u001b]8;;\u0007after`);

    expect(link('https://example.org/a')).toEqual([
      { text: 'text', classes: '', href: 'https://example.org/a' },
      { text: 'after', classes: '' },
    ]);
    for (const target of [
      'javascript:alert(1)',
      'data:text/html,x',
      'file:///etc/passwd',
      '//evil.test',
      '/x',
      'HTTPS:x',
    ]) {
      expect(link(target).every(({ href }) => href === undefined)).toBe(true);
    }
    expect(safeLink('https://good.test@evil.test/')).toBeUndefined();
    expect(safeLink(' https://x.test')).toBeUndefined();
    expect(safeLink(`https://x.test/${'a'.repeat(3000)}`)).toBeUndefined();
  });

  test('what turns the order of reading around, has no width or is a control is shown by its name', () => {
    expect(shown('user\u202e txt.exe')).toEqual([['user'], ['U+202E', 'hidden'], [' txt.exe']]);
    expect(shown('a\u200bb\u0008c')).toEqual([['a'], ['U+200B', 'hidden'], ['b'], ['␈', 'hidden'], ['c']]);
    expect(shown('hi\u{e0041}')).toEqual([['hi'], ['U+E0041', 'hidden']]);
    expect(shown('a\tb 👩‍💻')).toEqual([['a\tb 👩‍💻']]);
    expect(visibleText('one\ntwo\u2066')).toBe('one\ntwoU+2066');
  });

  test('addresses in the text become links to themselves', () => {
    expect(withLinks(parseLine('see https://example.org/a?b=c, or http://x.test).'))).toEqual([
      { text: 'see ', classes: '' },
      { text: 'https://example.org/a?b=c', classes: '', href: 'https://example.org/a?b=c' },
      { text: ', or ', classes: '' },
      { text: 'http://x.test', classes: '', href: 'http://x.test/' },
      { text: ').', classes: '' },
    ]);
  });

  test('what is searched for is marked, also across colours', () => {
    expect(withMarks(parseLine('a \u001b[31mFai\u001b[0mled x failed'), 'failed')).toEqual([
      { text: 'a ', classes: '' },
      { text: 'Fai', classes: 'f1', isMatch: true },
      { text: 'led', classes: '', isMatch: true },
      { text: ' x ', classes: '' },
      { text: 'failed', classes: '', isMatch: true },
    ]);
  });
});
