import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  checkProof,
  type NoteVerifier,
  parseProof,
  rawPublicKey,
  renderNote,
  renderProof,
  signNote,
} from '../attest/index.ts';
import { openTestPostgres, type TestPostgres } from '../database/postgres.fixture.ts';
import { append } from './append.ts';
import { proveEntry } from './prove.ts';
import { type CheckpointSigner, sequence } from './sequence.ts';
import { auditlogMigrations } from './tables.ts';

const ORIGIN = 'example.org/log';
const { privateKey } = generateKeyPairSync('ed25519');
const log: NoteVerifier = { name: ORIGIN, publicKey: rawPublicKey(privateKey), kind: 'log' };
const signer: CheckpointSigner = {
  origin: ORIGIN,
  sign: async ({ text }) => renderNote({ text, signatures: [signNote(text, ORIGIN, privateKey)] }),
};
const ENTRIES = 300;

let server: TestPostgres;
beforeAll(async () => {
  server = await openTestPostgres();
});
afterAll(() => server.close());

test('an entry is proved by its checkpoint and the public key alone; a changed one, another place or another key are not', async () => {
  const db = await server.database(auditlogMigrations);
  const deps = { now: () => 1_790_000_000_000, random: (bytes: number) => randomBytes(bytes) };
  const add = (count: number) =>
    db.transaction(async (tx) => {
      for (let at = 0; at < count; at += 1) {
        const resource = { type: 'ref', id: String(at) };
        await append(tx, { actor: { type: 'user', id: 'u1' }, action: 'ref.update', resource, outcome: 'allow' }, deps);
      }
    });
  await add(ENTRIES);
  await sequence(db, signer);
  await add(1);

  const found = await Promise.all([1, 2, 256, 257, ENTRIES].map(async (id) => ({ id, ...(await proveEntry(db, id)) })));
  const [first, second] = found;
  if (first === undefined || second === undefined) throw new Error('nothing was proved');
  const other = generateKeyPairSync('ed25519').privateKey;
  const moved = renderProof({ ...parseProof(first.proof), index: 1 });

  for (const { id, leaf, proof } of found) {
    expect(checkProof(proof, leaf, [log])).toEqual({ index: id - 1, origin: ORIGIN, size: ENTRIES });
  }
  expect(first.proof).toMatch(/^c2sp\.org\/tlog-proof@v1\nindex 0\n[A-Za-z0-9+/=\n]+\n\nexample\.org\/log\n300\n/);
  expect(checkProof(first.proof, second.leaf, [log])).toMatchObject({ problem: expect.stringContaining('not at') });
  expect(checkProof(moved, first.leaf, [log])).toMatchObject({ problem: expect.stringContaining('not at') });
  expect(checkProof(first.proof, first.leaf, [{ ...log, publicKey: rawPublicKey(other) }])).toMatchObject({
    problem: expect.stringContaining('no signature'),
  });
  expect(() => checkProof('c2sp.org/tlog-proof@v1\nindex -1\n\n', first.leaf, [log])).toThrow();
  await expect(proveEntry(db, ENTRIES + 1)).rejects.toMatchObject({ code: 'auditlog/entry-open' });
  await expect(proveEntry(db, ENTRIES + 2)).rejects.toMatchObject({ code: 'auditlog/entry-missing' });
});
