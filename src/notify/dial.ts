import http from 'node:http';
import https from 'node:https';
import { isIP, isIPv6, type LookupFunction } from 'node:net';
import { excerpt, reasonOf } from '../base/index.ts';
import { canonicalAddress, classifyAddress } from '../egress/index.ts';
import { fault } from './faults.ts';

/** From the first byte that is sent to the last that is read. */
const ANSWER_MS_MAX = 10_000;
/** What is read of an answer; the rest is not waited for. */
const ANSWER_BYTES_MAX = 64 * 1024;
/** What is kept of it for people. */
const SHOWN_MAX = 2000;
const URL_MAX = 2000;
const ADDRESSES_MAX = 16;
/** Below it only those of web servers: a request must not be taken for mail by a mail server. */
const PORT_FREE_MIN = 1024;
const WEB_PORTS: readonly string[] = ['', '80', '443'];

export type DialerOptions = {
  /** All addresses of a name. */
  lookup(host: string): Promise<readonly string[]>;
  /** Names that may lead to private and loopback addresses, and over plain HTTP: the operator's word. */
  readonly insideHosts: readonly string[];
  /** Certificates that are believed instead of those of the system. */
  readonly ca?: string;
};

export type Answered = { readonly status: number; readonly text: string; readonly ms: number };

export type Dialer = {
  /** Whether it could be dialled at all, without doing so. Fault: `notify/url-invalid`. */
  check(url: string): URL;
  /**
   * Sends a body. Redirects are answers like any other: nothing follows them. Faults: `notify/url-invalid`, `notify/address-refused`,
   * `notify/unreachable`.
   */
  post(
    url: string,
    request: {
      readonly headers: { readonly [name: string]: string };
      readonly body: string;
      readonly signal?: AbortSignal;
    },
  ): Promise<Answered>;
};

/**
 * Dials receivers that others named. The name is looked up once, each address is judged, and the connection goes to one of those very
 * addresses: a name that answers otherwise the second time is never asked a second time.
 */
export function createDialer(options: DialerOptions): Dialer {
  const inside = new Set(options.insideHosts.map(plainHost));
  const check = (text: string) => checkedUrl(text, inside);
  return {
    check,
    async post(text, { headers, body, signal }) {
      const url = check(text);
      const host = plainHost(url.hostname);
      const started = performance.now();
      const late = AbortSignal.timeout(ANSWER_MS_MAX);
      const stop = signal === undefined ? late : AbortSignal.any([signal, late]);
      try {
        const addresses = await untilAbort(addressesOf(host, options), stop);
        requireAllowed(host, addresses, inside);
        const { status, bytes } = await send({ url, host, addresses, headers, body, stop, ca: options.ca });
        const shown = excerpt(bytes.toString('utf8').replaceAll('\0', ''), SHOWN_MAX);
        return { status, text: shown, ms: Math.round(performance.now() - started) };
      } catch (thrown) {
        if (late.aborted) {
          throw fault('unreachable', `${host} did not answer within ${ANSWER_MS_MAX} ms`, { cause: thrown });
        }
        if (thrown instanceof Error && thrown.name === 'Fault') throw thrown;
        throw fault('unreachable', `${host}: ${excerpt(reasonOf(thrown), 200)}`, { cause: thrown });
      }
    },
  };
}

/** One spelling of a name: small, without the dot of the root and the brackets of an address. */
const plainHost = (host: string) =>
  host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');

function checkedUrl(text: string, inside: ReadonlySet<string>): URL {
  const shown = JSON.stringify(excerpt(text, 100));
  const url = text.length <= URL_MAX && URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) throw fault('url-invalid', `${shown} is no address`);
  const isInside = inside.has(plainHost(url.hostname));
  if (url.protocol !== 'https:' && !(isInside && url.protocol === 'http:')) {
    throw fault('url-invalid', `${shown} is not https`);
  }
  if (url.username !== '' || url.password !== '') throw fault('url-invalid', 'the address has a user or a password');
  if (!WEB_PORTS.includes(url.port) && Number(url.port) < PORT_FREE_MIN) {
    throw fault('url-invalid', `port ${url.port} is not one of a web server`);
  }
  const host = plainHost(url.hostname);
  // What is an address already is judged at once: whoever sets it is told.
  if (isIP(host) !== 0) requireAllowed(host, [host], inside);
  return url;
}

async function addressesOf(host: string, options: DialerOptions): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host];
  const found = await options.lookup(host);
  if (found.length === 0) throw fault('unreachable', `${host} has no address`);
  return found.slice(0, ADDRESSES_MAX);
}

function requireAllowed(host: string, addresses: readonly string[], inside: ReadonlySet<string>): void {
  for (const address of addresses) {
    const kind = classifyAddress(address);
    if (kind === 'public' || (kind !== 'never' && inside.has(host))) continue;
    throw fault(
      'address-refused',
      `${excerpt(host, 100)} leads to ${address}, which is ${kind === 'never' ? 'reserved' : kind}`,
    );
  }
}

async function untilAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const end = () => reject(signal.reason instanceof Error ? signal.reason : new Error('ended'));
  signal.addEventListener('abort', end, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', end);
  }
}

function send(dialled: {
  readonly url: URL;
  readonly host: string;
  readonly addresses: readonly string[];
  readonly headers: { readonly [name: string]: string };
  readonly body: string;
  readonly stop: AbortSignal;
  readonly ca: string | undefined;
}): Promise<{ readonly status: number; readonly bytes: Buffer }> {
  const { url, host, addresses, body, stop, ca } = dialled;
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; bytes: Buffer }>();
  const module = url.protocol === 'https:' ? https : http;
  const request = module.request(url, {
    method: 'POST',
    headers: { ...dialled.headers, 'content-length': Buffer.byteLength(body), connection: 'close' },
    // One of its own: the one that all share may go through a proxy, and keeps connections.
    agent: false,
    lookup: onlyThese(addresses),
    signal: stop,
    ...(ca === undefined ? {} : { ca }),
    ...(isIP(host) === 0 ? { servername: host } : {}),
  });
  request.once('socket', (socket) => {
    const judge = () => {
      // It is one of those that were judged, or nothing is sent.
      const { remoteAddress } = socket;
      if (remoteAddress === undefined || !isAmong(remoteAddress, addresses)) {
        request.destroy(fault('address-refused', `the connection to ${host} went to ${remoteAddress ?? 'nowhere'}`));
      }
    };
    if (socket.connecting) socket.once('connect', judge);
    else judge();
  });
  request.once('error', reject);
  request.once('response', (response) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    const done = () => {
      resolve({ status: response.statusCode ?? 0, bytes: Buffer.concat(parts).subarray(0, ANSWER_BYTES_MAX) });
      request.destroy();
    };
    response.on('data', (part: Buffer) => {
      parts.push(part);
      bytes += part.length;
      if (bytes >= ANSWER_BYTES_MAX) done();
    });
    response.once('end', done);
    response.once('error', reject);
  });
  request.end(body);
  return promise;
}

function onlyThese(addresses: readonly string[]): LookupFunction {
  const found = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
  return (_host, options, callback) => {
    const [first] = found;
    if (options.all === true) callback(null, found);
    else if (first !== undefined) callback(null, first.address, first.family);
  };
}

/** An IPv4 address may come back in its IPv6 form. */
function isAmong(remote: string, addresses: readonly string[]): boolean {
  const plain = remote.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '');
  return addresses.some((address) => canonicalAddress(address) === canonicalAddress(plain));
}
