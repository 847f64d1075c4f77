import { createReadStream } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { assert, digestOf } from '../base/index.ts';
import { asStoreFault } from '../store/index.ts';
import { fault } from './faults.ts';
import type { Staging } from './store.ts';

/** Bytes read at a time from a block. */
const READ_BYTES = 256 * 1024;

/** Blocks as files in a new folder below `dir`. */
export async function fileStaging(dir: string): Promise<Staging> {
  const own = await mkdtemp(join(dir, 'upload-'));
  const pathOf = (block: string) => join(own, digestOf(block).slice('sha256:'.length));
  return {
    async write(block, content, { bytesMax }) {
      try {
        const handle = await open(pathOf(block), 'w', 0o600);
        try {
          let bytes = 0;
          for await (const chunk of limited(content, bytesMax)) {
            bytes += chunk.byteLength;
            await handle.writeFile(chunk);
          }
          return bytes;
        } finally {
          await handle.close();
        }
      } catch (error) {
        await rm(pathOf(block), { force: true });
        throw asStoreFault(error);
      }
    },
    read(blocks) {
      return Readable.from(filesOf(blocks.map(pathOf)), { objectMode: false });
    },
    async discard() {
      await rm(own, { recursive: true, force: true });
    },
  };
}

export function memoryStaging(): Staging {
  const blocks = new Map<string, Buffer>();
  return {
    async write(block, content, { bytesMax }) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of limited(content, bytesMax)) chunks.push(chunk);
      const whole = Buffer.concat(chunks);
      blocks.set(block, whole);
      return whole.byteLength;
    },
    read(names) {
      const parts = names.map((name) => blocks.get(name));
      return Readable.from(
        parts.filter((part) => part !== undefined),
        { objectMode: false },
      );
    },
    async discard() {
      blocks.clear();
    },
  };
}

async function* limited(content: Readable, bytesMax: number): AsyncGenerator<Uint8Array> {
  const chunks: AsyncIterable<unknown> = content;
  let bytes = 0;
  for await (const chunk of chunks) {
    assert(chunk instanceof Uint8Array, 'a block is written as bytes');
    bytes += chunk.byteLength;
    if (bytes > bytesMax) throw fault('too-large', `the block has more than ${bytesMax} bytes`);
    yield chunk;
  }
}

async function* filesOf(paths: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const path of paths) {
    const chunks: AsyncIterable<Uint8Array> = createReadStream(path, { highWaterMark: READ_BYTES });
    yield* chunks;
  }
}
