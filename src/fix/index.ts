/**
 * Owns: changing files so that findings go away, and the proof that nothing else changed for the worse.
 * Never: writes a file, runs a program or asks a network by itself: tools come in as values.
 */
export { applyEdits, type Overlay } from './apply.ts';
export { type Bump, type BumpPlan, planBumps } from './bump.ts';
export { type FileChange, renderPatch } from './diff.ts';
export {
  type ExplainedFinding,
  type FixResult,
  type FixTools,
  fixFindings,
  type MendedFinding,
  type Resolution,
} from './fix.ts';
export { parseObjection } from './parses.ts';
export { pinEdits } from './pin.ts';
export type { ScanState } from './state.ts';
export { detectTests, type TestCommand, type TreeLook } from './tests-command.ts';
