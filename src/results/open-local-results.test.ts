import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../base/index.ts';
import { openBlobStore } from '../store/index.ts';
import { memoryResults, openLocalResults } from './open-local-results.ts';
import { resultsStoreContract } from './results-store.contract.ts';
import type { ResultsScope } from './store.ts';

const made: string[] = [];
const folder = async () => {
  const dir = await mkdtemp(join(tmpdir(), 'sallyport-results-'));
  made.push(dir);
  return dir;
};
afterEach(async () => {
  for (const dir of made.splice(0)) await rm(dir, { recursive: true, force: true });
});

const BYTES_MAX = 64 * 1024 * 1024;
const scope: ResultsScope = {
  repository: 'octo/sample',
  runId: 7,
  attempt: 1,
  jobId: 11,
  ref: 'refs/heads/main',
  readableRefs: [],
  level: () => 'branch',
  taint() {},
};
const upload = (name: string) => ({ name, mimeType: 'application/zip', content: Readable.from([Buffer.from(name)]) });
const open = async (dir: string) => {
  const blobs = await openBlobStore({ dir: join(dir, 'blobs'), bytesMax: BYTES_MAX, clock: systemClock });
  return { blobs, store: await openLocalResults({ blobs, dir: join(dir, 'results'), clock: systemClock }) };
};

describe('results in memory', () => {
  resultsStoreContract(async (options) => memoryResults(options));
});

describe('results in files', () => {
  resultsStoreContract(async ({ clock, quotas }) => {
    const dir = await folder();
    const blobs = await openBlobStore({ dir: join(dir, 'blobs'), bytesMax: BYTES_MAX, clock });
    return openLocalResults({ blobs, dir: join(dir, 'results'), clock, quotas });
  });

  test('who keeps it open sweeps by the clock: what ended goes with its blob, what jobs still need stays', async () => {
    const dir = await folder();
    const clock = { ...systemClock, now: () => Date.now() + aheadMs };
    let aheadMs = 0;
    const blobs = await openBlobStore({ dir: join(dir, 'blobs'), bytesMax: BYTES_MAX, clock });
    const store = await openLocalResults({ blobs, dir: join(dir, 'results'), clock });
    const hourMs = 3_600_000;
    const short = await store.artifacts.put(scope, { ...upload('short'), expiresAt: Date.now() + hourMs });
    const long = await store.artifacts.put(scope, { ...upload('long'), expiresAt: Date.now() + 24 * 30 * hourMs });

    await store.sweep();
    const before = await blobs.has(short.digest);
    aheadMs = 24 * 3 * hourMs;
    await store.sweep();
    await store.sweep();

    expect(before).toBe(true);
    expect((await store.artifacts.ofRun(7)).map(({ name }) => name)).toEqual(['long']);
    expect([await blobs.has(short.digest), await blobs.has(long.digest)]).toEqual([false, true]);
  });

  test('two stores on one folder share names, ids and content', async () => {
    const dir = await folder();
    const one = await open(dir);
    const two = await open(dir);

    const puts = [one, two, one, two].map(({ store }, n) => store.artifacts.put(scope, upload(`a${n % 2}`)));
    const outcomes = await Promise.allSettled(puts);

    const artifacts = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    expect(artifacts).toHaveLength(2);
    expect(new Set(artifacts.map(({ id }) => id)).size).toBe(2);
    expect(await one.store.artifacts.list(scope)).toEqual(await two.store.artifacts.list(scope));
  });

  test('what was put survives a reopening, and a name removed by one store is free in the other', async () => {
    const dir = await folder();
    const one = await open(dir);
    await one.store.artifacts.put(scope, upload('site'));

    const two = await open(dir);
    expect(await two.store.artifacts.list(scope)).toHaveLength(1);
    await two.store.artifacts.remove(scope, 'site');
    expect(await one.store.artifacts.list(scope)).toEqual([]);
    await one.store.artifacts.put(scope, upload('site'));
    expect(await two.store.artifacts.list(scope)).toHaveLength(1);
  });

  test('removing the last reference removes the content', async () => {
    const dir = await folder();
    const { blobs, store } = await open(dir);
    await store.artifacts.put(scope, upload('site'));

    await store.artifacts.remove(scope, 'site');

    expect(await blobs.usage()).toBe(0);
    expect(await readdir(join(dir, 'results/temp'))).toEqual([]);
  });

  test('a cache whose content is gone is a miss and can be written again', async () => {
    const { blobs, store } = await open(await folder());
    const entry = { key: 'deps', version: 'v', content: Readable.from([Buffer.from('x')]) };
    const { digest } = (await store.caches.put(scope, entry))!;
    await blobs.remove(digest);

    expect(await store.caches.find(scope, ['deps'], 'v')).toBeUndefined();
    expect(await store.caches.put(scope, { ...entry, content: Readable.from([Buffer.from('y')]) })).toBeDefined();
  });

  test('a damaged index is a fault that says so, not an empty list', async () => {
    const dir = await folder();
    const { store } = await open(dir);
    await store.artifacts.put(scope, upload('site'));
    const [file] = await readdir(join(dir, 'results/artifacts/7'));
    await writeFile(join(dir, 'results/artifacts/7', file!), '{"version":1');

    const { store: reopened } = await open(dir);

    await expect(reopened.artifacts.list(scope)).rejects.toMatchObject({ code: 'results/index-broken' });
  });
});
