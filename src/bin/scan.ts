import { advisoryFolder } from '../advisory/index.ts';
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
import type { Machine } from './commands.ts';
import { gitEnvironment } from './environment.ts';
import { findProgram } from './executor.ts';
import { fault } from './faults.ts';

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
  try {
    return await runScan(scanRequest(request), scanDeps(machine, request, { signal: abort.signal, onProgress }));
  } finally {
    stop();
  }
}

/** The end that the person asks for, as a signal. */
export function abortOn(interrupt: Interrupt): { readonly abort: AbortController; readonly stop: () => void } {
  const abort = new AbortController();
  return { abort, stop: interrupt.onInterrupt(() => abort.abort(fault('cancelled', 'the scan was cancelled'))) };
}

/** The request with the files that it names. */
export function scanRequest(request: ScanCommandRequest): ScanRequest {
  return {
    ...request,
    imports: request.imports.map((file) => ({ name: file, text: readText(file, IMPORT_BYTES_MAX).text })),
    baseline: request.baseline === undefined ? new Set() : readBaseline(request.baseline),
    options: {
      allowMissing: request.allowMissing,
      ...(request.secretsConfig === undefined ? {} : { secretsConfig: readText(request.secretsConfig) }),
      ...(request.rules === undefined ? {} : { rules: readRules(request.rules) }),
    },
  };
}

export function scanDeps(
  { env, places }: Machine,
  request: ScanCommandRequest,
  run: { readonly signal: AbortSignal; readonly onProgress: (progress: ScanProgress) => void },
): ScanDeps {
  const now = systemClock.now();
  return {
    git: gitOf(env),
    cacheFile: request.cache ? join(places.cache, 'scan', `${keyOf(request.root)}.results`) : undefined,
    threads: request.threads ?? availableParallelism(),
    today: new Date(now).toISOString().slice(0, 10),
    machine: { advisoriesFolder: advisoryFolder(places.state).directory, now },
    ...run,
  };
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
    throw fault('folder-missing', `${folder}: ${reasonOf(thrown)}`, { cause: thrown });
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
