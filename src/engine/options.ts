import type { ActionStore } from '../actions/index.ts';
import type { Clock, DataObject, Log, Secret } from '../base/index.ts';
import type {
  CancelSignal,
  Conclusion,
  EgressPolicy,
  JobEvent,
  JobLease,
  JobOutcome,
  JobSecrets,
  PinnedAction,
} from '../protocol/index.ts';
import type { Diagnostic, WorkflowReader } from '../workflow/index.ts';
import type { EngineEvent } from './event.ts';
import type { Snapshot } from './snapshot.ts';

/** Runs one job attempt to its end. It does not throw for what a job does wrong; what it throws fails the job. */
export type RunJob = (
  lease: JobLease,
  secrets: JobSecrets,
  onEvent: (event: JobEvent) => void,
  signal: CancelSignal,
) => Promise<JobOutcome>;

/** What `sallyport run` was asked for. Paths are absolute. */
export type LocalRunOptions = {
  /** A folder in the repository. */
  readonly folder: string;
  /** Workflow files; none: those that the event triggers. */
  readonly files: readonly string[];
  /** Ids of jobs; none: all. What they need runs as well. */
  readonly jobs: readonly string[];
  readonly eventName?: string;
  /** The checked webhook payload of `--event`. */
  readonly payload?: DataObject;
  /** Only the matrix children with these values. */
  readonly matrix: { readonly [key: string]: string };
  readonly inputs: { readonly [name: string]: string };
  readonly vars: { readonly [name: string]: string };
  readonly secrets: { readonly [name: string]: Secret };
  /** Only what failed in the last run of each workflow. */
  readonly failed: boolean;
  /** Jobs for which there is no machine here are skipped instead of failing. */
  readonly skipUnrunnable: boolean;
  readonly builtin: boolean;
  readonly debug: boolean;
  /** Jobs at the same time. */
  readonly parallelMax: number;
  /** Login name of the person. */
  readonly actor: string;
  /** Labels besides the usual ones that mean this machine. */
  readonly labels: readonly string[];
};

/** `.sallyport/egress.yml` as it applies to one job. `text` is absent when there is no file. */
export type ReadEgress = (
  text: string | undefined,
  job: { readonly id: string; readonly environment?: string },
) =>
  | { readonly ok: true; readonly policy: EgressPolicy }
  | { readonly ok: false; readonly errors: readonly Diagnostic[] };

/** The lock as read from the two files; `locked` is false when there is none. */
export type ReadLock = (
  lock: string | undefined,
  digests: string | undefined,
) => { readonly pins: { readonly [reference: string]: PinnedAction }; readonly locked: boolean };

export type LocalRunDeps = {
  readonly runJob: RunJob;
  readonly actions: ActionStore;
  readonly reader: WorkflowReader;
  readonly readEgress: ReadEgress;
  readonly readLock: ReadLock;
  /** Whether the runner has its own program for an action, so that nothing is fetched for it. */
  readonly isBuiltin: (action: {
    readonly owner: string;
    readonly repo: string;
    readonly path: string;
    readonly ref: string;
  }) => boolean;
  /** The git program. */
  readonly git: string;
  /** What git needs of the environment: PATH and HOME. */
  readonly gitEnv: { readonly [name: string]: string };
  readonly clock: Clock;
  readonly random: (bytes: number) => Buffer;
  readonly log: Log;
  readonly stateDir: string;
  /** `X64` or `ARM64`: the labels `x64` and `arm64` mean this machine or another one. */
  readonly arch: 'X64' | 'ARM64';
  /** What `beginRun` answers for the same folder, when it was called already. */
  readonly begun?: Promise<Snapshot | undefined>;
  readonly onEvent: (event: EngineEvent) => void;
  readonly signal: CancelSignal;
};

export type LocalRunResult =
  | { readonly kind: 'finished'; readonly conclusion: Conclusion; readonly remarks: readonly string[] }
  /** Nothing ran: files or inputs are wrong. */
  | { readonly kind: 'refused'; readonly errors: readonly Diagnostic[] }
  /** Nothing ran: nothing was there to run. */
  | { readonly kind: 'nothing'; readonly reason: 'no-workflows' | 'no-match'; readonly message: string };

/** What the sandbox knows the server as; actions take a host below `.localhost` for GitHub itself. */
export const SERVER_URL = 'http://sallyport.localhost';
