import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  checkpointText,
  cosignNote,
  inclusionProof,
  leafHash,
  rangeHash,
  rawPublicKey,
  renderNote,
  renderProof,
  signNote,
} from '../../src/attest/index.ts';
import { checkProof, type Signer } from '../../web/src/operate/proof.ts';

/** A signed log of so many entries. */
async function logOf(size: number) {
  const leaves = Array.from({ length: size }, (_, at) => Buffer.from(`{"entry":${at}}`));
  const hashOf = async (level: number, index: number) => {
    const start = index * 2 ** level;
    let row = leaves.slice(start, start + 2 ** level).map((leaf) => leafHash(leaf));
    while (row.length > 1) {
      row = row.flatMap((left, at) => {
        const right = row[at + 1];
        if (at % 2 === 1 || right === undefined) return [];
        return [
          createHash('sha256')
            .update(Buffer.from([1]))
            .update(left)
            .update(right)
            .digest(),
        ];
      });
    }
    return row[0] ?? Buffer.alloc(32);
  };
  const keys = { log: generateKeyPairSync('ed25519').privateKey, witness: generateKeyPairSync('ed25519').privateKey };
  const text = checkpointText({ origin: 'log.test', size, root: await rangeHash(0, size, hashOf) });
  const note = renderNote({
    text,
    signatures: [
      signNote(text, 'log.test', keys.log),
      cosignNote(text, 'log.test/witness', keys.witness, 1_800_000_000),
    ],
  });
  const signers: readonly Signer[] = [
    { name: 'log.test', key: rawPublicKey(keys.log).toString('base64'), kind: 'log' },
    { name: 'log.test/witness', key: rawPublicKey(keys.witness).toString('base64'), kind: 'witness' },
  ];
  const proofOf = async (index: number) => {
    const hashes = await inclusionProof(index, size, hashOf);
    return { leaf: leaves[index]!.toString('base64'), hashes, proof: renderProof({ index, hashes, note }) };
  };
  return { note, signers, proofOf };
}

describe('a proof of the audit log', () => {
  test.each([1, 2, 3, 5, 8, 13, 64, 100])('of a tree of %i entries holds for each of them', async (size) => {
    const log = await logOf(size);
    for (let index = 0; index < size; index += Math.ceil(size / 7)) {
      const { leaf, proof, hashes } = await log.proofOf(index);

      const check = await checkProof(leaf, proof, log.signers);

      expect(check).toMatchObject({ index, size, origin: 'log.test', isIncluded: true });
      expect(check.steps).toHaveLength(hashes.length);
      expect(check.signatures).toEqual([
        { name: 'log.test', isValid: true },
        { name: 'log.test/witness', isValid: true, at: new Date(1_800_000_000_000) },
      ]);
    }
  });

  test('does not hold for another entry, another place, a hash too many or too few, another root or key', async () => {
    const log = await logOf(13);
    const { leaf, proof, hashes } = await log.proofOf(5);
    const other = Buffer.from('{"entry":6}').toString('base64');
    const withHashes = (changed: readonly Buffer[]) =>
      renderProof({ index: 5, hashes: changed.map((hash) => Buffer.from(hash)), note: log.note });

    expect((await checkProof(other, proof, [])).isIncluded).toBe(false);
    expect((await checkProof(leaf, proof.replace('index 5', 'index 4'), [])).isIncluded).toBe(false);
    expect((await checkProof(leaf, proof.replace('index 5', 'index 13'), [])).isIncluded).toBe(false);
    expect((await checkProof(leaf, withHashes([...hashes, randomBytes(32)]), [])).isIncluded).toBe(false);
    expect((await checkProof(leaf, withHashes(hashes.slice(1)), [])).isIncluded).toBe(false);
    const forged = proof.replace(/\n13\n.*\n/, `\n13\n${randomBytes(32).toString('base64')}\n`);
    const check = await checkProof(leaf, forged, log.signers);
    expect([check.isIncluded, ...check.signatures.map(({ isValid }) => isValid)]).toEqual([false, false, false]);
    const strangers = (await logOf(1)).signers;
    expect((await checkProof(leaf, proof, strangers)).signatures.map(({ isValid }) => isValid)).toEqual([false, false]);
  });

  test.each(['', 'x', 'c2sp.org/tlog-proof@v1\nindex x\n\n', 'c2sp.org/tlog-proof@v1\nindex 0\nAA==\n\nx'])(
    'that is none is refused: %j',
    async (text) => {
      await expect(checkProof('', text, [])).rejects.toThrow();
    },
  );
});
