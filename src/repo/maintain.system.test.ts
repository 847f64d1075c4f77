import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestPostgres, type TestPostgres } from '../database/postgres.fixture.ts';
import { git, OWNER, type Served, type ServeChanges, serveRepositories, workTree } from './repo.fixture.ts';

const DAY_MS = 86_400_000;
let postgres: TestPostgres;
let folder: string;

beforeAll(async () => {
  postgres = await openTestPostgres();
  folder = await mkdtemp(join(tmpdir(), 'sp-maintain-'));
});
afterAll(async () => {
  await postgres.close();
  await rm(folder, { recursive: true, force: true });
});

/** A server whose clock is ours, and a repository with so many pushes. */
async function pushed(count: number, changes: ServeChanges = {}) {
  const clock = { now: Date.now() };
  const served = await serveRepositories(postgres, { now: () => clock.now, ...changes });
  const { id } = await served.server.create(OWNER, { owner: 'acme', name: 'shop' });
  const work = await workTree();
  const url = served.url('acme/shop.git');
  for (let at = 0; at < count; at += 1) {
    await work.commit(`f${at}`, randomBytes(2000).toString('hex'));
    await git(work.dir, ['push', '-q', url, 'main']);
  }
  const dir = join(served.root, 'repositories', `${id}.git`);
  const close = async () => {
    await work[Symbol.asyncDispose]();
    await served[Symbol.asyncDispose]();
  };
  return { served, id, work, url, dir, clock, [Symbol.asyncDispose]: close };
}
const fsck = async (dir: string) => (await git(dir, ['fsck', '--full', '--strict'])).code;
const has = async ({ server }: Served, id: number, oid: string) =>
  (await (await server.reader(id)).typesOf([oid])).has(oid);

describe('maintenance', () => {
  test('puts packs together, with bitmaps and a graph of commits, and tells of each repository', {
    timeout: 120_000,
  }, async () => {
    await using place = await pushed(10);
    const { server } = place.served;
    const before = await server.statistics(place.id);

    const first = await server.maintain();
    const after = await server.statistics(place.id);
    const second = await server.maintain();

    expect(before).toMatchObject({ packs: 10, looseObjects: 0, refs: 1 });
    expect(first).toEqual({ purged: 0, repacked: 1, pruned: 1, interrupted: 0, failed: 0 });
    expect(second).toEqual({ purged: 0, repacked: 0, pruned: 0, interrupted: 0, failed: 0 });
    expect(after).toMatchObject({ packs: 1, looseObjects: 0, refs: 1 });
    // Each push brought again what its differences were told from.
    const whole = await git(place.work.dir, ['rev-list', '--objects', '--all']);
    expect(after.packedObjects).toBe(whole.out.trim().split('\n').length);
    const files = await readdir(join(place.dir, 'objects/pack'));
    expect(files.some((name) => name.endsWith('.bitmap'))).toBe(true);
    expect(await readdir(join(place.dir, 'objects/info'))).toContain('commit-graphs');
    expect(await fsck(place.dir)).toBe(0);
    expect((await git(folder, ['clone', '-q', place.url, `clone-${place.id}`])).code).toBe(0);
    await place.work.commit('more');
    expect((await git(place.work.dir, ['push', '-q', place.url, 'main'])).code).toBe(0);
  });

  test('takes away what is old and nothing reaches; not what is young, was a ref lately, or is kept by the caller', {
    timeout: 120_000,
  }, async () => {
    let kept: readonly string[] = [];
    await using place = await pushed(1, { keepCommits: async () => kept });
    const { served, id, work, url, clock } = place;
    const side = async (name: string) => {
      await git(work.dir, ['checkout', '-q', '-b', name, 'main']);
      const oid = await work.commit(name);
      await git(work.dir, ['push', '-q', url, name]);
      await git(work.dir, ['push', '-q', url, `:${name}`]);
      return oid;
    };
    const [lost, wanted] = [await side('lost'), await side('wanted')];
    kept = [wanted];
    const state = async () => [await has(served, id, lost), await has(served, id, wanted)];

    const young = [(await served.server.maintain()).pruned, ...(await state())];
    clock.now += 30 * DAY_MS;
    const lately = [(await served.server.maintain()).pruned, ...(await state())];
    clock.now += 30 * DAY_MS;
    const old = [(await served.server.maintain()).pruned, ...(await state())];
    kept = [];
    clock.now += 8 * DAY_MS;
    // The control: only the caller's word kept it.
    const unwanted = [(await served.server.maintain()).pruned, ...(await state())];

    expect({ young, lately, old }).toEqual({ young: [1, true, true], lately: [1, true, true], old: [1, false, true] });
    expect(unwanted).toEqual([1, false, false]);
    expect(await fsck(place.dir)).toBe(0);
  });

  test('takes nothing away while somebody pushes, and does so after it', { timeout: 120_000 }, async () => {
    const reached = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    let isHeld = false;
    await using place = await pushed(2, {
      async decide() {
        if (!isHeld) return [];
        reached.resolve();
        await go.promise;
        return [];
      },
    });
    isHeld = true;
    await place.work.commit('slow');
    const push = git(place.work.dir, ['push', '-q', place.url, 'main']);
    await reached.promise;

    const during = await place.served.server.maintain();
    go.resolve();
    const { code } = await push;
    const after = await place.served.server.maintain();

    expect([code, during.pruned, during.interrupted]).toEqual([0, 0, 1]);
    expect([after.pruned, after.interrupted]).toEqual([1, 0]);
    expect(await fsck(place.dir)).toBe(0);
  });

  test('may end at any point, beside pushes, and loses nothing', { timeout: 240_000 }, async () => {
    await using place = await pushed(9);
    const { server } = place.served;
    const tips: string[] = [];
    let interrupted = 0;
    for (let at = 0; at < 8; at += 1) {
      place.clock.now += 8 * DAY_MS;
      const round = server.maintain();
      await sleep(at * 25);
      // Half of them are killed by the push that begins, the others as by a machine that loses its power.
      if (at % 2 === 1) {
        for (const pid of await readdir(join(place.served.root, 'running'))) {
          try {
            process.kill(-Number(pid), 'SIGKILL');
          } catch {
            // It ended by itself.
          }
        }
      }
      tips.push(await place.work.commit(`k${at}`, randomBytes(2000).toString('hex')));
      const push = await git(place.work.dir, ['push', '-q', place.url, 'main', `main:b${at}`]);
      const { interrupted: given, failed } = await round;
      interrupted += given + failed;
      expect(push.code).toBe(0);
      expect(await fsck(place.dir)).toBe(0);
    }
    const last = await server.maintain();

    expect(interrupted).toBeGreaterThan(0);
    expect(last.failed).toBe(0);
    for (const tip of tips) expect(await has(place.served, place.id, tip)).toBe(true);
    const left = await readdir(join(place.dir, 'objects/pack'));
    expect(left.filter((name) => /tmp|lock/.test(name))).toEqual([]);
    expect((await git(folder, ['clone', '-q', place.url, 'after-kills'])).code).toBe(0);
  });
});
