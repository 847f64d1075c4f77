import { crc32 } from 'node:zlib';

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const DIGITS = 6;

/** CRC-32 of a text as six digits of base 62: what tokens of several makers, ours among them, end with. */
export function checksumOf(text: string): string {
  let rest = crc32(text);
  let digits = '';
  while (rest > 0) {
    digits = (BASE62[rest % BASE62.length] ?? '') + digits;
    rest = Math.floor(rest / BASE62.length);
  }
  return digits.padStart(DIGITS, '0');
}

/** `count` digits of base 62, each equally likely: bytes that would favour some digits are drawn again. */
export function randomDigits(count: number, source: { random(bytes: number): Uint8Array }): string {
  const fair = 256 - (256 % BASE62.length);
  let digits = '';
  while (digits.length < count) {
    for (const byte of source.random(count - digits.length)) {
      if (byte < fair) digits += BASE62[byte % BASE62.length];
    }
  }
  return digits;
}
