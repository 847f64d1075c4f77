import { readHost } from './host.ts';
import { encodeAnswer, encodeError, parseQuery, QUERY_BYTES_MAX, type Question, RCODE, TYPE } from './dns.ts';

/** Names that one job may be given an address for. A wildcard could otherwise be asked for without end. */
export const NAMES_MAX = 4096;
/** Queries a second, and at once, that are answered; more are dropped and counted. */
export const QUERIES_PER_SECOND_MAX = 200;
const QUERIES_BURST_MAX = 1000;
/** Seconds. The address of a name does not change within a job. */
const TTL_SECONDS = 60;

/** The first address that is given to a name is 198.18.1.0; the last of 198.18.0.0/15 is far beyond `NAMES_MAX`. */
const FIRST_ADDRESS = 198 * 2 ** 24 + 18 * 2 ** 16 + 256;

/** One synthetic address for each name, for the life of a job. */
export class NameBook {
  readonly #addresses = new Map<string, string>();
  readonly #names = new Map<string, string>();

  /** The address of a name, or nothing when the book is full. */
  assign(name: string): string | undefined {
    const known = this.#addresses.get(name);
    if (known !== undefined) return known;
    if (this.#addresses.size >= NAMES_MAX) return undefined;
    const number = FIRST_ADDRESS + this.#addresses.size;
    const address = [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
    this.#addresses.set(name, address);
    this.#names.set(address, name);
    return address;
  }

  nameOf(address: string): string | undefined {
    return this.#names.get(address);
  }
}

export type DnsVerdict =
  | { readonly verdict: 'allowed'; readonly name: string }
  | { readonly verdict: 'denied'; readonly name: string; readonly reason: string };

export type Resolver = {
  readonly names: NameBook;
  isAllowed(name: string): boolean;
  /** Names that stand for the pod itself. */
  readonly local: ReadonlySet<string>;
  now(): number;
};

export type Responder = {
  /** Queries that were dropped because of their rate. */
  readonly dropped: () => number;
  /** Decides on one message. `reply` is nothing when silence is the answer. */
  readonly answer: (bytes: Uint8Array) => { readonly reply?: Buffer; readonly seen?: DnsVerdict };
};

/** Answers queries from the allow list alone. Nothing is ever sent on. */
export function createResponder(resolver: Resolver): Responder {
  let tokens = QUERIES_BURST_MAX;
  let last = resolver.now();
  let dropped = 0;
  const admit = () => {
    const now = resolver.now();
    tokens = Math.min(QUERIES_BURST_MAX, tokens + ((now - last) / 1000) * QUERIES_PER_SECOND_MAX);
    last = now;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
  return {
    dropped: () => dropped,
    answer(bytes) {
      if (!admit()) {
        dropped += 1;
        return {};
      }
      const reading = parseQuery(bytes.length > QUERY_BYTES_MAX ? bytes.subarray(0, QUERY_BYTES_MAX + 1) : bytes);
      if (reading.state === 'unanswerable') return { seen: { verdict: 'denied', name: '', reason: 'malformed-query' } };
      if (reading.state === 'malformed') {
        const reply = encodeError(reading.id, reading.rcode);
        return { reply, seen: { verdict: 'denied', name: '', reason: 'malformed-query' } };
      }
      return decide(reading.question, resolver);
    },
  };
}

function decide(question: Question, resolver: Resolver): { reply: Buffer; seen: DnsVerdict } {
  const denied = (reason: string, rcode: number = RCODE.nameError) => ({
    reply: encodeAnswer(question, { rcode }),
    seen: { verdict: 'denied', name: question.name, reason } as const,
  });
  const host = readHost(question.name);
  if (question.class !== 1) return denied('not-listed', RCODE.refused);
  if (/(?:^|\.)(?:in-addr|ip6)\.arpa$/.test(question.name)) return denied('reverse-lookup');
  if (host.kind !== 'name') return denied(host.kind === 'address' ? 'address-literal' : 'not-listed');
  const isLocal = resolver.local.has(host.name);
  if (!isLocal && !resolver.isAllowed(host.name)) return denied('not-listed');
  const seen = { verdict: 'allowed', name: host.name } as const;
  // Of an allowed name only the address is known: other types exist, but have no records.
  if (question.type !== TYPE.a) return { reply: encodeAnswer(question, { rcode: RCODE.ok }), seen };
  const address = isLocal ? '127.0.0.1' : resolver.names.assign(host.name);
  if (address === undefined) return denied('too-many-names', RCODE.serverFailure);
  return { reply: encodeAnswer(question, { rcode: RCODE.ok, address, ttl: TTL_SECONDS }), seen };
}
