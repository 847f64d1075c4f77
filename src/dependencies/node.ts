import { Unreadable } from './failure.ts';

/** A value of a JSON or YAML file with its place, in offsets of the text. */
export type Node =
  | { readonly kind: 'map'; readonly start: number; readonly end: number; readonly entries: ReadonlyMap<string, Entry> }
  | { readonly kind: 'list'; readonly start: number; readonly end: number; readonly items: readonly Node[] }
  | { readonly kind: 'text'; readonly start: number; readonly end: number; readonly value: string }
  | { readonly kind: 'other'; readonly start: number; readonly end: number; readonly value: number | boolean | null };

export type Entry = { readonly keyStart: number; readonly keyEnd: number; readonly value: Node };

/** Deeper nesting is no lockfile. */
export const DEPTH_MAX = 200;

const NOTHING: ReadonlyMap<string, Entry> = new Map();

export function entriesOf(node: Node | undefined): ReadonlyMap<string, Entry> {
  return node?.kind === 'map' ? node.entries : NOTHING;
}

export function itemsOf(node: Node | undefined): readonly Node[] {
  return node?.kind === 'list' ? node.items : [];
}

export function member(node: Node | undefined, ...keys: readonly string[]): Node | undefined {
  let at = node;
  for (const key of keys) at = entriesOf(at).get(key)?.value;
  return at;
}

/** A text, or a number as it is written. */
export function textOf(node: Node | undefined): string | undefined {
  if (node?.kind === 'text') return node.value;
  return node?.kind === 'other' && typeof node.value === 'number' ? String(node.value) : undefined;
}

export function isTrue(node: Node | undefined): boolean {
  return node?.kind === 'other' && node.value === true;
}

const SPACE = /[\s\uFEFF]*/y;
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/** Reads JSON with places. Comments and trailing commas are taken as well (`bun.lock` has them); repeated keys are not. */
export function parseJson(text: string): Node {
  const reader = new JsonReader(text);
  const value = reader.value(0);
  reader.end();
  return value;
}

class JsonReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): Node {
    this.#skip();
    if (depth > DEPTH_MAX) throw new Unreadable(`nests deeper than ${DEPTH_MAX}`, this.#at);
    const start = this.#at;
    switch (this.#text.charAt(start)) {
      case '{':
        return this.#map(depth);
      case '[':
        return this.#list(depth);
      case '"':
        return { kind: 'text', start, value: this.#string(), end: this.#at };
      case 't':
        return this.#word('true', true);
      case 'f':
        return this.#word('false', false);
      case 'n':
        return this.#word('null', null);
      default: {
        NUMBER.lastIndex = start;
        const found = NUMBER.exec(this.#text)?.[0];
        if (found === undefined) throw this.#unexpected();
        this.#at += found.length;
        return { kind: 'other', start, end: this.#at, value: Number(found) };
      }
    }
  }

  end(): void {
    this.#skip();
    if (this.#at < this.#text.length) throw this.#unexpected();
  }

  #map(depth: number): Node {
    const start = this.#at;
    const entries = new Map<string, Entry>();
    this.#at += 1;
    for (;;) {
      this.#skip();
      if (this.#take('}')) return { kind: 'map', start, end: this.#at, entries };
      const keyStart = this.#at;
      if (this.#text.charAt(keyStart) !== '"') throw this.#unexpected();
      const key = this.#string();
      const keyEnd = this.#at;
      this.#skip();
      if (!this.#take(':')) throw this.#unexpected();
      entries.set(key, { keyStart, keyEnd, value: this.value(depth + 1) });
      this.#skip();
      if (!this.#take(',') && this.#text.charAt(this.#at) !== '}') throw this.#unexpected();
    }
  }

  #list(depth: number): Node {
    const start = this.#at;
    const items: Node[] = [];
    this.#at += 1;
    for (;;) {
      this.#skip();
      if (this.#take(']')) return { kind: 'list', start, end: this.#at, items };
      items.push(this.value(depth + 1));
      this.#skip();
      if (!this.#take(',') && this.#text.charAt(this.#at) !== ']') throw this.#unexpected();
    }
  }

  #string(): string {
    const start = this.#at;
    let end = this.#text.indexOf('"', start + 1);
    while (end > 0 && isEscaped(this.#text, end, start)) end = this.#text.indexOf('"', end + 1);
    if (end < 0) throw new Unreadable('a text does not end', start);
    this.#at = end + 1;
    const raw = this.#text.slice(start + 1, end);
    if (!raw.includes('\\')) return raw;
    try {
      const value: unknown = JSON.parse(`"${raw}"`);
      return String(value);
    } catch {
      throw new Unreadable('a text has an escape that JSON does not have', start);
    }
  }

  #word(word: string, value: boolean | null): Node {
    const start = this.#at;
    if (!this.#text.startsWith(word, start)) throw this.#unexpected();
    this.#at += word.length;
    return { kind: 'other', start, end: this.#at, value };
  }

  #take(char: string): boolean {
    if (this.#text.charAt(this.#at) !== char) return false;
    this.#at += 1;
    return true;
  }

  #skip(): void {
    for (;;) {
      SPACE.lastIndex = this.#at;
      SPACE.exec(this.#text);
      this.#at = Math.max(SPACE.lastIndex, this.#at);
      if (this.#text.startsWith('//', this.#at)) {
        const end = this.#text.indexOf('\n', this.#at);
        this.#at = end < 0 ? this.#text.length : end;
      } else if (this.#text.startsWith('/*', this.#at)) {
        const end = this.#text.indexOf('*/', this.#at);
        if (end < 0) throw new Unreadable('a comment does not end', this.#at);
        this.#at = end + 2;
      } else return;
    }
  }

  #unexpected(): Unreadable {
    const char = this.#text.charAt(this.#at);
    if (this.#text.startsWith('<<<<<<<', this.#at)) return new Unreadable('holds a merge conflict', this.#at);
    return new Unreadable(char === '' ? 'ends too early' : `${JSON.stringify(char)} is not expected here`, this.#at);
  }
}

function isEscaped(text: string, quote: number, start: number): boolean {
  let at = quote - 1;
  while (at > start && text.charAt(at) === '\\') at -= 1;
  return (quote - 1 - at) % 2 === 1;
}
