import type { Conclusion } from '../protocol/index.ts';
import type { Status } from '../workflow/index.ts';

/** A claim on a concurrency group. Groups are compared without case, as GitHub does. */
export type ConcurrencyClaim = {
  readonly group: string;
  readonly cancelInProgress: boolean;
  /** `single`: a newer one cancels the one that waits. `max`: they wait in line. */
  readonly queue: 'single' | 'max';
};

export type CancelState = 'none' | 'cancel' | 'force';

/** One `jobs:` entry of a workflow, in its scope: the run itself or a call of a reusable workflow. */
export type DefinitionState = {
  /** `build`, `call / build`. Unique in the run. */
  readonly key: string;
  /** The key of the calling instance, or nothing in the workflow that was started. */
  readonly scope?: string;
  readonly kind: 'job' | 'call';
  /** Keys of definitions of the same scope. */
  readonly needs: readonly string[];
  /**
   * `waiting` for its needs, `accepted` by its condition, `expanded` into instances, `done`.
   */
  readonly status: 'waiting' | 'accepted' | 'expanded' | 'done';
  /** After a cancellation: whether its condition lets it go on. */
  readonly survives?: boolean;
  readonly failFast: boolean;
  readonly instancesMax?: number;
  /** What `needs.<id>.result` is, once done. */
  readonly result?: Conclusion;
};

/** One job attempt, or one entered call: what a definition became. */
export type InstanceState = {
  /** `build (18, linux)`. Unique in the run. */
  readonly key: string;
  readonly definition: string;
  /** `open`: a call whose jobs go on. */
  readonly status: 'queued' | 'running' | 'open' | 'done';
  readonly conclusion?: Conclusion;
  readonly continueOnError: boolean;
  readonly concurrency?: ConcurrencyClaim;
  /** It holds its concurrency group. */
  readonly admitted: boolean;
  readonly cancel: CancelState;
  /** Why it is cancelled, as people read it. */
  readonly cancelReason?: string;
  /** Its place in the line of a concurrency group. */
  readonly order: number;
  /** Milliseconds of the same clock as `now` of `nextActions`. */
  readonly deadlineAt?: number;
  /** When a cancelled one that still runs is ended by force. */
  readonly forceAt?: number;
};

export type RunState = {
  readonly run: number;
  readonly order: number;
  /** `waiting` for its concurrency group. */
  readonly status: 'waiting' | 'open' | 'done';
  readonly concurrency?: ConcurrencyClaim;
  readonly cancel: CancelState;
  readonly cancelReason?: string;
  readonly conclusion?: Conclusion;
  readonly definitions: readonly DefinitionState[];
  readonly instances: readonly InstanceState[];
};

/** All runs that share concurrency groups and slots: plain rows, so that a database can hold them as well. */
export type Schedule = {
  /** How many jobs run at once. */
  readonly parallelMax: number;
  readonly nextOrder: number;
  readonly runs: readonly RunState[];
};

/** What has to be done next. Each is answered by a happening; until then it is asked for again. */
export type Action =
  | { readonly kind: 'open-run'; readonly run: number }
  | { readonly kind: 'end-run'; readonly run: number; readonly conclusion: Conclusion; readonly reason?: string }
  /** A newer run claims its concurrency group: answer with `run-cancelled`. */
  | { readonly kind: 'cancel-run'; readonly run: number; readonly reason: string }
  /** Evaluate the condition with this status. */
  | { readonly kind: 'decide'; readonly run: number; readonly definition: string; readonly status: Status }
  /** The run is ended by force: answer with `decided`, not accepted, whatever the condition says. */
  | { readonly kind: 'drop'; readonly run: number; readonly definition: string }
  /** Evaluate strategy, names and the like. */
  | { readonly kind: 'expand'; readonly run: number; readonly definition: string }
  | { readonly kind: 'admit'; readonly run: number; readonly instance: string }
  | { readonly kind: 'start'; readonly run: number; readonly instance: string }
  /** Add the definitions of the called workflow. */
  | { readonly kind: 'enter'; readonly run: number; readonly instance: string }
  /** All jobs of the called workflow are done: evaluate its outputs. */
  | { readonly kind: 'leave'; readonly run: number; readonly instance: string; readonly conclusion: Conclusion }
  /** End one that never ran. */
  | {
      readonly kind: 'end';
      readonly run: number;
      readonly instance: string;
      readonly conclusion: Conclusion;
      readonly reason: string;
    }
  /** Tell one that runs to end. */
  | {
      readonly kind: 'cancel';
      readonly run: number;
      readonly instance: string;
      readonly force: boolean;
      readonly reason: string;
    };

export type NewDefinition = Pick<DefinitionState, 'key' | 'scope' | 'kind' | 'needs'>;
export type NewInstance = Pick<InstanceState, 'key' | 'continueOnError' | 'concurrency'>;

/** What happened. `applyHappening` is the only way in which a schedule changes. */
export type Happening =
  | {
      readonly kind: 'run-added';
      readonly run: number;
      readonly concurrency?: ConcurrencyClaim;
      readonly definitions: readonly NewDefinition[];
    }
  | { readonly kind: 'run-opened'; readonly run: number }
  | { readonly kind: 'run-ended'; readonly run: number; readonly conclusion: Conclusion }
  | { readonly kind: 'run-cancelled'; readonly run: number; readonly force: boolean; readonly reason: string }
  | { readonly kind: 'decided'; readonly run: number; readonly definition: string; readonly accepted: boolean }
  | {
      readonly kind: 'expanded';
      readonly run: number;
      readonly definition: string;
      readonly instances: readonly NewInstance[];
      readonly failFast: boolean;
      readonly instancesMax?: number;
    }
  /** Expansion was not possible: the definition ends like this. */
  | {
      readonly kind: 'expansion-failed';
      readonly run: number;
      readonly definition: string;
      readonly conclusion: Conclusion;
    }
  | { readonly kind: 'admitted'; readonly run: number; readonly instance: string }
  | { readonly kind: 'started'; readonly run: number; readonly instance: string; readonly deadlineAt?: number }
  | {
      readonly kind: 'entered';
      readonly run: number;
      readonly instance: string;
      readonly definitions: readonly NewDefinition[];
    }
  | { readonly kind: 'ended'; readonly run: number; readonly instance: string; readonly conclusion: Conclusion }
  | {
      readonly kind: 'cancel-requested';
      readonly run: number;
      readonly instance: string;
      readonly force: boolean;
      readonly reason: string;
      readonly forceAt?: number;
    };
