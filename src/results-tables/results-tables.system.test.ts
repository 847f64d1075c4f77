import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditlogMigrations, listEntries } from '../auditlog/index.ts';
import type { Clock } from '../base/index.ts';
import type { Database } from '../database/index.ts';
import { openTestPostgres, type TestPostgres } from '../database/postgres.fixture.ts';
import { LOCAL_QUOTAS, type ResultsQuotas, type ResultsScope } from '../results/index.ts';
import { resultsStoreContract } from '../results/results-store.contract.ts';
import { COLLECT_GRACE_MS, openBlobStore } from '../store/index.ts';
import { openResultsTables, resultsMigrations } from './index.ts';

let server: TestPostgres;
let db: Database;
let folder: string;
beforeAll(async () => {
  server = await openTestPostgres();
  db = await server.database({ ...auditlogMigrations, ...resultsMigrations });
  folder = await mkdtemp(join(tmpdir(), 'sp-results-'));
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

let count = 0;
/** An empty one. */
async function open({ clock, quotas }: { clock: Clock; quotas: ResultsQuotas }) {
  await sql`truncate results_artifact, results_cache, auditlog_entry`.execute(db.as());
  count += 1;
  const own = join(folder, String(count));
  const blobs = await openBlobStore({ dir: join(own, 'blobs'), bytesMax: 1 << 26, clock });
  const audit = { now: () => clock.now(), random: (bytes: number) => randomBytes(bytes) };
  const store = await openResultsTables({ db, blobs, clock, quotas, audit, staging: join(own, 'staging') });
  return { own, blobs, store };
}

function scopeOf(more: Partial<ResultsScope> = {}): ResultsScope {
  return {
    repository: '1',
    runId: 7,
    attempt: 1,
    jobId: 11,
    ref: 'refs/heads/main',
    readableRefs: [],
    level: () => 'branch',
    taint() {},
    ...more,
  };
}

const bytes = (text: string) => Readable.from([Buffer.from(text)], { objectMode: false });
const artifact = (name: string, text = name) => ({ name, mimeType: 'text/plain', content: bytes(text) });
const cache = (key: string, text = key) => ({ key, version: 'v', content: bytes(text) });
const setUp = async (quotas: Partial<ResultsQuotas> = {}) => {
  let now = Date.now();
  const clock: Clock = { now: () => now, monotonic: () => now };
  const opened = await open({ clock, quotas: { ...LOCAL_QUOTAS, ...quotas } });
  return { ...opened, advance: (milliseconds: number) => (now += milliseconds) };
};
const actions = async () =>
  (await listEntries(db, { limit: 100 })).map(({ body }) => (body as { action: string }).action).reverse();

describe('results in tables', () => {
  resultsStoreContract(async (options) => (await open(options)).store);

  test('every change is an entry of the audit log in the same transaction', async () => {
    const { store } = await setUp({ artifactBytesMax: { ...LOCAL_QUOTAS.artifactBytesMax, branch: 10 } });
    await store.artifacts.put(scopeOf(), artifact('one', '123456'));
    await store.artifacts.put(scopeOf({ runId: 8 }), artifact('two', '123456'));
    await store.artifacts.remove(scopeOf({ runId: 8 }), 'two');
    await store.caches.put(scopeOf(), cache('deps'));

    expect(await actions()).toEqual([
      'artifact.create',
      'artifact.evict',
      'artifact.create',
      'artifact.delete',
      'cache.create',
    ]);
  });

  test('without an entry there is no change', async () => {
    const { store } = await setUp();
    await sql`alter table auditlog_entry rename to auditlog_away`.execute(db.as());
    const puts = await Promise.allSettled([
      store.artifacts.put(scopeOf(), artifact('one')),
      store.caches.put(scopeOf(), cache('deps')),
    ]);
    await sql`alter table auditlog_away rename to auditlog_entry`.execute(db.as());

    expect(puts.map(({ status }) => status)).toEqual(['rejected', 'rejected']);

    expect(await store.artifacts.ofRun(7)).toEqual([]);
    expect(await store.caches.find(scopeOf(), ['deps'], 'v')).toBeUndefined();
  });

  /** R19: quotas are of one repository, so that nobody else's jobs evict what it has. */
  test('a flood in one repository evicts nothing of another', async () => {
    const cacheBytesMax = { ...LOCAL_QUOTAS.cacheBytesMax, branch: 50 };
    const { store } = await setUp({ cacheBytesMax });
    const [mine, theirs] = [scopeOf(), scopeOf({ repository: '2', runId: 9 })];
    await store.caches.put(mine, cache('deps', 'mine'));
    for (let n = 0; n < 10; n += 1) await store.caches.put(theirs, cache(`flood-${n}`, 'x'.repeat(20)));

    expect(await store.caches.find(mine, ['deps'], 'v')).toBeDefined();
    expect(await store.caches.find(theirs, ['flood-0'], 'v')).toBeUndefined();
  });

  test('puts at once stay within the quota', async () => {
    const cacheBytesMax = { ...LOCAL_QUOTAS.cacheBytesMax, branch: 100 };
    const { store } = await setUp({ cacheBytesMax });
    await Promise.all(
      Array.from({ length: 20 }, (_, n) => store.caches.put(scopeOf(), cache(`k${n}`, 'x'.repeat(30)))),
    );

    const rows = await db.as<{ results_cache: { key: string } }>().selectFrom('results_cache').select('key').execute();
    expect(rows).toHaveLength(3);
  });

  test('an artifact is found by its number, without a look at others', async () => {
    const { store } = await setUp();
    const made = await store.artifacts.put(scopeOf(), artifact('one'));
    expect(await store.artifacts.find(made.id)).toEqual(made);
    expect(await store.artifacts.find(made.id + 1)).toBeUndefined();
  });

  test('a sweep drops what ended, keeps what rows name, and is told of', async () => {
    const { blobs, store, advance } = await setUp();
    const short = Date.now() + 60_000;
    const gone = await store.artifacts.put(scopeOf(), { ...artifact('gone'), expiresAt: short });
    const kept = await store.artifacts.put(scopeOf(), { ...artifact('kept'), expiresAt: short + 30 * 24 * 3_600_000 });
    advance(COLLECT_GRACE_MS * 2);
    await store.sweep();

    expect(await blobs.has(gone.digest)).toBe(false);
    expect((await buffer(await store.artifacts.read(kept))).toString()).toBe('kept');
    expect((await actions()).at(-1)).toBe('artifact.expire');
  });

  test('bytes that are put while a sweep goes on are kept', async () => {
    const { own, store, advance } = await setUp();
    const first = await store.artifacts.put(scopeOf(), { ...artifact('same', 'bytes'), expiresAt: Date.now() + 1000 });
    const hex = first.digest.slice('sha256:'.length);
    const old = Date.now() / 1000 - 7200;
    await utimes(join(own, 'blobs', 'blobs', hex.slice(0, 2), hex), old, old);
    advance(2000);
    const [made] = await Promise.all([
      store.artifacts.put(scopeOf({ runId: 9 }), artifact('same', 'bytes')),
      store.sweep(),
    ]);

    expect((await buffer(await store.artifacts.read(made))).toString()).toBe('bytes');
  });
});
