import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { availableParallelism, constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { newestAnalyses } from '../check/index.ts';
import { advisoryFolder } from '../advisory/index.ts';
import { excerpt, type Log, reasonOf } from '../base/index.ts';
import type { Database } from '../database/index.ts';
import { FINDINGS_MAX, outcomeSchema, type ScanPort, type WantedScan } from '../findings/index.ts';
import { runOfJob, viewRun } from '../runs/index.ts';
import { buildId } from './build-id.ts';
import type { Machine } from './commands.ts';
import { findProgram } from './programs.ts';
import type { ScanOrder } from './scan-commit.ts';
import { type ServerPlaces } from './server-places.ts';

const MIB = 1024 * 1024;
/** Of the whole scan: a repository that takes longer has a scan that failed, never half of one. */
const SCAN_MS_MAX = 15 * 60_000;
/** Resident memory of the process, with all of its threads. */
const SCAN_MEMORY_BYTES_MAX = 3072 * MIB;
/** Old objects of its main thread. */
const SCAN_HEAP_MIB = 1536;
const OUTPUT_BYTES_MAX = 192 * MIB;
const ERRORS_BYTES_MAX = 4000;
const WATCH_MS = 500;
/** Reports of other tools that one scan takes in: the newest of each tool. */
const REPORTS_MAX = 20;

export type ScannerOptions = {
  readonly db: Database;
  readonly places: ServerPlaces;
  readonly machine: Machine;
  readonly now: () => number;
  readonly log: Log;
  /** For tests. */
  readonly limits?: { readonly ms?: number; readonly memoryBytes?: number };
};

/** Scans in a process of its own, at the lowest priority, which is ended when it takes too long or too much. */
export function scannerOf(options: ScannerOptions): ScanPort {
  const { places, machine } = options;
  const gitPath = findProgram(machine.env, 'git');
  const id = buildId();
  return async (wanted, signal) => {
    const { reports, analysisId } = await reportsOf(options.db, wanted);
    const order: ScanOrder = {
      gitDir: join(places.git, 'repositories', `${wanted.repositoryId}.git`),
      gitPath,
      commit: wanted.commit,
      ...(wanted.base === undefined ? {} : { base: wanted.base }),
      reports,
      cacheFile: join(places.scans, `${wanted.repositoryId}.results`),
      buildId: id,
      // Half of the machine at most: what people wait for goes first.
      threads: Math.max(1, Math.floor(availableParallelism() / 2)),
      advisoriesFolder: advisoryFolder(machine.places.state).directory,
      now: options.now(),
      findingsMax: FINDINGS_MAX,
    };
    const text = await runScanner(order, options, signal);
    return { outcome: outcomeSchema.parse(JSON.parse(text)), analysisId };
  };
}

/**
 * The newest report of each tool about this branch. Of a job only what it says of the ref that it ran for: it must not call findings of
 * another branch fixed.
 */
async function reportsOf(
  db: Database,
  { repositoryId, ref, base }: WantedScan,
): Promise<{ readonly reports: ScanOrder['reports']; readonly analysisId: number }> {
  const { newestId, analyses } = await newestAnalyses(db, { repositoryId, ref, limit: REPORTS_MAX }, async (actor) => {
    if (actor.type !== 'job') return true;
    const job = await runOfJob(db, Number(actor.id));
    const run = job === undefined || job.repositoryId !== repositoryId ? undefined : await viewRun(db, job);
    return run?.ref === ref;
  });
  // What is new in a change is found by comparing: reports of other tools can't be compared.
  const taken = base === undefined ? analyses : [];
  return { reports: taken.map(({ tool, text }) => ({ name: tool, text })), analysisId: newestId };
}

async function runScanner(order: ScanOrder, { log, limits }: ScannerOptions, signal: AbortSignal): Promise<string> {
  const file = join(import.meta.dirname, `scanner.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`);
  const child = spawn(process.execPath, [`--max-old-space-size=${SCAN_HEAP_MIB}`, file], {
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: '/nonexistent', LC_ALL: 'C' },
    cwd: '/',
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  lower(child, log);
  const why = endWhen(child, signal, {
    ms: limits?.ms ?? SCAN_MS_MAX,
    memoryBytes: limits?.memoryBytes ?? SCAN_MEMORY_BYTES_MAX,
  });
  const parts: Buffer[] = [];
  let bytes = 0;
  let errors = '';
  child.stdout.on('data', (part: Buffer) => {
    bytes += part.length;
    if (bytes <= OUTPUT_BYTES_MAX) parts.push(part);
    else why.end(`it said more than ${OUTPUT_BYTES_MAX / MIB} MiB`);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (errors.length < ERRORS_BYTES_MAX) errors += text;
  });
  // One that died before it read is told of by its end.
  child.stdin.on('error', () => undefined);
  child.stdin.end(JSON.stringify(order));
  const code = await new Promise<number | null>((done, failed) => {
    child.once('error', failed);
    child.once('close', (status) => done(status));
  }).finally(() => why.stop());
  signal.throwIfAborted();
  const reason = why.reason();
  if (reason !== undefined) throw new Error(`the scan was ended: ${reason}`);
  if (code !== 0) throw new Error(`the scan ended with ${code ?? 'a signal'}: ${excerpt(lastLine(errors), 300)}`);
  return Buffer.concat(parts).toString('utf8');
}

const lastLine = (text: string) =>
  text.split('\n').find((line) => /Error|Fault|fatal/i.test(line)) ?? text.slice(0, 300);

function lower({ pid }: ChildProcess, log: Log): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch (thrown) {
    log.debug('The scan keeps its priority', { reason: reasonOf(thrown) });
  }
}

/** Ends a process when it is time, or when it holds too much memory: looked at from outside, since threads have heaps of their own. */
function endWhen(
  child: ChildProcess,
  signal: AbortSignal,
  { ms, memoryBytes }: { readonly ms: number; readonly memoryBytes: number },
) {
  let reason: string | undefined;
  const end = (why: string) => {
    reason ??= why;
    child.kill('SIGKILL');
  };
  const onAbort = () => end('the server ends');
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  const timer = setTimeout(() => end(`it took more than ${ms} ms`), ms);
  const watch = setInterval(() => {
    void residentBytes(child.pid).then((bytes) => {
      if (bytes > memoryBytes) end(`it held more than ${Math.round(memoryBytes / MIB)} MiB of memory`);
    });
  }, WATCH_MS);
  return {
    end,
    reason: () => reason,
    stop: () => {
      clearTimeout(timer);
      clearInterval(watch);
      signal.removeEventListener('abort', onAbort);
    },
  };
}

async function residentBytes(pid: number | undefined): Promise<number> {
  const text = await readFile(`/proc/${pid ?? 0}/status`, 'utf8').catch(() => '');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024;
}
