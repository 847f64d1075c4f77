/** How far apart the known offsets are, in bytes. */
const STEP = 512;

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** The offset in UTF-16 code units of an offset in bytes, for a text and its UTF-8. */
export function offsetsOf(bytes: Uint8Array, text: string): (byte: number) => number {
  if (text.length === bytes.length) return (byte) => byte;
  const known = new Uint32Array(Math.floor(bytes.length / STEP) + 1);
  let units = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    if (at % STEP === 0) known[at / STEP] = units;
    units += unitsOf(bytes[at] ?? 0);
  }
  // Bytes that are no UTF-8 became U+FFFD in a way that only the decoder knows.
  if (units !== text.length) return (byte) => decoder.decode(bytes.subarray(0, byte)).length;
  return (byte) => {
    const from = Math.floor(byte / STEP);
    let offset = known[from] ?? 0;
    for (let at = from * STEP; at < byte; at += 1) offset += unitsOf(bytes[at] ?? 0);
    return offset;
  };
}

/** Code units that a character adds at its first byte. */
function unitsOf(byte: number): number {
  return (byte & 0xc0) === 0x80 ? 0 : byte >= 0xf0 ? 2 : 1;
}
