import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseNote, verifyNote } from '../attest/index.ts';
import { append, auditlogMigrations, newestCheckpoint, sequence, verifyLog } from '../auditlog/index.ts';
import { silentLog } from '../base/index.ts';
import type { Database } from '../database/index.ts';
import { openTestPostgres, type TestPostgres } from '../database/postgres.fixture.ts';
import { readKept } from '../keeper/index.ts';
import { type Keys, openKeys } from './keys.ts';

let server: TestPostgres;
let folder: string;
let keys: Keys;

beforeAll(async () => {
  server = await openTestPostgres();
  folder = await mkdtemp(join(tmpdir(), 'sp-keys-'));
  keys = await openKeys({
    keeperFolder: join(folder, 'keeper'),
    witnessFolder: join(folder, 'witness'),
    origin: 'test.example.org',
    log: silentLog,
  });
});
afterAll(async () => {
  await keys.close();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const deps = { now: () => Date.now(), random: (bytes: number) => randomBytes(bytes) };
const add = (db: Database, id: string) =>
  db.transaction((tx) =>
    append(
      tx,
      { actor: { type: 'user', id: 'u1' }, action: 'ref.update', resource: { type: 'ref', id }, outcome: 'allow' },
      deps,
    ),
  );

/** Both processes are killed at any time: what was appended is signed by both as soon as they are back. */
test('the log goes on after keeper and witness were killed, and a log that was cut is not signed any more', async () => {
  const db = await server.database(auditlogMigrations);
  await add(db, 'a');
  await sequence(db, keys.signer);
  for (const process_ of ['keeper', 'witness'] as const) {
    const pid = keys.pids()[process_];
    await add(db, process_);
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
    await expect(sequence(db, keys.signer)).rejects.toMatchObject({ code: 'channel/closed' });
    for (let tries = 0; tries < 200 && keys.pids()[process_] === pid; tries += 1) await sleep(50);
    await sequence(db, keys.signer);
  }
  const note = parseNote((await newestCheckpoint(db)) ?? '');
  const kept = await readKept(join(folder, 'witness', 'checkpoints'));

  expect(verifyNote(note, keys.log)).toEqual({});
  expect(verifyNote(note, keys.witness)?.time).toBeGreaterThan(1_700_000_000);
  expect(await verifyLog(db, keys.log, kept)).toMatchObject({ entries: 3, unsigned: 0, deviations: [] });

  // R46: a database of before. Its tables agree with each other; the two that remember do not agree with it.
  const tables = db.as<{ auditlog_entry: { seq: string }; auditlog_checkpoint: { size: string } }>();
  await tables.deleteFrom('auditlog_checkpoint').where('size', '>', '2').execute();
  await tables.deleteFrom('auditlog_entry').where('seq', '>=', '2').execute();
  await sql`update auditlog_tile set bytes = substring(bytes for 64)`.execute(tables);
  await add(db, 'x');

  await expect(sequence(db, keys.signer)).rejects.toThrow('does not begin with');
  expect((await verifyLog(db, keys.log, kept)).deviations.map(({ problem }) => problem)).toContainEqual(
    expect.stringContaining('(kept elsewhere) is of another log'),
  );
});
