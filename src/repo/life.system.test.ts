import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuditlogTables } from '../auditlog/index.ts';
import type { Database } from '../database/index.ts';
import { KEPT_DAYS } from './deletion.ts';
import { consumeRefChanges, openRefChanges } from './ref-log.ts';
import { openTestPostgres, type TestPostgres } from '../database/postgres.fixture.ts';
import { git, OWNER, type Served, serveRepositories, workTree } from './repo.fixture.ts';
import type { RepoTables } from './tables.ts';

let postgres: TestPostgres;
let served: Served;
let folder: string;

beforeAll(async () => {
  postgres = await openTestPostgres();
  served = await serveRepositories(postgres);
  folder = await mkdtemp(join(tmpdir(), 'sp-repo-test-'));
});
afterAll(async () => {
  await served[Symbol.asyncDispose]();
  await postgres.close();
  await rm(folder, { recursive: true, force: true });
});

let count = 0;
async function newRepository(place: Served = served): Promise<{ readonly id: number; readonly path: string }> {
  count += 1;
  const { id, owner, name } = await place.server.create(OWNER, { owner: 'acme', name: `l${count}` });
  return { id, path: `${owner}/${name}.git` };
}

async function entries(db: Database = served.db): Promise<readonly { [key: string]: unknown }[]> {
  const rows = await db.as<AuditlogTables>().selectFrom('auditlog_entry').select('body').orderBy('id').execute();
  return rows.map(({ body }) => JSON.parse(body.toString('utf8')));
}
const entriesOf = async (id: number) =>
  (await entries()).filter(
    ({ resource }) => JSON.stringify(resource).includes(`"${id}:`) || JSON.stringify(resource).includes(`"id":"${id}"`),
  );

describe('the default branch', () => {
  test('is changed to one that is there; that is protected then, and the old one is free', async () => {
    const { id, path } = await newRepository();
    await using work = await workTree();
    await git(work.dir, ['push', '-q', served.url(path), 'main', 'main:trunk']);
    await work.commit('b.txt');
    const { server } = served;

    await expect(server.setDefaultBranch(OWNER, id, 'nothing')).rejects.toMatchObject({
      code: 'repo/revision-unknown',
    });
    await expect(server.setDefaultBranch(OWNER, id, '-x')).rejects.toMatchObject({ code: 'repo/name-invalid' });
    await expect(server.setDefaultBranch({ ...OWNER, name: 'member' }, id, 'trunk')).rejects.toMatchObject({
      code: 'repo/not-allowed',
    });
    const changed = await server.setDefaultBranch(OWNER, id, 'trunk');
    const clone = await git(folder, ['clone', '-q', served.url(path), `trunk-${id}`]);
    const branch = await git(join(folder, `trunk-${id}`), ['branch', '--show-current']);
    const deleted = await git(work.dir, ['push', served.url(path), ':trunk']);
    const member = await git(work.dir, ['push', served.url(path, 'member'), 'main:trunk']);
    const free = await git(work.dir, ['push', '-q', served.url(path, 'member'), ':main']);

    expect([changed.defaultBranch, clone.code, branch.out.trim()]).toEqual(['trunk', 0, 'trunk']);
    expect(deleted.err).toContain('default-branch-deletion');
    expect(member.err).toContain('default-branch-direct');
    expect(free.code).toBe(0);
    expect(await entriesOf(id)).toContainEqual(
      expect.objectContaining({
        action: 'repository.default-branch',
        detail: expect.objectContaining({
          defaultBranch: 'trunk',
          before: expect.objectContaining({ defaultBranch: 'main' }),
        }),
      }),
    );
  });

  test.each(['deciding', 'preparing'])(
    'changed while a push is %s refuses it: it was judged by other rules',
    async (when) => {
      let during = async () => {};
      await using own = await serveRepositories(postgres, {
        async decide() {
          if (when === 'deciding') await during();
          return [];
        },
        async trace(step) {
          if (when === step) await during();
        },
      });
      const { id, path } = await newRepository(own);
      await using work = await workTree();
      await git(work.dir, ['push', '-q', own.url(path), 'main', 'main:trunk']);
      await git(work.dir, ['checkout', '-q', '--orphan', 'other']);
      await work.commit('other.txt');
      const tip = await (await own.server.reader(id)).resolve('trunk');

      const control = await git(work.dir, ['push', '-q', '--force', own.url(path, 'member'), 'other:side']);
      during = async () => void (await own.server.setDefaultBranch(OWNER, id, 'trunk'));
      const push = await git(work.dir, ['push', '--force', own.url(path, 'member'), 'other:trunk']);

      expect([control.code, push.code]).toEqual([0, 1]);
      if (when === 'deciding') expect(push.err).toContain('repo/changed');
      expect(await (await own.server.reader(id)).resolve('trunk')).toBe(tip);
    },
  );
});

describe('a deleted repository', () => {
  test("is nobody's to read, comes back whole within its days, and is purged after them", async () => {
    let now = Date.now();
    await using own = await serveRepositories(postgres, { now: () => now });
    const { id, path } = await newRepository(own);
    await using work = await workTree();
    await git(work.dir, ['push', '-q', own.url(path), 'main']);
    const { server } = own;
    const [owner = '', name = ''] = path.replace('.git', '').split('/');

    await server.delete(OWNER, id);
    const gone = await git(folder, ['ls-remote', own.url(path)]);
    const listed = await server.listDeleted(OWNER);
    const hidden = await server.listDeleted({ ...OWNER, name: 'member' });
    await expect(server.restore({ ...OWNER, name: 'member' }, id)).rejects.toMatchObject({ code: 'repo/not-found' });
    const taken = await server.create(OWNER, { owner, name });
    await expect(server.restore(OWNER, id)).rejects.toMatchObject({ code: 'repo/name-taken' });
    await server.rename(OWNER, taken.id, { owner, name: `${name}-new` });
    const back = await server.restore(OWNER, id);
    const read = await git(folder, ['ls-remote', own.url(path)]);
    const push = await git(work.dir, ['push', '-q', own.url(path), 'main:topic']);

    expect([gone.code, read.code, push.code, back.state]).toEqual([128, 0, 0, 'active']);
    expect([listed.map((row) => row.id), hidden]).toEqual([[id], []]);
    await server.delete(OWNER, id);
    now += (KEPT_DAYS * 24 - 1) * 3_600_000;
    await server.maintain();
    expect((await server.listDeleted(OWNER)).map((row) => row.id)).toEqual([id]);
    now += 2 * 3_600_000;
    await server.maintain();
    expect(await server.listDeleted(OWNER)).toEqual([]);
    await expect(server.restore(OWNER, id)).rejects.toMatchObject({ code: 'repo/not-found' });
    expect(await readdir(join(own.root, 'repositories'))).toEqual([`${taken.id}.git`]);
    const told = (await entries(own.db)).map(({ action }) => action);
    expect(told.filter((action) => /delete|restore|purge/.test(String(action)))).toEqual([
      'repository.delete',
      'repository.restore',
      'repository.delete',
      'repository.purge',
    ]);
  });

  test('that somebody changed on the disk comes back stopped; one that is purged by hand is gone at once', async () => {
    await using own = await serveRepositories(postgres);
    const { id, path } = await newRepository(own);
    await using work = await workTree();
    await git(work.dir, ['push', '-q', own.url(path), 'main']);
    await own.server.delete(OWNER, id);
    await git(join(own.root, 'repositories', `${id}.git`), ['update-ref', 'refs/heads/extra', 'main']);

    const back = await own.server.restore(OWNER, id);
    await own.server.delete(OWNER, id);
    await own.server.purge(OWNER, id);

    expect(back).toMatchObject({ state: 'stopped', stoppedReason: expect.stringContaining('refs/heads/extra') });
    expect(await readdir(join(own.root, 'repositories'))).toEqual([]);
    await expect(own.server.purge(OWNER, id)).rejects.toMatchObject({ code: 'repo/not-found' });
  });
});

describe('what changed', () => {
  test('is told before the client has its answer, also when that is slow, and when the database fails for a moment', async () => {
    let isSlow = true;
    let failures = 0;
    const told: string[] = [];
    await using own = await serveRepositories(postgres, {
      async trace(step) {
        if (step !== 'settling') return;
        if (isSlow) await sleep(800);
        else if (failures < 3) {
          failures += 1;
          throw new Error('the connection is lost');
        }
      },
      onChanges: (changes) => told.push(...changes.map(({ ref }) => ref)),
    });
    const { path } = await newRepository(own);
    await using work = await workTree();
    const states = async () => {
      const rows = await own.db
        .as<RepoTables>()
        .selectFrom('repo_ref_change')
        .select(['ref', 'state'])
        .orderBy('id')
        .execute();
      return rows.map(({ ref, state }) => `${ref} ${state}`);
    };

    const slow = await git(work.dir, ['push', '-q', own.url(path), 'main']);
    const afterSlow = [...told, ...(await states())];
    isSlow = false;
    const failed = await git(work.dir, ['push', '-q', own.url(path), 'main:topic']);
    const afterFailed = [...told, ...(await states())];

    expect([slow.code, failed.code, failures]).toEqual([0, 0, 3]);
    expect(afterSlow).toEqual(['refs/heads/main', 'refs/heads/main moved']);
    expect(afterFailed.filter((text) => text.includes('topic'))).toEqual([
      'refs/heads/topic',
      'refs/heads/topic moved',
    ]);
  });

  test('is told later when that takes longer than a client waits', { timeout: 60_000 }, async () => {
    let isAway = true;
    const told: string[] = [];
    await using own = await serveRepositories(postgres, {
      trace(step) {
        if (step === 'settling' && isAway) throw new Error('the connection is lost');
      },
      onChanges: (changes) => told.push(...changes.map(({ ref }) => ref)),
    });
    const { path } = await newRepository(own);
    await using work = await workTree();

    const push = await git(work.dir, ['push', '-q', own.url(path), 'main']);
    const before = [...told];
    isAway = false;

    expect([push.code, before]).toEqual([0, []]);
    await expect.poll(() => told, { timeout: 30_000 }).toEqual(['refs/heads/main']);
  });

  test('is told once it is taken, and again until then', async () => {
    await using fresh = await serveRepositories(postgres);
    const { path } = await newRepository(fresh);
    await using work = await workTree();
    await git(work.dir, ['push', '-q', fresh.url(path), 'main']);
    const take = (consume: boolean) =>
      fresh.db.transaction(async (tx) => {
        const changes = await openRefChanges(tx, 10);
        if (consume)
          await consumeRefChanges(
            tx,
            changes.map(({ id }) => id),
            Date.now(),
          );
        return changes.map(({ ref }) => ref);
      });

    await expect.poll(() => take(false)).toEqual(['refs/heads/main']);
    expect(await take(true)).toEqual(['refs/heads/main']);
    expect(await take(false)).toEqual([]);
  });
});
