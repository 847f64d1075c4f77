import { DIGESTS_PATH, LOCK_PATH, pinsOf, readDigests, readLock } from '../actions/index.ts';
import type { ReadLock } from '../engine/index.ts';

/** The pins of a commit's lock. Digests without a lock say nothing: nothing is pinned then. */
export const pinsFrom: ReadLock = (lockText, digestsText) => {
  if (lockText === undefined) return { pins: {}, locked: false };
  const digests = digestsText === undefined ? {} : readDigests(digestsText, DIGESTS_PATH);
  return { pins: pinsOf(readLock(lockText, LOCK_PATH), digests), locked: true };
};
