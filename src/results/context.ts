import type { Clock } from '../base/index.ts';
import type { ResultsLimits } from './limits.ts';
import type { ResultsScope, ResultsStore } from './store.ts';
import type { Uploads } from './uploads.ts';

/** What the parts of the service share. */
export type ResultsContext = {
  readonly store: ResultsStore;
  readonly scope: ResultsScope;
  readonly key: Buffer;
  readonly clock: Clock;
  readonly origin: string;
  readonly limits: ResultsLimits;
  readonly uploads: Uploads;
};
