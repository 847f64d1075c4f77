/**
 * Owns: the values that pass between engine, runner, keeper and agent: leases, outcomes, events, capability records.
 * Never: behaviour. Schema only.
 */
export type { CancelSignal } from './cancel.ts';
export {
  type CapabilityRecord,
  type Wall,
  type WallName,
  type WallState,
  WALLS,
} from './capability.ts';
export type { Annotation, AnnotationLevel, EgressRecord, JobEvent } from './event.ts';
export type {
  Conclusion,
  EgressPolicy,
  GitSource,
  JobLease,
  JobOutcome,
  JobSecrets,
  PinnedAction,
} from './lease.ts';
export {
  type KeeperIdentity,
  type KeeperRequest,
  keeperIdentity,
  keeperRequest,
  signedNote,
  signedToken,
  type WitnessIdentity,
  type WitnessRequest,
  witnessIdentity,
  witnessRequest,
} from './keeper.ts';
export {
  artifactMessage,
  artifactsMessage,
  cacheAnswer,
  cacheMessage,
  findCacheRequest,
  finishRequest,
  LEASE_HEADER,
  LEVEL_HEADER,
  levelHeader,
  logResponse,
  pollRequest,
  pollResponse,
  putArtifactQuery,
  putCacheQuery,
  registerRequest,
  registerResponse,
  removedMessage,
  RUNNER_PATH,
  RUNNER_PROTOCOL_VERSION,
  RUNNER_WAIT_MS_MAX,
  renewRequest,
  renewResponse,
  runnerProblem,
  sessionRequest,
  sessionResponse,
  sessionText,
} from './runner.ts';
