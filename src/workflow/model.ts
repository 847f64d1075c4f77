import type { TrustLevel } from '../base/index.ts';

/** A place in a workflow file. Lines and columns count from 1. */
export type Position = { readonly line: number; readonly column: number };

/** A scalar as written: literal text and `${{ }}` expressions in order. One lone expression keeps its type. */
export type Template = { readonly kind: 'template'; readonly parts: readonly TemplatePart[]; readonly at: Position };
export type TemplatePart = { readonly literal: string } | { readonly expression: string; readonly at: Position };

/**
 * A value of the workflow that is evaluated later. A mapping keeps its order; a key may itself be a template, and the
 * key `${{ insert }}` (`insert: true`) merges a mapping in place.
 */
export type Tree = null | boolean | number | string | Template | TreeSequence | TreeMapping;
export type TreeSequence = { readonly kind: 'sequence'; readonly items: readonly Tree[] };
export type TreeMapping = { readonly kind: 'mapping'; readonly entries: readonly TreeEntry[] };
export type TreeEntry = {
  readonly key: string | Template;
  readonly insert?: true;
  readonly value: Tree;
  readonly at: Position;
};

/** A value that may be given by an expression. */
export type Maybe<T> = T | Template;

/** The expression of an `if`, without `${{ }}`, with GitHub's implicit `success() && (…)` already applied. */
export type Condition = { readonly kind: 'condition'; readonly expression: string; readonly at: Position };

/** The permission scopes of GitHub's schema. */
export const PERMISSION_SCOPES = [
  'actions',
  'artifact-metadata',
  'attestations',
  'checks',
  'contents',
  'deployments',
  'discussions',
  'id-token',
  'issues',
  'models',
  'packages',
  'pages',
  'pull-requests',
  'repository-projects',
  'security-events',
  'statuses',
] as const;
/** Scope to access, scopes left out are `none`. Scopes that only GitHub's newer schema knows are kept by name. */
export type Permissions = { readonly [scope: string]: 'read' | 'write' | 'none' };

export type Defaults = { readonly shell?: Maybe<string>; readonly workingDirectory?: Maybe<string> };

export type Concurrency = {
  readonly group: Maybe<string>;
  readonly cancelInProgress: Maybe<boolean>;
  readonly queue: 'single' | 'max';
  readonly at: Position;
};

/** `on:` of one event. Filters that are absent are absent, an empty list is a list. */
export type Trigger = {
  readonly event: string;
  readonly types?: readonly string[];
  readonly branches?: readonly string[];
  readonly branchesIgnore?: readonly string[];
  readonly tags?: readonly string[];
  readonly tagsIgnore?: readonly string[];
  readonly paths?: readonly string[];
  readonly pathsIgnore?: readonly string[];
  /** workflow_run */
  readonly workflows?: readonly string[];
  /** image_version */
  readonly names?: readonly string[];
  readonly versions?: readonly string[];
  /** schedule */
  readonly schedule?: readonly { readonly cron: string; readonly timezone?: string }[];
  /** workflow_dispatch and workflow_call */
  readonly inputs?: readonly InputDefinition[];
  /** workflow_call */
  readonly secrets?: readonly SecretDefinition[];
  readonly outputs?: readonly {
    readonly name: string;
    readonly description?: string;
    readonly value: Maybe<string>;
    readonly at: Position;
  }[];
  readonly at: Position;
};

export type InputDefinition = {
  readonly name: string;
  readonly type: 'string' | 'boolean' | 'number' | 'choice' | 'environment';
  readonly description?: string;
  readonly required: boolean;
  readonly default?: Tree;
  readonly options?: readonly string[];
  readonly at: Position;
};
export type SecretDefinition = {
  readonly name: string;
  readonly required: boolean;
  readonly description?: string;
  readonly at: Position;
};

/** A workflow file, read and checked. A plain value. */
export type Workflow = {
  /** Path in the repository, as `.github/workflows/ci.yml`. */
  readonly path: string;
  /** `name:`, or nothing. */
  readonly name?: string;
  readonly description?: string;
  readonly runName?: Maybe<string>;
  readonly on: readonly Trigger[];
  /** `permissions:` at the top, or nothing when it is missing. */
  readonly permissions?: Permissions;
  readonly env?: Tree;
  readonly defaults?: Defaults;
  readonly concurrency?: Concurrency;
  readonly jobs: readonly Job[];
};

type JobBase = {
  readonly id: string;
  readonly name?: Maybe<string>;
  readonly needs: readonly string[];
  readonly if: Condition;
  readonly permissions?: Permissions;
  readonly concurrency?: Concurrency;
  readonly strategy?: Strategy;
  readonly at: Position;
};

export type Strategy = {
  /** The whole matrix as written: a mapping, or a template that gives one. */
  readonly matrix?: Tree;
  readonly failFast: Maybe<boolean>;
  readonly maxParallel?: Maybe<number>;
  readonly at: Position;
};

export type NormalJob = JobBase & {
  readonly kind: 'job';
  readonly runsOn: RunsOn;
  readonly env?: Tree;
  readonly defaults?: Defaults;
  readonly environment?: Environment;
  readonly outputs: readonly { readonly name: string; readonly value: Maybe<string>; readonly at: Position }[];
  readonly timeoutMinutes?: Maybe<number>;
  readonly cancelTimeoutMinutes?: Maybe<number>;
  readonly continueOnError?: Maybe<boolean>;
  /** Planned, refused by the runner until images can be run. */
  readonly container?: { readonly value: Tree; readonly at: Position };
  readonly services?: { readonly value: Tree; readonly at: Position };
  readonly snapshot?: { readonly value: Tree; readonly at: Position };
  readonly steps: readonly Step[];
};

export type CallJob = JobBase & {
  readonly kind: 'call';
  /** `./.github/workflows/x.yml`, `$/…` or `owner/repo/path@ref`. */
  readonly uses: string;
  readonly usesAt: Position;
  readonly with: readonly { readonly name: string; readonly value: Tree; readonly at: Position }[];
  readonly secrets:
    | 'inherit'
    | readonly { readonly name: string; readonly value: Maybe<string>; readonly at: Position }[];
};

export type Job = NormalJob | CallJob;

export type RunsOn = { readonly labels: Tree; readonly group?: Maybe<string>; readonly at: Position };
export type Environment = {
  readonly name: Maybe<string>;
  readonly url?: Maybe<string>;
  readonly deployment: boolean;
  readonly at: Position;
};

type StepBase = {
  /** As written, or generated like GitHub does (`__run`, `__run_2`, `__actions_checkout`). Unique in the job. */
  readonly id: string;
  readonly name?: Maybe<string>;
  readonly at: Position;
};
type ExecutedStep = StepBase & {
  readonly if: Condition;
  readonly env?: Tree;
  readonly continueOnError?: Maybe<boolean>;
  readonly timeoutMinutes?: Maybe<number>;
  readonly background: boolean;
};
export type RunStep = ExecutedStep & {
  readonly kind: 'run';
  readonly run: Template | string;
  readonly runAt: Position;
  readonly shell?: Maybe<string>;
  readonly workingDirectory?: Maybe<string>;
};
export type UsesStep = ExecutedStep & {
  readonly kind: 'uses';
  readonly uses: string;
  readonly usesAt: Position;
  readonly with?: Tree;
};
type WaitingStep = StepBase & { readonly continueOnError?: Maybe<boolean> };
export type WaitStep = WaitingStep & { readonly kind: 'wait'; readonly steps: readonly string[] };
export type WaitAllStep = WaitingStep & { readonly kind: 'wait-all' };
export type CancelStep = WaitingStep & { readonly kind: 'cancel'; readonly step: string };
export type ParallelStep = StepBase & { readonly kind: 'parallel'; readonly steps: readonly Step[] };
export type Step = RunStep | UsesStep | WaitStep | WaitAllStep | CancelStep | ParallelStep;

/** What `uses:` of a step names. */
export type UsesReference =
  | { readonly kind: 'local'; readonly path: string }
  /** `$/path`: the repository that the workflow or action itself comes from. */
  | { readonly kind: 'self'; readonly path: string }
  | {
      readonly kind: 'remote';
      readonly owner: string;
      readonly repo: string;
      /** Folder in the repository, '' for its root; or the path of a workflow file. No leading or trailing slash. */
      readonly path: string;
      readonly ref: string;
    }
  | { readonly kind: 'docker'; readonly image: string };

/** `action.yml`, read and checked. */
export type ActionManifest = {
  readonly name?: string;
  readonly description?: string;
  readonly inputs: readonly {
    readonly name: string;
    readonly required: boolean;
    readonly default?: Tree;
    readonly deprecationMessage?: string;
  }[];
  readonly outputs: readonly { readonly name: string; readonly value?: Maybe<string> }[];
  readonly runs:
    | {
        readonly kind: 'javascript';
        /** `node24`, or an older one as written. */
        readonly using: string;
        readonly main: string;
        readonly pre?: string;
        readonly preIf: Condition;
        readonly post?: string;
        readonly postIf: Condition;
      }
    | { readonly kind: 'composite'; readonly steps: readonly Step[] }
    | { readonly kind: 'docker'; readonly image: string };
};

/** One thing wrong with a file, as compilers print it. */
export type Diagnostic = {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Stable: `workflow/unknown-key`, `workflow/needs-cycle`, … */
  readonly code: string;
  readonly message: string;
  /** What to do about it. */
  readonly remedy?: string;
};

/** Reading gives a value or the list of everything that is wrong, never both. */
export type Reading<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly errors: readonly Diagnostic[] };

/** Which parts of the contexts an outsider could have written. The expression `*` in a set means all of them. */
export type Influence = {
  /** The run's level: at `untrusted` every step output counts as influenced. */
  readonly level: TrustLevel;
  /** Names (upper case) of the `env` context. */
  readonly env: ReadonlySet<string>;
  /** `inputs.*` names, lower case. */
  readonly inputs: ReadonlySet<string>;
  /** `steps.<id>` whose outputs are influenced, lower case. */
  readonly steps: ReadonlySet<string>;
  /** `needs.<id>` whose outputs are influenced, lower case. */
  readonly needs: ReadonlySet<string>;
  /** The matrix came from influenced text. */
  readonly matrix: boolean;
};
