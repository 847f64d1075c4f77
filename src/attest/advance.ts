import { type Checkpoint, parseCheckpoint } from './checkpoint.ts';
import { fault } from './faults.ts';
import { EMPTY_ROOT, verifyConsistency } from './tree.ts';

/** The tree that somebody signed last. */
export type SeenTree = { readonly size: number; readonly root: Buffer };

/** Wanted: a signature of this checkpoint. The proof leads from the tree that was signed last. */
export type Advance = { readonly text: string; readonly proof: readonly Buffer[] };

/**
 * What everybody asks who signs checkpoints of one log, its key and its witnesses: that the new tree only adds to the one that was
 * signed last. The same one may be signed again. Throws `attest/advance-refused`. Source: C2SP tlog-witness, `add-checkpoint`.
 */
export function checkAdvance(origin: string, seen: SeenTree | undefined, { text, proof }: Advance): Checkpoint {
  const checkpoint = parseCheckpoint(text);
  if (checkpoint.origin !== origin) throw fault('advance-refused', `the log ${origin} is asked for, not another one`);
  const last = seen ?? { size: 0, root: EMPTY_ROOT };
  if (checkpoint.size < last.size) {
    throw fault('advance-refused', `a log of ${last.size} entries has become one of ${checkpoint.size}`);
  }
  const isSame = checkpoint.size === last.size && checkpoint.root.equals(last.root);
  if (!isSame && !verifyConsistency(last, checkpoint, proof)) {
    throw fault(
      'advance-refused',
      `the log of ${checkpoint.size} entries does not begin with the ${last.size} that were signed`,
    );
  }
  return checkpoint;
}
