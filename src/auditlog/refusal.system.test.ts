import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Database } from '../database/index.ts';
import { openTestPostgres, type TestPostgres } from '../database/postgres.fixture.ts';
import { appendRefusal, auditlogMigrations, type Entry, forgetRefusals, listEntries } from './index.ts';

const MINUTE_MS = 60_000;
let server: TestPostgres;
let db: Database;
let now = Date.parse('2026-05-01T00:00:00Z');
const deps = { now: () => now, random: (bytes: number) => randomBytes(bytes) };

beforeAll(async () => {
  server = await openTestPostgres();
});
afterAll(() => server.close());
beforeEach(async () => {
  db = await server.database(auditlogMigrations);
});

const entry = (runner: number): Entry => ({
  actor: { type: 'runner', id: String(runner) },
  action: 'lease.refuse',
  resource: { type: 'job', id: '1' },
  outcome: 'deny',
  detail: { what: 'log' },
});
async function refuse(runner: number, times: number): Promise<void> {
  for (let n = 0; n < times; n += 1) await db.transaction((tx) => appendRefusal(tx, entry(runner), deps));
}
const told = async () =>
  (await listEntries(db, { limit: 200 })).map(({ body }) => (body as unknown as Entry).detail?.['refusals'] ?? 1);

test('the first refusals are entries; from then on each doubling tells how many there were', async () => {
  await refuse(1, 300);

  const counts = await told();
  expect(counts.filter((count) => count === 1)).toHaveLength(32);
  expect(counts.filter((count) => count !== 1)).toEqual([256, 128, 64]);
});

test('another actor, and the next window, begin anew', async () => {
  await refuse(1, 40);
  await refuse(2, 3);
  now += 11 * MINUTE_MS;
  await refuse(1, 2);

  expect(await told()).toHaveLength(32 + 3 + 2);
});

test('an entry that could not be added is not counted either', async () => {
  const failing = db.transaction(async (tx) => {
    await appendRefusal(tx, entry(1), deps);
    throw new Error('it failed');
  });
  await expect(failing).rejects.toThrow('it failed');
  await refuse(1, 32);

  expect(await told()).toHaveLength(32);
});

test('counts of windows that are over go', async () => {
  await refuse(1, 2);
  now += 11 * MINUTE_MS;
  await db.transaction((tx) => forgetRefusals(tx, deps));
  await refuse(1, 1);

  expect(await told()).toEqual([1, 1, 1]);
});
