import type { Readable } from 'node:stream';
import type { Clock, Secret } from '../base/index.ts';
import type { EngineEvent } from '../engine/index.ts';
import type { Kind } from '../finding/index.ts';
import type { CapabilityRecord, Conclusion, EgressRecord } from '../protocol/index.ts';
import type { ExplainedFinding, FileChange, MendedFinding, ScanState } from '../fix/index.ts';
import type { ScanMode, ScanProgress, ScanResult } from '../scan/index.ts';
import type { Diagnostic } from '../workflow/index.ts';
import type { AdvisoriesCommands } from './advisories-command.ts';
import type { ClientTools } from './client-tools.ts';
import type { Terminal } from './terminal.ts';

/** What `sallyport run` was asked for. Paths are absolute. */
export type RunRequest = {
  /** A folder in the repository. */
  readonly directory: string;
  /** Workflow files; none: those that the event triggers. */
  readonly files: readonly string[];
  /** Ids or keys of jobs; none: all. What they need runs as well. */
  readonly jobs: readonly string[];
  readonly eventName: string | undefined;
  readonly eventFile: string | undefined;
  /** Only the children with these values, by key of the matrix. */
  readonly matrix: { readonly [key: string]: string };
  readonly inputs: { readonly [name: string]: string };
  readonly vars: { readonly [name: string]: string };
  readonly secrets: { readonly [name: string]: Secret };
  readonly keep: boolean;
  readonly shell: boolean;
  readonly artifactsTo: string | undefined;
  /** Only what failed in the last run of this repository. */
  readonly failed: boolean;
  readonly learn: boolean;
  readonly require: readonly string[];
  readonly actionsMirror: string | undefined;
  readonly builtin: boolean;
  readonly skipUnrunnable: boolean;
  readonly allowPrivate: readonly string[];
  /** Absolute folders of toolchains that jobs see, besides /usr, /opt and those below the home. */
  readonly tools: readonly string[];
  /** Jobs at the same time; none: as many as the machine has processors. */
  readonly jobsAtOnce: number | undefined;
  readonly debug: boolean;
};

/** How the person ends a run: `cancel` as GitHub does it, `force` at once. */
export type Interrupt = {
  onInterrupt(callback: (state: 'cancel' | 'force') => void): () => void;
};

export type RunResult =
  | { readonly kind: 'finished'; readonly conclusion: Conclusion; readonly remarks: readonly string[] }
  /** Nothing ran: the files are wrong. */
  | { readonly kind: 'refused'; readonly errors: readonly Diagnostic[] }
  /** Nothing ran: nothing was there to run. */
  | { readonly kind: 'nothing'; readonly reason: 'no-workflows' | 'no-match'; readonly message: string };

/** One workflow file in the answer of `sallyport plan` and of `sallyport run -l`. */
export type PlannedFile = {
  readonly file: string;
  readonly ok: boolean;
  readonly name: string;
  /** Names of the events. */
  readonly on: readonly string[];
  readonly jobs: readonly { readonly id: string; readonly name: string; readonly needs: readonly string[] }[];
  readonly errors: readonly Diagnostic[];
  /** The whole object as `--json` prints it. */
  readonly json: unknown;
};

export type LockRequest = {
  readonly directory: string;
  readonly actionsMirror: string | undefined;
  /** `owner/repo` to look up anew; `all` for each. None: only what is missing. */
  readonly update: readonly string[];
  /** Writes nothing; says whether the lock names all that the workflows use. */
  readonly verify: boolean;
};

export type LockResult = {
  readonly upToDate: boolean;
  readonly written: readonly string[];
  /** One line for each reference that came, went or moved. */
  readonly changes: readonly string[];
  readonly remarks: readonly string[];
};

/** What `sallyport scan` was asked for. Paths of files are absolute. */
export type ScanCommandRequest = {
  readonly root: string;
  /** Below the root; none: all. */
  readonly paths: readonly string[];
  readonly kinds: readonly Kind[];
  readonly mode: ScanMode;
  readonly gate: string | undefined;
  readonly everything: boolean;
  readonly history: boolean;
  /** Whether results of earlier scans may be used. */
  readonly cache: boolean;
  readonly threads: number | undefined;
  readonly baseline: string | undefined;
  /** Reports of other tools. */
  readonly imports: readonly string[];
  /** Names of other tools that are to run. */
  readonly tools: readonly string[];
  readonly secretsConfig: string | undefined;
  readonly rules: string | undefined;
  readonly allowMissing: readonly string[];
};

/** What `sallyport up` was asked for. */
export type UpRequest = {
  /** Settings of the command line, by their names. */
  readonly flags: { readonly [setting: string]: unknown };
  readonly configFile: string | undefined;
  /** A new one-time code is wanted, though there is an administrator. */
  readonly setup: boolean;
};

/** What `sallyport up` tells. */
export type ServerEvent =
  | { readonly kind: 'starting'; readonly what: string }
  | {
      readonly kind: 'ready';
      readonly url: string;
      readonly pid: number;
      /** For the first administrator, once. */
      readonly setupCode?: string;
      /** Walls that are lower than they could be. */
      readonly remarks: readonly string[];
    }
  | { readonly kind: 'stopping' }
  | { readonly kind: 'stopped' };

/** What `sallyport runner join` was asked for. Paths are absolute. */
export type RunnerJoinRequest = {
  /** Of the runner; nothing: the one of this machine. */
  readonly folder: string | undefined;
  /** Of the server, to join. */
  readonly url: string | undefined;
  readonly token: string | undefined;
  readonly name: string | undefined;
  /** Besides those that say what the machine is. */
  readonly labels: readonly string[];
  readonly ephemeral: boolean;
  readonly caFile: string | undefined;
  /** Jobs at once; nothing: as many as the machine has processors. */
  readonly jobs: number | undefined;
  readonly actionsMirror: string | undefined;
  /** Forget what this folder had joined before. */
  readonly replace: boolean;
  readonly json: boolean;
};

export type RunnerEvent =
  | { readonly kind: 'joined'; readonly url: string; readonly runnerId: number; readonly name: string }
  | { readonly kind: 'draining'; readonly force: boolean }
  | { readonly kind: 'ended'; readonly reason: 'drained' | 'removed' };

/** What `sallyport backup` was asked for. Paths are absolute. */
export type BackupRequest = {
  readonly data: string | undefined;
  readonly databaseUrl: string | undefined;
  readonly output: string;
  /** Recipients of age. */
  readonly recipients: readonly string[];
  readonly onProgress: (what: string) => void;
};

/** What `sallyport restore` was asked for. Paths are absolute. */
export type RestoreRequest = {
  readonly data: string | undefined;
  readonly databaseUrl: string | undefined;
  readonly input: string;
  /** A file with identities of age. */
  readonly identityFile: string;
  readonly onProgress: (what: string) => void;
};

export type BackupReport = {
  readonly rows: number;
  readonly repositories: number;
  readonly files: number;
  /** Of the encrypted file. */
  readonly bytes: number;
  /** Entries of the audit log; after a restore, proved ones. */
  readonly entries: number;
};

/** What `sallyport audit verify` was asked for. Paths are absolute. */
export type AuditVerifyRequest = {
  /** Folder of the server's data; nothing: the one of this machine. */
  readonly data: string | undefined;
  readonly databaseUrl: string | undefined;
  /** Public keys of log and witness, from a place that the server can't write. */
  readonly keys: string | undefined;
  /** Checkpoints that somebody kept elsewhere. */
  readonly checkpoints: readonly string[];
};

export type AuditVerification = {
  readonly log: string;
  readonly witness: string;
  readonly entries: number;
  readonly checkpoints: number;
  readonly unsigned: number;
  readonly open: number;
  /** Checkpoints that were compared and that the database has no say in. */
  readonly kept: number;
  readonly deviations: readonly { readonly position?: number; readonly problem: string }[];
  /** Where the clock was set back: no edit, but times around there are not to be trusted. */
  readonly clockSteps: readonly { readonly position: number; readonly backMs: number }[];
};

/** One thing that an operator should know of a server. `isWeak`: a wall is lower than it could be. */
export type ServerFact = { readonly name: string; readonly text: string; readonly isWeak: boolean };

/** `leaf`: the entry as it was hashed. */
export type AuditProofRequest = { readonly proof: string; readonly leaf: Buffer; readonly keys: string };

export type AuditProofVerdict =
  | { readonly index: number; readonly origin: string; readonly size: number }
  | { readonly problem: string };

/** How `sallyport scan --fix` goes about it. */
export type ScanFixOptions = {
  /** Nothing is written. */
  readonly dryRun: boolean;
  readonly runTests: boolean;
  /** For bash, at the top of the repository; without it the tests are detected. */
  readonly testCommand?: string;
  readonly actionsMirror?: string;
  readonly onProgress: (progress: ScanProgress) => void;
  readonly onNote: (text: string) => void;
};

/** What the repository's own tests say of the fixes. */
export type FixTests =
  | { readonly kind: 'not-needed' }
  | { readonly kind: 'none' }
  | { readonly kind: 'not-run'; readonly reason: string }
  | { readonly kind: 'failed-before'; readonly name: string; readonly tail: readonly string[] }
  /** `leftOut`: rules whose fixes broke them. */
  | { readonly kind: 'passed'; readonly name: string; readonly leftOut?: readonly string[] };

export type FixReport = {
  readonly before: ScanState;
  readonly after: ScanState;
  readonly mended: readonly MendedFinding[];
  readonly explained: readonly ExplainedFinding[];
  readonly changes: readonly (FileChange & { readonly before: string })[];
  readonly tests: FixTests;
};

/** What the commands do, each given by `bin` and loaded when it is used. */
export type Commands = {
  run(request: RunRequest, onEvent: (event: EngineEvent) => void, interrupt: Interrupt): Promise<RunResult>;
  /** The difference to `.sallyport/egress.yml` that would allow what was reached; '' when nothing is missing. */
  proposeEgress(records: readonly EgressRecord[], directory: string): Promise<string>;
  /** Serves until it is interrupted. */
  up(request: UpRequest, onEvent: (event: ServerEvent) => void, interrupt: Interrupt): Promise<void>;
  /** What a server here would run as whom. Starts nothing. */
  serverFacts(configFile: string | undefined): Promise<readonly ServerFact[]>;
  readonly audit: {
    verify(request: AuditVerifyRequest): Promise<AuditVerification>;
    /** Needs no server: whether the proof holds for this entry, by the public keys in the file. */
    checkProof(request: AuditProofRequest): Promise<AuditProofVerdict>;
  };
  readonly runner: {
    join(request: RunnerJoinRequest, onEvent: (event: RunnerEvent) => void, interrupt: Interrupt): Promise<void>;
  };
  backup(request: BackupRequest): Promise<BackupReport>;
  restore(request: RestoreRequest): Promise<BackupReport>;
  plan(request: {
    readonly paths: readonly string[];
    readonly directory: string;
    readonly eventName: string | undefined;
    readonly eventFile: string | undefined;
  }): Promise<readonly PlannedFile[]>;
  scan(
    request: ScanCommandRequest,
    onProgress: (progress: ScanProgress) => void,
    interrupt: Interrupt,
  ): Promise<ScanResult>;
  scanAndFix(request: ScanCommandRequest, options: ScanFixOptions, interrupt: Interrupt): Promise<FixReport>;
  /** The page of a rule in Markdown, or names that are like it. */
  explain(rule: string): Promise<{ readonly page: string } | { readonly similar: readonly string[] }>;
  advisories: AdvisoriesCommands;
  lock(request: LockRequest): Promise<LockResult>;
  mirror: {
    add(folder: string, references: readonly string[]): Promise<readonly string[]>;
    sync(folder: string): Promise<readonly string[]>;
  };
  probe(): Promise<CapabilityRecord>;
  /** What the commands that talk to a server need. */
  client(): Promise<ClientTools>;
};

/** All that the command line gets from outside. */
export type CliDependencies = {
  readonly version: string;
  readonly terminal: Terminal;
  readonly clock: Clock;
  /** The folder that the command was started in. */
  readonly cwd: string;
  /** Reads one variable of the environment, for `--secret NAME=env:VAR`. */
  readonly environment: (name: string) => string | undefined;
  /** Standard input, for what is piped in. */
  readonly input: () => Readable;
  /** Where state and caches lie, for `clean`. */
  readonly places: { readonly state: string; readonly cache: string };
  readonly commands: Commands;
  readonly interrupt: Interrupt;
};
