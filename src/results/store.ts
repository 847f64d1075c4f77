import type { Readable } from 'node:stream';
import type { Digest, TrustLevel } from '../base/index.ts';

/** Who asks: pinned to one job attempt by its token. */
export type ResultsScope = {
  readonly repository: string;
  readonly runId: number;
  readonly attempt: number;
  readonly jobId: number;
  /** The job's current level, asked at each use since it can drop. */
  level(): TrustLevel;
  /** `refs/heads/x`, or `refs/pull/7/merge`. */
  readonly ref: string;
  /** Base branch of a change, and the default branch: readable scopes besides the own one. */
  readonly readableRefs: readonly string[];
  /** Called when an artifact of a lower level is downloaded: the job's level drops to it. */
  taint(level: TrustLevel, source: string): void;
};

export type Artifact = {
  readonly id: number;
  readonly runId: number;
  readonly jobId: number;
  readonly name: string;
  readonly bytes: number;
  readonly digest: Digest;
  readonly mimeType: string;
  readonly level: TrustLevel;
  readonly createdAt: number;
  readonly expiresAt: number;
};

export type CacheEntry = {
  readonly id: number;
  readonly key: string;
  readonly version: string;
  readonly ref: string;
  readonly level: TrustLevel;
  readonly bytes: number;
  readonly digest: Digest;
  readonly createdAt: number;
};

/** Artifacts and caches of runs. The local backend keeps files; the server's keeps tables. */
export type ResultsStore = {
  readonly artifacts: {
    /** Faults: `results/artifact-exists`, `results/artifact-name`, `results/quota`. */
    put(
      scope: ResultsScope,
      upload: { name: string; mimeType: string; content: Readable; digest?: Digest; expiresAt?: number },
    ): Promise<Artifact>;
    list(scope: ResultsScope, filter?: { name?: string; id?: number }): Promise<readonly Artifact[]>;
    open(scope: ResultsScope, id: number): Promise<{ readonly artifact: Artifact; readonly content: Readable }>;
    remove(scope: ResultsScope, name: string): Promise<number | undefined>;
    /** Every artifact of a run, for the person at the machine (`--artifacts DIR`). */
    ofRun(runId: number): Promise<readonly Artifact[]>;
  };
  readonly caches: {
    /** Exact key first, then each restore key as a prefix, newest first; K6 decides what is visible. */
    find(scope: ResultsScope, keys: readonly string[], version: string): Promise<CacheEntry | undefined>;
    /** Nothing when the entry exists in this scope or may not be written. */
    put(
      scope: ResultsScope,
      upload: { key: string; version: string; content: Readable },
    ): Promise<CacheEntry | undefined>;
    open(scope: ResultsScope, id: number): Promise<{ readonly entry: CacheEntry; readonly content: Readable }>;
  };
};
