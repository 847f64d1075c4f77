import { assert } from '../base/index.ts';
import { type Hash, nodeHash, type SubtreeHash } from './tree.ts';

/** Hashes in one full tile. C2SP tlog-tiles. */
export const TILE_WIDTH = 256;
/** Levels of the tree that one level of tiles spans. */
const TILE_HEIGHT = 8;
export const HASH_BYTES = 32;

/** A tile: `width` hashes of tree level `level * 8`, from `index * 256`. A full one never changes. */
export type TileName = { readonly level: number; readonly index: number; readonly width: number };

/** The bytes of a tile: its hashes one after the other. */
export type ReadTile = (tile: TileName) => Promise<Uint8Array>;

/** `tile/0/x001/234` and `tile/0/x001/234.p/5`. C2SP tlog-tiles, "Merkle Tree". */
export function tilePath({ level, index, width }: TileName): string {
  const digits = String(index).padStart(Math.ceil(String(index).length / 3) * 3, '0');
  const groups = digits.match(/\d{3}/g) ?? [];
  const path = groups.map((group, at) => (at === groups.length - 1 ? group : `x${group}`)).join('/');
  return `tile/${level}/${path}${width === TILE_WIDTH ? '' : `.p/${width}`}`;
}

/** The tiles that are new or longer in a tree of `after` leaves than in one of `before`. */
export function changedTiles(before: number, after: number): readonly TileName[] {
  const tiles: TileName[] = [];
  for (let level = 0; ; level += 1) {
    const had = Math.floor(before / TILE_WIDTH ** level);
    const has = Math.floor(after / TILE_WIDTH ** level);
    if (has === 0) return tiles;
    if (has === had) continue;
    for (let index = Math.floor(had / TILE_WIDTH); index * TILE_WIDTH < has; index += 1) {
      tiles.push({ level, index, width: Math.min(TILE_WIDTH, has - index * TILE_WIDTH) });
    }
  }
}

/** Answers subtree hashes of a tree of `size` leaves from its tiles. Each tile is read once. */
export function hashesOfTiles(size: number, readTile: ReadTile): SubtreeHash {
  const known = new Map<string, Promise<Uint8Array>>();
  return async (level, index) => {
    const tileLevel = Math.floor(level / TILE_HEIGHT);
    const within = level % TILE_HEIGHT;
    // The first of the tile's hashes that lie below the wanted node.
    const first = index * 2 ** within;
    const tileIndex = Math.floor(first / TILE_WIDTH);
    const available = Math.floor(size / TILE_WIDTH ** tileLevel) - tileIndex * TILE_WIDTH;
    const width = Math.min(TILE_WIDTH, available);
    const offset = first - tileIndex * TILE_WIDTH;
    assert(width > 0 && offset + 2 ** within <= width, 'a subtree that is not complete was asked for');
    const path = tilePath({ level: tileLevel, index: tileIndex, width });
    const found = known.get(path) ?? readTile({ level: tileLevel, index: tileIndex, width });
    known.set(path, found);
    return foldHashes(await found, offset, 2 ** within);
  };
}

/** Root over `count` hashes, a power of two, from the one at `offset`. */
function foldHashes(tile: Uint8Array, offset: number, count: number): Hash {
  let hashes = Array.from({ length: count }, (_, at) =>
    Buffer.from(tile.subarray((offset + at) * HASH_BYTES, (offset + at + 1) * HASH_BYTES)),
  );
  while (hashes.length > 1) {
    hashes = Array.from({ length: hashes.length / 2 }, (_, at) =>
      nodeHash(hashes[at * 2] ?? Buffer.alloc(0), hashes[at * 2 + 1] ?? Buffer.alloc(0)),
    );
  }
  const [root] = hashes;
  assert(root !== undefined && root.length === HASH_BYTES, 'a tile is shorter than its name says');
  return root;
}

/**
 * Adds leaves to a tree: from the tiles that the tree has, to those that are new or longer. Only the right edge is read.
 */
export async function growTiles(
  before: number,
  leaves: readonly Hash[],
  readTile: ReadTile,
): Promise<readonly { readonly tile: TileName; readonly bytes: Buffer }[]> {
  const after = before + leaves.length;
  const grown: { tile: TileName; bytes: Buffer }[] = [];
  let fresh: readonly Hash[] = leaves;
  for (let level = 0; fresh.length > 0; level += 1) {
    const had = Math.floor(before / TILE_WIDTH ** level);
    const tiles = changedTiles(before, after).filter((tile) => tile.level === level);
    const next: Hash[] = [];
    for (const tile of tiles) {
      const start = tile.index * TILE_WIDTH;
      const oldWidth = Math.max(0, Math.min(TILE_WIDTH, had - start));
      const old = oldWidth === 0 ? Buffer.alloc(0) : await readTile({ ...tile, width: oldWidth });
      const added = fresh.slice(start + oldWidth - had, start + tile.width - had);
      const bytes = Buffer.concat([old, ...added]);
      assert(bytes.length === tile.width * HASH_BYTES, 'a tile does not have the hashes of its width');
      grown.push({ tile, bytes });
      if (tile.width === TILE_WIDTH) next.push(foldHashes(bytes, 0, TILE_WIDTH));
    }
    fresh = next;
  }
  return grown;
}

/** The largest entry of a log: its length is two bytes. */
export const ENTRY_BYTES_MAX = 65_535;

/** A bundle of entries: each with its length before it, two bytes, big-endian. C2SP tlog-tiles, "Log Entries". */
export function bundleEntries(entries: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    entries.flatMap((entry) => {
      assert(entry.length <= ENTRY_BYTES_MAX, 'an entry is longer than a bundle can say');
      const length = Buffer.alloc(2);
      length.writeUInt16BE(entry.length);
      return [length, entry];
    }),
  );
}
