import { RE2JS } from 're2js';
import { toJavaScript } from './pattern-emit.ts';
import { isRisky, mustHold, widthOf } from './pattern-facts.ts';
import { parsePattern } from './pattern-parse.ts';

/** A match: offsets in the text, and the text of each group (0 is the whole match). */
export type Found = { readonly start: number; readonly end: number; readonly groups: readonly (string | undefined)[] };

/** A compiled pattern, and what the search needs to know of it. */
export type Finder = {
  /** All matches that do not overlap, leftmost first. */
  findAll(text: string): readonly Found[];
  test(text: string): boolean;
  /** The match that begins at an offset; missing where the engine cannot. */
  matchAt?(text: string, start: number): Found | undefined;
  readonly groups: number;
  /** The most code units of a match, at most `WINDOW_MAX`. */
  readonly width: number;
  /**
   * Whether every match holds one of the keywords. Then windows of `width` around all of them see what the whole text would
   * show, its ends included: a match that a window cuts off would have to hold a keyword with a window of its own.
   */
  readonly isLocal: boolean;
};

/**
 * How far around a keyword a pattern without an end is searched, in UTF-16 code units. A private key of 16,384 bits in PEM
 * has 12,800.
 */
export const WINDOW_MAX = 20 * 1024;
/** The text that a pattern without keywords may meet: what the judgement of risk counts with. */
const TEXT_RISK_MAX = 1_000;
/** Matches of one pattern in one text that are kept. A file with more is not read by a person one by one. */
export const MATCHES_MAX = 2_000;

/**
 * Compiles a pattern in Go's syntax. V8 runs what cannot backtrack for long; the rest, which only comes from outside
 * (shipped patterns are proved by a test), runs on an engine of linear time.
 */
export function compileFinder(
  source: string,
  keywords: readonly string[],
  options: { readonly isTrusted: boolean },
): Finder {
  const pattern = parsePattern(source);
  const width = Math.min(widthOf(pattern.root), WINDOW_MAX);
  const isLocal =
    keywords.length > 0 &&
    mustHold(
      pattern.root,
      keywords.map((keyword) => keyword.toLowerCase()),
    );
  const facts = { groups: pattern.groups, width, isLocal };
  if (!options.isTrusted && isRisky(pattern.root, isLocal ? width : TEXT_RISK_MAX)) return linearFinder(source, facts);
  const { source: js, flags } = toJavaScript(pattern);
  const regex = new RegExp(js, `g${flags}`);
  const sticky = new RegExp(js, `y${flags}`);
  return {
    ...facts,
    findAll(text) {
      const found: Found[] = [];
      regex.lastIndex = 0;
      for (let match = regex.exec(text); match !== null && found.length < MATCHES_MAX; match = regex.exec(text)) {
        if (match[0] === '') regex.lastIndex += 1;
        else found.push({ start: match.index, end: match.index + match[0].length, groups: match });
      }
      return found;
    },
    test(text) {
      regex.lastIndex = 0;
      return regex.test(text);
    },
    matchAt(text, start) {
      sticky.lastIndex = start;
      const match = sticky.exec(text);
      return match === null || match[0] === '' ? undefined : { start, end: start + match[0].length, groups: match };
    },
  };
}

function linearFinder(source: string, facts: Pick<Finder, 'groups' | 'width' | 'isLocal'>): Finder {
  const compiled = RE2JS.compile(source);
  return {
    ...facts,
    findAll(text) {
      const found: Found[] = [];
      const matcher = compiled.matcher(text);
      while (found.length < MATCHES_MAX && matcher.find()) {
        const groups = Array.from({ length: facts.groups + 1 }, (_, group) => matcher.group(group) ?? undefined);
        if (matcher.end() > matcher.start()) found.push({ start: matcher.start(), end: matcher.end(), groups });
      }
      return found;
    },
    test: (text) => compiled.matcher(text).find(),
  };
}
