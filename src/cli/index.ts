/**
 * Owns: the command line: its options, what a person sees of a run, what is printed when something is wrong.
 * Never: decides what runs or how it is isolated, reads the environment, lets text of a job reach the terminal as it is.
 */
export type {
  AdvisoriesImportRequest,
  AdvisoriesStatus,
  AdvisoriesSyncRequest,
} from './advisories-command.ts';
export type { ClientTools } from './client-tools.ts';
export type {
  AuditVerification,
  AuditProofRequest,
  AuditProofVerdict,
  AuditVerifyRequest,
  ServerFact,
  BackupReport,
  BackupRequest,
  CliDependencies,
  Commands,
  FixReport,
  FixTests,
  Interrupt,
  LockRequest,
  LockResult,
  PlannedFile,
  RestoreRequest,
  RunnerEvent,
  RunnerJoinRequest,
  RunRequest,
  RunResult,
  ScanCommandRequest,
  ScanFixOptions,
  ServerEvent,
  UpRequest,
} from './door.ts';
export { main } from './program.ts';
export type { Terminal } from './terminal.ts';
