/**
 * Owns: what others tell of commits: statuses, check runs, reports of findings.
 * Never: judges by it, looks whether a commit is there, believes a name without who said it.
 */
export {
  type Analysis,
  type CheckRun,
  type CommitStatus,
  createCheckRun,
  findAnalysis,
  findCheckRun,
  listCheckRuns,
  listStatuses,
  newestAnalyses,
  setStatus,
  type StatusState,
  updateCheckRun,
  uploadAnalysis,
} from './checks.ts';
export { checkMigrations, type CheckTables } from './tables.ts';
