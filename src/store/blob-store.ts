import type { Readable } from 'node:stream';
import type { Digest } from '../base/index.ts';

export type StoredBlob = { readonly digest: Digest; readonly bytes: number };

/**
 * Content-addressed bytes. Any number of calls, and of processes on the same folder, may run at once.
 * A blob is either whole or absent. The store does not know who refers to a blob: who deletes a reference calls
 * `remove`, and `collect` sweeps what crashes left behind.
 */
export type BlobStore = {
  /**
   * Stores a stream. Putting the same bytes again is harmless. Nothing is left behind by a failure.
   * Faults: `store/too-large` over `bytesMax`, `store/quota-exceeded`, `store/disk-full`, `store/interrupted`.
   */
  put(content: Readable, options: { readonly bytesMax: number }): Promise<StoredBlob>;
  /**
   * Streams a blob. Fault `store/blob-missing`. The stream ends with `store/blob-corrupt` when what was read is not
   * what was put, so a reader must not act on the content before the end.
   */
  open(digest: Digest): Promise<Readable>;
  /** Bytes of a blob, or nothing when it is absent. */
  bytesOf(digest: Digest): Promise<number | undefined>;
  has(digest: Digest): Promise<boolean>;
  /** Whether it was there. */
  remove(digest: Digest): Promise<boolean>;
  /** Bytes of all blobs. */
  usage(): Promise<number>;
  /**
   * Removes every blob that is not reachable and is older than `COLLECT_GRACE_MS`, so that a blob whose reference is
   * just being written stays. May be killed at any point; the next call finishes.
   */
  collect(reachable: ReadonlySet<Digest>): Promise<{ readonly removed: number; readonly bytes: number }>;
};

/** Younger blobs are not collected: their reference may not have been written yet. Milliseconds. */
export const COLLECT_GRACE_MS = 3_600_000;
