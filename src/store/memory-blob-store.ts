import { Readable } from 'node:stream';
import { type Clock, type Digest, digestOf, reasonOf } from '../base/index.ts';
import { type BlobStore, COLLECT_GRACE_MS } from './blob-store.ts';
import { fault } from './faults.ts';
import { verified } from './verified.ts';

/** A blob store in memory, for tests. */
export function memoryBlobStore(options: { readonly bytesMax: number; readonly clock: Clock }): BlobStore {
  const blobs = new Map<Digest, { readonly content: Buffer; putAt: number }>();
  const usage = () => [...blobs.values()].reduce((sum, blob) => sum + blob.content.byteLength, 0);

  return {
    async put(stream, { bytesMax }) {
      const content = await readAll(stream, { bytesMax, quotaBytes: options.bytesMax - usage() });
      const digest = digestOf(content);
      blobs.set(digest, { content, putAt: options.clock.now() });
      return { digest, bytes: content.byteLength };
    },
    async open(digest) {
      const blob = blobs.get(digest);
      if (blob === undefined) throw fault('blob-missing', `no blob ${digest}`);
      return verified(Readable.from([blob.content], { objectMode: false }), digest);
    },
    bytesOf: async (digest) => blobs.get(digest)?.content.byteLength,
    has: async (digest) => blobs.has(digest),
    remove: async (digest) => blobs.delete(digest),
    usage: async () => usage(),
    async collect(reachable) {
      let removed = 0;
      let bytes = 0;
      for (const [digest, blob] of blobs) {
        if (reachable.has(digest) || options.clock.now() - blob.putAt < COLLECT_GRACE_MS) continue;
        blobs.delete(digest);
        removed += 1;
        bytes += blob.content.byteLength;
      }
      return { removed, bytes };
    },
  };
}

async function readAll(stream: Readable, limits: { bytesMax: number; quotaBytes: number }): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of stream) {
      const part = Buffer.from(chunk);
      bytes += part.byteLength;
      if (bytes > limits.bytesMax) throw fault('too-large', `the content has more than ${limits.bytesMax} bytes`);
      if (bytes > limits.quotaBytes) throw fault('quota-exceeded', 'the store is full');
      chunks.push(part);
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE') {
      throw fault('interrupted', `the content ended early: ${reasonOf(error)}`, { cause: error });
    }
    throw error;
  }
  return Buffer.concat(chunks);
}
