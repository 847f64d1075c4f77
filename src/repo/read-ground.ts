import { excerpt } from '../base/index.ts';
import type { GitAsk } from '../source/index.ts';
import { fault } from './faults.ts';

/** What compares trees or walks a history has so long: somebody waits. */
export const DIFF_MS_MAX = 20_000;
export const PAGE_MAX = 1000;
/** Commits that paging passes over: later ones are reached from another commit. */
const SKIP_MAX = 100_000;
const MESSAGE_BYTES_MAX = 16 * 1024;
const PATH_BYTES_MAX = 4096;
export const OBJECT_ID = /^[0-9a-f]{40}$/;
/** What git calls the tree without entries. */
export const EMPTY_TREE = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';

export type Page<Item> = {
  readonly items: readonly Item[] /** Items to pass over for the next page; nothing at the end. */;
  readonly next?: number;
};

export type Commit = {
  readonly oid: string;
  readonly tree: string;
  readonly parents: readonly string[];
  /** What the commit says, which anybody can write: never who did something. */
  readonly author: { readonly name: string; readonly email: string; readonly date: string };
  readonly committer: { readonly name: string; readonly email: string; readonly date: string };
  readonly message: string;
};

export type Ask = (
  args: readonly string[],
  options?: GitAsk,
) => Promise<{ readonly code: number; readonly stdout: Buffer }>;
export type Span = { readonly skip: number; readonly limit: number };

export function requireId(text: string): string {
  if (!OBJECT_ID.test(text))
    throw fault('revision-unknown', `${JSON.stringify(excerpt(text, 100))} is no id of an object`);
  return text;
}

export function page(skip: number, limit: number): Span {
  const isSpan = Number.isInteger(skip) && skip >= 0 && skip <= SKIP_MAX && Number.isInteger(limit) && limit >= 1;
  if (!isSpan || limit > PAGE_MAX) throw fault('too-large', `at most ${PAGE_MAX} at once, and ${SKIP_MAX} passed over`);
  return { skip, limit };
}

export function pageOf<Item>(items: readonly Item[], { skip, limit }: Span): Page<Item> {
  return { items: items.slice(0, limit), ...(items.length > limit ? { next: skip + limit } : {}) };
}

export function requirePath(path: string): void {
  const parts = path.split('/');
  if (
    Buffer.byteLength(path) > PATH_BYTES_MAX ||
    path.includes('\0') ||
    parts.some((part) => part === '' || part === '.' || part === '..')
  ) {
    throw fault('path-invalid', JSON.stringify(excerpt(path, 200)));
  }
}

/** Fields of one commit, between NULs; the message is last and cut. */
export const COMMIT_FORMAT = '%H%x00%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B%x00';
const COMMIT_FIELDS = 10;

/** The commits that `COMMIT_FORMAT` printed. */
export function parseCommits(stdout: Buffer): readonly Commit[] {
  const fields = stdout.toString('utf8').split('\0');
  const commits: Commit[] = [];
  // Each commit ends with its own NUL and the one between commits.
  for (let at = 0; at + COMMIT_FIELDS <= fields.length; at += COMMIT_FIELDS + 1) {
    const [oid = '', tree = '', parents = '', an = '', ae = '', aI = '', cn = '', ce = '', cI = '', message = ''] =
      fields.slice(at, at + COMMIT_FIELDS);
    if (!OBJECT_ID.test(oid)) break;
    commits.push({
      oid,
      tree,
      parents: parents.split(' ').filter((parent) => parent !== ''),
      author: { name: an, email: ae, date: aI },
      committer: { name: cn, email: ce, date: cI },
      message: message.slice(0, MESSAGE_BYTES_MAX).trimEnd(),
    });
  }
  return commits;
}

export function lines(bytes: Buffer): readonly string[] {
  return bytes.toString('utf8').split('\n').filter(Boolean);
}
