/**
 * Owns: the auditor of workflows, action manifests, dependabot.yml, and of the pipelines of GitLab, CircleCI, Azure and
 * Jenkins: what can be said of them without running them, and the edits that mend it.
 * Never: reads files, asks a network, runs anything, decides what a run may do.
 */
export { type AuditSettings, auditRules, createAuditScanner } from './scanner.ts';
export type { AuditFacts } from './facts.ts';
