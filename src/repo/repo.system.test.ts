import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuditlogTables } from '../auditlog/index.ts';
import type { Database } from '../database/index.ts';
import { KEPT_DAYS } from './deletion.ts';
import { consumeRefChanges, openRefChanges } from './ref-log.ts';
import { openTestPostgres, type TestPostgres } from '../database/postgres.fixture.ts';
import { byName, git, OWNER, type Served, serveRepositories, workTree } from './repo.fixture.ts';
import { ZERO } from './rules.ts';
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
  const { id, owner, name } = await place.server.create(OWNER, { owner: 'acme', name: `r${count}` });
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
const actionsOf = async (id: number) => (await entriesOf(id)).map(({ action, outcome }) => `${action} ${outcome}`);

describe('a stock client', () => {
  test('creates, pushes, clones and fetches, and every ref has its entry', async () => {
    const { id, path } = await newRepository();
    await using work = await workTree();
    const tip = (await git(work.dir, ['rev-parse', 'HEAD'])).out.trim();
    await git(work.dir, ['tag', '-a', 'v1', '-m', 'one']);

    const push = await git(work.dir, ['push', served.url(path), 'main', 'main:topic', 'v1']);
    const clone = await git(folder, ['clone', '-q', served.url(path, 'reader'), `clone-${id}`]);
    await work.commit('b.txt');
    await git(work.dir, ['push', '-q', served.url(path), 'main']);
    const fetch = await git(join(folder, `clone-${id}`), ['pull', '-q', '--ff-only']);

    expect([push.code, clone.code, fetch.code]).toEqual([0, 0, 0]);
    expect(await actionsOf(id)).toEqual([
      'repository.create allow',
      'ref.create allow',
      'ref.create allow',
      'ref.create allow',
      'ref.update allow',
    ]);
    const reader = await served.server.reader(id);
    expect((await reader.listRefs()).items.map(({ ref }) => ref)).toEqual([
      'refs/heads/main',
      'refs/heads/topic',
      'refs/tags/v1',
    ]);
    expect(await reader.resolve('v1')).toBe(tip);
  });

  test.each(['0', '2'])('speaks protocol %s, and clones without history and without blobs', async (version) => {
    const { id, path } = await newRepository();
    await using work = await workTree();
    for (let at = 0; at < 5; at += 1) await work.commit(`f${at}`);
    const speak = ['-c', `protocol.version=${version}`];

    const push = await git(work.dir, [...speak, 'push', '-q', served.url(path), 'main']);
    const options = ['--depth=1', '--filter=blob:none', '--no-checkout', '-q'];
    const clone = await git(folder, [...speak, 'clone', ...options, served.url(path), `small-${id}`]);
    const dir = join(folder, `small-${id}`);
    const commits = await git(dir, ['rev-list', '--count', 'HEAD']);
    const objects = await git(dir, ['cat-file', '--batch-all-objects', '--batch-check=%(objecttype)']);
    const first = (await git(work.dir, ['rev-list', '--max-parents=0', 'HEAD'])).out.trim();
    const byId = await git(dir, [...speak, 'fetch', '-q', 'origin', first]);

    expect([push.code, clone.code, byId.code]).toEqual([0, 0, 0]);
    expect(commits.out.trim()).toBe('1');
    expect(objects.out).not.toContain('blob');
  });

  test('gets submodules as on every other server', async () => {
    const inner = await newRepository();
    const outer = await newRepository();
    await using part = await workTree();
    await using whole = await workTree();
    await git(part.dir, ['push', '-q', served.url(inner.path), 'main']);
    await git(whole.dir, ['submodule', '--quiet', 'add', served.url(inner.path), 'part']);
    await git(whole.dir, ['commit', '-q', '-m', 'add part']);

    const push = await git(whole.dir, ['push', '-q', served.url(outer.path), 'main']);
    const clone = await git(folder, ['clone', '-q', '--recurse-submodules', served.url(outer.path), 'whole']);

    expect([push.code, clone.code]).toEqual([0, 0]);
    expect((await git(join(folder, 'whole', 'part'), ['ls-files'])).out.trim()).toBe('a.txt');
  });

  test('is told that LFS and the dumb protocol are not served', async () => {
    const { path } = await newRepository();
    const lfs = await fetch(`http://127.0.0.1:${served.port}/${path}/info/lfs/objects/batch`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from('owner:x').toString('base64')}` },
      body: '{}',
    });
    const dumb = await git(folder, ['ls-remote', served.url(path)], { GIT_SMART_HTTP: '0' });

    expect(lfs.status).toBe(501);
    expect(await lfs.json()).toMatchObject({ message: expect.stringContaining('Git LFS is not served') });
    expect(dumb.err).toContain('dumb HTTP');
  });

  test('pushes 100 MB while this process stays small', { timeout: 240_000 }, async () => {
    const { path } = await newRepository();
    await using work = await workTree();
    const { randomBytes } = await import('node:crypto');
    // The client writes it as it is: what it would cost to make it smaller is not what is looked at here.
    await git(work.dir, ['config', 'core.compression', '0']);
    await git(work.dir, ['config', 'core.bigFileThreshold', '1m']);
    for (let at = 0; at < 10; at += 1) await writeFile(join(work.dir, `big${at}`), randomBytes(10 * 1024 ** 2));
    await work.commit('last');
    const before = process.memoryUsage().rss;
    let peak = before;
    const timer = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss);
    }, 20);

    const push = await git(work.dir, ['push', '-q', served.url(path), 'main']);
    clearInterval(timer);

    expect(push.code).toBe(0);
    expect(peak - before).toBeLessThan(80 * 1024 ** 2);
  });
});

describe('the rules, for owners too,', () => {
  const refused: readonly (readonly [what: string, rule: string, args: readonly string[]])[] = [
    ['a forced push of the default branch', 'default-branch-force', ['--force', 'other:main']],
    ['the deletion of the default branch', 'default-branch-deletion', [':main']],
    ['a moved tag', 'tag-move', ['--force', 'other:refs/tags/v1']],
    ['a deleted tag', 'tag-deletion', [':refs/tags/v1']],
    ['a ref of change requests', 'ref-internal', ['other:refs/pull/1/head']],
    ['an internal ref', 'ref-internal', ['other:refs/sallyport/x']],
    ['a branch that looks like a commit', 'ref-name', [`other:refs/heads/${'a'.repeat(40)}`]],
    ['a branch named HEAD', 'ref-name', ['other:refs/heads/HEAD']],
    ['a branch with a character of shells', 'ref-name', ['other:refs/heads/a$(id)']],
    ['a branch with hidden direction marks', 'ref-name', ['other:refs/heads/a\u202eb']],
    ['a branch that is a tree', 'branch-not-commit', ['other^{tree}:refs/heads/tree']],
  ];
  test.each(refused)('refuse %s by %s, and say what to do', async (_what, rule, args) => {
    const { id, path } = await newRepository();
    await using work = await workTree();
    await git(work.dir, ['push', '-q', served.url(path), 'main', 'main:refs/tags/v1']);
    await git(work.dir, ['checkout', '-q', '--orphan', 'other']);
    const tip = await work.commit('other.txt');
    const reader = await served.server.reader(id);
    const refs = await reader.listRefs();

    const push = await git(work.dir, ['push', served.url(path), ...args]);

    expect(push.code).toBe(1);
    expect(push.err).toMatch(/^remote: +refs\//m);
    expect(push.err).toContain(`: ${rule}: `);
    expect(await reader.listRefs()).toEqual(refs);
    expect((await reader.typesOf([tip])).size).toBe(0);
    expect((await entriesOf(id)).at(-1)).toMatchObject({
      action: 'ref.update',
      outcome: 'deny',
      detail: { refusals: [{ rule }] },
    });
  });

  test('let other branches be forced and deleted: the same commands against another ref work', async () => {
    const { id, path } = await newRepository();
    await using work = await workTree();
    await git(work.dir, ['push', '-q', served.url(path), 'main', 'main:topic']);
    await git(work.dir, ['checkout', '-q', '--orphan', 'other']);
    await work.commit('other.txt');

    const forced = await git(work.dir, ['push', '-q', '--force', served.url(path), 'other:topic']);
    const deleted = await git(work.dir, ['push', '-q', served.url(path), ':topic']);

    expect([forced.code, deleted.code]).toEqual([0, 0]);
    const changes = await served.db.transaction((tx) => openRefChanges(tx, 1000));
    expect(changes.filter(({ repositoryId }) => repositoryId === id)).toMatchObject([
      { ref: 'refs/heads/main', kind: 'created', old: ZERO, isForced: false },
      { ref: 'refs/heads/topic', kind: 'created' },
      { ref: 'refs/heads/topic', kind: 'updated', isForced: true },
      { ref: 'refs/heads/topic', kind: 'deleted', new: ZERO, isForced: false },
    ]);
  });

  test('let only owners move the default branch, and nobody without the setting', async () => {
    await using strict = await serveRepositories(postgres, { unsafeDirectPush: false });
    const loose = await newRepository();
    const tight = await newRepository(strict);
    await using work = await workTree();
    const first = await git(work.dir, ['push', '-q', strict.url(tight.path), 'main']);
    await git(work.dir, ['push', '-q', served.url(loose.path), 'main']);
    await work.commit('b.txt');

    const member = await git(work.dir, ['push', served.url(loose.path, 'member'), 'main']);
    const owner = await git(work.dir, ['push', '-q', served.url(loose.path), 'main']);
    const without = await git(work.dir, ['push', strict.url(tight.path), 'main']);
    const branch = await git(work.dir, ['push', '-q', strict.url(tight.path, 'member'), 'main:topic']);

    expect([first.code, member.code, owner.code, without.code, branch.code]).toEqual([0, 1, 0, 1, 0]);
    expect(member.err).toContain('default-branch-direct');
    expect(without.err).toContain('unsafe_direct_push');
  });

  test('ask the caller, who sees the new objects; a caller that fails refuses', async () => {
    let seen: string | undefined;
    let isBroken = false;
    await using asking = await serveRepositories(postgres, {
      async decide(push) {
        if (isBroken) throw new Error('down');
        const [update] = push.updates;
        seen = (await push.reader.readFile(update?.new ?? ZERO, 'a.txt')).bytes.toString('utf8');
        return [{ ref: update?.ref ?? '', rule: 'no-a', reason: 'a.txt is not wanted', help: 'Remove it.' }];
      },
    });
    const { path } = await newRepository(asking);
    await using work = await workTree();

    const refused = await git(work.dir, ['push', asking.url(path), 'main']);
    isBroken = true;
    const failed = await git(work.dir, ['push', asking.url(path), 'main']);

    expect(seen).toBe('a.txt');
    expect(refused.err).toContain('refs/heads/main: no-a: a.txt is not wanted');
    expect(failed.err).toContain('decision-missing');
    expect([refused.code, failed.code]).toEqual([1, 1]);
  });
});

describe('authority', () => {
  test('of a stranger shows nothing, of a reader only reading; a failing authorisation is a denial', async () => {
    await using failing = await serveRepositories(postgres, {
      authorise: (principal, repository, verb) => {
        if (principal.name === 'member') throw new Error('down');
        return byName(principal, repository, verb);
      },
    });
    const { path } = await newRepository();
    const other = await newRepository(failing);
    await using work = await workTree();
    await git(work.dir, ['push', '-q', served.url(path), 'main']);

    const stranger = await git(folder, ['ls-remote', served.url(path, 'stranger')]);
    const missing = await git(folder, ['ls-remote', served.url('acme/nothing.git', 'stranger')]);
    const reader = await git(work.dir, ['push', served.url(path, 'reader'), 'main:x']);
    const down = await git(folder, ['ls-remote', failing.url(other.path, 'member')]);

    expect([stranger.code, missing.code, reader.code, down.code]).toEqual([128, 128, 128, 128]);
    expect(stranger.err.replaceAll(/acme\/\w+/g, '')).toBe(missing.err.replaceAll(/acme\/\w+/g, ''));
    expect(reader.err).toContain('403');
    await expect(served.server.archive({ ...OWNER, name: 'member' }, 1)).rejects.toMatchObject({
      code: 'repo/not-allowed',
    });
  });

  test('over a life: rename, archive, delete, and no number twice', async () => {
    const { id, path } = await newRepository();
    await using work = await workTree();
    await git(work.dir, ['push', '-q', served.url(path), 'main']);
    const { server } = served;

    await expect(server.create(OWNER, { owner: 'ACME', name: `R${count}` })).rejects.toMatchObject({
      code: 'repo/name-taken',
    });
    await server.rename(OWNER, id, { owner: 'acme', name: `renamed-${id}` });
    await server.archive(OWNER, id);
    const archived = await git(work.dir, ['push', served.url(`acme/renamed-${id}.git`), 'main:topic']);
    const read = await git(folder, ['ls-remote', '-q', served.url(`acme/renamed-${id}.git`)]);
    await server.delete(OWNER, id);
    const next = await server.create(OWNER, { owner: 'acme', name: `renamed-${id}` });

    expect(archived.err).toContain('403');
    expect(read.code).toBe(0);
    expect(next.id).toBeGreaterThan(id);
    expect(await actionsOf(id)).toEqual([
      'repository.create allow',
      'ref.create allow',
      'repository.rename allow',
      'repository.archive allow',
      'repository.delete allow',
    ]);
    expect((await (await server.reader(next.id)).listRefs()).items).toEqual([]);
  });
});

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

describe('reading', () => {
  test('gives files, paths, commits and merge bases, and takes no expression of git', async () => {
    const { id, path } = await newRepository();
    await using work = await workTree();
    const first = (await git(work.dir, ['rev-parse', 'HEAD'])).out.trim();
    await mkdir(join(work.dir, 'd'));
    const second = await work.commit('d/b.txt', 'two');
    await git(work.dir, ['push', '-q', served.url(path), 'main']);
    const reader = await served.server.reader(id);

    expect((await reader.readFile(second, 'd/b.txt')).bytes.toString()).toBe('two');
    expect(await reader.changedPaths(first, second)).toEqual([{ path: 'd/b.txt', status: 'added' }]);
    expect(await reader.changedPaths(ZERO, first)).toEqual([{ path: 'a.txt', status: 'added' }]);
    expect(await reader.mergeBase(first, second)).toBe(first);
    expect((await reader.listCommits(second, { limit: 1 })).next).toBe(1);
    expect((await reader.listCommits(second)).items.map(({ oid, message }) => `${oid} ${message}`)).toEqual([
      `${second} add d/b.txt`,
      `${first} add a.txt`,
    ]);
    for (const trick of ['main~1', ':/add', '--all', 'main@{1}', '../x'])
      expect(await reader.resolve(trick)).toBeUndefined();
    for (const trick of ['../a.txt', '/a.txt', 'd/../a.txt', '']) {
      await expect(reader.readFile(second, trick)).rejects.toMatchObject({ code: 'repo/path-invalid' });
    }
    await expect(reader.readFile(second, 'd/b.txt', 2)).rejects.toMatchObject({ code: 'repo/too-large' });
    await expect(reader.readFile(second, 'd')).rejects.toMatchObject({ code: 'repo/file-missing' });
    await expect(reader.readFile(second, '*.txt')).rejects.toMatchObject({ code: 'repo/file-missing' });
  });
});
