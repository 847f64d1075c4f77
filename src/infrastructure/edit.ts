import type { Edit, FileView } from '../finding/index.ts';
import { type Entry, entryOf, isNull, type MapTree, type Tree } from './tree.ts';

export type Value = string | number | boolean | readonly (string | number | boolean)[];

type At = { readonly file: FileView; readonly root: Tree };

/**
 * The edit that gives the value at a path another one, adding what is missing on the way, in the writing of what stands around
 * it. Nothing when it cannot be done safely: the value comes from elsewhere, or there is more than one such place.
 */
export function setEdit({ file, root }: At, path: readonly string[], value: Value): Edit | undefined {
  let map = single(root);
  for (const [depth, key] of path.entries()) {
    if (map?.kind !== 'map' || map.isDerived === true) return undefined;
    const rest = path.slice(depth);
    const entry = entryOf(map, key);
    if (entry === undefined) return insert(file, map, { keys: rest, value });
    if (depth === path.length - 1) return replace(file, entry, map, value);
    if (isNull(entry.value))
      return map.form === 'yaml-block' ? insertBelow(file, entry, { keys: rest.slice(1), value }) : undefined;
    map = single(entry.value);
  }
  return undefined;
}

function single(tree: Tree | undefined): Tree | undefined {
  return tree?.kind === 'list' && tree.items.length === 1 ? tree.items[0] : tree;
}

/** Takes an entry out with its whole lines. */
export function removeEdit({ file, root }: At, path: readonly string[]): Edit | undefined {
  let map = single(root);
  for (const [depth, key] of path.entries()) {
    if (map?.kind !== 'map' || map.isDerived === true) return undefined;
    const entry = entryOf(map, key);
    if (entry === undefined) return undefined;
    if (depth === path.length - 1)
      return map.entries.length > 1 || map.form === 'hcl-block' ? cut(file, entry, map) : undefined;
    map = single(entry.value);
  }
  return undefined;
}

/** Whole lines when nothing else stands on them; an item of a list that begins with the entry keeps its dash. */
function cut(file: FileView, entry: Entry, map: MapTree): Edit | undefined {
  if (map.form === 'yaml-flow' || map.form === 'json') return undefined;
  const { text } = file;
  const lineStart = text.lastIndexOf('\n', entry.start - 1) + 1;
  const end = endOfLine(text, valueEnd(text, entry));
  if (text.slice(lineStart, entry.start).trim() === '') {
    return { file: file.path, start: lineStart, end: Math.min(end + 1, text.length), text: '' };
  }
  const next = map.entries.find((other) => other.start > entry.start);
  return next === undefined ? undefined : { file: file.path, start: entry.start, end: next.start, text: '' };
}

function replace(file: FileView, entry: Entry, map: MapTree, value: Value): Edit | undefined {
  const old = entry.value;
  if (old.isDerived === true || old.kind === 'unknown') return undefined;
  if (old.kind === 'scalar' && old.isBlock === true) return undefined;
  if (old.kind === 'list' && map.form === 'yaml-block' && file.text[old.start] !== '[') return undefined;
  if (old.kind === 'map') return undefined;
  if (isNull(old) && old.start === old.end) {
    return {
      file: file.path,
      start: entry.end,
      end: entry.end,
      text: `${file.text[entry.keyEnd] === ':' ? '' : ':'} ${render(value, map.form)}`,
    };
  }
  return { file: file.path, start: old.start, end: old.end, text: render(value, map.form) };
}

type Addition = { readonly keys: readonly string[]; readonly value: Value };

export function insert(file: FileView, map: MapTree, addition: Addition): Edit | undefined {
  if (map.isDerived === true) return undefined;
  if (map.form === 'hcl-block' || map.form === 'hcl-object') return insertHcl(file, map, addition);
  if (map.form === 'yaml-block') return insertYaml(file, map, addition);
  return insertFlow(file, map, addition);
}

function insertYaml(file: FileView, map: MapTree, addition: Addition): Edit | undefined {
  const anchor = map.entries.find((entry) => isOneLine(file.text, entry)) ?? map.entries.at(-1);
  const first = map.entries[0];
  if (anchor === undefined || first === undefined) return undefined;
  // Entries that come through a merge key or an alias stand elsewhere.
  if (anchor.start < map.start || anchor.start > map.end) return undefined;
  const at = endOfLine(file.text, valueEnd(file.text, anchor));
  const indent = ' '.repeat(columnOf(file.text, first.start));
  return {
    file: file.path,
    start: at,
    end: at,
    text: `${lineEnd(file)}${yamlLines(file, addition, indent).join(lineEnd(file))}`,
  };
}

/** Below a key without a value. */
function insertBelow(file: FileView, entry: Entry, addition: Addition): Edit {
  const at = endOfLine(file.text, entry.keyEnd);
  const indent = ' '.repeat(columnOf(file.text, entry.start) + 2);
  return {
    file: file.path,
    start: at,
    end: at,
    text: `${lineEnd(file)}${yamlLines(file, addition, indent).join(lineEnd(file))}`,
  };
}

function yamlLines(_file: FileView, { keys, value }: Addition, indent: string): readonly string[] {
  return keys.map((key, depth) => {
    const isLast = depth === keys.length - 1;
    return `${indent}${'  '.repeat(depth)}${key}:${isLast ? ` ${render(value, 'yaml-block')}` : ''}`;
  });
}

function isOneLine(text: string, entry: Entry): boolean {
  const { value } = entry;
  if (value.kind !== 'scalar' && value.kind !== 'unknown') return false;
  if (value.kind === 'scalar' && (value.isBlock === true || value.value === null)) return false;
  return !text.slice(entry.start, entry.end).includes('\n') && value.start >= entry.keyEnd;
}

function insertFlow(file: FileView, map: MapTree, { keys, value }: Addition): Edit | undefined {
  if (map.inner === undefined) return undefined;
  const quote = (key: string) => (map.form === 'json' ? JSON.stringify(key) : key);
  const written = keys.reduceRight(
    (inner, key, depth) => (depth === 0 ? `${quote(key)}: ${inner}` : `{ ${quote(key)}: ${inner} }`),
    render(value, map.form),
  );
  const at = map.inner.start;
  const [first] = map.entries;
  if (first === undefined)
    return { file: file.path, start: at, end: at, text: map.form === 'json' ? written : ` ${written} ` };
  const space = file.text.slice(at, first.start);
  return { file: file.path, start: first.start, end: first.start, text: `${written},${space === '' ? ' ' : space}` };
}

function insertHcl(file: FileView, map: MapTree, { keys, value }: Addition): Edit | undefined {
  const { inner } = map;
  if (inner === undefined) return undefined;
  const { text } = file;
  const eol = lineEnd(file);
  const closeIndent = indentOf(text, map.start);
  const last = map.entries.toSorted((a, b) => a.start - b.start).at(-1);
  const indent = last === undefined || !startsLine(text, last.start) ? `${closeIndent}  ` : indentOf(text, last.start);
  const lines = hclLines(keys, value, { indent, isObject: map.form === 'hcl-object' });
  const body = text.slice(inner.start, inner.end);
  if (body.trim() === '' && !body.includes('\n')) {
    return {
      file: file.path,
      start: inner.start,
      end: inner.end,
      text: `${eol}${lines.join(eol)}${eol}${closeIndent}`,
    };
  }
  if (!body.includes('\n')) {
    if (map.form === 'hcl-object')
      return {
        file: file.path,
        start: inner.start,
        end: inner.start,
        text: ` ${lines.map((line) => line.trim()).join(' ')},`,
      };
    return {
      file: file.path,
      start: inner.start,
      end: inner.end,
      text: `${eol}${indent}${body.trim()}${eol}${lines.join(eol)}${eol}${closeIndent}`,
    };
  }
  // Before the line of the closing brace; a comment that stands last stays above.
  const closeLine = text.lastIndexOf('\n', inner.end - 1) + 1;
  const isAlone = text.slice(closeLine, inner.end).trim() === '';
  const at = isAlone ? closeLine : inner.end;
  const aligned = keys.length === 1 && isAlone ? align(text, closeLine, lines) : lines;
  return { file: file.path, start: at, end: at, text: `${isAlone ? '' : eol}${aligned.join(eol)}${eol}` };
}

/** Its formatter aligns the equals signs of lines that follow each other. */
function align(text: string, at: number, lines: readonly string[]): readonly string[] {
  const previous = text.slice(text.lastIndexOf('\n', at - 2) + 1, at - 1);
  const before = /^(\s*[\w-]+\s*)= /.exec(previous)?.[1];
  return lines.map((line) => {
    const equals = line.indexOf(' = ');
    if (before === undefined || equals === -1 || equals + 1 >= before.length) return line;
    return `${line.slice(0, equals)}${' '.repeat(before.length - equals)}${line.slice(equals + 1)}`;
  });
}

function hclLines(
  keys: readonly string[],
  value: Value,
  { indent, isObject }: { readonly indent: string; readonly isObject: boolean },
): readonly string[] {
  const [key = '', ...rest] = keys;
  if (rest.length === 0) return [`${indent}${key} = ${render(value, 'hcl-block')}`];
  const open = isObject ? `${key} = {` : `${key} {`;
  return [`${indent}${open}`, ...hclLines(rest, value, { indent: `${indent}  `, isObject }), `${indent}}`];
}

export function render(value: Value, form: MapTree['form']): string {
  if (typeof value === 'object') {
    const items = value.map((item) => render(item, form)).join(', ');
    return `[${items}]`;
  }
  if (typeof value !== 'string') return String(value);
  if (form === 'yaml-block' || form === 'yaml-flow') return isPlain(value) ? value : JSON.stringify(value);
  return JSON.stringify(value);
}

/** A word that YAML cannot take for anything else. */
function isPlain(value: string): boolean {
  return /^[A-Za-z][\w./-]*$/.test(value) && !/^(true|false|yes|no|on|off|null|y|n)$/i.test(value);
}

/** Where the value of an entry ends, without the white space that some nodes take with them. */
function valueEnd(text: string, entry: Entry): number {
  let end = Math.max(entry.end, entry.keyEnd);
  while (end > entry.keyEnd && /\s/.test(text[end - 1] ?? '')) end -= 1;
  return end;
}

/** Without the line break, and before the carriage return of one of Windows. */
export function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  if (end === -1) return text.length;
  return text[end - 1] === '\r' ? end - 1 : end;
}

export function lineEnd(file: FileView): string {
  return file.text.includes('\r\n') ? '\r\n' : '\n';
}

function columnOf(text: string, at: number): number {
  return at - (text.lastIndexOf('\n', at - 1) + 1);
}

function startsLine(text: string, at: number): boolean {
  return text.slice(text.lastIndexOf('\n', at - 1) + 1, at).trim() === '';
}

export function indentOf(text: string, at: number): string {
  const start = text.lastIndexOf('\n', at - 1) + 1;
  return /^[ \t]*/.exec(text.slice(start, at))?.[0] ?? '';
}
