import { isFault } from '../base/index.ts';
import { splitNul } from '../source/index.ts';
import { fault } from './faults.ts';
import {
  type Ask,
  COMMIT_FORMAT,
  type Commit,
  DIFF_MS_MAX,
  lines,
  OBJECT_ID,
  type Page,
  pageOf,
  parseCommits,
  requireId,
  requirePath,
  type Span,
} from './read-ground.ts';

/** Commits that are looked through for the last ones of a folder's entries, and again when that takes too long. */
const LOOKED_THROUGH = [1000, 50] as const;
const LAST_COMMITS_MS_MAX = 5000;
const LAST_COMMITS_BYTES_MAX = 16 * 1024 * 1024;
/** Refs whose fields are read before a page is cut out of them. */
const NAMED_REFS_MAX = 10_000;
const COUNT_MS_MAX = 5000;
const SUBJECT_LENGTH_MAX = 200;

/** What a commit is in a list: its first line only. */
export type CommitLine = {
  readonly oid: string;
  readonly author: string;
  readonly date: string;
  readonly subject: string;
};
export type BranchPlace = { readonly name: string; readonly commit: CommitLine };
/** `commit` is missing for a tag of something else. */
export type TagPlace = { readonly name: string; readonly oid: string; readonly commit?: CommitLine };
/** Commits that only the one has, and only the other. */
export type Distance = { readonly ahead: number; readonly behind: number };

/** Commits that these revisions reach, newest first; with a path, those that changed it. */
export async function listCommits(
  ask: Ask,
  from: readonly string[],
  { path, ...span }: Span & { readonly path?: string },
): Promise<Page<Commit>> {
  if (path !== undefined) requirePath(path);
  const { code, stdout } = await ask(
    [
      'log',
      '-z',
      `--format=${COMMIT_FORMAT}`,
      '--no-notes',
      '--no-decorate',
      `--skip=${span.skip}`,
      `--max-count=${span.limit + 1}`,
      '--end-of-options',
      ...from,
      ...(path === undefined ? [] : ['--', path]),
    ],
    { accept: [128, 137], ...(path === undefined ? {} : { msMax: DIFF_MS_MAX }) },
  );
  if (code === 137) throw fault('too-large', 'the history is too long to look for the changes of one path');
  if (code !== 0) throw fault('revision-unknown', `there is no commit ${from.join(' ')}`);
  return pageOf(parseCommits(stdout), span);
}

/**
 * For entries of a folder (by name), the last commit that changed them or something below, as far as the last thousand commits of the
 * folder tell. An entry that is not in the answer is older, or the history too wide to walk while somebody waits.
 */
export async function lastCommits(ask: Ask, commit: string, folder: string): Promise<ReadonlyMap<string, CommitLine>> {
  requireId(commit);
  if (folder !== '') requirePath(folder);
  for (const count of LOOKED_THROUGH) {
    try {
      const { code, stdout } = await ask(
        [
          'log',
          '-z',
          '--format=%x00%x00%H%x00%an%x00%aI%x00%s%x00',
          '--name-only',
          '--no-renames',
          '--no-notes',
          '--no-decorate',
          `--max-count=${count}`,
          '--end-of-options',
          commit,
          ...(folder === '' ? [] : ['--', folder]),
        ],
        { accept: [128, 137], msMax: LAST_COMMITS_MS_MAX, bytesMax: LAST_COMMITS_BYTES_MAX },
      );
      if (code === 128) throw fault('revision-unknown', `there is no commit ${commit}`);
      if (code === 0) return lastOf(splitNul(stdout), folder === '' ? '' : `${folder}/`);
    } catch (thrown) {
      // More names than are held: fewer commits may do.
      if (!isFault(thrown, 'repo/too-large')) throw thrown;
    }
  }
  return new Map();
}

/** Names of paths are never empty, so that an empty field is where a commit ends. */
function lastOf(fields: readonly string[], prefix: string): ReadonlyMap<string, CommitLine> {
  const last = new Map<string, CommitLine>();
  let at = 0;
  while (at < fields.length) {
    if (fields[at] === '') {
      at += 1;
      continue;
    }
    const [oid = '', author = '', date = '', subject = ''] = fields.slice(at, at + 4);
    if (!OBJECT_ID.test(oid)) break;
    const line = { oid, author, date, subject: subject.slice(0, SUBJECT_LENGTH_MAX) };
    at += 5;
    for (let isFirst = true; at < fields.length && fields[at] !== ''; at += 1, isFirst = false) {
      const path = (fields[at] ?? '').slice(isFirst ? 1 : 0);
      if (!path.startsWith(prefix)) continue;
      const name = path.slice(prefix.length).split('/', 1)[0] ?? '';
      if (!last.has(name)) last.set(name, line);
    }
  }
  return last;
}

const COMMIT_FIELDS = '%(authorname)%00%(authordate:iso-strict)%00%(contents:subject)';
const PEELED_FIELDS = '%(*authorname)%00%(*authordate:iso-strict)%00%(*contents:subject)';

/** Branches, those with the newest commits first. `query`: only those whose name has this text. */
export async function listBranches(ask: Ask, query: string, span: Span): Promise<Page<BranchPlace>> {
  const rows = await namedRefs(ask, 'refs/heads', `%(objectname)%00${COMMIT_FIELDS}`, '-committerdate');
  const branches = rows.map(([name = '', oid = '', author = '', date = '', subject = '']) => ({
    name,
    commit: { oid, author, date, subject: subject.slice(0, SUBJECT_LENGTH_MAX) },
  }));
  return slice(branches, query, span);
}

/** Tags, the newest first. */
export async function listTags(ask: Ask, query: string, span: Span): Promise<Page<TagPlace>> {
  const format = `%(objectname)%00%(objecttype)%00${COMMIT_FIELDS}%00%(*objectname)%00%(*objecttype)%00${PEELED_FIELDS}`;
  const rows = await namedRefs(ask, 'refs/tags', format, '-creatordate');
  const tags = rows.map(([name = '', oid = '', type, ...fields]): TagPlace => {
    const [author = '', date = '', subject = '', peeled = '', peeledType, ...own] = fields;
    const [peeledAuthor = '', peeledDate = '', peeledSubject = ''] = own;
    if (type === 'commit') return { name, oid, commit: lineOf(oid, author, date, subject) };
    if (peeledType !== 'commit') return { name, oid };
    return { name, oid, commit: lineOf(peeled, peeledAuthor, peeledDate, peeledSubject) };
  });
  return slice(tags, query, span);
}

const lineOf = (oid: string, author: string, date: string, subject: string): CommitLine => ({
  oid,
  author,
  date,
  subject: subject.slice(0, SUBJECT_LENGTH_MAX),
});

async function namedRefs(
  ask: Ask,
  folder: 'refs/heads' | 'refs/tags',
  format: string,
  sort: string,
): Promise<readonly (readonly string[])[]> {
  const { stdout } = await ask([
    'for-each-ref',
    `--count=${NAMED_REFS_MAX}`,
    `--sort=${sort}`,
    `--format=%(refname)%00${format}`,
    '--end-of-options',
    folder,
  ]);
  // A subject is one line, and no other field has a line end.
  return lines(stdout).map((line) => {
    const [ref = '', ...fields] = line.split('\0');
    return [ref.slice(folder.length + 1), ...fields];
  });
}

function slice<Item extends { readonly name: string }>(
  items: readonly Item[],
  query: string,
  { skip, limit }: Span,
): Page<Item> {
  const wanted = query.toLowerCase();
  const found = items.filter(({ name }) => name.toLowerCase().includes(wanted));
  return pageOf(found.slice(skip, skip + limit + 1), { skip, limit });
}

/** How far a commit is from another; nothing when that takes too long to count. */
export async function distance(ask: Ask, base: string, head: string): Promise<Distance | undefined> {
  const range = `${requireId(base)}...${requireId(head)}`;
  const { code, stdout } = await ask(['rev-list', '--count', '--left-right', '--end-of-options', range], {
    accept: [128, 137],
    msMax: COUNT_MS_MAX,
  });
  const [, behind, ahead] = /^(\d+)\t(\d+)\s*$/.exec(stdout.toString('latin1')) ?? [];
  if (code !== 0 || behind === undefined || ahead === undefined) return undefined;
  return { ahead: Number(ahead), behind: Number(behind) };
}
