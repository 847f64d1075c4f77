import { constants } from 'node:fs';
import { chown, open, type FileHandle } from 'node:fs/promises';
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
 * job does to names, links or other files cannot change what is read back.
 *
 * @param uid host uid of the job, or nothing when it is the runner's own
 */
export async function makePrivateFile(
  folder: string,
  name: string,
  options: { readonly content: string; readonly uid: number | undefined },
): Promise<{ readonly file: PrivateFile; readonly handle: FileHandle }> {
  if (!NAME.test(name)) throw fault('spec-invalid', `private file name ${JSON.stringify(name.slice(0, 200))}`);
  const file = path.join(folder, name);
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const handle = await open(file, flags, 0o600);
  try {
    await handle.write(options.content);
    if (options.uid !== undefined) await handle.chown(options.uid, options.uid);
  } catch (error) {
    await handle.close();
    throw error;
  }
  return { file: { path: file, read: (bytesMax) => readAtMost(handle, name, bytesMax) }, handle };
}

/** Reads a whole file of at most `bytesMax` bytes; a larger one is a fault, however it grows meanwhile. */
async function readAtMost(handle: FileHandle, name: string, bytesMax: number): Promise<Buffer> {
  const { size } = await handle.stat();
  if (size > bytesMax) throw fault('file-too-large', `${name} has ${size} bytes, at most ${bytesMax} are allowed`);
  // One byte more than the size tells a file that grows between the two calls.
  const buffer = Buffer.alloc(Math.min(size, bytesMax) + 1);
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, filled);
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
