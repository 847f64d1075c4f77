import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { assert, type Clock, type Digest, isDigest, parseDigest, reasonOf } from '../base/index.ts';
import { type BlobStore, COLLECT_GRACE_MS, type StoredBlob } from './blob-store.ts';
import { fault } from './faults.ts';
import { verified } from './verified.ts';

export type BlobStoreOptions = {
  readonly dir: string;
  /** All blobs together. */
  readonly bytesMax: number;
  readonly clock: Clock;
};

/** Bytes read at a time from a blob. */
const READ_BYTES = 256 * 1024;
/** A temporary folder that was not written to for so long belongs to a process that died. Milliseconds. */
const TEMP_AGE_MS_MAX = 24 * 3_600_000;
/** How long a measured usage is believed: other processes write to the same folder. Milliseconds. */
const USAGE_AGE_MS_MAX = 5_000;

/**
 * Opens, and makes when it is missing, a blob store in a folder: `blobs/ab/<hex>`, mode 0600. Writers fill a temporary
 * file, sync it and rename it into place; the collector renames into `trash` first and looks again, so that a blob
 * which was put meanwhile returns.
 */
export async function openBlobStore(options: BlobStoreOptions): Promise<BlobStore> {
  const folders = {
    blobs: join(options.dir, 'blobs'),
    temp: join(options.dir, 'temp'),
    trash: join(options.dir, 'trash'),
  };
  for (const folder of Object.values(folders)) await mkdir(folder, { recursive: true, mode: 0o700 });
  await removeStaleTemp(folders.temp, options.clock);
  await emptyTrash(folders);
  return fileBlobStore(options, folders);
}

type Folders = { readonly blobs: string; readonly temp: string; readonly trash: string };

function fileBlobStore(options: BlobStoreOptions, folders: Folders): BlobStore {
  let own: string | undefined;
  let measured: { readonly at: number; bytes: number } | undefined;

  async function tempFile(): Promise<string> {
    own ??= await mkdtemp(join(folders.temp, 'put-'));
    await mkdir(own, { recursive: true, mode: 0o700 });
    return join(await mkdtemp(join(own, 'blob-')), 'content');
  }

  async function usage(): Promise<{ bytes: number }> {
    const now = options.clock.monotonic();
    if (measured === undefined || now - measured.at > USAGE_AGE_MS_MAX) {
      let bytes = 0;
      for await (const blob of blobsIn(folders.blobs)) bytes += blob.bytes;
      measured = { at: now, bytes };
    }
    return measured;
  }

  return {
    async put(content, { bytesMax }) {
      try {
        const used = await usage();
        const temp = await tempFile();
        try {
          const stored = await writeBlob(content, temp, {
            bytesMax,
            quotaBytes: options.bytesMax - used.bytes,
            quotaBytesMax: options.bytesMax,
          });
          const isNew = await publish(temp, pathOf(folders, stored.digest));
          if (isNew) used.bytes += stored.bytes;
          return stored;
        } finally {
          await rm(join(temp, '..'), { recursive: true, force: true });
        }
      } catch (error) {
        content.destroy();
        throw asStoreFault(error);
      }
    },

    async open(digest) {
      const handle = await open(pathOf(folders, digest), 'r').catch((error: unknown) => {
        if (isCode(error, 'ENOENT')) throw fault('blob-missing', `no blob ${digest}`, { cause: error });
        throw error;
      });
      return verified(handle.createReadStream({ highWaterMark: READ_BYTES }), digest);
    },

    async bytesOf(digest) {
      return (await statOrNothing(pathOf(folders, digest)))?.size;
    },

    async has(digest) {
      return (await statOrNothing(pathOf(folders, digest))) !== undefined;
    },

    async remove(digest) {
      measured = undefined;
      return removeFile(pathOf(folders, digest));
    },

    async usage() {
      measured = undefined;
      return (await usage()).bytes;
    },

    async collect(reachable) {
      measured = undefined;
      await emptyTrash(folders);
      return sweep(folders, reachable, options.clock);
    },
  };
}

type WriteLimits = { readonly bytesMax: number; readonly quotaBytes: number; readonly quotaBytesMax: number };

/** Writes the stream to a new file, synced. The caller removes the file on a fault. */
async function writeBlob(content: Readable, path: string, limits: WriteLimits): Promise<StoredBlob> {
  const hash = createHash('sha256');
  let bytes = 0;
  const handle = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of bytesOfContent(content)) {
      bytes += chunk.byteLength;
      if (bytes > limits.bytesMax) throw fault('too-large', `the content has more than ${limits.bytesMax} bytes`);
      if (bytes > limits.quotaBytes) {
        throw fault('quota-exceeded', `the store would hold more than ${limits.quotaBytesMax} bytes`);
      }
      hash.update(chunk);
      await writeAll(handle, chunk);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  return { digest: parseDigest(`sha256:${hash.digest('hex')}`), bytes };
}

/** The chunks of what is put; a sender that went away is `store/interrupted`. For all who store a stream. */
export async function* bytesOfContent(content: Readable): AsyncGenerator<Uint8Array> {
  const chunks: AsyncIterable<unknown> = content;
  try {
    for await (const chunk of chunks) {
      assert(chunk instanceof Uint8Array, 'a blob is put as bytes');
      yield chunk;
    }
  } catch (error) {
    if (isCode(error, 'ERR_STREAM_PREMATURE_CLOSE') || isCode(error, 'ECONNRESET')) {
      throw fault('interrupted', `the content ended early: ${reasonOf(error)}`, { cause: error });
    }
    throw error;
  }
}

async function writeAll(handle: Awaited<ReturnType<typeof open>>, chunk: Uint8Array): Promise<void> {
  let written = 0;
  while (written < chunk.byteLength) {
    written += (await handle.write(chunk, written, chunk.byteLength - written)).bytesWritten;
  }
}

/** Moves a whole file into place. Replacing an equal blob renews its age, which the collector looks at. */
async function publish(temp: string, path: string): Promise<boolean> {
  const isNew = (await statOrNothing(path)) === undefined;
  const folder = join(path, '..');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await rename(temp, path);
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
  return isNew;
}

async function sweep(
  folders: Folders,
  reachable: ReadonlySet<Digest>,
  clock: Clock,
): Promise<{ removed: number; bytes: number }> {
  let removed = 0;
  let bytes = 0;
  for await (const blob of blobsIn(folders.blobs)) {
    if (reachable.has(blob.digest) || clock.now() - blob.putAt < COLLECT_GRACE_MS) continue;
    const trashed = join(folders.trash, basename(blob.path));
    // It may have been put again since it was looked at: move it out of the way, look once more, then delete.
    if (!(await renameFile(blob.path, trashed))) continue;
    const now = await statOrNothing(trashed);
    if (now !== undefined && clock.now() - now.mtimeMs < COLLECT_GRACE_MS) {
      await renameFile(trashed, blob.path);
      continue;
    }
    if (await removeFile(trashed)) {
      removed += 1;
      bytes += blob.bytes;
    }
  }
  return { removed, bytes };
}

/** A collector that was killed leaves blobs here. They go back: the next sweep decides about them again. */
async function emptyTrash(folders: Folders): Promise<void> {
  for (const name of await readdir(folders.trash)) {
    const digest = `sha256:${name}`;
    if (!isDigest(digest)) continue;
    const path = pathOf(folders, digest);
    if ((await statOrNothing(path)) === undefined) await renameFile(join(folders.trash, name), path);
    else await removeFile(join(folders.trash, name));
  }
}

async function removeStaleTemp(temp: string, clock: Clock): Promise<void> {
  for (const name of await readdir(temp)) {
    const path = join(temp, name);
    const info = await statOrNothing(path);
    if (info !== undefined && clock.now() - info.mtimeMs > TEMP_AGE_MS_MAX) {
      await rm(path, { recursive: true, force: true });
    }
  }
}

type FoundBlob = { readonly digest: Digest; readonly path: string; readonly bytes: number; readonly putAt: number };

async function* blobsIn(folder: string): AsyncGenerator<FoundBlob> {
  for (const prefix of await readdir(folder)) {
    for (const name of await readdir(join(folder, prefix))) {
      const digest = `sha256:${name}`;
      const path = join(folder, prefix, name);
      const info = isDigest(digest) ? await statOrNothing(path) : undefined;
      if (isDigest(digest) && info !== undefined) yield { digest, path, bytes: info.size, putAt: info.mtimeMs };
    }
  }
}

function pathOf(folders: Folders, digest: Digest): string {
  const hex = parseDigest(digest).slice('sha256:'.length);
  return join(folders.blobs, hex.slice(0, 2), hex);
}

async function statOrNothing(path: string): Promise<{ size: number; mtimeMs: number } | undefined> {
  return stat(path).catch((error: unknown) => nothingWhenMissing(error));
}

async function removeFile(path: string): Promise<boolean> {
  return unlink(path).then(
    () => true,
    (error: unknown) => nothingWhenMissing(error) ?? false,
  );
}

async function renameFile(from: string, to: string): Promise<boolean> {
  await mkdir(join(to, '..'), { recursive: true, mode: 0o700 });
  return rename(from, to).then(
    () => true,
    (error: unknown) => nothingWhenMissing(error) ?? false,
  );
}

function nothingWhenMissing(error: unknown): undefined {
  if (isCode(error, 'ENOENT')) return undefined;
  throw error;
}

/** A full disk as the fault `store/disk-full`; everything else as it is. For all who write files of the store. */
export function asStoreFault(error: unknown): unknown {
  if (!isCode(error, 'ENOSPC') && !isCode(error, 'EDQUOT')) return error;
  return fault('disk-full', `the store could not write: ${reasonOf(error)}`, { cause: error });
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
