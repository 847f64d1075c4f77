import { type Log, reasonOf } from '../base/index.ts';
import { type Database, listen } from '../database/index.ts';
import { AUDITLOG_CHANNEL } from './append.ts';
import { type CheckpointSigner, sequence, sizeOf } from './sequence.ts';

/** From one checkpoint to the next at least: what comes meanwhile goes into one. */
const INTERVAL_MS = 200;
/** Without a word it looks by itself. */
const LOOK_MS = 5_000;
const RETRY_MS_MAX = 10_000;

export type Sequencer = {
  /** The last failure, while it lasts: nobody signs, and the log stands still. */
  readonly problem: () => string | undefined;
  close(): Promise<void>;
};

/** Has a checkpoint signed soon after something was appended, for as long as it is wanted. */
export function startSequencer(db: Database, signer: CheckpointSigner, log: Log): Sequencer {
  let closing = false;
  let told = true;
  let problem: string | undefined;
  let wake: (() => void) | undefined;
  const listener = listen(
    db,
    [AUDITLOG_CHANNEL],
    () => {
      told = true;
      wake?.();
    },
    log,
  );
  const pause = async (milliseconds: number, isEarly: () => boolean) => {
    if (closing || isEarly()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, milliseconds);
    wake = () => {
      if (closing || isEarly()) resolve();
    };
    await promise;
    clearTimeout(timer);
  };
  const loop = (async () => {
    let retry = INTERVAL_MS;
    while (!closing) {
      told = false;
      try {
        for (let size = await sizeOf(db); !closing; ) {
          const next = await sequence(db, signer);
          if (next === size) break;
          size = next;
        }
        if (problem !== undefined) log.info('The audit log is signed again');
        problem = undefined;
        retry = INTERVAL_MS;
      } catch (thrown) {
        problem = reasonOf(thrown);
        log.error('The audit log can not be signed', { reason: problem });
        await pause(retry, () => false);
        retry = Math.min(retry * 2, RETRY_MS_MAX);
        told = true;
      }
      await pause(INTERVAL_MS, () => false);
      await pause(LOOK_MS, () => told);
    }
  })();
  return {
    problem: () => problem,
    async close() {
      closing = true;
      wake?.();
      await loop;
      await listener.close();
    },
  };
}
