import type { Stats } from 'node:fs';
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { refuseDeep } from './measure.ts';
import { Refusal } from './program.ts';

/**
 * Finds files by the patterns of @actions/glob: one a line, `#` starts a comment, `!` takes away, `~` is the home folder,
 * a path without a root is below the current folder, `**` as a whole segment is any number of folders, `*`, `?` and `[…]`
 * stay within a segment and match leading dots; braces and extended forms mean themselves. Later lines win.
 *
 * Matching takes time in proportion to pattern times path: there is no backtracking over `**`.
 */
export type GlobOptions = {
  /** Current folder and home folder, absolute. */
  readonly cwd: string;
  readonly home: string;
  /** Follow links to folders, leaving out broken ones and circles. */
  readonly followLinks: boolean;
  /** A match of a folder is a match of all below it. */
  readonly withDescendants: boolean;
  readonly withHidden: boolean;
};

export type GlobResult = {
  /** Absolute paths of files and folders, in the order in which the toolkit gives them. */
  readonly paths: readonly string[];
  /** Folders where the search began: the literal starts of the patterns, the outermost ones only. */
  readonly searchPaths: readonly string[];
};

/** Files and folders that one search may look at. */
const VISITED_MAX = 2_000_000;
const PATTERNS_MAX = 10_000;
const PATTERN_CHARACTERS_MAX = 8192;

const NONE = 0;
const FOLDER = 1;
const FILE = 2;
const ALL = 3;

type Pattern = {
  readonly negate: boolean;
  readonly segments: readonly Segment[];
  readonly foldersOnly: boolean;
  /** The literal start, absolute. */
  readonly searchPath: string;
  /** Added for `withDescendants`: does not match its own folder. */
  readonly implicit: boolean;
};

type Segment =
  | { readonly kind: 'any-depth' }
  | { readonly kind: 'parts'; readonly parts: readonly Part[]; readonly literal: string };
type Part =
  | { readonly kind: 'literal'; readonly character: string }
  | { readonly kind: 'one' }
  | { readonly kind: 'many' }
  | { readonly kind: 'set'; readonly negate: boolean; readonly ranges: readonly (readonly [string, string])[] };

export async function findByGlob(patterns: string, options: GlobOptions): Promise<GlobResult> {
  const written = parsePatterns(patterns, options);
  const all = options.withDescendants ? written.flatMap(withImplicit) : written;
  const paths: string[] = [];
  for await (const path of search(all, options)) paths.push(path);
  return { paths, searchPaths: searchPathsOf(written) };
}

function parsePatterns(text: string, options: { readonly cwd: string; readonly home: string }): Pattern[] {
  const lines = text.split('\n').map((line) => line.trim());
  const patterns = lines.filter((line) => line !== '' && !line.startsWith('#'));
  if (patterns.length > PATTERNS_MAX) throw new Refusal(`more than ${PATTERNS_MAX} patterns`);
  return patterns.map((line) => parsePattern(line, options));
}

function parsePattern(line: string, options: { readonly cwd: string; readonly home: string }): Pattern {
  if (line.length > PATTERN_CHARACTERS_MAX)
    throw new Refusal(`a pattern has more than ${PATTERN_CHARACTERS_MAX} characters`);
  let text = line;
  let negate = false;
  while (text.startsWith('!')) {
    negate = !negate;
    text = text.slice(1).trim();
  }
  if (text === '') throw new Refusal('pattern cannot be empty');
  const written = text.split('/').filter((segment) => segment !== '');
  const literals = written.map((segment) => literalOf(parseSegment(segment)));
  if (literals.some((literal, at) => literal === '..' || (literal === '.' && (at > 0 || text.startsWith('/'))))) {
    throw new Refusal(`Invalid pattern '${line.slice(0, 200)}'. Relative pathing '.' and '..' is not allowed.`);
  }
  const [base, rest] = rooted(text, written, options);
  const segments = [...base.map(literalSegment), ...rest.map(parseSegment)];
  const firstGlob = segments.findIndex((segment) => literalOf(segment) === '');
  const literal = (firstGlob < 0 ? segments : segments.slice(0, firstGlob)).map(literalOf);
  return { negate, segments, foldersOnly: text.endsWith('/'), searchPath: `/${literal.join('/')}`, implicit: false };
}

function rooted(
  text: string,
  written: readonly string[],
  options: { readonly cwd: string; readonly home: string },
): readonly [base: readonly string[], rest: readonly string[]] {
  const partsOf = (path: string) => path.split('/').filter((part) => part !== '');
  if (text.startsWith('/')) return [[], written];
  if (written[0] === '~') return [partsOf(options.home), written.slice(1)];
  return [partsOf(options.cwd), written[0] === '.' ? written.slice(1) : written];
}

function literalSegment(text: string): Segment {
  return { kind: 'parts', parts: Array.from(text).map((character) => ({ kind: 'literal', character })), literal: text };
}

/** The text of a segment without wildcards, else ''. */
function literalOf(segment: Segment): string {
  return segment.kind === 'parts' ? segment.literal : '';
}

function parseSegment(text: string): Segment {
  if (text === '**') return { kind: 'any-depth' };
  const characters = Array.from(text);
  const parts: Part[] = [];
  for (let at = 0; at < characters.length; at += 1) {
    const character = characters[at] ?? '';
    const next = characters[at + 1];
    if (character === '\\' && next !== undefined) {
      parts.push({ kind: 'literal', character: next });
      at += 1;
    } else if (character === '?') parts.push({ kind: 'one' });
    else if (character === '*') {
      if (parts.at(-1)?.kind !== 'many') parts.push({ kind: 'many' });
    } else if (character === '[') {
      const set = parseSet(characters, at);
      if (set === undefined) parts.push({ kind: 'literal', character });
      else {
        parts.push(set.part);
        at = set.end;
      }
    } else parts.push({ kind: 'literal', character });
  }
  const isLiteral = parts.every((part) => part.kind === 'literal');
  return {
    kind: 'parts',
    parts,
    literal: isLiteral ? parts.map((part) => (part.kind === 'literal' ? part.character : '')).join('') : '',
  };
}

/** `[abc]`, `[a-z]`, `[!a]`, `[^a]`. A set of one character is that character. Unclosed: nothing. */
function parseSet(characters: readonly string[], start: number): { part: Part; end: number } | undefined {
  let at = start + 1;
  const negate = characters[at] === '!' || characters[at] === '^';
  if (negate) at += 1;
  const members: string[] = [];
  const ranges: [string, string][] = [];
  for (let first = true; at < characters.length; first = false) {
    const character = characters[at] ?? '';
    if (character === ']' && !first) {
      const [only] = members;
      if (!negate && only !== undefined && members.length === 1 && ranges.length === 1) {
        return { part: { kind: 'literal', character: only }, end: at };
      }
      return { part: { kind: 'set', negate, ranges }, end: at };
    }
    const isEscaped = character === '\\' && at + 1 < characters.length;
    const from = isEscaped ? (characters[at + 1] ?? '') : character;
    at += isEscaped ? 2 : 1;
    members.push(from);
    const to = characters[at + 1];
    if (characters[at] === '-' && to !== undefined && to !== ']') {
      ranges.push([from, to]);
      members.push(to);
      at += 2;
    } else ranges.push([from, from]);
  }
  return undefined;
}

function withImplicit(pattern: Pattern): Pattern[] {
  if (!pattern.foldersOnly && pattern.segments.at(-1)?.kind === 'any-depth') return [pattern];
  return [
    pattern,
    { ...pattern, segments: [...pattern.segments, { kind: 'any-depth' }], foldersOnly: false, implicit: true },
  ];
}

/** Whether the wildcard parts match a whole name: greedy, with one place to fall back to. */
function matchesName(parts: readonly Part[], name: string): boolean {
  const characters = Array.from(name);
  let part = 0;
  let at = 0;
  let star = -1;
  let mark = 0;
  while (at < characters.length) {
    const here = parts[part];
    if (here?.kind === 'many') {
      star = part;
      mark = at;
      part += 1;
    } else if (here !== undefined && matchesOne(here, characters[at] ?? '')) {
      part += 1;
      at += 1;
    } else if (star >= 0) {
      part = star + 1;
      mark += 1;
      at = mark;
    } else return false;
  }
  while (parts[part]?.kind === 'many') part += 1;
  return part === parts.length;
}

function matchesOne(part: Part, character: string): boolean {
  switch (part.kind) {
    case 'literal':
      return part.character === character;
    case 'one':
      return true;
    case 'many':
      return false;
    case 'set':
      return part.ranges.some(([from, to]) => from <= character && character <= to) !== part.negate;
  }
}

/**
 * The states of a pattern after the segments of a path: positions in the pattern that can be reached. The work is the
 * number of positions for each segment.
 */
function statesAfter(segments: readonly Segment[], path: readonly string[]): Set<number> {
  let states = closure(segments, [0]);
  for (const name of path) {
    const next: number[] = [];
    for (const position of states) {
      const segment = segments[position];
      if (segment === undefined) continue;
      if (segment.kind === 'any-depth') next.push(position);
      else if (matchesName(segment.parts, name)) next.push(position + 1);
    }
    states = closure(segments, next);
    if (states.size === 0) break;
  }
  return states;
}

/** `**` may stand for nothing. */
function closure(segments: readonly Segment[], positions: readonly number[]): Set<number> {
  const states = new Set<number>();
  for (let position of positions) {
    states.add(position);
    while (segments[position]?.kind === 'any-depth') {
      position += 1;
      states.add(position);
    }
  }
  return states;
}

function matchKind(pattern: Pattern, path: readonly string[]): number {
  const { segments } = pattern;
  // `/a/**` as it was written matches `/a` too; the one that was added does not.
  if (pattern.implicit && !statesAfter(segments, path.slice(0, -1)).has(segments.length - 1)) return NONE;
  if (!statesAfter(segments, path).has(segments.length)) return NONE;
  return pattern.foldersOnly ? FOLDER : ALL;
}

function matchAll(patterns: readonly Pattern[], path: readonly string[]): number {
  let kind = NONE;
  for (const pattern of patterns) {
    if (pattern.negate) kind &= ~matchKind(pattern, path);
    else kind |= matchKind(pattern, path);
  }
  return kind;
}

function searchPathsOf(patterns: readonly Pattern[]): readonly string[] {
  const wanted = patterns.filter((pattern) => !pattern.negate).map((pattern) => pattern.searchPath);
  const known = new Set(wanted);
  const isOutermost = (path: string) => {
    for (let parent = dirname(path); ; parent = dirname(parent)) {
      if (known.has(parent) && parent !== path) return false;
      if (parent === dirname(parent)) return true;
    }
  };
  return [...known].filter(isOutermost);
}

type Pending = { readonly path: string; readonly level: number };

async function* search(patterns: readonly Pattern[], options: GlobOptions): AsyncGenerator<string> {
  const stack: Pending[] = [];
  for (const path of searchPathsOf(patterns)) {
    if ((await lstat(path).catch(() => undefined)) !== undefined) stack.unshift({ path, level: 1 });
  }
  /** Real paths of the folders above the current one, to notice circles of links. */
  const chain: string[] = [];
  let visited = 0;
  for (let item = stack.pop(); item !== undefined; item = stack.pop()) {
    visited += 1;
    if (visited > VISITED_MAX) throw tooMany();
    refuseDeep(item.path);
    const segments = item.path.split('/').filter((segment) => segment !== '');
    const kind = matchAll(patterns, segments);
    const canDescend =
      kind !== NONE || patterns.some((one) => !one.negate && statesAfter(one.segments, segments).size > 0);
    if (!canDescend) continue;
    const stats = await look(item, options, chain);
    if (stats === undefined) continue;
    if (!options.withHidden && (segments.at(-1) ?? '').startsWith('.')) continue;
    if (!stats.isDirectory()) {
      if ((kind & FILE) !== 0) yield item.path;
      continue;
    }
    if ((kind & FOLDER) !== 0) yield item.path;
    const names = await readdir(item.path);
    if (visited + stack.length + names.length > VISITED_MAX) throw tooMany();
    for (const name of names.reverse()) stack.push({ path: join(item.path, name), level: item.level + 1 });
  }
}

function tooMany(): Refusal {
  return new Refusal(
    `the patterns lead over more than ${VISITED_MAX} files and folders. Begin them deeper, or exclude some`,
  );
}

async function look(item: Pending, options: GlobOptions, chain: string[]): Promise<Stats | undefined> {
  if (!options.followLinks) return lstat(item.path).catch(missing);
  const stats = await stat(item.path).catch(missing);
  if (stats === undefined || !stats.isDirectory()) return stats;
  const real = await realpath(item.path);
  while (chain.length >= item.level) chain.pop();
  if (chain.includes(real)) return undefined;
  chain.push(real);
  return stats;
}

/** A broken link, or a file that has gone since its folder was read. */
function missing(problem: unknown): undefined {
  if (problem instanceof Error && 'code' in problem && (problem.code === 'ENOENT' || problem.code === 'ELOOP'))
    return undefined;
  throw problem;
}

/** Whether a pattern without folders matches a name. */
export function matchesNamePattern(pattern: string, name: string): boolean {
  const segment = parseSegment(pattern);
  return segment.kind === 'any-depth' || matchesName(segment.parts, name);
}
