import { parseAllDocuments } from 'yaml';
import { foldYaml, type YamlBuilder, YamlLimit } from '../positioned/index.ts';
import { Unreadable } from './failure.ts';
import { DEPTH_MAX, type Entry, type Node } from './node.ts';

/** Entries, lists and texts of one file: a lockfile of 50,000 packages has a third. No alias is followed. */
const LIMITS = { depthMax: DEPTH_MAX, nodesMax: 5_000_000, aliasesMax: 0 };

/**
 * Reads YAML with places: every document of the file. What package managers write is read by a quick reader of our own; what
 * that one does not know (anchors, tags, folded texts) by the whole language's.
 */
export function parseYaml(text: string): readonly Node[] {
  return new PlainYaml(text).documents() ?? parseWhole(text);
}

function parseWhole(text: string): readonly Node[] {
  const documents = parseAllDocuments(text, { uniqueKeys: false, strict: false });
  if (!Array.isArray(documents)) return [];
  return documents.map((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw new Unreadable(error.message.split('\n')[0] ?? 'is no YAML', error.pos[0]);
    try {
      return foldYaml(document.contents, BUILDER, LIMITS);
    } catch (thrown) {
      if (thrown instanceof YamlLimit) throw new Unreadable(thrown.message, thrown.offset);
      throw thrown;
    }
  });
}

const BUILDER: YamlBuilder<Node> = {
  scalar({ value, source, start, end }) {
    if (typeof value === 'boolean' || value === null) return { kind: 'other', start, end, value };
    return { kind: 'text', start, end, value: textOf(value, source) };
  },
  sequence: (items, { start, end }) => ({ kind: 'list', start, end, items }),
  mapping(pairs, { start, end }) {
    const entries = new Map<string, Entry>();
    for (const { key, keySpan, value } of pairs) {
      if (key === undefined) continue;
      const name =
        typeof key.value === 'boolean' || key.value === null ? String(key.value) : textOf(key.value, key.source);
      entries.set(name, { keyStart: keySpan.start, keyEnd: keySpan.end, value });
    }
    return { kind: 'map', start, end, entries };
  },
  // What stands behind an alias names no package of its own in any format that is read here.
  alias: ({ start, end }) => ({ kind: 'other', start, end, value: null }),
};

/** A version such as 1.10 stays as it is written. */
function textOf(value: unknown, source: string | undefined): string {
  return source ?? (typeof value === 'string' || typeof value === 'number' ? String(value) : '');
}

type Line = { readonly indent: number; readonly start: number; readonly end: number };

/** The YAML that lockfiles are written in: block maps and lists, plain and quoted scalars, flow collections in one line. */
class PlainYaml {
  readonly #text: string;
  readonly #lines: Line[] = [];
  #at = 0;
  #isPlain = true;

  constructor(text: string) {
    this.#text = text;
    for (let start = text.startsWith('\uFEFF') ? 1 : 0; start < text.length; ) {
      let end = text.indexOf('\n', start);
      if (end < 0) end = text.length;
      let first = start;
      while (first < end && text.charCodeAt(first) === 32) first += 1;
      let last = end;
      while (last > first && /\s/.test(text.charAt(last - 1))) last -= 1;
      if (last > first) this.#lines.push({ indent: first - start, start: first, end: last });
      start = end + 1;
    }
  }

  /** Nothing when something in it needs the whole language. */
  documents(): readonly Node[] | undefined {
    const documents: Node[] = [];
    while (this.#at < this.#lines.length && this.#isPlain) {
      const line = this.#peek();
      if (line === undefined) break;
      if (line.indent === 0 && /^(?:---|\.\.\.|%)/.test(this.#slice(line))) {
        if (this.#slice(line) !== '---') this.#isPlain = false;
        this.#at += 1;
        continue;
      }
      documents.push(this.#block(line.indent, 0));
    }
    return this.#isPlain ? documents : undefined;
  }

  #slice({ start, end }: { readonly start: number; readonly end: number }): string {
    return this.#text.slice(start, end);
  }

  /** The next line that is no comment. */
  #peek(): Line | undefined {
    for (;;) {
      const line = this.#lines[this.#at];
      if (line === undefined || this.#text.charAt(line.start) !== '#') return line;
      this.#at += 1;
    }
  }

  #give(): Node {
    this.#isPlain = false;
    this.#at = this.#lines.length;
    return { kind: 'other', start: 0, end: 0, value: null };
  }

  #block(indent: number, depth: number): Node {
    const line = this.#peek();
    if (line === undefined || depth > DEPTH_MAX) return this.#give();
    if (/^-(?:\s|$)/.test(this.#text.slice(line.start, line.start + 2))) return this.#list(indent, depth);
    return this.#map(indent, depth);
  }

  #list(indent: number, depth: number): Node {
    const items: Node[] = [];
    const start = this.#peek()?.start ?? 0;
    let end = start;
    for (let line = this.#peek(); line !== undefined && line.indent === indent; line = this.#peek()) {
      if (!/^-(?:\s|$)/.test(this.#text.slice(line.start, line.start + 2))) break;
      const rest = /^-\s*/.exec(this.#slice(line))?.[0].length ?? 1;
      const inner = { indent: indent + rest, start: line.start + rest, end: line.end };
      if (inner.start >= inner.end) {
        this.#at += 1;
        const next = this.#peek();
        items.push(
          next !== undefined && next.indent > indent ? this.#block(next.indent, depth + 1) : nothingAt(line.end),
        );
      } else if (keyOf(this.#slice(inner)) === undefined) {
        this.#at += 1;
        items.push(this.#scalar(inner.start, inner.end, indent));
      } else {
        // `- name: x` opens a map whose keys stand where the first one does.
        this.#lines[this.#at] = inner;
        items.push(this.#map(inner.indent, depth + 1));
      }
      end = items.at(-1)?.end ?? line.end;
    }
    return { kind: 'list', start, end, items };
  }

  #map(indent: number, depth: number): Node {
    const entries = new Map<string, Entry>();
    const start = this.#peek()?.start ?? 0;
    let end = start;
    for (let line = this.#peek(); line !== undefined && line.indent === indent; line = this.#peek()) {
      const text = this.#slice(line);
      if (indent === 0 && (text === '---' || text === '...')) break;
      const found = text.startsWith('? ') ? this.#longKey(line) : keyOf(text);
      if (found === undefined) return this.#give();
      const valueStart = found.valueStart === undefined ? line.start + found.length : found.valueStart;
      const lineEnd = found.lineEnd ?? line.end;
      const keyStart = line.start + (text.startsWith('? ') ? 2 : 0);
      this.#at += 1;
      const value = this.#value(valueStart, lineEnd, indent, depth);
      entries.set(found.key, { keyStart, keyEnd: keyStart + found.keyLength, value });
      end = Math.max(value.end, lineEnd);
    }
    const after = this.#peek();
    if (after !== undefined && after.indent > indent) return this.#give();
    return { kind: 'map', start, end, entries };
  }

  /** `? key` and `: value` on the next line: how Yarn writes keys that are very long. */
  #longKey(line: Line): Key | undefined {
    const key = unquote(this.#text.slice(line.start + 2, line.end));
    const next = this.#lines[this.#at + 1];
    if (key === undefined || next === undefined || next.indent !== line.indent) return undefined;
    if (this.#text.charAt(next.start) !== ':') return undefined;
    this.#at += 1;
    return { key, keyLength: line.end - line.start - 2, length: 0, valueStart: next.start + 1, lineEnd: next.end };
  }

  #value(from: number, end: number, indent: number, depth: number): Node {
    let start = from;
    while (start < end && this.#text.charAt(start) === ' ') start += 1;
    if (start >= end || this.#text.charAt(start) === '#') {
      const next = this.#peek();
      // A list may stand as far left as the key that holds it.
      if (
        next !== undefined &&
        next.indent === indent &&
        /^-(?:\s|$)/.test(this.#text.slice(next.start, next.start + 2))
      ) {
        return this.#list(indent, depth + 1);
      }
      return next !== undefined && next.indent > indent ? this.#block(next.indent, depth + 1) : nothingAt(start);
    }
    if (/[|>]/.test(this.#text.charAt(start)) && /^[|>][+-]?\d?$/.test(this.#text.slice(start, end))) {
      let last = end;
      while ((this.#lines[this.#at]?.indent ?? -1) > indent) {
        last = this.#lines[this.#at]?.end ?? last;
        this.#at += 1;
      }
      return { kind: 'text', start, end: last, value: this.#text.slice(end, last) };
    }
    return this.#scalar(start, end, indent);
  }

  #scalar(start: number, end: number, indent: number): Node {
    const char = this.#text.charAt(start);
    if (char === '{' || char === '[') {
      const flow = new FlowReader(this.#text, start, end);
      return flow.read() ?? this.#give();
    }
    if (/[&*!%@`]/.test(char)) return this.#give();
    const next = this.#peek();
    // A text that goes on in the next line is for the other reader.
    if (next !== undefined && next.indent > indent) return this.#give();
    const raw = this.#text.slice(start, end);
    if (char === '"' || char === "'") {
      const value = unquote(raw);
      return value === undefined ? this.#give() : { kind: 'text', start, end, value };
    }
    const comment = raw.search(/\s#/);
    const plain = comment < 0 ? raw : raw.slice(0, comment).trimEnd();
    return plainAt(plain, start);
  }
}

function plainAt(plain: string, start: number): Node {
  const end = start + plain.length;
  if (plain === 'true' || plain === 'false') return { kind: 'other', start, end, value: plain === 'true' };
  if (plain === 'null' || plain === '~') return { kind: 'other', start, end, value: null };
  return { kind: 'text', start, end, value: plain };
}

function nothingAt(start: number): Node {
  return { kind: 'other', start, end: start, value: null };
}

type Key = {
  readonly key: string;
  readonly keyLength: number;
  /** Up to behind the colon. */
  readonly length: number;
  readonly valueStart?: number;
  readonly lineEnd?: number;
};

/** The key at the start of a line, up to a colon that is followed by a space or the end. */
function keyOf(line: string): Key | undefined {
  const quote = line.charAt(0);
  if (quote === '"' || quote === "'") {
    let end = line.indexOf(quote, 1);
    while (end > 0 && (quote === "'" ? line.charAt(end + 1) === "'" : line.charAt(end - 1) === '\\')) {
      end = line.indexOf(quote, end + (quote === "'" ? 2 : 1));
    }
    if (end < 0 || line.charAt(end + 1) !== ':' || !/^(?:\s|$)/.test(line.charAt(end + 2))) return undefined;
    const key = unquote(line.slice(0, end + 1));
    return key === undefined ? undefined : { key, keyLength: end + 1, length: end + 2 };
  }
  if (/^[[{&*!|>%@`#]/.test(line)) return undefined;
  for (let at = line.indexOf(':'); at >= 0; at = line.indexOf(':', at + 1)) {
    const after = line.charAt(at + 1);
    if (after === '' || after === ' ') return { key: line.slice(0, at).trimEnd(), keyLength: at, length: at + 1 };
  }
  return undefined;
}

function unquote(raw: string): string | undefined {
  const quote = raw.charAt(0);
  const text = raw.replace(/\s+#.*$/, (comment) => (/["']/.test(comment) ? comment : ''));
  if (quote === "'") {
    return text.length > 1 && text.endsWith("'") ? text.slice(1, -1).replaceAll("''", "'") : undefined;
  }
  if (quote !== '"') return text;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'string' ? value : undefined;
  } catch {
    // An escape that only YAML has.
    return undefined;
  }
}

/** `{a: b, c: [d]}` in one line. */
class FlowReader {
  readonly #text: string;
  readonly #end: number;
  #at: number;

  constructor(text: string, start: number, end: number) {
    this.#text = text;
    this.#at = start;
    this.#end = end;
  }

  read(): Node | undefined {
    const node = this.#value(0);
    this.#space();
    return this.#at >= this.#end || this.#text.charAt(this.#at) === '#' ? node : undefined;
  }

  #space(): void {
    while (this.#at < this.#end && this.#text.charAt(this.#at) === ' ') this.#at += 1;
  }

  #value(depth: number): Node | undefined {
    this.#space();
    if (depth > DEPTH_MAX) return undefined;
    const start = this.#at;
    const char = this.#text.charAt(start);
    if (char === '{') return this.#map(depth);
    if (char === '[') {
      const items: Node[] = [];
      this.#at += 1;
      for (;;) {
        this.#space();
        if (this.#at >= this.#end) return undefined;
        if (this.#text.charAt(this.#at) === ']') break;
        const item = this.#value(depth + 1);
        if (item === undefined || !this.#comma(']')) return undefined;
        items.push(item);
      }
      this.#at += 1;
      return { kind: 'list', start, end: this.#at, items };
    }
    return this.#scalar(/[,\]}]/);
  }

  #map(depth: number): Node | undefined {
    const start = this.#at;
    const entries = new Map<string, Entry>();
    this.#at += 1;
    for (;;) {
      this.#space();
      if (this.#at >= this.#end) return undefined;
      if (this.#text.charAt(this.#at) === '}') break;
      const key = this.#scalar(/:(?=\s|$)/);
      if (key === undefined || this.#text.charAt(this.#at) !== ':') return undefined;
      this.#at += 1;
      const value = this.#value(depth + 1);
      if (value === undefined || !this.#comma('}')) return undefined;
      if (key.kind !== 'text' && key.kind !== 'other') return undefined;
      entries.set(String(key.value), { keyStart: key.start, keyEnd: key.end, value });
    }
    this.#at += 1;
    return { kind: 'map', start, end: this.#at, entries };
  }

  #comma(close: string): boolean {
    this.#space();
    const char = this.#text.charAt(this.#at);
    if (char === ',') this.#at += 1;
    return char === ',' || char === close;
  }

  #scalar(until: RegExp): Node | undefined {
    const start = this.#at;
    const quote = this.#text.charAt(start);
    if (quote === '"' || quote === "'") {
      const end = this.#text.indexOf(quote, start + 1);
      if (end < 0 || end >= this.#end || this.#text.charAt(end - 1) === '\\' || this.#text.charAt(end + 1) === quote) {
        return undefined;
      }
      this.#at = end + 1;
      return { kind: 'text', start, end: this.#at, value: this.#text.slice(start + 1, end) };
    }
    const found = this.#text.slice(start, this.#end).search(until);
    if (found < 0 || /[&*!]/.test(quote)) return undefined;
    const plain = this.#text.slice(start, start + found).trimEnd();
    this.#at = start + found;
    return plainAt(plain, start);
  }
}
