/**
 * Owns: runs: their numbers, their records, and the state machine that says which job starts, waits, is skipped or ends.
 * Never: executes anything, evaluates an expression, decides whether a run may start (gate).
 */
export { applyHappening, cancellationOfScope, cancelOfScope, definitionOf, emptySchedule } from './apply.ts';
export { type Ids, openIds } from './ids.ts';
export { nextActions, nextTime } from './next.ts';
export { type JobRecord, openRunRecords, type RunRecord, type RunRecords } from './records.ts';
export type {
  Action,
  CancelState,
  ConcurrencyClaim,
  DefinitionState,
  Happening,
  InstanceState,
  NewDefinition,
  NewInstance,
  RunState,
  Schedule,
} from './state.ts';
