import { createWriteStream, openAsBlob } from 'node:fs';
import { link, lstat, mkdir, mkdtemp, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Entry } from '@zip.js/zip.js';
import { excerpt, isFault, reasonOf } from '../base/index.ts';
import { asStoreFault } from '../store/index.ts';
import { fault } from './faults.ts';
import { checkArtifactName } from './rules.ts';
import type { Artifact } from './store.ts';

export type ExtractLimits = {
  readonly archiveBytesMax: number;
  /** What comes out, all files together, counted while it comes: what the archive says of itself is not believed. */
  readonly bytesMax: number;
  readonly entriesMax: number;
};

export const EXTRACT_LIMITS: ExtractLimits = {
  archiveBytesMax: 5 * 1024 ** 3,
  bytesMax: 20 * 1024 ** 3,
  entriesMax: 200_000,
};

export type Extracted = { readonly path: string; readonly files: number; readonly bytes: number };

const PATH_LENGTH_MAX = 1_024;
const PATH_DEPTH_MAX = 64;
const SEGMENT_BYTES_MAX = 255;
const COPY_MODES = { file: 0o644, folder: 0o755 } as const;
/** Type bits of a Unix mode, and the two kinds that are unpacked. */
const TYPE_BITS = 0o170000;
const PLAIN_TYPES: readonly number[] = [0, 0o100000, 0o040000];

/**
 * Copies an artifact out for a person (K29): a zip into the folder `<into>/<name>`, another file as `<into>/<name>`. It
 * is data only: no links, no devices, no executable bits, no path that leaves the folder. Everything is made in a
 * quarantine folder beside the target and moved there when it is whole; what exists is never touched. Faults:
 * `results/target-exists`, `results/zip-unsafe`, `results/zip-invalid`, `results/too-large`, `results/too-many`.
 */
export async function extractArtifact(
  artifact: Pick<Artifact, 'name' | 'mimeType'>,
  content: Readable,
  options: { readonly into: string; readonly limits?: ExtractLimits },
): Promise<Extracted> {
  const { into, limits = EXTRACT_LIMITS } = options;
  checkArtifactName(artifact.name);
  const path = join(into, artifact.name);
  if ((await lstat(path).catch(() => undefined)) !== undefined) throw targetExists(path);
  await mkdir(into, { recursive: true });
  const quarantine = await mkdtemp(join(into, '.sallyport-quarantine-'));
  try {
    const received = join(quarantine, 'received');
    const bytes = await receive(content, received, limits.archiveBytesMax);
    if (artifact.mimeType !== 'application/zip') {
      await link(received, path).catch((error: unknown) => refuseExisting(error, path));
      return { path, files: 1, bytes };
    }
    const unpacked = join(quarantine, 'unpacked');
    await mkdir(unpacked, { mode: COPY_MODES.folder });
    const counted = await unpack(received, unpacked, limits);
    await mkdir(path).catch((error: unknown) => refuseExisting(error, path));
    await rename(unpacked, path);
    return { path, ...counted };
  } catch (error) {
    throw asStoreFault(error);
  } finally {
    content.destroy();
    await rm(quarantine, { recursive: true, force: true });
  }
}

async function receive(content: Readable, path: string, bytesMax: number): Promise<number> {
  let bytes = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.byteLength;
      done(bytes > bytesMax ? fault('too-large', `the artifact has more than ${bytesMax} bytes`) : null, chunk);
    },
  });
  await pipeline(content, count, createWriteStream(path, { flags: 'wx', mode: COPY_MODES.file }));
  return bytes;
}

async function unpack(
  archive: string,
  folder: string,
  limits: ExtractLimits,
): Promise<{ files: number; bytes: number }> {
  // Loaded when a person asks for an artifact: no run waits for it.
  const { BlobReader, configure, ERR_OVERLAPPING_ENTRY, ERR_UNSAFE_FILENAME, ZipReader } = await import(
    '@zip.js/zip.js'
  );
  configure({ useWebWorkers: false });
  const reader = new ZipReader(new BlobReader(await openAsBlob(archive)), { checkOverlappingEntry: true });
  let entries = 0;
  let files = 0;
  let bytes = 0;
  try {
    for await (const entry of reader.getEntriesGenerator()) {
      entries += 1;
      if (entries > limits.entriesMax)
        throw fault('too-many', `the archive has more than ${limits.entriesMax} entries`);
      const path = join(folder, safePath(entry));
      if (entry.directory) {
        await makeFolder(path, entry);
        continue;
      }
      await makeFolder(dirname(path), entry);
      bytes += await writeEntry(entry, path, limits.bytesMax - bytes);
      files += 1;
    }
  } catch (error) {
    if (isFault(error)) throw error;
    if (isCode(error, 'ENOSPC') || isCode(error, 'EDQUOT')) throw error;
    if (isError(error, ERR_UNSAFE_FILENAME)) {
      throw fault('zip-unsafe', 'an entry has a path that leaves its folder', { cause: error });
    }
    if (isError(error, ERR_OVERLAPPING_ENTRY)) {
      throw fault('zip-unsafe', 'entries share their bytes', { cause: error });
    }
    throw fault('zip-invalid', `the archive can not be read: ${excerpt(reasonOf(error))}`, { cause: error });
  } finally {
    await reader.close();
  }
  return { files, bytes };
}

/** The path of an entry below its folder. Fault `results/zip-unsafe` for what could lead elsewhere. */
function safePath(entry: Entry): string {
  const name = entry.filename;
  const type = ((entry.externalFileAttributes ?? 0) >>> 16) & TYPE_BITS;
  if (entry.symlink || !PLAIN_TYPES.includes(type)) {
    throw unsafe(entry, 'is a link, a device or another special file');
  }
  if (entry.encrypted) throw unsafe(entry, 'is encrypted');
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f\\]/.test(name) || !name.isWellFormed()) throw unsafe(entry, 'has a control character');
  const segments = (entry.directory ? name.replace(/\/$/, '') : name).split('/');
  if (name.length > PATH_LENGTH_MAX || segments.length > PATH_DEPTH_MAX) throw unsafe(entry, 'has too long a path');
  for (const segment of segments) {
    if (segment === '' || segment === '.' || segment === '..') throw unsafe(entry, 'leaves its folder');
    if (Buffer.byteLength(segment) > SEGMENT_BYTES_MAX) throw unsafe(entry, 'has too long a name');
  }
  return segments.join('/');
}

async function makeFolder(path: string, entry: Entry): Promise<void> {
  await mkdir(path, { recursive: true, mode: COPY_MODES.folder }).catch((error: unknown) => {
    if (isCode(error, 'EEXIST') || isCode(error, 'ENOTDIR')) throw unsafe(entry, 'is a file and a folder');
    throw error;
  });
}

/** Writes one file that did not exist. Gives its bytes. */
async function writeEntry(entry: Entry, path: string, bytesMax: number): Promise<number> {
  if (entry.directory) return 0;
  const handle = await open(path, 'wx', COPY_MODES.file).catch((error: unknown) => {
    if (isCode(error, 'EEXIST') || isCode(error, 'EISDIR')) throw unsafe(entry, 'is there twice');
    throw error;
  });
  let bytes = 0;
  let refusal: unknown;
  try {
    const sink = new WritableStream<Uint8Array>({
      async write(chunk) {
        bytes += chunk.byteLength;
        if (bytes > bytesMax) {
          refusal = fault('too-large', 'the archive unpacks to more than is allowed');
          throw refusal;
        }
        await handle.writeFile(chunk);
      },
    });
    await entry.getData(sink);
    return bytes;
  } catch (error) {
    // The library may wrap what the sink threw.
    throw refusal ?? error;
  } finally {
    await handle.close();
  }
}

function unsafe(entry: Entry, why: string) {
  return fault('zip-unsafe', `the entry ${JSON.stringify(excerpt(entry.filename))} ${why}`);
}

function targetExists(path: string) {
  return fault('target-exists', `${path} exists already`);
}

function refuseExisting(error: unknown, path: string): never {
  throw isCode(error, 'EEXIST') ? targetExists(path) : error;
}

function isError(error: unknown, message: string): boolean {
  return error instanceof Error && error.message.startsWith(message);
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
