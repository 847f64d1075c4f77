import {
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { chown, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { fault } from './faults.ts';

/** A file for one process of a job, read back through the descriptor that was opened before the job saw it. */
export type PrivateFile = {
  readonly path: string;
  read(bytesMax: number): Promise<Buffer>;
};

/** Names of private files: no separators, so that none lands elsewhere. */
const NAME = /^[A-Za-z0-9][\w.-]{0,199}$/;
/** Empty files that lie ready: as many as the process before took, and not more. */
const READY_MAX = 16;
/** Before anything was taken. */
const READY_FIRST = 8;

type Handle = { readonly path: string; readonly descriptor: number };

/**
 * Makes files that the job's user may read and write. The runner keeps the descriptor it made each with: what a job does to
 * names, links or other files cannot change what is read back. All of it is a few calls on a local file, each cheaper than
 * its way to another thread and back; making one is the dearest by far, and is done ahead, while a process runs.
 */
export class PrivateFiles {
  readonly #folder: string;
  readonly #uid: number | undefined;
  readonly #filesMax: number;
  readonly #all: Handle[] = [];
  readonly #ready: Handle[] = [];
  #wanted = READY_FIRST;
  #taken = 0;
  #made = 0;
  #isFilling = false;
  #isOpen = true;

  /** @param uid host uid of the job, or nothing when it is the runner's own */
  constructor(folder: string, options: { readonly uid: number | undefined; readonly filesMax: number }) {
    this.#folder = folder;
    this.#uid = options.uid;
    this.#filesMax = options.filesMax;
    this.#fillLater();
  }

  /** @param name what messages call the file */
  make(name: string, content: string): PrivateFile {
    if (!NAME.test(name)) throw fault('spec-invalid', `private file name ${JSON.stringify(name.slice(0, 200))}`);
    const handle = this.#ready.pop() ?? this.#create();
    this.#taken += 1;
    this.#fillLater();
    writeAll(handle.descriptor, Buffer.from(content));
    const read = async (bytesMax: number) => {
      // The number of a closed descriptor may be that of another file by now.
      if (!this.#isOpen) throw fault('pod-closed', `${name} of a closed pod`);
      return readAtMost(handle.descriptor, name, bytesMax);
    };
    return { path: handle.path, read };
  }

  /** What all files hold now, whoever wrote it. */
  bytes(): number {
    if (!this.#isOpen) return 0;
    return this.#all.reduce((sum, { descriptor }) => sum + fstatSync(descriptor).size, 0);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    for (const { descriptor } of this.#all) closeSync(descriptor);
  }

  #create(): Handle {
    if (!this.#isOpen) throw fault('pod-closed', 'a file of a closed pod');
    if (this.#made >= this.#filesMax) throw fault('spec-invalid', `more than ${this.#filesMax} files`);
    this.#made += 1;
    const file = path.join(this.#folder, String(this.#made));
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const handle = { path: file, descriptor: openSync(file, flags, 0o600) };
    this.#all.push(handle);
    if (this.#uid !== undefined) fchownSync(handle.descriptor, this.#uid, this.#uid);
    return handle;
  }

  /** Twice later: what starts a process goes first. */
  #fillLater(): void {
    if (this.#isFilling) return;
    this.#isFilling = true;
    setImmediate(() => setImmediate(() => this.#fill()));
  }

  #fill(): void {
    this.#isFilling = false;
    if (this.#taken > 0) this.#wanted = Math.min(this.#taken, READY_MAX);
    this.#taken = 0;
    try {
      while (this.#isOpen && this.#made < this.#filesMax && this.#ready.length < this.#wanted) {
        this.#ready.push(this.#create());
      }
    } catch {
      // Whoever needs the next file meets the failure, and tells it.
    }
  }
}

function writeAll(handle: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at);
}

/** Reads a whole file of at most `bytesMax` bytes; a larger one is a fault, however it grows meanwhile. */
function readAtMost(handle: number, name: string, bytesMax: number): Buffer {
  const { size } = fstatSync(handle);
  if (size > bytesMax) throw fault('file-too-large', `${name} has ${size} bytes, at most ${bytesMax} are allowed`);
  // One byte more than the size tells a file that grows between the two calls.
  const buffer = Buffer.alloc(Math.min(size, bytesMax) + 1);
  let filled = 0;
  while (filled < buffer.length) {
    const bytesRead = readSync(handle, buffer, filled, buffer.length - filled, filled);
    if (bytesRead === 0) return buffer.subarray(0, filled);
    filled += bytesRead;
  }
  if (filled > bytesMax) throw fault('file-too-large', `${name} grew beyond ${bytesMax} bytes while it was read`);
  return buffer.subarray(0, size);
}

/** File systems in memory, where making a file costs a hundredth of what it does on a disk. Any user may make folders there. */
const MEMORY = '/dev/shm';
/** Of `statfs`: the file system is one in memory. */
const TMPFS_MAGIC = 0x01021994;

/**
 * The folder for private files of a pod: in memory when what a job writes there counts as its own memory, else in the pod's
 * own folder. Removed by `removeFilesFolder`; when the runner is killed, by the next one.
 */
export function makeFilesFolder(
  name: string,
  options: { readonly privateDir: string; readonly isMemoryBounded: boolean },
): string {
  const fallback = path.join(options.privateDir, 'files');
  if (options.isMemoryBounded) {
    const folder = path.join(MEMORY, name);
    try {
      // A folder that lies there already is somebody else's: making it fails.
      if (statfsSync(MEMORY).type === TMPFS_MAGIC) {
        mkdirSync(folder, { mode: 0o711 });
        return folder;
      }
    } catch {
      // No such place for us: the disk does as well.
    }
  }
  mkdirSync(fallback, { mode: 0o711 });
  return fallback;
}

/** No job ever wrote a name into it. */
export async function removeFilesFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

/** Removes the folders of runners that are gone. */
export async function sweepFilesFolders(isDead: (name: string) => boolean): Promise<void> {
  for (const name of await readdir(MEMORY).catch(() => [])) {
    if (!isDead(name)) continue;
    // Another user's is not ours to remove.
    await rm(path.join(MEMORY, name), { recursive: true, force: true }).catch(() => undefined);
  }
}

/** Makes folders of a job belong to its host uid. */
export async function giveTo(uid: number | undefined, folders: readonly string[]): Promise<void> {
  if (uid !== undefined) await Promise.all(folders.map((folder) => chown(folder, uid, uid)));
}
