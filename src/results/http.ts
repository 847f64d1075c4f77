import type { IncomingMessage, ServerResponse } from 'node:http';
import { PassThrough, type Readable } from 'node:stream';
import { fault } from './faults.ts';
import type { ResultsLimits } from './limits.ts';

type BodyLimits = Pick<ResultsLimits, 'bodyIdleMsMax' | 'bodyMsMax'>;

/**
 * The body of a request as a stream that fails when the sender pauses or takes too long (`results/too-slow`), sends
 * more than `bytesMax` (`results/too-large`) or goes away (`results/request-invalid`). The request itself stays, so that
 * an answer can still be sent.
 */
export function bodyOf(request: IncomingMessage, bytesMax: number, limits: BodyLimits): Readable {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > bytesMax) throw fault('too-large', `the body has ${announced} bytes, ${bytesMax} are allowed`);

  const body = new PassThrough({ highWaterMark: 256 * 1024 });
  let bytes = 0;
  const slow = () => body.destroy(fault('too-slow', 'the sender of the body paused for too long'));
  const idle = setTimeout(slow, limits.bodyIdleMsMax);
  const whole = setTimeout(slow, limits.bodyMsMax);
  const onData = (chunk: Buffer) => {
    idle.refresh();
    bytes += chunk.byteLength;
    if (bytes > bytesMax) body.destroy(fault('too-large', `the body has more than ${bytesMax} bytes`));
  };
  const onGone = () => {
    if (!request.complete) body.destroy(fault('request-invalid', 'the sender went away before the body was whole'));
  };
  // A reader that is slow itself (a full disk queue) must not count as a slow sender.
  body.on('drain', () => idle.refresh());
  // Whoever reads gets the error; before somebody does, it must not end the process.
  body.on('error', () => {});
  request.on('data', onData);
  request.once('close', onGone);
  body.once('close', () => {
    clearTimeout(idle);
    clearTimeout(whole);
    request.off('data', onData);
    request.off('close', onGone);
    request.unpipe(body);
  });
  request.pipe(body);
  return body;
}

/** A small JSON body. Fault `results/request-invalid` when it is not JSON. */
export async function jsonOf(
  request: IncomingMessage,
  limits: BodyLimits & { jsonBytesMax: number },
): Promise<unknown> {
  const text = await textOf(request, limits.jsonBytesMax, limits);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw fault('request-invalid', 'the body is not JSON', { cause: error });
  }
}

export async function textOf(request: IncomingMessage, bytesMax: number, limits: BodyLimits): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bodyOf(request, bytesMax, limits)) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

export function reply(
  response: ServerResponse,
  status: number,
  headers: { readonly [name: string]: string | number } = {},
  body = '',
): void {
  const request = response.req;
  // A body that nobody reads would be taken for the next request.
  const isUnread = !request.complete;
  response.writeHead(status, {
    ...headers,
    ...(isUnread ? { connection: 'close' } : {}),
    ...(status === 204 ? {} : { 'content-length': Buffer.byteLength(body) }),
  });
  response.end(body, () => {
    if (isUnread) request.destroy();
  });
}

export function replyJson(response: ServerResponse, status: number, value: unknown): void {
  reply(response, status, { 'content-type': 'application/json' }, JSON.stringify(value));
}
