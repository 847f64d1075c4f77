/**
 * Owns: the order of the stages: event, plan, gate, run; the local driver and the snapshot of a work tree.
 * Never: executes a step itself: the runner comes in as a value.
 */
export type { Act } from './act.ts';
export { beginRun } from './begin.ts';
export type { CommitFiles } from './commit-files.ts';
export { Driver, type DriverPort, type Start } from './driver.ts';
export { jobFacts } from './facts.ts';
export { pinDirectUses } from './pin.ts';
export { type EarlierJob, reusedOutcome } from './reuse.ts';
export { type ActiveInstance, type ActiveRun, activeRun } from './scope.ts';
export { isTriggered } from './select.ts';
export { summariesOf } from './summaries.ts';
export { calledWorkflows, readWorkflows, type WorkflowFile } from './workflows.ts';
export { createCancelSource } from './cancel.ts';
export type { EngineEvent, JobSummary } from './event.ts';
export { runLocally } from './local.ts';
export {
  type LocalRunDeps,
  type LocalRunOptions,
  type LocalRunResult,
  type ReadEgress,
  type ReadLock,
  type RunJob,
  SERVER_URL,
} from './options.ts';
export type { Snapshot } from './snapshot.ts';
export { type FilePlan, type FilePlanJob, type FilePlanStep, type PlanFilesRequest, planFiles } from './plan-files.ts';
