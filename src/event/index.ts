/**
 * Owns: the event: what happened, who did it, on which ref and commit, and how far that is trusted (K1).
 * Never: reads a repository, decides what runs.
 */
export { githubContext, type RunFacts } from './context.ts';
export type { Actor, Event, GitFacts, HeadFacts, Repository } from './event.ts';
export { type CheckedInputs, checkDispatchInputs } from './inputs.ts';
export { commitNames, type LocalEventOptions, localEvent } from './local.ts';
export { nextCronTime } from './cron.ts';
export { parsePayload } from './payload.ts';
export {
  type CauseRun,
  type CommitFacts,
  dispatchEvent,
  pushEvent,
  refChangeEvent,
  repositoryDispatchEvent,
  scheduleEvent,
  type ServerOrigin,
  type ServerPush,
  skipsRuns,
  type WorkflowRunAction,
  workflowRunEvent,
} from './server.ts';
