import { setTimeout as sleep } from 'node:timers/promises';

/** One life of a process: it is over when `ended` settles, which never rejects. */
export type Life = { readonly ended: Promise<void> };

export type Pace = {
  /** From a death to the next start, doubled each time that a life was a short one. Milliseconds. */
  readonly waitMs: number;
  readonly waitMsMax: number;
  /** A life of so many milliseconds was a good one: the next start waits as little as the first. */
  readonly livedMsMin: number;
};

export type Supervised<Of extends Life> = {
  /** The newest life; between a death and the next start it is the one that is over. */
  life(): Of;
  /** No further life begins. Ends the newest one by what is given, and waits for its end. May be called once. */
  close(end: (life: Of) => void): Promise<void>;
};

/** Begins a process, and begins it again whenever it ends by itself. */
export function supervise<Of extends Life>(
  begin: () => Of,
  { pace, onDeath }: { readonly pace: Pace; readonly onDeath: (waitMs: number) => void },
): Supervised<Of> {
  const closing = new AbortController();
  let life = begin();
  const loop = (async () => {
    for (let waitMs = pace.waitMs; ; ) {
      const started = performance.now();
      await life.ended;
      if (closing.signal.aborted) return;
      waitMs = performance.now() - started > pace.livedMsMin ? pace.waitMs : Math.min(waitMs * 2, pace.waitMsMax);
      onDeath(waitMs);
      await sleep(waitMs, undefined, { signal: closing.signal }).catch(() => undefined);
      if (closing.signal.aborted) return;
      life = begin();
    }
  })();
  return {
    life: () => life,
    async close(end) {
      closing.abort();
      end(life);
      await loop;
    },
  };
}
