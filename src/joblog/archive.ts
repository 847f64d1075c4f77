import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { reasonOf } from '../base/index.ts';
import { fault } from './faults.ts';

/** Somewhere else where sealed logs lie once nobody follows them any more. */
export type LogArchive = {
  /** Replaces what is there under this name. */
  put(name: string, content: { readonly path: string; readonly bytes: number; readonly sha256: string }): Promise<void>;
  get(name: string): Promise<Readable | undefined>;
  /** Harmless when it is not there. */
  remove(name: string): Promise<void>;
};

/** What stays here of a log that is elsewhere. */
export type Archived = { readonly bytes: number; readonly sha256: string };

const markerFile = z.strictObject({ bytes: z.int().nonnegative(), sha256: z.string().regex(/^[0-9a-f]{64}$/) });
const MARKER_BYTES_MAX = 1024;

/** Marker of a log that is elsewhere, or nothing. */
export async function readMarker(path: string): Promise<Archived | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    if (text.length <= MARKER_BYTES_MAX) return markerFile.parse(JSON.parse(text));
  } catch {
    // Said below, as of one that is too long.
  }
  throw fault('unusable', `${path} is not as it was written`);
}

/**
 * Moves a sealed log to the archive: first its bytes, then the marker that says so, and only then the file goes. Ended anywhere in
 * between, the next turn does it again.
 */
export async function moveAway(archive: LogArchive, name: string, { sealed, marker }: LogPaths): Promise<void> {
  const known = await readMarker(marker);
  if (known === undefined) {
    const content = { path: sealed, ...(await measure(sealed)) };
    await archive.put(name, content);
    await writeMarker(marker, { bytes: content.bytes, sha256: content.sha256 });
  }
  await rm(sealed, { force: true });
}

/** Brings a log back beside its marker, once every byte of it is the one that went. Fault `joblog/unusable`. */
export async function bringBack(archive: LogArchive, name: string, { sealed, marker }: LogPaths): Promise<void> {
  const known = await readMarker(marker);
  if (known === undefined) return;
  const content = await archive.get(name).catch((thrown: unknown) => {
    throw fault('unusable', `the archive: ${reasonOf(thrown)}`, { cause: thrown });
  });
  if (content === undefined) throw fault('unusable', `the archive has no ${name}`);
  const draft = `${sealed}.${randomUUID()}`;
  try {
    await pipeline(content, createWriteStream(draft, { flags: 'wx', mode: 0o600 }));
    const found = await measure(draft);
    if (found.sha256 !== known.sha256) throw fault('unusable', `${name} in the archive is not what was put there`);
    await rename(draft, sealed);
  } finally {
    await rm(draft, { force: true });
  }
}

export type LogPaths = { readonly sealed: string; readonly marker: string };

async function measure(path: string): Promise<Archived> {
  const hash = createHash('sha256');
  let bytes = 0;
  const chunks: AsyncIterable<Uint8Array> = createReadStream(path);
  for await (const chunk of chunks) {
    bytes += chunk.byteLength;
    hash.update(chunk);
  }
  return { bytes, sha256: hash.digest('hex') };
}

async function writeMarker(path: string, archived: Archived): Promise<void> {
  const draft = `${path}.${randomUUID()}`;
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(archived)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  const folder = await open(dirname(path), 'r');
  await folder.sync();
  await folder.close();
}

/** Jobs whose sealed logs lie here and were not touched since, at most so many. Drafts that a crash left are removed. */
export async function oldSealed(folder: string, before: number, limit: number): Promise<readonly number[]> {
  const found: number[] = [];
  for (const part of await readdir(folder)) {
    for (const name of await readdir(join(folder, part)).catch(() => [])) {
      const [, id, draft] = /^(\d+)\.(?:sealed|archived)(\..+)?$/.exec(name) ?? [];
      if (id === undefined || (!name.endsWith('.sealed') && draft === undefined)) continue;
      const info = await stat(join(folder, part, name)).catch(() => undefined);
      if (info === undefined || info.mtimeMs > before) continue;
      if (draft === undefined) found.push(Number(id));
      else await rm(join(folder, part, name), { force: true });
      if (found.length >= limit) return found;
    }
  }
  return found;
}
