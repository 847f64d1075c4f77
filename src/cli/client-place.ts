import { excerpt } from '../base/index.ts';
import { Client } from './client.ts';
import type { ClientTools } from './client-tools.ts';
import { type Credential, readCredentials } from './credentials.ts';
import type { CliDependencies } from './door.ts';
import { fault } from './faults.ts';

/** Options of every command that talks to a server. */
export type ServerOptions = { readonly server?: string; readonly json?: true };
export type RepositoryOptions = ServerOptions & { readonly repository?: string };

export type Session = {
  readonly client: Client;
  readonly tools: ClientTools;
  readonly credential: Credential | undefined;
  readonly token: string;
};

/** The origin of an address. Plain HTTP only to this machine: a token would be read on the way. */
export function originOf(address: string): string {
  let url: URL;
  try {
    url = new URL(/^[a-z]+:\/\//i.test(address) ? address : `https://${address}`);
  } catch {
    throw fault('server-invalid', `${JSON.stringify(excerpt(address))} is no address`);
  }
  const { hostname, protocol } = url;
  const isOwn = hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
  if (protocol !== 'https:' && !(protocol === 'http:' && (isOwn || hostname.endsWith('.localhost')))) {
    throw fault('server-invalid', `${excerpt(address)}: a token travels over https only, but to this machine`);
  }
  return url.origin;
}

/** The server that is meant: named, of the environment, of a remote of this repository, or the one last signed in to. */
export async function openSession(
  options: ServerOptions,
  { commands, environment, places, cwd }: CliDependencies,
): Promise<Session> {
  const tools = await commands.client();
  const named = options.server ?? environment('SALLYPORT_SERVER');
  const credentials = await readCredentials(places.state);
  const own = environment('SALLYPORT_TOKEN');
  if (own !== undefined && own !== '') {
    // A token of the environment goes where somebody said, never where a repository leads.
    if (named === undefined) throw fault('server-unknown', 'SALLYPORT_TOKEN is set, and SALLYPORT_SERVER is not');
    const origin = originOf(named);
    return { tools, client: new Client(tools, origin, own), credential: undefined, token: own };
  }
  const credential =
    named === undefined
      ? await remoteCredential(tools, cwd, credentials)
      : credentials.find(({ origin }) => origin === originOf(named));
  if (credential === undefined) {
    throw fault('not-signed-in', named === undefined ? 'you are signed in to no server' : `not signed in to ${named}`);
  }
  const { origin, token } = credential;
  return { tools, client: new Client(tools, origin, token), credential, token };
}

async function remoteCredential(
  tools: ClientTools,
  cwd: string,
  credentials: readonly Credential[],
): Promise<Credential | undefined> {
  for (const remote of credentials.length > 1 ? await tools.remotes(cwd) : []) {
    const found = credentials.find(({ origin }) => remotePath(remote, origin) !== undefined);
    if (found !== undefined) return found;
  }
  return credentials[0];
}

/** `OWNER/NAME` of a remote that leads to this server. */
function remotePath(remote: string, origin: string): string | undefined {
  try {
    const url = new URL(remote);
    if (url.origin !== origin) return undefined;
    return /^\/([\w.-]+\/[\w.-]+?)(?:\.git)?\/?$/.exec(url.pathname)?.[1];
  } catch {
    // An address of ssh, or a path.
    return undefined;
  }
}

export type Place = Session & {
  readonly owner: string;
  readonly name: string;
  /** `/repositories/OWNER/NAME` */
  readonly path: string;
};

/** The repository that is meant: named, or the one that a remote of this folder leads to. */
export async function openPlace(options: RepositoryOptions, dependencies: CliDependencies): Promise<Place> {
  const session = await openSession(options, dependencies);
  const { origin } = session.client;
  let named = options.repository;
  if (named === undefined) {
    const remotes = await session.tools.remotes(dependencies.cwd);
    named = remotes.map((remote) => remotePath(remote, origin)).find((path) => path !== undefined);
    if (named === undefined) {
      throw fault('repository-unknown', `no remote of this folder leads to ${origin}`);
    }
  }
  return { ...session, ...placeOf(named) };
}

export function placeOf(named: string): { readonly owner: string; readonly name: string; readonly path: string } {
  const [, owner, name] = /^([\w.-]+)\/([\w.-]+)$/.exec(named) ?? [];
  if (owner === undefined || name === undefined) {
    throw fault('usage', `${JSON.stringify(excerpt(named))} is not of the form OWNER/NAME`);
  }
  return { owner, name, path: `/repositories/${encodeURIComponent(owner)}/${encodeURIComponent(name)}` };
}

/** Where a browser uses a code up. Behind the `#`, it is sent to no server and stands in no log. */
export const setupLink = (origin: string, code: string): string => `${origin}/setup#${code}`;
