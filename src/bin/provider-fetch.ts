import http from 'node:http';
import https from 'node:https';
import { isIP, isIPv6, type LookupFunction } from 'node:net';
import { excerpt, faultsOf } from '../base/index.ts';
import { classifyAddress } from '../egress/index.ts';

const fault = faultsOf('provider', {
  'address-refused': {
    status: 502,
    help: 'The provider of `oidc` must be reached by https at a public address. One of your own network: unsafe_inside_issuer: true.',
  },
  'answer-large': { status: 502, help: 'This is no answer of a provider of OpenID Connect: look at `issuer`.' },
});

const ANSWER_BYTES_MAX = 512 * 1024;
const ANSWER_MS_MAX = 15_000;
const STATUS_WITHOUT_BODY = new Set([101, 204, 205, 304]);

export type ProviderFetchOptions = {
  readonly issuer: string;
  /** The host of the issuer, and no other, may lie in the own network or on this machine. */
  readonly isInside: boolean;
  /** All addresses of a name. */
  lookup(host: string): Promise<readonly string[]>;
};

type Asked = {
  readonly method: string;
  readonly headers: { readonly [name: string]: string };
  readonly body?: unknown;
  readonly signal?: AbortSignal;
};

const plainHost = (url: URL) => url.hostname.toLowerCase().replace(/^\[(.*)\]$/, '$1');

/**
 * Asks the provider. What it says of itself names further addresses, which could lead into the network of the server: each is looked up
 * once, judged, and dialled at the very address that was judged. Redirects are not followed. Plain HTTP is for an issuer inside only.
 */
export function createProviderFetch(options: ProviderFetchOptions): (url: string, asked: Asked) => Promise<Response> {
  const issuer = new URL(options.issuer);
  return async (text, asked) => {
    const url = new URL(text);
    const host = plainHost(url);
    const isInside = options.isInside && host === plainHost(issuer);
    if (url.protocol !== 'https:' && !(isInside && url.protocol === 'http:')) {
      throw fault('address-refused', `${excerpt(url.origin, 100)} is not https`);
    }
    const addresses = isIP(host) === 0 ? await options.lookup(host) : [host];
    for (const address of addresses) {
      const kind = classifyAddress(address);
      if (kind === 'public' || (isInside && kind !== 'never')) continue;
      throw fault('address-refused', `${excerpt(host, 100)} leads to ${address}, which is ${kind}`);
    }
    if (addresses.length === 0) throw fault('address-refused', `${excerpt(host, 100)} has no address`);
    return send(url, asked, addresses);
  };
}

function send(url: URL, { method, headers, body, signal }: Asked, addresses: readonly string[]): Promise<Response> {
  const { promise, resolve, reject } = Promise.withResolvers<Response>();
  const late = AbortSignal.timeout(ANSWER_MS_MAX);
  const host = plainHost(url);
  const request = (url.protocol === 'https:' ? https : http).request(url, {
    method,
    headers: { ...headers, connection: 'close' },
    // One of its own: the one that all share keeps connections.
    agent: false,
    lookup: onlyThese(addresses),
    signal: signal === undefined ? late : AbortSignal.any([signal, late]),
    ...(isIP(host) === 0 ? { servername: host } : {}),
  });
  request.once('error', reject);
  request.once('response', (response) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    response.on('data', (part: Buffer) => {
      bytes += part.length;
      if (bytes > ANSWER_BYTES_MAX) request.destroy(fault('answer-large', `more than ${ANSWER_BYTES_MAX} bytes`));
      else parts.push(part);
    });
    response.once('error', reject);
    response.once('end', () => {
      const status = response.statusCode ?? 500;
      const type = response.headers['content-type'];
      const whole = STATUS_WITHOUT_BODY.has(status) ? null : new Uint8Array(Buffer.concat(parts));
      resolve(new Response(whole, { status, headers: type === undefined ? {} : { 'content-type': type } }));
    });
  });
  if (body instanceof URLSearchParams || typeof body === 'string') request.end(body.toString());
  else request.end();
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
