import { excerpt } from '../base/index.ts';
import { fault } from './faults.ts';

/** A name of a folder on most systems, with room for `.git` and the like. */
const REPOSITORY_NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/;

/** Bytes of a whole ref. A file of that name, with `.lock`, must fit into a folder. */
export const REF_BYTES_MAX = 200;

/** ASCII only: two names that look alike are the same, but for case. */
export function isRepositoryName(text: string): boolean {
  return REPOSITORY_NAME.test(text) && !/\.(git|lock|bundle|wiki)$/i.test(text) && !text.includes('..');
}

/** Full name of a branch or tag, by git's rules (gitrevisions) and stricter: nothing that reads as an option or as an id. */
export function refProblem(ref: string): string | undefined {
  const short = /^refs\/(?:heads|tags)\/(.+)$/.exec(ref)?.[1];
  if (short === undefined) return 'only branches (refs/heads/…) and tags (refs/tags/…) can be pushed';
  if (Buffer.byteLength(ref) > REF_BYTES_MAX) return `it is longer than ${REF_BYTES_MAX} bytes`;
  // U+202A and its like change the order in which a page shows letters; zero widths hide.
  if (/[\0-\x20\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffd]/.test(short)) {
    return 'it has a blank, a control character or bytes that are no text';
  }
  if (/[~^:?*[\\"'`$;&|<>(){}!#]|@\{/.test(short))
    return 'it has a character that means something else to git or to a shell';
  if (short.includes('..') || short.includes('//') || short.endsWith('/') || short.endsWith('.') || short === '@') {
    return 'git does not take it';
  }
  const parts = short.split('/');
  if (parts.some((part) => part.startsWith('.') || part.startsWith('-') || /\.lock$/i.test(part))) {
    return 'a part of it begins with a dot or a dash, or ends with .lock';
  }
  if (/^[0-9a-f]{40}$|^[0-9a-f]{64}$/i.test(short)) return 'it looks like the id of a commit';
  if (/^(HEAD|FETCH_HEAD|ORIG_HEAD|MERGE_HEAD)$/i.test(short) || parts[0] === 'refs')
    return 'git has another meaning for it';
  return undefined;
}

export function requireBranch(branch: string): void {
  const problem = refProblem(`refs/heads/${branch}`);
  if (problem !== undefined)
    throw fault('name-invalid', `the branch ${JSON.stringify(excerpt(branch, 200))}: ${problem}`);
}
