import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  CLIENT_ID,
  CLIENT_SECRET,
  Jar,
  type RealProvider,
  signInAt,
  startProvider,
} from '../../test/support/oidc-provider.ts';
import { Secret } from '../base/index.ts';
import { openTestPostgres, type TestPostgres } from '../database/postgres.fixture.ts';
import { Authenticator } from '../identity/authenticator.fixture.ts';
import { createOidc, createTeam, firstSetupCode, inviteUser, listTeams, removeUser } from '../identity/index.ts';
import { type ServedApi, serveApi } from './api.fixture.ts';

const ORIGIN = 'http://localhost:8470';
const CHROME = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0.0.0 Safari/537.36';
const OWN = { origin: ORIGIN, 'sec-fetch-site': 'same-origin', 'user-agent': CHROME };

let postgres: TestPostgres;
let provider: RealProvider;
let api: ServedApi;

beforeAll(async () => {
  [postgres, provider] = await Promise.all([openTestPostgres(), startProvider(ORIGIN)]);
});
afterAll(async () => {
  await provider[Symbol.asyncDispose]();
  await postgres.close();
});

async function serve(join: 'teams' | 'everybody' | 'nobody' = 'teams') {
  provider.groups.clear();
  const oidc = createOidc(
    {
      issuer: provider.issuer,
      clientId: CLIENT_ID,
      clientSecret: new Secret(CLIENT_SECRET),
      groupClaim: 'groups',
      scopes: ['openid', 'profile'],
      teams: { 'ci-builders': 'builders', 'ci-deployers': 'deployers' },
      join,
    },
    (url, options) => fetch(url, { ...options, body: options.body ?? null }),
    true,
  );
  api = await serveApi(postgres, { origin: ORIGIN, provider: { name: 'Test SSO', oidc } });
  api.people.time = Date.now();
  return api;
}
beforeEach(() => async () => api[Symbol.asyncDispose]());

async function get(path: string, jar: Jar) {
  const response = await fetch(`${api.origin}${path}`, {
    redirect: 'manual',
    headers: { 'user-agent': CHROME, cookie: jar.header },
  });
  jar.take(response);
  return response;
}

/** The address that the provider sends a browser back to, as a path of the server. */
async function comeBack(login: string, jar: Jar, from = '/api/v1/sign-in/oidc?return=/acme/app'): Promise<string> {
  const begun = await get(from, jar);
  const back = new URL(await signInAt(provider.issuer, begun.headers.get('location') ?? '', login));
  return back.pathname + back.search;
}

async function signIn(login: string, jar = new Jar()) {
  const done = await get(await comeBack(login, jar), jar);
  const me = await api.ask('GET', '/api/v1/user', { headers: { ...OWN, cookie: jar.header } });
  return { to: done.headers.get('location'), status: done.status, me };
}

const membersOf = async (name: string) => (await listTeams(api.people.db)).find((team) => team.name === name)?.members;

describe('a real provider', () => {
  test('signs in somebody of a known group, as a new member of the team of the group', async () => {
    await serve();
    const { principal } = await api.people.owner();
    await createTeam(api.people, principal, { name: 'Builders' });
    await createTeam(api.people, principal, { name: 'deployers' });
    provider.groups.set('grace', ['ci-builders', 'others']);

    const first = await signIn('grace');

    expect([first.status, first.to]).toEqual([302, '/acme/app']);
    expect(first.me.body).toMatchObject({ name: 'grace', role: 'member', source: 'session' });
    expect(await membersOf('Builders')).toEqual([first.me.body['id']]);
    provider.groups.set('grace', ['ci-deployers']);
    const second = await signIn('grace');
    expect(second.me.body['id']).toBe(first.me.body['id']);
    expect([await membersOf('Builders'), await membersOf('deployers')]).toEqual([[], [first.me.body['id']]]);
    expect((await api.people.entries()).map(({ action }) => action)).toEqual(
      expect.arrayContaining(['member.add', 'member.link', 'team.add', 'team.leave', 'session.start']),
    );
  });

  test('signs in nobody of another group, and nobody who only has the name of a member (account takeover)', async () => {
    await serve();
    const { principal } = await api.people.owner();
    await inviteUser(api.people, principal, { name: 'bob', role: 'security' });

    const stranger = await signIn('mallory');
    provider.groups.set('bob', ['ci-builders']);
    const namesake = await signIn('bob');

    expect(stranger.to).toBe('/sign-in?problem=identity%2Fexternal-unknown');
    expect(namesake.to).toBe('/sign-in?problem=identity%2Fname-taken');
    expect([stranger.me.status, namesake.me.status]).toEqual([401, 401]);
  });

  test('lets nobody back in who was removed', async () => {
    await serve('everybody');
    const { principal } = await api.people.owner();
    const { me } = await signIn('grace');
    await removeUser(api.people, principal, Number(me.body['id']));

    expect((await signIn('grace')).to).toBe('/sign-in?problem=identity%2Fexternal-unknown');
  });

  test('a way back is for the browser that began it, once, and within ten minutes (login CSRF)', async () => {
    await serve('everybody');
    const [own, other] = [new Jar(), new Jar()];
    const back = await comeBack('mallory', own);
    await get('/api/v1/sign-in/oidc', other);

    const planted = await get(back, other);
    const bare = await get(back, new Jar());
    const done = await get(back, own);
    const again = await get(back, own);

    const late = '/sign-in?problem=identity%2Fexternal-late';
    expect([planted, bare, again].map(({ headers }) => headers.get('location'))).toEqual([late, late, late]);
    expect(done.headers.get('location')).toBe('/acme/app');
    const slow = new Jar();
    const path = await comeBack('grace', slow);
    api.people.time += 600_001;
    expect((await get(path, slow)).headers.get('location')).toBe(late);
  });

  test.each([
    ['another code', (path: string) => path.replace(/code=[^&]+/, 'code=stolen')],
    ['another issuer', (path: string) => path.replace(/iss=[^&]+/, 'iss=https%3A%2F%2Fevil.example')],
    ['an error', (path: string) => path.replace(/code=[^&]+/, 'error=access_denied')],
  ])('an answer with %s signs nobody in', async (_name, change) => {
    await serve('everybody');
    const jar = new Jar();
    const back = await comeBack('grace', jar);

    const done = await get(change(back), jar);

    expect(done.headers.get('location')).toBe('/sign-in?problem=identity%2Fprovider-failed');
    expect(done.headers.getSetCookie().some((text) => text.startsWith('__Host-sid='))).toBe(false);
  });

  test('goes on to no other server (open redirect)', async () => {
    await serve('everybody');
    const jar = new Jar();
    const back = await comeBack('grace', jar, '/api/v1/sign-in/oidc?return=//evil.example/x');

    expect((await get(back, jar)).headers.get('location')).toBe('/');
  });

  test('is linked to somebody who is signed in, with their passkey, and signs them in from then on', async () => {
    await serve('nobody');
    const device = new Authenticator(ORIGIN);
    const jar = new Jar();
    const ask = async (path: string, body: unknown, headers: object = {}) => {
      const response = await fetch(`${api.origin}/api/v1${path}`, {
        method: 'POST',
        headers: { ...OWN, 'content-type': 'application/json', cookie: jar.header, ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      jar.take(response);
      return (await response.json()) as { [name: string]: unknown };
    };
    const code = (await firstSetupCode(api.people))?.code.expose();
    const options = await ask('/sign-in/registration/options', { code, name: 'ada' });
    await ask('/sign-in/registration', { code, passkeyName: 'x', answer: device.create(options) });
    expect((await ask('/user/link', undefined))['code']).toBe('api/approval-needed');
    const asked = await ask('/user/approvals', { method: 'POST', path: '/api/v1/user/link' });
    const approval = Buffer.from(JSON.stringify(device.get(asked))).toString('base64url');
    const begun = await ask('/user/link', undefined, { 'sallyport-approval': approval });
    const back = new URL(await signInAt(provider.issuer, String(begun['to']), 'lovelace'));

    const linked = await get(back.pathname + back.search, jar);
    const later = await signIn('lovelace');

    expect(linked.headers.get('location')).toBe('/-/sessions');
    expect(later.me.body).toMatchObject({ name: 'ada', role: 'owner' });
  });
});
