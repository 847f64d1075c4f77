import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { reasonOf, Secret } from '../base/index.ts';
import { createOidc, type Oidc } from '../identity/index.ts';
import { createProviderFetch } from './provider-fetch.ts';
import { fault, type ServerSettings } from './server-settings.ts';

/** Sign-in by a provider of OpenID Connect, where the settings name one. Throws `settings/unreadable`. */
export async function openOidc({
  oidc,
}: Pick<ServerSettings, 'oidc'>): Promise<{ readonly name: string; readonly oidc: Oidc } | undefined> {
  if (oidc === undefined) return undefined;
  const secret = await readFile(oidc.client_secret_file, 'utf8').catch((thrown: unknown) => {
    throw fault('unreadable', `oidc.client_secret_file: ${reasonOf(thrown)}`, { cause: thrown });
  });
  const isInside = oidc.unsafe_inside_issuer;
  const fetch = createProviderFetch({
    issuer: oidc.issuer,
    isInside,
    lookup: async (host) => (await lookup(host, { all: true })).map(({ address }) => address),
  });
  const settings = {
    issuer: oidc.issuer,
    clientId: oidc.client_id,
    clientSecret: new Secret(secret.trim()),
    groupClaim: oidc.group_claim,
    scopes: oidc.scopes,
    teams: oidc.teams,
    join: oidc.join,
  };
  return { name: oidc.name, oidc: createOidc(settings, fetch, isInside && oidc.issuer.startsWith('http:')) };
}
