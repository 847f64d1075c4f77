import type { ObjectReader } from './cat-file.ts';

/** Folders below each other that are compared. */
const DEPTH_MAX = 100;
/** Paths that differ: a change of more is compared by git itself. */
const CHANGES_MAX = 20_000;
/** Commits that are followed one by one. */
const CHAIN_MAX = 64;

/** One side of a path that differs; of one that is not there all parts are empty. */
export type Side = { readonly path: string; readonly mode: string; readonly blob: string };

type Entry = { readonly mode: string; readonly id: string };

/**
 * The paths that differ between two commits, read folder by folder where they differ, without another process. Nothing when git itself has
 * to look: a file that went and one that came may be one that moved, and some changes are too large.
 */
export async function treeChanges(
  objects: ObjectReader,
  { base, head }: { readonly base: string; readonly head: string },
): Promise<readonly { readonly from: Side; readonly to: Side }[] | undefined> {
  const found: { readonly from: Side; readonly to: Side }[] = [];
  let isWhole = true;
  const sideOf = (path: string, entry: Entry | undefined): Side => ({
    path,
    mode: entry?.mode ?? '',
    blob: entry?.id ?? '',
  });
  const compare = async (path: string, names: readonly [string | undefined, string | undefined], depth: number) => {
    const [before, after] = await Promise.all(names.map((name) => readFolder(objects, name)));
    if (before === undefined || after === undefined || depth > DEPTH_MAX || found.length > CHANGES_MAX) isWhole = false;
    if (before === undefined || after === undefined || !isWhole) return;
    const below: Promise<void>[] = [];
    for (const name of new Set([...before.keys(), ...after.keys()])) {
      const [was, is] = [before.get(name), after.get(name)];
      if (was?.id === is?.id && was?.mode === is?.mode) continue;
      const [wasFolder, isFolder] = [was, is].map((entry) => (isTree(entry) ? entry?.id : undefined));
      const [wasFile, isFile] = [was, is].map((entry) => (isTree(entry) ? undefined : entry));
      if (wasFile !== undefined || isFile !== undefined) {
        found.push({ from: sideOf(path + name, wasFile), to: sideOf(path + name, isFile) });
      }
      if (wasFolder !== undefined || isFolder !== undefined) {
        below.push(compare(`${path}${name}/`, [wasFolder, isFolder], depth + 1));
      }
    }
    await Promise.all(below);
  };
  await compare('', [`${base}^{tree}`, `${head}^{tree}`], 0);
  const hasGone = found.some(({ to }) => to.mode === '');
  const hasCome = found.some(({ from }) => from.mode === '');
  return isWhole && !(hasGone && hasCome) ? found : undefined;
}

function isTree(entry: Entry | undefined): boolean {
  return entry?.mode === '40000';
}

/** `<mode> <name>`, a NUL, and the id as bytes; a folder that is not there is empty. */
async function readFolder(
  objects: ObjectReader,
  name: string | undefined,
): Promise<ReadonlyMap<string, Entry> | undefined> {
  if (name === undefined) return new Map();
  const tree = await objects.raw(name, 'tree');
  if (tree === undefined) return undefined;
  const bytes = Buffer.from(tree.bytes.buffer, tree.bytes.byteOffset, tree.bytes.byteLength);
  const idBytes = tree.id.length / 2;
  const entries = new Map<string, Entry>();
  for (let at = 0; at < bytes.length; ) {
    const blank = bytes.indexOf(32, at);
    const end = bytes.indexOf(0, blank);
    if (blank === -1 || end === -1) return undefined;
    const mode = bytes.toString('latin1', at, blank);
    const id = bytes.toString('hex', end + 1, end + 1 + idBytes);
    entries.set(bytes.toString('utf8', blank + 1, end), { mode, id });
    at = end + 1 + idBytes;
  }
  return entries;
}

/**
 * The commits of `head` that `base` has not, the newest first, where each has the one before as its only parent. Nothing for any other
 * history: git itself has to look.
 */
export async function chainOf(
  objects: ObjectReader,
  { base, head }: { readonly base: string; readonly head: string },
): Promise<readonly string[] | undefined> {
  const chain: string[] = [];
  for (let at = head; at !== base; ) {
    const commit = chain.length < CHAIN_MAX ? await objects.raw(at, 'commit') : undefined;
    if (commit === undefined) return undefined;
    if (commit.id === base) break;
    const headers = Buffer.from(commit.bytes).toString('latin1').split('\n\n', 1)[0] ?? '';
    const parents = [...headers.matchAll(/^parent ([0-9a-f]{40,64})$/gm)].map(([, parent = '']) => parent);
    const [parent] = parents;
    if (parents.length !== 1 || parent === undefined) return undefined;
    chain.push(commit.id);
    at = parent;
  }
  return chain;
}
