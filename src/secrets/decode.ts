import type { EncodedHit } from './scan-text.ts';

/** The longest encoded stretch that is decoded, in bytes, and how often layers may lie in each other. */
const LAYER_BYTES_MAX = 256 * 1024;
export const DECODE_DEPTH_MAX = 2;
/** All bytes that are decoded for one file: hostile input cannot make the work more than a small multiple of its size. */
export const DECODED_BYTES_MAX = 4 * 1024 * 1024;

/** A decoded stretch. Offsets in bytes of what it was decoded from. */
export type Layer = { readonly bytes: Buffer; readonly start: number; readonly end: number };

const BASE64 = classOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=');
const HEX = classOf('0123456789abcdefABCDEF');
const PERCENT = classOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%!*();@&=+$,/?#[]:');

/** Decodes the stretches around encoded keywords. Only what becomes readable text is given. */
export function layersOf(bytes: Buffer, hits: readonly EncodedHit[]): readonly Layer[] {
  const layers: Layer[] = [];
  let done = -1;
  let total = 0;
  for (const { encoding, start: hitStart, end: hitEnd } of hits) {
    if (hitStart < done) continue;
    const allowed = encoding === 'base64' ? BASE64 : encoding === 'hex' ? HEX : PERCENT;
    let start = hitStart;
    while (start > 0 && hitEnd - start < LAYER_BYTES_MAX && allowed[bytes[start - 1] ?? 0] === 1) start -= 1;
    let end = hitEnd;
    while (end < bytes.length && end - start < LAYER_BYTES_MAX && allowed[bytes[end] ?? 0] === 1) end += 1;
    const decoded = decode(bytes.toString('latin1', start, end), encoding);
    done = end;
    if (decoded === undefined) continue;
    total += decoded.length;
    if (total > DECODED_BYTES_MAX) break;
    layers.push({ bytes: decoded, start, end });
  }
  return layers;
}

function decode(text: string, encoding: EncodedHit['encoding']): Buffer | undefined {
  if (encoding === 'percent') {
    const plain = text.replaceAll(/%[0-9a-f]{2}/gi, (code) => String.fromCharCode(Number.parseInt(code.slice(1), 16)));
    return plain === text ? undefined : Buffer.from(plain, 'latin1');
  }
  if (encoding === 'hex') {
    const bytes = Buffer.from(text, 'hex');
    return isReadable(bytes) ? bytes : undefined;
  }
  // A word that sticks to the front (`key=`, a path) shifts the alignment: the part after the last `=` within is tried alone.
  const inner = /^[^=]*=+(?=[^=])/.exec(text)?.[0] ?? '';
  for (const part of [text, text.slice(inner.length)]) {
    if (part.length < 12) continue;
    const bytes = Buffer.from(part, 'base64');
    if (isReadable(bytes)) return bytes;
  }
  return undefined;
}

/** Text: no control characters but white space, and few bytes above ASCII. */
function isReadable(bytes: Buffer): boolean {
  if (bytes.length < 6) return false;
  const sample = Math.min(bytes.length, 2_000);
  let high = 0;
  for (let at = 0; at < sample; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte < 32 && byte !== 9 && byte !== 10 && byte !== 13) return false;
    if (byte >= 127) high += 1;
  }
  return high * 10 <= sample;
}

function classOf(letters: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const letter of letters) table[letter.charCodeAt(0)] = 1;
  return table;
}
