import { advisoryFolder } from '../advisory/index.ts';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Fault, reasonOf, systemClock } from '../base/index.ts';
import type { Interrupt, ScanCommandRequest } from '../cli/index.ts';
import { type NamedText, parseBaseline, runScan, type ScanProgress, type ScanResult } from '../scan/index.ts';
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
  { env, places }: Machine,
  request: ScanCommandRequest,
  onProgress: (progress: ScanProgress) => void,
  interrupt: Interrupt,
): Promise<ScanResult> {
  const abort = new AbortController();
  const stop = interrupt.onInterrupt(() => abort.abort(fault('cancelled', 'the scan was cancelled')));
  const now = systemClock.now();
  try {
    return await runScan(
      {
        ...request,
        baseline: request.baseline === undefined ? new Set() : readBaseline(request.baseline),
        options: {
          now,
          advisoriesFolder: advisoryFolder(places.state).directory,
          allowMissing: request.allowMissing,
          ...(request.secretsConfig === undefined ? {} : { secretsConfig: readText(request.secretsConfig) }),
          ...(request.rules === undefined ? {} : { rules: readRules(request.rules) }),
        },
      },
      {
        git: gitOf(env),
        cacheFile: request.cache ? join(places.cache, 'scan', `${keyOf(request.root)}.results`) : undefined,
        threads: request.threads ?? availableParallelism(),
        today: new Date(now).toISOString().slice(0, 10),
        signal: abort.signal,
        onProgress,
      },
    );
  } finally {
    stop();
  }
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
