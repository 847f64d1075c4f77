/**
 * Owns: the door of the server over HTTP: `/api/v1` from one list of routes, its description, git's and the runners' way in, event
 * streams, limits of haste, size and time.
 * Never: decides who may do what (identity), keeps state of a domain, lets a route answer without its access being named.
 */
export { forgetAnswers } from './idempotency.ts';
export type { ApiDeps } from './deps.ts';
export { createMetrics, type Figures, type Metrics } from './metrics.ts';
export { openApiDocument } from './openapi.ts';
export type {
  ArtifactInfo,
  CacheInfo,
  DoctorFact,
  Installation,
  JobLogReader,
  Outgoing,
  Page,
  RunEngine,
  RunFilter,
  RunJob,
  RunKey,
  RunnerInfo,
  Runners,
  RunReaders,
  RunState,
  RunSummary,
  RunView,
  ScheduleInfo,
  SettingInfo,
  SizeInfo,
} from './ports.ts';
export { ROUTES } from './routes.ts';
export { performDue } from './two-person.ts';
export { SHAPED_ROUTES } from './shaped.ts';
export { type Api, type ApiOptions, createApi, HTTP_OPTIONS } from './server.ts';
export { type ApiTables, apiMigrations } from './tables.ts';
export { createRunnerDoor, type RunnerDoor, type RunnerDoorDeps } from './runner-door.ts';
