import type { Taint, TrustLevel } from '../base/index.ts';
import type { EngineEvent } from '../engine/index.ts';
import type { Principal } from '../identity/index.ts';
import type { CapabilityRecord, Conclusion } from '../protocol/index.ts';
import type { Diagnostic } from '../workflow/index.ts';
import type { Dialer, Sealer } from '../notify/index.ts';
import type { RecentAsked, RunFilter, RunJob, RunKey, RunState, WorkflowInfo } from '../runs/index.ts';

export type { RunFilter, RunJob, RunKey, RunState };

/**
 * What the API asks of the other parts of the server. Each answers for one repository: a number that belongs to another one is not
 * there. Whether the principal may was asked before.
 */

export type Page<Item> = { readonly items: readonly Item[] /** Nothing at the end. */; readonly next?: string };

export type RunSummary = {
  readonly id: number;
  /** Of this workflow in this repository, from 1. */
  readonly number: number;
  readonly attempt: number;
  readonly workflow: { readonly path: string; readonly name: string };
  readonly name: string;
  readonly event: string;
  readonly ref: string;
  readonly commit: string;
  readonly level: TrustLevel;
  readonly state: RunState;
  /** When it is finished. */
  readonly conclusion?: Conclusion;
  readonly actor: { readonly type: string; readonly id: string; readonly name?: string };
  readonly createdAt: Date;
  readonly startedAt?: Date;
  readonly finishedAt?: Date;
};

export type RunView = RunSummary & {
  readonly jobs: readonly RunJob[];
  /** What a person should know of it, and why its level is no higher. */
  readonly notes: readonly string[];
  readonly taints: readonly Taint[];
  /** Why nothing of it ran. */
  readonly diagnostics: readonly Diagnostic[];
  /** Number of its newest event; 0 before the first. */
  readonly lastEvent: number;
};

export type ArtifactInfo = {
  readonly id: number;
  readonly runId: number;
  readonly name: string;
  readonly bytes: number;
  readonly digest: string;
  readonly level: TrustLevel;
  readonly createdAt: Date;
  readonly expiresAt?: Date;
};

export type CacheInfo = {
  readonly id: number;
  readonly key: string;
  readonly version: string;
  readonly ref: string;
  readonly level: TrustLevel;
  readonly bytes: number;
  readonly digest: string;
  readonly createdAt: Date;
  readonly usedAt: Date;
};

export type ScheduleInfo = {
  readonly workflow: string;
  readonly cron: string;
  readonly timezone?: string;
  readonly nextAt?: Date;
};

export type RunReaders = {
  list(asked: {
    readonly repositoryId: number;
    readonly filter: RunFilter;
    readonly cursor?: string;
    readonly limit: number;
  }): Promise<Page<RunSummary>>;
  /** Of many repositories. Whether the principal may read them is asked afterwards. */
  recent(asked: RecentAsked): Promise<readonly (RunSummary & { readonly repositoryId: number })[]>;
  view(key: RunKey): Promise<RunView | undefined>;
  /** The attempt that a job belongs to, with all of its jobs. */
  viewOfJob(repositoryId: number, jobId: number): Promise<RunView | undefined>;
  /** What happened, but for what jobs log: in order, after this number. */
  events(
    key: RunKey,
    after: number,
    limit: number,
  ): Promise<readonly { readonly seq: number; readonly event: EngineEvent }[]>;
  /** Calls back when something of the run changed, perhaps once too often, never once too little. Ends with what it returns. */
  onChange(runId: number, callback: () => void): () => void;
  schedules(repositoryId: number): Promise<readonly ScheduleInfo[]>;
  artifacts(key: RunKey): Promise<readonly ArtifactInfo[]>;
  openArtifact(
    repositoryId: number,
    artifactId: number,
  ): Promise<{ readonly info: ArtifactInfo; readonly bytes: AsyncIterable<Uint8Array> } | undefined>;
  /** Of all runs of a repository, newest first. */
  artifactsOf(repositoryId: number): Promise<readonly ArtifactInfo[]>;
  /** Cache entries of a repository, last used first. */
  caches(repositoryId: number): Promise<readonly CacheInfo[]>;
  /** Whether it was there. */
  removeCache(repositoryId: number, id: number): Promise<boolean>;
};

export type RunEngine = {
  dispatch(asked: {
    readonly principal: Principal;
    readonly repositoryId: number;
    readonly workflow: string;
    readonly ref: string;
    readonly inputs: { readonly [name: string]: string };
  }): Promise<{ readonly runIds: readonly number[] }>;
  repositoryDispatch(asked: {
    readonly principal: Principal;
    readonly repositoryId: number;
    readonly type: string;
    readonly payload: { readonly [key: string]: unknown };
  }): Promise<{ readonly runIds: readonly number[] }>;
  rerun(asked: {
    readonly principal: Principal;
    readonly runId: number;
    readonly only: 'all' | 'failed' | { readonly job: number };
  }): Promise<{ readonly attempt: number }>;
  cancel(asked: { readonly principal: Principal; readonly runId: number; readonly force: boolean }): Promise<void>;
  /** The workflows of a branch or tag. */
  workflows(asked: { readonly repositoryId: number; readonly ref: string }): Promise<{
    readonly commit: string;
    readonly workflows: readonly WorkflowInfo[];
    readonly leftOut: number;
  }>;
};

/** Bytes of the logs of jobs: lines of JSON. */
export type JobLogReader = {
  size(jobId: number): Promise<number>;
  read(jobId: number, span: { readonly from: number; readonly bytesMax: number }): Promise<Buffer>;
  /** What is there and what comes, until the log is sealed or the signal ends it. */
  follow(jobId: number, from: number, signal: AbortSignal): AsyncIterable<Buffer>;
};

export type RunnerInfo = {
  readonly id: number;
  readonly name: string;
  readonly labels: readonly string[];
  readonly state: 'idle' | 'busy' | 'draining' | 'lost';
  readonly ephemeral: boolean;
  readonly jobs: readonly number[];
  readonly lastSeenAt?: Date;
  /** What it said of its machine when it joined. */
  readonly capability?: CapabilityRecord;
};

export type Runners = {
  list(): Promise<readonly RunnerInfo[]>;
  /** A token that registers one runner. */
  register(
    principal: Principal,
    wanted: { readonly labels: readonly string[]; readonly ephemeral: boolean },
  ): Promise<{ readonly token: string; readonly expiresAt: Date }>;
  /** False: there is none. */
  drain(principal: Principal, id: number): Promise<boolean>;
  remove(principal: Principal, id: number): Promise<boolean>;
};

/** One setting of the server. */
export type SettingInfo = {
  readonly name: string;
  /** As it counts; of a secret only that it is there. */
  readonly value: string;
  readonly source: 'default' | 'file' | 'environment' | 'flag';
  /** It lowers a wall. */
  readonly isWeakening: boolean;
};

/** What `sallyport doctor` says, as a page shows it. */
export type DoctorFact = {
  readonly name: string;
  readonly state: 'hard' | 'soft' | 'missing' | 'weak' | 'ok';
  readonly text: string;
  readonly remedy?: string;
};

export type SizeInfo = { readonly name: string; readonly bytes: number; readonly entries?: number };

/** What an operator sees of the installation. Nothing of it can be changed here. */
export type Installation = {
  settings(): readonly SettingInfo[];
  doctor(): Promise<readonly DoctorFact[]>;
  sizes(): Promise<readonly SizeInfo[]>;
  /** With which others verify the audit log. */
  readonly logKeys: { readonly log: LogKey; readonly witness: LogKey };
  /** The page of a rule, as Markdown; nothing when there is none of this name. */
  lesson(page: string): Promise<string | undefined>;
};
export type LogKey = { readonly name: string /** Raw Ed25519, in base64. */; readonly key: string };

/** What goes out of the server, as far as the API sets it up. */
export type Outgoing = {
  readonly sealer: Sealer;
  readonly dialer: Dialer;
  /** There is a mail server. */
  readonly canMail: boolean;
};
