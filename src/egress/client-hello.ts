/** Bytes of a ClientHello with its record headers. Post-quantum key shares need about 2 KB. */
export const CLIENT_HELLO_BYTES_MAX = 32_768;
/** Records that one ClientHello may be spread over. */
const RECORDS_MAX = 64;

/** Words for what is wrong, as they go into the record of the connection. */
export type HelloProblem = 'not-tls' | 'malformed-hello' | 'no-name' | 'several-names' | 'ech' | 'hello-too-large';

/** `need-more`: call again with more bytes of the same stream. */
export type HelloReading =
  | { readonly state: 'need-more' }
  | { readonly state: 'named'; readonly name: string }
  | { readonly state: 'refused'; readonly problem: HelloProblem };

const EXTENSION_SERVER_NAME = 0;
const EXTENSION_ENCRYPTED_CLIENT_HELLO = 0xfe0d;

/**
 * Reads the server name from the first bytes of a TLS connection (RFC 8446, 4.1.2; RFC 6066, 3). The bytes are those
 * of an attacker: they may be split over records and segments anywhere. Anything that a server could read in another
 * way is refused: two names, a hidden name (encrypted ClientHello), lengths that do not add up.
 */
export function parseClientHello(bytes: Uint8Array): HelloReading {
  const gathered = gatherHandshake(bytes);
  if ('state' in gathered) return gathered;
  return readHello(gathered.hello);
}

/** Joins the fragments of the first handshake message. */
function gatherHandshake(bytes: Uint8Array): HelloReading | { hello: Uint8Array } {
  const fragments: Uint8Array[] = [];
  let gathered = 0;
  let at = 0;
  for (let record = 0; record < RECORDS_MAX; record += 1) {
    if (bytes.length > at && bytes[at] !== 0x16) return refused(record === 0 ? 'not-tls' : 'malformed-hello');
    if (bytes.length > at + 1 && bytes[at + 1] !== 3) return refused('not-tls');
    if (bytes.length < at + 5) return needMore(bytes);
    const length = uint16(bytes, at + 3);
    if (length === 0 || length > 16_384) return refused('malformed-hello');
    const fragment = bytes.subarray(at + 5, Math.min(at + 5 + length, bytes.length));
    fragments.push(fragment);
    gathered += fragment.length;
    const message = fragments.length === 1 ? fragment : Buffer.concat(fragments);
    if (message.length > 0 && message[0] !== 1) return refused('not-tls');
    if (message.length >= 4) {
      const wanted = 4 + ((message[1] ?? 0) << 16) + uint16(message, 2);
      if (wanted > CLIENT_HELLO_BYTES_MAX) return refused('hello-too-large');
      if (gathered >= wanted) return { hello: message.subarray(4, wanted) };
    }
    if (bytes.length < at + 5 + length) return needMore(bytes);
    at += 5 + length;
  }
  return refused('malformed-hello');
}

function readHello(hello: Uint8Array): HelloReading {
  const reader = new Reader(hello);
  reader.skip(2 + 32);
  reader.take(reader.uint8());
  reader.take(reader.uint16());
  reader.take(reader.uint8());
  if (reader.failed) return refused('malformed-hello');
  if (reader.left === 0) return refused('no-name');
  const extensions = new Reader(reader.take(reader.uint16()));
  if (reader.failed || reader.left !== 0) return refused('malformed-hello');
  const names: string[] = [];
  while (extensions.left > 0) {
    const type = extensions.uint16();
    const body = extensions.take(extensions.uint16());
    if (extensions.failed) return refused('malformed-hello');
    if (type === EXTENSION_ENCRYPTED_CLIENT_HELLO) return refused('ech');
    if (type !== EXTENSION_SERVER_NAME) continue;
    const name = readServerName(body);
    if (name === undefined) return refused('malformed-hello');
    names.push(name);
  }
  const [name, ...others] = names;
  if (others.length > 0) return refused('several-names');
  return name === undefined ? refused('no-name') : { state: 'named', name };
}

/** The list of RFC 6066 must hold exactly one entry, of type host_name. */
function readServerName(body: Uint8Array): string | undefined {
  const outer = new Reader(body);
  const list = new Reader(outer.take(outer.uint16()));
  const type = list.uint8();
  const name = list.take(list.uint16());
  const whole = !outer.failed && outer.left === 0 && !list.failed && list.left === 0;
  if (!whole || type !== 0 || name.length === 0) return undefined;
  return name.every((byte) => byte > 0x20 && byte < 0x7f) ? Buffer.from(name).toString('latin1') : undefined;
}

function refused(problem: HelloProblem): HelloReading {
  return { state: 'refused', problem };
}

function needMore(bytes: Uint8Array): HelloReading {
  return bytes.length >= CLIENT_HELLO_BYTES_MAX ? refused('hello-too-large') : { state: 'need-more' };
}

function uint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) + (bytes[at + 1] ?? 0);
}

/** Reads forward and never past the end: what is missing sets `failed`. */
class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;
  failed = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  take(length: number): Uint8Array {
    if (length > this.left) {
      this.failed = true;
      this.#at = this.#bytes.length;
      return new Uint8Array();
    }
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  skip(length: number): void {
    this.take(length);
  }

  uint8(): number {
    return this.take(1)[0] ?? 0;
  }

  uint16(): number {
    return uint16(this.take(2), 0);
  }
}
