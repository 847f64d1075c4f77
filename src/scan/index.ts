/**
 * Owns: one scan of everything: which scanner looks at which file, threads, kept results, what is new in a change, suppressions,
 * reports in every format, findings of other tools.
 * Never: finds a flaw itself; reads the clock or the environment; runs a program other than git.
 */
export { type Gate, type GateChange, type GateOptions, openGate } from './gate.ts';
export { formatBaseline, parseBaseline } from './baseline.ts';
export {
  openScan,
  runScan,
  type ScanDeps,
  type ScanProgress,
  type ScanRequest,
  type ScanResult,
  type ScanSession,
  type ScanState,
} from './run-scan.ts';
export type { ScannerTable } from './scanner-table.ts';
export type { ScanMode } from './scope.ts';
export type { NamedText, ScannerOptions } from './settings.ts';
export type { SuppressedFinding } from './suppress.ts';
export { type ReportContext, type ReportFormat, renderReport } from './render-report.ts';
export { IMPORT_BYTES_MAX, type Report } from './import.ts';
export { type Tool, TOOLS } from './import-model.ts';
export type { Excerpt } from './excerpt.ts';
