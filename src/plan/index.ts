/**
 * Owns: the plan: which jobs an event makes of a workflow, with what permissions, level, pins and secrets, as a value with
 * a digest.
 * Never: decides whether a plan may run, starts anything, reads a file itself.
 */
export {
  buildWorkflow,
  CALL_DEPTH_MAX,
  type FoundWorkflow,
  JOBS_MAX,
  type ReadWorkflow,
  type WorkflowSource,
} from './build.ts';
export { digestOfExpansion, digestOfPlan } from './digest.ts';
export {
  diagnosticOf,
  evaluateConcurrency,
  type ExpansionInput,
  expandJob,
  isAnyInfluenced,
  isAnyInfluencedValue,
} from './expand.ts';
export { rootInfluence } from './influence.ts';
export { secretsOf } from './mentions.ts';
export type {
  Expansion,
  LateExpansion,
  Plan,
  PlannedCall,
  PlannedConcurrency,
  PlannedInstance,
  PlannedJob,
  PlannedNormalJob,
  PlannedWorkflow,
} from './plan.ts';
export { type Planning, type PlanOptions, planWorkflow, remoteUses } from './workflow.ts';
