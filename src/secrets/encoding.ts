import { isUtf8 } from 'node:buffer';

/** How much of the start of a file tells whether it is text, in bytes. */
const HEAD_BYTES = 8_000;
/** Of the head: control characters that a text with some stray ones may have. Compressed or random bytes have twice that. */
const STRAY_SHARE_MAX = 0.05;
/** Of a sample: zero bytes at a place in each unit that say that the unit is a wide character. */
const ZERO_SHARE_MIN = 0.8;
const SAMPLE_BYTES = 512;

/** What a file holds: text in bytes as they stand, text that was written in wide characters, or no text. */
export type Content =
  | { readonly kind: 'utf8' | 'latin1' | 'binary' }
  /** Decoded. The mark of the byte order becomes a character, as in UTF-8. */
  | { readonly kind: 'wide'; readonly text: string };

/** Tells by the bytes alone: a name promises nothing. */
export function contentOf(bytes: Buffer): Content {
  const text = utf32Of(bytes) ?? utf16Of(bytes);
  if (text !== undefined) return { kind: 'wide', text };
  if (isBinary(bytes)) return { kind: 'binary' };
  return { kind: isUtf8(bytes) ? 'utf8' : 'latin1' };
}

/**
 * Zero bytes make a file one of data for git and grep, wherever they stand. Here a text stays one when zeros stand before it, or a few
 * stray ones within: they are what hides it from others.
 */
export function isBinary(bytes: Buffer): boolean {
  const first = bytes.indexOf(0);
  if (first === -1 || first >= HEAD_BYTES) return false;
  let start = 0;
  while (start < bytes.length && bytes[start] === 0) start += 1;
  const head = bytes.subarray(start, start + HEAD_BYTES);
  let stray = 0;
  for (const byte of head) if (isStray(byte)) stray += 1;
  return head.length === 0 || stray > Math.max(1, head.length * STRAY_SHARE_MAX) || !isUtf8(wholeLetters(head));
}

/** Not a tab, an end of a line or page, a backspace or an escape, which terminals and logs have. */
function isStray(byte: number): boolean {
  return byte < 8 || byte === 11 || (byte > 13 && byte < 27) || (byte > 27 && byte < 32);
}

/** Without the letter that the cut went through. */
function wholeLetters(head: Buffer): Buffer {
  let end = head.length;
  if (end < HEAD_BYTES) return head;
  while (end > 0 && ((head[end - 1] ?? 0) & 0xc0) === 0x80) end -= 1;
  return head.subarray(0, Math.max(0, end - 1));
}

/** UTF-16 by its mark, or by zero bytes at every other place. */
function utf16Of(bytes: Buffer): string | undefined {
  if (bytes.length < 4) return undefined;
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return bytes.toString('utf16le');
  const swapped = () =>
    Buffer.from(bytes.subarray(0, bytes.length & ~1))
      .swap16()
      .toString('utf16le');
  if (first === 0xfe && second === 0xff) return swapped();
  const [even = 0, odd = 0] = zerosOf(bytes, 2);
  if (odd > ZERO_SHARE_MIN && even === 0) return bytes.toString('utf16le');
  return even > ZERO_SHARE_MIN && odd === 0 ? swapped() : undefined;
}

/** UTF-32 by its mark, which begins as that of UTF-16 does, or by its zero bytes. */
function utf32Of(bytes: Buffer): string | undefined {
  if (bytes.length < 8) return undefined;
  const mark = bytes.readUInt32BE(0);
  const zeros = zerosOf(bytes, 4).map((share) => share > ZERO_SHARE_MIN);
  const isLittle = mark === 0xfffe0000 || (zeros[0] === false && zeros.slice(1).every(Boolean));
  const isBig = mark === 0x0000feff || (zeros[3] === false && zeros.slice(0, 3).every(Boolean));
  if (!isLittle && !isBig) return undefined;
  const units = Buffer.alloc((bytes.length >> 2) * 4);
  let length = 0;
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    const point = isLittle ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
    if (point < 0x10000) length = units.writeUInt16LE(point, length);
    else if (point > 0x10ffff) length = units.writeUInt16LE(0xfffd, length);
    else {
      length = units.writeUInt16LE(0xd800 + ((point - 0x10000) >> 10), length);
      length = units.writeUInt16LE(0xdc00 + ((point - 0x10000) & 0x3ff), length);
    }
  }
  return units.toString('utf16le', 0, length);
}

/** For each place in a unit of that many bytes: the share of units in a sample that have zero there. */
function zerosOf(bytes: Buffer, width: 2 | 4): readonly number[] {
  const units = Math.floor(Math.min(bytes.length, SAMPLE_BYTES) / width);
  const zeros = Array.from({ length: width }, () => 0);
  for (let at = 0; at < units * width; at += 1) if (bytes[at] === 0) zeros[at % width] = (zeros[at % width] ?? 0) + 1;
  return zeros.map((count) => count / units);
}
