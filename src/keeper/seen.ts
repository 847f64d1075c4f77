import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type Advance, type Checkpoint, checkAdvance, EMPTY_ROOT, type SeenTree } from '../attest/index.ts';
import { reasonOf } from '../base/index.ts';
import { fault } from './faults.ts';
import { writeDurably } from './key-files.ts';

const seenFile = z.strictObject({ version: z.literal(1), size: z.int().nonnegative(), root: z.base64() });

/** The tree that was signed last, on the disk before any signature leaves. */
export type Seen = {
  /** Checks, remembers, and answers the checkpoint that may be signed now. Throws `attest/advance-refused`. */
  advance(origin: string, advance: Advance): Promise<Checkpoint>;
};

/**
 * Without its file nothing is signed, but at the very first start: who deletes it would get a signature of any log.
 */
export async function openSeen(folder: string, isNew: boolean): Promise<Seen> {
  const path = join(folder, 'seen.json');
  let seen = await read(path, isNew);
  const write = (tree: SeenTree) =>
    writeDurably(path, `${JSON.stringify({ version: 1, size: tree.size, root: tree.root.toString('base64') })}\n`);
  if (seen === undefined) await write({ size: 0, root: EMPTY_ROOT });
  return {
    async advance(origin, advance) {
      const checkpoint = checkAdvance(origin, seen, advance);
      const next = { size: checkpoint.size, root: checkpoint.root };
      await write(next);
      seen = next;
      return checkpoint;
    },
  };
}

async function read(path: string, isNew: boolean): Promise<SeenTree | undefined> {
  try {
    const { size, root } = seenFile.parse(JSON.parse(await readFile(path, 'utf8')));
    return { size, root: Buffer.from(root, 'base64') };
  } catch (thrown) {
    if (isNew) return undefined;
    throw fault('keys-broken', `${path}: ${reasonOf(thrown)}`, { cause: thrown });
  }
}
