/**
 * Owns: the central git server: repositories and their folders, the protocol, the rules of pushes, the bond of every ref with its audit
 * entry, and reading for everybody else.
 * Never: knows people and roles, runs what a repository holds, moves a ref without an entry.
 */
export { type DeletedRepository, KEPT_DAYS } from './deletion.ts';
export type { ImportProgress, ImportRequest } from './import.ts';
export type { ImportFrom, ImportNetwork } from './import-source.ts';
export type { MaintenanceRound } from './maintain.ts';
export { openRepoServer, type RepoOptions, type RepoServer } from './open.ts';
export type { Authorise, Principal, RepositoryName, RepoVerb } from './principal.ts';
export type { ChangedPath, FileContent, FilePlace, RefPlace, RepositoryReader, TreeEntry } from './read.ts';
export type { Diff, FileDiff, Hunk } from './read-diff.ts';
export type { Commit, Page } from './read-ground.ts';
export type { BranchPlace, CommitLine, Distance, TagPlace } from './read-history.ts';
export type { ArchiveRequest } from './read-archive.ts';
export type { DecidePush, Push } from './receive.ts';
export { consumeRefChanges, type Disagreement, openRefChanges, type RefChange } from './ref-log.ts';
export { type NewRepository, repositoryById, type RepositoryRow } from './repositories.ts';
export { type Refusal, type RefUpdate, ZERO } from './rules.ts';
export { type RepoLimits, repoLimits } from './server.ts';
export type { RepositoryStatistics } from './statistics.ts';
export { repoMigrations, type RepoTables } from './tables.ts';
