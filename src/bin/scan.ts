import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Fault, reasonOf, systemClock } from '../base/index.ts';
import type { Interrupt, ScanCommandRequest } from '../cli/index.ts';
import {
  IMPORT_BYTES_MAX,
  type NamedText,
  parseBaseline,
  runScan,
  type ScanDeps,
  type ScanProgress,
  type ScanRequest,
  type ScanResult,
} from '../scan/index.ts';
import { buildId } from './build-id.ts';
import type { Machine } from './commands.ts';
import { gitEnvironment } from './environment.ts';
import { findProgram } from './programs.ts';
import { fault } from './faults.ts';
import type { ToolRuns } from './scan-tools.ts';

/** A file that is named on the command line. */
const SETTINGS_BYTES_MAX = 4 * 1024 * 1024;
/** A baseline: an entry takes 120 bytes. */
const BASELINE_BYTES_MAX = 256 * 1024 * 1024;
/** Files of `--rules DIR`. */
const RULE_FILES_MAX = 2000;

/** `sallyport scan`: puts together what the scan needs of this machine. */
export async function scan(
  machine: Machine,
  request: ScanCommandRequest,
  onProgress: (progress: ScanProgress) => void,
  interrupt: Interrupt,
): Promise<ScanResult> {
  const { abort, stop } = abortOn(interrupt);
  let restore: (() => void) | undefined;
  const onStep = (progress: ScanProgress) => {
    onProgress(progress);
    if (progress.phase === 'finish') restore ??= endAtOnce();
  };
  try {
    return await runScan(
      await scanRequest(machine, request, abort.signal),
      await scanDeps(machine, request, { signal: abort.signal, onProgress: onStep }),
    );
  } finally {
    restore?.();
    stop();
  }
}

const ENDING = ['SIGINT', 'SIGTERM'] as const;

/**
 * From now on a signal ends this process as if nobody listened. What is left of a scan is one long computation on this thread, in which
 * no handler would get its turn; no tool runs any more, and what was found is kept. Answers how to go back.
 */
function endAtOnce(): () => void {
  const listeners = ENDING.map((signal) => [signal, process.listeners(signal)] as const);
  for (const signal of ENDING) process.removeAllListeners(signal);
  return () => {
    for (const [signal, list] of listeners) for (const listener of list) process.on(signal, listener);
  };
}

/** The end that the person asks for, as a signal. */
export function abortOn(interrupt: Interrupt): { readonly abort: AbortController; readonly stop: () => void } {
  const abort = new AbortController();
  return { abort, stop: interrupt.onInterrupt(() => abort.abort(fault('cancelled', 'the scan was cancelled'))) };
}

/** The request with the files that it names. */
export async function scanRequest(
  machine: Machine,
  request: ScanCommandRequest,
  signal: AbortSignal,
): Promise<ScanRequest> {
  const imports = request.imports.map((file) => ({ name: file, text: readText(file, IMPORT_BYTES_MAX).text }));
  const ran = await runAll(machine, request, signal);
  return {
    ...request,
    imports: [...imports, ...ran.reports],
    gaps: ran.gaps,
    baseline: request.baseline === undefined ? new Set() : readBaseline(request.baseline),
    options: {
      allowMissing: request.allowMissing,
      ...(request.secretsConfig === undefined ? {} : { secretsConfig: readText(request.secretsConfig) }),
      ...(request.rules === undefined ? {} : { rules: readRules(request.rules) }),
    },
  };
}

/** Other tools run before anything else: what they need of the machine is not taken from the scan. */
async function runAll(machine: Machine, request: ScanCommandRequest, signal: AbortSignal): Promise<ToolRuns> {
  if (request.tools.length === 0) return { reports: [], gaps: [] };
  const { parseTools, runTools } = await import('./scan-tools.ts');
  return runTools(machine, { tools: parseTools(request.tools), root: request.root, signal });
}

export async function scanDeps(
  { env, places }: Machine,
  request: ScanCommandRequest,
  run: { readonly signal: AbortSignal; readonly onProgress: (progress: ScanProgress) => void },
): Promise<ScanDeps> {
  const now = systemClock.now();
  return {
    git: gitOf(env),
    buildId: request.cache ? buildId() : '',
    cacheFile: request.cache ? join(places.cache, 'scan', `${keyOf(request.root)}.results`) : undefined,
    threads: request.threads ?? availableParallelism(),
    today: new Date(now).toISOString().slice(0, 10),
    machine: { advisoriesFolder: await advisoriesFolder(places.state, request), now },
    ...run,
  };
}

/** Asked only when dependencies are scanned: what a pre-commit hook does not need it does not load. */
async function advisoriesFolder(state: string, { kinds }: ScanCommandRequest): Promise<string | undefined> {
  if (!kinds.includes('dependencies')) return undefined;
  const { advisoryFolder } = await import('../advisory/index.ts');
  return advisoryFolder(state).directory;
}

function readBaseline(file: string): ReadonlySet<string> {
  const { text } = readText(file, BASELINE_BYTES_MAX);
  return parseBaseline(text, file);
}

/** Folders are scanned without git, too. */
function gitOf(env: Machine['env']) {
  try {
    return { path: findProgram(env, 'git'), env: gitEnvironment(env) };
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === 'bin/program-missing') return undefined;
    throw thrown;
  }
}

function keyOf(root: string): string {
  return createHash('sha256').update(root).digest('hex').slice(0, 32);
}

function readRules(folder: string): readonly NamedText[] {
  const names = listFolder(folder).filter((name) => /\.ya?ml$/.test(name));
  if (names.length > RULE_FILES_MAX)
    throw fault('file-unreadable', `${folder} holds more than ${RULE_FILES_MAX} rules`);
  return names.sort().map((name) => readText(join(folder, name)));
}

function listFolder(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch (thrown) {
    throw fault('rules-missing', `${folder}: ${reasonOf(thrown)}`, { cause: thrown });
  }
}

function readText(file: string, bytesMax = SETTINGS_BYTES_MAX): NamedText {
  try {
    const stat = statSync(file);
    if (stat.isFile() && stat.size <= bytesMax) return { file, text: readFileSync(file, 'utf8') };
  } catch (thrown) {
    throw fault('file-unreadable', `${file}: ${reasonOf(thrown)}`, { cause: thrown });
  }
  throw fault('file-unreadable', `${file} is no file of at most ${bytesMax} bytes`);
}
