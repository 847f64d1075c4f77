import type { IncomingMessage } from 'node:http';
import { digestOfValue } from '../base/index.ts';
import {
  type Act,
  authenticate,
  authenticateSession,
  authorise,
  type Credential,
  needsApproval,
  networkOf,
  type Principal,
  useApproval,
} from '../identity/index.ts';
import { parseBody } from './body.ts';
import type { ApiDeps } from './deps.ts';
import { fault } from './faults.ts';
import { approvalOf, type BrowserCall, type Headers } from './browser.ts';
import { type Found, objectOf, type Route } from './route.ts';

const CREDENTIAL_BYTES_MAX = 2000;

/** `Bearer`, `token` as clients of GitHub's API say it, and `Basic` with the token as password. */
export function credentialOf(header: string | undefined): Credential | undefined {
  if (header === undefined || header.length > CREDENTIAL_BYTES_MAX) return undefined;
  const [, scheme = '', text = ''] = /^(bearer|token|basic) +(\S+)$/i.exec(header) ?? [];
  if (scheme === '') return undefined;
  if (scheme.toLowerCase() !== 'basic') return { bearer: text };
  const plain = Buffer.from(text, 'base64').toString('utf8');
  const at = plain.indexOf(':');
  return at === -1 ? undefined : { basic: { user: plain.slice(0, at), password: plain.slice(at + 1) } };
}

/** Who asks; nothing without a credential. Throws when there is one and it is nobody's: it is never taken for none. */
export async function principalOf(
  deps: ApiDeps,
  header: string | undefined,
  address: string,
): Promise<Principal | undefined> {
  if (header === undefined) return undefined;
  const credential = credentialOf(header);
  const principal = credential === undefined ? undefined : await authenticate(deps, credential, { address });
  if (principal === undefined) throw notSignedIn();
  return principal;
}

/**
 * Who asks at our own API: by a token, or by the session of a browser when no token came. The cookie is looked at nowhere else, and not
 * where anybody may ask: one that is too old must not keep its owner from signing in.
 */
export async function identify(
  deps: ApiDeps,
  route: Route,
  asked: {
    readonly header: string | undefined;
    readonly address: string;
    readonly browser: BrowserCall;
  },
): Promise<Principal | undefined> {
  const { header, address, browser } = asked;
  const isSession = header === undefined && route.base === '/api/v1' && route.access.to !== 'anybody';
  if (!isSession || browser.cookie === undefined) return principalOf(deps, header, address);
  browser.requireOwn();
  const found = await authenticateSession(deps, browser.cookie, browser.mark);
  if (found === undefined) throw notSignedIn();
  if (found.next !== undefined) browser.start(found.next);
  return found.principal;
}

/** What a session may do only with a passkey's approval of this very request. Throws `identity/approval-needed`. */
export async function requireApproval(
  deps: ApiDeps,
  route: Route,
  principal: Principal | undefined,
  asked: { readonly method: string; readonly url: string; readonly body: Buffer; readonly headers: Headers },
): Promise<void> {
  if (route.approval === 'none' || principal === undefined) return;
  if (!(await needsApproval(deps, principal, route.approval))) return;
  const { pathname, search } = new URL(asked.url);
  const body = parseBody(asked.body, asked.headers('content-type') ?? null);
  const act: Act = {
    method: asked.method,
    path: `${pathname}${search}`,
    body: body === undefined ? null : digestOfValue(body),
  };
  const approval = approvalOf(asked.headers);
  if (approval === undefined) throw fault('approval-needed', 'this needs the approval of a passkey');
  await useApproval(deps, principal, act, approval);
}

export const notSignedIn = () => fault('not-signed-in', 'this needs a token, and no valid one came');

/** The address of the one who asks: of the connection, or what a proxy that is trusted tells of it. */
export function addressOf(request: IncomingMessage, proxies: readonly string[]): string {
  const own = request.socket.remoteAddress ?? '';
  if (!proxies.includes(own)) return own;
  const told = request.headers['x-forwarded-for'];
  const last = (Array.isArray(told) ? told.join(',') : (told ?? '')).split(',').at(-1)?.trim();
  return last === undefined || last === '' ? own : last;
}

/** The name under which the haste of a caller is counted. */
export function callerOf(principal: Principal | undefined, address: string): string {
  return principal === undefined ? networkOf(address).value : `${principal.kind}:${principal.id}`;
}

/**
 * Whether a call may be made: by what the route says, and nothing else. The repository of the path is looked for with the eyes of the
 * one who asks, so that what they may not read is not there.
 */
export async function admit(
  deps: ApiDeps,
  route: Route,
  principal: Principal | undefined,
  params: { readonly [name: string]: string },
): Promise<Found> {
  const { access } = route;
  if (access.to === 'anybody') return principal === undefined ? {} : { principal };
  if (principal === undefined) throw notSignedIn();
  const found = access.to === 'repository' ? await locate(deps, principal, params) : { principal };
  const object = objectOf(access, found);
  if (object === undefined || !(await authorise(deps.db, principal, access.verb, object))) {
    throw fault('not-allowed', `this needs ${access.verb}`);
  }
  return found;
}

async function locate(
  deps: ApiDeps,
  principal: Principal,
  { owner = '', name = '' }: { readonly [name: string]: string },
): Promise<Found> {
  const row = await deps.repo.locate({ owner, name });
  const mayKnow =
    row !== undefined && (await authorise(deps.db, principal, 'repository.see', { type: 'repository', id: row.id }));
  if (!mayKnow) throw fault('not-found', 'there is no such repository');
  return { principal, repository: row };
}
