import type { AppendDeps } from '../auditlog/index.ts';
import { type Log, reasonOf, startTimer, type TrustLevel } from '../base/index.ts';
import { type Database, listen } from '../database/index.ts';
import type { JobBounds } from '../identity/index.ts';
import type { JobOutcome } from '../protocol/index.ts';
import {
  type Claimant,
  type ClaimedRow,
  claim,
  finish,
  isEnded,
  jobOf,
  type LeaseKey,
  lower,
  type Renewal,
  renew,
  requireLease,
  sweep,
} from './leases.ts';
import { QUEUE_CHANNEL, type QueueTables } from './tables.ts';

/** From one look for leases that ended to the next. */
const SWEEP_MS = 1000;
/** Runners that wait at once. */
const WAITING_MAX = 10_000;

export type Claimed = ClaimedRow;

export type QueueDeps = AppendDeps & { readonly db: Database; readonly log: Log };

export type Queue = {
  /** The next job that fits the runner, as soon as there is one; nothing when the time is over or the signal ends it. */
  poll(who: Claimant, waitMs: number, signal: AbortSignal): Promise<Claimed | undefined>;
  /**
   * Renews a lease. With `news` it is answered when the job's cancellation is another one than is known, or the time is over.
   */
  renew(
    key: LeaseKey,
    level?: TrustLevel,
    news?: { readonly known: Renewal['cancel']; readonly waitMs: number; readonly signal: AbortSignal },
  ): Promise<Renewal>;
  /** What a job has used is of a lower level: its own drops to that. */
  lower(jobId: number, level: TrustLevel): Promise<void>;
  finish(key: LeaseKey, told: { readonly outcome: JobOutcome; readonly logBytes: number }): Promise<void>;
  require: (key: LeaseKey) => ReturnType<typeof requireLease>;
  jobOf(tokenHash: Buffer): Promise<JobBounds | undefined>;
  /** Whether a job was here and has ended: nobody writes its log any more. */
  isEnded(jobId: number): Promise<boolean>;
  close(): Promise<void>;
};

type Sleeper = { wake: () => void; woken: boolean };
type Waiter = Claimant & Sleeper;

/**
 * The queue of a server: one connection listens for all runners that wait, and each new job wakes one of those that fit it. Whoever
 * waits is in the list before it looks at the tables, so no job is put down between the look and the sleep.
 */
export function openQueue(deps: QueueDeps): Queue {
  const { db, log } = deps;
  const waiters = new Set<Waiter>();
  /** Renewals that wait for news. */
  const cancels = new Set<Sleeper>();
  const shapes = new Map<string, { readonly labels: readonly string[]; readonly walls: readonly string[] }>();
  let closing = false;

  async function wakeFor(shape: string): Promise<void> {
    const wanted = shapes.get(shape) ?? (await readShape(shape));
    for (const waiter of waiters) {
      if (waiter.woken || !fits(waiter, wanted)) continue;
      waiter.woken = true;
      waiter.wake();
      return;
    }
  }

  async function readShape(id: string) {
    const row = await db
      .as<QueueTables>()
      .selectFrom('queue_shape')
      .select(['labels', 'walls'])
      .where('id', '=', id)
      .executeTakeFirst();
    const wanted = row ?? { labels: [], walls: [] };
    if (row !== undefined) shapes.set(id, wanted);
    return wanted;
  }

  function wakeAll(): void {
    for (const waiter of [...waiters, ...cancels]) {
      waiter.woken = true;
      waiter.wake();
    }
  }

  const listener = listen(
    db,
    [QUEUE_CHANNEL],
    (told) => {
      if (told.kind === 'maybe-missed' || told.payload === '') wakeAll();
      else
        wakeFor(told.payload).catch((thrown: unknown) => {
          log.warn('A waiting runner could not be chosen, all look', { reason: reasonOf(thrown) });
          wakeAll();
        });
    },
    log,
  );

  let sweeping: Promise<unknown> | undefined;
  const sweeper = setInterval(() => {
    sweeping ??= sweep(db)
      .then((count) => {
        if (count > 0) log.warn('Leases of lost runners were ended', { count });
      })
      .catch((thrown: unknown) => log.error('Leases could not be looked at', { reason: reasonOf(thrown) }))
      .finally(() => {
        sweeping = undefined;
      });
  }, SWEEP_MS);

  return {
    async poll(who, waitMs, signal) {
      const deadline = performance.now() + waitMs;
      const waiter: Waiter = { ...who, wake: () => {}, woken: false };
      if (waiters.size >= WAITING_MAX) return undefined;
      waiters.add(waiter);
      try {
        while (!closing && !signal.aborted) {
          waiter.woken = false;
          const claimed = await claim(db, who, deps);
          if (claimed !== undefined) {
            // Many jobs of one transaction are told of once: whoever gets one passes the word on.
            await wakeFor(claimed.shape);
            return claimed;
          }
          const left = deadline - performance.now();
          if (left <= 0) return undefined;
          if (!waiter.woken) await sleepOf(waiter, left, signal);
        }
        return undefined;
      } finally {
        waiters.delete(waiter);
        // It was woken for a job and goes without it: somebody else has to look.
        if (waiter.woken)
          for (const other of waiters)
            if (!other.woken) {
              other.woken = true;
              other.wake();
              break;
            }
      }
    },
    async renew(key, level, news) {
      const sleeper: Sleeper = { wake: () => {}, woken: false };
      cancels.add(sleeper);
      try {
        const first = await renew(db, key, level, deps);
        if (news === undefined || first.cancel !== news.known || closing) return first;
        if (!sleeper.woken) await sleepOf(sleeper, news.waitMs, news.signal);
        // Nobody waits for the answer: the job is over, or its runner will ask again.
        if (news.signal.aborted) return first;
        return await renew(db, key, level, deps);
      } finally {
        cancels.delete(sleeper);
      }
    },
    lower: (jobId, level) => lower(db, jobId, level),
    finish: (key, told) => finish(db, key, told, deps),
    require: (key) => requireLease(db, key, deps),
    jobOf: (tokenHash) => jobOf(db, tokenHash),
    isEnded: (jobId) => isEnded(db, jobId),
    async close() {
      closing = true;
      clearInterval(sweeper);
      wakeAll();
      await sweeping;
      await listener.close();
    },
  };
}

function fits(
  who: Claimant,
  wanted: { readonly labels: readonly string[]; readonly walls: readonly string[] },
): boolean {
  return (
    wanted.labels.every((label) => who.labels.includes(label)) && wanted.walls.every((wall) => who.walls.includes(wall))
  );
}

async function sleepOf(waiter: Sleeper, milliseconds: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  waiter.wake = resolve;
  const stop = startTimer(milliseconds, resolve);
  signal.addEventListener('abort', () => resolve(), { once: true });
  await promise;
  stop();
}
