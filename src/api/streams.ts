import { problemOf } from './problem.ts';
import type { ServerEvent } from './route.ts';

/** A reader that is gone is noticed by then, and proxies see that the stream lives. */
const BEAT_MS = 15_000;
/** A stream ends then; its reader comes back with Last-Event-ID, and its token is looked at anew. */
const STREAM_MS_MAX = 3_600_000;
/** A server that ends is back by then. */
const COME_BACK_MS = 5_000;
const encoder = new TextEncoder();

export type StreamOptions = {
  readonly beatMs?: number;
  readonly request: string;
  readonly abort: AbortController;
  /** Asked at every beat: a token that was revoked, or a role that was taken, ends the stream. */
  readonly isAllowed: () => Promise<boolean>;
  readonly onEnd: () => void;
};

function messageOf({ event, id, data }: ServerEvent): string {
  // JSON has no line ends of its own: one line of data is one message.
  return `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;
}

/** Server-sent events, as fast as the reader takes them and no faster. */
export function eventStream(events: AsyncIterable<ServerEvent>, options: StreamOptions): ReadableStream<Uint8Array> {
  const { abort, isAllowed, request } = options;
  let stop = () => {};
  const iterator = events[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    start(controller) {
      const send = (text: string) => controller.enqueue(encoder.encode(text));
      send('retry: 2000\n\n');
      const beat = setInterval(() => {
        send(': still here\n\n');
        void isAllowed().then(
          (allowed) => {
            if (!allowed) abort.abort();
          },
          () => abort.abort(),
        );
      }, options.beatMs ?? BEAT_MS);
      const end = setTimeout(() => abort.abort(), STREAM_MS_MAX);
      const { promise: aborted, resolve } = Promise.withResolvers<void>();
      abort.signal.addEventListener('abort', () => resolve(), { once: true });
      let isStopped = false;
      stop = () => {
        if (isStopped) return;
        isStopped = true;
        clearInterval(beat);
        clearTimeout(end);
        abort.abort();
        // A generator that waits ends when its signal does; nobody waits for it here.
        void Promise.resolve(iterator.return?.()).catch(() => undefined);
        options.onEnd();
      };
      void aborted.then(() => {
        if (isStopped) return;
        stop();
        // A reader of the events of a server comes back by itself: to the one that starts after this one, not to this one.
        send(`retry: ${COME_BACK_MS}\n\n`);
        controller.close();
      });
    },
    async pull(controller) {
      try {
        const next = await iterator.next();
        if (abort.signal.aborted) return;
        if (next.done !== true) {
          controller.enqueue(encoder.encode(messageOf(next.value)));
          return;
        }
      } catch (thrown) {
        if (abort.signal.aborted) return;
        controller.enqueue(
          encoder.encode(messageOf({ event: 'failed', data: { problem: problemOf(thrown, request) } })),
        );
      }
      stop();
      controller.close();
    },
    cancel() {
      stop();
    },
  });
}

/** Bytes as the reader takes them. What fails in the middle ends the connection: it must not look whole. */
export function byteStream(bytes: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = bytes[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = await iterator.next();
      if (next.done === true) controller.close();
      else controller.enqueue(next.value);
    },
    cancel() {
      void Promise.resolve(iterator.return?.()).catch(() => undefined);
    },
  });
}
