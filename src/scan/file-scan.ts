import type { FileOutcome, Gap, Kind, Scanner } from '../finding/index.ts';
import { classify, type FileClass, type Tree, type TreeEntry } from '../source/index.ts';
import { type FileResult, type FileTask, readingAhead, scanFile } from './batch.ts';
import type { ResultCache } from './cache.ts';
import { BATCH_BYTES_MAX, BATCH_FILES_MAX, SINGLE_THREAD_MS_MAX, THREADS_MAX } from './limits.ts';
import type { ScannersSpec } from './load-scanners.ts';
import { type Batch, createPool, type Pool } from './pool.ts';

/** What the scanners found file by file, before anything looks at all of them together. */
export type FileScan = {
  readonly outcomes: ReadonlyMap<Kind, ReadonlyMap<string, FileOutcome<unknown>>>;
  /** Files that could not be read; what a scanner could not do is in its outcomes. */
  readonly gaps: readonly Gap[];
  /** Files that at least one scanner looked at. */
  readonly files: number;
  readonly bytes: number;
};

export type FileScannerOptions = {
  readonly scanners: ReadonlyMap<Kind, Scanner>;
  /** The same scanners for threads; nothing: they can't be made there, and all is scanned here. */
  readonly spec: ScannersSpec | undefined;
  readonly threads: number;
  readonly cache: ResultCache | undefined;
  /** Also what is installed, vendored or generated. */
  readonly everything: boolean;
  /** Files whose own word, that a program wrote them, does not count. */
  readonly doubted: ReadonlySet<string>;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
};

export type ScanOptions = {
  /** For some of the kinds only. */
  readonly kinds?: ReadonlySet<Kind>;
  /** Scanners may put files off: who asks has to go on with `lookOnDemand`. */
  readonly mayPutOff?: true;
};

/** Scans files of trees: by the threads that it starts when there is enough to do, past what is known of earlier scans. */
export type FileScanner = {
  scan(tree: Tree, entries: readonly TreeEntry[], options?: ScanOptions): Promise<FileScan>;
  /** Whether one of the kinds looks at the file. */
  wants(entry: TreeEntry, kinds: ReadonlySet<Kind>): boolean;
  /** Whether the kind would look at the file if it were the project's own. */
  passesOver(entry: TreeEntry, kind: Kind): boolean;
  /** The threads, started when they are first asked for; nothing when all is scanned here. */
  readonly pool: () => Pool | undefined;
  close(): Promise<void>;
};

/** Whose files a kind looks at. */
const LOOKS_AT: { readonly [kind in Kind]: ReadonlySet<FileClass> } = {
  // A key in a bundle has leaked as much as one in its source; a registry's package holds none of ours.
  secrets: new Set(['own', 'vendored', 'generated']),
  code: new Set(['own']),
  // Lockfiles of carried sources are what gets built; manifests of installed packages are in the lockfile already.
  dependencies: new Set(['own', 'vendored', 'generated']),
  workflows: new Set(['own']),
  infrastructure: new Set(['own']),
  suppressions: new Set(['own', 'vendored', 'generated']),
};

export function createFileScanner(options: FileScannerOptions): FileScanner {
  let pool: Pool | undefined;
  const here = (batch: Batch) => scanHere(batch, options);
  const poolOf = () => {
    if (options.threads < 2 || options.spec === undefined) return undefined;
    const start = { scanners: options.spec, keeps: options.cache !== undefined, generated: options.everything };
    pool ??= createPool(Math.min(options.threads, THREADS_MAX), start, here);
    return pool;
  };
  return {
    wants: (entry, kinds) => kindsOf(entry, options, kinds).length > 0,
    passesOver: (entry, kind) =>
      entry.kind === 'file' &&
      !options.everything &&
      !LOOKS_AT[kind].has(classify(entry.path)) &&
      options.scanners.get(kind)?.wants(entry.path, entry.bytes) === true,
    async scan(tree, entries, asked = {}) {
      const gathered = new Gathering(options, asked);
      const tasks = gathered.tasksOf(entries);
      const total = tasks.length;
      let done = 0;
      const onResults = (results: readonly FileResult[]) => {
        for (const result of results) gathered.add(result);
        done += results.length;
        options.onProgress(done, total);
      };
      const batches = batchesOf(tree, tasks);
      if (guessMs(tasks) <= SINGLE_THREAD_MS_MAX || options.threads < 2 || options.spec === undefined) {
        for (const batch of batches) {
          options.signal.throwIfAborted();
          onResults(await here(batch));
          await new Promise((resolve) => setImmediate(resolve));
        }
      } else {
        await poolOf()?.scanFiles(batches, onResults, options.signal);
      }
      return gathered.result();
    },
    pool: poolOf,
    close: async () => pool?.close(),
  };
}

/** Bytes that a kind looks at in a millisecond, roughly: it decides only whether threads are worth their start. */
const BYTES_PER_MS: { readonly [kind in Kind]: number } = {
  secrets: 60_000,
  code: 2_500,
  dependencies: 20_000,
  workflows: 5_000,
  infrastructure: 5_000,
  suppressions: 500_000,
};

function guessMs(tasks: readonly FileTask[]): number {
  return tasks.reduce(
    (sum, { entry, kinds }) => kinds.reduce((inner, kind) => inner + entry.bytes / BYTES_PER_MS[kind], sum),
    0,
  );
}

async function scanHere({ tree, tasks }: Batch, options: FileScannerOptions): Promise<readonly FileResult[]> {
  const { scanners, cache, everything } = options;
  const results: FileResult[] = [];
  const ahead = readingAhead(tree, tasks);
  for (const task of tasks) {
    results.push(await scanFile(task, { scanners, tree: ahead, keeps: cache !== undefined, generated: everything }));
  }
  return results;
}

function batchesOf(tree: Tree, tasks: readonly FileTask[]): readonly Batch[] {
  const batches: Batch[] = [];
  let open: FileTask[] = [];
  let bytes = 0;
  for (const task of tasks) {
    if (open.length >= BATCH_FILES_MAX || (open.length > 0 && bytes + task.entry.bytes > BATCH_BYTES_MAX)) {
      batches.push({ tree, tasks: open });
      open = [];
      bytes = 0;
    }
    open.push(task);
    bytes += task.entry.bytes;
  }
  if (open.length > 0) batches.push({ tree, tasks: open });
  return batches;
}

/** Says which files are scanned for what, and puts what comes back together with what is known. */
class Gathering {
  readonly #options: FileScannerOptions;
  readonly #asked: ScanOptions;
  readonly #outcomes = new Map<Kind, Map<string, FileOutcome<unknown>>>();
  readonly #wanted = new Map<string, readonly Kind[]>();
  readonly #gaps: Gap[] = [];
  #bytes = 0;

  constructor(options: FileScannerOptions, asked: ScanOptions) {
    this.#options = options;
    this.#asked = asked;
    for (const kind of options.scanners.keys()) this.#outcomes.set(kind, new Map());
  }

  tasksOf(entries: readonly TreeEntry[]): readonly FileTask[] {
    const tasks: FileTask[] = [];
    for (const entry of entries) {
      if (entry.kind === 'unreadable') this.#gaps.push(unreadable(entry.path));
      const kinds = kindsOf(entry, this.#options, this.#asked.kinds);
      if (kinds.length === 0) continue;
      this.#wanted.set(entry.path, kinds);
      const isDoubted = this.#options.doubted.has(entry.path);
      const known = isDoubted || entry.kind === 'symlink' ? [] : this.#known(entry.path, kinds);
      const whole = known.find(([digest, have]) => digest === `git:${entry.blob}` && have.length === kinds.length);
      const { mayPutOff } = this.#asked;
      if (whole === undefined)
        tasks.push({ entry, kinds, known, ...(isDoubted ? { isDoubted } : {}), ...(mayPutOff ? { mayPutOff } : {}) });
      else this.add({ path: entry.path, digest: whole[0], outcomes: {}, bytes: entry.bytes });
    }
    return tasks;
  }

  /** What is kept of a path; what was only put off counts where it may be put off again. */
  #known(path: string, kinds: readonly Kind[]): FileTask['known'] {
    const { cache } = this.#options;
    const known = cache?.digestsOf(path, kinds) ?? [];
    if (cache === undefined || this.#asked.mayPutOff === true || !kinds.some((kind) => this.#mayWait(kind)))
      return known;
    return known.map(([digest, have]) => [
      digest,
      have.filter((kind) => !this.#mayWait(kind) || cache.get(path, digest, kind)?.isPutOff !== true),
    ]);
  }

  #mayWait(kind: Kind): boolean {
    return this.#options.scanners.get(kind)?.demands !== undefined;
  }

  add(result: FileResult): void {
    const { path, digest } = result;
    const { cache } = this.#options;
    if (result.gap !== undefined) this.#gaps.push(result.gap);
    this.#bytes += result.bytes;
    for (const kind of this.#wanted.get(path) ?? []) {
      const fresh = result.outcomes[kind];
      const outcome = fresh ?? (digest === undefined ? undefined : cache?.get(path, digest, kind));
      if (outcome === undefined) continue;
      if (digest !== undefined && !this.#options.doubted.has(path)) cache?.keep(path, digest, kind, outcome);
      this.#outcomes.get(kind)?.set(path, outcome);
    }
  }

  result(): FileScan {
    return { outcomes: this.#outcomes, gaps: this.#gaps, files: this.#wanted.size, bytes: this.#bytes };
  }
}

/** Comments are looked for where something else is: where nobody looks, nothing is suppressed. */
function kindsOf(
  entry: TreeEntry,
  { everything, scanners }: FileScannerOptions,
  among: ReadonlySet<Kind> | undefined,
): readonly Kind[] {
  if (entry.kind !== 'file' && entry.kind !== 'symlink') return [];
  const fileClass = classify(entry.path);
  const kinds: Kind[] = [];
  for (const [kind, scanner] of scanners) {
    if (among?.has(kind) === false || (!everything && !LOOKS_AT[kind].has(fileClass))) continue;
    const isWanted = entry.kind === 'file' ? scanner.wants(entry.path, entry.bytes) : scanner.scanLink !== undefined;
    if (isWanted) kinds.push(kind);
  }
  return kinds.length === 1 && kinds[0] === 'suppressions' ? [] : kinds;
}

function unreadable(path: string): Gap {
  return {
    code: 'file-unreadable',
    file: path,
    reason: `${path} can't be read`,
    help: 'Make it readable, or ignore it (.gitignore).',
  };
}
