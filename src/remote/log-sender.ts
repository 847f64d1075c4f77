import { type FileHandle, open, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { isFault, type Log, reasonOf } from '../base/index.ts';
import { type JobEvent, LEASE_HEADER, logResponse } from '../protocol/index.ts';
import type { Connection } from './connection.ts';

/** One append. */
const APPEND_BYTES = 1024 * 1024;
const RETRY_MS = 200;
const RETRY_MS_MAX = 5_000;
/** From the first line that waits to its sending: lines that come together go together. */
const GATHER_MS = 5;

export type LogSender = {
  add(event: JobEvent): void;
  /** Waits until all of it is acknowledged, as long as the signal lets it. Answers the size of the log at the server. */
  flush(signal: AbortSignal): Promise<number>;
  close(): Promise<void>;
};

/**
 * Sends what a job reports, a line of JSON each, by offset. What waits lies in a file: a server that is away for an hour costs disk
 * and no memory. An answer that was lost is asked for again, with the same bytes.
 */
export async function openLogSender(
  connection: Connection,
  job: { readonly jobId: number; readonly leaseToken: string; readonly logBytes: number; readonly spool: string },
  log: Log,
): Promise<LogSender> {
  const file = await open(job.spool, 'wx+', 0o600);
  const stop = new AbortController();
  const state: State = { file, base: job.logBytes, sent: 0, written: 0, isFull: false };
  let writing: Promise<unknown> = Promise.resolve();
  let pending: string[] = [];
  let wake: (() => void) | undefined;
  const sending = (async () => {
    for (let retry = RETRY_MS; !stop.signal.aborted; ) {
      if (state.sent === state.written || state.isFull) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        await sleep(GATHER_MS);
        continue;
      }
      try {
        await sendPart(connection, job, state);
        retry = RETRY_MS;
      } catch (thrown) {
        if (isFault(thrown, 'remote/refused') && /joblog\/too-large/.test(thrown.message)) {
          log.warn('The log of a job is full, the rest is left out', { job: job.jobId });
          state.isFull = true;
          continue;
        }
        log.warn('A log could not be sent', { job: job.jobId, reason: reasonOf(thrown) });
        await sleep(retry, undefined, { signal: stop.signal }).catch(() => undefined);
        retry = Math.min(retry * 2, RETRY_MS_MAX);
      }
    }
  })();

  return {
    add(event) {
      pending.push(`${JSON.stringify(event)}\n`);
      if (pending.length > 1) return;
      writing = writing.then(async () => {
        const bytes = Buffer.from(pending.join(''));
        pending = [];
        await file.write(bytes, 0, bytes.length, state.written);
        state.written += bytes.length;
        wake?.();
      });
      writing.catch((thrown: unknown) =>
        log.error('A log could not be kept', { job: job.jobId, reason: reasonOf(thrown) }),
      );
    },
    async flush(signal) {
      await writing.catch(() => undefined);
      while (state.sent < state.written && !state.isFull && !signal.aborted) {
        wake?.();
        await sleep(GATHER_MS);
      }
      return state.base + state.sent;
    },
    async close() {
      stop.abort();
      wake?.();
      await sending;
      await writing.catch(() => undefined);
      await file.close();
      await rm(job.spool, { force: true });
    },
  };
}

type State = {
  readonly file: FileHandle;
  /** What the server had before. */
  readonly base: number;
  sent: number;
  written: number;
  /** The server takes no more of it. */
  isFull: boolean;
};

async function sendPart(
  connection: Connection,
  job: { readonly jobId: number; readonly leaseToken: string },
  state: State,
): Promise<void> {
  const bytes = Buffer.alloc(Math.min(APPEND_BYTES, state.written - state.sent));
  const { bytesRead } = await state.file.read(bytes, 0, bytes.length, state.sent);
  const offset = state.base + state.sent;
  const { value } = await connection.ask('PUT', `/jobs/${job.jobId}/log?offset=${offset}`, {
    headers: { [LEASE_HEADER]: job.leaseToken, 'content-type': 'application/x-ndjson' },
    body: bytes.subarray(0, bytesRead),
  });
  logResponse.parse(value);
  state.sent += bytesRead;
}
