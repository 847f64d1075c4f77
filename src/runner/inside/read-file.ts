/**
 * Prints a file of the workspace: `read-file [--framed] PATH BYTES_MAX`. It is how the runner reads the manifest of a
 * local action without opening a path of the workspace itself. Plain: the bytes, exit code 3 when there is no such file.
 * Framed: `found` LF and the bytes, or `missing` LF. More bytes than the limit, or what is not a regular file, fails.
 */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { isAbsolute, relative, resolve } from 'node:path';
import { print, programArguments, Refusal, runHelper, workspace } from './program.ts';

const MISSING_EXIT_CODE = 3;

await runHelper(async () => {
  const isFramed = programArguments()[0] === '--framed';
  const [path = '', limit = ''] = isFramed ? programArguments().slice(1) : programArguments();
  const bytesMax = Number(limit);
  if (!Number.isSafeInteger(bytesMax) || bytesMax <= 0) throw new Refusal('usage: read-file [--framed] PATH BYTES_MAX');
  const bytes = await readBelow(workspace(), path, bytesMax);
  if (!isFramed) {
    if (bytes === undefined) return MISSING_EXIT_CODE;
    return print(bytes);
  }
  await print(bytes === undefined ? 'missing\n' : Buffer.concat([Buffer.from('found\n'), bytes]));
});

async function readBelow(root: string, path: string, bytesMax: number): Promise<Buffer | undefined> {
  const full = resolve(root, path);
  const below = relative(root, full);
  if (below.startsWith('..') || isAbsolute(below)) throw new Refusal(`${path} is not below the workspace`);
  // Without O_NONBLOCK a pipe that nobody writes to would hang here.
  const file = await open(full, constants.O_RDONLY | constants.O_NONBLOCK).catch((problem: unknown) => {
    if (problem instanceof Error && 'code' in problem && (problem.code === 'ENOENT' || problem.code === 'ENOTDIR'))
      return undefined;
    throw problem;
  });
  if (file === undefined) return undefined;
  try {
    const stats = await file.stat();
    if (stats.isDirectory()) return undefined;
    if (!stats.isFile()) throw new Refusal(`${path} is not a regular file`);
    const buffer = Buffer.alloc(bytesMax + 1);
    let length = 0;
    while (length <= bytesMax) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length, length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    if (length > bytesMax) throw new Refusal(`${path} has more than ${bytesMax} bytes`);
    return buffer.subarray(0, length);
  } finally {
    await file.close();
  }
}
