import type { Readable, Writable } from 'node:stream';
import { isFault, type Log, reasonOf } from '../base/index.ts';
import { z } from 'zod';
import { readMessages, renderMessage } from './lines.ts';

/** Answers one request. What it throws is told to the other end: a fault by code and message, anything else only as broken. */
export type ChannelHandler = (request: unknown) => Promise<unknown>;

const envelope = z.strictObject({ id: z.int().positive(), request: z.unknown() });

/**
 * Answers requests, one after the other, until the input ends: the parent is gone then, and there is nobody to work for. Rejects with
 * `channel/message-invalid` when the input is no stream of messages.
 */
export async function serveChannel(
  streams: { readonly input: Readable; readonly output: Writable },
  handler: ChannelHandler,
  log: Log,
): Promise<void> {
  for await (const message of readMessages(streams.input)) {
    const { id, request } = envelope.parse(message);
    const answer = await answerOf(handler, request, log);
    await new Promise<void>((written) => {
      streams.output.write(renderMessage({ id, ...answer }), () => written());
    });
  }
}

async function answerOf(handler: ChannelHandler, request: unknown, log: Log): Promise<object> {
  try {
    return { value: await handler(request) };
  } catch (thrown) {
    if (isFault(thrown)) return { refusal: { code: thrown.code, message: thrown.message } };
    if (thrown instanceof z.ZodError) {
      return { refusal: { code: 'channel/message-invalid', message: z.prettifyError(thrown).slice(0, 500) } };
    }
    log.error('A request failed', { reason: reasonOf(thrown) });
    return { refusal: { code: 'channel/refused', message: 'the process failed; see its log' } };
  }
}
