import { createWriteStream } from 'node:fs';
import { mkdir, open, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { AddEntry, ArchiveEntry } from './archive.ts';
import { fault } from './faults.ts';

/** A name that Sallyport gives its own files. Nothing else is written by a restore. */
const SEGMENT = /^(?!\.{1,2}$)[\w.@=+-]{1,200}$/;
const SEGMENTS_MAX = 12;
const FILES_MAX = 10_000_000;

/** Adds the regular files below a folder, each as long as it is when it is opened. What is deleted meanwhile is left out. */
export async function exportFolder(folder: string, prefix: string, add: AddEntry): Promise<number> {
  let count = 0;
  const left: string[] = [''];
  for (let below = left.pop(); below !== undefined; below = left.pop()) {
    const entries = await readdir(join(folder, below), { withFileTypes: true }).catch(() => []);
    for (const entry of entries.sort((x, y) => (x.name < y.name ? -1 : 1))) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) left.push(path);
      else if (
        entry.isFile() &&
        SEGMENT.test(entry.name) &&
        (await exportFile(join(folder, path), `${prefix}/${path}`, add))
      )
        count += 1;
      if (count > FILES_MAX) throw fault('git', `${folder} has more than ${FILES_MAX} files`);
    }
  }
  return count;
}

async function exportFile(path: string, name: string, add: AddEntry): Promise<boolean> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return false;
  try {
    const { size } = await file.stat();
    if (size === 0) await add(name, Buffer.alloc(0));
    else await add(name, { bytes: size, stream: file.createReadStream({ end: size - 1, autoClose: false }) });
    return true;
  } finally {
    await file.close();
  }
}

/** Where an entry goes below its root. Throws `backup/archive-broken` for a name that leads anywhere else. */
export function pathOfEntry(name: string, prefix: string): string {
  const segments = name.slice(prefix.length + 1).split('/');
  if (segments.length > SEGMENTS_MAX || !segments.every((segment) => SEGMENT.test(segment))) {
    throw fault('archive-broken', `the archive has an entry ${JSON.stringify(name.slice(0, 200))}`);
  }
  return segments.join('/');
}

/** Writes one file, which must not be there. */
export async function importFile({ stream }: ArchiveEntry, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await pipeline(stream, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
}
