import type { FileView, Scanner } from '../finding/index.ts';
import pack from './pack.json' with { type: 'json' };
import type { RulePack } from '../finding/index.ts';

/** A larger file is not looked through for comments. */
const INLINE_BYTES_MAX = 8 * 1024 * 1024;
/** Comments of one file. */
const INLINE_MAX = 2000;
/** How much of a line is read as a comment. */
const COMMENT_CHARACTERS_MAX = 1000;

/** A comment `sallyport:ignore RULE -- reason (owner, until YYYY-MM-DD)` in a scanned file. Plain data. */
export type InlineSuppression = {
  readonly rules: readonly string[];
  readonly line: number;
  readonly column: number;
  /** The comment stands alone: it is about the next line, too. */
  readonly isAlone: boolean;
  readonly reason?: string;
  readonly owner?: string;
  /** `YYYY-MM-DD`: the last day on which it holds. */
  readonly expires?: string;
  /** As it stands, cut short: what the same comment in another state of the file is known by. */
  readonly text: string;
};

export type InlineFacts = readonly InlineSuppression[];

const MARKER = 'sallyport:ignore';
const COMMENT = new RegExp(`${MARKER}[ \\t]+([a-z0-9][\\w./-]*(?:[ \\t]*,[ \\t]*[a-z0-9][\\w./-]*)*)(.*)$`);
/** What may stand before the marker when the comment is alone on its line. */
const ALONE = /^\s*(?:\/\/+|\/\*+|\*+|#+|--+|;+|%+|'|"|<!--|\{\{!--|\{#|\{\{\/\*|<%--|REM\b|@REM\b)?[\s!*]*$/i;
const DETAILS = /^\s*(?:--|—|–|:)\s*(.*?)\s*(?:\(([^()]*)\))?\s*(?:\*\/|-->|--\}\}|#\}|\*\/\}\}|--%>|["'])?\s*$/;
/** Prose shows comments as examples; only what its own syntax hides is meant. */
const PROSE = /\.(?:md|markdown|mdx|rst|adoc|txt)$/i;

// What scripts/rules.ts has written of rules/suppressions.
export const SUPPRESSION_PACK = pack as unknown as RulePack;

/** Looks for comments that suppress findings. It finds nothing wrong by itself: that takes all findings of the scan. */
export function createInlineScanner(): Scanner<InlineFacts> {
  return {
    kind: 'suppressions',
    rules: SUPPRESSION_PACK.rules,
    settings: `inline 1 ${SUPPRESSION_PACK.digest}`,
    wants: (_path, bytes) => bytes > MARKER.length && bytes <= INLINE_BYTES_MAX,
    scanFile(file) {
      const { bytes } = file;
      if (Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(MARKER) === -1) return { matches: [] };
      const facts = inlineSuppressions(file);
      return facts.length === 0 ? { matches: [] } : { matches: [], facts };
    },
  };
}

export function inlineSuppressions({ path, text }: FileView): InlineFacts {
  const found: InlineSuppression[] = [];
  let line = 1;
  let lineStart = 0;
  for (let at = text.indexOf(MARKER); at !== -1 && found.length < INLINE_MAX; at = text.indexOf(MARKER, at + 1)) {
    for (let next = text.indexOf('\n', lineStart); next !== -1 && next < at; next = text.indexOf('\n', lineStart)) {
      lineStart = next + 1;
      line += 1;
    }
    const end = text.indexOf('\n', at);
    const stop = Math.min(end === -1 ? text.length : end, at + COMMENT_CHARACTERS_MAX);
    const before = text.slice(Math.max(lineStart, at - COMMENT_CHARACTERS_MAX), at);
    if (PROSE.test(path) && !before.includes('<!--')) continue;
    const one = parseComment(text.slice(at, stop).replace(/\r$/, ''));
    if (one !== undefined) {
      found.push({
        ...one,
        line,
        column: at - lineStart + 1,
        isAlone: ALONE.test(before) && at - lineStart < COMMENT_CHARACTERS_MAX,
      });
    }
  }
  return found;
}

function parseComment(text: string): Omit<InlineSuppression, 'line' | 'column' | 'isAlone'> | undefined {
  const match = COMMENT.exec(text);
  if (match === null) return undefined;
  const rules = (match[1] ?? '').split(',').map((rule) => rule.trim());
  const [, reason = '', details = ''] = DETAILS.exec(match[2] ?? '') ?? [];
  const [, owner = '', expires = ''] = /^(.*?)(?:,?\s*\buntil\s+(\d{4}-\d{2}-\d{2}))?\s*$/.exec(details) ?? [];
  return {
    rules,
    ...(reason.trim() === '' ? {} : { reason: reason.trim() }),
    ...(owner.trim() === '' ? {} : { owner: owner.trim() }),
    ...(isDay(expires) ? { expires } : {}),
    text: text.trim(),
  };
}

/** A day that the calendar has. */
export function isDay(text: string): boolean {
  const time = Date.parse(`${text}T00:00:00Z`);
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && Number.isFinite(time) && new Date(time).toISOString().startsWith(text);
}
