/**
 * Owns: artifacts and caches: who may read and write them (K6, K29), the protocols by which the clients of the official
 * actions reach them, the local store, and safe unpacking for people.
 * Never: opens a path of a workspace, starts a process, decides a trust level.
 */
export { createResultsHandler, type ResultsHandler, type ResultsHandlerOptions } from './handler.ts';
export { bodyOf } from './http.ts';
export { RESULTS_LIMITS, type ResultsLimits } from './limits.ts';
export { LOCAL_QUOTAS, type ResultsQuotas } from './quotas.ts';
export { fileStaging } from './staging.ts';
export { type LocalResults, type LocalResultsOptions, memoryResults, openLocalResults } from './open-local-results.ts';
export { isEqual } from './token.ts';
export { fault as resultsFault } from './faults.ts';
export {
  cacheMode,
  checkArtifactName,
  checkCacheKeys,
  checkMimeType,
  mayReadCache,
  mayRemoveArtifact,
  mayWriteCache,
  readOrder,
} from './rules.ts';
export type { Artifact, CacheEntry, ResultsScope, ResultsStore, Staging, StoredCache } from './store.ts';
export { EXTRACT_LIMITS, type Extracted, type ExtractLimits, extractArtifact } from './extract-artifact.ts';
