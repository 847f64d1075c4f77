import type { Database, Transaction } from '../database/index.ts';
import type { JobLease, JobOutcome } from '../protocol/index.ts';

/** A job attempt that waits for a runner. */
export type QueuedJob = {
  readonly jobId: number;
  readonly runId: number;
  readonly repositoryId: number;
  /** The runner must have all of them. */
  readonly labels: readonly string[];
  readonly priority: number;
  readonly lease: JobLease;
  readonly retryWhenLost: boolean;
};

/** How an attempt ended. Told again until it is consumed. */
export type FinishedJob = {
  readonly jobId: number;
  readonly runId: number;
  readonly repositoryId: number;
  readonly outcome: JobOutcome;
  /** Its runner was lost, or none ever had it: nobody but the engine tells people of its end. */
  readonly lost: boolean;
};

/** The queue as the engine sees it. Everything with `tx` commits with what the engine decided, or not at all. */
export type JobQueue = {
  enqueue(tx: Transaction, jobs: readonly QueuedJob[]): Promise<void>;
  /** One that waits ends as cancelled; a runner that has it is told. One that is over stays as it is. */
  requestCancel(
    tx: Transaction,
    jobId: number,
    cancel: { readonly force: boolean; readonly reason: string },
  ): Promise<void>;
  openFinished(db: Database, limit: number): Promise<readonly FinishedJob[]>;
  consumeFinished(tx: Transaction, jobIds: readonly number[]): Promise<void>;
};
