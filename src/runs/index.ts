/**
 * Owns: the runs of the server: their rows (`run_…`), the journal from which they go on after a crash, events of refs, hands, times and other
 * runs.
 * Never: a second state machine or planner: `engine` and `run` drive a local run in the same way. Executes nothing, holds no lease.
 */
export type { Principal, ServerEngineDeps } from './deps.ts';
export { compareJobs, type ComparedJob, type TimedJob } from './compare-runs.ts';
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
export type { EgressReport, JobReport, LogGroup, LogSegment, StepReport } from './job-report.ts';
export { type JobReports, LINE_CHARACTERS_MAX, type LogBytes, type LogLine, openJobReports } from './job-reports.ts';
export { type RecentAsked, type RecentRun, recentRuns } from './recent.ts';
export { forgetJournal, type Forgetting, forgetLogs, forgetRuns } from './retention.ts';
export {
  attemptsOf,
  lastGreenOf,
  type PlannedJobView,
  planOf,
  type PlanView,
  type RunAttempt,
  taintId,
  type TrustEvent,
  trustEventsOf,
} from './run-details.ts';
export { type StepSpan, stepsOf, type TracedRun, tracesOf } from './spans.ts';
export { createServerEngine, type RunEngine } from './server.ts';
export type { WorkflowInfo, WorkflowInput } from './workflow-list.ts';
export { runMigrations, type RunTables } from './tables.ts';
