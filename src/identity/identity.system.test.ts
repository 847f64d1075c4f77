import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { reasonOf } from '../base/index.ts';
import { openTestPostgres, type TestPostgres } from '../database/postgres.fixture.ts';
import { authenticate } from './authenticate.ts';
import { authorise, authoriseGit, readableRepositories } from './authorise.ts';
import { firstSetupCode, inviteAgain, inviteUser, recoverySetupCode, redeemCode } from './codes.ts';
import { listGrants, setGrant } from './grants.ts';
import { ADDRESS, IDENTITY_MIGRATIONS, type People, peopleIn } from './identity.fixture.ts';
import type { Principal } from './principal.ts';
import { createTeam, listTeams, moveTeam, removeTeam, setTeamMember } from './teams.ts';
import { forgetAttempts } from './throttle.ts';
import { makeToken } from './token-format.ts';
import { createToken, listTokens, revokeToken } from './tokens.ts';
import { findUser, listUsers, removeUser, setRole } from './users.ts';
import { ORGANISATION_ROLES, REPOSITORY_ROLES, VERBS } from './verbs.ts';

const DAY = 86_400_000;
let postgres: TestPostgres;
let people: People;

beforeAll(async () => {
  postgres = await openTestPostgres();
});
afterAll(() => postgres.close());
beforeEach(async () => {
  people = peopleIn(await postgres.database(IDENTITY_MIGRATIONS));
});

const signIn = (bearer: string, address = ADDRESS) => authenticate(people, { bearer }, { address });
const may = (principal: Principal, verb: (typeof VERBS)[number], id: number) =>
  authorise(people.db, principal, verb, { type: 'repository', id });
const actions = async () => (await people.entries()).map(({ action }) => action);

describe('signing in', () => {
  test('the first owner comes by a code that works once, within an hour, and only while there is none', async () => {
    const early = await firstSetupCode(people);
    const code = await firstSetupCode(people);
    const ask = (text = '', name = 'ada') =>
      redeemCode(people, { code: text, name, device: 'laptop', address: ADDRESS });

    await expect(ask(early?.code.expose())).rejects.toMatchObject({ code: 'identity/code-invalid' });
    await expect(
      redeemCode(people, { code: code?.code.expose() ?? '', device: 'a', address: ADDRESS }),
    ).rejects.toMatchObject({
      code: 'identity/name-needed',
    });
    const { user, token, info } = await ask(code?.code.expose());
    expect(user).toMatchObject({ name: 'ada', role: 'owner' });
    expect(info.expiresAt.getTime()).toBe(people.time + 30 * DAY);
    expect(await signIn(token.expose())).toMatchObject({ name: 'ada', kind: 'user' });
    await expect(ask(code?.code.expose(), 'eve')).rejects.toMatchObject({ code: 'identity/code-invalid' });
    expect(await firstSetupCode(people)).toBeUndefined();
    expect(await actions()).toEqual(['sign-in.code', 'sign-in.code', 'member.add', 'sign-in.redeem', 'token.create']);
  });

  test('a code is worthless after its time, and at the second of two at once', async () => {
    const late = await firstSetupCode(people);
    people.time += 3_600_001;
    const ask = (code: string, name: string) => redeemCode(people, { code, name, device: 'x', address: ADDRESS });
    await expect(ask(late?.code.expose() ?? '', 'ada')).rejects.toMatchObject({ code: 'identity/code-invalid' });

    const code = (await firstSetupCode(people))?.code.expose() ?? '';
    const both = await Promise.allSettled([ask(code, 'ada'), ask(code, 'eve')]);

    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await listUsers(people.db, { limit: 10 })).toHaveLength(1);
  });

  test('an invited person gets their own role; a second invitation replaces the first', async () => {
    const { principal } = await people.owner();
    const invited = await inviteUser(people, principal, { name: 'Bob', role: 'member' });
    const again = await inviteAgain(people, principal, invited.user.id);
    const ask = (code: string, name?: string) =>
      redeemCode(people, { code, device: 'x', address: ADDRESS, ...(name === undefined ? {} : { name }) });

    await expect(ask(invited.code.expose())).rejects.toMatchObject({ code: 'identity/code-invalid' });
    await expect(ask(again.code.expose(), 'eve')).rejects.toMatchObject({ code: 'identity/code-invalid' });
    expect((await ask(again.code.expose(), 'bob')).user).toMatchObject({ name: 'Bob', role: 'member' });
  });

  test('an owner who lost everything, or was demoted, comes back by the operator', async () => {
    const owner = await people.owner();
    await people.person('bob', 'member');
    const known = await recoverySetupCode(people, 'bob');
    const other = await recoverySetupCode(people);

    const bob = await redeemCode(people, { code: known.code.expose(), device: 'x', address: ADDRESS });
    const eve = await redeemCode(people, { code: other.code.expose(), name: 'eve', device: 'x', address: ADDRESS });

    expect([bob.user.role, eve.user.role]).toEqual(['owner', 'owner']);
    expect(await signIn(owner.token)).toBeDefined();
    await expect(recoverySetupCode(people, 'nobody')).rejects.toMatchObject({ code: 'identity/not-found' });
    expect(await actions()).toContain('member.role');
  });

  test('nothing that is stored signs anybody in', async () => {
    const { token } = await people.owner();
    const { rows } = await sql<{ text: string }>`select row_to_json(t)::text as text from identity_token t
      union all select row_to_json(c)::text from identity_code c
      union all select convert_from(body, 'UTF8') from auditlog_entry`.execute(people.db.as());

    expect(rows.length).toBeGreaterThan(3);
    expect(rows.filter(({ text }) => text.includes(token) || /sp[tjrs]_[0-9A-Za-z]{36}/.test(text))).toEqual([]);
  });
});

describe('tokens', () => {
  test('may at most what the token may that makes them, and live at most 90 days from the sign-in', async () => {
    const { principal, token } = await people.owner();
    const small = await createToken(people, principal, {
      name: 'ci',
      scopes: ['run.read', 'token.manage'],
      days: 90,
    });
    const asSmall = await signIn(small.token.expose());
    if (asSmall === undefined) throw new TypeError('not signed in');
    const make = (scopes: readonly string[], days = 1, repositories?: readonly number[]) =>
      createToken(people, asSmall, {
        name: 'x',
        scopes,
        days,
        ...(repositories === undefined ? {} : { repositories }),
      });

    await expect(make(['all'])).rejects.toMatchObject({ code: 'identity/scope-exceeded' });
    await expect(make(['run.cancel'])).rejects.toMatchObject({ code: 'identity/scope-exceeded' });
    await expect(make(['nonsense'])).rejects.toMatchObject({ code: 'identity/scope-invalid' });
    await expect(make([])).rejects.toMatchObject({ code: 'identity/scope-invalid' });
    await expect(make(['run.read'], 91)).rejects.toMatchObject({ code: 'identity/expiry-invalid' });
    people.time += 80 * DAY;
    await expect(signIn(token)).rejects.toMatchObject({ code: 'identity/not-signed-in' });
    const late = await make(['run.read'], 90);
    expect((late.info.expiresAt.getTime() - people.time) / DAY).toBeCloseTo(10, 5);
    people.time += 10 * DAY;
    await expect(signIn(late.token.expose())).rejects.toMatchObject({ code: 'identity/not-signed-in' });
  });

  test('for runs see that a repository is there, and read no code of it', async () => {
    const { principal } = await people.owner();
    const made = await createToken(people, principal, { name: 'runs', scopes: ['run.read'] });
    const runs = await signIn(made.token.expose());
    if (runs === undefined) throw new TypeError('not signed in');
    const asked = ['repository.see', 'run.read', 'repository.read', 'run.cancel'] as const;

    expect(await Promise.all(asked.map((verb) => may(runs, verb, 7)))).toEqual([true, true, false, false]);
    expect(await authoriseGit(people.db)(runs, { id: 7 }, 'read')).toBe(false);
  });

  test('for one repository see no other one, nothing of the organisation, and make only such', async () => {
    const { principal } = await people.owner();
    const made = await createToken(people, principal, { name: 'one', scopes: ['all'], repositories: [7] });
    const one = await signIn(made.token.expose());
    if (one === undefined) throw new TypeError('not signed in');

    expect([await may(one, 'repository.administer', 7), await may(one, 'repository.read', 8)]).toEqual([true, false]);
    expect(await authorise(people.db, one, 'audit.read', { type: 'organisation' })).toBe(false);
    expect(await readableRepositories(people.db, one)).toEqual([7]);
    await expect(createToken(people, one, { name: 'wide', scopes: ['all'] })).rejects.toMatchObject({
      code: 'identity/not-allowed',
    });
  });

  test('end with the one that they were made with, and at once', async () => {
    const { principal, id } = await people.owner();
    const parent = await createToken(people, principal, { name: 'parent', scopes: ['all'] });
    const asParent = await signIn(parent.token.expose());
    if (asParent === undefined) throw new TypeError('not signed in');
    const child = await createToken(people, asParent, { name: 'child', scopes: ['all'] });

    expect(await revokeToken(people, principal, parent.info.id)).toEqual([parent.info.id, child.info.id]);

    await expect(signIn(child.token.expose())).rejects.toMatchObject({ code: 'identity/not-signed-in' });
    expect(
      (await listTokens(people.db, id, { limit: 10 })).map(({ name, revokedAt }) => [name, revokedAt !== undefined]),
    ).toEqual([
      ['child', true],
      ['parent', true],
      ['test', false],
    ]);
  });

  test('of others are revoked by owner and security, and are not there for anybody else', async () => {
    const owner = await people.owner();
    const bob = await people.person('bob', 'member');
    const sue = await people.person('sue', 'security');
    const [own] = await listTokens(people.db, owner.id, { limit: 1 });

    await expect(revokeToken(people, bob.principal, own?.id ?? 0)).rejects.toMatchObject({
      code: 'identity/not-found',
    });
    expect(await revokeToken(people, sue.principal, own?.id ?? 0)).toEqual([own?.id]);
  });

  test('tell when they were last used', async () => {
    const { id, token } = await people.owner();
    people.time += 5 * 60_000;
    await signIn(token);

    expect((await listTokens(people.db, id, { limit: 1 }))[0]?.lastUsedAt?.getTime()).toBe(people.time);
  });

  test('of jobs are asked for elsewhere, may what their plan gave in one repository, and never register a runner', async () => {
    const text = makeToken('job', people).expose();
    const job = { jobId: 3, repositoryId: 7, permissions: { contents: 'read', actions: 'write' } };
    const found = await authenticate({ ...people, jobOf: async () => job }, { bearer: text }, { address: ADDRESS });
    if (found === undefined) throw new TypeError('not signed in');

    expect(await signIn(text)).toBeUndefined();
    const allowed = [];
    for (const verb of VERBS) {
      if (await may(found, verb, 7)) allowed.push(verb);
      expect([await may(found, verb, 8), await authorise(people.db, found, verb, { type: 'organisation' })]).toEqual([
        false,
        false,
      ]);
    }
    expect(allowed).toEqual([
      'repository.see',
      'repository.read',
      'run.read',
      'run.dispatch',
      'run.rerun',
      'run.cancel',
    ]);
  });
});

describe('throttling', () => {
  const guess = () => makeToken('user', people).expose();

  test('after ten guesses from a network even the right token is refused there, also by another process', async () => {
    const { token } = await people.owner();
    for (let at = 0; at < 9; at += 1) expect(await signIn(guess(), '198.51.100.9')).toBeUndefined();

    expect(await signIn(token, '198.51.100.9')).toBeDefined();
    await signIn(guess(), '198.51.100.9');

    await expect(signIn(token, '198.51.100.9')).rejects.toMatchObject({
      code: 'identity/too-many-attempts',
      status: 429,
    });
    const restarted = { ...people, time: people.time };
    await expect(authenticate(restarted, { bearer: token }, { address: '198.51.100.9' })).rejects.toMatchObject({
      status: 429,
    });
    expect(await signIn(token, '198.51.100.10')).toBeDefined();
    expect((await people.entries()).at(-1)).toMatchObject({ action: 'sign-in.block', outcome: 'deny' });
    people.time += 60_001;
    expect(await signIn(token, '198.51.100.9')).toBeDefined();
  });

  test('blocks of a network double up to an hour, guesses at once are all counted', async () => {
    const lengths: number[] = [];
    for (let round = 0; round < 8; round += 1) {
      await Promise.all(Array.from({ length: 10 }, () => signIn(guess(), '2001:db8::1').catch(() => undefined)));
      const refused = await signIn(guess(), '2001:db8::ffff').catch(reasonOf);
      const seconds = Number(/in (\d+) seconds/.exec(typeof refused === 'string' ? refused : '')?.[1]);
      lengths.push(seconds);
      people.time += seconds * 1000 + 1;
    }

    expect(lengths).toEqual([60, 120, 240, 480, 960, 1920, 3600, 3600]);
  });

  test('an account that is guessed at from everywhere rests, for a minute and no more', async () => {
    const { token } = await people.owner();
    const basic = (password: string, address: string) =>
      authenticate(people, { basic: { user: 'root', password } }, { address });
    for (let at = 0; at < 20; at += 1) await basic(guess(), `203.0.113.${at}`);

    await expect(basic(token, '192.0.2.77')).rejects.toMatchObject({ status: 429 });
    expect(
      await authenticate(people, { basic: { user: 'x-access-token', password: token } }, { address: '192.0.2.77' }),
    ).toBeDefined();
    people.time += 60_001;
    expect(await basic(token, '192.0.2.77')).toMatchObject({ name: 'root' });
    expect(
      await authenticate(people, { basic: { user: 'eve', password: token } }, { address: '192.0.2.77' }),
    ).toBeUndefined();
  });

  test('codes are guessed at as little; what is malformed costs no question for tokens', async () => {
    await people.owner();
    const ask = () => redeemCode(people, { code: 'sps_x', name: 'root', device: 'x', address: '198.51.100.1' });
    for (let at = 0; at < 10; at += 1) await expect(ask()).rejects.toMatchObject({ code: 'identity/code-invalid' });
    await expect(ask()).rejects.toMatchObject({ code: 'identity/too-many-attempts' });

    for (let at = 0; at < 30; at += 1) expect(await signIn(`${guess().slice(0, -1)}!`)).toBeUndefined();
    await forgetAttempts(people);
    await expect(ask()).rejects.toMatchObject({ code: 'identity/too-many-attempts' });
    people.time += 3 * DAY;
    await forgetAttempts(people);
    const { rows } = await sql`select * from identity_attempt`.execute(people.db.as());
    expect(rows).toEqual([]);
  });
});

describe('roles', () => {
  test('of the organisation open repositories as the page says', async () => {
    const verbs = [
      'repository.read',
      'repository.write',
      'repository.administer',
      'run.read',
      'run.dispatch',
      'finding.read',
    ] as const;
    const table: { [role: string]: readonly boolean[] } = {};
    await people.owner();
    for (const role of ORGANISATION_ROLES) {
      const { principal } = await people.person(`p-${role}`, role);
      table[role] = await Promise.all(verbs.map((verb) => may(principal, verb, 7)));
    }

    expect(table).toEqual({
      owner: [true, true, true, true, true, true],
      outside: [false, false, false, false, false, false],
      security: [true, false, false, true, false, false],
      auditor: [true, false, false, true, false, false],
      member: [false, false, false, false, false, false],
    });
  });

  test('granted in a repository are for that one, and a removed person may nothing at once', async () => {
    const owner = await people.owner();
    const bob = await people.person('bob', 'member');
    const counts: number[] = [];
    for (const role of REPOSITORY_ROLES) {
      await setGrant(people, owner.principal, { repositoryId: 7, to: { type: 'user', id: bob.id }, role });
      const allowed = await Promise.all(VERBS.map((verb) => may(bob.principal, verb, 7)));
      counts.push(allowed.filter(Boolean).length);
      expect(await may(bob.principal, 'repository.read', 8)).toBe(false);
    }
    expect(counts).toEqual([4, 14, 17, 21]);
    expect(await readableRepositories(people.db, bob.principal)).toEqual([7]);
    expect(await listGrants(people.db, 7)).toEqual([{ to: { type: 'user', id: bob.id, name: 'bob' }, role: 'admin' }]);
    expect(await authoriseGit(people.db)(bob.principal, { id: 7 }, 'direct-push')).toBe(true);
    expect(await authoriseGit(people.db)(bob.principal, {}, 'administer')).toBe(false);
    expect(await authoriseGit(people.db)(owner.principal, {}, 'administer')).toBe(true);

    await removeUser(people, owner.principal, bob.id);

    expect(await may(bob.principal, 'repository.read', 7)).toBe(false);
    expect(await readableRepositories(people.db, bob.principal)).toEqual([]);
    expect(await listGrants(people.db, 7)).toEqual([]);
    await expect(signIn(bob.token)).rejects.toMatchObject({ code: 'identity/not-signed-in' });
    await expect(
      setGrant(people, owner.principal, { repositoryId: 7, to: { type: 'user', id: bob.id }, role: 'read' }),
    ).rejects.toMatchObject({
      code: 'identity/not-found',
    });
    await expect(inviteUser(people, owner.principal, { name: 'BOB', role: 'owner' })).rejects.toMatchObject({
      code: 'identity/name-taken',
    });
  });

  test('of teams reach those within; teams make no circle', async () => {
    const owner = await people.owner();
    const bob = await people.person('bob', 'member');
    const all = await createTeam(people, owner.principal, { name: 'all' });
    const some = await createTeam(people, owner.principal, { name: 'some', parentId: all.id });
    const few = await createTeam(people, owner.principal, { name: 'few', parentId: some.id });
    await setTeamMember(people, owner.principal, { teamId: some.id, userId: bob.id, isMember: true });
    await setGrant(people, owner.principal, { repositoryId: 1, to: { type: 'team', id: all.id }, role: 'write' });
    await setGrant(people, owner.principal, { repositoryId: 2, to: { type: 'team', id: few.id }, role: 'write' });

    expect([await may(bob.principal, 'run.dispatch', 1), await may(bob.principal, 'run.dispatch', 2)]).toEqual([
      true,
      false,
    ]);
    const circles = [
      moveTeam(people, owner.principal, all.id, few.id),
      moveTeam(people, owner.principal, all.id, all.id),
    ];
    for (const circle of circles) await expect(circle).rejects.toMatchObject({ code: 'identity/team-cycle' });
    await expect(removeTeam(people, owner.principal, all.id)).rejects.toMatchObject({ code: 'identity/team-cycle' });
    await moveTeam(people, owner.principal, some.id, undefined);
    expect(await may(bob.principal, 'run.dispatch', 1)).toBe(false);
    await removeTeam(people, owner.principal, few.id);
    expect((await listTeams(people.db)).map(({ name, members }) => [name, members])).toEqual([
      ['all', []],
      ['some', [bob.id]],
    ]);
  });

  test('the last owner stays one, also when two demote each other at once', async () => {
    const owner = await people.owner();
    await expect(setRole(people, owner.principal, owner.id, 'member')).rejects.toMatchObject({
      code: 'identity/last-owner',
    });
    await expect(removeUser(people, owner.principal, owner.id)).rejects.toMatchObject({ code: 'identity/last-owner' });
    const ada = await people.person('ada', 'owner');

    const both = await Promise.allSettled([
      setRole(people, owner.principal, ada.id, 'member'),
      removeUser(people, ada.principal, owner.id),
    ]);

    expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect((await listUsers(people.db, { limit: 10 })).filter(({ role }) => role === 'owner')).toHaveLength(1);
  });

  test('nobody is anybody by saying so', async () => {
    const { principal, id } = await people.owner();
    const made: Principal[] = [
      { kind: 'user', id: principal.id, name: 'root' },
      { kind: 'system', id: 'repo', name: 'repo' },
      { kind: 'job', id: '1', name: 'job 1' },
      { kind: 'runner', id: '1', name: 'runner 1' },
    ];

    for (const one of made) {
      for (const verb of VERBS) {
        expect(await may(one, verb, 7)).toBe(false);
        expect(await authorise(people.db, one, verb, { type: 'organisation' })).toBe(false);
        expect(await authorise(people.db, one, verb, { type: 'user', id })).toBe(false);
      }
    }
    expect((await findUser(people.db, 'ROOT'))?.id).toBe(id);
  });
});
