import type { IncomingMessage, ServerResponse } from 'node:http';
import { startTimer } from '../base/index.ts';
import { fault } from './runner-faults.ts';

/** A message must be whole by then. */
const BODY_MS_MAX = 30_000;

/** The whole body, within its bounds of bytes and time. */
export async function bytesOf(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const tooLarge = () => fault('body-too-large', `a body here has at most ${bytesMax} bytes`);
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) throw tooLarge();
  const { promise: late, reject } = Promise.withResolvers<never>();
  late.catch(() => undefined);
  const stop = startTimer(BODY_MS_MAX, () => reject(fault('body-slow', 'the body did not come in time')));
  const chunks: Buffer[] = [];
  let bytes = 0;
  const read = (async () => {
    for await (const chunk of request) {
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

export async function jsonOf(request: IncomingMessage, bytesMax: number): Promise<unknown> {
  const bytes = await bytesOf(request, bytesMax);
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
    // A body that was not read to its end would be taken for the next request.
    ...(status >= 400 ? { connection: 'close' } : {}),
  });
  response.end(body);
}
