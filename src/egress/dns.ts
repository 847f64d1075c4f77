/** Bytes of one query. A name has at most 255 and nothing else is long. */
export const QUERY_BYTES_MAX = 1232;
/** Compression pointers have no place in a question; labels are bounded by the name itself. */
const LABELS_MAX = 128;

export const TYPE = { a: 1, ptr: 12, aaaa: 28, any: 255 } as const;
/** Response codes (RFC 1035, 4.1.1). */
export const RCODE = { ok: 0, formatError: 1, serverFailure: 2, nameError: 3, notImplemented: 4, refused: 5 } as const;

export type Question = {
  readonly id: number;
  readonly recursion: boolean;
  /** Lower case; bytes that no host name has are shown as `\ddd`. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  /** The question as it came, to be repeated in the answer. */
  readonly raw: Uint8Array;
};

/** `unanswerable`: not even an error can be sent. `malformed` is answered with a format error. */
export type QueryReading =
  | { readonly state: 'question'; readonly question: Question }
  | { readonly state: 'malformed'; readonly id: number; readonly rcode: number }
  | { readonly state: 'unanswerable' };

/** Reads one DNS query (RFC 1035): exactly one question, no pointers, nothing but additional records behind it. */
export function parseQuery(bytes: Uint8Array): QueryReading {
  if (bytes.length < 12) return { state: 'unanswerable' };
  const id = uint16(bytes, 0);
  const flags = uint16(bytes, 2);
  // An answer is never answered: two servers could talk for ever.
  if ((flags & 0x8000) !== 0) return { state: 'unanswerable' };
  if (((flags >> 11) & 15) !== 0) return { state: 'malformed', id, rcode: RCODE.notImplemented };
  const malformed = { state: 'malformed', id, rcode: RCODE.formatError } as const;
  if (bytes.length > QUERY_BYTES_MAX || uint16(bytes, 4) !== 1 || uint16(bytes, 6) !== 0) return malformed;
  const read = readName(bytes, 12);
  if (read === undefined || bytes.length < read.end + 4) return malformed;
  return {
    state: 'question',
    question: {
      id,
      recursion: (flags & 0x0100) !== 0,
      name: read.name,
      type: uint16(bytes, read.end),
      class: uint16(bytes, read.end + 2),
      raw: bytes.subarray(12, read.end + 4),
    },
  };
}

function readName(bytes: Uint8Array, start: number): { name: string; end: number } | undefined {
  const labels: string[] = [];
  let at = start;
  for (let count = 0; count <= LABELS_MAX; count += 1) {
    const length = bytes[at];
    if (length === undefined || length > 63) return undefined;
    at += 1;
    if (length === 0) return { name: labels.join('.'), end: at };
    if (at + length > bytes.length || at + length - start > 254) return undefined;
    labels.push(showLabel(bytes.subarray(at, at + length)));
    at += length;
  }
  return undefined;
}

/** As zone files show labels, so that a dot inside a label is not taken for the end of one. */
function showLabel(label: Uint8Array): string {
  let text = '';
  for (const byte of label) {
    const isPlain = byte > 0x20 && byte < 0x7f && byte !== 0x2e && byte !== 0x5c;
    text += isPlain ? String.fromCharCode(byte).toLowerCase() : `\\${String(byte).padStart(3, '0')}`;
  }
  return text;
}

/** Encodes an answer: the question again, and at most one IPv4 address. `ttl` in seconds. */
export function encodeAnswer(
  question: Question,
  answer: { readonly rcode: number; readonly address?: string; readonly ttl?: number },
): Buffer {
  const header = encodeHeader(question.id, { recursion: question.recursion, rcode: answer.rcode, questions: 1 });
  if (answer.address === undefined) return Buffer.concat([header, question.raw]);
  header.writeUInt16BE(1, 6);
  const record = Buffer.alloc(16);
  record.writeUInt16BE(0xc00c, 0);
  record.writeUInt16BE(TYPE.a, 2);
  record.writeUInt16BE(1, 4);
  record.writeUInt32BE(answer.ttl ?? 60, 6);
  record.writeUInt16BE(4, 10);
  record.set(answer.address.split('.').map(Number), 12);
  return Buffer.concat([header, question.raw, record]);
}

/** Encodes an error for a query that could not be read. */
export function encodeError(id: number, rcode: number): Buffer {
  return encodeHeader(id, { recursion: true, rcode, questions: 0 });
}

function encodeHeader(id: number, options: { recursion: boolean; rcode: number; questions: number }): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(id, 0);
  header[2] = 0x80 | (options.recursion ? 1 : 0);
  header[3] = 0x80 | options.rcode;
  header.writeUInt16BE(options.questions, 4);
  return header;
}

function uint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) + (bytes[at + 1] ?? 0);
}
