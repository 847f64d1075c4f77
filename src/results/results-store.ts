import { artifactsOf } from './artifacts.ts';
import { cachesOf } from './caches.ts';
import type { ResultsParts } from './parts.ts';
import type { ResultsStore } from './store.ts';

/** The rules of artifacts and caches over an index and blobs. */
export function resultsStore(parts: ResultsParts): ResultsStore {
  return { stage: parts.stage, artifacts: artifactsOf(parts), caches: cachesOf(parts) };
}
