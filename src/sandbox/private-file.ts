import { closeSync, constants, fchownSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { chown } from 'node:fs/promises';
import path from 'node:path';
import { fault } from './faults.ts';

/** A file for one process of a job, read back through the descriptor that was opened before the job saw it. */
export type PrivateFile = {
  readonly path: string;
  read(bytesMax: number): Promise<Buffer>;
};

/** Names of private files: no separators, so that none lands elsewhere. */
const NAME = /^[A-Za-z0-9][\w.-]{0,199}$/;

/**
 * Makes a file that the job's user may read and write. The runner keeps the descriptor it made the file with: what a
 * job does to names, links or other files cannot change what is read back. All of it is a few calls on a local file,
 * each cheaper than its way to another thread and back.
 *
 * @param uid host uid of the job, or nothing when it is the runner's own
 */
export function makePrivateFile(
  folder: string,
  name: string,
  options: { readonly content: string; readonly uid: number | undefined },
): { readonly file: PrivateFile; close(): void } {
  if (!NAME.test(name)) throw fault('spec-invalid', `private file name ${JSON.stringify(name.slice(0, 200))}`);
  const file = path.join(folder, name);
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const handle = openSync(file, flags, 0o600);
  try {
    writeAll(handle, Buffer.from(options.content));
    if (options.uid !== undefined) fchownSync(handle, options.uid, options.uid);
  } catch (error) {
    closeSync(handle);
    throw error;
  }
  let isOpen = true;
  const read = async (bytesMax: number) => {
    // The number of a closed descriptor may be that of another file by now.
    if (!isOpen) throw fault('pod-closed', `${name} of a closed pod`);
    return readAtMost(handle, name, bytesMax);
  };
  const close = () => {
    if (isOpen) closeSync(handle);
    isOpen = false;
  };
  return { file: { path: file, read }, close };
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

/** Makes folders of a job belong to its host uid. */
export async function giveTo(uid: number | undefined, folders: readonly string[]): Promise<void> {
  if (uid !== undefined) await Promise.all(folders.map((folder) => chown(folder, uid, uid)));
}
