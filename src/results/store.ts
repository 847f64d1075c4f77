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

/** A cache entry as people see it. */
export type StoredCache = CacheEntry & { readonly usedAt: number };

/** Bytes of one upload on their way in, block by block, in any order, some at once. Not synced; dropped by a crash. */
export type Staging = {
  /** Replaces a block of the same name. Gives its bytes. Faults: `results/too-large`, `store/disk-full`. */
  write(block: string, content: Readable, options: { readonly bytesMax: number }): Promise<number>;
  /** The named blocks one after the other. */
  read(blocks: readonly string[]): Readable;
  /** Idempotent. */
  discard(): Promise<void>;
};

/** Artifacts and caches of runs. The local backend keeps files; the server's keeps tables. */
export type ResultsStore = {
  stage(): Promise<Staging>;
  readonly artifacts: {
    /**
     * Faults: `results/artifact-exists`, `results/artifact-name`, `results/artifact-digest`, `results/quota`. A name
     * is unique in one attempt of a run.
     */
    put(
      scope: ResultsScope,
      upload: { name: string; mimeType: string; content: Readable; digest?: Digest; expiresAt?: number },
    ): Promise<Artifact>;
    /** Of the own run, newest first; of each name only the newest. */
    list(scope: ResultsScope, filter?: { name?: string; id?: number }): Promise<readonly Artifact[]>;
    /**
     * Of the own run only. When the artifact's level is below the job's, `scope.taint` is called before a byte leaves.
     * Fault `results/artifact-missing`.
     */
    open(scope: ResultsScope, id: number): Promise<{ readonly artifact: Artifact; readonly content: Readable }>;
    /** The id of what was removed. An artifact of a higher level stays: `results/artifact-protected`. */
    remove(scope: ResultsScope, name: string): Promise<number | undefined>;
    /** Every artifact of a run, for the person at the machine (`--artifacts DIR`). */
    ofRun(runId: number): Promise<readonly Artifact[]>;
    /** Every artifact of a repository that has not expired, newest first. For the people who may read it. */
    ofRepository(repository: string): Promise<readonly Artifact[]>;
    /** By its number alone, of whatever run. For whoever has asked who may. */
    find(id: number): Promise<Artifact | undefined>;
    /** The content of one of them. For the person only: no job's scope is asked, and no level drops. */
    read(artifact: Artifact): Promise<Readable>;
  };
  readonly caches: {
    /**
     * In the own ref, then its base, then the default branch: the first key exactly, then each key as a prefix, newest
     * first. K6 decides what is visible; what is not is a miss.
     */
    find(scope: ResultsScope, keys: readonly string[], version: string): Promise<CacheEntry | undefined>;
    /** Nothing when the entry exists in this scope or may not be written. Faults: `results/cache-key`, `results/quota`. */
    put(
      scope: ResultsScope,
      upload: { key: string; version: string; content: Readable },
    ): Promise<CacheEntry | undefined>;
    /** K6 is asked again: the entry's id may come from elsewhere. Fault `results/cache-missing`. */
    open(scope: ResultsScope, id: number): Promise<{ readonly entry: CacheEntry; readonly content: Readable }>;
    /** Every entry of a repository, last used first, of whatever level. For the people who may read it: no job's scope is asked. */
    ofRepository(repository: string): Promise<readonly StoredCache[]>;
    /** Whether the repository had it. For the people who may: no job's scope is asked. */
    remove(repository: string, id: number): Promise<boolean>;
  };
};
