import type { DataObject, Taint, TrustLevel } from '../base/index.ts';
import type { PinnedAction } from '../protocol/index.ts';
import type {
  CallJob,
  Concurrency,
  Defaults,
  Diagnostic,
  InputDefinition,
  Maybe,
  NormalJob,
  Permissions,
  Position,
  SecretDefinition,
  Tree,
} from '../workflow/index.ts';

/**
 * What one workflow would do for one event: a plain JSON value. Its digest leaves the positions out (`digestOfPlan`), so
 * that a moved line is the same plan.
 */
export type Plan = {
  readonly version: 1;
  readonly workflow: { readonly path: string; readonly name: string };
  readonly event: {
    readonly name: string;
    readonly action?: string;
    readonly ref: string;
    readonly sha: string;
    readonly repository: string;
  };
  readonly level: TrustLevel;
  readonly taints: readonly Taint[];
  readonly concurrency?: PlannedConcurrency;
  /** Inputs of workflow_dispatch with their types. */
  readonly inputs: DataObject;
  /** `owner/repo@ref` to commit: from the lock, or as looked up at planning. */
  readonly pins: { readonly [reference: string]: PinnedAction };
  readonly locked: boolean;
  readonly root: PlannedWorkflow;
};

/** One workflow file in its place: the one that was started, or one that a job calls. */
export type PlannedWorkflow = {
  readonly path: string;
  readonly name: string;
  /** The repository it comes from, when it is not the one of the run. */
  readonly source?: { readonly owner: string; readonly repo: string; readonly commit: string };
  readonly env?: Tree;
  readonly defaults?: Defaults;
  /** Of a called workflow: evaluated when the call is entered. */
  readonly concurrency?: Concurrency;
  /** `on.workflow_call` of a called workflow. */
  readonly inputs: readonly InputDefinition[];
  readonly secrets: readonly SecretDefinition[];
  readonly outputs: readonly { readonly name: string; readonly value: Maybe<string>; readonly at: Position }[];
  readonly jobs: readonly PlannedJob[];
};

type PlannedBase = {
  /** `build`, `call / build`: by ids, without what a matrix adds. */
  readonly key: string;
  readonly id: string;
  /** Ids of jobs of the same workflow. */
  readonly needs: readonly string[];
  readonly permissions: Permissions;
  readonly level: TrustLevel;
  /** Absent: it depends on outputs of other jobs and is expanded when these are done. */
  readonly expansion?: Expansion;
};

export type PlannedNormalJob = PlannedBase & {
  readonly kind: 'job';
  readonly definition: NormalJob;
  /** Names of secrets that the job reads, upper case, without GITHUB_TOKEN. */
  readonly secrets: readonly string[];
  /** It reads secrets whose names are only known while it runs: it gets those that are named anywhere in the job. */
  readonly readsSecretsByComputedName: boolean;
  /** What this machine refuses when the job is to run: container work. */
  readonly refusals: readonly Diagnostic[];
};

export type PlannedCall = PlannedBase & {
  readonly kind: 'call';
  readonly definition: CallJob;
  /** Absent only in a plan that is made without the repositories of others (`sallyport plan` without a mirror). */
  readonly callee?: PlannedWorkflow;
};

export type PlannedJob = PlannedNormalJob | PlannedCall;

/** The jobs that a definition becomes once everything it depends on is known. */
export type Expansion = {
  readonly failFast: boolean;
  readonly parallelMax?: number;
  readonly instances: readonly PlannedInstance[];
};

export type PlannedInstance = {
  /** What stands behind the id in the key: ` (18, linux)`, or ''. */
  readonly suffix: string;
  readonly name: string;
  /** Empty without a matrix. */
  readonly matrix: DataObject;
  readonly index: number;
  readonly total: number;
  /** Of jobs; calls have none. */
  readonly runsOn: { readonly labels: readonly string[]; readonly group?: string };
  readonly continueOnError: boolean;
  readonly timeoutMinutes?: number;
  readonly cancelTimeoutMinutes?: number;
  readonly concurrency?: PlannedConcurrency;
  readonly environment?: { readonly name: string };
  /** Of calls: the inputs with their types. */
  readonly inputs?: DataObject;
  readonly influenced: { readonly matrix: boolean; readonly inputs: readonly string[] };
};

export type PlannedConcurrency = {
  readonly group: string;
  readonly cancelInProgress: boolean;
  readonly queue: 'single' | 'max';
};

/** An expansion that was made while the run went on, as a value of its own: names the plan and is digested itself. */
export type LateExpansion = {
  readonly version: 1;
  readonly planDigest: string;
  /** The run-time key of the definition: `call (a) / build`. */
  readonly definition: string;
  readonly expansion: Expansion;
};
