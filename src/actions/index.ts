/**
 * Owns: finding, checking and keeping what `uses:` names: the content-addressed store of actions, their lock, and the
 * mirror that they come from.
 * Never: runs anything of an action, opens a path of a workspace, or trusts a tag that the lock has pinned.
 */
export { type CommitContent, type CommitSource, openCommitContent } from './commit.ts';
export { ACTION_LIMITS, type ActionLimits, type ActionStoreOptions, openActionStore } from './open.ts';
export type { ActionStore, ResolvedAction } from './store.ts';
