import type { Readable, Writable } from 'node:stream';
import { startTimer } from '../base/index.ts';
import { z } from 'zod';
import { fault } from './faults.ts';
import { readMessages, renderMessage } from './lines.ts';

export type Channel = {
  /** Asks, and waits for the answer. Faults: `channel/refused` with the other end's reason, `channel/slow`, `channel/closed`. */
  ask(request: object): Promise<unknown>;
  /** Ends the input of the child. What still waits for an answer fails. Idempotent. */
  close(): void;
};

/** Requests that wait at once. */
const WAITING_MAX = 1000;

const answer = z.union([
  z.strictObject({ id: z.int().positive(), value: z.unknown() }),
  z.strictObject({ id: z.int().positive(), refusal: z.strictObject({ code: z.string(), message: z.string() }) }),
]);

type Waiting = { readonly resolve: (value: unknown) => void; readonly reject: (reason: unknown) => void };

/** The asking end, over the pipes of a child. */
export function openChannel(
  streams: { readonly input: Writable; readonly output: Readable },
  options: { readonly answerMsMax: number },
): Channel {
  const waiting = new Map<number, Waiting>();
  let next = 0;
  let closed = false;
  const end = (reason: unknown) => {
    closed = true;
    for (const { reject } of waiting.values()) reject(reason);
    waiting.clear();
  };
  const gone = () => end(fault('closed', 'the process has ended'));
  streams.input.on('error', gone);
  void read(streams.output, waiting).then(gone, end);
  return {
    async ask(request) {
      if (closed) throw fault('closed', 'the process has ended');
      if (waiting.size >= WAITING_MAX) throw fault('slow', `${WAITING_MAX} requests wait already`);
      next += 1;
      const id = next;
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      waiting.set(id, { resolve, reject });
      const stop = startTimer(options.answerMsMax, () =>
        reject(fault('slow', `no answer after ${options.answerMsMax} ms`)),
      );
      streams.input.write(renderMessage({ id, request }));
      try {
        return await promise;
      } finally {
        stop();
        waiting.delete(id);
      }
    },
    close() {
      streams.input.end();
      gone();
    },
  };
}

async function read(output: Readable, waiting: ReadonlyMap<number, Waiting>): Promise<void> {
  for await (const message of readMessages(output)) {
    const parsed = answer.parse(message);
    const asked = waiting.get(parsed.id);
    if (asked === undefined) continue;
    if ('refusal' in parsed) asked.reject(fault('refused', `${parsed.refusal.message} (${parsed.refusal.code})`));
    else asked.resolve(parsed.value);
  }
}
