import { completeFindings, type Finding, type Gap, type Kind, type Rule } from '../finding/index.ts';
import type { GitProgram, TreeEntry } from '../source/index.ts';
import { openCache } from './cache.ts';
import { compareScans } from './compare.ts';
import { createFileScanner, type FileScanner } from './file-scan.ts';
import { finishScan } from './finish.ts';
import { commentsOf, type Found } from './found.ts';
import { loadScanners } from './load-scanners.ts';
import { readSuppressions, type SuppressionState } from './read-suppressions.ts';
import { SCANNERS, type ScannerTable } from './scanner-table.ts';
import { openScope, type ScanMode, type Scope } from './scope.ts';
import { type ScannerOptions, settingsSource } from './settings.ts';
import { type SuppressedFinding, suppress } from './suppress.ts';

export type ScanRequest = {
  /** Absolute path of the folder that paths are below. */
  readonly root: string;
  /** Files and folders below the root; empty: all. */
  readonly paths: readonly string[];
  /** What to scan for. Suppressions are always judged. */
  readonly kinds: readonly Kind[];
  readonly mode: ScanMode;
  /** A commit whose settings and suppressions count, whatever the scanned state says. */
  readonly gate: string | undefined;
  /** Also what is installed, vendored or generated. */
  readonly everything: boolean;
  readonly options: ScannerOptions;
};

export type ScanProgress = {
  readonly phase: 'list' | 'scan' | 'history' | 'finish';
  readonly done: number;
  readonly total: number;
};

export type ScanDeps = {
  /** Nothing when there is no git on this machine: folders are scanned as they are. */
  readonly git: GitProgram | undefined;
  /** File of kept results, or nothing. */
  readonly cacheFile: string | undefined;
  readonly threads: number;
  /** `YYYY-MM-DD` */
  readonly today: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ScanProgress) => void;
  /** Other scanners than those of this project, for tests. They scan on this thread. */
  readonly scanners?: ScannerTable;
};

export type ScanResult = {
  /** What is to be reported: most urgent first. */
  readonly findings: readonly Finding[];
  readonly suppressed: readonly SuppressedFinding[];
  /** What could not be looked at. With one of these a scan never counts as clean. */
  readonly gaps: readonly Gap[];
  /** What a person should know, though nothing is missing. */
  readonly notes: readonly string[];
  readonly rules: ReadonlyMap<string, Rule>;
  /** Kinds with the settings of their scanners: two scans with the same ones agree. */
  readonly scanners: readonly { readonly kind: Kind; readonly settings: string }[];
  readonly files: number;
  readonly bytes: number;
};

/** Scans as it was asked for. Rejects only when nothing can be said: wrong settings, an unknown commit, a broken repository. */
export async function runScan(request: ScanRequest, deps: ScanDeps): Promise<ScanResult> {
  const scope = await openScope(request.root, request, deps.git);
  try {
    return await scanScope(scope, request, deps);
  } finally {
    scope.close();
  }
}

async function scanScope(scope: Scope, request: ScanRequest, deps: ScanDeps): Promise<ScanResult> {
  const kinds: readonly Kind[] = [...new Set<Kind>([...request.kinds, 'suppressions'])];
  const table = deps.scanners === undefined ? SCANNERS : { ...SCANNERS, ...deps.scanners };
  const source = settingsSource(scope.gate?.tree ?? scope.tree, request.options);
  const spec = await Promise.all(
    kinds.map(async (kind) => ({ kind, settings: (await table[kind]?.settings(source)) ?? {} })),
  );
  const { scanners, gaps: missing } = await loadScanners(spec, table);
  const settings = new Map([...scanners].map(([kind, scanner]) => [kind, scanner.settings]));
  const cache = deps.cacheFile === undefined ? undefined : openCache(deps.cacheFile, settings);
  const fileScanner = createFileScanner({
    scanners,
    spec: deps.scanners === undefined ? spec.filter(({ kind }) => table[kind] !== undefined) : undefined,
    threads: deps.threads,
    cache,
    everything: request.everything,
    signal: deps.signal,
    onProgress: (done, total) => deps.onProgress({ phase: 'scan', done, total }),
  });
  try {
    const rules = new Map([...scanners.values()].flatMap((scanner) => scanner.rules).map((rule) => [rule.id, rule]));
    const isChosen = chooser(request.paths);
    const found =
      scope.base === undefined
        ? await scanWhole(scope, { fileScanner, isChosen, scanners, deps })
        : await compareScans(scope.tree, scope.base, { fileScanner, isChosen, scanners });
    cache?.save();
    const state = await readSuppressions(source, { scope, comments: found.comments });
    const judged = suppressAll(found, { rules, state, request, deps, kinds });
    return {
      ...judged,
      gaps: [...missing, ...found.gaps].sort(byGap),
      notes: found.notes,
      rules,
      scanners: [...settings].map(([kind, text]) => ({ kind, settings: text })),
      files: found.files,
      bytes: found.bytes,
    };
  } finally {
    await fileScanner.close();
  }
}

async function scanWhole(
  { tree }: Scope,
  {
    fileScanner,
    isChosen,
    scanners,
    deps,
  }: {
    readonly fileScanner: FileScanner;
    readonly isChosen: (path: string) => boolean;
    readonly scanners: Parameters<typeof finishScan>[0];
    readonly deps: ScanDeps;
  },
): Promise<Found> {
  deps.onProgress({ phase: 'list', done: 0, total: 0 });
  const entries = (await tree.list()).filter(({ path }) => isChosen(path));
  const scan = await fileScanner.scan(tree, entries);
  deps.onProgress({ phase: 'finish', done: 0, total: 0 });
  const { matches, gaps } = finishScan(scanners, scan.outcomes);
  return {
    matches,
    gaps: [...scan.gaps, ...gaps],
    notes: notesOf(entries),
    comments: commentsOf(scan),
    files: scan.files,
    bytes: scan.bytes,
    isReported: () => true,
  };
}

function notesOf(entries: readonly TreeEntry[]): readonly string[] {
  const inner = entries.filter(({ kind }) => kind === 'submodule').map(({ path }) => path);
  if (inner.length === 0) return [];
  const more = inner.length > 3 ? ` and ${inner.length - 3} more` : '';
  return [`repositories inside are scanned by themselves: ${inner.slice(0, 3).join(', ')}${more}`];
}

function chooser(paths: readonly string[]): (path: string) => boolean {
  if (paths.length === 0) return () => true;
  return (path) => paths.some((one) => path === one || path.startsWith(`${one}/`));
}

function suppressAll(
  found: Found,
  {
    rules,
    state,
    request,
    deps,
    kinds,
  }: {
    readonly rules: ReadonlyMap<string, Rule>;
    readonly state: SuppressionState;
    readonly request: ScanRequest;
    readonly deps: ScanDeps;
    readonly kinds: readonly Kind[];
  },
): Pick<ScanResult, 'findings' | 'suppressed'> {
  const all = completeFindings(found.matches, rules).filter(({ place }) => found.isReported(place));
  const isWhole = request.mode.kind === 'tree' && request.paths.length === 0;
  const { kept, suppressed, matches } = suppress(all, {
    ...state,
    today: deps.today,
    rules,
    complete: new Set(isWhole ? kinds : []),
    isEverything: isWhole && kinds.length > 5,
  });
  const own = completeFindings([...matches, ...state.matches], rules);
  const findings = [...kept, ...own].sort((a, b) => a.priority.rank - b.priority.rank);
  return { findings, suppressed };
}

function byGap(a: Gap, b: Gap): number {
  const [left, right] = [a, b].map(({ file, line, code, reason }) => `${file ?? ''}\0${line ?? 0}\0${code}\0${reason}`);
  return (left ?? '') < (right ?? '') ? -1 : left === right ? 0 : 1;
}
