import type { AppendDeps } from '../auditlog/index.ts';
import type { Clock } from '../base/index.ts';
import type { Database } from '../database/index.ts';
import type { ResultsQuotas } from '../results/index.ts';
import type { BlobStore } from '../store/index.ts';

export type TablesDeps = {
  readonly db: Database;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  readonly quotas: ResultsQuotas;
  readonly audit: AppendDeps;
};
