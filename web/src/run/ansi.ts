/**
 * One line of a log as pieces of text with classes: what programs print is only ever text. Colours are those of the theme, so that each
 * can be read on each ground; what moves a cursor is left out; what can't be seen or turns the order of reading around is shown.
 */
export type Piece = {
  readonly text: string;
  /** Names of classes, apart by blanks; empty for plain text. */
  readonly classes: string;
  /** Where a hyperlink goes: `http:` or `https:` only. */
  readonly href?: string;
};

/** Pieces of one line. A line with more is shown as its plain text. */
const PIECES_MAX = 2000;
const LINK_CHARACTERS_MAX = 2048;
const PARAMETERS_MAX = 32;

const ESCAPE = '\u001b';
const BELL = '\u0007';
/** Colours of the cube and of grey, and those of three bytes, become the nearest of these sixteen. */
const PALETTE: readonly (readonly [number, number, number])[] = [
  [0, 0, 0],
  [205, 49, 49],
  [13, 188, 121],
  [229, 229, 16],
  [36, 114, 200],
  [188, 63, 188],
  [17, 168, 205],
  [229, 229, 229],
  [102, 102, 102],
  [241, 76, 76],
  [35, 209, 139],
  [245, 245, 67],
  [59, 142, 234],
  [214, 112, 214],
  [41, 184, 219],
  [255, 255, 255],
];

type Style = {
  foreground: number | undefined;
  background: number | undefined;
  bold: boolean;
  dim: boolean;
  italic: boolean;
  underline: boolean;
  strike: boolean;
  inverse: boolean;
};

const plainStyle = (): Style => ({
  foreground: undefined,
  background: undefined,
  bold: false,
  dim: false,
  italic: false,
  underline: false,
  strike: false,
  inverse: false,
});

/** What a line looks like. `\r` starts it over, as a terminal does: the last that was written is what one sees. */
export function parseLine(line: string): readonly Piece[] {
  const text = lastWritten(line);
  if (!text.includes(ESCAPE)) return withHidden(text, '', undefined, []);
  const pieces: Piece[] = [];
  const style = plainStyle();
  let href: string | undefined;
  for (let at = 0; at < text.length; ) {
    const escape = text.indexOf(ESCAPE, at);
    const end = escape === -1 ? text.length : escape;
    if (end > at) withHidden(text.slice(at, end), classesOf(style), href, pieces);
    if (escape === -1) break;
    if (pieces.length > PIECES_MAX) return withHidden(plainText(text), '', undefined, []);
    const sequence = sequenceAt(text, escape);
    if (sequence.kind === 'style') applyStyle(style, sequence.parameters);
    else if (sequence.kind === 'link') href = safeLink(sequence.target);
    at = sequence.end;
  }
  return pieces;
}

/** The text alone. */
export function plainText(text: string): string {
  let plain = '';
  for (let at = 0; at < text.length; ) {
    const escape = text.indexOf(ESCAPE, at);
    if (escape === -1) return plain + text.slice(at);
    plain += text.slice(at, escape);
    at = sequenceAt(text, escape).end;
  }
  return plain;
}

function lastWritten(line: string): string {
  if (!line.includes('\r')) return line;
  const parts = line.split('\r');
  return parts.findLast((part) => part !== '') ?? '';
}

type Sequence =
  | { readonly kind: 'style'; readonly parameters: string; readonly end: number }
  | { readonly kind: 'link'; readonly target: string; readonly end: number }
  | { readonly kind: 'other'; readonly end: number };

/** The escape sequence that begins here. One that has no end reaches to the end of the text: nothing of it is shown. */
function sequenceAt(text: string, start: number): Sequence {
  const kind = text[start + 1];
  if (kind === '[') {
    let at = start + 2;
    while (at < text.length && isBetween(text, at, 0x20, 0x3f)) at += 1;
    const isStyle = text[at] === 'm';
    return isStyle
      ? { kind: 'style', parameters: text.slice(start + 2, at), end: at + 1 }
      : { kind: 'other', end: Math.min(text.length, at + 1) };
  }
  if (kind === ']') return operatingSystemCommand(text, start);
  // A character set has one more character.
  if (kind !== undefined && '()*+'.includes(kind)) return { kind: 'other', end: Math.min(text.length, start + 3) };
  return { kind: 'other', end: Math.min(text.length, start + 2) };
}

function operatingSystemCommand(text: string, start: number): Sequence {
  const bell = text.indexOf(BELL, start);
  const terminator = text.indexOf(`${ESCAPE}\\`, start + 2);
  const ends = [
    { at: bell, length: 1 },
    { at: terminator, length: 2 },
  ].filter(({ at }) => at !== -1);
  const [end] = ends.toSorted((a, b) => a.at - b.at);
  if (end === undefined) return { kind: 'other', end: text.length };
  const body = text.slice(start + 2, end.at);
  const target = body.startsWith('8;') ? body.slice(body.indexOf(';', 2) + 1) : undefined;
  return target === undefined
    ? { kind: 'other', end: end.at + end.length }
    : { kind: 'link', target, end: end.at + end.length };
}

/** A hyperlink that a program printed. Only to the web: no other scheme, no user or password that hides the host. */
export function safeLink(target: string): string | undefined {
  if (target === '' || target.length > LINK_CHARACTERS_MAX || !/^https?:\/\//i.test(target)) return undefined;
  const url = URL.parse(target);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined;
  return url.username === '' && url.password === '' ? url.href : undefined;
}

function isBetween(text: string, at: number, low: number, high: number): boolean {
  const code = text.charCodeAt(at);
  return code >= low && code <= high;
}

function applyStyle(style: Style, parameters: string): void {
  // `38:2::1:2:3` is another way to write `38;2;1;2;3`.
  const numbers = parameters
    .split(/[;:]/, PARAMETERS_MAX)
    .filter((part, at, all) => part !== '' || all.length === 1 || at === 0)
    .map((part) => (part === '' ? 0 : Number(part)));
  for (let at = 0; at < numbers.length; at += 1) {
    const code = numbers[at] ?? 0;
    if (code === 38 || code === 48) {
      const { colour, used } = extendedColour(numbers.slice(at + 1));
      if (code === 38) style.foreground = colour ?? style.foreground;
      else style.background = colour ?? style.background;
      at += used;
    } else applyCode(style, code);
  }
}

function applyCode(style: Style, code: number): void {
  if (code === 0) Object.assign(style, plainStyle());
  else if (code === 1) style.bold = true;
  else if (code === 2) style.dim = true;
  else if (code === 3) style.italic = true;
  else if (code === 4 || code === 21) style.underline = true;
  else if (code === 7) style.inverse = true;
  else if (code === 9) style.strike = true;
  else if (code === 22) Object.assign(style, { bold: false, dim: false });
  else if (code === 23) style.italic = false;
  else if (code === 24) style.underline = false;
  else if (code === 27) style.inverse = false;
  else if (code === 29) style.strike = false;
  else if (code >= 30 && code <= 37) style.foreground = code - 30;
  else if (code === 39) style.foreground = undefined;
  else if (code >= 40 && code <= 47) style.background = code - 40;
  else if (code === 49) style.background = undefined;
  else if (code >= 90 && code <= 97) style.foreground = code - 82;
  else if (code >= 100 && code <= 107) style.background = code - 92;
}

function extendedColour(rest: readonly number[]): { readonly colour: number | undefined; readonly used: number } {
  const [how, first = 0, second = 0, third = 0] = rest;
  if (how === 5) return { colour: first < 16 ? first : nearest(cubeColour(first)), used: 2 };
  if (how === 2) return { colour: nearest([first, second, third]), used: 4 };
  return { colour: undefined, used: 1 };
}

function cubeColour(index: number): readonly [number, number, number] {
  if (index >= 232) {
    const grey = 8 + (index - 232) * 10;
    return [grey, grey, grey];
  }
  const level = (value: number) => (value === 0 ? 0 : 55 + value * 40);
  const cube = index - 16;
  return [level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6)];
}

function nearest(colour: readonly [number, number, number]): number {
  const distances = PALETTE.map((known) => known.reduce((sum, value, at) => sum + (value - (colour[at] ?? 0)) ** 2, 0));
  return distances.indexOf(Math.min(...distances));
}

function classesOf(style: Style): string {
  const { foreground, background, inverse } = style;
  const ground = inverse ? (foreground ?? 7) : background;
  return [
    // On a ground the text has the one colour that can be read there.
    ground === undefined ? (foreground === undefined ? '' : `f${foreground}`) : `b${ground}`,
    style.bold ? 'bold' : '',
    style.dim ? 'dim' : '',
    style.italic ? 'italic' : '',
    style.underline ? 'underline' : '',
    style.strike ? 'strike' : '',
  ]
    .filter((name) => name !== '')
    .join(' ');
}

/** Controls, marks that turn the order of reading around, what has no width, and tags: each can make a line look like another one. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const HIDDEN =
  /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2028\u2029\u2060-\u2069\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

function withHidden(text: string, classes: string, href: string | undefined, pieces: Piece[]): readonly Piece[] {
  const link = href === undefined ? {} : { href };
  let at = 0;
  for (const found of text.matchAll(HIDDEN)) {
    if (pieces.length > PIECES_MAX) break;
    if (found.index > at) pieces.push({ text: text.slice(at, found.index), classes, ...link });
    pieces.push({ text: nameOf(found[0]), classes: 'hidden' });
    at = found.index + found[0].length;
  }
  if (at < text.length) pieces.push({ text: text.slice(at), classes, ...link });
  return pieces;
}

/** `␛` for a control, `U+202E` for the rest. */
function nameOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  return `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
}

/** Any text of outsiders (a name, a message) with what can't be seen made visible. */
export const visibleText = (text: string): string =>
  text.replaceAll(HIDDEN, (found) => (found === '\n' ? '\n' : nameOf(found)));

const URLS = /https?:\/\/[^\s<>"'`]+/g;
const AFTER_URL = /[.,;:!?)\]}]+$/;

/** Addresses in plain text become links to themselves. */
export function withLinks(pieces: readonly Piece[]): readonly Piece[] {
  if (!pieces.some(({ text }) => text.includes('://'))) return pieces;
  return pieces.flatMap((piece) => (piece.href === undefined && piece.classes !== 'hidden' ? linked(piece) : [piece]));
}

function linked(piece: Piece): readonly Piece[] {
  const parts: Piece[] = [];
  let at = 0;
  for (const found of piece.text.matchAll(URLS)) {
    const text = found[0].replace(AFTER_URL, '');
    const href = safeLink(text);
    if (href === undefined) continue;
    if (found.index > at) parts.push({ ...piece, text: piece.text.slice(at, found.index) });
    parts.push({ ...piece, text, href });
    at = found.index + text.length;
  }
  return at === 0 ? [piece] : [...parts, ...(at < piece.text.length ? [{ ...piece, text: piece.text.slice(at) }] : [])];
}

/** Marks where a text that is searched for stands, without regard to case. */
export function withMarks(pieces: readonly Piece[], wanted: string): readonly (Piece & { readonly isMatch?: true })[] {
  const needle = wanted.toLowerCase();
  const whole = pieces
    .map(({ text }) => text)
    .join('')
    .toLowerCase();
  const spans: [number, number][] = [];
  if (needle === '') return pieces;
  for (
    let at = whole.indexOf(needle);
    at !== -1 && spans.length < PIECES_MAX;
    at = whole.indexOf(needle, at + needle.length)
  ) {
    spans.push([at, at + needle.length]);
  }
  if (spans.length === 0) return pieces;
  let offset = 0;
  return pieces.flatMap((piece) => {
    const from = offset;
    offset += piece.text.length;
    return cut(piece, from, spans);
  });
}

function cut(
  piece: Piece,
  from: number,
  spans: readonly (readonly [number, number])[],
): readonly (Piece & { readonly isMatch?: true })[] {
  const parts: (Piece & { readonly isMatch?: true })[] = [];
  const to = from + piece.text.length;
  let at = from;
  for (const [start, end] of spans) {
    const [low, high] = [Math.max(start, at), Math.min(end, to)];
    if (low >= high) continue;
    if (low > at) parts.push({ ...piece, text: piece.text.slice(at - from, low - from) });
    parts.push({ ...piece, text: piece.text.slice(low - from, high - from), isMatch: true });
    at = high;
  }
  if (at < to) parts.push({ ...piece, text: piece.text.slice(at - from) });
  return parts;
}
