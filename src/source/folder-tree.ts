import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  realpathSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fault } from './faults.ts';
import { askGit, type GitProgram, splitNul } from './git.ts';
import type { Repository } from './repository.ts';
import { byPath, FILE_BYTES_MAX, type Reading, TREE_FILES_MAX, type Tree, type TreeEntry } from './tree.ts';

/** Folders inside folders that a walk goes down. */
const DEPTH_MAX = 200;

/** Without a repository everything is listed but repositories' own folders. */
const NOT_WALKED: ReadonlySet<string> = new Set(['.git', '.hg', '.svn', '.jj']);

/**
 * The files of a folder: in a git repository the tracked and the untracked that are not ignored, elsewhere all. A link is never
 * followed and a pipe never opened, also when somebody puts one in the way of a listed file.
 */
export function folderTree(
  root: string,
  listing: { readonly git: GitProgram; readonly repository: Repository } | undefined,
): Tree {
  const reader = new FolderReader(realpathSync(root));
  let listed: Promise<readonly TreeEntry[]> | undefined;
  return {
    list: () => {
      listed ??= listFolder(reader.root, listing);
      return listed;
    },
    read: (entry) => Promise.resolve(reader.readEntry(entry)),
    readPath: (path) => Promise.resolve(reader.read(path)),
    spec: { kind: 'folder', root: reader.root },
    close() {},
  };
}

/** The same folder in another thread: it reads, and lists nothing. */
export function openFolder(root: string): Tree {
  const reader = new FolderReader(root);
  return {
    list: () => Promise.resolve([]),
    read: (entry) => Promise.resolve(reader.readEntry(entry)),
    readPath: (path) => Promise.resolve(reader.read(path)),
    spec: { kind: 'folder', root },
    close() {},
  };
}

/** Reads files below one folder. Remembers which folders are real ones, so that each is asked once. */
class FolderReader {
  readonly root: string;
  readonly #folders = new Map<string, boolean>();

  constructor(root: string) {
    this.root = root;
  }

  /** Of a link where it leads, as git keeps it; it is not followed. */
  readEntry({ path, kind }: TreeEntry): Reading {
    if (kind !== 'symlink') return this.read(path);
    if (!this.#isInside(dirname(path))) return { ok: false, reason: 'gone' };
    try {
      return { ok: true, bytes: readlinkSync(join(this.root, path), 'buffer') };
    } catch {
      // It became a file, or nothing, since it was listed.
      return { ok: false, reason: 'gone' };
    }
  }

  read(path: string): Reading {
    if (path.split('/').includes('..')) return { ok: false, reason: 'gone' };
    if (!this.#isInside(dirname(path))) return { ok: false, reason: 'gone' };
    let file: number;
    try {
      // Not blocking: whatever became a pipe since it was listed does not hold the scan.
      file = openSync(join(this.root, path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch (thrown) {
      const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
      return { ok: false, reason: code === 'ENOENT' || code === 'ELOOP' || code === 'ENXIO' ? 'gone' : 'unreadable' };
    }
    try {
      const stat = fstatSync(file);
      if (!stat.isFile()) return { ok: false, reason: 'gone' };
      if (stat.size > FILE_BYTES_MAX) return { ok: false, reason: 'too-large' };
      return { ok: true, bytes: readWhole(file, stat.size) };
    } catch {
      // A disk error, or a folder that does not let go of its files: told as a gap by the caller.
      return { ok: false, reason: 'unreadable' };
    } finally {
      closeSync(file);
    }
  }

  /** Whether each part of the path is a folder itself and no link to one. */
  #isInside(folder: string): boolean {
    if (folder === '.') return true;
    const known = this.#folders.get(folder);
    if (known !== undefined) return known;
    const entry = lstatSync(join(this.root, folder), { throwIfNoEntry: false });
    const isInside = entry !== undefined && entry.isDirectory() && this.#isInside(dirname(folder));
    this.#folders.set(folder, isInside);
    return isInside;
  }
}

/** A file may have grown or shrunk since its size was asked: what is there at that size is what is scanned. */
function readWhole(file: number, size: number): Uint8Array {
  const bytes = Buffer.allocUnsafeSlow(size);
  let at = 0;
  while (at < size) {
    const got = readSync(file, bytes, at, size - at, at);
    if (got === 0) return bytes.subarray(0, at);
    at += got;
  }
  return bytes;
}

async function listFolder(
  root: string,
  listing: { readonly git: GitProgram; readonly repository: Repository } | undefined,
): Promise<readonly TreeEntry[]> {
  const top = listing?.repository.top;
  if (listing === undefined || top === undefined) return walk(root);
  const listed = await listByGit(root, listing.git, listing.repository);
  // A folder that the repository around it ignores was named on purpose.
  return listed.length === 0 && listing.repository.prefix !== '' ? walk(root) : listed;
}

async function listByGit(root: string, git: GitProgram, repository: Repository): Promise<readonly TreeEntry[]> {
  const place = { gitDir: repository.gitDir, workTree: repository.top ?? root, cwd: root };
  const list = (...args: readonly string[]) => askGit(git, place, ['ls-files', '-z', ...args]);
  const [tracked, untracked] = await Promise.all([list('--cached', '--stage'), list('--others', '--exclude-standard')]);
  const entries = new Map<string, TreeEntry>();
  for (const line of splitNul(tracked.stdout)) {
    const path = line.slice(line.indexOf('\t') + 1);
    if (entries.has(path)) continue;
    const entry = line.startsWith('160000 ') ? submodule(path) : statEntry(root, path);
    if (entry !== undefined) entries.set(path, entry);
  }
  for (const path of splitNul(untracked.stdout)) {
    // A repository of its own that nobody has added.
    const entry = path.endsWith('/') ? submodule(path.slice(0, -1)) : statEntry(root, path);
    if (entry !== undefined) entries.set(entry.path, entry);
  }
  for (const [, folder] of untracked.stderr.matchAll(/could not open directory '([^']+)'/g)) {
    const path = (folder ?? '').replace(/\/$/, '');
    entries.set(path, { path, kind: 'unreadable', bytes: 0 });
  }
  checkCount(entries.size);
  return [...entries.values()].sort(byPath);
}

function submodule(path: string): TreeEntry {
  return { path, kind: 'submodule', bytes: 0 };
}

/** Nothing when it is gone: deleted in the work tree, and not yet in the index. */
function statEntry(root: string, path: string): TreeEntry | undefined {
  let stat: ReturnType<typeof lstatSync>;
  try {
    stat = lstatSync(join(root, path), { throwIfNoEntry: false });
  } catch {
    // A folder on the way that can't be entered.
    return { path, kind: 'unreadable', bytes: 0 };
  }
  // A name that is not UTF-8 can't be asked for: it is told, not skipped.
  if (stat === undefined && path.includes('\uFFFD')) return { path, kind: 'unreadable', bytes: 0 };
  if (stat === undefined || stat.isDirectory()) return undefined;
  const kind = stat.isFile() ? 'file' : stat.isSymbolicLink() ? 'symlink' : 'other';
  return { path, kind, bytes: stat.size };
}

function walk(root: string): readonly TreeEntry[] {
  const found: TreeEntry[] = [];
  const open: { readonly folder: string; readonly depth: number }[] = [{ folder: '', depth: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { folder, depth } = next;
    if (depth > DEPTH_MAX) throw fault('tree-too-large', `${folder} lies more than ${DEPTH_MAX} folders deep`);
    const entries = entriesOf(join(root, folder));
    if (entries === undefined) found.push({ path: folder === '' ? '.' : folder, kind: 'unreadable', bytes: 0 });
    for (const entry of entries ?? []) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (!entry.isDirectory()) {
        const file = statEntry(root, path);
        if (file !== undefined) found.push(file);
      } else if (!NOT_WALKED.has(entry.name)) {
        open.push({ folder: path, depth: depth + 1 });
      }
    }
    checkCount(found.length);
  }
  return found.sort(byPath);
}

function entriesOf(path: string) {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    // Told as a gap: the rest is scanned all the same.
    return undefined;
  }
}

function checkCount(files: number): void {
  if (files > TREE_FILES_MAX) throw fault('tree-too-large', `the tree has more than ${TREE_FILES_MAX} files`);
}
