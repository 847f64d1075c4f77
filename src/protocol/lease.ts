import type { DataObject, Secret, Taint, TrustLevel } from '../base/index.ts';
import type { Defaults, NormalJob, Permissions, Tree } from '../workflow/index.ts';

/** Which hosts a job may reach. Everything else is refused. */
export type EgressPolicy = {
  /** `host:port` or `*.host:port`, lower case; `*.host` matches names below host, not host itself. */
  readonly allow: readonly string[];
  /** Hosts that may resolve to private addresses. Only the operator of the runner can set these. */
  readonly allowPrivate: readonly string[];
};

/** The repository that holds the commit of the run. Served to the job over HTTP. */
export type GitSource = {
  /** A bare one on the runner's machine; nothing: the server's, which the runner asks for the job. */
  readonly gitDir?: string;
  /** The commit that `github.sha` names. */
  readonly commit: string;
};

/** What a `uses:` of the lock or the resolver stands for. `owner/repo@ref` as written is the key. */
export type PinnedAction = { readonly ref: string; readonly commit: string; readonly digest?: string };

/** The hold of one job attempt: all that a runner gets to know. Secrets travel beside it, sealed when remote. */
export type JobLease = {
  readonly version: 1;
  readonly id: string;
  readonly runId: number;
  readonly runNumber: number;
  readonly attempt: number;
  readonly job: {
    /** Positive, never reused. */
    readonly id: number;
    /** `build (18, linux)`, `call / build`. Unique in the run. */
    readonly key: string;
    /** The id in the workflow file. */
    readonly definitionId: string;
    /** The evaluated name. */
    readonly name: string;
    readonly definition: NormalJob;
  };
  readonly level: TrustLevel;
  readonly taints: readonly Taint[];
  /** `env:` and `defaults:` of the workflow; those of the job are in its definition. */
  readonly workflowEnv?: Tree;
  readonly workflowDefaults?: Defaults;
  /** Path of the workflow file that defines this job, for messages. */
  readonly workflowPath: string;
  /**
   * Contexts known before the job starts: `github` (without `token`, with `event`), `vars`, `needs`, `matrix`,
   * `strategy`, `inputs`. The runner adds `env`, `job`, `runner`, `secrets`, `steps` and `github.token` and the like.
   */
  readonly contexts: { readonly [name: string]: DataObject };
  readonly permissions: Permissions;
  /** What an outsider could have written (K13), lower-case names. */
  readonly influenced: {
    readonly inputs: readonly string[];
    readonly needs: readonly string[];
    readonly matrix: boolean;
  };
  readonly egress: EgressPolicy;
  /** `per-step`: no process of a step can see one of another step. */
  readonly isolation: 'per-job' | 'per-step';
  readonly git: GitSource;
  /** Ref scopes whose caches may be read besides the own one: the base of a change, the default branch. */
  readonly readableRefs: readonly string[];
  /** From the lock, or as resolved at planning: `owner/repo@ref` to commit. */
  readonly actions: { readonly [reference: string]: PinnedAction };
  /** The lock governs: a reference that `actions` does not name is refused. */
  readonly locked: boolean;
  /** `builtin: false` as a setting: the fetched official actions run instead of the built-in ones. */
  readonly builtin: boolean;
  readonly debug: boolean;
};

/** The plain secrets of one job, beside the lease. Name to value. */
export type JobSecrets = { readonly [name: string]: Secret };

export type Conclusion = 'success' | 'failure' | 'cancelled' | 'skipped';

/** How a job attempt ended. */
export type JobOutcome = {
  readonly conclusion: Conclusion;
  readonly outputs: { readonly [name: string]: string };
  /** Names of outputs that an outsider could have written. */
  readonly influencedOutputs: readonly string[];
  /** The level at the end: what depends on this job is at most at it. */
  readonly level: TrustLevel;
  readonly taints: readonly Taint[];
  readonly environmentUrl?: string;
  /** What steps declared as built (GITHUB_ARTIFACTS), for provenance. */
  readonly subjects?: readonly { readonly name: string; readonly digest: string; readonly kind: 'oci' | 'file' }[];
  /** Why it failed, in one line, when no step tells it. */
  readonly reason?: string;
};
