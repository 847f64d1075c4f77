import type { DataObject, Taint, TrustLevel } from '../base/index.ts';

/** Who started it, as authenticated: never taken from a commit's text. Locally the person at the machine. */
export type Actor = { readonly login: string; readonly id: number };

export type Repository = {
  readonly owner: string;
  readonly name: string;
  /** `owner/name`. */
  readonly fullName: string;
  readonly id: number;
  readonly ownerId: number;
  readonly defaultBranch: string;
};

/** What happened, who did it and how far it is trusted. The first value of the chain; plain and immutable. */
export type Event = {
  /** `push`, `pull_request`, … as GitHub names it. */
  readonly name: string;
  /** The payload's `action`: `opened`, `created`, … */
  readonly action?: string;
  readonly actor: Actor;
  readonly repository: Repository;
  /** `refs/heads/x`, `refs/tags/x`, `refs/pull/N/merge`. */
  readonly ref: string;
  readonly refType: 'branch' | 'tag';
  readonly refProtected: boolean;
  /** What `github.sha` names. */
  readonly sha: string;
  /** Short names, only for events of a change request. */
  readonly baseRef?: string;
  readonly headRef?: string;
  /** The commit that trusted settings are read from when the event itself is not trusted. */
  readonly baseSha?: string;
  readonly payload: DataObject;
  /** Inputs as given, of workflow_dispatch: checked against each workflow's definitions at planning. */
  readonly inputs?: { readonly [name: string]: string };
  readonly level: TrustLevel;
  readonly taints: readonly Taint[];
  /** Paths that changed, for `paths` filters; absent when they can't be known, then every filter lets it pass. */
  readonly changedPaths?: readonly string[];
  /** What the person should know about how this event was made. */
  readonly notes: readonly string[];
};

/** The commit that is checked out, as git tells it. */
export type HeadFacts = {
  readonly commit: string;
  readonly tree: string;
  readonly parent?: string;
  readonly message: string;
  readonly timestamp: string;
  readonly author: { readonly name: string; readonly email: string };
  readonly committer: { readonly name: string; readonly email: string };
};

/** What a local event is made from. Commits are 40 or 64 hexadecimal digits. */
export type GitFacts = {
  readonly owner: string;
  readonly name: string;
  readonly repositoryId: number;
  readonly ownerId: number;
  readonly defaultBranch: string;
  /** The branch that is checked out; neither branch nor tag: a detached HEAD or no repository. */
  readonly branch?: string;
  /** A tag that names exactly the commit of a detached HEAD. */
  readonly tag?: string;
  /** The snapshot's commit: what the job's checkout gets. */
  readonly commit: string;
  readonly dirty: boolean;
  readonly head?: HeadFacts;
  /** Commits of the names that `commitNames` asked for, where they are in the repository. */
  readonly commits: { readonly [name: string]: string };
  readonly changedPaths?: readonly string[];
};
