import { type Log, reasonOf } from '../base/index.ts';
import type { Database } from '../database/index.ts';
import type { JobLogs } from '../joblog/index.ts';
import { repositoryById } from '../repo/index.ts';
import { endedRuns, type StepSpan, stepsOf, type TracedRun, tracesOf, viewRun } from '../runs/index.ts';

/** Between two looks for runs that ended, and between tries when the collector does not answer. */
const LOOK_MS = 5_000;
const RETRY_MS_MAX = 300_000;
const ANSWER_MS_MAX = 10_000;
const RUNS_MAX = 20;
/** Runs that ended longer ago are not sent any more: a collector that was away is not flooded. */
const LATE_MS_MAX = 3_600_000;
/** A transaction may become visible so long after the time that it names. */
const SKEW_MS = 5_000;
/** What is read of a log for its steps. What is behind has no spans. */
const LOG_BYTES_MAX = 16 * 1024 * 1024;

export type TracesOptions = {
  readonly db: Database;
  readonly logs: JobLogs;
  readonly url: string;
  /** Of this server. */
  readonly origin: string;
  readonly version: string;
  readonly log: Log;
  readonly now: () => number;
  readonly lookMs?: number;
  readonly skewMs?: number;
};

/**
 * Sends each run that ends to a collector. What waits is in the tables, so nothing piles up here; one request goes on at a time, and
 * each failure doubles the wait. Runs of before the start are not sent. Ends with what it returns.
 */
export function startTraces(options: TracesOptions): () => Promise<void> {
  const { now, log, lookMs = LOOK_MS, skewMs = SKEW_MS } = options;
  const ended = new AbortController();
  let from = now();
  let waitMs = lookMs;
  let running: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  const plan = () => {
    if (ended.signal.aborted) return;
    timer = setTimeout(() => {
      running = turn();
    }, waitMs);
    timer.unref();
  };
  async function turn(): Promise<void> {
    try {
      from = Math.max(from, now() - LATE_MS_MAX);
      const next = await sendEnded(options, { from, to: now() - skewMs }, ended.signal);
      if (waitMs > lookMs) log.info('Traces are taken again');
      from = next ?? from;
      waitMs = lookMs;
    } catch (thrown) {
      if (waitMs === lookMs) log.warn('Traces are not taken', { reason: reasonOf(thrown) });
      waitMs = Math.min(RETRY_MS_MAX, waitMs * 2);
    }
    plan();
  }
  plan();
  return async () => {
    ended.abort();
    clearTimeout(timer);
    await running;
  };
}

/** Answers the time up to which everything is sent. */
async function sendEnded(
  options: TracesOptions,
  span: { readonly from: number; readonly to: number },
  signal: AbortSignal,
): Promise<number | undefined> {
  const { db, url, version } = options;
  const keys = await endedRuns(db, { from: new Date(span.from), to: new Date(span.to), limit: RUNS_MAX });
  const last = keys.at(-1)?.endedAt.getTime();
  const runs: TracedRun[] = [];
  for (const key of keys) {
    const run = await tracedRun(options, key);
    if (run !== undefined) runs.push(run);
  }
  if (runs.length === 0) return last;
  const response = await fetch(`${url.replace(/\/+$/, '')}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(tracesOf(runs, version)),
    redirect: 'error',
    signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS_MAX)]),
  });
  await response.body?.cancel();
  // What it calls wrong would be wrong again.
  if (response.status === 400) options.log.warn('A collector refused traces', { runs: runs.map(({ run }) => run.id) });
  else if (!response.ok) throw new Error(`the collector answered ${response.status}`);
  return last;
}

async function tracedRun(
  { db, logs, origin }: TracesOptions,
  key: { readonly repositoryId: number; readonly runId: number; readonly attempt: number },
): Promise<TracedRun | undefined> {
  const [run, repository] = await Promise.all([viewRun(db, key), repositoryById(db, key.repositoryId)]);
  if (run === undefined || repository === undefined) return undefined;
  const steps = new Map<number, readonly StepSpan[]>();
  for (const { id } of run.jobs) steps.set(id, stepsOf(await linesOf(logs, id)));
  return { run, repository, origin, steps };
}

async function linesOf(logs: JobLogs, jobId: number): Promise<readonly string[]> {
  const steps: string[] = [];
  let rest = '';
  for (let from = 0; from < LOG_BYTES_MAX; ) {
    const bytes = await logs.read(jobId, { from, bytesMax: LOG_BYTES_MAX });
    if (bytes.length === 0) break;
    from += bytes.length;
    const lines = `${rest}${bytes.toString('latin1')}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.includes('"kind":"step-')) steps.push(Buffer.from(line, 'latin1').toString('utf8'));
    }
  }
  return steps;
}
