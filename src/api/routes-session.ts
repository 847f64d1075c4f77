import { z } from '@hono/zod-openapi';
import { digestOfValue } from '../base/index.ts';
import {
  addPasskey,
  addPasskeyOptions,
  approvalOptions,
  codeRegistrationOptions,
  countRecoveryCodes,
  endSession,
  endSessions,
  listPasskeys,
  listSessions,
  makeOwnRecoveryCodes,
  type PasskeyInfo,
  passkeySignInOptions,
  registerWithCode,
  removePasskey,
  renamePasskey,
  type SessionInfo,
  type SignInFrom,
  signInWithPasskey,
  signInWithRecoveryCode,
} from '../identity/index.ts';
import { newPasskeyAnswer, passkeyAnswer, passkeyOptions } from './passkey-schema.ts';
import { anybody, type Call, self } from './route.ts';
import { idParam, iso, isoOf, memberSchema, pageOf, time, userName } from './schema.ts';
import { memberOf } from './views-people.ts';

const code = z.string().max(100);
const passkeyName = z.string().min(1).max(60);

const sessionSchema = z
  .strictObject({
    id: z.int(),
    method: z.enum(['passkey', 'recovery', 'oidc']),
    /** Browser and system. */
    agent: z.string(),
    network: z.string(),
    createdAt: time,
    lastUsedAt: time,
    expiresAt: time,
    /** The one that asks. */
    current: z.boolean(),
  })
  .openapi('Session');

const passkeySchema = z
  .strictObject({
    id: z.int(),
    name: z.string(),
    /** A provider keeps copies of it on several devices. */
    synced: z.boolean(),
    createdAt: time,
    lastUsedAt: time.optional(),
  })
  .openapi('Passkey');

const signedIn = z.strictObject({ user: memberSchema, sessionExpiresAt: time }).openapi('SessionStarted');

const passkeyOf = ({ createdAt, lastUsedAt, ...passkey }: PasskeyInfo) => ({
  ...passkey,
  createdAt: iso(createdAt),
  ...isoOf('lastUsedAt', lastUsedAt),
});

const sessionOf = ({ createdAt, lastUsedAt, expiresAt, ...session }: SessionInfo, current: boolean) => ({
  ...session,
  createdAt: iso(createdAt),
  lastUsedAt: iso(lastUsedAt),
  expiresAt: iso(expiresAt),
  current,
});

export function signInFrom({ browser, address }: Call): SignInFrom {
  return { mark: browser.mark, address, ...(browser.cookie === undefined ? {} : { cookie: browser.cookie }) };
}

/** Nobody guesses the signature of a passkey: what is bounded is haste. */
const passkeyRate = { rate: 'anonymous' } as const;
const signIn = { method: 'post', verb: undefined, tag: 'Sign-in', rate: 'sign-in', tellsSecret: true } as const;

/** Every way in for a browser. Each asks first whether a page of this server asks: another site could sign somebody in as somebody else. */
export const sessionSignInRoutes = [
  anybody.json(
    {
      ...signIn,
      ...passkeyRate,
      path: '/sign-in/passkey/options',
      summary: 'What to sign with a passkey to sign in; five minutes, once',
      reply: passkeyOptions,
    },
    async ({ deps, browser }) => {
      browser.requireOwn();
      return { ...(await passkeySignInOptions(deps)) };
    },
  ),
  anybody.json(
    {
      ...signIn,
      ...passkeyRate,
      path: '/sign-in/passkey',
      summary: 'Signs a browser in with a passkey, by a cookie',
      status: 201,
      body: z.strictObject({ answer: passkeyAnswer }),
      reply: signedIn,
    },
    async (call, { body }) => {
      call.browser.requireOwn();
      const { user, session } = await signInWithPasskey(call.deps, body.answer, signInFrom(call));
      call.browser.start(session);
      return { user: memberOf(user), sessionExpiresAt: iso(session.expiresAt) };
    },
  ),
  anybody.json(
    {
      ...signIn,
      path: '/sign-in/recovery',
      summary: 'Signs a browser in with a recovery code, once: to add a passkey within ten minutes',
      status: 201,
      body: z.strictObject({ name: userName, code }),
      reply: signedIn,
    },
    async (call, { body }) => {
      call.browser.requireOwn();
      const { user, session } = await signInWithRecoveryCode(call.deps, body, signInFrom(call));
      call.browser.start(session);
      return { user: memberOf(user), sessionExpiresAt: iso(session.expiresAt) };
    },
  ),
  anybody.json(
    {
      ...signIn,
      path: '/sign-in/registration/options',
      summary: 'For a code of a set-up or an invitation: what to make a passkey with',
      body: z.strictObject({ code, name: userName.optional() }),
      reply: passkeyOptions,
    },
    async (call, { body }) => {
      call.browser.requireOwn();
      const { code: given, name } = body;
      const asked = { code: given, ...(name === undefined ? {} : { name }) };
      return { ...(await codeRegistrationOptions(call.deps, asked, call)) };
    },
  ),
  anybody.json(
    {
      ...signIn,
      path: '/sign-in/registration',
      summary: 'Uses up a code: a person with a passkey, signed in by a cookie; tells the recovery codes once',
      status: 201,
      body: z.strictObject({ code, passkeyName, answer: newPasskeyAnswer }),
      reply: z
        .strictObject({
          user: memberSchema,
          sessionExpiresAt: time,
          passkey: passkeySchema,
          recoveryCodes: z.array(z.string()),
        })
        .openapi('Registered'),
    },
    async (call, { body }) => {
      call.browser.requireOwn();
      const { code: given, passkeyName: name, answer } = body;
      const asked = { code: given, passkeyName: name, response: answer };
      const made = await registerWithCode(call.deps, asked, signInFrom(call));
      call.browser.start(made.session);
      return {
        user: memberOf(made.user),
        sessionExpiresAt: iso(made.session.expiresAt),
        passkey: passkeyOf(made.passkey),
        recoveryCodes: made.recoveryCodes.map((secret) => secret.expose()),
      };
    },
  ),
];

export const ownSessionRoutes = [
  self.none(
    {
      method: 'post',
      path: '/sign-out',
      verb: 'self.read',
      tag: 'Sessions',
      summary: 'Signs this browser out',
    },
    async ({ deps, principal, browser }) => {
      const { token } = principal;
      if (token?.source === 'session') await endSession(deps, principal, token.id);
      browser.end();
    },
  ),
  self.json(
    {
      method: 'get',
      path: '/user/sessions',
      verb: 'self.read',
      tag: 'Sessions',
      summary: 'Own sessions in browsers, the last used first',
      reply: pageOf(sessionSchema, 'SessionPage'),
    },
    async ({ deps, principal: { token }, userId }) => ({
      items: (await listSessions(deps, userId)).map((session) =>
        sessionOf(session, token?.source === 'session' && token.id === session.id),
      ),
    }),
  ),
  self.none(
    {
      method: 'delete',
      path: '/user/sessions/{session}',
      verb: 'token.manage',
      tag: 'Sessions',
      summary: 'Signs one of the own browsers out',
      params: { session: idParam },
    },
    async ({ deps, principal, browser }, { params }) => {
      await endSession(deps, principal, params.session);
      if (principal.token?.source === 'session' && principal.token.id === params.session) browser.end();
    },
  ),
  self.json(
    {
      method: 'delete',
      path: '/user/sessions',
      verb: 'token.manage',
      tag: 'Sessions',
      summary: 'Signs out everywhere: ends all own sessions',
      reply: z.strictObject({ ended: z.array(z.int()) }).openapi('SessionsEnded'),
    },
    async ({ deps, principal, browser }) => {
      const ended = await endSessions(deps, principal);
      browser.end();
      return { ended };
    },
  ),
  self.json(
    {
      method: 'post',
      path: '/user/approvals',
      verb: 'self.read',
      tag: 'Sessions',
      summary: 'What to sign with a passkey to approve one request; five minutes, once',
      tellsSecret: true,
      body: z.strictObject({
        method: z.enum(['POST', 'PUT', 'PATCH', 'DELETE']),
        /** With its query. */
        path: z.string().startsWith('/api/v1/').max(2000),
        /** As it will be sent; nothing when there is none. */
        body: z.unknown().optional(),
      }),
      reply: passkeyOptions,
    },
    async ({ deps, principal }, { body: { method, path, body } }) => ({
      ...(await approvalOptions(deps, principal, {
        method,
        path,
        body: body === undefined ? null : digestOfValue(body),
      })),
    }),
  ),
];

export const passkeyRoutes = [
  self.json(
    {
      method: 'get',
      path: '/user/passkeys',
      verb: 'self.read',
      tag: 'Passkeys',
      summary: 'Own passkeys, and how many recovery codes are left',
      reply: z.strictObject({ items: z.array(passkeySchema), recoveryCodesLeft: z.int() }).openapi('PasskeyPage'),
    },
    async ({ deps, userId }) => ({
      items: (await listPasskeys(deps.db, userId)).map(passkeyOf),
      recoveryCodesLeft: await countRecoveryCodes(deps.db, userId),
    }),
  ),
  self.json(
    {
      method: 'post',
      path: '/user/passkeys/options',
      verb: 'passkey.manage',
      tag: 'Passkeys',
      summary: 'What to make a further passkey with',
      tellsSecret: true,
      reply: passkeyOptions,
    },
    async ({ deps, principal }) => ({ ...(await addPasskeyOptions(deps, principal)) }),
  ),
  self.json(
    {
      method: 'post',
      path: '/user/passkeys',
      verb: 'passkey.manage',
      tag: 'Passkeys',
      summary: 'Adds a passkey',
      approval: 'passkey',
      status: 201,
      body: z.strictObject({ name: passkeyName, answer: newPasskeyAnswer }),
      reply: passkeySchema,
    },
    async ({ deps, principal }, { body: { name, answer } }) =>
      passkeyOf(await addPasskey(deps, principal, { name, response: answer })),
  ),
  self.json(
    {
      method: 'patch',
      path: '/user/passkeys/{passkey}',
      verb: 'passkey.manage',
      tag: 'Passkeys',
      summary: 'Names a passkey anew',
      params: { passkey: idParam },
      body: z.strictObject({ name: passkeyName }),
      reply: passkeySchema,
    },
    async ({ deps, principal, userId }, { params, body }) =>
      passkeyOf(await renamePasskey(deps, principal, { userId, id: params.passkey, name: body.name })),
  ),
  self.none(
    {
      method: 'delete',
      path: '/user/passkeys/{passkey}',
      verb: 'passkey.manage',
      tag: 'Passkeys',
      summary: 'Removes a passkey; the last one stays',
      approval: 'act',
      params: { passkey: idParam },
    },
    ({ deps, principal, userId }, { params }) => removePasskey(deps, principal, { userId, id: params.passkey }),
  ),
  self.json(
    {
      method: 'post',
      path: '/user/recovery-codes',
      verb: 'passkey.manage',
      tag: 'Passkeys',
      summary: 'New recovery codes in place of those before; told once',
      approval: 'act',
      tellsSecret: true,
      status: 201,
      reply: z.strictObject({ codes: z.array(z.string()) }).openapi('RecoveryCodes'),
    },
    async ({ deps, principal }) => ({
      codes: (await makeOwnRecoveryCodes(deps, principal)).map((secret) => secret.expose()),
    }),
  ),
];
