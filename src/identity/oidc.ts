import { createHash } from 'node:crypto';
import * as client from 'openid-client';
import { isFault, reasonOf, type Secret } from '../base/index.ts';
import { type ExternalPerson, type ExternalRules, followGroups, linkExternal, memberOfExternal } from './external.ts';
import { fault } from './faults.ts';
import type { PasskeyDeps } from './passkeys.ts';
import { insertSession, replaceSession } from './session.ts';
import type { SignedIn, SignInFrom } from './sign-in.ts';
import type { IdentityTables } from './tables.ts';

/** How long somebody may take at the provider. Seconds, as the cookie says it. */
export const OIDC_SECONDS_MAX = 600;
/** What the provider says of itself is asked for again after that. */
const DISCOVERY_MS = 3_600_000;
const REQUEST_SECONDS_MAX = 15;
const BROWSER_BYTES = 32;
const GROUPS_MAX = 1000;
const CALLBACK = '/api/v1/sign-in/oidc/callback';

export type OidcSettings = ExternalRules & {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: Secret;
  /** The claim that has groups: `groups`. */
  readonly groupClaim: string;
  readonly scopes: readonly string[];
};

export type Oidc = {
  /** Where to send the browser, and what its cookie is to hold until it is back. */
  begin(
    deps: PasskeyDeps,
    asked: { readonly returnTo: string; readonly userId?: number },
  ): Promise<{ readonly to: string; readonly browser: string }>;
  /** The browser is back. Faults: `identity/external-…`, `identity/provider-failed`. */
  finish(
    deps: PasskeyDeps,
    asked: { readonly query: string; readonly browser: string | undefined },
    from: SignInFrom,
  ): Promise<SignedIn & { readonly returnTo: string }>;
};

const hashOf = (text: string) => createHash('sha256').update(text).digest();

/**
 * Sign-in by a provider of OpenID Connect: code flow with PKCE, state and nonce, all bound to the browser that began it.
 *
 * @param fetch dials only what may be dialled, and follows nothing: what the provider names comes from outside
 */
export function createOidc(settings: OidcSettings, fetch: client.CustomFetch, isInsecureAllowed = false): Oidc {
  let known: { readonly at: number; readonly config: client.Configuration } | undefined;
  async function configuration(now: number): Promise<client.Configuration> {
    if (known !== undefined && now - known.at < DISCOVERY_MS) return known.config;
    const config = await atProvider(() =>
      client.discovery(
        new URL(settings.issuer),
        settings.clientId,
        undefined,
        client.ClientSecretBasic(settings.clientSecret.expose()),
        {
          [client.customFetch]: fetch,
          timeout: REQUEST_SECONDS_MAX,
          ...(isInsecureAllowed ? { execute: [client.allowInsecureRequests] } : {}),
        },
      ),
    );
    known = { at: now, config };
    return config;
  }
  return {
    async begin(deps, { returnTo, userId }) {
      const config = await configuration(deps.now());
      const [state, nonce, verifier] = [client.randomState(), client.randomNonce(), client.randomPKCECodeVerifier()];
      const browser = Buffer.from(deps.random(BROWSER_BYTES)).toString('base64url');
      await deps.db
        .as<IdentityTables>()
        .insertInto('identity_oidc')
        .values({
          state_hash: hashOf(state),
          browser_hash: hashOf(browser),
          nonce,
          verifier,
          return_to: returnTo,
          user_id: userId === undefined ? null : String(userId),
          expires_at: new Date(deps.now() + OIDC_SECONDS_MAX * 1000),
          used_at: null,
        })
        .execute();
      const to = client.buildAuthorizationUrl(config, {
        redirect_uri: callbackOf(deps),
        scope: settings.scopes.join(' '),
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state,
        nonce,
      });
      return { to: to.href, browser };
    },
    async finish(deps, { query, browser }, from) {
      const url = new URL(callbackOf(deps));
      url.search = query;
      const state = url.searchParams.get('state') ?? '';
      const way = await takeWay(deps, state, browser);
      const config = await configuration(deps.now());
      const tokens = await atProvider(() =>
        client.authorizationCodeGrant(config, url, {
          expectedState: state,
          expectedNonce: way.nonce,
          pkceCodeVerifier: way.verifier,
          idTokenExpected: true,
        }),
      );
      const claims = tokens.claims();
      if (claims === undefined) throw fault('provider-failed', 'the provider said nothing of who it is');
      const person = personOf(settings, claims);
      const user = await deps.db.transaction((tx) =>
        way.user_id === null
          ? memberOfExternal(deps, tx, person, settings)
          : linkExternal(deps, tx, Number(way.user_id), person),
      );
      await followGroups(deps, user, person.groups, settings);
      const session = await deps.db.transaction(async (tx) => {
        await replaceSession(deps, tx, from.cookie);
        return insertSession(deps, tx, user, { method: 'oidc', ...from });
      });
      return { user, session, returnTo: way.return_to };
    },
  };
}

const callbackOf = ({ origin }: PasskeyDeps) => `${new URL(origin).origin}${CALLBACK}`;

/** The way that this browser began, used up by one statement. */
async function takeWay(deps: PasskeyDeps, state: string, browser: string | undefined) {
  const now = new Date(deps.now());
  const row =
    browser === undefined
      ? undefined
      : await deps.db
          .as<IdentityTables>()
          .updateTable('identity_oidc')
          .set({ used_at: now })
          .where('state_hash', '=', hashOf(state))
          .where('browser_hash', '=', hashOf(browser))
          .where('used_at', 'is', null)
          .where('expires_at', '>', now)
          .returning(['nonce', 'verifier', 'return_to', 'user_id'])
          .executeTakeFirst();
  if (row === undefined) throw fault('external-late', 'this sign-in was begun in another browser, or too long ago');
  return row;
}

function personOf(settings: OidcSettings, claims: client.IDToken): ExternalPerson {
  const { sub, iss } = claims;
  const name = claims['preferred_username'];
  const groups = claims[settings.groupClaim];
  return {
    issuer: iss,
    subject: sub,
    name: typeof name === 'string' ? name : undefined,
    groups: Array.isArray(groups) ? groups.slice(0, GROUPS_MAX).filter((group) => typeof group === 'string') : [],
  };
}

/** What fails at the provider, or is wrong in what it says, is told in few words: details are for the operator. */
async function atProvider<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (thrown) {
    if (isFault(thrown)) throw thrown;
    throw fault('provider-failed', `the provider: ${reasonOf(thrown).slice(0, 200)}`, { cause: thrown });
  }
}

/** Takes away ways that nobody comes back on. */
export async function forgetOidc(deps: Pick<PasskeyDeps, 'db' | 'now'>): Promise<void> {
  await deps.db
    .as<IdentityTables>()
    .deleteFrom('identity_oidc')
    .where('expires_at', '<', new Date(deps.now() - OIDC_SECONDS_MAX * 1000))
    .execute();
}
