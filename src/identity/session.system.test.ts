import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openTestPostgres, type TestPostgres } from '../database/postgres.fixture.ts';
import { digestOfValue } from '../base/index.ts';
import { approvalOptions, needsApproval, useApproval } from './approve.ts';
import { Authenticator, type Tricks } from './authenticator.fixture.ts';
import { authorise } from './authorise.ts';
import { forgetChallenges } from './challenge.ts';
import { markOf } from './client.ts';
import { firstSetupCode, inviteUser } from './codes.ts';
import { ADDRESS, IDENTITY_MIGRATIONS, type People, peopleIn } from './identity.fixture.ts';
import { listPasskeys, relyingPartyOf, removePasskey, renamePasskey } from './passkeys.ts';
import type { Principal } from './principal.ts';
import { authenticateSession, endSession, endSessions, isSessionOpen, listSessions } from './session.ts';
import {
  addPasskey,
  addPasskeyOptions,
  codeRegistrationOptions,
  makeOwnRecoveryCodes,
  passkeySignInOptions,
  registerWithCode,
  signInWithPasskey,
  signInWithRecoveryCode,
} from './sign-in.ts';
import { createToken } from './tokens.ts';
import { findUser, removeUser } from './users.ts';

const ORIGIN = 'http://localhost:8470';
const HOUR = 3_600_000;
const CHROME = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0.0.0 Safari/537.36';
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:152.0) Gecko/20100101 Firefox/152.0';
const MARK = markOf(CHROME, ADDRESS);
const FROM = { mark: MARK, address: ADDRESS };

let postgres: TestPostgres;
let people: People & { readonly origin: string };

beforeAll(async () => {
  postgres = await openTestPostgres();
});
afterAll(() => postgres.close());
beforeEach(async () => {
  people = Object.assign(peopleIn(await postgres.database(IDENTITY_MIGRATIONS)), { origin: ORIGIN });
});

const actions = async () => (await people.entries()).map(({ action }) => action);
const use = async (cookie: string, mark = MARK) => (await authenticateSession(people, cookie, mark))?.principal;
/** What the cookie is to hold from now on. */
const nextOf = async (cookie: string) => (await authenticateSession(people, cookie, MARK))?.next?.secret.expose();

/** The first owner, with a passkey in an authenticator of their own. */
async function setUp(name = 'ada') {
  const device = new Authenticator(ORIGIN);
  const code = (await firstSetupCode(people))?.code.expose() ?? '';
  const options = await codeRegistrationOptions(people, { code, name }, FROM);
  const made = await registerWithCode(people, { code, passkeyName: 'laptop', response: device.create(options) }, FROM);
  const cookie = made.session.secret.expose();
  return { device, made, cookie, principal: await known(cookie) };
}

async function known(cookie: string): Promise<Principal> {
  const principal = await use(cookie);
  if (principal === undefined) throw new TypeError('not signed in');
  return principal;
}

async function signIn(device: Authenticator, tricks: Tricks & { readonly at?: number } = {}, from: object = {}) {
  const options = await passkeySignInOptions(people);
  return signInWithPasskey(people, device.get(options, tricks), { ...FROM, ...from });
}

describe('passkeys', () => {
  test('a code becomes an owner with a passkey, a session and ten recovery codes, once', async () => {
    const device = new Authenticator(ORIGIN);
    const code = (await firstSetupCode(people))?.code.expose() ?? '';
    const options = await codeRegistrationOptions(people, { code, name: 'ada' }, FROM);
    const response = device.create(options);
    const ask = () => registerWithCode(people, { code, passkeyName: 'laptop', response }, FROM);

    const made = await ask();

    expect(made.user).toMatchObject({ name: 'ada', role: 'owner' });
    expect(made.recoveryCodes).toHaveLength(10);
    expect(options.authenticatorSelection).toMatchObject({ residentKey: 'required', userVerification: 'required' });
    expect(await use(made.session.secret.expose())).toMatchObject({ name: 'ada', token: { source: 'session' } });
    await expect(ask()).rejects.toMatchObject({ code: 'identity/passkey-late' });
    await expect(codeRegistrationOptions(people, { code, name: 'eve' }, FROM)).rejects.toMatchObject({
      code: 'identity/code-invalid',
    });
    expect(await actions()).toEqual([
      'sign-in.code',
      'member.add',
      'sign-in.redeem',
      'passkey.add',
      'recovery.create',
      'session.start',
    ]);
  });

  test('a passkey that was asked for with one code does not use up another', async () => {
    const { principal } = await setUp();
    const bob = await inviteUser(people, principal, { name: 'bob', role: 'member' });
    const eve = await inviteUser(people, principal, { name: 'eve', role: 'owner' });
    const device = new Authenticator(ORIGIN);
    const options = await codeRegistrationOptions(people, { code: bob.code.expose() }, FROM);
    const response = device.create(options);

    const ask = registerWithCode(people, { code: eve.code.expose(), passkeyName: 'x', response }, FROM);

    await expect(ask).rejects.toMatchObject({ code: 'identity/passkey-late' });
    expect(await listPasskeys(people.db, eve.user.id)).toEqual([]);
  });

  test('signs in whoever has it, with any passkey of theirs', async () => {
    const { device, principal } = await setUp();
    const options = await addPasskeyOptions(people, principal);
    await addPasskey(people, principal, { name: 'key', response: device.create(options) });

    const [first, second] = [await signIn(device, { at: 0 }), await signIn(device, { at: 1 })];

    expect([first.user.name, second.user.name]).toEqual(['ada', 'ada']);
    expect(options.excludeCredentials).toHaveLength(1);
    expect((await listPasskeys(people.db, first.user.id)).map(({ name }) => name)).toEqual(['laptop', 'key']);
  });

  test.each<[string, Tricks, string]>([
    ['of a page that looks like ours', { origin: 'http://localhost.evil.example' }, 'passkey-invalid'],
    ['of another server on this machine', { origin: 'http://localhost:9999' }, 'passkey-invalid'],
    ['for another name', { rpId: 'evil.example' }, 'passkey-invalid'],
    ['of which nobody knows who touched it', { isVerified: false }, 'passkey-invalid'],
    ['to a question that nobody asked', { challenge: 'A'.repeat(43) }, 'passkey-late'],
  ])('an answer %s is refused (K23)', async (_name, tricks, code) => {
    const { device } = await setUp();

    await expect(signIn(device, tricks)).rejects.toMatchObject({ code: `identity/${code}` });
    expect((await signIn(device)).user.name).toBe('ada');
  });

  test('an answer is worth something once, for five minutes, and for what was asked', async () => {
    const { device } = await setUp();
    const options = await passkeySignInOptions(people);
    const answer = device.get(options);
    await signInWithPasskey(people, answer, FROM);
    const late = device.get(await passkeySignInOptions(people));
    const made = device.create(await passkeySignInOptions(people));

    await expect(signInWithPasskey(people, answer, FROM)).rejects.toMatchObject({ code: 'identity/passkey-late' });
    await expect(
      registerWithCode(people, { code: 'sps_x', passkeyName: 'x', response: made }, FROM),
    ).rejects.toMatchObject({ code: 'identity/passkey-late' });
    people.time += 5 * 60_000 + 1;
    await expect(signInWithPasskey(people, late, FROM)).rejects.toMatchObject({ code: 'identity/passkey-late' });
    people.time += 25 * HOUR;
    await forgetChallenges(people);
    const { rows } = await sql`select 1 from identity_challenge`.execute(people.db.as());
    expect(rows).toEqual([]);
  });

  test('a counter that goes back is that of a copy: refused, and recorded', async () => {
    const { device } = await setUp();
    await signIn(device, { counter: 7 });

    await expect(signIn(device, { counter: 7 })).rejects.toMatchObject({ code: 'identity/passkey-copied' });
    await expect(signIn(device, { counter: 0 })).rejects.toMatchObject({ code: 'identity/passkey-copied' });
    expect((await signIn(device, { counter: 8 })).user.name).toBe('ada');
    expect((await actions()).filter((action) => action === 'passkey.refuse')).toHaveLength(2);
  });

  test('is named anew and removed by its owner only, and the last one stays', async () => {
    const { device, principal, made } = await setUp();
    const other = await addPasskey(people, principal, {
      name: 'key',
      response: device.create(await addPasskeyOptions(people, principal)),
    });
    const userId = made.user.id;

    await expect(renamePasskey(people, principal, { userId: 999, id: other.id, name: 'x' })).rejects.toMatchObject({
      code: 'identity/not-found',
    });
    expect(await renamePasskey(people, principal, { userId, id: other.id, name: 'YubiKey' })).toMatchObject({
      name: 'YubiKey',
    });
    await removePasskey(people, principal, { userId, id: other.id });
    await expect(removePasskey(people, principal, { userId, id: made.passkey.id })).rejects.toMatchObject({
      code: 'identity/passkey-last',
    });
    await expect(signIn(device, { at: 1 })).rejects.toMatchObject({ code: 'identity/passkey-invalid' });
  });

  test.each(['http://127.0.0.1:8470', 'http://[::1]:8470', 'https://192.0.2.1', 'http://ci.example.org'])(
    'there are none at %s, and why is said',
    (origin) => {
      expect(() => relyingPartyOf({ origin })).toThrow(expect.objectContaining({ code: 'identity/passkey-origin' }));
    },
  );

  test('ten answers that do not hold, and nothing from there is looked at (brute force)', async () => {
    const { device } = await setUp();
    for (let attempt = 0; attempt < 10; attempt += 1)
      await signIn(device, { isVerified: false }).catch(() => undefined);

    await expect(signIn(device)).rejects.toMatchObject({ code: 'identity/too-many-attempts' });
    expect((await signIn(device, {}, { address: '198.51.100.7' })).user.name).toBe('ada');
  });
});

describe('sessions', () => {
  test('last 12 hours without use and 7 days with it; looking is no use', async () => {
    const { cookie, device, made } = await setUp();
    people.time += 11 * HOUR;
    await use(cookie);
    people.time += 11 * HOUR;
    expect(await isSessionOpen(people, made.session.id)).toBe(true);
    people.time += 2 * HOUR;
    await expect(use(cookie)).rejects.toMatchObject({ code: 'identity/session-ended' });

    let busy = (await signIn(device)).session.secret.expose();
    for (let hours = 0; hours < 7 * 24; hours += 8) {
      busy = (await nextOf(busy)) ?? busy;
      people.time += 8 * HOUR;
    }
    await expect(use(busy)).rejects.toMatchObject({ code: 'identity/session-ended' });
  });

  test('one that another browser shows was stolen: it ends for both, and that is recorded', async () => {
    const { cookie } = await setUp();

    await expect(use(cookie, markOf(FIREFOX, ADDRESS))).rejects.toMatchObject({ code: 'identity/session-ended' });

    await expect(use(cookie)).rejects.toMatchObject({ code: 'identity/session-ended' });
    expect((await people.entries()).at(-1)).toMatchObject({
      action: 'session.end',
      outcome: 'deny',
      detail: { why: 'another-browser' },
    });
  });

  test('one that is shown in another network is refused there, stays where it was made, and that is recorded once', async () => {
    const { cookie } = await setUp();
    const elsewhere = markOf(CHROME, '198.51.100.7');
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await expect(use(cookie, elsewhere)).rejects.toMatchObject({ code: 'identity/session-elsewhere' });
    }

    expect(await use(cookie)).toMatchObject({ name: 'ada' });
    expect(await use(cookie, markOf(CHROME.replace('149', '150'), '192.0.2.77'))).toMatchObject({ name: 'ada' });
    expect((await actions()).filter((action) => action === 'session.refuse')).toHaveLength(1);
  });

  test('holds something new every ten minutes; whoever shows what it held before ends it (a copied cookie)', async () => {
    const { cookie } = await setUp();
    const minutes = (count: number) => {
      people.time += count * 60_000;
    };
    expect(await nextOf(cookie)).toBeUndefined();
    minutes(10);
    const lost = await nextOf(cookie);
    expect(await nextOf(cookie)).toBeUndefined();
    minutes(1);
    const next = (await nextOf(cookie)) ?? '';

    expect([lost, next].every((text) => text?.length === 43 && text !== cookie)).toBe(true);
    // The answer that held it was lost: what the browser has goes on.
    expect(await use(lost ?? '')).toBeUndefined();
    expect(await use(next)).toMatchObject({ name: 'ada' });
    expect(await use(cookie)).toMatchObject({ name: 'ada' });
    minutes(2);
    await expect(use(cookie)).rejects.toMatchObject({ code: 'identity/session-ended' });
    await expect(use(next)).rejects.toMatchObject({ code: 'identity/session-ended' });
    expect((await people.entries()).at(-1)).toMatchObject({
      action: 'session.end',
      outcome: 'deny',
      detail: { why: 'copied' },
    });
  });

  test('a new sign-in ends the session that the browser had, and never takes a cookie over (fixation)', async () => {
    const { cookie, device } = await setUp();
    const planted = 'A'.repeat(43);

    const { session } = await signIn(device, {}, { cookie });
    const second = await signIn(device, {}, { cookie: planted });

    expect([session.secret.expose(), second.session.secret.expose()]).not.toContain(planted);
    expect(await use(planted)).toBeUndefined();
    await expect(use(cookie)).rejects.toMatchObject({ code: 'identity/session-ended' });
  });

  test('are listed, ended one by one and everywhere, by their person only', async () => {
    const { cookie, device, principal } = await setUp();
    const other = (await signIn(device)).session;
    const userId = Number(principal.id);
    expect(await listSessions(people, userId)).toHaveLength(2);
    await endSession(people, principal, other.id);
    await expect(use(other.secret.expose())).rejects.toMatchObject({ code: 'identity/session-ended' });
    await signIn(device);
    expect(await endSessions(people, principal)).toHaveLength(2);
    await expect(use(cookie)).rejects.toMatchObject({ code: 'identity/session-ended' });
    expect(await listSessions(people, userId)).toEqual([]);
  });

  test('end with the membership, as do passkeys', async () => {
    const { principal } = await setUp();
    const invited = await inviteUser(people, principal, { name: 'bob', role: 'member' });
    const device = new Authenticator(ORIGIN);
    const code = invited.code.expose();
    const options = await codeRegistrationOptions(people, { code }, FROM);
    const bob = await registerWithCode(people, { code, passkeyName: 'x', response: device.create(options) }, FROM);
    const cookie = bob.session.secret.expose();
    const asBob = await known(cookie);
    await expect(endSession(people, asBob, Number(principal.token?.id))).rejects.toMatchObject({
      code: 'identity/not-found',
    });

    await removeUser(people, principal, bob.user.id);

    await expect(use(cookie)).rejects.toMatchObject({ code: 'identity/session-ended' });
    await expect(signIn(device)).rejects.toMatchObject({ code: 'identity/passkey-invalid' });
  });

  test('nothing that is stored opens one', async () => {
    const { cookie, made } = await setUp();
    const { rows } = await sql<{ text: string }>`select row_to_json(t)::text as text from identity_session t
      union all select row_to_json(r)::text from identity_recovery r
      union all select row_to_json(c)::text from identity_challenge c
      union all select convert_from(body, 'UTF8') from auditlog_entry`.execute(people.db.as());
    const hex = Buffer.from(cookie, 'base64url').toString('hex');
    const secrets = [cookie, hex, ...made.recoveryCodes.map((code) => code.expose())];

    expect(rows.length).toBeGreaterThan(10);
    expect(rows.filter(({ text }) => secrets.some((secret) => text.includes(secret)))).toEqual([]);
  });
});

describe('recovery codes', () => {
  test('sign in once each, however they are typed, and end with new ones', async () => {
    const { made, principal } = await setUp();
    const [first, second] = made.recoveryCodes.map((code) => code.expose());
    const ask = (code = '', name = 'ada') => signInWithRecoveryCode(people, { name, code }, FROM);

    const { session } = await ask(first?.toUpperCase().replaceAll('-', ' '));

    expect(await use(session.secret.expose())).toMatchObject({ name: 'ada' });
    await expect(ask(first)).rejects.toMatchObject({ code: 'identity/recovery-invalid' });
    await expect(ask(second, 'bob')).rejects.toMatchObject({ code: 'identity/recovery-invalid' });
    const [fresh] = await makeOwnRecoveryCodes(people, principal);
    await expect(ask(second)).rejects.toMatchObject({ code: 'identity/recovery-invalid' });
    expect((await ask(fresh?.expose())).user.name).toBe('ada');
  });
});

describe('approvals (step-up)', () => {
  const ACT = { method: 'POST', path: '/api/v1/members', body: digestOfValue({ name: 'bob', role: 'owner' }) };

  test('a session needs one for each act, a token none', async () => {
    const { principal } = await setUp();
    const owner = principal;
    const token = await createToken(people, owner, { name: 'ci', scopes: ['all'] });
    const asToken: Principal = {
      ...owner,
      token: { ...(owner.token ?? expect.fail()), source: 'token', id: token.info.id },
    };

    expect(await needsApproval(people, owner, 'act')).toBe(true);
    expect(await needsApproval(people, owner, 'passkey')).toBe(true);
    expect(await needsApproval(people, asToken, 'act')).toBe(false);
    await expect(approvalOptions(people, asToken, ACT)).rejects.toMatchObject({ code: 'identity/not-allowed' });
    expect(await authorise(people.db, asToken, 'passkey.manage', { type: 'user', id: Number(owner.id) })).toBe(false);
    expect(await authorise(people.db, owner, 'passkey.manage', { type: 'user', id: Number(owner.id) })).toBe(true);
  });

  test('signs exactly this request, is used up, and is kept as evidence', async () => {
    const { device, principal } = await setUp();
    const answer = device.get(await approvalOptions(people, principal, ACT));

    const { subject } = await useApproval(people, principal, ACT, answer);

    const { rows } = await sql<{ subject: string; client_data: Buffer }>`
      select subject, client_data from identity_approval`.execute(people.db.as());
    expect(rows).toHaveLength(1);
    expect(JSON.parse(rows[0]?.subject ?? '')).toMatchObject({ v: 1, origin: ORIGIN, act: ACT });
    expect((await people.entries()).at(-1)).toMatchObject({ action: 'approval.use', detail: { subject } });
    await expect(useApproval(people, principal, ACT, answer)).rejects.toMatchObject({ code: 'identity/passkey-late' });
  });

  test.each([
    ['another body', { body: digestOfValue({ name: 'eve', role: 'owner' }) }],
    ['no body', { body: null }],
    ['another path', { path: '/api/v1/members/eve' }],
    ['another method', { method: 'DELETE' }],
  ])('for one request is nothing for one with %s', async (_name, change) => {
    const { device, principal } = await setUp();
    const answer = device.get(await approvalOptions(people, principal, ACT));

    await expect(useApproval(people, principal, { ...ACT, ...change }, answer)).rejects.toMatchObject({
      code: 'identity/approval-other',
    });
  });

  test('of another session, of another person, or of a sign-in approves nothing', async () => {
    const { device, principal } = await setUp();
    const other = await known((await signIn(device)).session.secret.expose());
    const answer = device.get(await approvalOptions(people, principal, ACT));
    const entry = device.get(await passkeySignInOptions(people));
    const late = device.get(await approvalOptions(people, principal, ACT));

    await expect(useApproval(people, other, ACT, answer)).rejects.toMatchObject({ code: 'identity/approval-other' });
    await expect(useApproval(people, principal, ACT, entry)).rejects.toMatchObject({ code: 'identity/passkey-late' });
    await expect(signInWithPasskey(people, late, FROM)).rejects.toMatchObject({ code: 'identity/passkey-late' });
    people.time += 5 * 60_000 + 1;
    await expect(useApproval(people, principal, ACT, late)).rejects.toMatchObject({ code: 'identity/passkey-late' });
  });

  test('who came with a recovery code adds a passkey without one, within ten minutes', async () => {
    const { made } = await setUp();
    const code = made.recoveryCodes[0]?.expose() ?? '';
    const { session } = await signInWithRecoveryCode(people, { name: 'ada', code }, FROM);
    const principal = await known(session.secret.expose());

    expect(await needsApproval(people, principal, 'passkey')).toBe(false);
    expect(await needsApproval(people, principal, 'act')).toBe(true);
    people.time += 10 * 60_000 + 1;
    expect(await needsApproval(people, principal, 'passkey')).toBe(true);
    expect(await findUser(people.db, 'ada')).toBeDefined();
  });
});
