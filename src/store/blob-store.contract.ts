import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { type Clock, digestOf } from '../base/index.ts';
import type { BlobStore } from './blob-store.ts';
import { COLLECT_GRACE_MS } from './blob-store.ts';

export type BlobStoreFactory = (options: { bytesMax: number; clock: Clock }) => Promise<BlobStore>;

const MIB = 1024 * 1024;
const bytes = (text: string) => Readable.from([Buffer.from(text)]);

/** What every blob store does. `make` gives an empty one for each test. */
export function blobStoreContract(make: BlobStoreFactory): void {
  const setUp = async (bytesMax = 16 * MIB) => {
    let now = Date.now();
    const clock: Clock = { now: () => now, monotonic: () => now };
    const store = await make({ bytesMax, clock });
    return { store, advance: (milliseconds: number) => (now += milliseconds) };
  };

  test('what was put is read back under its digest', async () => {
    const { store } = await setUp();

    const stored = await store.put(bytes('hello'), { bytesMax: 100 });

    expect(stored).toEqual({ digest: digestOf('hello'), bytes: 5 });
    expect((await buffer(await store.open(stored.digest))).toString()).toBe('hello');
    expect(await store.has(stored.digest)).toBe(true);
    expect(await store.bytesOf(stored.digest)).toBe(5);
    expect(await store.usage()).toBe(5);
  });

  test('an empty blob is a blob', async () => {
    const { store } = await setUp();

    const stored = await store.put(Readable.from([]), { bytesMax: 0 });

    expect(stored).toEqual({ digest: digestOf(''), bytes: 0 });
    expect(await buffer(await store.open(stored.digest))).toHaveLength(0);
  });

  test('the same bytes put twice, and at once, are one blob', async () => {
    const { store } = await setUp();

    await Promise.all(Array.from({ length: 8 }, () => store.put(bytes('same'), { bytesMax: 100 })));

    expect(await store.usage()).toBe(4);
  });

  test('more bytes than allowed are refused and leave nothing', async () => {
    const { store } = await setUp();

    await expect(store.put(bytes('hello'), { bytesMax: 4 })).rejects.toMatchObject({ code: 'store/too-large' });

    expect(await store.usage()).toBe(0);
    expect(await store.has(digestOf('hello'))).toBe(false);
  });

  test('a full store refuses and keeps what it has', async () => {
    const { store } = await setUp(8);
    const first = await store.put(bytes('123456'), { bytesMax: 100 });

    await expect(store.put(bytes('abcdef'), { bytesMax: 100 })).rejects.toMatchObject({ code: 'store/quota-exceeded' });

    expect((await buffer(await store.open(first.digest))).toString()).toBe('123456');
    await store.remove(first.digest);
    await store.put(bytes('abcdef'), { bytesMax: 100 });
  });

  test('a stream that breaks off leaves nothing', async () => {
    const { store } = await setUp();
    const broken = new Readable({ read() {} });
    broken.push('half');
    setTimeout(() => broken.destroy(), 20);

    await expect(store.put(broken, { bytesMax: 100 })).rejects.toMatchObject({ code: 'store/interrupted' });

    expect(await store.usage()).toBe(0);
  });

  test('a blob that is not there is a fault to open and nothing to remove', async () => {
    const { store } = await setUp();

    await expect(store.open(digestOf('x'))).rejects.toMatchObject({ code: 'store/blob-missing' });
    expect(await store.remove(digestOf('x'))).toBe(false);
    expect(await store.bytesOf(digestOf('x'))).toBeUndefined();
  });

  test('collecting removes what is old and unreachable, and only that', async () => {
    const { store, advance } = await setUp();
    const kept = await store.put(bytes('kept'), { bytesMax: 100 });
    const dropped = await store.put(bytes('dropped'), { bytesMax: 100 });

    expect(await store.collect(new Set([kept.digest]))).toEqual({ removed: 0, bytes: 0 });
    advance(COLLECT_GRACE_MS + 1000);
    expect(await store.collect(new Set([kept.digest]))).toEqual({ removed: 1, bytes: 7 });

    expect(await store.has(kept.digest)).toBe(true);
    expect(await store.has(dropped.digest)).toBe(false);
    expect(await store.collect(new Set([kept.digest]))).toEqual({ removed: 0, bytes: 0 });
  });
}
