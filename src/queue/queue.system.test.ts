import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../database/index.ts';
import { openTestPostgres, type TestPostgres } from '../database/postgres.fixture.ts';
import { hashOfToken } from '../identity/index.ts';
import type { JobOutcome } from '../protocol/index.ts';
import { consumeFinished, countsOf, openFinished, requestCancel } from './jobs.ts';
import { add, depsOf, job, MIGRATIONS, OWNER, runner } from './queue.fixture.ts';
import { type Claimed, openQueue, type Queue } from './queue.ts';
import { drainRunner, listRunners, makeRunnerToken, registerRunner, removeRunner } from './runners.ts';

let server: TestPostgres;
let db: Database;
let queue: Queue;
const never = new AbortController().signal;

beforeAll(async () => {
  server = await openTestPostgres();
});
afterAll(() => server.close());
beforeEach(async () => {
  db = await server.database(MIGRATIONS);
  queue = openQueue(depsOf(db));
});
afterEach(() => queue.close());

const outcome = (changes: Partial<JobOutcome> = {}): JobOutcome => ({
  conclusion: 'success',
  outputs: { a: 'b' },
  influencedOutputs: [],
  level: 'branch',
  taints: [],
  ...changes,
});
const keyOf = ({ jobId, leaseToken }: Claimed, runnerId: number) => ({ jobId, runnerId, token: leaseToken });
const take = async (who: Awaited<ReturnType<typeof runner>>, waitMs = 0) => {
  const claimed = await queue.poll(who, waitMs, never);
  if (claimed === undefined) throw new Error('nothing was there');
  return claimed;
};
const endLease = (jobId: number) =>
  sql`update queue_job set lease_until = now() - interval '1 second' where job_id = ${jobId}`.execute(db.as());
const deniedEntries = async () =>
  (await sql<{ body: Buffer }>`select body from auditlog_entry order by id`.execute(db.as())).rows
    .map(({ body }) => JSON.parse(body.toString()))
    .filter(({ outcome: end }) => end === 'deny');

describe('a job', () => {
  test('goes to a runner that waits, with all that it needs', async () => {
    const who = await runner(db, 'one');
    const waiting = queue.poll(who, 5000, never);
    await sleep(50);
    await add(db, job(7));

    expect(await waiting).toMatchObject({
      jobId: 7,
      runId: 1,
      repositoryId: 1,
      lease: { level: 'branch' },
      leaseMs: 20_000,
    });
  });

  test('goes only to a runner that has its labels and its walls', async () => {
    await add(db, job(1, { labels: ['linux', 'gpu'] }), job(2, { walls: ['hard-memory'] }), job(3));
    const plain = await runner(db, 'plain');
    const gpu = await runner(db, 'gpu', ['linux', 'gpu']);

    expect(await queue.poll(plain, 0, never)).toMatchObject({ jobId: 3 });
    expect(await queue.poll(plain, 0, never)).toBeUndefined();
    expect(await queue.poll(gpu, 0, never)).toMatchObject({ jobId: 1 });
    expect(await queue.poll({ ...plain, walls: ['network', 'hard-memory'] }, 0, never)).toMatchObject({ jobId: 2 });
  });

  test('stands behind those of its own repository only, and before those of lower priority', async () => {
    const who = await runner(db, 'one');
    await add(db, ...Array.from({ length: 50 }, (_, at) => job(at + 1)));
    for (let at = 0; at < 5; at += 1) await take(who);
    await add(db, job(101, { repositoryId: 2 }), job(102, { repositoryId: 2 }), job(103, { priority: 1 }));

    const next = [];
    for (let at = 0; at < 5; at += 1) next.push((await take(who)).jobId);

    expect(next[0]).toBe(103);
    expect(next.indexOf(101)).toBeLessThan(3);
    expect(next).toContain(102);
  });

  test('is given to one runner, however many ask', async () => {
    const runners = await Promise.all(Array.from({ length: 8 }, (_, at) => runner(db, `r${at}`)));
    const others = openQueue(depsOf(db));
    await add(db, ...Array.from({ length: 120 }, (_, at) => job(at + 1, { repositoryId: at % 3 })));
    const got: number[] = [];
    await Promise.all(
      runners.map(async (who, at) => {
        for (;;) {
          const claimed = await (at % 2 === 0 ? queue : others).poll(who, 300, never);
          if (claimed === undefined) return;
          got.push(claimed.jobId);
        }
      }),
    );
    await others.close();

    expect(got.toSorted((x, y) => x - y)).toEqual(Array.from({ length: 120 }, (_, at) => at + 1));
  });

  test('never lies while a runner sleeps that would take it', async () => {
    const runners = await Promise.all(Array.from({ length: 6 }, (_, at) => runner(db, `r${at}`)));
    let slow = 0;
    for (let round = 0; round < 40; round += 1) {
      const polls = runners.map((who) => queue.poll(who, 1500, never));
      if (round % 2 === 1) await sleep(round % 7);
      const started = performance.now();
      const jobs = Array.from({ length: 6 }, (_, at) => job(round * 10 + at + 1));
      // All of one transaction, which tells of them once, and each of its own.
      if (round % 3 === 0) await add(db, ...jobs);
      else await Promise.all(jobs.map((one) => add(db, one)));
      const got = await Promise.all(polls);
      expect(got.filter((one) => one !== undefined)).toHaveLength(6);
      if (performance.now() - started > 1400) slow += 1;
    }

    expect(slow).toBe(0);
  });
});

describe('a lease', () => {
  test('is renewed, ends with the outcome, and is taken over once', async () => {
    const who = await runner(db, 'one');
    await add(db, job(1));
    const claimed = await take(who);
    const key = keyOf(claimed, who.runnerId);

    expect(await queue.renew(key)).toEqual({ cancel: 'none', leaseMs: 60_000 });
    expect(await queue.jobOf(hashOfToken(claimed.jobToken))).toEqual({
      jobId: 1,
      repositoryId: 1,
      permissions: { contents: 'read' },
    });
    await queue.finish(key, { outcome: outcome(), logBytes: 10 });
    // Told again since the answer was lost: the same is the same.
    await queue.finish(key, { outcome: outcome(), logBytes: 10 });
    await expect(
      queue.finish(key, { outcome: outcome({ conclusion: 'failure' }), logBytes: 10 }),
    ).rejects.toMatchObject({
      code: 'queue/outcome-differs',
    });
    expect(await queue.jobOf(hashOfToken(claimed.jobToken))).toBeUndefined();
    expect(await openFinished(db, { limit: 10 })).toEqual([
      { jobId: 1, runId: 1, repositoryId: 1, outcome: outcome(), lost: false, leasedAt: expect.any(Date) },
    ]);
    await db.transaction((tx) => consumeFinished(tx, [1]));
    await db.transaction((tx) => consumeFinished(tx, [1]));
    expect(await openFinished(db, { limit: 10 })).toEqual([]);
    expect(await countsOf(db)).toMatchObject({ queued: 0, leased: 0 });
  });

  test('that nobody renews ends the job as lost, and what its runner tells later is refused and recorded', async () => {
    const who = await runner(db, 'one');
    await add(db, job(1));
    const key = keyOf(await take(who), who.runnerId);
    await queue.renew(key);
    await endLease(1);
    // The control: the same a moment before is taken; see above.
    await expect(queue.renew(key)).rejects.toMatchObject({ code: 'queue/lease-lost' });
    await expect(queue.finish(key, { outcome: outcome(), logBytes: 0 })).rejects.toMatchObject({
      code: 'queue/lease-lost',
    });
    for (let tries = 0; (await openFinished(db, { limit: 1 })).length === 0 && tries < 100; tries += 1) await sleep(50);

    expect(await openFinished(db, { limit: 10 })).toMatchObject([{ lost: true, outcome: { conclusion: 'failure' } }]);
    await expect(queue.finish(key, { outcome: outcome(), logBytes: 0 })).rejects.toMatchObject({
      code: 'queue/outcome-differs',
    });
    expect(await deniedEntries()).toMatchObject([
      { action: 'lease.refuse', resource: { id: '1' }, actor: { type: 'runner', id: String(who.runnerId) } },
      { action: 'lease.refuse' },
    ]);
  });

  test('that was never renewed started nothing: its job waits again, whatever the workflow says of it', async () => {
    const who = await runner(db, 'one');
    await add(db, job(1));
    const first = await take(who);
    await endLease(1);
    const second = await take(who, 4000);

    await expect(queue.renew(keyOf(first, who.runnerId))).rejects.toMatchObject({ code: 'queue/lease-lost' });
    // The control: the same once it was renewed is a lost runner, and nobody gets the job again.
    await queue.renew(keyOf(second, who.runnerId));
    await endLease(1);
    for (let tries = 0; (await openFinished(db, { limit: 1 })).length === 0 && tries < 100; tries += 1) await sleep(50);
    expect(await openFinished(db, { limit: 10 })).toMatchObject([{ lost: true }]);
  });

  test('that is lost before the job began gives it to another runner, but not for ever', async () => {
    const who = await runner(db, 'one');
    await add(db, job(1));
    const first = await take(who);
    for (const _try of [2, 3]) {
      await endLease(1);
      await take(who, 4000);
    }
    await expect(queue.renew(keyOf(first, who.runnerId))).rejects.toMatchObject({ code: 'queue/lease-lost' });
    await endLease(1);
    for (let tries = 0; (await openFinished(db, { limit: 1 })).length === 0 && tries < 100; tries += 1) await sleep(50);

    expect(await openFinished(db, { limit: 10 })).toMatchObject([{ lost: true }]);
  });

  test.each([
    ['of another job', { jobId: 2 }],
    ['with another token', { token: 'x' }],
    ['of another runner', { runnerId: 999 }],
    ['of no job', { jobId: 99 }],
  ])('%s is refused', async (_what, change) => {
    const who = await runner(db, 'one');
    await add(db, job(1), job(2));
    const key = keyOf(await take(who), who.runnerId);
    await take(who);

    await expect(queue.renew({ ...key, ...change })).rejects.toMatchObject({ code: 'queue/lease-lost' });
    await expect(queue.finish({ ...key, ...change }, { outcome: outcome(), logBytes: 0 })).rejects.toMatchObject({
      code: 'queue/lease-lost',
    });
    await expect(queue.require({ ...key, ...change })).rejects.toMatchObject({ code: 'queue/lease-lost' });
    expect(await deniedEntries()).toHaveLength(3);
    expect(await queue.require(key)).toMatchObject({ repositoryId: 1 });
  });

  test('keeps the lowest level that it was told, whatever the outcome says', async () => {
    const who = await runner(db, 'one');
    await add(db, job(1));
    const key = keyOf(await take(who), who.runnerId);
    await queue.renew(key, 'untrusted');
    await queue.renew(key, 'release');
    await queue.finish(key, { outcome: outcome({ level: 'release' }), logBytes: 0 });

    expect(await openFinished(db, { limit: 1 })).toMatchObject([{ outcome: { level: 'untrusted' } }]);
  });
});

describe('a cancellation', () => {
  test('ends a waiting job at once, and tells a running one', async () => {
    const who = await runner(db, 'one');
    await add(db, job(1), job(2));
    const key = keyOf(await take(who), who.runnerId);
    await db.transaction((tx) =>
      requestCancel(tx, [
        { jobId: 1, force: false, reason: 'the run was cancelled' },
        { jobId: 2, force: false, reason: 'the run was cancelled' },
        { jobId: 3, force: false, reason: 'none' },
      ]),
    );

    expect(await queue.renew(key)).toEqual({
      cancel: 'cancel',
      cancelReason: 'the run was cancelled',
      leaseMs: 60_000,
    });
    await db.transaction((tx) => requestCancel(tx, [{ jobId: 1, force: true, reason: 'by force' }]));
    expect(await queue.renew(key)).toMatchObject({ cancel: 'force' });
    expect(await openFinished(db, { limit: 5 })).toMatchObject([{ jobId: 2, outcome: { conclusion: 'cancelled' } }]);
    expect(await queue.poll(who, 0, never)).toBeUndefined();
  });
});

describe('a runner', () => {
  test('registers with a token once, within its hour, under a name of its own', async () => {
    const deps = depsOf(db);
    await runner(db, 'one');
    const wanted = {
      name: 'two',
      labels: ['Linux', 'linux'],
      publicKey: Buffer.alloc(32, 1),
      capability: {
        version: 1,
        platform: { os: '', arch: '', kernel: '', root: false },
        walls: [],
        tools: {},
      } as const,
      ephemeral: false,
    };
    const { token } = await makeRunnerToken(deps, OWNER, { labels: [], ephemeral: true });
    await expect(registerRunner(deps, { ...wanted, registrationToken: token, name: 'ONE' })).rejects.toMatchObject({
      code: 'queue/runner-name',
    });
    await registerRunner(deps, { ...wanted, registrationToken: token });
    await expect(registerRunner(deps, { ...wanted, registrationToken: token, name: 'three' })).rejects.toMatchObject({
      code: 'queue/runner-token',
    });
    const late = await makeRunnerToken(deps, OWNER, { labels: [], ephemeral: false });
    await expect(
      registerRunner(
        { ...deps, now: () => Date.now() + 3_700_000 },
        { ...wanted, registrationToken: late.token, name: 'x' },
      ),
    ).rejects.toMatchObject({ code: 'queue/runner-token' });

    expect(await listRunners(db)).toMatchObject([
      { name: 'one', ephemeral: false },
      { name: 'two', labels: ['linux'], ephemeral: true, state: 'active' },
    ]);
  });

  test('that is removed loses what it holds', async () => {
    const deps = depsOf(db);
    const who = await runner(db, 'one');
    await add(db, job(1));
    const key = keyOf(await take(who), who.runnerId);
    expect(await drainRunner(deps, OWNER, who.runnerId)).toBe(true);
    expect(await queue.renew(key)).toMatchObject({ cancel: 'none' });
    expect(await removeRunner(deps, OWNER, who.runnerId)).toBe(true);
    expect(await removeRunner(deps, OWNER, who.runnerId)).toBe(false);

    await expect(queue.renew(key)).rejects.toMatchObject({ code: 'queue/lease-lost' });
    expect(await listRunners(db)).toEqual([]);
  });
});
