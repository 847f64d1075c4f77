/** Files in one tree. More is refused: the list alone would take gigabytes. */
export const TREE_FILES_MAX = 2_000_000;
/** The largest file that is read. */
export const FILE_BYTES_MAX = 64 * 1024 * 1024;

export type TreeEntry = {
  /** Path below the root, with `/`. */
  readonly path: string;
  /**
   * Links and submodules are named, never followed; `other` is a pipe, a socket, a device; `unreadable` a folder that can't be
   * listed, or a name that is not UTF-8.
   */
  readonly kind: 'file' | 'symlink' | 'submodule' | 'other' | 'unreadable';
  readonly bytes: number;
  /** Id of the content in git, where it is known without reading. */
  readonly blob?: string;
};

export type Reading =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly reason: 'gone' | 'unreadable' | 'too-large' };

/** How a tree is opened again in another thread. Plain data. */
export type TreeSpec =
  | { readonly kind: 'folder'; readonly root: string }
  | {
      readonly kind: 'objects';
      readonly git: { readonly path: string; readonly env: { readonly [name: string]: string } };
      readonly gitDir: string;
    };

/**
 * Files to scan. `list` answers the same for the same state, sorted by path; `read` may be called at once for several entries of
 * that list, before `close`, which may be called twice.
 */
export type Tree = {
  list(): Promise<readonly TreeEntry[]>;
  read(entry: TreeEntry): Promise<Reading>;
  /** Another thread can open it by this. Without one, files are read on the thread that has the tree. */
  readonly spec?: TreeSpec;
  close(): void;
};

export function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}

/** A tree in memory: path to content. */
export function memoryTree(files: { readonly [path: string]: string | Uint8Array }): Tree {
  return overlayTree(emptyTree, new Map(Object.entries(files)));
}

const emptyTree: Tree = {
  list: () => Promise.resolve([]),
  read: () => Promise.resolve({ ok: false, reason: 'gone' }),
  close() {},
};

/** A tree with some contents replaced or added, or with `undefined` taken away. The tree below is not closed with it. */
export function overlayTree(below: Tree, edits: ReadonlyMap<string, string | Uint8Array | undefined>): Tree {
  const contents = new Map<string, Uint8Array>();
  for (const [path, content] of edits) {
    if (content !== undefined) contents.set(path, typeof content === 'string' ? Buffer.from(content) : content);
  }
  return {
    async list() {
      const kept = (await below.list()).filter(({ path }) => !edits.has(path));
      const own = [...contents].map(([path, { length }]): TreeEntry => ({ path, kind: 'file', bytes: length }));
      return [...kept, ...own].sort(byPath);
    },
    async read(entry) {
      const bytes = contents.get(entry.path);
      if (bytes !== undefined) return { ok: true, bytes };
      return edits.has(entry.path) ? { ok: false, reason: 'gone' } : below.read(entry);
    },
    close() {},
  };
}
