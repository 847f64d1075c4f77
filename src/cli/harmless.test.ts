import { describe, expect, test } from 'vitest';
import { harmless, harmlessLines, withoutCommands } from './harmless.ts';
import { cpuMs } from '../../test/support/cpu-time.ts';

const ESC = '\u001b';

/** What a terminal would obey: any control at all, but colour sequences when they are allowed. */
function obeyed(text: string): string {
  // biome-ignore lint: control characters are what is looked for
  return text.replaceAll(/\u001b\[[0-9;]*m/g, '').replaceAll(/[^\u0000-\u001f\u007f-\u009f]/g, '');
}

describe('a hostile log line', () => {
  test.each([
    ['moves the cursor up over what was written', `${ESC}[5A${ESC}[2Kall tests passed`, 'all tests passed'],
    ['clears the screen', `${ESC}[2J${ESC}[Hgone`, 'gone'],
    ['sets the window title', `${ESC}]0;pwned\u0007x`, 'x'],
    ['writes the clipboard', `${ESC}]52;c;ZXZpbA==${ESC}\\x`, 'x'],
    ['hides text in a link', `${ESC}]8;;https://evil.example${ESC}\\here${ESC}]8;;${ESC}\\`, 'here'],
    ['asks the terminal to answer', `${ESC}[6n${ESC}[c${ESC}P$q"p${ESC}\\x`, 'x'],
    ['resets the terminal', `${ESC}cx`, 'x'],
    ['switches the character set', `${ESC}(0x`, 'x'],
    ['uses an eight-bit control', '\u009b2Jx', '<U+009B>2Jx'],
    ['goes back and overwrites', 'failed\rpassed', 'failed<U+000D>passed'],
    ['goes back by backspaces', 'no\b\bok', 'no<U+0008><U+0008>ok'],
    ['rings', 'a\u0007', 'a<U+0007>'],
    ['turns the reading direction', 'a\u202egnp.exe', 'a<U+202E>gnp.exe'],
    ['isolates a direction', 'a\u2066b\u2069', 'a<U+2066>b<U+2069>'],
    ['ends the line for some programs', 'a\u2028b', 'a<U+2028>b'],
    ['carries invisible tags', 'a\u{e0041}b', 'a<U+E0041>b'],
    ['is not well-formed', 'a\ud800b', 'a\ufffdb'],
    ['starts a text sequence and never ends it', `${ESC}]0;shown`, '0;shown'],
    ['starts a control sequence and never ends it', `${ESC}[31`, '31'],
    ['ends with a lone escape', `x${ESC}`, 'x'],
    ['hides an escape in an escape', `${ESC}${ESC}[2Jx`, 'x'],
    ['has a windows end', 'x\r', 'x'],
  ])('that %s is shown plainly', (_name, line, wanted) => {
    expect(harmless(line, true)).toBe(wanted);
    expect(harmless(line, false)).toBe(wanted);
  });

  test('cannot smuggle a sequence together when one is taken out of its middle', () => {
    const line = `${ESC}${ESC}[0m[2J${ESC}]${ESC}[0m0;t\u0007`;

    expect(obeyed(harmless(line, true))).toBe('');
  });

  test('cannot conceal text or make it blink', () => {
    expect(harmless(`${ESC}[8;5msecret`, true)).toBe('secret');
    expect(harmless(`${ESC}[31;8mx`, true)).toBe(`${ESC}[31mx${ESC}[0m`);
  });
});

test('colours are kept on a terminal, and end with the line', () => {
  expect(harmless(`${ESC}[1;31mred`, true)).toBe(`${ESC}[1;31mred${ESC}[0m`);
  expect(harmless(`${ESC}[38;5;208;48;2;1;2;3mx`, true)).toBe(`${ESC}[38;5;208;48;2;1;2;3mx${ESC}[0m`);
  expect(harmless(`${ESC}[mx`, true)).toBe(`${ESC}[0mx${ESC}[0m`);
});

test('colours are taken out where there are none', () => {
  expect(harmless(`${ESC}[1;31mred${ESC}[0m`, false)).toBe('red');
});

test('half of a colour is refused whole', () => {
  expect(harmless(`${ESC}[38;5mx`, true)).toBe('x');
  expect(harmless(`${ESC}[38;2;1;2;9999mx`, true)).toBe('x');
});

test('tabs become blanks up to the next stop', () => {
  expect(harmless('a\tb', false)).toBe('a       b');
  expect(harmless(`${ESC}[31ma${ESC}[0m\tb`, true)).toBe(`${ESC}[31ma${ESC}[0m       b${ESC}[0m`);
});

test('letters of all scripts and emoji stay as they are', () => {
  const text = 'grüße 你好 שלום 👩‍👩‍👧 é';

  expect(harmless(text, false)).toBe(text);
});

test('several lines are made harmless one by one', () => {
  expect(harmlessLines(`a${ESC}[2J\r\nb`, false)).toEqual(['a', 'b']);
});

test('seeded random bytes never leave anything that a terminal obeys', () => {
  let seed = 20_261_122;
  const next = (below: number) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed % below;
  };
  const pieces = [
    ESC,
    '[',
    ']',
    '0',
    ';',
    'm',
    'A',
    '\\',
    '\u0007',
    '\u009c',
    '\u009b',
    '\n',
    '\r',
    'P',
    '8',
    '?',
    'x',
    '\u202e',
  ];
  for (let round = 0; round < 20_000; round += 1) {
    let line = '';
    for (let length = next(24); length > 0; length -= 1) line += pieces[next(pieces.length)];
    expect(obeyed(harmless(line, true))).toBe('');
    expect(harmless(line, false)).not.toContain(ESC);
  }
});

test('a long line of started sequences takes linear time', () => {
  const line = `${ESC}]`.repeat(200_000) + `${ESC}[`.repeat(200_000) + ';'.repeat(400_000);

  const started = cpuMs();
  harmless(line, true);

  expect(cpuMs() - started).toBeLessThan(2_000);
});

test.each([
  ['::set-output name=a::b', ': :set-output name=a::b'],
  ['one\n  ::error::x', 'one\n  : :error::x'],
  ['│ // ##vso[task.prependpath]/tmp', '│ // # #vso[task.prependpath]/tmp'],
  ['###[add-mask]x', '## #[add-mask]x'],
  ['std::string a; ## heading', 'std::string a; ## heading'],
])('a CI service sees no command in %j', (text, wanted) => {
  expect(withoutCommands(text)).toBe(wanted);
});
