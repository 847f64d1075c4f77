import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Clock, digestOf, Secret, systemClock } from '../base/index.ts';
import { s3Wire } from './s3-wire.ts';
import { blobStoreContract } from '../store/blob-store.contract.ts';
import { COLLECT_GRACE_MS } from '../store/index.ts';
import { type FakeS3, openFakeS3 } from '../s3/fake-s3.fixture.ts';
import { type Bucket, claimBucket, openBucket, openS3BlobStore } from '../s3/index.ts';

const wires = s3Wire();
const open: FakeS3[] = [];
let spool = '';
beforeEach(async () => {
  spool = await mkdtemp(join(tmpdir(), 'sallyport-s3-'));
});
afterEach(async () => {
  for (const fake of open.splice(0)) await fake[Symbol.asyncDispose]();
  await rm(spool, { recursive: true, force: true });
});

async function fakeOf(clock: Clock): Promise<FakeS3> {
  const fake = await openFakeS3({ now: () => clock.now() });
  open.push(fake);
  return fake;
}

function bucketOf(fake: FakeS3, clock: Clock, secret = fake.key.secret, prefix = 'here/'): Bucket {
  const { endpoint, bucket, region, key } = fake;
  return openBucket({
    endpoint,
    bucket,
    region,
    prefix,
    key: { id: key.id, secret: new Secret(secret) },
    wire: wires.wire,
    clock,
    retryMs: 1,
  });
}

async function setUp(clock: Clock = systemClock, bytesMax = 1 << 20) {
  const fake = await fakeOf(clock);
  const store = await openS3BlobStore({ bucket: bucketOf(fake, clock), spool, bytesMax, clock });
  return { fake, store };
}

const put = (
  store: { put(content: Readable, options: { bytesMax: number }): Promise<{ digest: string }> },
  text: string,
) => store.put(Readable.from([Buffer.from(text)]), { bytesMax: 1 << 20 });

describe('blobs in a bucket', () => {
  blobStoreContract(async ({ bytesMax, clock }) => (await setUp(clock, bytesMax)).store);

  test('are signed: another secret is refused, and nothing is stored', async () => {
    const fake = await fakeOf(systemClock);
    const bucket = bucketOf(fake, systemClock, 'another');
    const store = await openS3BlobStore({ bucket, spool, bytesMax: 1 << 20, clock: systemClock });

    await expect(put(store, 'x')).rejects.toMatchObject({ code: 's3/refused', message: /SignatureDoesNotMatch/ });

    expect(fake.objects.size).toBe(0);
    expect(await readdir(spool)).toEqual([]);
  });

  test('that were changed in the bucket fail at the end of their reading', async () => {
    const { fake, store } = await setUp();
    const { digest } = await store.put(Readable.from([Buffer.from('true')]), { bytesMax: 10 });
    for (const object of fake.objects.values()) object.body = Buffer.from('lies');

    await expect(buffer(await store.open(digest))).rejects.toMatchObject({ code: 'store/blob-corrupt' });
  });

  test('of another size than they had are written again', async () => {
    const { fake, store } = await setUp();
    const { digest } = await store.put(Readable.from([Buffer.from('whole')]), { bytesMax: 10 });
    for (const object of fake.objects.values()) object.body = Buffer.from('ha');
    await put(store, 'whole');

    expect((await buffer(await store.open(digest))).toString()).toBe('whole');
  });

  test('are put though the bucket fails now and then, and each is there once', async () => {
    const { fake, store } = await setUp();
    let asked = 0;
    fake.fail = () => ((asked += 1) % 3 === 0 ? 503 : undefined);
    for (let n = 0; n < 10; n += 1) await put(store, `blob ${n}`);
    fake.fail = undefined;

    expect(await store.usage()).toBe(60);
    expect(fake.objects.size).toBe(10);
  });

  test('can not be put while the bucket is away, and nothing is left in the spool', async () => {
    const { fake, store } = await setUp();
    await store.usage();
    fake.fail = () => 503;

    await expect(put(store, 'x')).rejects.toMatchObject({ code: 's3/refused' });

    expect(await readdir(spool)).toEqual([]);
  });

  test('that are put again while they are old and collected stay: the put renews them', async () => {
    let now = Date.now();
    const clock: Clock = { now: () => now, monotonic: () => now };
    const { fake, store } = await setUp(clock);
    await put(store, 'again');
    now += 2 * COLLECT_GRACE_MS;

    const [again, collected] = await Promise.all([put(store, 'again'), store.collect(new Set())]);

    expect(again.digest).toBe(digestOf('again'));
    // Either the put was first, and the blob is young, or the collector was, and the put wrote it anew.
    expect(collected.removed).toBeLessThanOrEqual(1);
    expect(fake.objects.size).toBe(1);
  });

  test('are collected by whoever comes after one that was ended in the middle', async () => {
    let now = Date.now();
    const clock: Clock = { now: () => now, monotonic: () => now };
    const { fake, store } = await setUp(clock);
    for (let n = 0; n < 8; n += 1) await put(store, `dropped ${n}`);
    const kept = await store.put(Readable.from([Buffer.from('kept')]), { bytesMax: 10 });
    now += 2 * COLLECT_GRACE_MS;
    let deletes = 0;
    fake.fail = (method) => (method === 'DELETE' && (deletes += 1) > 3 ? 400 : undefined);
    await expect(store.collect(new Set([kept.digest]))).rejects.toMatchObject({ code: 's3/refused' });
    fake.fail = undefined;
    const next = await openS3BlobStore({ bucket: bucketOf(fake, clock), spool, bytesMax: 1 << 20, clock });

    expect(await next.collect(new Set([kept.digest]))).toMatchObject({ removed: 5 });
    expect([...fake.objects.keys()]).toEqual([expect.stringContaining(kept.digest.slice(7))]);
    expect(await next.usage()).toBe(4);
  });
});

test('a bucket belongs to one installation', async () => {
  const fake = await fakeOf(systemClock);
  await claimBucket(bucketOf(fake, systemClock), 'one');
  await claimBucket(bucketOf(fake, systemClock), 'one');

  await expect(claimBucket(bucketOf(fake, systemClock), 'two')).rejects.toMatchObject({ code: 's3/other-owner' });
  await claimBucket(bucketOf(fake, systemClock, fake.key.secret, 'elsewhere/'), 'two');
});
