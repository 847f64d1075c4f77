import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type NoteVerifier, parseCheckpoint, parseNote, rawPublicKey, renderNote, signNote } from '../attest/index.ts';
import type { Database } from '../database/index.ts';
import { openTestPostgres, type TestPostgres } from '../database/postgres.fixture.ts';
import { append, commitmentOf, type Entry } from './append.ts';
import { type CheckpointSigner, newestCheckpoint, sequence } from './sequence.ts';
import { type AuditlogTables, auditlogMigrations } from './tables.ts';
import { verifyLog } from './verify.ts';

const ORIGIN = 'example.org/log';
const { privateKey } = generateKeyPairSync('ed25519');
const log: NoteVerifier = { name: ORIGIN, publicKey: rawPublicKey(privateKey), kind: 'log' };
const signer: CheckpointSigner = {
  origin: ORIGIN,
  sign: async ({ text }) => renderNote({ text, signatures: [signNote(text, ORIGIN, privateKey)] }),
};
const deps = { now: () => 1_790_000_000_000, random: (bytes: number) => randomBytes(bytes) };
const entry = (id: number | string, more: Partial<Entry> = {}): Entry => ({
  actor: { type: 'user', id: 'u1' },
  action: 'ref.update',
  resource: { type: 'ref', id: String(id) },
  outcome: 'allow',
  ...more,
});

let server: TestPostgres;
let db: Database;

beforeAll(async () => {
  server = await openTestPostgres();
});
afterAll(() => server.close());
beforeEach(async () => {
  db = await server.database(auditlogMigrations);
});

async function fill(from: number, to: number): Promise<void> {
  await db.transaction(async (tx) => {
    for (let at = from; at < to; at += 1) await append(tx, entry(at), deps);
  });
  await sequence(db, signer);
}

const problems = async (known: readonly string[] = []) =>
  (await verifyLog(db, log, known)).deviations.map(({ position, problem }) => `${position ?? '-'}: ${problem}`);
const tables = () => db.as<AuditlogTables>();

describe('entries', () => {
  test('commit with the change that they tell of, or not at all', async () => {
    const failing = db.transaction(async (tx) => {
      await append(tx, entry(1), deps);
      throw new Error('the change failed');
    });
    await expect(failing).rejects.toThrow('the change failed');
    await fill(2, 4);

    expect(await verifyLog(db, log)).toMatchObject({ entries: 2, checkpoints: 1, open: 0, deviations: [] });
  });

  test('of 65,535 bytes are taken, one more is refused and the action with it', async () => {
    const size = (bytes: number) => 'x'.repeat(bytes);
    const bare = Buffer.byteLength(
      (await import('../base/index.ts')).canonicalJson({
        v: 1,
        time: new Date(deps.now()).toISOString(),
        ...entry('', { detail: { text: '' } }),
      }),
    );
    await db.transaction((tx) => append(tx, entry('', { detail: { text: size(65_535 - bare) } }), deps));

    await expect(
      db.transaction((tx) => append(tx, entry('', { detail: { text: size(65_536 - bare) } }), deps)),
    ).rejects.toMatchObject({ code: 'auditlog/entry-too-large' });
  });

  test('hold personal text as a commitment only, so that it can be erased', async () => {
    await db.transaction((tx) => append(tx, entry(1, { personal: { email: 'ada@example.org' } }), deps));
    await sequence(db, signer);
    const row = await tables().selectFrom('auditlog_entry').selectAll().executeTakeFirstOrThrow();
    const { email } = row.personal as unknown as { email: { text: string; salt: string } };

    expect(row.body.toString()).not.toContain('ada');
    expect(row.body.toString()).toContain(commitmentOf(email.salt, email.text));
    await tables()
      .updateTable('auditlog_entry')
      .set({ personal: null } as never)
      .execute();
    expect(await problems()).toEqual([]);
  });

  test('appended by many at once each get one place', async () => {
    await Promise.all(
      Array.from({ length: 8 }, (_, worker) =>
        db.transaction(async (tx) => {
          for (let at = 0; at < 20; at += 1) await append(tx, entry(`${worker}-${at}`), deps);
        }),
      ),
    );
    await Promise.all([sequence(db, signer), sequence(db, signer), sequence(db, signer)]);

    expect(await verifyLog(db, log)).toMatchObject({ entries: 160, open: 0, deviations: [] });
  });

  test('wait while nobody signs, and nothing is lost', async () => {
    await db.transaction((tx) => append(tx, entry(1), deps));
    const broken: CheckpointSigner = { origin: ORIGIN, sign: () => Promise.reject(new Error('the keeper is away')) };

    await expect(sequence(db, broken)).rejects.toThrow('the keeper is away');

    expect(await verifyLog(db, log)).toMatchObject({ entries: 1, checkpoints: 0, unsigned: 1, deviations: [] });
    await db.transaction((tx) => append(tx, entry(2), deps));
    await expect(sequence(db, broken)).rejects.toThrow('the keeper is away');
    expect(await verifyLog(db, log)).toMatchObject({ entries: 1, unsigned: 1, open: 1, deviations: [] });
    await sequence(db, signer);
    expect(await verifyLog(db, log)).toMatchObject({ entries: 1, checkpoints: 1, unsigned: 0, open: 1 });
    await sequence(db, signer);
    expect(await verifyLog(db, log)).toMatchObject({ entries: 2, unsigned: 0, open: 0, deviations: [] });
  });
});

/** R46 (K16): somebody with the rights of the database's owner. The control arm is the clean log, and the plain rows. */
describe('R46: what was changed is found', () => {
  beforeEach(async () => {
    await fill(0, 300);
    await fill(300, 700);
    expect(await problems()).toEqual([]);
  });

  const changed = (position: number) => sql`
    update auditlog_entry set body = convert_to(replace(convert_from(body, 'UTF8'), 'u1', 'u2'), 'UTF8') where seq = ${position}`;

  test('an edited entry, at its position', async () => {
    await changed(431).execute(tables());

    expect((await problems())[0]).toBe('431: the entry is not what was recorded');
  });

  test('a deleted entry, at its position', async () => {
    await sql`delete from auditlog_entry where seq = 12`.execute(tables());

    expect((await problems())[0]).toBe('12: the entry is gone');
  });

  test('two that changed places', async () => {
    await sql`update auditlog_entry set seq = -1 where seq = 5`.execute(tables());
    await sql`update auditlog_entry set seq = 5 where seq = 6`.execute(tables());
    await sql`update auditlog_entry set seq = 6 where seq = -1`.execute(tables());

    expect((await problems()).slice(0, 2)).toEqual([
      '5: the entry is not what was recorded',
      '6: the entry is not what was recorded',
    ]);
  });

  test('an edited entry whose tiles were forged as well', async () => {
    await changed(20).execute(tables());
    await sql`update auditlog_tile set bytes = decode(repeat('00', octet_length(bytes)), 'hex')`.execute(tables());

    expect(await problems()).toContain(
      '-: the checkpoint of 300 entries (stored) is of another log: entries before 300 were changed',
    );
  });

  test('a cut tail, though its checkpoint was cut too, by a checkpoint that a witness kept', async () => {
    const kept = (await newestCheckpoint(db)) ?? '';
    await sql`delete from auditlog_entry where seq >= 300`.execute(tables());
    await sql`delete from auditlog_checkpoint where size > 300`.execute(tables());

    expect(await problems([kept])).toContain(
      '-: the checkpoint of 700 entries (kept elsewhere) is of a longer log: 400 entries are gone',
    );
  });

  test('a log that was written anew and signed with the stolen key, by a checkpoint that a witness kept', async () => {
    const kept = (await newestCheckpoint(db)) ?? '';
    await sql`truncate auditlog_tile, auditlog_checkpoint`.execute(tables());
    await changed(20).execute(tables());
    await sql`update auditlog_entry set seq = null`.execute(tables());
    await sequence(db, signer);

    expect(await problems()).toEqual([]);
    expect(await problems([kept])).toEqual([
      '-: the checkpoint of 700 entries (kept elsewhere) is of another log: entries before 700 were changed',
    ]);
  });

  test('a checkpoint that somebody else signed', async () => {
    const { privateKey: other } = generateKeyPairSync('ed25519');
    const { text } = parseNote((await newestCheckpoint(db)) ?? '');
    const forged = renderNote({ text, signatures: [signNote(text, ORIGIN, other)] });
    await tables()
      .updateTable('auditlog_checkpoint')
      .set({ note: forged } as never)
      .where('size', '=', String(parseCheckpoint(text).size))
      .execute();

    expect(await problems()).toEqual([`-: the checkpoint of 700 entries (stored) is not signed by ${ORIGIN}`]);
  });
});
