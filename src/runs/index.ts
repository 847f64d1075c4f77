/**
 * Owns: the runs of the server: their rows (`run_…`), the journal from which they go on after a crash, events of refs, hands, times and other
 * runs.
 * Never: a second state machine or planner: `engine` and `run` drive a local run in the same way. Executes nothing, holds no lease.
 */
export type { Principal, ServerEngineDeps } from './deps.ts';
export type { EndedRun } from './ended.ts';
export type { DispatchOrder, RerunOrder } from './orders.ts';
export {
  countRuns,
  endedRuns,
  engineEvents,
  isRunOf,
  listRuns,
  type RunFilter,
  type RunJob,
  type RunKey,
  runOfJob,
  type RunState,
  type RunSummary,
  type RunView,
  type RunWatcher,
  schedulesOf,
  viewRun,
  watchRuns,
} from './read.ts';
export { type RecentAsked, type RecentRun, recentRuns } from './recent.ts';
export { forgetJournal, type Forgetting, forgetLogs } from './retention.ts';
export { type StepSpan, stepsOf, type TracedRun, tracesOf } from './spans.ts';
export { createServerEngine, type RunEngine } from './server.ts';
export { runMigrations, type RunTables } from './tables.ts';
