/**
 * Owns: what a finding is: kinds, severities, places, fixes, fingerprints; what a rule says of itself and how its file is
 * read; the interface of scanners.
 * Never: finds anything, opens a file, knows a format of a report.
 */
export { completeFindings, EVIDENCE_MAX, matchKey } from './complete.ts';
export { type FileView, viewOf } from './file-view.ts';
export { parseRuleFile, readYamlFile } from './files.ts';
export { GAP_CODES, type GapCode, isOfGap } from './gap-codes.ts';
export {
  CONFIDENCES,
  type Confidence,
  type Edit,
  type Finding,
  type Fix,
  type FixRequest,
  KINDS,
  type Kind,
  type Match,
  type PackageSubject,
  type Place,
  type Priority,
  SEVERITIES,
  type Severity,
  type TraceStep,
} from './model.ts';
export { pageOf, type Rule, type RuleExample, type RulePack } from './rule.ts';
export { scanFiles } from './scan-files.ts';
export type { FileOutcome, Gap, Scanner, TreeOutcome } from './scanner.ts';
