import type { IncomingMessage, ServerResponse } from 'node:http';
import { startTimer } from '../base/index.ts';
import { fault } from './runner-faults.ts';

/** A message must be whole by then. */
export const BODY_MS_MAX = 30_000;
/** What is not read of a refused body may still come for so long: a sender that meets a closed connection never sees why. */
const UNREAD_MS_MAX = 5_000;

export type BodyLimits = { readonly bytesMax: number; readonly msMax: number };

/** The whole body, within its bounds of bytes and time. */
export async function bytesOf(request: IncomingMessage, { bytesMax, msMax }: BodyLimits): Promise<Buffer> {
  const tooLarge = () => fault('body-too-large', `a body here has at most ${bytesMax} bytes`);
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) throw tooLarge();
  const { promise: late, reject } = Promise.withResolvers<never>();
  late.catch(() => undefined);
  const stop = startTimer(msMax, () => reject(fault('body-slow', 'the body did not come in time')));
  const chunks: Buffer[] = [];
  let bytes = 0;
  const read = (async () => {
    // The request itself stays when this ends early: it has to be answered.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      bytes += chunk.length;
      if (bytes > bytesMax) throw tooLarge();
      chunks.push(chunk);
    }
  })();
  read.catch(() => undefined);
  try {
    await Promise.race([read, late]);
    return Buffer.concat(chunks);
  } finally {
    stop();
  }
}

export async function jsonOf(request: IncomingMessage, limits: BodyLimits): Promise<unknown> {
  const bytes = await bytesOf(request, limits);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (thrown) {
    throw fault('message-invalid', 'the body is no JSON in UTF-8', { cause: thrown });
  }
}

export function replyJson(response: ServerResponse, status: number, value: object): void {
  const body = JSON.stringify(value);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  });
  response.end(body);
  const { req: request } = response;
  if (request.complete) return;
  request.resume();
  const stop = startTimer(UNREAD_MS_MAX, () => request.destroy());
  request.once('close', stop);
}
