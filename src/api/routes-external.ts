import { z } from '@hono/zod-openapi';
import { isFault, reasonOf } from '../base/index.ts';
import { OIDC_SECONDS_MAX } from '../identity/index.ts';
import { cookieText } from './browser.ts';
import { fault } from './faults.ts';
import { ownPath } from './own-path.ts';
import { anybody, type Call, self } from './route.ts';
import { signInFrom } from './routes-session.ts';

/** Binds the way to the provider and back to the browser that began it. */
const OIDC_COOKIE = '__Host-oidc';

function providerOf({ deps }: Call) {
  if (deps.provider === undefined) throw fault('not-found', 'no provider is set');
  return deps.provider.oidc;
}

export const externalRoutes = [
  anybody.json(
    {
      method: 'get',
      path: '/sign-in/methods',
      verb: undefined,
      tag: 'Sign-in',
      summary: 'How people sign in here besides passkeys',
      rate: 'anonymous',
      reply: z.strictObject({ provider: z.strictObject({ name: z.string() }).optional() }).openapi('SignInMethods'),
    },
    async ({ deps: { provider } }) => (provider === undefined ? {} : { provider: { name: provider.name } }),
  ),
  anybody.redirect(
    {
      method: 'get',
      path: '/sign-in/oidc',
      verb: undefined,
      tag: 'Sign-in',
      summary: 'Leads a browser to the provider, to sign in',
      rate: 'anonymous',
      query: { return: z.string().max(2000).optional() },
    },
    async (call, { query }) => {
      const returnTo = ownPath(query.return, call.deps.origin);
      const { to, browser } = await providerOf(call).begin(call.deps, { returnTo });
      call.browser.setCookie(cookieText(OIDC_COOKIE, browser, OIDC_SECONDS_MAX));
      return to;
    },
  ),
  self.json(
    {
      method: 'post',
      path: '/user/link',
      verb: 'passkey.manage',
      tag: 'Sign-in',
      summary: 'Begins to link the own account at the provider; answers where to go',
      approval: 'act',
      tellsSecret: true,
      reply: z.strictObject({ to: z.string() }).openapi('LinkBegun'),
    },
    async (call) => {
      const asked = { returnTo: '/-/sessions', userId: call.userId };
      const { to, browser } = await providerOf(call).begin(call.deps, asked);
      call.browser.setCookie(cookieText(OIDC_COOKIE, browser, OIDC_SECONDS_MAX));
      return { to };
    },
  ),
  anybody.redirect(
    {
      method: 'get',
      path: '/sign-in/oidc/callback',
      verb: undefined,
      tag: 'Sign-in',
      summary: 'Where the provider sends a browser back to; leads to a page of the server',
      rate: 'anonymous',
      query: {
        code: z.string().max(4000).optional(),
        state: z.string().max(500).optional(),
        iss: z.string().max(1000).optional(),
        session_state: z.string().max(1000).optional(),
        scope: z.string().max(2000).optional(),
        error: z.string().max(200).optional(),
        error_description: z.string().max(2000).optional(),
        error_uri: z.string().max(2000).optional(),
      },
    },
    async (call, { query }) => {
      const { browser, deps } = call;
      const cookie = browser.read(OIDC_COOKIE);
      browser.setCookie(cookieText(OIDC_COOKIE, '', 0));
      const given = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined);
      const asked = { query: new URLSearchParams(given).toString(), browser: cookie };
      try {
        const done = await providerOf(call).finish(deps, asked, signInFrom(call));
        browser.start(done.session);
        return ownPath(done.returnTo, deps.origin);
      } catch (thrown) {
        // A person looks at this in a browser: the page says what it means.
        if (!isFault(thrown)) throw thrown;
        deps.log.warn('A sign-in by the provider failed', { code: thrown.code, reason: reasonOf(thrown) });
        return `/sign-in?problem=${encodeURIComponent(thrown.code)}`;
      }
    },
  ),
];
