/**
 * Owns: finding, checking and keeping what `uses:` names: the content-addressed store of actions, their lock, and the
 * mirror that they come from.
 * Never: runs anything of an action, opens a path of a workspace, or trusts a tag that the lock has pinned.
 */
export { type CommitContent, type CommitSource, openCommitContent } from './commit.ts';
export { type LockChange, type LockRequest, type LockResult, lockWorkflows } from './lock.ts';
export {
  DIGESTS_PATH,
  EMPTY_LOCK,
  type Lock,
  LOCK_PATH,
  type LockDigests,
  type LockedDependency,
  pinsOf,
  readDigests,
  readLock,
  writeDigests,
  writeLock,
} from './lock-file.ts';
export { mirrorAdd, type MirrorOptions, mirrorSync, type Synced } from './mirror.ts';
export { ACTION_LIMITS, type ActionLimits, type ActionStoreOptions, openActionStore } from './open.ts';
export { pinKey, type RepositoryName } from './reference.ts';
export type { ActionStore, ResolvedAction } from './store.ts';
