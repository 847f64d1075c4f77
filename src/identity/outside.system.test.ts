import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openTestPostgres, type TestPostgres } from '../database/postgres.fixture.ts';
import { authenticate } from './authenticate.ts';
import { authorise } from './authorise.ts';
import { inviteUser, redeemCode } from './codes.ts';
import { setGrant } from './grants.ts';
import { ADDRESS, IDENTITY_MIGRATIONS, type People, peopleIn } from './identity.fixture.ts';
import { listStale } from './stale.ts';
import { createToken } from './tokens.ts';
import { setRole } from './users.ts';

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

const signIn = (bearer: string) => authenticate(people, { bearer }, { address: ADDRESS });

describe('somebody from outside', () => {
  test('sees what was granted and nothing of the organisation, and is nobody at the very second', async () => {
    const { principal } = await people.owner();
    const { user, code } = await inviteUser(people, principal, { name: 'eve', role: 'outside', days: 2 });
    await setGrant(people, principal, { repositoryId: 7, to: { type: 'user', id: user.id }, role: 'write' });
    const made = await redeemCode(people, { code: code.expose(), device: 'x', address: ADDRESS });
    const eve = await signIn(made.token.expose());
    if (eve === undefined) throw new TypeError('not signed in');
    const end = people.time + 2 * DAY;

    expect(user.expiresAt?.getTime()).toBe(end);
    expect(await authorise(people.db, eve, 'repository.write', { type: 'repository', id: 7 })).toBe(true);
    expect(await authorise(people.db, eve, 'repository.see', { type: 'repository', id: 8 })).toBe(false);
    expect(await authorise(people.db, eve, 'member.read', { type: 'organisation' })).toBe(false);
    expect(await authorise(people.db, eve, 'organisation-variable.read', { type: 'organisation' })).toBe(false);
    people.time = end - 1;
    expect(await signIn(made.token.expose())).toMatchObject({ name: 'eve' });
    people.time = end;
    await expect(signIn(made.token.expose())).rejects.toMatchObject({ code: 'identity/not-signed-in' });
    await expect(createToken(people, eve, { name: 'x', scopes: ['all'] })).rejects.toMatchObject({
      code: 'identity/not-found',
    });
  });

  test('stays longer when an owner says so, and for good as a member', async () => {
    const { principal } = await people.owner();
    const { user } = await inviteUser(people, principal, { name: 'eve', role: 'outside' });
    expect(user.expiresAt?.getTime()).toBe(people.time + 90 * DAY);

    people.time += 80 * DAY;
    const longer = await setRole(people, principal, user.id, 'outside', 30);
    const member = await setRole(people, principal, user.id, 'member');

    expect([longer.expiresAt?.getTime(), member.expiresAt]).toEqual([people.time + 30 * DAY, undefined]);
    for (const days of [0, 367, 1.5]) {
      await expect(setRole(people, principal, user.id, 'outside', days)).rejects.toMatchObject({
        code: 'identity/expiry-invalid',
      });
    }
    await expect(setRole(people, principal, user.id, 'auditor', 30)).rejects.toMatchObject({
      code: 'identity/expiry-invalid',
    });
  });

  test('whose time is over redeems no code', async () => {
    const { principal } = await people.owner();
    const { code, user } = await inviteUser(people, principal, { name: 'eve', role: 'outside', days: 1 });
    people.time += DAY - 1;
    await setRole(people, principal, user.id, 'outside', 1);
    people.time += DAY;

    const asked = redeemCode(people, { code: code.expose(), device: 'x', address: ADDRESS });

    await expect(asked).rejects.toMatchObject({ code: 'identity/code-invalid' });
  });
});

test('what nobody used for long is listed: people, tokens; and what was used is not', async () => {
  const owner = await people.owner();
  const bob = await people.person('bob', 'member');
  const spare = await createToken(people, owner.principal, { name: 'spare', scopes: ['run.read'], days: 80 });
  people.time += 20 * DAY;
  await signIn(owner.token);
  people.time += 5 * DAY;

  const { people: idle, tokens } = await listStale(people, 20);

  expect(idle.map(({ name }) => name)).toEqual(['bob']);
  expect(tokens.map(({ user, name }) => `${user.name} ${name}`)).toEqual(['bob test', 'root spare']);
  expect([bob.id, spare.info.id].every(Number.isInteger)).toBe(true);
  expect(await listStale(people, 26)).toEqual({ people: [], tokens: [], passkeys: [] });
});
