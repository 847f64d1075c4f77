import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openTestPostgres, type TestPostgres } from '../database/postgres.fixture.ts';
import { inviteUser } from './codes.ts';
import { IDENTITY_MIGRATIONS, type People, peopleIn, type Person } from './identity.fixture.ts';
import type { Principal } from './principal.ts';
import {
  cancelRequest,
  confirmRequest,
  listRequests,
  openRequest,
  type PerformRequest,
  performDueRequests,
} from './requests.ts';
import { removeUser, setRole } from './users.ts';

const HOUR = 3_600_000;
let postgres: TestPostgres;
let people: People;
let done: { readonly id: number; readonly by: string; readonly via: string }[];
const perform: PerformRequest = async ({ object }, as) => {
  done.push({ id: object.id, by: as.name, via: `${as.token?.source}` });
};

beforeAll(async () => {
  postgres = await openTestPostgres();
});
afterAll(() => postgres.close());
beforeEach(async () => {
  people = peopleIn(await postgres.database(IDENTITY_MIGRATIONS));
  done = [];
});

/** The same person in a browser. */
function inSession({ principal }: Person): Principal {
  const { token } = principal;
  if (token === undefined) throw new TypeError('a person has bounds');
  return { ...principal, token: { ...token, source: 'session' } };
}

const ask = (by: Principal, id = 7) =>
  openRequest(people, by, { kind: 'repository.delete', object: { id, name: 'acme/app' } });
const states = async () => (await listRequests(people.db)).map(({ state }) => state);

describe('an act that two people do (K11)', () => {
  test('is done when another owner confirms it in a session, in the name of whoever asked', async () => {
    const [ada, bob] = [await people.owner(), await people.person('bob', 'owner')];
    const { id, dueAt } = await ask(ada.principal);

    const confirmed = await confirmRequest(people, inSession(bob), id, perform);

    expect(dueAt).toBeUndefined();
    expect(confirmed).toMatchObject({ state: 'done', decidedBy: { name: 'bob' }, requestedBy: { name: 'root' } });
    expect(done).toEqual([{ id: 7, by: 'root', via: 'request' }]);
    expect((await people.entries()).map(({ action }) => action)).toEqual(
      expect.arrayContaining(['request.open', 'request.confirm', 'request.done']),
    );
    await expect(confirmRequest(people, inSession(bob), id, perform)).rejects.toMatchObject({
      code: 'identity/request-over',
    });
  });

  test('is not confirmed by whoever asked, by a token, or after a week', async () => {
    const [ada, bob] = [await people.owner(), await people.person('bob', 'owner')];
    const { id } = await ask(ada.principal);
    const code = (name: string) => expect.objectContaining({ code: `identity/${name}` });

    await expect(confirmRequest(people, inSession(ada), id, perform)).rejects.toEqual(code('request-own'));
    await expect(confirmRequest(people, bob.principal, id, perform)).rejects.toEqual(code('session-needed'));
    people.time += 7 * 24 * HOUR;
    await expect(confirmRequest(people, inSession(bob), id, perform)).rejects.toEqual(code('request-over'));
    await performDueRequests(people, perform);
    expect([await states(), done]).toEqual([['expired'], []]);
  });

  test('waits a day where there is only one owner, and may be cancelled until then', async () => {
    const { principal } = await people.owner();
    const kept = await ask(principal, 1);
    const cancelled = await ask(principal, 2);
    expect(kept.dueAt?.getTime()).toBe(people.time + 24 * HOUR);

    await cancelRequest(people, principal, cancelled.id);
    people.time += 24 * HOUR - 1;
    await performDueRequests(people, perform);
    expect(done).toEqual([]);
    people.time += 1;
    await performDueRequests(people, perform);
    await performDueRequests(people, perform);

    expect(done).toEqual([{ id: 1, by: 'root', via: 'request' }]);
    expect((await states()).toSorted()).toEqual(['cancelled', 'done']);
    await expect(cancelRequest(people, principal, kept.id)).rejects.toMatchObject({ code: 'identity/request-over' });
  });

  test('is not done when whoever asked is gone, and says so', async () => {
    const [ada, bob] = [await people.owner(), await people.person('bob', 'owner')];
    const { id } = await ask(bob.principal);
    await removeUser(people, ada.principal, bob.id);

    const failed = await confirmRequest(people, inSession(ada), id, perform);

    expect(failed).toMatchObject({ state: 'failed', reason: 'whoever asked is not a member any more' });
    expect(done).toEqual([]);
  });

  test('is asked for once at a time, and done again when a server ended in the middle', async () => {
    const [ada, bob] = [await people.owner(), await people.person('bob', 'owner')];
    const { id } = await ask(ada.principal);
    await expect(ask(bob.principal)).rejects.toMatchObject({ code: 'identity/request-open' });
    const never = () => new Promise<void>(() => {});
    void confirmRequest(people, inSession(bob), id, never);
    await expect.poll(states).toEqual(['running']);

    await performDueRequests(people, perform);
    expect(done).toEqual([]);
    people.time += 10 * 60_000;
    await performDueRequests(people, perform);

    expect([await states(), done.length]).toEqual([['done'], 1]);
  });

  test('two confirmations at once do it once', async () => {
    const [ada, bob, eve] = [
      await people.owner(),
      await people.person('bob', 'owner'),
      await people.person('eve', 'owner'),
    ];
    const { id } = await ask(ada.principal);

    const both = await Promise.allSettled([bob, eve].map((one) => confirmRequest(people, inSession(one), id, perform)));

    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(done).toHaveLength(1);
  });

  test('somebody who is added as an owner is a member until it is confirmed', async () => {
    const [ada, bob] = [await people.owner(), await people.person('bob', 'owner')];

    const { user, request } = await inviteUser(people, ada.principal, { name: 'eve', role: 'owner' });
    const before = user.role;
    await confirmRequest(people, inSession(bob), request?.id ?? 0, async ({ object }, as) => {
      await setRole(people, as, object.id, 'owner');
    });

    expect(before).toBe('member');
    expect(
      (await people.entries()).find(
        ({ action, actor }) => action === 'member.role' && /request/.test(JSON.stringify(actor)),
      ),
    ).toMatchObject({
      actor: { via: `request:${request?.id}` },
      detail: { role: 'owner', before: 'member' },
    });
  });
});
