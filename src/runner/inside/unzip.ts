import { openAsBlob } from 'node:fs';
import { lstat, mkdir, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Refusal } from './program.ts';

/**
 * Unpacks the archive of another job. It is data only (K29): whoever wrote it must not choose where it lands, what can
 * be started, or how much disk it takes. Refused are paths that leave the folder, links and devices, names that two
 * systems read differently, entries that overlap; existing links on the way are not followed. Everything is a plain file
 * without leave to be executed.
 */
export type UnzipLimits = { readonly entriesMax: number; readonly bytesMax: number };

export const UNZIP_LIMITS: UnzipLimits = { entriesMax: 500_000, bytesMax: 32 * 1024 ** 3 };
const PATH_CHARACTERS_MAX = 4096;
const PART_BYTES_MAX = 255;
const KIND_MASK = 0o170000;
const KIND_FILE = 0o100000;
const KIND_FOLDER = 0o040000;

/** Unpacks `archive` into `folder` and gives the number of files. Nothing is written when any entry's name is refused. */
export async function unzip(archive: string, folder: string, limits: UnzipLimits = UNZIP_LIMITS): Promise<number> {
  const { BlobReader, ZipReader } = await import('@zip.js/zip.js');
  const reader = new ZipReader(new BlobReader(await openAsBlob(archive)), {
    useWebWorkers: false,
    checkOverlappingEntry: true,
    checkCrc32: true,
  });
  try {
    const entries = [];
    let announced = 0;
    for await (const entry of reader.getEntriesGenerator()) {
      entries.push(entry);
      announced += entry.uncompressedSize;
      if (entries.length > limits.entriesMax)
        throw new Refusal(`the archive has more than ${limits.entriesMax} entries`);
      if (announced > limits.bytesMax) throw new Refusal(`the archive unpacks to more than ${limits.bytesMax} bytes`);
    }
    const paths = entries.map((entry) => safePath(entry.filename, entry));
    checkShape(
      paths,
      entries.map((entry) => entry.directory),
    );
    const write = fileWriter(folder, limits.bytesMax);
    let files = 0;
    for (const [at, entry] of entries.entries()) {
      const path = paths[at] ?? '';
      if (entry.directory) await write.folder(path);
      else {
        await write.file(path, (sink) => entry.getData(sink));
        files += 1;
      }
    }
    return files;
  } catch (problem) {
    if (problem instanceof Refusal) throw problem;
    throw new Refusal(`the archive is refused: ${problem instanceof Error ? problem.message : String(problem)}`);
  } finally {
    await reader.close();
  }
}

type EntryKind = { readonly directory: boolean; readonly encrypted: boolean; readonly externalFileAttributes: number };

/** The path of an entry, relative, without a slash at the end. */
export function safePath(name: string, entry: EntryKind): string {
  const refuse = (why: string) =>
    new Refusal(`the archive is refused: the entry ${JSON.stringify(name.slice(0, 200))} ${why}`);
  const kind = (entry.externalFileAttributes >>> 16) & KIND_MASK;
  if (kind !== 0 && kind !== KIND_FILE && kind !== KIND_FOLDER) throw refuse('is neither a file nor a folder');
  if (entry.encrypted) throw refuse('is encrypted');
  if (name.length > PATH_CHARACTERS_MAX) throw refuse('has a path that is too long');
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f\\]/.test(name)) throw refuse('has a character that no path may have');
  const path = entry.directory ? name.replace(/\/+$/, '') : name;
  const parts = path.split('/');
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) throw refuse('has an absolute path');
  if (parts.some((part) => part === '' || part === '.' || part === '..')) throw refuse('leaves its folder');
  if (parts.some((part) => Buffer.byteLength(part) > PART_BYTES_MAX)) throw refuse('has a name that is too long');
  return path;
}

/** One path twice could show one content to a scanner and another to the job. */
function checkShape(paths: readonly string[], folders: readonly boolean[]): void {
  const files = new Set<string>();
  for (const [at, path] of paths.entries()) {
    if (folders[at] === true) continue;
    if (files.has(path))
      throw new Refusal(`the archive is refused: it holds ${JSON.stringify(path.slice(0, 200))} twice`);
    files.add(path);
  }
  for (const path of paths) {
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      if (files.has(path.slice(0, slash))) {
        throw new Refusal(`the archive is refused: ${JSON.stringify(path.slice(0, 200))} lies below a file`);
      }
    }
  }
}

function fileWriter(root: string, bytesMax: number) {
  const known = new Set<string>(['.']);
  let bytes = 0;

  /** Makes the folders of a path one by one: `mkdir -p` would follow a link that lies there. */
  async function folder(path: string): Promise<void> {
    if (known.has(path)) return;
    await folder(dirname(path));
    const full = join(root, path);
    await mkdir(full).catch((problem: unknown) => {
      if (!(problem instanceof Error && 'code' in problem && problem.code === 'EEXIST')) throw problem;
    });
    const stats = await lstat(full);
    if (!stats.isDirectory())
      throw new Refusal(`${full} is in the way: it is not a folder, and links are not followed`);
    known.add(path);
  }

  async function file(path: string, fill: (sink: WritableStream<Uint8Array>) => Promise<unknown>): Promise<void> {
    await folder(dirname(path));
    const full = join(root, path);
    const old = await lstat(full).catch(() => undefined);
    if (old?.isDirectory() === true) throw new Refusal(`${full} is in the way: it is a folder`);
    // Removed, not truncated: a link, hard or symbolic, would hand the bytes on to another file.
    if (old !== undefined) await rm(full);
    const handle = await open(full, 'wx', 0o644);
    try {
      await fill(
        new WritableStream<Uint8Array>({
          async write(chunk) {
            bytes += chunk.length;
            if (bytes > bytesMax) throw new Refusal(`the archive unpacks to more than ${bytesMax} bytes`);
            await handle.writeFile(chunk);
          },
        }),
      );
    } finally {
      await handle.close();
    }
  }

  return { folder, file };
}
