import type { Readable } from 'node:stream';
import { excerpt, isFault } from '../base/index.ts';
import { gitEnvironment, SERVING, type Slots } from '../git/index.ts';
import { askGit, type GitAsk, type GitPlace, type GitProgram, splitNul } from '../source/index.ts';
import { fault } from './faults.ts';
import { refProblem } from './names.ts';
import { type Diff, readDiff } from './read-diff.ts';
import {
  type Ask,
  type Commit,
  DIFF_MS_MAX,
  EMPTY_TREE,
  lines,
  OBJECT_ID,
  type Page,
  PAGE_MAX,
  page,
  pageOf,
  requireId,
  requirePath,
  type Span,
} from './read-ground.ts';
import {
  type BranchPlace,
  type CommitLine,
  type Distance,
  distance,
  lastCommits,
  listBranches,
  listCommits,
  listTags,
  type TagPlace,
} from './read-history.ts';
import { type ArchiveRequest, archiveSlots, streamArchive } from './read-archive.ts';
import { ZERO } from './rules.ts';

/** One answer of git. */
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;
const ANSWER_MS_MAX = 60_000;
/** A tree that doubles at each depth has few objects and billions of paths, which git collects before it prints them. */
const MEMORY_BYTES_MAX = 1024 ** 3;
export const FILE_BYTES_MAX = 16 * 1024 * 1024;
export const PATHS_MAX = 100_000;
/** Of one folder. */
const ENTRIES_MAX = 10_000;

export type RefPlace = {
  readonly ref: string;
  readonly oid: string /** Of an annotated tag. */;
  readonly peeled?: string;
};
export type FileContent = { readonly mode: string; readonly oid: string; readonly bytes: Buffer };
export type FilePlace = { readonly path: string; readonly mode: string; readonly oid: string; readonly bytes: number };
export type ChangedPath = { readonly path: string; readonly status: 'added' | 'modified' | 'deleted' };
export type TreeEntry = {
  readonly name: string;
  readonly mode: string;
  readonly type: 'blob' | 'tree' | 'commit';
  readonly oid: string;
  /** Of a blob. */
  readonly bytes?: number;
};
/**
 * Reads one repository. Names are names and ids, never expressions of git (`main~3`, `:/text`); every answer is bounded. A reader of a
 * push in quarantine sees its new objects, too.
 */
export type RepositoryReader = {
  /** The commit that a branch, a tag, a full ref or an id means. */
  resolve(revision: string): Promise<string | undefined>;
  listRefs(options?: {
    readonly prefix?: string;
    readonly skip?: number;
    readonly limit?: number;
  }): Promise<Page<RefPlace>>;
  /** Throws `repo/file-missing`, `repo/too-large`, `repo/path-invalid`. A symbolic link is its text, with the mode 120000. */
  readFile(commit: string, path: string, bytesMax?: number): Promise<FileContent>;
  /** Files below these folders of a commit, at most `PATHS_MAX`. */
  listFiles(commit: string, folders: readonly string[]): Promise<readonly FilePlace[]>;
  /** The content of a file that `listFiles` told of. */
  readBlob(oid: string, bytesMax?: number): Promise<Buffer>;
  /** What a folder of a commit holds; '' is the top. Throws `repo/file-missing`, also for a file, and `repo/too-large`. */
  listTree(commit: string, path: string): Promise<readonly TreeEntry[]>;
  /** The facts of one commit. */
  readCommit(commit: string): Promise<Commit>;
  /** Its files as one archive. Throws `repo/busy`, and `repo/too-large` for more than `PATHS_MAX` of them; the stream fails with that, too. */
  archive(request: ArchiveRequest): Promise<Readable>;
  /** Between two commits; from `ZERO` everything is added. */
  changedPaths(base: string, head: string): Promise<readonly ChangedPath[]>;
  mergeBase(one: string, other: string): Promise<string | undefined>;
  isAncestor(older: string, newer: string): Promise<boolean>;
  /** `without`: not those that this commit has, too. `path`: those that changed it. */
  listCommits(
    from: string,
    options?: { readonly skip?: number; readonly limit?: number; readonly without?: string; readonly path?: string },
  ): Promise<Page<Commit>>;
  /** For entries of a folder, by name, the last commit that changed them, as far as it is quick to tell. '' is the top. */
  lastCommits(commit: string, folder: string): Promise<ReadonlyMap<string, CommitLine>>;
  /** Those with the newest commits first. `query`: only those whose name has this text. */
  listBranches(options?: RefQuery): Promise<Page<BranchPlace>>;
  listTags(options?: RefQuery): Promise<Page<TagPlace>>;
  /** Nothing when it takes too long to count. */
  distance(base: string, head: string): Promise<Distance | undefined>;
  /** What differs between two commits; from `ZERO` everything is added. Bounded: see `Diff`. */
  diff(request: { readonly base: string; readonly head: string; readonly path?: string }): Promise<Diff>;
  /** What each object is; those that are missing are left out. */
  typesOf(oids: readonly string[]): Promise<ReadonlyMap<string, 'commit' | 'tag' | 'tree' | 'blob'>>;
};

export type RefQuery = { readonly query?: string; readonly skip?: number; readonly limit?: number };

export type ReaderOptions = {
  readonly gitPath: string;
  readonly gitDir: string;
  /** Objects of a push that is being decided. */
  readonly quarantine?: string;
  /** For archives, shared by all readers. */
  readonly slots?: Slots;
};

export function readerOf({ gitPath, gitDir, quarantine, slots = archiveSlots() }: ReaderOptions): RepositoryReader {
  const program: GitProgram = {
    path: gitPath,
    memoryBytesMax: MEMORY_BYTES_MAX,
    env: gitEnvironment([...SERVING, ['safe.directory', gitDir]], {
      GIT_LITERAL_PATHSPECS: '1',
      ...(quarantine === undefined
        ? {}
        : { GIT_OBJECT_DIRECTORY: quarantine, GIT_ALTERNATE_OBJECT_DIRECTORIES: `${gitDir}/objects` }),
    }),
  };
  const place: GitPlace = { gitDir, withoutIndex: true };
  const ask = async (args: readonly string[], options: GitAsk = {}) => {
    try {
      return await askGit(program, place, args, { bytesMax: OUTPUT_BYTES_MAX, msMax: ANSWER_MS_MAX, ...options });
    } catch (thrown) {
      if (isFault(thrown, 'source/output-too-large')) throw fault('too-large', thrown.message, { cause: thrown });
      throw thrown;
    }
  };
  const reader: RepositoryReader = {
    async resolve(revision) {
      const names = OBJECT_ID.test(revision)
        ? [revision]
        : [revision, `refs/heads/${revision}`, `refs/tags/${revision}`].filter(
            (name) => refProblem(name) === undefined,
          );
      for (const name of names) {
        const { code, stdout } = await ask(
          ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`],
          { accept: [1, 128] },
        );
        const oid = stdout.toString('latin1').trim();
        if (code === 0 && OBJECT_ID.test(oid)) return oid;
      }
      return undefined;
    },
    listRefs: ({ prefix = 'refs/', skip = 0, limit = PAGE_MAX } = {}) => listRefs(ask, prefix, page(skip, limit)),
    readFile: (commit, path, bytesMax = FILE_BYTES_MAX) => readFile(ask, requireId(commit), { path, bytesMax }),
    listTree: (commit, path) => listTree(ask, requireId(commit), path),
    changedPaths: (base, head) => changedPaths(ask, requireId(base), requireId(head)),
    async mergeBase(one, other) {
      const { code, stdout } = await ask(['merge-base', '--end-of-options', requireId(one), requireId(other)], {
        accept: [1],
      });
      return code === 0 ? stdout.toString('latin1').trim().split('\n')[0] : undefined;
    },
    async isAncestor(older, newer) {
      const args = ['merge-base', '--is-ancestor', '--end-of-options', requireId(older), requireId(newer)];
      return (await ask(args, { accept: [1] })).code === 0;
    },
    listCommits: (from, { skip = 0, limit = 50, without, path } = {}) =>
      listCommits(ask, [requireId(from), ...(without === undefined ? [] : [`^${requireId(without)}`])], {
        ...page(skip, limit),
        ...(path === undefined ? {} : { path }),
      }),
    lastCommits: (commit, folder) => lastCommits(ask, commit, folder),
    listBranches: ({ query = '', skip = 0, limit = 50 } = {}) => listBranches(ask, query, page(skip, limit)),
    listTags: ({ query = '', skip = 0, limit = 50 } = {}) => listTags(ask, query, page(skip, limit)),
    distance: (base, head) => distance(ask, base, head),
    diff: (request) => readDiff(ask, request),
    async readCommit(commit) {
      const [found] = (await listCommits(ask, [requireId(commit)], { skip: 0, limit: 1 })).items;
      if (found === undefined) throw fault('revision-unknown', `there is no commit ${commit}`);
      return found;
    },
    async archive(request) {
      const known = (await reader.typesOf([request.commit])).get(request.commit);
      if (known !== 'commit') throw fault('revision-unknown', `there is no commit ${request.commit}`);
      // Git unfolds the whole tree in memory before it writes the first file.
      await listFiles(ask, request.commit, []);
      return streamArchive({ gitPath, gitDir, slots }, request);
    },
    listFiles: (commit, folders) => listFiles(ask, requireId(commit), folders),
    async readBlob(oid, bytesMax = FILE_BYTES_MAX) {
      return (await ask(['cat-file', 'blob', requireId(oid)], { bytesMax })).stdout;
    },
    async typesOf(oids) {
      if (oids.length === 0) return new Map();
      const { stdout } = await ask(['cat-file', '--batch-check=%(objectname) %(objecttype)'], {
        input: `${oids.map(requireId).join('\n')}\n`,
      });
      const found = new Map<string, 'commit' | 'tag' | 'tree' | 'blob'>();
      for (const line of stdout.toString('latin1').split('\n')) {
        const [oid = '', type] = line.split(' ');
        if (type === 'commit' || type === 'tag' || type === 'tree' || type === 'blob') found.set(oid, type);
      }
      return found;
    },
  };
  return reader;
}

async function listRefs(ask: Ask, prefix: string, span: Span): Promise<Page<RefPlace>> {
  const { skip, limit } = span;
  const { stdout } = await ask([
    'for-each-ref',
    `--count=${skip + limit + 1}`,
    '--format=%(objectname) %(*objectname) %(refname)',
    '--end-of-options',
    ...(prefix === 'refs/' ? [] : [requirePrefix(prefix)]),
  ]);
  const refs = lines(stdout).map((line) => {
    const [, oid = '', peeled = '', ref = ''] = /^(\S+) (\S*) (.+)$/.exec(line) ?? [];
    return { ref, oid, ...(peeled === '' ? {} : { peeled }) };
  });
  return pageOf(refs.slice(skip), span);
}

/** A folder of refs, without the characters of patterns. */
function requirePrefix(prefix: string): string {
  const clean = prefix.replace(/\/$/, '');
  if (clean !== 'refs/heads' && clean !== 'refs/tags' && refProblem(clean) !== undefined) {
    throw fault('revision-unknown', `${JSON.stringify(excerpt(prefix, 100))} is no folder of refs`);
  }
  return clean;
}

/** Every ref with its place, for comparison with the log. */
export async function readAllRefs(
  options: ReaderOptions,
  names: readonly string[] | undefined,
): Promise<ReadonlyMap<string, string>> {
  const program: GitProgram = {
    path: options.gitPath,
    env: gitEnvironment([...SERVING, ['safe.directory', options.gitDir]]),
  };
  const asked = names !== undefined && names.length <= NAMES_MAX ? names : [];
  const { stdout } = await askGit(
    program,
    { gitDir: options.gitDir, withoutIndex: true },
    ['for-each-ref', '--format=%(objectname) %(refname)', '--end-of-options', ...asked],
    { bytesMax: OUTPUT_BYTES_MAX, msMax: ANSWER_MS_MAX },
  );
  const wanted = names === undefined ? undefined : new Set(names);
  const found = lines(stdout).map((line): [string, string] => [line.slice(41), line.slice(0, 40)]);
  return new Map(found.filter(([ref]) => wanted?.has(ref) ?? true));
}

/** Names that are asked for one by one. */
const NAMES_MAX = 50;

async function readFile(
  ask: Ask,
  commit: string,
  { path, bytesMax }: { readonly path: string; readonly bytesMax: number },
): Promise<FileContent> {
  requirePath(path);
  const missing = () => fault('file-missing', `${excerpt(path, 200)} is not in ${commit}`);
  const { code, stdout } = await ask(['ls-tree', '-z', '--full-tree', '--end-of-options', commit, '--', path], {
    accept: [128],
  });
  if (code !== 0) throw fault('revision-unknown', `there is no commit ${commit}`);
  const [entry = ''] = splitNul(stdout);
  const [, mode, oid, name] = /^(\d{6}) blob ([0-9a-f]{40})\t(.+)$/s.exec(entry) ?? [];
  if (mode === undefined || oid === undefined || name !== path) throw missing();
  const size = Number((await ask(['cat-file', '-s', '--end-of-options', oid])).stdout.toString('latin1'));
  if (size > bytesMax) throw fault('too-large', `${excerpt(path, 200)} has ${size} bytes`);
  const { stdout: bytes } = await ask(['cat-file', 'blob', oid], { bytesMax: bytesMax + 1 });
  return { mode, oid, bytes };
}

async function listFiles(ask: Ask, commit: string, folders: readonly string[]): Promise<readonly FilePlace[]> {
  // After `--end-of-options` git takes `--` for a path: alone it would match nothing.
  const paths = folders.length === 0 ? [] : ['--', ...folders];
  const args = ['ls-tree', '-r', '-z', '--long', '--full-tree', '--end-of-options', commit, ...paths];
  const { code, stdout } = await ask(args, { accept: [128] });
  if (code !== 0) throw fault('revision-unknown', `there is no commit ${commit}`);
  const entries = splitNul(stdout);
  if (entries.length > PATHS_MAX) throw fault('too-large', `more than ${PATHS_MAX} files`);
  return entries.flatMap((entry): readonly FilePlace[] => {
    const [, mode, oid, bytes, path] = /^(\d{6}) blob ([0-9a-f]{40}) +(\d+)\t(.+)$/s.exec(entry) ?? [];
    return mode === undefined || oid === undefined || path === undefined
      ? []
      : [{ path, mode, oid, bytes: Number(bytes) }];
  });
}

async function listTree(ask: Ask, commit: string, path: string): Promise<readonly TreeEntry[]> {
  if (path !== '') requirePath(path);
  const place = path === '' ? commit : `${commit}:${path}`;
  const args = ['ls-tree', '-z', '--long', '--full-tree', '--end-of-options', place];
  const { code, stdout } = await ask(args, { accept: [128] });
  if (code !== 0) throw fault('file-missing', `${excerpt(path, 200)} is no folder of ${commit}`);
  const entries = splitNul(stdout);
  if (entries.length > ENTRIES_MAX) throw fault('too-large', `more than ${ENTRIES_MAX} entries in one folder`);
  return entries.flatMap((entry) => {
    const [, mode = '', type, oid = '', bytes, name = ''] =
      /^(\d{6}) (blob|tree|commit) ([0-9a-f]{40}) +(\d+|-)\t(.+)$/s.exec(entry) ?? [];
    if (type !== 'blob' && type !== 'tree' && type !== 'commit') return [];
    return [{ name, mode, type, oid, ...(type === 'blob' ? { bytes: Number(bytes) } : {}) }];
  });
}

async function changedPaths(ask: Ask, base: string, head: string): Promise<readonly ChangedPath[]> {
  const from = base === ZERO ? EMPTY_TREE : base;
  const args = ['diff-tree', '-r', '-z', '--no-renames', '--name-status', '--end-of-options', from, head];
  const [known, { code, stdout }] = await Promise.all([
    ask(['cat-file', '--batch-check'], { input: `${from}\n${head}\n` }),
    ask(args, { accept: [128, 137], msMax: DIFF_MS_MAX }),
  ]);
  if (/ missing$/m.test(known.stdout.toString('latin1'))) {
    throw fault('revision-unknown', `${base} or ${head} is not there`);
  }
  if (code !== 0) throw fault('too-large', `the paths between ${base} and ${head} are too many to list`);
  const fields = splitNul(stdout);
  if (fields.length > 2 * PATHS_MAX) throw fault('too-large', `more than ${PATHS_MAX} paths differ`);
  const changed: ChangedPath[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const letter = fields[at];
    const status = letter === 'A' ? 'added' : letter === 'D' ? 'deleted' : 'modified';
    changed.push({ path: fields[at + 1] ?? '', status });
  }
  return changed;
}
