import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Files that are counted in one folder; more are not. */
const FILES_MAX = 200_000;

/** Bytes and files below a folder. Links are not followed; what goes away meanwhile counts nothing. */
export async function sizeOf(folder: string): Promise<{ readonly bytes: number; readonly entries: number }> {
  let bytes = 0;
  let entries = 0;
  const open = [folder];
  for (let at = open.pop(); at !== undefined && entries < FILES_MAX; at = open.pop()) {
    for (const entry of await readdir(at, { withFileTypes: true }).catch(() => [])) {
      const path = join(at, entry.name);
      if (entry.isDirectory()) open.push(path);
      else if (entry.isFile()) {
        entries += 1;
        bytes += (await lstat(path).catch(() => undefined))?.size ?? 0;
      }
    }
  }
  return { bytes, entries };
}
