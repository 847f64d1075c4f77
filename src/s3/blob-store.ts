import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { type Clock, type Digest, isDigest, parseDigest } from '../base/index.ts';
import {
  asStoreFault,
  type BlobStore,
  bytesOfContent,
  COLLECT_GRACE_MS,
  storeFault,
  verified,
} from '../store/index.ts';
import type { Bucket, BucketObject } from './bucket.ts';

export type S3BlobStoreOptions = {
  readonly bucket: Bucket;
  /** Where uploads wait until their digest is known. Emptied at the start: nothing in it survives its process. */
  readonly spool: string;
  readonly bytesMax: number;
  readonly clock: Clock;
};

const READ_BYTES = 256 * 1024;
const PREFIX = 'blobs/';
/** A blob that is put again and is older than this is written anew, so that the collector sees a young one. Milliseconds. */
const RENEW_MS = COLLECT_GRACE_MS / 2;

/**
 * Blobs as objects `blobs/ab/<hex>`. One process writes a bucket (`claimBucket`): a put and the collector's removal of one digest wait
 * for each other here, since the protocol has no way to remove only what is still old.
 */
export async function openS3BlobStore(options: S3BlobStoreOptions): Promise<BlobStore> {
  await mkdir(options.spool, { recursive: true, mode: 0o700 });
  for (const name of await readdir(options.spool))
    await rm(join(options.spool, name), { recursive: true, force: true });
  return new S3Blobs(options);
}

class S3Blobs implements BlobStore {
  readonly #options: S3BlobStoreOptions;
  readonly #turns = new Map<Digest, Promise<unknown>>();
  /** Bytes of all blobs; counted once, and followed since. */
  #bytes: Promise<number> | undefined;
  #change = 0;

  constructor(options: S3BlobStoreOptions) {
    this.#options = options;
  }

  async put(content: Readable, { bytesMax }: { readonly bytesMax: number }) {
    const path = join(this.#options.spool, randomUUID());
    try {
      const used = await this.usage();
      const { digest, bytes } = await spool(content, path, { bytesMax, used, quota: this.#options.bytesMax });
      await this.#inTurn(digest, () => this.#publish(digest, { bytes, path }));
      return { digest, bytes };
    } catch (thrown) {
      content.destroy();
      throw asStoreFault(thrown);
    } finally {
      await rm(path, { force: true });
    }
  }

  async #publish(digest: Digest, { bytes, path }: { readonly bytes: number; readonly path: string }): Promise<void> {
    const { bucket, clock } = this.#options;
    const key = keyOf(digest);
    const found = await bucket.head(key);
    const isSound = found?.bytes === bytes;
    if (isSound && clock.now() - found.modifiedAt < RENEW_MS) return;
    const sha256 = digest.slice('sha256:'.length);
    const open = () => createReadStream(path, { highWaterMark: READ_BYTES });
    const isNew = await bucket.put(key, { bytes, sha256, open }, { onlyIfAbsent: found === undefined });
    if (isNew && found === undefined) this.#change += bytes;
  }

  async open(digest: Digest): Promise<Readable> {
    const found = await this.#options.bucket.get(keyOf(digest));
    if (found === undefined) throw storeFault('blob-missing', `no blob ${digest}`);
    return verified(found.body, digest);
  }

  async bytesOf(digest: Digest): Promise<number | undefined> {
    return (await this.#options.bucket.head(keyOf(digest)))?.bytes;
  }

  async has(digest: Digest): Promise<boolean> {
    return (await this.bytesOf(digest)) !== undefined;
  }

  remove(digest: Digest): Promise<boolean> {
    return this.#inTurn(digest, async () => {
      const bytes = await this.bytesOf(digest);
      if (bytes === undefined) return false;
      await this.#options.bucket.remove(keyOf(digest));
      this.#change -= bytes;
      return true;
    });
  }

  async usage(): Promise<number> {
    this.#bytes ??= this.#count();
    try {
      return (await this.#bytes) + this.#change;
    } catch (thrown) {
      // The next one counts anew.
      this.#bytes = undefined;
      throw thrown;
    }
  }

  async #count(): Promise<number> {
    const before = this.#change;
    let bytes = 0;
    for await (const object of this.#options.bucket.list(PREFIX)) bytes += object.bytes;
    // What came while it was counted is in one of both numbers or in both: an estimate errs toward too full.
    this.#change -= before;
    return bytes;
  }

  async collect(reachable: ReadonlySet<Digest>): Promise<{ readonly removed: number; readonly bytes: number }> {
    const collected = { removed: 0, bytes: 0 };
    let all = 0;
    const before = this.#change;
    for await (const object of this.#options.bucket.list(PREFIX)) {
      all += object.bytes;
      const digest = digestOf(object.key);
      if (digest === undefined || reachable.has(digest) || !this.#isOld(object)) continue;
      const isGone = await this.#inTurn(digest, async () => {
        const now = await this.#options.bucket.head(object.key);
        if (now === undefined || !this.#isOld(now)) return false;
        await this.#options.bucket.remove(object.key);
        return true;
      });
      if (!isGone) continue;
      all -= object.bytes;
      collected.removed += 1;
      collected.bytes += object.bytes;
    }
    this.#bytes = Promise.resolve(all);
    this.#change -= before;
    return collected;
  }

  #isOld({ modifiedAt }: BucketObject): boolean {
    return this.#options.clock.now() - modifiedAt >= COLLECT_GRACE_MS;
  }

  /** One after the other for each digest. */
  async #inTurn<T>(digest: Digest, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(digest) ?? Promise.resolve();
    const turn = before.catch(() => undefined).then(work);
    const settled = turn.catch(() => undefined);
    this.#turns.set(digest, settled);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(digest) === settled) this.#turns.delete(digest);
    }
  }
}

/** Writes the stream to a file, and learns its digest on the way. */
async function spool(
  content: Readable,
  path: string,
  { bytesMax, used, quota }: { readonly bytesMax: number; readonly used: number; readonly quota: number },
): Promise<{ readonly digest: Digest; readonly bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  const handle = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of bytesOfContent(content)) {
      bytes += chunk.byteLength;
      if (bytes > bytesMax) throw storeFault('too-large', `the content has more than ${bytesMax} bytes`);
      if (used + bytes > quota) throw storeFault('quota-exceeded', `the store would hold more than ${quota} bytes`);
      hash.update(chunk);
      await handle.writeFile(chunk);
    }
  } finally {
    await handle.close();
  }
  return { digest: parseDigest(`sha256:${hash.digest('hex')}`), bytes };
}

function keyOf(digest: Digest): string {
  const hex = parseDigest(digest).slice('sha256:'.length);
  return `${PREFIX}${hex.slice(0, 2)}/${hex}`;
}

function digestOf(key: string): Digest | undefined {
  const digest = `sha256:${key.split('/').at(-1) ?? ''}`;
  return isDigest(digest) ? digest : undefined;
}
