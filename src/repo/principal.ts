import type { Principal } from '../identity/index.ts';

export { actorOf, type Principal } from '../identity/index.ts';

/**
 * `read`: fetch and read. `write`: push branches and tags. `direct-push`: begin the default branch, and with the setting
 * `unsafeDirectPush` move it past review. `administer`: create, rename, archive, delete, import.
 */
export type RepoVerb = 'read' | 'write' | 'direct-push' | 'administer';

/** What is not allowed here is denied, and so is every failure of it. */
export type Authorise = (
  principal: Principal,
  repository: RepositoryName,
  verb: RepoVerb,
) => boolean | Promise<boolean>;

export type RepositoryName = { readonly id?: number; readonly owner: string; readonly name: string };
