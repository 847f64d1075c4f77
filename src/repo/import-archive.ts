import { createReadStream, openAsBlob } from 'node:fs';
import { type FileHandle, lstat, mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { excerpt, isFault, reasonOf } from '../base/index.ts';
import { fault } from './faults.ts';

/** Entries of one archive. */
const ENTRIES_MAX = 1_000_000;
const PATH_BYTES_MAX = 4096;
/** Work trees are passed over, not unpacked: all files may have so many times the bytes of a repository. */
const PASSED_OVER_MAX = 4;
/** Where a tar says that it is one. */
const TAR_MAGIC_AT = 257;
const HEAD_BYTES = 512;
/** What an import reads of a repository; configuration, hooks and the index stay in the archive. */
const WANTED = /^(HEAD|packed-refs|shallow|refs\/.+|objects\/.+)$/;

type Kind = 'zip' | 'tar' | 'tar.gz';
type Entry = { readonly path: string; readonly type: 'file' | 'folder' | 'other' };
/** Is told each entry; takes its bytes when it wants them. */
type Visit = (entry: Entry) => ((chunk: Uint8Array) => Promise<void>) | undefined;

/**
 * Takes the repository out of an archive (zip, tar, tar.gz) of a bare repository or of a work tree with its `.git`, into a folder of our
 * own. Only plain files below it are written, each once. Faults: `repo/import-refused`, `repo/over-quota`.
 */
export async function unpackRepository(archive: string, folder: string, bytesMax: number): Promise<string> {
  const kind = await kindOf(archive);
  const names: Entry[] = [];
  const bounds = { bytesMax: bytesMax * PASSED_OVER_MAX };
  await walk(archive, kind, bounds, (entry) => {
    names.push(entry);
    if (names.length > ENTRIES_MAX) throw fault('import-refused', `more than ${ENTRIES_MAX} entries`);
    return undefined;
  });
  const root = rootOf(names);
  for (const name of ['objects', 'refs']) await mkdir(join(folder, name), { recursive: true, mode: 0o700 });
  await using files = new Writer(folder, bytesMax);
  await walk(archive, kind, bounds, ({ path, type }) => {
    const inside = path.startsWith(root) ? path.slice(root.length) : '';
    if (type === 'folder' || !WANTED.test(inside)) return undefined;
    if (type !== 'file') throw fault('import-refused', `${shown(path)} is no plain file`);
    return files.take(inside);
  });
  return folder;
}

async function kindOf(archive: string): Promise<Kind> {
  if (!(await lstat(archive)).isFile()) throw fault('import-refused', 'an archive is a file');
  const file = await open(archive);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const head = buffer.subarray(0, bytesRead).toString('latin1');
    if (head.startsWith('PK\x03\x04')) return 'zip';
    if (head.startsWith('\x1f\x8b')) return 'tar.gz';
    if (head.startsWith('ustar', TAR_MAGIC_AT)) return 'tar';
  } finally {
    await file.close();
  }
  throw fault('import-refused', 'the file is no zip, no tar and no tar.gz');
}

/** The folder of the repository in the archive, with its slash: the highest one that has HEAD, objects and refs. */
function rootOf(names: readonly Entry[]): string {
  const paths = new Set(names.map(({ path }) => path));
  const below = new Set<string>();
  for (const { path } of names) {
    const [, root] = /^(|.*\/)(?:objects|refs)(?:\/|$)/.exec(path) ?? [];
    if (root !== undefined) below.add(root);
  }
  const roots = [...below].filter((root) => paths.has(`${root}HEAD`));
  const depth = (root: string) => root.split('/').length;
  const highest = Math.min(...roots.map(depth));
  const [root, other] = roots.filter((one) => depth(one) === highest);
  if (root === undefined) {
    throw fault(
      'import-refused',
      'the archive holds no repository of git: neither a bare one nor a work tree with .git',
    );
  }
  if (other !== undefined) throw fault('import-refused', `the archive holds several: ${shown(root)}, ${shown(other)}`);
  return root;
}

async function walk(archive: string, kind: Kind, bounds: { readonly bytesMax: number }, visit: Visit): Promise<void> {
  try {
    await (kind === 'zip' ? walkZip(archive, bounds.bytesMax, visit) : walkTar(archive, kind, { ...bounds, visit }));
  } catch (thrown) {
    if (isFault(thrown)) throw thrown;
    throw fault('import-refused', `the archive can't be read: ${excerpt(reasonOf(thrown), 200)}`, { cause: thrown });
  }
}

async function walkTar(
  archive: string,
  kind: Kind,
  { bytesMax, visit }: { readonly bytesMax: number; readonly visit: Visit },
): Promise<void> {
  const { extract } = await import('tar-stream');
  const entries = extract();
  const count = counted(bytesMax);
  const unpacked: (Readable | Transform)[] = kind === 'tar' ? [] : [createGunzip()];
  const fed = pipeline([createReadStream(archive), ...unpacked, count, entries]);
  const read = (async () => {
    for await (const entry of entries) {
      const { name, type } = entry.header;
      const told = type === 'file' || type === 'contiguous-file' ? 'file' : type === 'directory' ? 'folder' : 'other';
      const take = visit({ path: safePath(name), type: told });
      if (take === undefined) entry.resume();
      else await takeAll(entry, take);
    }
  })();
  const [first, second] = await Promise.allSettled([read, fed]);
  // What the reader threw ends the pipeline, too: its reason comes first.
  if (first.status === 'rejected' && isFault(first.reason)) throw first.reason;
  if (second.status === 'rejected') throw second.reason;
  if (first.status === 'rejected') throw first.reason;
}

async function takeAll(entry: AsyncIterable<unknown>, take: (chunk: Uint8Array) => Promise<void>): Promise<void> {
  for await (const chunk of entry) if (chunk instanceof Uint8Array) await take(chunk);
  // An empty file has no bytes to be told of.
  await take(new Uint8Array());
}

function counted(bytesMax: number): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.byteLength;
      done(bytes > bytesMax ? fault('over-quota', `the archive unpacks to more than ${bytesMax} bytes`) : null, chunk);
    },
  });
}

async function walkZip(archive: string, bytesMax: number, visit: Visit): Promise<void> {
  const { BlobReader, configure, ZipReader } = await import('@zip.js/zip.js');
  configure({ useWebWorkers: false });
  const reader = new ZipReader(new BlobReader(await openAsBlob(archive)), { checkOverlappingEntry: true });
  let bytes = 0;
  try {
    for await (const entry of reader.getEntriesGenerator()) {
      const isPlain = !entry.symlink && !entry.encrypted;
      const type = entry.directory ? 'folder' : isPlain ? 'file' : 'other';
      const take = visit({ path: safePath(entry.filename), type });
      if (take === undefined || entry.directory) continue;
      let refusal: unknown;
      const sink = new WritableStream<Uint8Array>({
        async write(chunk) {
          try {
            bytes += chunk.byteLength;
            if (bytes > bytesMax) throw fault('over-quota', `the archive unpacks to more than ${bytesMax} bytes`);
            await take(chunk);
          } catch (thrown) {
            refusal = thrown;
            throw thrown;
          }
        },
      });
      await entry.getData(sink).catch((thrown: unknown) => {
        // The library may wrap what the sink threw.
        throw refusal ?? thrown;
      });
      // An empty file has no bytes to be told of.
      await take(new Uint8Array());
    }
  } finally {
    await reader.close();
  }
}

/** Without a leading `./` and a trailing slash. What could lead elsewhere refuses the whole archive. */
function safePath(name: string): string {
  const path = name.replace(/^(\.\/)+/, '').replace(/\/+$/, '');
  if (path === '' || path === '.') return '';
  const parts = path.split('/');
  if (
    Buffer.byteLength(path) > PATH_BYTES_MAX ||
    parts.some((part) => part === '' || part === '.' || part === '..') ||
    /[\0\\]/.test(path)
  ) {
    throw fault('import-refused', `the archive has the path ${shown(name)}`);
  }
  return path;
}

function shown(path: string): string {
  return JSON.stringify(excerpt(path, 200));
}

/** Writes files that did not exist, one after the other, within a number of bytes. */
class Writer {
  readonly #folder: string;
  readonly #bytesMax: number;
  #bytes = 0;
  #file: FileHandle | undefined;

  constructor(folder: string, bytesMax: number) {
    this.#folder = folder;
    this.#bytesMax = bytesMax;
  }

  /** For one entry: a second one of the same name finds the file there. */
  take(path: string): (chunk: Uint8Array) => Promise<void> {
    let isOpen = false;
    return async (chunk) => {
      if (!isOpen) await this.#open(path);
      isOpen = true;
      this.#bytes += chunk.byteLength;
      if (this.#bytes > this.#bytesMax) {
        throw fault('over-quota', `the repository has more than ${this.#bytesMax} bytes`);
      }
      await this.#file?.writeFile(chunk);
    };
  }

  async #open(path: string): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
    const whole = join(this.#folder, path);
    try {
      await mkdir(dirname(whole), { recursive: true, mode: 0o700 });
      this.#file = await open(whole, 'wx', 0o600);
    } catch (thrown) {
      const isTwice = thrown instanceof Error && /EEXIST|EISDIR|ENOTDIR/.test(thrown.message);
      if (!isTwice) throw thrown;
      throw fault('import-refused', `${shown(path)} is there twice`, { cause: thrown });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file?.close();
  }
}
