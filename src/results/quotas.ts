import type { TrustLevel } from '../base/index.ts';

/** What artifacts and caches may take. Per trust level, so that an untrusted job can not push out another's. */
export type ResultsQuotas = {
  /** All caches written at a level together, bytes. Over it, the least recently used of that level go. */
  readonly cacheBytesMax: { readonly [Level in TrustLevel]: number };
  /** All artifacts made at a level together, bytes. Over it, those of the oldest runs of that level go. */
  readonly artifactBytesMax: { readonly [Level in TrustLevel]: number };
  readonly artifactsPerRunMax: number;
  /** Entries of one level, so that a look-up stays quick. */
  readonly cacheEntriesPerLevelMax: number;
  /** How long an artifact is kept when its upload does not say, and at most. Milliseconds. */
  readonly artifactMs: number;
  readonly artifactMsMax: number;
  /** How long a cache is kept after its last use. Milliseconds. */
  readonly cacheIdleMsMax: number;
};

const GIB = 1024 ** 3;
const DAY_MS = 24 * 3_600_000;

/** All levels together stay below 40 GiB: a blob store that is smaller is full before anything is evicted. */
export const LOCAL_QUOTAS: ResultsQuotas = {
  cacheBytesMax: { untrusted: 2 * GIB, branch: 10 * GIB, reviewed: 6 * GIB, release: 2 * GIB },
  artifactBytesMax: { untrusted: 2 * GIB, branch: 8 * GIB, reviewed: 5 * GIB, release: 4 * GIB },
  artifactsPerRunMax: 500,
  cacheEntriesPerLevelMax: 5_000,
  artifactMs: 7 * DAY_MS,
  artifactMsMax: 90 * DAY_MS,
  cacheIdleMsMax: 7 * DAY_MS,
};
