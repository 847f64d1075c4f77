import { createObjectReader } from './cat-file.ts';
import { fault } from './faults.ts';
import { askGit, type GitProgram, splitNul } from './git.ts';
import { objectsPlace, type Repository } from './repository.ts';
import { byPath, FILE_BYTES_MAX, TREE_FILES_MAX, type Tree, type TreeEntry } from './tree.ts';

/** The files of a commit below the folder that was named. */
export function commitTree(git: GitProgram, repository: Repository, commit: string): Tree {
  return objectTree(git, repository.gitDir, () => listCommit(git, repository, commit));
}

/** The files as they are staged. Conflicted ones are taken from the side of the work tree's branch. */
export function indexTree(git: GitProgram, repository: Repository): Tree {
  return objectTree(git, repository.gitDir, () => listIndex(git, repository));
}

/** Reads objects in another thread, and lists nothing. */
export function openObjects(git: GitProgram, gitDir: string): Tree {
  return objectTree(git, gitDir, () => Promise.resolve([]));
}

function objectTree(git: GitProgram, gitDir: string, list: () => Promise<readonly TreeEntry[]>): Tree {
  const reader = createObjectReader(git, { gitDir });
  let listed: Promise<readonly TreeEntry[]> | undefined;
  return {
    list: () => {
      listed ??= list();
      return listed;
    },
    read: (entry) => {
      if (entry.bytes > FILE_BYTES_MAX) return Promise.resolve({ ok: false, reason: 'too-large' });
      return entry.blob === undefined ? Promise.resolve({ ok: false, reason: 'gone' }) : reader.read(entry.blob);
    },
    spec: { kind: 'objects', git, gitDir },
    close: () => reader.close(),
  };
}

async function listCommit(git: GitProgram, repository: Repository, commit: string): Promise<readonly TreeEntry[]> {
  const { stdout, code } = await askGit(
    git,
    objectsPlace(repository),
    ['ls-tree', '-r', '-l', '-z', `${commit}:${repository.prefix.replace(/\/$/, '')}`],
    // The folder is not in that commit.
    { accept: [128] },
  );
  return code === 0 ? splitNul(stdout).flatMap(entryOf).sort(byPath) : [];
}

/** `<mode> <type> <object> <size>\t<path>` */
function entryOf(line: string): readonly TreeEntry[] {
  const tab = line.indexOf('\t');
  const [mode = '', , blob = '', size = ''] = line.slice(0, tab).split(/ +/);
  const kind = kindOf(mode);
  const bytes = kind === 'submodule' ? 0 : Number(size);
  return [{ path: line.slice(tab + 1), kind, bytes, ...(kind === 'submodule' ? {} : { blob }) }];
}

function kindOf(mode: string): TreeEntry['kind'] {
  return mode === '160000' ? 'submodule' : mode === '120000' ? 'symlink' : 'file';
}

async function listIndex(git: GitProgram, repository: Repository): Promise<readonly TreeEntry[]> {
  const place = objectsPlace(repository);
  const { stdout } = await askGit(git, place, ['ls-files', '-z', '--cached', '--stage', '--full-name']);
  const found = new Map<string, { readonly kind: TreeEntry['kind']; readonly blob: string }>();
  for (const line of splitNul(stdout)) {
    const tab = line.indexOf('\t');
    const path = line.slice(tab + 1);
    const [mode = '', blob = '', stage] = line.slice(0, tab).split(' ');
    if (path.startsWith(repository.prefix) && (stage === '0' || stage === '2' || !found.has(path))) {
      found.set(path.slice(repository.prefix.length), { kind: kindOf(mode), blob });
    }
  }
  if (found.size > TREE_FILES_MAX) throw fault('tree-too-large', `more than ${TREE_FILES_MAX} files are staged`);
  const blobs = [...found.values()].filter(({ kind }) => kind !== 'submodule').map(({ blob }) => blob);
  const sizes = await sizesOf(git, repository, blobs);
  return [...found]
    .map(([path, { kind, blob }]): TreeEntry => {
      if (kind === 'submodule') return { path, kind, bytes: 0 };
      return { path, kind, bytes: sizes.get(blob) ?? 0, blob };
    })
    .sort(byPath);
}

/** Sizes of contents, asked for at once. */
export async function sizesOf(
  git: GitProgram,
  repository: Repository,
  blobs: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (blobs.length === 0) return new Map();
  const { stdout } = await askGit(
    git,
    objectsPlace(repository),
    ['cat-file', '--batch-check=%(objectname) %(objectsize)'],
    { input: [...new Set(blobs)].map((blob) => `${blob}\n`).join('') },
  );
  const sizes = new Map<string, number>();
  for (const line of stdout.toString('latin1').split('\n')) {
    const [blob = '', size] = line.split(' ');
    if (size !== undefined && /^\d+$/.test(size)) sizes.set(blob, Number(size));
  }
  return sizes;
}
