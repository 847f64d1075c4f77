/**
 * Owns: the findings of the repositories of the server: which commits were scanned and how whole that was, what is open, fixed or
 * suppressed since when, and how it went by day.
 * Never: scans (a process of its own does), changes a repository, takes a scan that missed something for a clean one.
 */
export { forgetFindings } from './forget.ts';
export { FINDINGS_MAX, outcomeSchema, type ScannedFinding, type ScanOutcome } from './outcome.ts';
export {
  type FindingFilter,
  type FindingSummary,
  type FindingView,
  findingById,
  listFindings,
  listScans,
  type ScanInfo,
  type StandOf,
  standOf,
  trendOf,
  type TrendDay,
} from './read.ts';
export { noteBranchPush, recoverScans, requestScan } from './request.ts';
export { type ScanPort, type ScansOptions, startScans, type WantedScan } from './scans.ts';
export { type Proposal, proposeSuppression } from './propose.ts';
export { findingMigrations, type FindingTables } from './tables.ts';
