import {
  completeFindings,
  type Finding,
  type Gap,
  isOfGap,
  type Kind,
  type Match,
  type Rule,
  type Scanner,
} from '../finding/index.ts';
import { type GitProgram, overlayTree, type Tree, type TreeEntry } from '../source/index.ts';
import { judgeMarks } from './allowed-lines.ts';
import { openCache } from './cache.ts';
import { compareScans } from './compare.ts';
import { readSources, type Sources } from './excerpt.ts';
import { fault } from './faults.ts';
import { lookOnDemand } from './demand.ts';
import { doubtedFiles } from './doubt.ts';
import { createFileScanner, type FileScanner } from './file-scan.ts';
import { finishScan } from './finish.ts';
import { commentsOf, type Found, joined, without } from './found.ts';
import { historyKey, type HistoryScan, scanHistory } from './history.ts';
import type { ImportResult, Report } from './import.ts';
import { loadScanners, type ScannerShelf } from './load-scanners.ts';
import { newMatches } from './merge.ts';
import { readSuppressions } from './read-suppressions.ts';
import { renderInventory, renderVex } from './inventory.ts';
import {
  type InventoryOptions,
  SCANNERS,
  type ScanMachine,
  type ScannerSettings,
  type ScannerTable,
} from './scanner-table.ts';
import { openScope, type ScanMode, type Scope } from './scope.ts';
import { textReader, type ScannerOptions, type SettingsSource, settingsSource } from './settings.ts';
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
  /** Looks for secrets in the lines that the history added: all of it, or that of the change. */
  readonly history: boolean;
  /** Reports of other tools. */
  readonly imports: readonly Report[];
  /** What could not be looked at, as is known before: a tool that did not run. */
  readonly gaps: readonly Gap[];
  /** Fingerprints that are not reported. */
  readonly baseline: ReadonlySet<string>;
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
  /** Tells this program from one that may find something else: kept results are those of the same one. */
  readonly buildId: string;
  readonly threads: number;
  /** `YYYY-MM-DD` */
  readonly today: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ScanProgress) => void;
  readonly machine: ScanMachine;
  /** Keeps what is loaded for the scans after this one, in a process that stays. */
  readonly shelf?: ScannerShelf;
  /** Other scanners than those of this project, for tests. They scan on this thread. */
  readonly scanners?: ScannerTable;
};

/** What is found in one state of the tree. */
export type ScanState = {
  /** What is to be reported: most urgent first. */
  readonly findings: readonly Finding[];
  readonly suppressed: readonly SuppressedFinding[];
  /** Findings that the baseline lists. */
  readonly baselined: number;
  /** What could not be looked at. With one of these a scan never counts as clean. */
  readonly gaps: readonly Gap[];
};

export type ScanResult = ScanState & {
  /** What a person should know, though nothing is missing. */
  readonly notes: readonly string[];
  readonly rules: ReadonlyMap<string, Rule>;
  /** Kinds with the settings of their scanners: two scans with the same ones agree. */
  readonly scanners: readonly { readonly kind: Kind; readonly settings: string }[];
  readonly files: number;
  /** Of the history. */
  readonly commits: number;
  readonly bytes: number;
  /** The code of the findings, to be shown. */
  readonly sources: Sources;
  /** The inventory of dependencies as a bill of materials. Rejects when dependencies were not scanned. */
  readonly renderInventory: (options: Pick<InventoryOptions, 'format' | 'toolVersion'>) => Promise<string>;
  /** What is known of their flaws, as OpenVEX; nothing without advisories. Rejects when dependencies were not scanned. */
  readonly renderVex: (options: Pick<InventoryOptions, 'toolVersion'>) => Promise<string | undefined>;
};

/** A scan that can be repeated with some texts replaced, at the cost of these files. To be closed; twice is fine. */
export type ScanSession = {
  readonly result: ScanResult;
  /** What was scanned; open as long as the session is. */
  readonly tree: Tree;
  /** A file of the tree as it was scanned; nothing for one that is not there, or not UTF-8. */
  readText(path: string): Promise<string | undefined>;
  /** What would be found with these texts in place of those of the tree. */
  rescan(overlay: ReadonlyMap<string, string | undefined>): Promise<ScanState>;
  close(): Promise<void>;
};

/** Scans as it was asked for. Rejects only when nothing can be said: wrong settings, an unknown commit, a broken repository. */
export async function runScan(request: ScanRequest, deps: ScanDeps): Promise<ScanResult> {
  const session = await openScan(request, deps);
  await session.close();
  return session.result;
}

export async function openScan(request: ScanRequest, deps: ScanDeps): Promise<ScanSession> {
  const scope = await openScope(request.root, request, deps.git);
  let tools: Tools | undefined;
  const close = async () => {
    await tools?.fileScanner.close();
    scope.close();
  };
  try {
    const opened = await openTools(scope, request, deps);
    tools = opened;
    const found = await scanScope(scope, opened);
    const history = request.history ? await historyOf(scope, opened) : undefined;
    opened.cache?.save();
    const result = await resultOf(found, { scope, tools: opened, history });
    return {
      result,
      tree: scope.tree,
      readText: textReader(scope.tree),
      rescan: (overlay) => rescan(overlay, found, { scope, tools: opened }),
      close,
    };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

/** All that a scan works with. */
type Tools = {
  readonly request: ScanRequest;
  readonly deps: ScanDeps;
  readonly kinds: readonly Kind[];
  readonly source: SettingsSource;
  readonly table: ScannerTable;
  readonly settings: ReadonlyMap<Kind, ScannerSettings>;
  readonly scanners: ReadonlyMap<Kind, Scanner>;
  readonly missing: readonly Gap[];
  readonly rules: ReadonlyMap<string, Rule>;
  readonly imported: ImportResult;
  readonly cache: ReturnType<typeof openCache> | undefined;
  readonly fileScanner: FileScanner;
  readonly isChosen: (path: string) => boolean;
};

async function openTools(scope: Scope, request: ScanRequest, deps: ScanDeps): Promise<Tools> {
  const kinds: readonly Kind[] = [...new Set<Kind>([...request.kinds, 'suppressions'])];
  const table = deps.scanners === undefined ? SCANNERS : { ...SCANNERS, ...deps.scanners };
  const source = settingsSource(scope.gate?.tree ?? scope.tree, {
    trustsTree: scope.gate === undefined,
    options: request.options,
  });
  const spec = await Promise.all(
    kinds.map(async (kind) => ({ kind, settings: (await table[kind]?.settings(source)) ?? {} })),
  );
  const { scanners, gaps: missing } = await loadScanners(spec, {
    table,
    machine: deps.machine,
    shelf: deps.shelf,
  });
  // With generated files another outcome of the same content.
  const build = request.everything ? `${deps.buildId} everything` : deps.buildId;
  const keys = new Map([...scanners].map(([kind, scanner]) => [kind, `${build} ${scanner.settings}`]));
  const cache = deps.cacheFile === undefined ? undefined : openCache(deps.cacheFile, keys);
  const settings = new Map(spec.map((one) => [one.kind, one.settings]));
  const fileScanner = createFileScanner({
    scanners,
    spec: deps.scanners === undefined ? spec.filter(({ kind }) => table[kind] !== undefined) : undefined,
    threads: deps.threads,
    cache,
    everything: request.everything,
    doubted: scope.gate === undefined || !kinds.includes('code') ? new Set() : await doubtedFiles(scope.gate),
    signal: deps.signal,
    onProgress: (done, total) => deps.onProgress({ phase: 'scan', done, total }),
  });
  const own = new Map([...scanners.values()].flatMap((scanner) => scanner.rules).map((rule) => [rule.id, rule]));
  const imported = await importAll(request, own);
  const rules = new Map([...own, ...imported.rules.map((rule) => [rule.id, rule] as const)]);
  const isChosen = chooser(request.paths);
  return {
    request,
    deps,
    kinds,
    source,
    table,
    settings,
    scanners,
    missing,
    rules,
    imported,
    cache,
    fileScanner,
    isChosen,
  };
}

async function importAll({ imports, root, kinds }: ScanRequest, own: ReadonlyMap<string, Rule>): Promise<ImportResult> {
  if (imports.length === 0) return { matches: [], rules: [], tools: new Map(), gaps: [] };
  const { importReports } = await import('./import.ts');
  const imported = importReports(imports, root, own);
  const kindOf = new Map([...own.values(), ...imported.rules].map((rule) => [rule.id, rule.kind]));
  const chosen = imported.matches.filter(({ rule }) => kinds.includes(kindOf.get(rule) ?? 'code'));
  if (chosen.length === 0) return { ...imported, matches: [] };
  const { openRedaction, redactedMatch } = await import('./redact-import.ts');
  const redact = await openRedaction();
  return { ...imported, matches: chosen.map((match) => redactedMatch(match, redact)) };
}

async function scanScope(scope: Scope, tools: Tools): Promise<Found> {
  const { fileScanner, isChosen, scanners, deps } = tools;
  deps.onProgress({ phase: 'list', done: 0, total: 0 });
  if (scope.base !== undefined) return compareScans(scope.tree, scope.base, { fileScanner, isChosen, scanners });
  const entries = (await scope.tree.list()).filter(({ path }) => isChosen(path));
  const glanced = await fileScanner.scan(scope.tree, entries, { mayPutOff: true });
  const scan = await lookOnDemand(glanced, { tree: scope.tree, fileScanner, scanners });
  return { ...scan, notes: notesOf(entries), isScanned: () => true, reporter: () => () => true };
}

/** The history goes through its own file of kept results: commits never change, files do. */
async function historyOf(scope: Scope, tools: Tools): Promise<HistoryScan> {
  const { request, deps, rules } = tools;
  const scanner = tools.scanners.get('secrets');
  if (scope.opened === undefined) {
    throw fault('no-repository', `${request.root} is in no git repository`);
  }
  if (scanner === undefined) return { found: [], gaps: [], notes: [], commits: 0, bytes: 0 };
  const settings = new Map<Kind, string>([['secrets', `${deps.buildId} ${scanner.settings}`]]);
  const cache = deps.cacheFile === undefined ? undefined : openCache(`${deps.cacheFile}.history`, settings);
  const history = await scanHistory({
    opened: scope.opened,
    range: scope.range,
    scanner,
    rules,
    pool: () => tools.fileScanner.pool(),
    cache,
    signal: deps.signal,
    onProgress: (done, total) => deps.onProgress({ phase: 'history', done, total }),
  });
  cache?.save();
  return history;
}

async function resultOf(
  found: Found,
  {
    scope,
    tools,
    history,
  }: { readonly scope: Scope; readonly tools: Tools; readonly history: HistoryScan | undefined },
): Promise<ScanResult> {
  const state = await stateOf(found, { scope, tools, history, tree: scope.tree });
  const suppressed = state.suppressed.map(({ finding }) => finding);
  return {
    ...state,
    notes: [...found.notes, ...state.notes, ...(history?.notes ?? [])],
    commits: history?.commits ?? 0,
    rules: tools.rules,
    scanners: [...tools.scanners].map(([kind, scanner]) => ({ kind, settings: scanner.settings })),
    files: found.files,
    bytes: found.bytes + (history?.bytes ?? 0),
    sources: await readSources(scope.tree, state.findings, suppressed),
    renderInventory: (options) =>
      renderInventory(options, {
        door: tools.table.dependencies,
        files: found.outcomes.get('dependencies'),
        root: tools.request.root,
        git: tools.deps.git,
        repository: scope.opened?.repository,
        now: tools.deps.machine.now,
      }),
    renderVex: (options) =>
      renderVex(options, {
        door: tools.table.dependencies,
        files: found.outcomes.get('dependencies'),
        settings: tools.settings.get('dependencies') ?? {},
        machine: tools.deps.machine,
        suppressed: state.suppressed,
      }),
  };
}

/** Looks over all files at once, takes out what is suppressed, and judges the suppressions. */
async function stateOf(
  found: Found,
  {
    scope,
    tools,
    history,
    tree,
  }: {
    readonly scope: Scope;
    readonly tools: Tools;
    readonly history: HistoryScan | undefined;
    readonly tree: Tree;
  },
): Promise<ScanState & Pick<ScanResult, 'notes'>> {
  const { deps, rules, request, kinds, source } = tools;
  deps.onProgress({ phase: 'finish', done: 0, total: 0 });
  const { matches, gaps, notes } = finishScan(tools.scanners, found.outcomes);
  const comments = commentsOf(found.outcomes, found.isScanned);
  const known = await readSuppressions(source, { scope, comments });
  const isNew = found.reporter(matches);
  const { tools: toolOf } = tools.imported;
  // What another tool found in a changed file may be old: it does not say.
  const marks = scope.gate === undefined ? undefined : await judgeMarks(matches, { tree, gate: scope.gate, rules });
  const isReported = (place: Match['place']) =>
    toolOf.has(place) ? found.isScanned(place.file) : marks?.allowed.has(place) !== true && isNew(place);
  const foreign = newMatches(matches, tools.imported.matches, rules);
  const findings = completeFindings([...matches, ...foreign], rules).map((finding) => {
    const tool = toolOf.get(finding.place);
    return tool === undefined ? finding : { ...finding, tool };
  });
  const isWhole = request.mode.kind === 'tree' && request.paths.length === 0;
  const judged = suppress(
    withHistory(findings, matches, history).filter(({ place, commit }) => commit !== undefined || isReported(place)),
    {
      ...known,
      today: deps.today,
      rules,
      complete: new Set(isWhole ? kinds : []),
      isEverything: isWhole && kinds.length > 5,
    },
  );
  const brought = (marks?.brought ?? []).filter(({ place }) => isNew(place));
  const own = completeFindings([...judged.matches, ...known.matches, ...brought], rules);
  const all = [...judged.kept, ...own].sort((a, b) => a.priority.rank - b.priority.rank);
  const reported = all.filter(({ fingerprint }) => !request.baseline.has(fingerprint));
  const scanned = gaps.filter(({ file }) => file === undefined || found.isScanned(file));
  return {
    notes: scope.base === undefined ? [] : notes,
    findings: reported,
    suppressed: judged.suppressed,
    baselined: all.length - reported.length,
    gaps: [
      ...request.gaps,
      ...tools.imported.gaps,
      ...tools.missing,
      ...found.gaps,
      ...scanned,
      ...(history?.gaps ?? []),
    ]
      .filter((gap) => !isAllowed(gap, request.options.allowMissing ?? []))
      .map(withFile)
      .sort(byGap),
  };
}

async function rescan(
  overlay: ReadonlyMap<string, string | undefined>,
  found: Found,
  { scope, tools }: { readonly scope: Scope; readonly tools: Tools },
): Promise<ScanState> {
  const tree = overlayTree(scope.tree, overlay);
  const entries = (await tree.list()).filter(({ path }) => overlay.has(path));
  const scan = await tools.fileScanner.scan(tree, entries);
  const paths = new Set(overlay.keys());
  const { fileScanner, scanners } = tools;
  const outcomes = joined(without(found.outcomes, paths), scan.outcomes);
  const again: Found = {
    ...found,
    outcomes: (await lookOnDemand({ ...scan, outcomes }, { tree, fileScanner, scanners })).outcomes,
    gaps: [...found.gaps.filter(({ file }) => file === undefined || !paths.has(file)), ...scan.gaps],
  };
  return stateOf(again, { scope, tools, history: undefined, tree });
}

/** What is still in a file is told there. */
function withHistory(
  findings: readonly Finding[],
  matches: readonly Match[],
  history: HistoryScan | undefined,
): readonly Finding[] {
  if (history === undefined) return findings;
  const present = new Set(matches.map(historyKey));
  const gone = history.found.flatMap(({ finding, key }) => (present.has(key) ? [] : [finding]));
  return [...findings, ...gone];
}

function notesOf(entries: readonly TreeEntry[]): readonly string[] {
  const inner = entries.filter(({ kind }) => kind === 'submodule').map(({ path }) => path);
  if (inner.length === 0) return [];
  const more = inner.length > 3 ? ` and ${inner.length - 3} more` : '';
  return [`repositories inside are scanned by themselves: ${inner.slice(0, 3).join(', ')}${more}`];
}

/** `--allow-missing advisories` goes on without them, as when they are old. */
function isAllowed({ code }: Gap, allowed: readonly string[]): boolean {
  return allowed.some((name) => isOfGap(name, code));
}

function chooser(paths: readonly string[]): (path: string) => boolean {
  if (paths.length === 0) return () => true;
  return (path) => paths.some((one) => path === one || path.startsWith(`${one}/`));
}

/** A reason is read without its place in most forms of a report: it names the file itself. */
function withFile(gap: Gap): Gap {
  const { file, line, reason } = gap;
  if (file === undefined || reason.includes(file)) return gap;
  return { ...gap, reason: `${file}${line === undefined ? '' : `:${line}`}: ${reason}` };
}

function byGap(a: Gap, b: Gap): number {
  const [left, right] = [a, b].map(({ file, line, code, reason }) => `${file ?? ''}\0${line ?? 0}\0${code}\0${reason}`);
  return (left ?? '') < (right ?? '') ? -1 : left === right ? 0 : 1;
}
