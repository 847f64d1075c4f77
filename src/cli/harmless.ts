/**
 * Makes text from outside harmless before a terminal sees it. A log line is written by whoever runs in the sandbox: an
 * escape sequence in it could move the cursor over earlier lines, set the window title, write the clipboard (OSC 52),
 * make a terminal answer with key strokes, or show a line other than it is (bidi controls). Colours are all that passes.
 */

const ESC = '\\u001b';
/**
 * In this order: a text sequence (OSC, DCS, SOS, PM, APC) with its end, a control sequence, a shorter escape; then any
 * control but TAB, line separators, bidi controls and invisible tags.
 */
const DANGEROUS = new RegExp(
  [
    `${ESC}[\\]PX^_][^\\u0007\\u001b\\u009c]*(?:\\u0007|${ESC}\\\\|\\u009c)`,
    `${ESC}\\[([0-?]*)[ -/]*([@-~])`,
    `${ESC}[ -/]*[0-~]?`,
    '([\\u0000-\\u0008\\u000a-\\u001f\\u007f-\\u009f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069\\ufff9-\\ufffb\\u{e0000}-\\u{e007f}])',
  ].join('|'),
  'gu',
);
/** Reset, weight, slant, underline, the 16, 256 and 24-bit colours. Not: blinking and concealed text. */
const COLOUR_CODES = /^(?:[0-4]|7|9|2[1-4]|27|29|3[0-79]|4[0-79]|9[0-7]|10[0-7])$/;
const RESET = '\u001b[0m';
const TAB_COLUMNS = 8;

/**
 * One line of text from outside, safe to write to a terminal: at most colour sequences are left in it (`colors`), and
 * every other control is gone or visible as `<U+202E>`. Colours end with the line.
 */
export function harmless(line: string, colors: boolean): string {
  let coloured = false;
  const text = line
    .replace(/\r+$/, '')
    .toWellFormed()
    .replace(DANGEROUS, (_all, parameters?: string, final?: string, control?: string) => {
      if (control !== undefined) return visible(control);
      if (!colors || final !== 'm' || parameters === undefined) return '';
      const kept = colourParameters(parameters);
      if (kept === undefined) return '';
      coloured = true;
      return `\u001b[${kept}m`;
    });
  const expanded = text.includes('\t') ? expandTabs(text) : text;
  return coloured ? `${expanded}${RESET}` : expanded;
}

/**
 * Text for a terminal that may be the log of a CI service: there a line that begins with `::`, or has `##[` or `##vso[` anywhere, is a
 * command that sets variables and outputs of the job, and files can be named so. Such a mark is shown with a blank in it.
 */
export function withoutCommands(text: string): string {
  return text.replaceAll(/^([^\S\n]*):(?=:)/gm, '$1: ').replaceAll(/#(?=#\w*\[)/g, '# ');
}

/** Several lines, each made harmless. */
export function harmlessLines(text: string, colors: boolean): readonly string[] {
  return text.split(/\r?\n/).map((line) => harmless(line, colors));
}

function colourParameters(parameters: string): string | undefined {
  if (parameters === '') return '0';
  const codes = parameters.split(';');
  const kept: string[] = [];
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at] ?? '';
    if (code === '38' || code === '48') {
      const length = codes[at + 1] === '5' ? 3 : codes[at + 1] === '2' ? 5 : 0;
      const group = codes.slice(at, at + length);
      if (length === 0 || group.length < length || !group.every((part) => /^\d{1,3}$/.test(part))) return undefined;
      kept.push(...group);
      at += length - 1;
    } else if (COLOUR_CODES.test(code)) {
      kept.push(code);
    } else if (code === '') {
      kept.push('0');
    }
  }
  return kept.length === 0 ? undefined : kept.join(';');
}

function visible(control: string): string {
  const code = control.codePointAt(0) ?? 0;
  return `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`;
}

/** Tabs as blanks: a tab's width depends on where it stands, which the live view could not count. */
function expandTabs(text: string): string {
  let column = 0;
  let out = '';
  for (const part of text.split(/(\t|\u001b\[[0-9;]*m)/)) {
    if (part === '\t') {
      const blanks = TAB_COLUMNS - (column % TAB_COLUMNS);
      out += ' '.repeat(blanks);
      column += blanks;
    } else {
      out += part;
      if (!part.startsWith('\u001b')) column += part.length;
    }
  }
  return out;
}
