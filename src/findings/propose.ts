import { fault } from './faults.ts';
import type { FindingView } from './read.ts';

const FILE = '.sallyport/suppressions.yml';
const DAY_MS = 24 * 3_600_000;
/** A longer pattern fits nothing. */
const PATH_MAX = 500;
const YEAR_DAYS = 366;
const REASON = /^[^\u0000-\u001f\u007f\u2028\u2029]{10,500}$/;
const LIST_ITEM = /^[ \t]*-(?:[ \t]|$)/m;

/** A change that suppresses a finding, for a person to commit: the server writes no commits. */
export type Proposal = {
  readonly path: string;
  /** The lines that are added. */
  readonly entry: string;
  /** The whole file as it will be. */
  readonly content: string;
  readonly branch: string;
  readonly message: string;
};

/**
 * The change of `.sallyport/suppressions.yml`. It counts once it is on the default branch: a change is never judged by what it brings
 * itself. `current`: the file as it is there.
 */
export function proposeSuppression(
  finding: FindingView,
  wanted: { readonly owner: string; readonly reason: string; readonly expires: string },
  { current, now }: { readonly current: string | undefined; readonly now: number },
): Proposal {
  const { owner, reason, expires } = wanted;
  if (finding.state === 'suppressed') throw fault('already-suppressed', `finding ${finding.id} is suppressed`);
  if (finding.state === 'fixed') throw fault('not-found', `finding ${finding.id} is fixed`);
  if (!REASON.test(reason)) throw fault('reason-invalid', 'a reason is one line of 10 to 500 characters');
  requireDay(expires, now);
  const entry = [
    `- fingerprint: ${quoted(finding.fingerprint)}`,
    `  rule: ${quoted(finding.rule)}`,
    ...(finding.file.length > PATH_MAX ? [] : [`  path: ${quoted(literalGlob(finding.file))}`]),
    `  reason: ${quoted(reason)}`,
    `  owner: ${quoted(owner)}`,
    `  expires: ${expires}`,
    '',
  ].join('\n');
  return {
    path: FILE,
    entry,
    content: appended(current, entry),
    branch: `suppress-${finding.fingerprint.slice(0, 10)}`,
    message: `Suppress ${finding.rule} until ${expires}`,
  };
}

function requireDay(text: string, now: number): void {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  const isDay = Number.isFinite(at) && new Date(at).toISOString().startsWith(text);
  if (!isDay || at <= now || at > now + YEAR_DAYS * DAY_MS)
    throw fault('expiry-invalid', JSON.stringify(text.slice(0, 20)));
}

/** A text of JSON is one of YAML, whatever is in it. */
const quoted = (text: string) => JSON.stringify(text).replaceAll(/[\u007f-\u009f\u2028\u2029\ufeff]/g, escaped);
const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** A star would be a pattern: any one character stands for it, and the fingerprint says which file it is. */
const literalGlob = (path: string) => path.replaceAll('*', '?');

function appended(current: string | undefined, entry: string): string {
  if (current === undefined || current.trim() === '') return entry;
  // A list that is written in one line, `[]` as a rule, can't be added to below.
  if (!LIST_ITEM.test(current)) {
    const comments = current.split('\n').filter((line) => /^\s*#/.test(line));
    return [...comments, entry].join('\n');
  }
  return `${current.endsWith('\n') ? current : `${current}\n`}${entry}`;
}
