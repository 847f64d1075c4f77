import type { Clock } from '../base/index.ts';
import type { BlobStore } from '../store/index.ts';
import type { ResultsQuotas } from './quotas.ts';
import type { IdSource, RecordIndex } from './record-index.ts';
import type { ArtifactRecord, CacheRecord } from './schema.ts';
import type { Staging } from './store.ts';

/** What a results store stands on. All parts may be shared with other processes. */
export type ResultsParts = {
  readonly blobs: BlobStore;
  readonly artifacts: RecordIndex<ArtifactRecord>;
  readonly caches: RecordIndex<CacheRecord>;
  readonly ids: IdSource;
  readonly stage: () => Promise<Staging>;
  readonly clock: Clock;
  readonly quotas: ResultsQuotas;
};
