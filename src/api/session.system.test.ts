import { createHash, createPublicKey, verify } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openTestPostgres, type TestPostgres } from '../database/postgres.fixture.ts';
import { Authenticator } from '../identity/authenticator.fixture.ts';
import { firstSetupCode, inviteAgain } from '../identity/index.ts';
import { runView, type ServedApi, serveApi } from './api.fixture.ts';
import { performDue } from './two-person.ts';

const ORIGIN = 'http://localhost:8470';
const CHROME = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0.0.0 Safari/537.36';
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:152.0) Gecko/20100101 Firefox/152.0';
/** What a browser says of a request that a page of this server makes. */
const OWN = { origin: ORIGIN, 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', 'user-agent': CHROME };

let postgres: TestPostgres;
let api: ServedApi;

beforeAll(async () => {
  postgres = await openTestPostgres();
});
afterAll(() => postgres.close());
beforeEach(async () => {
  api = await serveApi(postgres, { origin: ORIGIN, beatMs: 50 });
  return async () => api[Symbol.asyncDispose]();
});

const post = (path: string, body?: unknown, headers: object = {}) =>
  api.ask('POST', `/api/v1${path}`, { body, headers: { ...OWN, ...headers } });

const cookieIn = (headers: Headers) => /^(__Host-sid=[^;]*)/.exec(headers.get('set-cookie') ?? '')?.[1] ?? '';

/** The first owner in a browser, or whoever has this code. */
async function openBrowser(invited?: string) {
  const device = new Authenticator(ORIGIN);
  const code = invited ?? (await firstSetupCode(api.people))?.code.expose();
  const name = invited === undefined ? { name: 'ada' } : {};
  const options = await post('/sign-in/registration/options', { code, ...name });
  const made = await post('/sign-in/registration', {
    code,
    passkeyName: 'laptop',
    answer: device.create(options.body),
  });
  const cookie = cookieIn(made.headers);
  const ask = (method: string, path: string, body?: unknown, headers: object = {}) =>
    api.ask(method, `/api/v1${path}`, {
      ...(body === undefined ? {} : { body }),
      headers: { ...OWN, cookie, ...headers },
    });
  /** The same, approved with the passkey. */
  const approved = async (method: string, path: string, body?: unknown) => {
    const act = { method, path: `/api/v1${path}`, ...(body === undefined ? {} : { body }) };
    const asked = await ask('POST', '/user/approvals', act);
    const answer = Buffer.from(JSON.stringify(device.get(asked.body))).toString('base64url');
    return { answer, done: await ask(method, path, body, { 'sallyport-approval': answer }) };
  };
  return { device, made, cookie, ask, approved };
}

describe('a browser', () => {
  test('is set up by a code, and from then on asks with its cookie alone', async () => {
    const { made, ask } = await openBrowser();

    const own = await ask('GET', '/user');

    expect(made.status).toBe(201);
    expect(made.headers.get('set-cookie')).toMatch(
      /^__Host-sid=[\w-]{43}; Path=\/; Max-Age=604800; Secure; HttpOnly; SameSite=Lax$/,
    );
    expect(made.body['recoveryCodes']).toHaveLength(10);
    expect(own.body).toMatchObject({ name: 'ada', role: 'owner', source: 'session' });
    expect((await ask('GET', '/user/passkeys')).body).toMatchObject({
      items: [{ name: 'laptop' }],
      recoveryCodesLeft: 10,
    });
  });

  test('signs in with a passkey, and out, here and everywhere', async () => {
    const { device, ask } = await openBrowser();
    const options = await post('/sign-in/passkey/options');
    const second = await post('/sign-in/passkey', { answer: device.get(options.body) });
    const other = cookieIn(second.headers);
    const sessions = await ask('GET', '/user/sessions');
    const current = (sessions.body['items'] as { id: number; current: boolean }[]).find((one) => one.current);

    const out = await ask('DELETE', `/user/sessions/${current?.id}`);

    expect(second.status).toBe(201);
    expect(out.headers.get('set-cookie')).toMatch(/^__Host-sid=; Path=\/; Max-Age=0; Secure/);
    const after = await ask('GET', '/user');
    expect([after.status, after.body['code']]).toEqual([401, 'identity/session-ended']);
    expect((await ask('DELETE', '/user/sessions', undefined, { cookie: other })).status).toBe(200);
    expect((await ask('GET', '/user', undefined, { cookie: other })).status).toBe(401);
  });

  test('whose session is over still signs in', async () => {
    const { device, cookie } = await openBrowser();
    api.people.time += 13 * 3_600_000;

    const options = await post('/sign-in/passkey/options', undefined, { cookie });
    const again = await post('/sign-in/passkey', { answer: device.get(options.body) }, { cookie });

    expect(again.status).toBe(201);
    expect(cookieIn(again.headers)).not.toBe(cookie);
  });
});

describe('the cookie of a session', () => {
  test('is refused to what another site makes the browser send (CSRF), and serves our own pages', async () => {
    const { ask } = await openBrowser();
    const create = (name: string, headers: object = {}) =>
      ask('POST', '/repositories', { owner: 'acme', name }, headers);
    const evil = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };

    const posted = await create('stolen', evil);
    const silent = await create('stolen', { origin: '', 'sec-fetch-site': '' });
    const image = await ask('GET', '/user', undefined, evil);
    const own = await create('app');

    expect([posted, silent, image].map(({ body }) => body['code'])).toEqual(Array(3).fill('api/cross-site'));
    expect(own.status).toBe(201);
    expect((await ask('GET', '/repositories')).body['items']).toMatchObject([{ name: 'app' }]);
  });

  test('is worth nothing in another browser, and ends there; nor to git, the API of GitHub and runners', async () => {
    const { ask, cookie } = await openBrowser();
    await ask('POST', '/repositories', { owner: 'acme', name: 'app' });

    const doors = await Promise.all(
      ['/api/v3/repos/acme/app', '/acme/app.git/info/refs?service=git-upload-pack', '/metrics'].map((path) =>
        api.ask('GET', path, { headers: { ...OWN, cookie, 'x-forwarded-for': '192.0.2.1' } }),
      ),
    );
    expect(doors.map(({ status }) => status)).toEqual([401, 401, 401]);
    expect((await ask('GET', '/user')).status).toBe(200);
    expect((await ask('GET', '/user', undefined, { 'user-agent': FIREFOX })).body['code']).toBe(
      'identity/session-ended',
    );
    expect((await ask('GET', '/user')).status).toBe(401);
  });

  test('changes with use, and a copy of what it held before ends the session', async () => {
    const { ask } = await openBrowser();
    api.people.time += 10 * 60_000;
    const next = cookieIn((await ask('GET', '/user')).headers);
    expect((await ask('GET', '/user', undefined, { cookie: next })).status).toBe(200);
    api.people.time += 61_000;

    const copied = await ask('GET', '/user');

    expect(next).toMatch(/^__Host-sid=[\w-]{43}$/);
    expect([copied.status, copied.body['code']]).toEqual([401, 'identity/session-ended']);
    expect((await ask('GET', '/user', undefined, { cookie: next })).status).toBe(401);
  });

  test('that comes twice, or is no cookie of ours, signs nobody in', async () => {
    const { ask, cookie } = await openBrowser();

    expect((await ask('GET', '/user', undefined, { cookie: `${cookie}; ${cookie}` })).status).toBe(401);
    expect((await ask('GET', '/user', undefined, { cookie: '__Host-sid=x' })).status).toBe(401);
    expect((await ask('GET', '/user', undefined, { cookie: `a=b; ${cookie}; c=d` })).status).toBe(200);
  });

  test('another site signs nobody in (login CSRF)', async () => {
    const asked = await post('/sign-in/passkey/options', undefined, { origin: 'https://evil.example' });

    expect([asked.status, asked.body['code']]).toEqual([403, 'api/cross-site']);
  });

  test('its event streams end when it does', async () => {
    const { ask, cookie } = await openBrowser();
    await ask('POST', '/repositories', { owner: 'acme', name: 'app' });
    const row = await api.repositories.server.locate({ owner: 'acme', name: 'app' });
    api.ports.put(row?.id ?? 0, runView(1));
    const stream = await fetch(`${api.origin}/api/v1/repositories/acme/app/runs/1/events`, {
      headers: { ...OWN, cookie },
    });
    const ended = (async () => {
      let text = '';
      for await (const part of stream.body ?? []) text += Buffer.from(part).toString();
      return text;
    })();
    await sleep(200);

    await ask('DELETE', '/user/sessions');

    expect(stream.status).toBe(200);
    expect(await Promise.race([ended, sleep(5000).then(() => undefined)])).toContain('still here');
  });
});

describe('what a stolen session could do for good', () => {
  const MEMBER = { name: 'bob', role: 'member' };

  test.each<[string, string, unknown]>([
    ['POST', '/tokens', { name: 'ci', scopes: ['all'] }],
    ['POST', '/members', MEMBER],
    ['POST', '/members/ada/code', undefined],
    ['PATCH', '/members/ada', { role: 'owner' }],
    ['DELETE', '/members/ada', undefined],
    ['POST', '/runners/registrations', {}],
    ['POST', '/user/recovery-codes', undefined],
    ['DELETE', '/user/passkeys/1', undefined],
    ['DELETE', '/repositories/acme/app', undefined],
    ['PUT', '/repositories/acme/app/access/users/ada', { role: 'admin' }],
  ])('needs a passkey: %s %s', async (method, path, body) => {
    const { ask } = await openBrowser();
    await ask('POST', '/repositories', { owner: 'acme', name: 'app' });

    const asked = await ask(method, path, body);

    expect([asked.status, asked.body['code']]).toEqual([403, 'api/approval-needed']);
  });

  test('is done with one, once, and not otherwise than it was approved (step-up replay)', async () => {
    const { ask, approved } = await openBrowser();

    const { answer, done } = await approved('POST', '/members', MEMBER);

    expect(done.status).toBe(201);
    const again = await ask('POST', '/members', { ...MEMBER, name: 'eve' }, { 'sallyport-approval': answer });
    expect([again.status, again.body['code']]).toEqual([401, 'identity/passkey-late']);
    const act = { method: 'POST', path: '/api/v1/members', body: { name: 'eve', role: 'member' } };
    const options = await ask('POST', '/user/approvals', act);
    expect(options.status).toBe(200);
    expect((await api.people.entries()).map(({ action }) => action)).toContain('approval.use');
  });

  test('is proved later by the signature alone, without this server', async () => {
    const { ask, approved } = await openBrowser();
    await approved('POST', '/members', MEMBER);

    const { body } = await ask('GET', '/approvals/1');

    const part = (name: string) => Buffer.from(String(body[name]), 'base64url');
    const client: { challenge: string } = JSON.parse(part('clientDataJSON').toString());
    const challenge = createHash('sha256')
      .update(`sallyport/approve/v1\n${String(body['subject'])}`)
      .digest('base64url');
    // The two coordinates of a point on P-256, each after its label and length (RFC 9053).
    const [x, y] = [-67, -32].map((from) => part('publicKey').subarray(from).subarray(0, 32).toString('base64url'));
    const key = createPublicKey({ format: 'jwk', key: { kty: 'EC', crv: 'P-256', x: x ?? '', y: y ?? '' } });
    const signed = Buffer.concat([
      part('authenticatorData'),
      createHash('sha256').update(part('clientDataJSON')).digest(),
    ]);
    expect(verify('sha256', signed, key, part('signature'))).toBe(true);
    expect(client.challenge).toBe(challenge);
    expect(JSON.parse(String(body['subject']))).toMatchObject({ act: { method: 'POST', path: '/api/v1/members' } });
  });

  test('a token asks as before, by its scopes', async () => {
    const { approved } = await openBrowser();
    const { done } = await approved('POST', '/tokens', { name: 'ci', scopes: ['member.manage'] });
    const token = String(done.body['token']);

    const added = await api.ask('POST', '/api/v1/members', { token, body: MEMBER });

    expect(added.status).toBe(201);
    expect((await api.ask('POST', '/api/v1/user/passkeys', { token, body: {} })).status).toBe(403);
  });
});

describe('what two people do', () => {
  const created = { owner: 'acme', name: 'app' };
  const requestIn = (body: { readonly [name: string]: unknown }) => body['request'] as { id: number; dueAt?: string };

  test('a repository is deleted when a second owner confirms it, in the name of whoever asked (K11)', async () => {
    const ada = await openBrowser();
    await ada.ask('POST', '/repositories', created);
    const invited = await ada.approved('POST', '/members', { name: 'bob', role: 'owner' });
    // Nobody else is an owner: it waits a day, and bob is a member until then.
    expect(invited.done.body).toMatchObject({ member: { role: 'member' }, request: { state: 'open' } });
    api.people.time += 24 * 3_600_000;
    await performDue({ ...api.people, repo: api.repositories.server });
    const again = ada.device.get((await post('/sign-in/passkey/options')).body);
    const cookie = cookieIn((await post('/sign-in/passkey', { answer: again })).headers);
    const system = { kind: 'system', id: 'test', name: 'test' } as const;
    const code = (await inviteAgain(api.people, system, 2)).code.expose();
    const bob = await openBrowser(code);
    expect((await bob.ask('GET', '/user')).body).toMatchObject({ name: 'bob', role: 'owner' });
    const asked = await bob.approved('DELETE', '/repositories/acme/app');
    const { id, dueAt } = requestIn(asked.done.body);

    const own = await bob.approved('POST', `/requests/${id}/confirm`);
    const bare = await ada.ask('POST', `/requests/${id}/confirm`, undefined, { cookie });
    const act = { method: 'POST', path: `/api/v1/requests/${id}/confirm` };
    const options = await ada.ask('POST', '/user/approvals', act, { cookie });
    const approval = Buffer.from(JSON.stringify(ada.device.get(options.body))).toString('base64url');
    const confirmed = await ada.ask('POST', `/requests/${id}/confirm`, undefined, {
      cookie,
      'sallyport-approval': approval,
    });

    expect([asked.done.status, dueAt]).toEqual([202, undefined]);
    expect([own.done.body['code'], bare.body['code']]).toEqual(['identity/request-own', 'api/approval-needed']);
    expect(confirmed.body).toMatchObject({ state: 'done', requestedBy: { name: 'bob' }, decidedBy: { name: 'ada' } });
    expect((await bob.ask('GET', '/repositories/acme/app')).status).toBe(404);
    expect((await api.people.entries()).filter(({ action }) => action === 'repository.delete')).toMatchObject([
      { actor: { id: '2', via: `request:${id}` } },
    ]);
  });
});
