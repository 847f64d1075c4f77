import {
  type AuthenticationResponseJSON,
  type ClientMark,
  markOf,
  type MadeSession,
  SESSION_SECONDS_MAX,
} from '../identity/index.ts';
import { fault } from './faults.ts';
import { passkeyAnswer } from './passkey-schema.ts';
import { parse } from './parse.ts';

/**
 * The session of a browser. The prefix has browsers take it only over a safe connection, for this very host and all of its paths: no
 * neighbour on another subdomain can plant one.
 */
export const SESSION_COOKIE = '__Host-sid';
const COOKIE_BYTES_MAX = 8000;
const APPROVAL_BYTES_MAX = 8000;

/** The headers of a request, by lower-case name. */
export type Headers = (name: string) => string | undefined;

/** The value of a cookie. One that comes twice is nobody's: two readers could take different ones. */
export function cookieOf(headers: Headers, name: string): string | undefined {
  const header = headers('cookie');
  if (header === undefined || header.length > COOKIE_BYTES_MAX) return undefined;
  const values = header
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part.startsWith(`${name}=`))
    .map((part) => part.slice(name.length + 1));
  return values.length === 1 ? values[0] : undefined;
}

/** Lax: a link from elsewhere opens a page signed in; what such a request could change is refused by where it comes from. */
export function cookieText(name: string, value: string, seconds: number): string {
  return `${name}=${value}; Path=/; Max-Age=${seconds}; Secure; HttpOnly; SameSite=Lax`;
}

/**
 * Refuses what another site makes a browser send. Browsers say by themselves where a request comes from, and no page can say it for them:
 * what changes something has to come from a page of this server; what only reads may be a navigation, too.
 */
export function requireOwnPage(origin: string, method: string, headers: Headers): void {
  const site = headers('sec-fetch-site');
  const refuse = (why: string) => fault('cross-site', `a request with a session ${why}`);
  if (method === 'GET' || method === 'HEAD') {
    const isNavigation = headers('sec-fetch-mode') === 'navigate' && headers('sec-fetch-dest') === 'document';
    if (site !== 'same-origin' && !isNavigation) throw refuse('comes from no page of this server');
    return;
  }
  if (headers('origin') !== new URL(origin).origin) throw refuse('comes from another origin');
  if (site !== 'same-origin') throw refuse('comes from no page of this server');
}

/** What a handler knows of the browser that asks, and what it may tell it. */
export type BrowserCall = {
  readonly mark: ClientMark;
  /** What the cookie of the session holds, whoever's it is. */
  readonly cookie?: string;
  /** For what signs somebody in or out: another site must not be able to start it. */
  requireOwn(): void;
  start(session: MadeSession): void;
  end(): void;
  setCookie(text: string): void;
  /** A cookie by its name. */
  read(name: string): string | undefined;
};

export function browserCallOf(of: {
  readonly origin: string;
  readonly method: string;
  readonly headers: Headers;
  readonly address: string;
  readonly cookies: string[];
}): BrowserCall {
  const { origin, method, headers, address, cookies } = of;
  const cookie = cookieOf(headers, SESSION_COOKIE);
  return {
    mark: markOf(headers('user-agent'), address),
    ...(cookie === undefined ? {} : { cookie }),
    requireOwn: () => requireOwnPage(origin, method, headers),
    start: ({ secret }) => cookies.push(cookieText(SESSION_COOKIE, secret.expose(), SESSION_SECONDS_MAX)),
    end: () => cookies.push(cookieText(SESSION_COOKIE, '', 0)),
    setCookie: (text) => cookies.push(text),
    read: (name) => cookieOf(headers, name),
  };
}

/** The passkey's answer that approves a request: base64url of its JSON. */
export function approvalOf(headers: Headers): AuthenticationResponseJSON | undefined {
  const header = headers('sallyport-approval');
  if (header === undefined) return undefined;
  const refuse = () => fault('request-invalid', 'the header Sallyport-Approval is not the answer of a passkey');
  if (header.length > APPROVAL_BYTES_MAX || !/^[A-Za-z0-9_-]+$/.test(header)) throw refuse();
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'));
  } catch (thrown) {
    throw fault('request-invalid', 'the header Sallyport-Approval is not the answer of a passkey', { cause: thrown });
  }
  return parse(passkeyAnswer, value, 'approval');
}
