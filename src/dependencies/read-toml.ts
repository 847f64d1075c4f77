import { parse, TomlError } from 'smol-toml';
import { Unreadable } from './failure.ts';

export type Table = { readonly [key: string]: unknown };

/** Reads TOML; what it says of a mistake becomes the line of a gap. */
export function parseToml(text: string): Table {
  try {
    return parse(text.replace(/^\uFEFF/, ''));
  } catch (thrown) {
    if (!(thrown instanceof TomlError)) throw new Unreadable('is no TOML', 0);
    if (/^<<<<<<< /m.test(text)) throw new Unreadable('holds a merge conflict', text.search(/^<<<<<<< /m));
    let offset = 0;
    for (let line = 1; line < thrown.line && offset >= 0; line += 1) offset = text.indexOf('\n', offset) + 1;
    throw new Unreadable(thrown.message.split('\n')[0]?.slice(0, 150) ?? 'is no TOML', offset);
  }
}

export function table(value: unknown): Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

export function tables(value: unknown): readonly Table[] {
  return Array.isArray(value) ? value.map(table) : [];
}

export function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Where each `[[name]]` stands. The parser keeps no places; the n-th header is the n-th table. */
export function headerOffsets(source: string, name: string): readonly number[] {
  const offsets: number[] = [];
  const form = new RegExp(`^[ \\t]*\\[\\[[ \\t]*${name}[ \\t]*\\]\\]`, 'gm');
  for (const { index } of source.matchAll(form)) offsets.push(index);
  return offsets;
}

/** The place of `key = …` after an offset; the offset itself when there is none. */
export function keySpan(
  source: string,
  key: string,
  from: number,
  until: number,
): { readonly start: number; readonly end: number } {
  const part = source.slice(from, until);
  const quoted = key.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const found = new RegExp(`^[ \\t]*["']?${quoted}["']?[ \\t]*=.*$`, 'm').exec(part);
  if (found === null) return { start: from, end: from };
  const lead = /^[ \t]*/.exec(found[0])?.[0].length ?? 0;
  return { start: from + found.index + lead, end: from + found.index + found[0].trimEnd().length };
}

/** The body of the table `[name]`: from its header to the next. */
export function tableSpan(source: string, name: string): { readonly from: number; readonly until: number } {
  const quoted = name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const found = new RegExp(`^[ \\t]*\\[[ \\t]*${quoted}[ \\t]*\\][^\\n]*$`, 'm').exec(source);
  if (found === null) return { from: 0, until: source.length };
  const from = found.index + found[0].length;
  const next = /^[ \t]*\[/m.exec(source.slice(from));
  return { from, until: next === null ? source.length : from + next.index };
}
