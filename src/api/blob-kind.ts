const LINK_MODE = '120000';
/** Bytes in which a NUL tells that a file is no text, as git looks for it. */
const LOOKED_AT = 8000;

/** Whether a file can be shown as text. */
export function blobKindOf(mode: string, bytes: Uint8Array): 'text' | 'binary' | 'link' {
  if (mode === LINK_MODE) return 'link';
  if (bytes.subarray(0, LOOKED_AT).includes(0)) return 'binary';
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return 'text';
  } catch {
    // Bytes of another encoding, or none at all: shown as text they would say something else.
    return 'binary';
  }
}

const IMAGES = [
  { type: 'image/png', begins: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] },
  { type: 'image/jpeg', begins: [0xff, 0xd8, 0xff] },
  { type: 'image/gif', begins: [0x47, 0x49, 0x46, 0x38] },
] as const;

/** The type of a picture of pixels, by its first bytes. An SVG can hold scripts and is none. */
export function imageTypeOf(bytes: Uint8Array): string | undefined {
  const text = Buffer.from(bytes.subarray(0, 12)).toString('latin1');
  if (text.startsWith('RIFF') && text.endsWith('WEBP')) return 'image/webp';
  return IMAGES.find(({ begins }) => begins.every((byte, at) => bytes[at] === byte))?.type;
}
