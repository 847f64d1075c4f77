import { createHmac } from 'node:crypto';
import type { Clock } from '../base/index.ts';
import { fault } from './faults.ts';
import { isEqual } from './token.ts';

export type SignedMethod = 'GET' | 'PUT';

/** How long a signed address serves. An upload of many blocks sends each to the same address. Milliseconds. */
export const SIGNED_URL_MS: { readonly [Method in SignedMethod]: number } = { GET: 10 * 60_000, PUT: 60 * 60_000 };

/** `path` with `se` (its end, milliseconds since 1970) and `sig`. Good for one method and this path only. */
export function signUrl(path: string, options: { key: Buffer; method: SignedMethod; clock: Clock }): string {
  const end = options.clock.now() + SIGNED_URL_MS[options.method];
  return `${path}?se=${end}&sig=${signatureOf(options.key, options.method, path, String(end))}`;
}

/** Fault `results/url-refused` for another method, another path, after its end, or without a signature of ours. */
export function verifyUrl(url: URL, options: { key: Buffer; method: string; clock: Clock }): void {
  const end = url.searchParams.getAll('se');
  const signature = url.searchParams.getAll('sig');
  const [se] = end;
  const [sig] = signature;
  if (se === undefined || sig === undefined || end.length > 1 || signature.length > 1 || !/^[0-9]{1,15}$/.test(se)) {
    throw fault('url-refused', 'the address is not signed');
  }
  if (!isEqual(sig, signatureOf(options.key, options.method, url.pathname, se))) {
    throw fault('url-refused', `the signature does not hold for ${options.method} of this address`);
  }
  if (options.clock.now() >= Number(se)) throw fault('url-refused', 'the address has expired');
}

function signatureOf(key: Buffer, method: string, path: string, end: string): string {
  return createHmac('sha256', key).update(`signed-url\n${method}\n${path}\n${end}`).digest('base64url');
}
