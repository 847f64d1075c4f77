/**
 * Owns: jobs that wait for a runner or are held by one, the leases that hold them, and the runners.
 * Never: decides whether a job may run, knows what a job does, believes a runner without its lease.
 */
export { type Claimed, openQueue, type Queue, type QueueDeps } from './queue.ts';
export {
  type CancelRequest,
  consumeFinished,
  countsOf,
  enqueue,
  type FinishedAttempt,
  forgetHistory,
  openFinished,
  type QueueCounts,
  type QueuedJob,
  requestCancel,
} from './jobs.ts';
export { LEASE_MS, type LeaseKey, type Renewal } from './leases.ts';
export { queueMigrations, type QueueTables, QUEUE_FINISHED_CHANNEL } from './tables.ts';
export {
  drainRunner,
  listRunners,
  type NewRunner,
  registerRunner,
  removeRunner,
  type RunnerRow,
  runnerById,
  type RunnerToken,
  makeRunnerToken,
  touchRunner,
} from './runners.ts';
