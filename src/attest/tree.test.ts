import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  checkpointText,
  cosignNote,
  parseCheckpoint,
  parseNote,
  rawPublicKey,
  renderNote,
  signNote,
  verifyNote,
} from './checkpoint.ts';
import { bundleEntries, growTiles, hashesOfTiles, type ReadTile, TILE_WIDTH, tilePath } from './tiles.ts';
import {
  consistencyProof,
  EMPTY_ROOT,
  type Hash,
  inclusionProof,
  leafHash,
  nodeHash,
  rootHash,
  verifyConsistency,
  verifyInclusion,
} from './tree.ts';

/** RFC 6962, section 2.1, word by word: slow and plain. */
function plainRoot(leaves: readonly Hash[]): Hash {
  if (leaves.length === 0) return EMPTY_ROOT;
  if (leaves.length === 1) return leaves[0] ?? EMPTY_ROOT;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return nodeHash(plainRoot(leaves.slice(0, k)), plainRoot(leaves.slice(k)));
}

const leaves = Array.from({ length: 1200 }, (_, at) => leafHash(Buffer.from(`entry ${at}`)));

class Tiles {
  readonly #tiles = new Map<string, Uint8Array>();
  size = 0;
  readonly read: ReadTile = async (tile) => {
    const found = this.#tiles.get(tilePath(tile));
    if (found === undefined) throw new Error(`no ${tilePath(tile)}`);
    return found;
  };
  async grow(added: readonly Hash[]): Promise<void> {
    for (const { tile, bytes } of await growTiles(this.size, added, this.read)) this.#tiles.set(tilePath(tile), bytes);
    this.size += added.length;
  }
  get hashOf() {
    return hashesOfTiles(this.size, this.read);
  }
}

async function treeOf(sizes: readonly number[]): Promise<Tiles> {
  const tiles = new Tiles();
  for (const size of sizes) await tiles.grow(leaves.slice(tiles.size, size));
  return tiles;
}

describe('a tree in tiles', () => {
  test.each([0, 1, 2, 3, 7, 8, 255, 256, 257, 511, 512, 513, 1000])(
    'has the root of RFC 6962 at %i leaves',
    async (size) => {
      const tiles = await treeOf([size]);

      expect(await rootHash(size, tiles.hashOf)).toEqual(plainRoot(leaves.slice(0, size)));
    },
  );

  test('is the same however its leaves came', async () => {
    const steps = await treeOf([1, 2, 5, 250, 256, 257, 700, 701, 1200]);
    const once = await treeOf([1200]);

    expect(await rootHash(1200, steps.hashOf)).toEqual(await rootHash(1200, once.hashOf));
  });

  test('proves each leaf, and no other leaf, place, size or root', async () => {
    for (const size of [1, 2, 3, 6, 7, 64, 65, 300, 700]) {
      const tiles = await treeOf([size]);
      const root = await rootHash(size, tiles.hashOf);
      for (const index of [0, 1, 2, 5, 63, 64, 255, 256, 299, size - 1].filter((at) => at < size)) {
        const leaf = leaves[index] ?? EMPTY_ROOT;
        const proof = await inclusionProof(index, size, tiles.hashOf);

        expect(verifyInclusion(leaf, index, { size, root }, proof)).toBe(true);
        expect(verifyInclusion(leafHash(Buffer.from('other')), index, { size, root }, proof)).toBe(false);
        expect(verifyInclusion(leaf, index + 1, { size, root }, proof)).toBe(false);
        expect(verifyInclusion(leaf, index, { size: size * 4, root }, proof)).toBe(false);
        expect(verifyInclusion(leaf, index, { size, root: EMPTY_ROOT }, proof)).toBe(false);
        expect(verifyInclusion(leaf, index, { size, root }, [...proof, root])).toBe(false);
      }
    }
  });

  test('proves that it only grew', async () => {
    for (const [first, second] of [
      [0, 3],
      [1, 2],
      [3, 7],
      [4, 7],
      [6, 7],
      [7, 7],
      [8, 300],
      [256, 257],
      [255, 700],
      [512, 1200],
    ] as const) {
      const tiles = await treeOf([first, second]);
      const before = { size: first, root: plainRoot(leaves.slice(0, first)) };
      const after = { size: second, root: plainRoot(leaves.slice(0, second)) };
      const proof = await consistencyProof(first, second, tiles.hashOf);

      expect(verifyConsistency(before, after, proof), `${first} to ${second}`).toBe(true);
      if (first > 0) {
        const forged = { size: first, root: leafHash(Buffer.from('forged')) };
        expect(verifyConsistency(forged, after, proof), `${first} to ${second}, forged`).toBe(false);
      }
      if (first !== second) {
        expect(verifyConsistency({ ...before, size: first + 1 }, after, proof)).toBe(false);
        expect(verifyConsistency(after, before, proof)).toBe(false);
      }
    }
  });

  test('names its tiles as C2SP does', () => {
    expect(tilePath({ level: 0, index: 0, width: TILE_WIDTH })).toBe('tile/0/000');
    expect(tilePath({ level: 1, index: 1_234_067, width: TILE_WIDTH })).toBe('tile/1/x001/x234/067');
    expect(tilePath({ level: 0, index: 1234, width: 7 })).toBe('tile/0/x001/234.p/7');
  });

  test('bundles entries with their lengths', () => {
    expect(bundleEntries([Buffer.from('ab'), Buffer.from('c')])).toEqual(Buffer.from([0, 2, 97, 98, 0, 1, 99]));
  });
});

describe('a checkpoint', () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const publicKey = rawPublicKey(privateKey);
  const text = checkpointText({ origin: 'example.org/log', size: 7, root: leaves[0] ?? EMPTY_ROOT });

  test('is read as it was written', () => {
    expect(parseCheckpoint(text)).toEqual({ origin: 'example.org/log', size: 7, root: leaves[0] });
  });

  test('signed by the log and a witness is accepted from both, and from nobody else', () => {
    const note = parseNote(
      renderNote({
        text,
        signatures: [
          signNote(text, 'example.org/log', privateKey),
          cosignNote(text, 'witness', privateKey, 1_790_000_000),
        ],
      }),
    );

    expect(verifyNote(note, { name: 'example.org/log', publicKey, kind: 'log' })).toEqual({});
    expect(verifyNote(note, { name: 'witness', publicKey, kind: 'witness' })).toEqual({ time: 1_790_000_000 });
    expect(verifyNote(note, { name: 'witness', publicKey, kind: 'log' })).toBeUndefined();
    expect(
      verifyNote({ ...note, text: text.replace('7', '8') }, { name: 'example.org/log', publicKey, kind: 'log' }),
    ).toBeUndefined();
  });

  test.each(['', 'a\n', 'a\n07\nAAAA\n', 'a\n-1\nAAAA\n', `a\n1\n${'A'.repeat(43)}=`, 'a\n9007199254740993\nAAAA\n'])(
    '%j is none',
    (bad) => {
      expect(() => parseCheckpoint(bad)).toThrow(expect.objectContaining({ code: 'attest/note-invalid' }));
    },
  );

  test.each(['', 'a\n', 'a\n\nb\n', 'a\n\n\u2014 name AAAA\n', 'a\n\n\u2014 na me AAAAAAAA\n'])(
    '%j is no signed note',
    (bad) => {
      expect(() => parseNote(bad)).toThrow(expect.objectContaining({ code: 'attest/note-invalid' }));
    },
  );
});
