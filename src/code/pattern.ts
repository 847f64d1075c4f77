/**
 * Paths name what a value is: `flask.request.args`, `sqlite3.connect().cursor().execute`; `C()` is an instance of `C` as well as
 * the result of calling it. `~db.query` begins at a variable of which nothing else is known.
 *
 * A pattern is a path in which `*` stands for any part of one segment, `{a,b}` for either, `**` for any number of segments.
 * `~` of a path is met only by `~` or by `**`.
 */

/** The longest path that is looked at, in segments; in a longer one the middle is left out. */
export const PATH_SEGMENTS_MAX = 10;

/** The most alternatives that one pattern may spell out. */
const ALTERNATIVES_MAX = 256;

export const PATTERN = /^[^\s]{1,2000}$/;

type Segment =
  | { readonly kind: 'any' }
  | { readonly kind: 'exact'; readonly text: string }
  | { readonly kind: 'glob'; readonly pieces: readonly string[] };

type Compiled = readonly Segment[];

/** Patterns, each with what it stands for, found by the last segment of a path. */
export class PatternIndex<T> {
  readonly #byLast = new Map<string, { readonly pattern: Compiled; readonly value: T }[]>();
  /** Those whose end is open, by their first segment. */
  readonly #byFirst = new Map<string, { readonly pattern: Compiled; readonly value: T }[]>();
  /** Those whose beginning is open as well. */
  #openEnded: { readonly pattern: Compiled; readonly value: T }[] | undefined;
  readonly #cache = new Map<string, readonly T[]>();
  readonly #order = new Map<T, number>();

  add(pattern: string, value: T): void {
    if (!this.#order.has(value)) this.#order.set(value, this.#order.size);
    for (const spelled of expandBraces(pattern)) {
      const compiled = spelled.split('.').map(segmentOf);
      const last = compiled.at(-1);
      const first = compiled[0];
      const entry = { pattern: compiled, value };
      if (last?.kind === 'exact') push(this.#byLast, last.text, entry);
      else if (first?.kind === 'exact') push(this.#byFirst, first.text, entry);
      else (this.#openEnded ??= []).push(entry);
    }
  }

  /** Everything whose pattern meets the path, in the order in which it was added. */
  find(path: string): readonly T[] {
    const dot = path.indexOf('.');
    const last = path.slice(path.lastIndexOf('.') + 1);
    const candidates = [
      this.#byLast.get(last),
      last.startsWith('~') ? this.#byLast.get(last.slice(1)) : undefined,
      this.#byFirst.size === 0 ? undefined : this.#byFirst.get(dot === -1 ? path : path.slice(0, dot)),
      this.#openEnded,
    ];
    // Nearly every path ends here: to look it up whole, let alone to keep it, costs more than this.
    if (candidates.every((entries) => entries === undefined)) return NOTHING;
    const cached = this.#cache.get(path);
    if (cached !== undefined) return cached;
    let answer: readonly T[] = NOTHING;
    const segments = path.split('.');
    const found = new Set<T>();
    for (const entries of candidates) {
      for (const { pattern, value } of entries ?? []) if (meets(pattern, segments, 0, 0)) found.add(value);
    }
    if (found.size > 0) answer = [...found].sort((a, b) => this.#rank(a) - this.#rank(b));
    if (this.#cache.size >= CACHE_MAX) this.#cache.clear();
    this.#cache.set(path, answer);
    return answer;
  }

  /** Whether a path with this last segment can meet a pattern. Cheaper than looking. */
  knows(last: string): boolean {
    return this.#byLast.has(last) || this.#byFirst.size > 0 || this.#openEnded !== undefined;
  }

  /** Everything that meets one of the paths. */
  findAny(paths: readonly string[]): readonly T[] {
    if (paths.length === 0) return NOTHING;
    if (paths.length === 1) return this.find(paths[0] ?? '');
    let found: readonly T[] = NOTHING;
    for (const path of paths) {
      const answer = this.find(path);
      if (answer.length > 0) found = found.length === 0 ? answer : [...new Set([...found, ...answer])];
    }
    return found;
  }

  #rank(value: T): number {
    return this.#order.get(value) ?? 0;
  }
}

/** How many answers an index remembers before it forgets them all. */
const CACHE_MAX = 50_000;

const NOTHING: readonly never[] = [];

function push<V>(into: Map<string, V[]>, key: string, value: V): void {
  const known = into.get(key);
  if (known === undefined) into.set(key, [value]);
  else known.push(value);
}

function segmentOf(text: string): Segment {
  if (text === '**') return { kind: 'any' };
  return text.includes('*') ? { kind: 'glob', pieces: text.split('*') } : { kind: 'exact', text };
}

function meets(pattern: Compiled, path: readonly string[], at: number, from: number): boolean {
  if (at === pattern.length) return from === path.length;
  const segment = pattern[at];
  if (segment === undefined) return false;
  if (segment.kind === 'any') {
    for (let next = from; next <= path.length; next += 1) if (meets(pattern, path, at + 1, next)) return true;
    return false;
  }
  const text = path[from];
  if (text === undefined) return false;
  const isBehindAny = pattern[at - 1]?.kind === 'any';
  if (!segmentMeets(segment, isBehindAny && from === 0 && text.startsWith('~') ? text.slice(1) : text)) return false;
  return meets(pattern, path, at + 1, from + 1);
}

function segmentMeets(segment: Segment, text: string): boolean {
  if (segment.kind === 'exact') return segment.text === text;
  if (segment.kind === 'any') return true;
  const { pieces } = segment;
  const first = pieces[0] ?? '';
  const last = pieces.at(-1) ?? '';
  if (text.startsWith('~') && !first.startsWith('~')) return false;
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  let at = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = text.indexOf(piece, at);
    if (found === -1) return false;
    at = found + piece.length;
  }
  return at <= text.length - last.length;
}

/** `a.{b,c}` to `a.b` and `a.c`. Braces do not nest. */
export function expandBraces(pattern: string): readonly string[] {
  const open = pattern.indexOf('{');
  const close = pattern.indexOf('}', open);
  if (open === -1 || close === -1) return [pattern];
  const rest = expandBraces(pattern.slice(close + 1));
  const spelled = pattern
    .slice(open + 1, close)
    .split(',')
    .flatMap((word) => rest.map((tail) => pattern.slice(0, open) + word.trim() + tail));
  return spelled.slice(0, ALTERNATIVES_MAX);
}

/** Adds a segment to a path. */
export function joinPath(path: string, segment: string): string {
  const joined = `${path}.${segment}`;
  if (joined.length < 64) return joined;
  const segments = joined.split('.');
  if (segments.length <= PATH_SEGMENTS_MAX) return joined;
  return [...segments.slice(0, 4), ...segments.slice(segments.length - PATH_SEGMENTS_MAX + 4)].join('.');
}
