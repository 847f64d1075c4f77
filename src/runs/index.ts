/**
 * Owns: the runs of the server: their rows (`run_…`), the journal from which they go on after a crash, events of refs, hands, times and other
 * runs, variables.
 * Never: a second state machine or planner: `engine` and `run` drive a local run in the same way. Executes nothing, holds no lease.
 */
export { RUN_CHANNEL } from './batch.ts';
export type { Principal, ServerEngineDeps } from './deps.ts';
export { ServerEngine } from './engine.ts';
export type { FinishedJob, JobQueue, QueuedJob } from './queue.ts';
export { runMigrations, type RunTables } from './tables.ts';
