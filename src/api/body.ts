import { fault } from './faults.ts';

/** A body must be there by then. */
const BODY_MS_MAX = 15_000;

/** The whole body, within its bounds of bytes and time. */
export async function readBody(request: Request, bytesMax: number): Promise<Buffer> {
  if (request.body === null) return Buffer.alloc(0);
  const tooLarge = () => fault('body-too-large', `a body here has at most ${bytesMax} bytes`);
  if (Number(request.headers.get('content-length') ?? 0) > bytesMax) throw tooLarge();
  const reader = request.body.getReader();
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(fault('body-slow', 'the body did not come in time')), BODY_MS_MAX);
  const parts: Uint8Array[] = [];
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), late]);
      if (done) return Buffer.concat(parts);
      bytes += value.length;
      if (bytes > bytesMax) throw tooLarge();
      parts.push(value);
    }
  } finally {
    clearTimeout(timer);
    // What still comes is nobody's concern; the connection is ended with the answer.
    void reader.cancel().catch(() => undefined);
  }
}

/** A body of JSON; `undefined` when there is none. */
export function parseBody(bytes: Buffer, type: string | null): unknown {
  if (bytes.length === 0) return undefined;
  if (!/^application\/([a-z.+-]*\+)?json *(;|$)/i.test(type ?? '')) {
    throw fault('body-type', 'the body is not called JSON by its content-type');
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw fault('request-invalid', 'body: not JSON in UTF-8');
  }
}
