import { type HclCursor, HclSyntax } from './hcl-cursor.ts';
import type { Expression } from './hcl-model.ts';
import type { Span } from './tree.ts';

type ReadNested = (cursor: HclCursor) => Expression;

const ESCAPES: { readonly [letter: string]: string } = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\' };

/** A quoted text, with what is interpolated in it. */
export function readTemplate(cursor: HclCursor, readNested: ReadNested): Expression {
  const start = cursor.at;
  cursor.expect('"');
  const parts = new Parts();
  for (;;) {
    const next = cursor.peek();
    if (next === undefined || next === '\n') throw new HclSyntax(start, 'a text is not closed');
    if (next === '"') break;
    if (next === '\\') {
      const escape = cursor.peek(1) ?? '';
      parts.add(ESCAPES[escape] ?? escape);
      cursor.at += 2;
    } else if ((next === '$' || next === '%') && cursor.peek(1) === '{') readInterpolation(cursor, parts, readNested);
    else if ((next === '$' || next === '%') && cursor.text.startsWith(`${next}{`, cursor.at + 1)) {
      parts.add(`${next}{`);
      cursor.at += 3;
    } else {
      let end = cursor.at + 1;
      while (end < cursor.text.length && !'"\\$%\n'.includes(cursor.text[end] ?? '')) end += 1;
      parts.add(cursor.text.slice(cursor.at, end));
      cursor.at = end;
    }
  }
  cursor.at += 1;
  return parts.expression({ start, end: cursor.at });
}

/** `<<NAME` or `<<-NAME` up to the line that holds the name alone. */
export function readHeredoc(cursor: HclCursor, readNested: ReadNested): Expression {
  const start = cursor.at;
  cursor.at += 2;
  const isIndented = cursor.peek() === '-';
  if (isIndented) cursor.at += 1;
  const name = cursor.readName();
  if (name === undefined) throw new HclSyntax(start, 'a heredoc lacks its name');
  const lineEnd = cursor.text.indexOf('\n', cursor.at);
  if (lineEnd === -1) throw new HclSyntax(start, 'a heredoc is not closed');
  cursor.at = lineEnd + 1;
  const parts = new Parts();
  for (;;) {
    if (cursor.isAtEnd()) throw new HclSyntax(start, 'a heredoc is not closed');
    const end = cursor.text.indexOf('\n', cursor.at);
    const lineStop = end === -1 ? cursor.text.length : end;
    const line = cursor.text.slice(cursor.at, lineStop);
    if (line.trim() === name) {
      cursor.at += line.trimEnd().length;
      break;
    }
    readHeredocLine(cursor, { stop: Math.min(lineStop + 1, cursor.text.length), parts, readNested });
  }
  return parts.expression({ start, end: cursor.at });
}

/** One line; an interpolation in it may go on over further lines. */
function readHeredocLine(
  cursor: HclCursor,
  line: { readonly stop: number; readonly parts: Parts; readonly readNested: ReadNested },
): void {
  const { stop, parts } = line;
  while (cursor.at < stop) {
    const next = cursor.peek();
    if ((next === '$' || next === '%') && cursor.peek(1) === '{') readInterpolation(cursor, parts, line.readNested);
    else if ((next === '$' || next === '%') && cursor.text.startsWith(`${next}{`, cursor.at + 1)) {
      parts.add(`${next}{`);
      cursor.at += 3;
    } else {
      let end = cursor.at + 1;
      while (end < stop && cursor.text[end] !== '$' && cursor.text[end] !== '%') end += 1;
      parts.add(cursor.text.slice(cursor.at, end));
      cursor.at = end;
    }
  }
}

/** `${ value }` is read; `%{ if … }` is skipped over as something that is not known. */
function readInterpolation(cursor: HclCursor, parts: Parts, readNested: ReadNested): void {
  const start = cursor.at;
  const isDirective = cursor.peek() === '%';
  cursor.at += 2;
  if (cursor.peek() === '~') cursor.at += 1;
  if (isDirective) {
    const end = cursor.text.indexOf('}', cursor.at);
    if (end === -1) throw new HclSyntax(start, 'a directive is not closed');
    cursor.at = end + 1;
    parts.add({ kind: 'computed', mentions: [], start, end: cursor.at });
    return;
  }
  cursor.skipLines();
  if (cursor.peek() === '}') {
    cursor.at += 1;
    return;
  }
  parts.add(readNested(cursor));
  cursor.skipLines();
  if (cursor.peek() === '~') cursor.at += 1;
  cursor.expect('}');
}

class Parts {
  readonly #parts: (string | Expression)[] = [];
  #text: string[] = [];

  add(part: string | Expression): void {
    if (typeof part === 'string') this.#text.push(part);
    else {
      this.#flush();
      this.#parts.push(part);
    }
  }

  #flush(): void {
    if (this.#text.length > 0) this.#parts.push(this.#text.join(''));
    this.#text = [];
  }

  expression(span: Span): Expression {
    this.#flush();
    const [only] = this.#parts;
    if (only === undefined) return { kind: 'literal', value: '', ...span };
    if (this.#parts.length === 1 && typeof only === 'string') return { kind: 'literal', value: only, ...span };
    return { kind: 'template', parts: this.#parts, ...span };
  }
}
