import { Client } from 'pg';
import { type Log, reasonOf } from '../base/index.ts';
import type { Database } from './database.ts';

/** From a lost connection to the next try; doubled up to the most. */
const RETRY_MS = 100;
const RETRY_MS_MAX = 5_000;
/** A connection that looks alive and says nothing is asked this often. */
const ASK_MS = 15_000;

/** What was told: a channel with its payload, or that something may have been missed while there was no connection. */
export type Notification =
  | { readonly kind: 'told'; readonly channel: string; readonly payload: string }
  | { readonly kind: 'maybe-missed' };

export type Listener = { close(): Promise<void> };

/**
 * Listens on channels with a connection of its own, for as long as it is wanted. After every connect, the first one too, it tells
 * `maybe-missed`: whoever waits looks at the tables then. So no wake-up is lost; one may come twice.
 */
export function listen(
  db: Database,
  channels: readonly string[],
  onNotification: (notification: Notification) => void,
  log: Log,
): Listener {
  let closing = false;
  let wake: (() => void) | undefined;
  const loop = (async () => {
    for (let wait = RETRY_MS; !closing; ) {
      const client = new Client(db.config);
      const { promise: ended, resolve: end } = Promise.withResolvers<void>();
      client.on('error', (error) => {
        log.warn('The connection that listens broke', { reason: reasonOf(error) });
        end();
      });
      client.on('end', () => end());
      client.on('notification', ({ channel, payload = '' }) => onNotification({ kind: 'told', channel, payload }));
      wake = end;
      try {
        await client.connect();
        for (const channel of channels) await client.query(`listen ${client.escapeIdentifier(channel)}`);
        wait = RETRY_MS;
        onNotification({ kind: 'maybe-missed' });
        const asking = setInterval(() => void client.query('select 1').catch(end), ASK_MS);
        await ended;
        clearInterval(asking);
      } catch (thrown) {
        log.warn('Listening is not possible now', { reason: reasonOf(thrown), waitMs: wait });
        await pause(wait);
        wait = Math.min(wait * 2, RETRY_MS_MAX);
      } finally {
        await client.end().catch(() => undefined);
      }
    }
  })();

  /** Ends early when it is closed meanwhile. */
  async function pause(milliseconds: number): Promise<void> {
    if (closing) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    wake = resolve;
    const timer = setTimeout(resolve, milliseconds);
    await promise;
    clearTimeout(timer);
  }

  return {
    async close() {
      closing = true;
      wake?.();
      await loop;
    },
  };
}
