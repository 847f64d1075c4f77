import { setTimeout as sleep } from 'node:timers/promises';
import { type Log, reasonOf } from '../base/index.ts';
import { type RefChange, type RefLogDeps, settleMoves } from './ref-log.ts';
import { repositoryById } from './repositories.ts';

/** What a client waits for before it is told that its push is done. After that it goes on by itself. */
const WAIT_MS_MAX = 5000;
const PAUSE_MS_MIN = 100;
const PAUSE_MS_MAX = 30_000;
/** More than a week of a database that is away. The next push of the ref and the next start settle what is left. */
const TRIES_MAX = 20_000;

export type SettleDeps = {
  readonly refLog: RefLogDeps;
  readonly log: Log;
  onChanges?(changes: readonly RefChange[]): void;
};

export type Settler = {
  /** The git of this push has ended: what it prepared is told as moved or aborted. Settles when that is so, or after some seconds. */
  settle(repositoryId: number, push: string): Promise<void>;
  /** Gives up what could not be settled yet. */
  close(): Promise<void>;
};

/** A database that is away for a moment makes a run late, and never lost: each push is tried until it is settled. */
export function openSettler(deps: SettleDeps): Settler {
  const closing = new AbortController();
  const open = new Set<Promise<void>>();

  async function work(repositoryId: number, push: string): Promise<void> {
    for (let tries = 1, pause = PAUSE_MS_MIN; tries <= TRIES_MAX && !closing.signal.aborted; tries += 1) {
      try {
        const changes = await settleMoves(deps.refLog, repositoryId, push);
        if (changes.length > 0) deps.onChanges?.(changes);
        return;
      } catch (thrown) {
        deps.log.warn('A push is not settled yet', { repository: repositoryId, push, tries, reason: reasonOf(thrown) });
      }
      // A repository that was deleted has nothing to settle any more.
      if (await isGone(repositoryId)) return;
      await sleep(pause, undefined, { ref: false, signal: closing.signal }).catch(() => undefined);
      pause = Math.min(pause * 2, PAUSE_MS_MAX);
    }
  }

  async function isGone(repositoryId: number): Promise<boolean> {
    try {
      return (await repositoryById(deps.refLog.db, repositoryId)) === undefined;
    } catch {
      // The database is away: nothing is known.
      return false;
    }
  }

  return {
    async settle(repositoryId, push) {
      const done = work(repositoryId, push);
      open.add(done);
      void done.finally(() => open.delete(done));
      await bounded(done);
    },
    async close() {
      closing.abort();
      await bounded(Promise.all(open));
    },
  };
}

async function bounded(work: Promise<unknown>): Promise<void> {
  const waited = new AbortController();
  await Promise.race([work, sleep(WAIT_MS_MAX, undefined, { signal: waited.signal }).catch(() => undefined)]);
  waited.abort();
}
