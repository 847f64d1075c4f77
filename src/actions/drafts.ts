import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Makes an empty folder of its own for what is not whole yet, and removes it, with what is left in it, at the end. */
export async function withDraft<T>(dir: string, use: (draft: string) => Promise<T>): Promise<T> {
  await mkdir(join(dir, '.tmp'), { recursive: true, mode: 0o700 });
  const draft = await mkdtemp(join(dir, '.tmp', 'draft-'));
  try {
    return await use(draft);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Writes a file so that others see it whole or not at all. `dir` is on the same file system. */
export async function writeWhole(dir: string, path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await withDraft(dir, async (draft) => {
    await writeFile(join(draft, 'file'), text, { mode: 0o444 });
    await rename(join(draft, 'file'), path);
  });
}
