/** The longest name that counts, in bytes: of a longer one, its beginning does. */
const NAME_BYTES_MAX = 120;
/** Bits of the filter for each name, and how many of them a name sets: one name in fifty is taken for another. */
const BITS_EACH = 10;
const MARKS = 3;

/** Bytes that names are made of; those above are parts of other letters. */
const isLetter = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x80 || /[\w$]/.test(String.fromCharCode(byte)) ? 1 : 0,
);

const OFFSET = 0x811c9dc5;
const PRIME = 0x01000193;

const DOT = 0x2e;
const CLOSE = 0x29;
const BLANK_MAX = 0x20;
/** Where the digest of a name begins that is asked of the result of a call. */
const CHAINED = Math.imul(OFFSET ^ CLOSE, PRIME);

/**
 * The names that a text mentions, as a filter after Bloom in base64: it knows every name that is there, and takes few others for
 * one that is. A name that is asked of the result of a call, `find().name`, is there as `)name` as well.
 */
export function mentionsOf(bytes: Uint8Array): string {
  const names = new Set<number>();
  let hash = OFFSET;
  let chained = CHAINED;
  let length = 0;
  // The last two bytes before the name that are neither blanks nor letters.
  let last = 0;
  let before = 0;
  for (let at = 0; at <= bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (isLetter[byte] === 1) {
      if (length < NAME_BYTES_MAX) {
        hash = Math.imul(hash ^ byte, PRIME);
        chained = Math.imul(chained ^ byte, PRIME);
      }
      length += 1;
      continue;
    }
    if (length > 0) {
      names.add(hash);
      if (last === DOT && before === CLOSE) names.add(chained);
      hash = OFFSET;
      chained = CHAINED;
      length = 0;
      last = 0;
    }
    if (byte > BLANK_MAX) {
      before = last;
      last = byte;
    }
  }
  const filter = new Uint8Array(Math.max(1, Math.ceil((names.size * BITS_EACH) / 8)));
  const bits = filter.length * 8;
  for (const name of names) {
    for (let mark = 0; mark < MARKS; mark += 1) {
      const bit = bitOf(name, mark, bits);
      filter[bit >> 3] = (filter[bit >> 3] ?? 0) | (1 << (bit & 7));
    }
  }
  return Buffer.from(filter).toString('base64');
}

/** Spreads the bits of a digest in one way for each mark. */
function bitOf(hash: number, mark: number, bits: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), FACTORS[mark] ?? 1);
  return ((mixed ^ (mixed >>> 13)) >>> 0) % bits;
}

const FACTORS = [0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f];

/** A name as filters know it. */
export type Digested = number;

/** Says of names whether the text may mention them; it surely does not where the answer is no. */
export function mentionTest(mentions: string): (name: Digested) => boolean {
  const filter = Buffer.from(mentions, 'base64');
  const bits = filter.length * 8;
  return (name) => {
    for (let mark = 0; mark < MARKS; mark += 1) {
      const bit = bitOf(name, mark, bits);
      if (((filter[bit >> 3] ?? 0) & (1 << (bit & 7))) === 0) return false;
    }
    return true;
  };
}

export function digested(name: string): Digested {
  let hash = OFFSET;
  const bytes = Buffer.from(name);
  const end = bytes[0] === CLOSE ? NAME_BYTES_MAX + 1 : NAME_BYTES_MAX;
  for (const byte of bytes.subarray(0, end)) hash = Math.imul(hash ^ byte, PRIME);
  return hash;
}
