import { CLIENT_HELLO_BYTES_MAX, parseClientHello } from '../../src/egress/client-hello.ts';
import { encodeAnswer, parseQuery, QUERY_BYTES_MAX } from '../../src/egress/dns.ts';
import { readHost } from '../../src/egress/host.ts';
import type { FuzzOutcome } from './outcome.ts';

export type HelloParts = {
  readonly names?: readonly string[];
  readonly extensions?: readonly (readonly [type: number, body: Uint8Array])[];
  /** Bytes of the handshake message in each TLS record. */
  readonly recordBytes?: number;
  readonly noExtensions?: boolean;
};

/** Builds the ClientHello that a client would send. Each of `names` becomes a server_name extension of its own. */
export function buildClientHello(parts: HelloParts): Buffer {
  const extensions = [
    [0x002b, Buffer.from([2, 3, 4])] as const,
    ...(parts.names ?? []).map((name) => {
      const entry = Buffer.concat([Buffer.from([0]), sized(Buffer.from(name, 'latin1'), 2)]);
      return [0, sized(entry, 2)] as const;
    }),
    ...(parts.extensions ?? []),
  ];
  const encoded = extensions.map(([type, body]) => Buffer.concat([number(type, 2), sized(body, 2)]));
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32, 7),
    sized(Buffer.alloc(32, 9), 1),
    sized(Buffer.from([0x13, 0x01, 0x13, 0x02]), 2),
    sized(Buffer.from([0]), 1),
    ...(parts.noExtensions === true ? [] : [sized(Buffer.concat(encoded), 2)]),
  ]);
  const message = Buffer.concat([Buffer.from([1]), sized(body, 3)]);
  const size = parts.recordBytes ?? message.length;
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) {
    records.push(Buffer.concat([Buffer.from([0x16, 3, 1]), sized(message.subarray(at, at + size), 2)]));
  }
  return Buffer.concat(records);
}

/** Builds a query for one name. */
export function buildQuery(name: string, options: { type?: number; id?: number } = {}): Buffer {
  const labels = name === '' ? [] : name.split('.').map((label) => sized(Buffer.from(label, 'latin1'), 1));
  const header = Buffer.concat([number(options.id ?? 0x1234, 2), Buffer.from([1, 0, 0, 1, 0, 0, 0, 0, 0, 0])]);
  return Buffer.concat([header, ...labels, Buffer.from([0]), number(options.type ?? 1, 2), number(1, 2)]);
}

/**
 * Mutated and truncated hellos. Wanted: never an exception, always an answer, none that depends on bytes that are not
 * there yet: once a name is told for a prefix, the whole stream must tell the same one.
 */
export function fuzzClientHello(seed: number, rounds: number): FuzzOutcome {
  const random = randomOf(seed);
  const failures: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const names = random() < 0.9 ? ['registry.example'] : ['a.example', 'b.example'];
    const bytes = mutate(buildClientHello({ names, recordBytes: 1 + Math.floor(random() * 200) }), random);
    const cut = Math.floor(random() * (bytes.length + 1));
    try {
      const early = parseClientHello(bytes.subarray(0, cut));
      const whole = parseClientHello(bytes);
      const later = parseClientHello(Buffer.concat([bytes, Buffer.alloc(CLIENT_HELLO_BYTES_MAX)]));
      if (later.state === 'need-more') failures.push(`seed ${seed} round ${round}: asks for more beyond the limit`);
      if (early.state === 'named' && (whole.state !== 'named' || whole.name !== early.name)) {
        failures.push(`seed ${seed} round ${round}: a prefix tells another name`);
      }
    } catch (error) {
      failures.push(`seed ${seed} round ${round}: ${String(error)}`);
    }
  }
  return { rounds, failures };
}

/** Mutated queries. Wanted: never an exception; a question that was read is answered with itself and within bounds. */
export function fuzzDns(seed: number, rounds: number): FuzzOutcome {
  const random = randomOf(seed);
  const failures: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const name = Array.from({ length: 1 + Math.floor(random() * 6) }, () => 'x'.repeat(1 + Math.floor(random() * 63)));
    const bytes = mutate(buildQuery(name.join('.')), random);
    try {
      const reading = parseQuery(bytes);
      if (reading.state !== 'question') continue;
      const answer = encodeAnswer(reading.question, { rcode: 0, address: '198.18.1.0', ttl: 60 });
      const echoed = answer.subarray(12, 12 + reading.question.raw.length);
      if (!echoed.equals(reading.question.raw)) failures.push(`seed ${seed} round ${round}: another question`);
      if (answer.length > QUERY_BYTES_MAX + 32) failures.push(`seed ${seed} round ${round}: too long an answer`);
      const host = readHost(reading.question.name);
      if (host.kind === 'name' && !/^[a-z0-9_.-]+$/.test(host.name))
        failures.push(`seed ${seed} round ${round}: a strange name`);
    } catch (error) {
      failures.push(`seed ${seed} round ${round}: ${String(error)}`);
    }
  }
  return { rounds, failures };
}

function mutate(bytes: Buffer, random: () => number): Buffer {
  const copy = Buffer.from(bytes);
  const changes = Math.floor(random() * 6);
  for (let change = 0; change < changes; change += 1) {
    const at = Math.floor(random() * copy.length);
    copy[at] =
      random() < 0.5 ? Math.floor(random() * 256) : ([0, 1, 63, 64, 127, 128, 192, 255][Math.floor(random() * 8)] ?? 0);
  }
  const kind = random();
  if (kind < 0.2) return copy.subarray(0, Math.floor(random() * (copy.length + 1)));
  if (kind < 0.3) return Buffer.concat([copy, Buffer.alloc(Math.floor(random() * 2000), 0xff)]);
  return copy;
}

function sized(bytes: Uint8Array, lengthBytes: number): Buffer {
  return Buffer.concat([number(bytes.length, lengthBytes), bytes]);
}

function number(value: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntBE(value, 0, bytes);
  return buffer;
}

/** mulberry32: small, seeded and good enough to choose mutations. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
