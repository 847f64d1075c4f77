import { createObjectReader, type ObjectReader } from './cat-file.ts';
import { fault } from './faults.ts';
import { askGit, type GitProgram, splitNul } from './git.ts';
import { objectsPlace, type Repository } from './repository.ts';
import { byPath, FILE_BYTES_MAX, TREE_FILES_MAX, type Tree, type TreeEntry } from './tree.ts';

/** A repository with the reader of its objects, which whoever opened it closes. */
export type OpenRepository = {
  readonly git: GitProgram;
  readonly repository: Repository;
  readonly objects: ObjectReader;
};

/** The process that reads starts with the first question. */
export function openRepository(git: GitProgram, repository: Repository): OpenRepository {
  return { git, repository, objects: createObjectReader(git, objectsPlace(repository)) };
}

/** The files of a commit below the folder that was named. */
export function commitTree(opened: OpenRepository, commit: string): Tree {
  const name = (path: string) => `${commit}:${opened.repository.prefix}${path}`;
  return repositoryTree(opened, { list: () => listCommit(opened, commit), name });
}

/** The files as they are staged. Conflicted ones are taken from the side of the work tree's branch. */
export function indexTree(opened: OpenRepository): Tree {
  const name = (path: string) => `:${opened.repository.prefix}${path}`;
  return repositoryTree(opened, { list: () => listIndex(opened), name });
}

/** Reads objects in another thread, and lists nothing. */
export function openObjects(git: GitProgram, gitDir: string): Tree {
  const objects = createObjectReader(git, { gitDir });
  const tree = objectTree(objects, { list: () => Promise.resolve([]), name: () => undefined });
  return { ...tree, spec: { kind: 'objects', git, gitDir }, close: () => objects.close() };
}

function repositoryTree({ git, repository, objects }: OpenRepository, door: Parameters<typeof objectTree>[1]): Tree {
  return { ...objectTree(objects, door), spec: { kind: 'objects', git, gitDir: repository.gitDir } };
}

function objectTree(
  reader: ObjectReader,
  {
    list,
    name,
  }: {
    readonly list: () => Promise<readonly TreeEntry[]>;
    /** What git calls the content at a path. */
    readonly name: (path: string) => string | undefined;
  },
): Tree {
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
    readPath: (path) => {
      const named = name(path);
      return named === undefined ? Promise.resolve({ ok: false, reason: 'gone' }) : reader.read(named);
    },
    close() {},
  };
}

async function listCommit({ git, repository }: OpenRepository, commit: string): Promise<readonly TreeEntry[]> {
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

async function listIndex({ git, repository, objects }: OpenRepository): Promise<readonly TreeEntry[]> {
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
  const sizes = await sizesOf(objects, blobs);
  return [...found]
    .map(([path, { kind, blob }]): TreeEntry => {
      if (kind === 'submodule') return { path, kind, bytes: 0 };
      return { path, kind, bytes: sizes.get(blob) ?? 0, blob };
    })
    .sort(byPath);
}

/** Sizes of contents, asked for at once. */
export async function sizesOf(objects: ObjectReader, blobs: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const infos = await Promise.all([...new Set(blobs)].map((blob) => objects.info(blob)));
  return new Map(infos.flatMap((info) => (info === undefined ? [] : [[info.id, info.bytes]])));
}
