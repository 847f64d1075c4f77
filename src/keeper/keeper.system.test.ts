import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  checkpointText,
  consistencyProof,
  type Hash,
  leafHash,
  nodeHash,
  parseNote,
  publicKeyOf,
  rawPublicKey,
  renderNote,
  rootHash,
  signNote,
  signToken,
  subjectOfToken,
  verifyNote,
} from '../attest/index.ts';
import { systemClock } from '../base/index.ts';
import { openKeeper } from './keeper.ts';
import { openWitness, readKept } from './witness.ts';

const ORIGIN = 'ci.example.org/log';
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sp-keeper-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A log of texts. */
function treeOf(entries: readonly string[]) {
  const leaves = entries.map((entry) => leafHash(Buffer.from(entry)));
  const hashOf = async (level: number, index: number): Promise<Hash> => {
    return level === 0
      ? (leaves[index] as Hash)
      : nodeHash(await hashOf(level - 1, 2 * index), await hashOf(level - 1, 2 * index + 1));
  };
  return {
    text: async () =>
      checkpointText({ origin: ORIGIN, size: leaves.length, root: await rootHash(leaves.length, hashOf) }),
    proofFrom: async (size: number) =>
      (await consistencyProof(size, leaves.length, hashOf)).map((hash) => hash.toString('base64')),
  };
}

const keeperOf = () => openKeeper({ folder: join(folder, 'keeper'), origin: ORIGIN, clock: systemClock });
const identify = async (keeper: Awaited<ReturnType<typeof keeperOf>>) =>
  (await keeper({ kind: 'identify' })) as { origin: string; logKey: string; tokenKey: string };

async function sign(keeper: Awaited<ReturnType<typeof keeperOf>>, entries: readonly string[], from: number) {
  const tree = treeOf(entries);
  const request = { kind: 'sign-checkpoint', text: await tree.text(), proof: await tree.proofFrom(from) };
  return ((await keeper(request)) as { note: string }).note;
}

describe('the keeper', () => {
  test('keeps its keys over starts, for its owner alone', async () => {
    const first = await identify(await keeperOf());
    const second = await identify(
      await openKeeper({ folder: join(folder, 'keeper'), origin: 'other', clock: systemClock }),
    );

    expect(second).toEqual(first);
    expect((await stat(join(folder, 'keeper'))).mode & 0o777).toBe(0o700);
    for (const name of await readdir(join(folder, 'keeper'))) {
      expect((await stat(join(folder, 'keeper', name))).mode & 0o777).toBe(0o600);
    }
  });

  test('signs a log that grows, and the same tree again', async () => {
    const keeper = await keeperOf();
    const { logKey } = await identify(keeper);
    const log = { name: ORIGIN, publicKey: Buffer.from(logKey, 'base64'), kind: 'log' } as const;

    const one = await sign(keeper, ['a', 'b'], 0);
    const again = await sign(keeper, ['a', 'b'], 2);
    const two = await sign(await keeperOf(), ['a', 'b', 'c'], 2);

    expect(again).toBe(one);
    expect(verifyNote(parseNote(two), log)).toEqual({});
  });

  test.each([
    ['R46: a log that was cut', ['a'], 0],
    ['R46: a log whose entry was changed', ['a', 'X', 'c'], 2],
    ['R46: another log of the same length', ['a', 'X'], 2],
  ])('does not sign %s', async (_what, entries, from) => {
    const keeper = await keeperOf();
    await sign(keeper, ['a', 'b'], 0);

    await expect(sign(keeper, entries, from)).rejects.toMatchObject({ code: 'attest/advance-refused' });
    // The control: who begins anew with these entries gets his signature.
    const fresh = await openKeeper({ folder: join(folder, 'fresh'), origin: ORIGIN, clock: systemClock });
    expect(await sign(fresh, entries, 0)).toContain(ORIGIN);
  });

  test.each(['seen.json', 'log.key', 'token.key'])('does not start anew when %s is gone', async (name) => {
    await keeperOf();
    await rm(join(folder, 'keeper', name));

    await expect(keeperOf()).rejects.toMatchObject({ code: 'keeper/keys-broken' });
  });

  test('does not start with a key that is none', async () => {
    await keeperOf();
    const { privateKey } = generateKeyPairSync('ed448');
    for (const text of ['', 'no key', privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()]) {
      await writeFile(join(folder, 'keeper', 'log.key'), text);
      await expect(keeperOf()).rejects.toMatchObject({ code: 'keeper/keys-broken' });
    }
  });

  test.each([
    { kind: 'decrypt', secret: 'x' },
    { kind: 'identify', more: true },
    { kind: 'sign-checkpoint', text: 'x'.repeat(5000), proof: [] },
    { kind: 'sign-token', use: 'anything', subject: 'a', issuedAt: 1, expiresAt: 2 },
    'identify',
    null,
  ])('takes no other request: %j', async (request) => {
    const keeper = await keeperOf();

    await expect((async () => keeper(request))()).rejects.toThrow();
  });

  test('makes tokens that live for minutes', async () => {
    const keeper = await keeperOf();
    const { tokenKey } = await identify(keeper);
    const now = Math.floor(Date.now() / 1000);
    const ask = (seconds: number, issuedAt = now) =>
      keeper({ kind: 'sign-token', use: 'runner-session', subject: 'runner:7', issuedAt, expiresAt: now + seconds });
    const { token } = (await ask(600)) as { token: string };
    const wanted = {
      use: 'runner-session',
      issuer: ORIGIN,
      key: publicKeyOf(Buffer.from(tokenKey, 'base64')),
      now,
    } as const;

    expect(subjectOfToken(token, wanted)).toBe('runner:7');
    expect(subjectOfToken(token, { ...wanted, now: now + 600 })).toBeUndefined();
    expect(subjectOfToken(token, { ...wanted, issuer: 'another' })).toBeUndefined();
    for (const bad of [901, 0, -1]) await expect(ask(bad)).rejects.toMatchObject({ code: 'keeper/token-refused' });
    // A beginning in the future does not buy a longer life.
    await expect(ask(1700, now + 1000)).rejects.toMatchObject({ code: 'keeper/token-refused' });
  });
});

describe('a token', () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const now = 1_790_000_000;
  const claims = {
    use: 'runner-session',
    issuer: ORIGIN,
    subject: 'runner:1',
    issuedAt: now,
    expiresAt: now + 60,
  } as const;
  const wanted = { use: 'runner-session', issuer: ORIGIN, key: publicKeyOf(rawPublicKey(privateKey)), now } as const;
  const token = signToken(claims, privateKey);
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

  test.each([
    ['no token', ''],
    ['a token without a signature', `${part({ alg: 'none' })}.${token.split('.')[1]}.`],
    ['another algorithm', `${part({ alg: 'HS256', typ: 'JWT' })}.${token.split('.').slice(1).join('.')}`],
    ['another body', `${token.split('.')[0]}.${part({ iss: ORIGIN, sub: 'runner:2' })}.${token.split('.')[2]}`],
    ['more parts', `${token}.x`],
    ['a signature with bits to spare', `${token}=`],
    ['a very long one', `${token}${'A'.repeat(5000)}`],
    ['one of another key', signToken(claims, generateKeyPairSync('ed25519').privateKey)],
    ['one that lives too long', signToken({ ...claims, expiresAt: now + 86_400 }, privateKey)],
  ])('is not %s', (_what, text) => {
    expect(subjectOfToken(token, wanted)).toBe('runner:1');
    expect(subjectOfToken(text, wanted)).toBeUndefined();
  });
});

describe('the witness', () => {
  const { privateKey: logKey } = generateKeyPairSync('ed25519');
  const witnessOf = (key: KeyObject = logKey) =>
    openWitness({
      folder: join(folder, 'witness'),
      name: 'witness',
      log: { origin: ORIGIN, key: rawPublicKey(key) },
      clock: systemClock,
    });
  const cosign = async (entries: readonly string[], from: number, key: KeyObject = logKey) => {
    const witness = await witnessOf();
    const tree = treeOf(entries);
    const text = await tree.text();
    const note = renderNote({ text, signatures: [signNote(text, ORIGIN, key)] });
    return ((await witness({ kind: 'cosign', note, proof: await tree.proofFrom(from) })) as { note: string }).note;
  };

  test('cosigns a log that grows, and keeps what it cosigned', async () => {
    const one = await cosign(['a', 'b'], 0);
    const two = await cosign(['a', 'b', 'c'], 2);
    const { key } = (await (await witnessOf())({ kind: 'identify' })) as { key: string };

    expect(
      verifyNote(parseNote(two), { name: 'witness', publicKey: Buffer.from(key, 'base64'), kind: 'witness' }),
    ).toEqual({
      time: expect.any(Number),
    });
    expect(await readKept(join(folder, 'witness', 'checkpoints'))).toEqual([one, two]);
    expect(await (await witnessOf())({ kind: 'recall' })).toEqual({ notes: [one, two] });
  });

  /** R46: the thief of the log's key rewrites everything and signs anew. The control: his signature is a valid one. */
  test('R46: refuses a log that was rewritten and signed with the stolen key of the log', async () => {
    await cosign(['a', 'b'], 0);
    const text = await treeOf(['a', 'X', 'c']).text();
    const forged = renderNote({ text, signatures: [signNote(text, ORIGIN, logKey)] });

    expect(verifyNote(parseNote(forged), { name: ORIGIN, publicKey: rawPublicKey(logKey), kind: 'log' })).toEqual({});
    await expect(cosign(['a', 'X', 'c'], 2)).rejects.toMatchObject({ code: 'attest/advance-refused' });
    await expect(cosign(['a'], 0)).rejects.toMatchObject({ code: 'attest/advance-refused' });
  });

  test('refuses what the log did not sign, and another key for the log', async () => {
    const { privateKey: other } = generateKeyPairSync('ed25519');
    await cosign(['a'], 0);

    await expect(cosign(['a', 'b'], 1, other)).rejects.toMatchObject({ code: 'keeper/cosign-refused' });
    await expect(witnessOf(other)).rejects.toMatchObject({ code: 'keeper/other-log' });
  });

  test('leaves out a line that a crash cut', async () => {
    const note = await cosign(['a'], 0);
    const path = join(folder, 'witness', 'checkpoints');
    await writeFile(path, `${await readFile(path, 'utf8')}"half a no`);

    expect(await readKept(path)).toEqual([note]);
  });
});
