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
const GATHER_MS = 1;

export type LogSender = {
  add(event: JobEvent): void;
  /** Waits until all of it is acknowledged, as long as the signal lets it. Answers what the server has, and why it is not whole. */
  flush(signal: AbortSignal): Promise<{ readonly logBytes: number; readonly problem?: string }>;
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
  const file = await open(job.spool, 'w+', 0o600);
  const stop = new AbortController();
  const state: State = { file, base: job.logBytes, sent: 0, written: 0, isOver: false };
  let writing: Promise<unknown> = Promise.resolve();
  let pending: string[] = [];
  let wake: (() => void) | undefined;
  const sending = (async () => {
    for (let retry = RETRY_MS; !stop.signal.aborted; ) {
      if (state.sent === state.written || state.isOver) {
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
          state.isOver = true;
          continue;
        }
        if (isFault(thrown, 'remote/refused')) {
          // Asking again with the same bytes changes nothing.
          log.error('A log is refused', { job: job.jobId, reason: reasonOf(thrown) });
          state.isOver = true;
          state.problem = `the log was refused: ${reasonOf(thrown)}`;
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
      writing.catch((thrown: unknown) => {
        if (state.problem !== undefined) return;
        state.problem = `the log could not be kept at the runner: ${reasonOf(thrown)}`;
        log.error('A log could not be kept', { job: job.jobId, reason: reasonOf(thrown) });
      });
    },
    async flush(signal) {
      await writing.catch(() => undefined);
      while (state.sent < state.written && !state.isOver && !signal.aborted) {
        wake?.();
        await sleep(GATHER_MS);
      }
      const { problem } = state;
      return { logBytes: state.base + state.sent, ...(problem === undefined ? {} : { problem }) };
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
  isOver: boolean;
  /** Why lines are missing. */
  problem?: string;
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
