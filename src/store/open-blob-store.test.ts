import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from 'vitest';
import { type Digest, systemClock } from '../base/index.ts';
import { blobStoreContract } from './blob-store.contract.ts';
import { openBlobStore } from './open-blob-store.ts';

const made: string[] = [];
const folder = async () => {
  const dir = await mkdtemp(join(tmpdir(), 'sallyport-blobs-'));
  made.push(dir);
  return dir;
};
const MIB = 1024 * 1024;
const content = (text: string) => Readable.from([Buffer.from(text)]);
const pathIn = (dir: string, digest: Digest) => join(dir, 'blobs', digest.slice(7, 9), digest.slice(7));

afterEach(async () => {
  for (const dir of made.splice(0)) await rm(dir, { recursive: true, force: true });
});

describe('blobs in files', () => {
  blobStoreContract(async (options) => openBlobStore({ dir: await folder(), ...options }));

  test('no temporary file stays after a success or a failure', async () => {
    const dir = await folder();
    const store = await openBlobStore({ dir, bytesMax: MIB, clock: systemClock });

    await store.put(content('x'), { bytesMax: 10 });
    await store.put(content('too long'), { bytesMax: 1 }).catch(() => {});

    const [own] = await readdir(join(dir, 'temp'));
    expect(await readdir(join(dir, 'temp', own!))).toEqual([]);
  });

  test('a blob that the disk changed is not handed out as whole', async () => {
    const dir = await folder();
    const store = await openBlobStore({ dir, bytesMax: MIB, clock: systemClock });
    const { digest } = await store.put(content('honest'), { bytesMax: 10 });
    await writeFile(pathIn(dir, digest), 'forged');

    await expect(buffer(await store.open(digest))).rejects.toMatchObject({ code: 'store/blob-corrupt' });
  });

  test('a collector that was killed after moving a blob away loses nothing', async () => {
    const dir = await folder();
    const store = await openBlobStore({ dir, bytesMax: MIB, clock: systemClock });
    const { digest } = await store.put(content('moved'), { bytesMax: 10 });
    await rename(pathIn(dir, digest), join(dir, 'trash', digest.slice(7)));

    const reopened = await openBlobStore({ dir, bytesMax: MIB, clock: systemClock });

    expect(await readFile(pathIn(dir, digest), 'utf8')).toBe('moved');
    expect(await reopened.has(digest)).toBe(true);
  });

  test('two stores on one folder see each other', async () => {
    const dir = await folder();
    const one = await openBlobStore({ dir, bytesMax: MIB, clock: systemClock });
    const two = await openBlobStore({ dir, bytesMax: MIB, clock: systemClock });

    const { digest } = await one.put(content('shared'), { bytesMax: 10 });

    expect((await buffer(await two.open(digest))).toString()).toBe('shared');
  });
});
