import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuditlogTables } from '../auditlog/index.ts';
import type { Database } from '../database/index.ts';
import { openRefChanges } from './ref-log.ts';
import { openTestPostgres, type TestPostgres } from '../database/postgres.fixture.ts';
import { byName, git, OWNER, type Served, serveRepositories, workTree } from './repo.fixture.ts';
import type { ArchiveRequest } from './read-archive.ts';
import type { TreeEntry } from './read.ts';
import { ZERO } from './rules.ts';

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

  test('gives folders, one commit, and all files as an archive, within limits', async () => {
    const { id, path } = await newRepository();
    await using work = await workTree();
    await mkdir(join(work.dir, 'd/e'), { recursive: true });
    await writeFile(join(work.dir, 'd/e/deep.txt'), 'deep');
    await symlink('../a.txt', join(work.dir, 'd/link'));
    const head = await work.commit('d/b.txt', 'two');
    await git(work.dir, ['push', '-q', served.url(path), 'main']);
    const reader = await served.server.reader(id);
    const show = (entries: readonly TreeEntry[]) =>
      entries.map((entry) => `${entry.type} ${entry.name} ${entry.bytes}`);

    expect(show(await reader.listTree(head, ''))).toEqual(['blob a.txt 5', 'tree d undefined']);
    expect(show(await reader.listTree(head, 'd'))).toEqual(['blob b.txt 3', 'tree e undefined', 'blob link 8']);
    expect(await reader.readCommit(head)).toMatchObject({ oid: head, message: 'add d/b.txt', author: { name: 'A' } });
    for (const trick of ['d/b.txt', 'nothing', 'd*']) {
      await expect(reader.listTree(head, trick)).rejects.toMatchObject({ code: 'repo/file-missing' });
    }
    for (const trick of ['..', 'd/../..', '/etc']) {
      await expect(reader.listTree(head, trick)).rejects.toMatchObject({ code: 'repo/path-invalid' });
    }
    await expect(reader.readCommit('f'.repeat(40))).rejects.toMatchObject({ code: 'repo/revision-unknown' });

    const bytesOf = async (request: Partial<ArchiveRequest>) =>
      buffer(await reader.archive({ commit: head, format: 'tar.gz', folder: 'acme-shop', ...request }));
    const tar = join(folder, `archive-${id}.tar.gz`);
    await writeFile(tar, await bytesOf({}));
    const { stdout } = await promisify(execFile)('tar', ['-tzf', tar]);
    expect(stdout.split('\n').filter((name) => !name.endsWith('/') && name !== '')).toEqual([
      'acme-shop/a.txt',
      'acme-shop/d/b.txt',
      'acme-shop/d/e/deep.txt',
      'acme-shop/d/link',
    ]);
    expect(await bytesOf({})).toEqual(await bytesOf({}));
    expect((await bytesOf({ format: 'zip' })).subarray(0, 2).toString()).toBe('PK');
    await expect(bytesOf({ bytesMax: 2000 })).rejects.toMatchObject({ code: 'repo/too-large' });
    await expect(bytesOf({ folder: '../x' })).rejects.toMatchObject({ code: 'repo/path-invalid' });
    await expect(bytesOf({ commit: 'f'.repeat(40) })).rejects.toMatchObject({ code: 'repo/revision-unknown' });
    // A reader who leaves gives its place back: more of them than there are places.
    for (let at = 0; at < 6; at += 1) {
      (await reader.archive({ commit: head, format: 'tar.gz', folder: 'x' })).destroy();
    }
    expect((await bytesOf({})).length).toBeGreaterThan(100);
  });
});
