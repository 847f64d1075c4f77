import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Clock, isFault, type Log, lowestLevel, reasonOf, Secret, type TrustLevel } from '../base/index.ts';
import {
  type CancelSignal,
  type JobEvent,
  type JobLease,
  type JobOutcome,
  pollResponse,
  RUNNER_PROTOCOL_VERSION,
  RUNNER_WAIT_MS_MAX,
  renewResponse,
  type WallName,
} from '../protocol/index.ts';
import type { Connection } from './connection.ts';
import { fault } from './faults.ts';
import { openLogSender } from './log-sender.ts';

/** A sandbox is ended so long before its lease ends: killing and unmounting take their time. */
const END_MARGIN_MS = 12_000;
/** A job is started only when its lease was renewed once; with less time than this left it is not. */
const BEGIN_MARGIN_MS = 2_000;
/** News of a job are waited for so long; each answer renews the lease. */
const NEWS_MS = 15_000;
const RETRY_MS = 500;
const RETRY_MS_MAX = 15_000;

/** What runs one job, with what belongs to its lease. */
export type RemoteJob = {
  readonly lease: JobLease;
  readonly leaseToken: string;
  readonly jobToken: Secret;
};

export type RemoteDeps = {
  readonly connection: Connection;
  /** Runs a job to its end, in this process. */
  readonly runJob: (job: RemoteJob, onEvent: (event: JobEvent) => void, cancel: CancelSignal) => Promise<JobOutcome>;
  readonly createCancel: () => { readonly signal: CancelSignal; cancel(state: 'cancel' | 'force'): void };
  /** The walls that are hard here, looked at before each job. */
  readonly walls: () => Promise<readonly WallName[]>;
  /** Jobs at once. */
  readonly jobsMax: number;
  /** Ends after one job. */
  readonly ephemeral: boolean;
  /** Where logs wait for the server. */
  readonly spoolDir: string;
  readonly clock: Clock;
  readonly log: Log;
};

export type RemoteRunner = {
  /** Takes no more jobs; settles when those that run have ended. */
  drain(): Promise<void>;
  /** Ends jobs by force. */
  stop(): Promise<void>;
  /** Settles when the runner has nothing more to do: drained, ephemeral and done, or removed at the server. */
  readonly done: Promise<'drained' | 'removed'>;
};

/** Asks for jobs and runs them, as many at once as it may. */
export function startRemoteRunner(deps: RemoteDeps): RemoteRunner {
  const draining = new AbortController();
  const running = new Set<{ readonly force: () => void }>();
  let isRemoved = false;
  let left = deps.ephemeral ? 1 : Number.POSITIVE_INFINITY;

  async function slot(): Promise<void> {
    for (let retry = RETRY_MS; !draining.signal.aborted && left > 0; ) {
      left -= 1;
      let claimed: Claimed | undefined;
      try {
        claimed = await poll(deps, draining.signal);
        retry = RETRY_MS;
      } catch (thrown) {
        if (!draining.signal.aborted) {
          deps.log.warn('The server can not be asked for work', { reason: reasonOf(thrown), waitMs: retry });
          if (isFault(thrown, 'remote/refused')) isRemoved ||= /was removed/.test(thrown.message);
          if (isRemoved) draining.abort();
          await sleep(retry, undefined, { signal: draining.signal }).catch(() => undefined);
          retry = Math.min(retry * 2, RETRY_MS_MAX);
        }
      }
      if (claimed === undefined) left += 1;
      else if (!(await workSafely(deps, claimed, running))) left += 1;
    }
  }

  const done = Promise.all(Array.from({ length: deps.ephemeral ? 1 : deps.jobsMax }, slot)).then(() =>
    isRemoved ? ('removed' as const) : ('drained' as const),
  );
  return {
    done,
    async drain() {
      draining.abort();
      await done;
    },
    async stop() {
      draining.abort();
      for (const job of running) job.force();
      await done;
    },
  };
}

type Claimed = RemoteJob & {
  readonly jobId: number;
  readonly logBytes: number;
  /** By the monotonic clock: after it the first renewal is not tried any more. */
  readonly askedUntil: number;
};

async function poll(deps: RemoteDeps, signal: AbortSignal): Promise<Claimed | undefined> {
  const walls = await deps.walls();
  const { status, value } = await deps.connection.ask('POST', '/poll', {
    json: { version: RUNNER_PROTOCOL_VERSION, waitMs: RUNNER_WAIT_MS_MAX - 5_000, walls },
    signal,
  });
  if (status === 204) return undefined;
  if (isDraining(value))
    throw fault('refused', 'this runner was drained at the server, and gets nothing more: it was removed');
  const { jobId, lease, leaseToken, leaseMs, jobToken, logBytes } = pollResponse.parse(value);
  const claimed = { jobId, leaseToken, logBytes, jobToken: new Secret(jobToken) };
  // How long the answer was on its way nobody knows: the first renewal tells how long the lease stands.
  return { ...claimed, lease: leaseOf(lease), askedUntil: deps.clock.monotonic() + leaseMs };
}

function isDraining(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'draining' in value;
}

/** Its form is that of the planner of the same release; the version was compared. */
function leaseOf(value: object): JobLease {
  return value as JobLease;
}

/** False: the job was not started. What breaks in one job does not end the others. */
async function workSafely(
  deps: RemoteDeps,
  job: Claimed,
  running: Set<{ readonly force: () => void }>,
): Promise<boolean> {
  try {
    const until = await begin(deps, job);
    if (until === undefined) return false;
    await work(deps, { ...job, until }, running);
  } catch (thrown) {
    deps.log.error('A lease could not be worked on', { job: job.jobId, reason: reasonOf(thrown) });
  }
  return true;
}

/**
 * The first renewal: until when the lease stands at least, by the monotonic clock. Nothing when it does not stand any more, as after an
 * answer that was long on its way: somebody else has the job by then.
 */
async function begin({ connection, clock, log }: RemoteDeps, job: Claimed): Promise<number | undefined> {
  while (clock.monotonic() < job.askedUntil - BEGIN_MARGIN_MS) {
    const asked = clock.monotonic();
    try {
      const { value } = await connection.ask('POST', `/jobs/${job.jobId}/renew`, {
        json: { leaseToken: job.leaseToken, level: job.lease.level, known: 'none', waitMs: 0 },
        timeoutMs: BEGIN_MARGIN_MS,
      });
      return asked + renewResponse.parse(value).leaseMs;
    } catch (thrown) {
      log.warn('A lease could not be begun', { job: job.jobId, reason: reasonOf(thrown) });
      if (isFault(thrown, 'remote/refused')) return undefined;
      await sleep(RETRY_MS);
    }
  }
  return undefined;
}

type Begun = Claimed & { readonly until: number };

async function work(deps: RemoteDeps, job: Begun, running: Set<{ readonly force: () => void }>): Promise<void> {
  const { connection, log, clock } = deps;
  const cancel = deps.createCancel();
  const self = { force: () => cancel.cancel('force') };
  running.add(self);
  const over = new AbortController();
  const level = { now: job.lease.level };
  const sender = await openLogSender(connection, { ...job, spool: join(deps.spoolDir, `${job.lease.id}.ndjson`) }, log);
  const held = hold(deps, job, { cancel: (state) => cancel.cancel(state), level, over: over.signal });
  try {
    const outcome = await runOne(deps, job, cancel.signal, (event) => {
      if (event.kind === 'taint') level.now = lowestLevel(level.now, event.taint.level);
      sender.add(event);
    });
    const late = deadlineSignal(held.until, clock, over.signal);
    const { logBytes, problem } = await sender.flush(late);
    // Nobody can tell what a job did whose log is not whole.
    const told = problem === undefined ? outcome : { ...outcome, conclusion: 'failure' as const, reason: problem };
    await deliver(deps, job, { outcome: told, logBytes }, late);
  } finally {
    over.abort();
    await held.ended;
    await sender.close();
    running.delete(self);
  }
}

async function runOne(
  deps: RemoteDeps,
  job: Claimed,
  cancel: CancelSignal,
  onEvent: (event: JobEvent) => void,
): Promise<JobOutcome> {
  const { level, taints } = job.lease;
  try {
    const outcome = await deps.runJob(job, onEvent, cancel);
    return { ...outcome, level: lowestLevel(level, outcome.level) };
  } catch (thrown) {
    const reason = isFault(thrown) ? `${thrown.message} (${thrown.code}): ${thrown.help}` : reasonOf(thrown);
    deps.log.error('A job broke down', { job: job.jobId, reason });
    return { conclusion: 'failure', outputs: {}, influencedOutputs: [], level, taints, reason };
  }
}

type Held = { readonly ended: Promise<void>; until: () => number };

/**
 * Keeps the lease of a job, and hears of its cancellation. When it can't be kept the sandbox is ended before the lease ends: nothing
 * of a job is left when the server gives it to somebody else.
 */
function hold(
  deps: RemoteDeps,
  job: Begun,
  on: {
    readonly cancel: (state: 'cancel' | 'force') => void;
    readonly level: { readonly now: TrustLevel };
    readonly over: AbortSignal;
  },
): Held {
  const { connection, clock, log } = deps;
  let until = job.until;
  let known: 'none' | 'cancel' | 'force' = 'none';
  const watch = setInterval(() => {
    if (clock.monotonic() < until - END_MARGIN_MS) return;
    log.error('A lease can not be kept: its job is ended by force', { job: job.jobId });
    on.cancel('force');
  }, 250);
  const ended = (async () => {
    for (let retry = RETRY_MS; !on.over.aborted; ) {
      const asked = clock.monotonic();
      try {
        const { value } = await connection.ask('POST', `/jobs/${job.jobId}/renew`, {
          json: { leaseToken: job.leaseToken, level: on.level.now, known, waitMs: NEWS_MS },
          signal: on.over,
        });
        const { cancel, leaseMs } = renewResponse.parse(value);
        // The last renewal is made when the answer is sent, and not before the question was.
        until = Math.max(until, asked + leaseMs);
        if (cancel !== known && cancel !== 'none') on.cancel(cancel);
        known = cancel;
        retry = RETRY_MS;
      } catch (thrown) {
        if (on.over.aborted) return;
        log.warn('A lease could not be renewed', { job: job.jobId, reason: reasonOf(thrown) });
        if (isFault(thrown, 'remote/refused') && /queue\/lease-lost/.test(thrown.message)) {
          on.cancel('force');
          return;
        }
        await sleep(retry, undefined, { signal: on.over }).catch(() => undefined);
        retry = Math.min(retry * 2, 5_000);
      }
    }
  })().finally(() => clearInterval(watch));
  return { ended, until: () => until };
}

/** Ends when the lease does: what is not delivered by then is not accepted. */
function deadlineSignal(until: () => number, clock: Clock, over: AbortSignal): AbortSignal {
  const late = new AbortController();
  const timer = setInterval(() => {
    if (over.aborted) clearInterval(timer);
    if (clock.monotonic() < until()) return;
    clearInterval(timer);
    late.abort();
  }, 250);
  return late.signal;
}

async function deliver(
  deps: RemoteDeps,
  job: Claimed,
  told: { readonly outcome: JobOutcome; readonly logBytes: number },
  late: AbortSignal,
): Promise<void> {
  for (let retry = RETRY_MS; !late.aborted; ) {
    try {
      await deps.connection.ask('POST', `/jobs/${job.jobId}/finish`, {
        json: { leaseToken: job.leaseToken, ...told },
        signal: late,
      });
      return;
    } catch (thrown) {
      deps.log.warn('An outcome could not be delivered', { job: job.jobId, reason: reasonOf(thrown) });
      if (isFault(thrown, 'remote/refused')) return;
      await sleep(retry, undefined, { signal: late }).catch(() => undefined);
      retry = Math.min(retry * 2, 5_000);
    }
  }
  deps.log.error('An outcome was not delivered before the lease ended', { job: job.jobId });
}
