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

/** A file on its way may pause for so long. Milliseconds. */
const PAUSE_MS_MAX = 30_000;

/** A body that is a file, piece by piece. Whoever stops reading ends its connection with the answer. */
export async function* fileOf(request: Request, bytesMax: number): AsyncGenerator<Uint8Array> {
  const tooLarge = () => fault('body-too-large', `a file here has at most ${bytesMax} bytes`);
  if (Number(request.headers.get('content-length') ?? 0) > bytesMax) throw tooLarge();
  const reader = request.body?.getReader();
  let bytes = 0;
  try {
    for (;;) {
      const { promise: late, reject } = Promise.withResolvers<never>();
      const timer = setTimeout(() => reject(fault('body-slow', 'the file did not go on in time')), PAUSE_MS_MAX);
      const piece = await Promise.race([reader?.read(), late]).finally(() => clearTimeout(timer));
      if (piece === undefined || piece.done) return;
      bytes += piece.value.length;
      if (bytes > bytesMax) throw tooLarge();
      yield piece.value;
    }
  } finally {
    void reader?.cancel().catch(() => undefined);
  }
}

/** A body of JSON; `undefined` when there is none. */
export function parseBody(bytes: Buffer, type: string | null): unknown {
  if (bytes.length === 0) return undefined;
  if (!/^application\/([a-z.+-]*\+)?json *(;|$)/i.test(type ?? '')) {
    throw fault('body-type', 'the body is not called JSON by its content-type');
  }
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw fault('request-invalid', 'body: not JSON in UTF-8');
  }
  requirePlain(value);
  return value;
}

/** What is deeper stops programs that walk through it; nobody means it. */
const DEPTH_MAX = 64;

/** A NUL is part of no text that anybody means, and no database keeps one. */
function requirePlain(value: unknown): void {
  const open: { readonly value: unknown; readonly depth: number }[] = [{ value, depth: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value: here, depth } = next;
    if (depth > DEPTH_MAX) throw fault('request-invalid', `body: deeper than ${DEPTH_MAX}`);
    if (typeof here === 'string') requireNoNul(here, 'body');
    if (typeof here !== 'object' || here === null) continue;
    for (const [name, inner] of Object.entries(here)) {
      requireNoNul(name, 'body');
      open.push({ value: inner, depth: depth + 1 });
    }
  }
}

export function requireNoNul(text: string, where: string): void {
  if (text.includes('\0')) throw fault('request-invalid', `${where}: a text has a NUL`);
}
