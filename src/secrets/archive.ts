import { brotliDecompressSync, gunzipSync, inflateRawSync, zstdDecompressSync } from 'node:zlib';

/** How deep archives in archives are opened. */
export const ARCHIVE_DEPTH_MAX = 3;
/** Entries of one archive that are read. */
const ENTRIES_MAX = 5_000;
/** The largest entry, all that one file may unpack to, and how much larger than its packed form an entry may be. Bytes. */
const ENTRY_BYTES_MAX = 16 * 1024 * 1024;
export const UNPACKED_BYTES_MAX = 128 * 1024 * 1024;
const RATIO_MAX = 200;
/** Below this size the ratio says nothing. Bytes. */
const RATIO_FROM_BYTES = 1024 * 1024;

export type ArchiveEntry = { readonly path: string; readonly bytes: Buffer };
export type ArchiveOutcome = {
  readonly entries: readonly ArchiveEntry[] /** Why some were not read. */;
  readonly left: readonly string[];
};
export type ArchiveKind = 'zip' | 'gzip' | 'zstd' | 'brotli' | 'tar';

/** What is packed in it, by its first bytes; brotli, which has none of its own, by the name. */
export function archiveKindOf(bytes: Uint8Array, path: string): ArchiveKind | undefined {
  if (bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4) return 'zip';
  if (bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8) return 'gzip';
  const isTar = bytes.length >= 512 && Buffer.from(bytes.subarray(257, 262)).toString('latin1') === 'ustar';
  if (isTar) return 'tar';
  if (startsWith(bytes, [0x28, 0xb5, 0x2f, 0xfd])) return 'zstd';
  return /\.br$/i.test(path) ? 'brotli' : undefined;
}

/** Forms without a decoder here, by their first bytes. */
const SEALED: readonly (readonly [string, readonly number[]])[] = [
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]],
  ['7-Zip', [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]],
  ['RAR', [0x52, 0x61, 0x72, 0x21, 0x1a, 0x07]],
  ['LZ4', [0x04, 0x22, 0x4d, 0x18]],
  ['LZMA', [0x5d, 0, 0]],
];

/** What packed it, when nothing here can unpack that. */
export function sealedKindOf(bytes: Uint8Array): string | undefined {
  const isBzip2 = startsWith(bytes, [0x42, 0x5a, 0x68]) && startsWith(bytes.subarray(4), [0x31, 0x41, 0x59, 0x26]);
  return isBzip2 ? 'bzip2' : SEALED.find(([, magic]) => startsWith(bytes, magic))?.[0];
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, at) => bytes[at] === byte);
}

/** Unpacks in memory, within the limits; a broken archive gives what could be read of it. */
export function unpack(bytes: Buffer, kind: ArchiveKind, budget: { bytes: number }): ArchiveOutcome {
  switch (kind) {
    case 'zip':
      return unzip(bytes, budget);
    case 'tar':
      return untar(bytes, budget);
    case 'gzip':
      return unpackOne(gunzipSync, bytes, budget);
    case 'zstd':
      return unpackOne(zstdDecompressSync, bytes, budget);
    case 'brotli':
      return unpackOne(brotliDecompressSync, bytes, budget);
  }
}

/** One packed stream, which may be that of a tar file. */
function unpackOne(
  decode: (bytes: Buffer, limits: { readonly maxOutputLength: number }) => Buffer,
  bytes: Buffer,
  budget: { bytes: number },
): ArchiveOutcome {
  const maxOutputLength = Math.max(1, Math.min(budget.bytes, UNPACKED_BYTES_MAX));
  const plain = attempt(() => decode(bytes, { maxOutputLength }));
  if (plain === undefined) return { entries: [], left: ['it is damaged, or larger unpacked than the limit'] };
  budget.bytes -= plain.length;
  if (archiveKindOf(plain, '') === 'tar') return untar(plain, budget, true);
  return { entries: [{ path: '', bytes: plain }], left: [] };
}

function attempt(unpacking: () => Buffer): Buffer | undefined {
  try {
    return unpacking();
  } catch {
    // Damaged or above the limit: told as a gap.
    return undefined;
  }
}

/** By the central directory: what comes before it is never trusted for sizes or names. */
function unzip(bytes: Buffer, budget: { bytes: number }): ArchiveOutcome {
  const entries: ArchiveEntry[] = [];
  const left: string[] = [];
  const end = bytes.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
  if (end === -1 || end + 22 > bytes.length) return { entries, left: ['its directory is missing'] };
  let at = bytes.readUInt32LE(end + 16);
  for (let count = 0; at + 46 <= bytes.length && bytes.readUInt32LE(at) === 0x02014b50; count += 1) {
    if (count >= ENTRIES_MAX) {
      left.push(`it has more than ${ENTRIES_MAX} entries`);
      break;
    }
    const nameLength = bytes.readUInt16LE(at + 28);
    const path = bytes.toString('utf8', at + 46, at + 46 + nameLength);
    const entry = {
      method: bytes.readUInt16LE(at + 10),
      isEncrypted: (bytes.readUInt16LE(at + 8) & 1) === 1,
      packed: bytes.readUInt32LE(at + 20),
      size: bytes.readUInt32LE(at + 24),
      header: bytes.readUInt32LE(at + 42),
    };
    at += 46 + nameLength + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
    if (path.endsWith('/') || entry.size === 0) continue;
    const content = readZipEntry(bytes, entry, budget);
    if (typeof content === 'string') left.push(`${path.slice(0, 100)} ${content}`);
    else entries.push({ path, bytes: content });
  }
  return { entries, left };
}

type ZipEntry = {
  readonly method: number;
  readonly isEncrypted: boolean;
  readonly packed: number;
  readonly size: number;
  readonly header: number;
};

function readZipEntry(bytes: Buffer, entry: ZipEntry, budget: { bytes: number }): Buffer | string {
  const { header, packed, size, method } = entry;
  if (entry.isEncrypted) return 'is encrypted';
  if (size > ENTRY_BYTES_MAX || size > budget.bytes) return 'is larger than the limit';
  if (size > RATIO_FROM_BYTES && size > packed * RATIO_MAX) return 'is packed tighter than the limit';
  if (header + 30 > bytes.length) return 'is damaged';
  const start = header + 30 + bytes.readUInt16LE(header + 26) + bytes.readUInt16LE(header + 28);
  const data = bytes.subarray(start, start + packed);
  if (method !== 0 && method !== 8) return 'is packed in a way that is not known';
  const plain =
    method === 0
      ? data
      : attempt(() => inflateRawSync(data, { maxOutputLength: Math.max(1, Math.min(size + 1, budget.bytes)) }));
  if (plain === undefined) return 'is damaged';
  budget.bytes -= plain.length;
  return plain;
}

/** `isUnpacked`: the budget has been charged with these bytes already. */
function untar(bytes: Buffer, budget: { bytes: number }, isUnpacked = false): ArchiveOutcome {
  const entries: ArchiveEntry[] = [];
  const left: string[] = [];
  let longName: string | undefined;
  for (let at = 0, count = 0; at + 512 <= bytes.length; count += 1) {
    const header = bytes.subarray(at, at + 512);
    if (header[0] === 0) break;
    if (count >= ENTRIES_MAX) {
      left.push(`it has more than ${ENTRIES_MAX} entries`);
      break;
    }
    const size = Number.parseInt(fieldOf(header, 124, 12).trim() || '0', 8);
    if (!Number.isSafeInteger(size) || size < 0) {
      left.push('it is damaged');
      break;
    }
    const type = String.fromCharCode(header[156] ?? 0);
    const data = bytes.subarray(at + 512, at + 512 + size);
    at += 512 + Math.ceil(size / 512) * 512;
    if (type === 'L') longName = data.toString('utf8').replace(/\0.*$/s, '');
    else if (type === 'x') longName = /(?:^|\n)\d+ path=([^\n]*)/.exec(data.toString('utf8'))?.[1] ?? longName;
    else if (type === '0' || type === '\0') {
      const prefix = fieldOf(header, 345, 155);
      const path = longName ?? (prefix === '' ? fieldOf(header, 0, 100) : `${prefix}/${fieldOf(header, 0, 100)}`);
      longName = undefined;
      if (size > ENTRY_BYTES_MAX || (!isUnpacked && size > budget.bytes))
        left.push(`${path.slice(0, 100)} is larger than the limit`);
      else {
        if (!isUnpacked) budget.bytes -= size;
        entries.push({ path, bytes: data });
      }
    } else longName = undefined;
  }
  return { entries, left };
}

function fieldOf(header: Buffer, start: number, length: number): string {
  return header.toString('utf8', start, start + length).replace(/\0.*$/s, '');
}
