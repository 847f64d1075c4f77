/**
 * Owns: the order of the stages: event, plan, gate, run; the local driver and the snapshot of a work tree.
 * Never: executes a step itself: the runner comes in as a value.
 */
export type { EngineEvent, JobSummary } from './event.ts';
