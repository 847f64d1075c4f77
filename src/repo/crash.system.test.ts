import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuditlogTables } from '../auditlog/index.ts';
import type { Database } from '../database/index.ts';
import { openTestPostgres, type TestPostgres } from '../database/postgres.fixture.ts';
import { type CrashPlan, killGits } from './crash.fixture.ts';
import { endLeftProcesses, prepareFolders } from './folder.ts';
import type { RefLogStep } from './ref-log.ts';
import { git, MIGRATIONS, OWNER, serveRepositories, workTree } from './repo.fixture.ts';
import type { RepoTables } from './tables.ts';

let postgres: TestPostgres;
let folder: string;

beforeAll(async () => {
  postgres = await openTestPostgres();
  folder = await mkdtemp(join(tmpdir(), 'sp-repo-test-'));
});
afterAll(async () => {
  await postgres.close();
  await rm(folder, { recursive: true, force: true });
});

const actions = async (db: Database) => {
  const rows = await db.as<AuditlogTables>().selectFrom('auditlog_entry').select('body').orderBy('id').execute();
  return rows.map(({ body }) => String(JSON.parse(body.toString('utf8')).action));
};
const states = async (db: Database) =>
  (await db.as<RepoTables>().selectFrom('repo_ref_change').select('state').orderBy('id').execute()).map(
    ({ state }) => state,
  );

async function startServer(plan: CrashPlan) {
  const script = join(import.meta.dirname, 'crash.fixture.ts');
  const child = spawn(process.execPath, [script, JSON.stringify(plan)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  const [line] = await once(child.stdout.setEncoding('utf8'), 'data');
  return { port: Number(line), ended, kill: () => child.kill('SIGKILL') };
}

/** The server ends by SIGKILL in the middle of a push that makes `topic`; another one is started on what is left. */
async function crash(step: RefLogStep, withGit: boolean) {
  const root = join(folder, `${step}-${withGit}`);
  const db = await postgres.database(MIGRATIONS);
  const first = await serveRepositories(postgres, { root, db });
  const { id } = await first.server.create(OWNER, { owner: 'acme', name: 'shop' });
  await first[Symbol.asyncDispose]();
  await using work = await workTree();
  const tip = (await git(work.dir, ['rev-parse', 'HEAD'])).out.trim();
  const server = await startServer({ database: db.config, root, step, withGit });

  const push = await git(work.dir, ['push', `http://owner:x@127.0.0.1:${server.port}/acme/shop.git`, 'main:topic']);
  await server.ended;

  await using second = await serveRepositories(postgres, { root, db });
  const reader = await second.server.reader(id);
  const place = await reader.resolve('topic');
  const found = {
    push: push.code,
    isMoved: place === tip,
    stopped: second.server.stopped.size,
    states: await states(db),
  };
  const told = (await actions(db)).filter((action) => action.startsWith('ref.'));
  const left = (await readdir(join(root, 'running'))).length;
  const again = await git(work.dir, ['push', '-q', second.url('acme/shop.git'), 'main:again', 'main:topic']);
  return { ...found, told, left, again: again.code };
}

describe('a kill -9 of the server', () => {
  const NEITHER = { isMoved: false, stopped: 0, states: [], told: [], left: 0, again: 0 };
  const ABORTED = {
    isMoved: false,
    stopped: 0,
    states: ['aborted'],
    told: ['ref.create', 'ref.abort'],
    left: 0,
    again: 0,
  };
  const BOTH = { isMoved: true, stopped: 0, states: ['moved'], told: ['ref.create'], left: 0, again: 0 };
  const windows: readonly (readonly [RefLogStep, boolean, object])[] = [
    ['preparing', false, NEITHER],
    ['preparing', true, NEITHER],
    ['inserted', false, NEITHER],
    ['inserted', true, NEITHER],
    ['prepared', false, ABORTED],
    ['prepared', true, ABORTED],
    ['settling', false, BOTH],
    ['settling', true, BOTH],
    ['settled', false, BOTH],
  ];
  test.each(windows)(
    'at %s (with git: %s) leaves ref and entry, or neither, and the server works on',
    { timeout: 60_000 },
    async (step, withGit, wanted) => {
      expect(await crash(step, withGit)).toMatchObject(wanted);
    },
  );
});

describe('a git that is killed while the server lives', () => {
  test('after the entry committed is told as aborted, and the next push of that ref works', {
    timeout: 60_000,
  }, async () => {
    const root = join(folder, 'git-only');
    let isArmed = true;
    await using served = await serveRepositories(postgres, {
      root,
      trace(step) {
        if (step !== 'prepared' || !isArmed) return;
        isArmed = false;
        killGits(root);
      },
    });
    await served.server.create(OWNER, { owner: 'acme', name: 'shop' });
    await using work = await workTree();

    const first = await git(work.dir, ['push', served.url('acme/shop.git'), 'main:topic']);
    await expect.poll(() => states(served.db)).toEqual(['aborted']);
    const second = await git(work.dir, ['push', '-q', served.url('acme/shop.git'), 'main:topic']);

    expect([first.code === 0, second.code]).toEqual([false, 0]);
    await expect.poll(() => states(served.db)).toEqual(['aborted', 'moved']);
  });

  test('when the database is away no ref moves', { timeout: 60_000 }, async () => {
    await using served = await serveRepositories(postgres, {
      trace(step) {
        if (step === 'inserted') throw new Error('the connection is lost');
      },
    });
    const { id } = await served.server.create(OWNER, { owner: 'acme', name: 'shop' });
    await using work = await workTree();

    const push = await git(work.dir, ['push', served.url('acme/shop.git'), 'main:topic']);

    expect(push.code).toBe(1);
    expect((await (await served.server.reader(id)).listRefs()).items).toEqual([]);
    expect(await states(served.db)).toEqual([]);
  });
});

describe('a second server of one folder', () => {
  /** A push stands still in the middle while something else happens. */
  async function during(name: string, work: (root: string, db: Database) => Promise<unknown>): Promise<number> {
    const root = join(folder, name);
    const db = await postgres.database(MIGRATIONS);
    const reached = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    await using first = await serveRepositories(postgres, {
      root,
      db,
      async trace(step) {
        if (step !== 'preparing') return;
        reached.resolve();
        await go.promise;
      },
    });
    await first.server.create(OWNER, { owner: 'acme', name: 'shop' });
    await using tree = await workTree();
    const push = git(tree.dir, ['push', '-q', first.url('acme/shop.git'), 'main']);
    await reached.promise;
    try {
      await work(root, db);
    } finally {
      go.resolve();
    }
    return (await push).code;
  }

  test('is refused before it ends what the first one runs', { timeout: 60_000 }, async () => {
    let refused: unknown;

    const code = await during('held', async (root, db) => {
      refused = await serveRepositories(postgres, { root, db }).catch((thrown: unknown) => thrown);
    });

    expect(refused).toMatchObject({ code: 'hold/in-use' });
    expect(code).toBe(0);
  });

  test('would end it otherwise: the control', { timeout: 60_000 }, async () => {
    const code = await during('not-held', async (root) => endLeftProcesses(await prepareFolders(root)));

    expect(code).not.toBe(0);
  });
});

describe('a ref that moved past the server', () => {
  test.each([
    ['made', ['update-ref', 'refs/heads/extra', 'main'], 'refs/heads/extra', 'ref-without-entry'],
    ['deleted', ['update-ref', '-d', 'refs/heads/main'], 'refs/heads/main', 'entry-without-ref'],
    ['moved', ['update-ref', 'refs/heads/main', 'topic'], 'refs/heads/main', 'ref-differs'],
  ])(
    '%s: stops that repository at the start, names it, and leaves the others alone',
    { timeout: 60_000 },
    async (name, args, ref, problem) => {
      const root = join(folder, `past-${name}`);
      const db = await postgres.database(MIGRATIONS);
      await using work = await workTree();
      let id = 0;
      {
        await using first = await serveRepositories(postgres, { root, db });
        ({ id } = await first.server.create(OWNER, { owner: 'acme', name: 'shop' }));
        await first.server.create(OWNER, { owner: 'acme', name: 'other' });
        await git(work.dir, ['push', '-q', first.url('acme/shop.git'), 'main']);
        await work.commit('b.txt');
        await git(work.dir, ['push', '-q', first.url('acme/shop.git'), 'main:topic']);
      }
      await git(join(root, 'repositories', `${id}.git`), args);

      await using second = await serveRepositories(postgres, { root, db });
      const stopped = await git(folder, ['ls-remote', second.url('acme/shop.git')]);
      const other = await git(folder, ['ls-remote', second.url('acme/other.git')]);
      const still = await second.server.resume(OWNER, id);
      const mended = await second.server.resume(OWNER, id, { acceptGit: true });
      const after = await git(folder, ['ls-remote', second.url('acme/shop.git')]);

      expect([...second.server.stopped.entries()]).toMatchObject([[id, [{ ref, problem }]]]);
      expect([stopped.code, other.code, after.code]).toEqual([128, 0, 0]);
      expect([still.length, mended.length]).toEqual([1, 0]);
      expect((await actions(db)).slice(-3)).toEqual(['repository.stop', 'ref.repair', 'repository.resume']);
    },
  );

  test('is found by the next push of it, which does not happen', { timeout: 60_000 }, async () => {
    await using served = await serveRepositories(postgres);
    const { id } = await served.server.create(OWNER, { owner: 'acme', name: 'shop' });
    await using work = await workTree();
    await git(work.dir, ['push', '-q', served.url('acme/shop.git'), 'main', 'main:topic']);
    const next = await work.commit('b.txt');
    await git(work.dir, ['push', '-q', served.url('acme/shop.git'), 'main']);
    await git(join(served.root, 'repositories', `${id}.git`), ['update-ref', 'refs/heads/topic', next]);
    await work.commit('c.txt');

    const push = await git(work.dir, ['push', served.url('acme/shop.git'), 'main:topic']);

    expect(push.code).toBe(1);
    expect(await served.server.find(OWNER, { owner: 'acme', name: 'shop' })).toMatchObject({
      state: 'stopped',
      stoppedReason: expect.stringContaining('refs/heads/topic: ref-differs'),
    });
  });
});

describe('an import', () => {
  test('of a folder and of a bundle brings every ref with its entry, and runs nothing', {
    timeout: 60_000,
  }, async () => {
    await using served = await serveRepositories(postgres);
    await using work = await workTree();
    await git(work.dir, ['checkout', '-q', '-b', 'trunk']);
    await work.commit('b.txt');
    await git(work.dir, ['tag', '-a', 'v1', '-m', 'one']);
    const mark = join(folder, 'imported-ran');
    await git(work.dir, ['config', 'uploadpack.packObjectsHook', `touch ${mark}; exec`]);
    await git(work.dir, ['config', 'core.fsmonitor', `touch ${mark}`]);
    await writeFile(join(work.dir, '.git/hooks/post-checkout'), `#!/bin/sh\ntouch ${mark}\n`, { mode: 0o755 });
    const bundle = join(folder, 'all.bundle');
    await git(work.dir, ['bundle', 'create', '-q', bundle, '--all']);
    const phases = new Set<string>();

    const one = await served.server.import({
      owner: 'acme',
      name: 'one',
      from: { kind: 'folder', path: work.dir },
      principal: OWNER,
      progress: ({ phase }) => phases.add(phase),
    });
    const two = await served.server.import({
      owner: 'acme',
      name: 'two',
      from: { kind: 'bundle', path: bundle },
      principal: OWNER,
    });

    // A bundle does not say which branch its HEAD is.
    expect([one.defaultBranch, two.defaultBranch]).toEqual(['trunk', 'main']);
    for (const { id, state } of [one, two]) {
      expect(state).toBe('active');
      const { items } = await (await served.server.reader(id)).listRefs();
      expect(items.map(({ ref }) => ref)).toEqual(['refs/heads/main', 'refs/heads/trunk', 'refs/tags/v1']);
    }
    expect((await actions(served.db)).filter((action) => action === 'ref.create')).toHaveLength(6);
    expect(phases).toContain('looking');
    expect(phases).toContain('recording');
    expect(await readdir(folder)).not.toContain('imported-ran');
    expect((await git(folder, ['clone', '-q', served.url('acme/one.git'), 'imported'])).code).toBe(0);
  });

  test('of an address on the own machine is refused without the setting; with it git dials, and a failure leaves nothing', {
    timeout: 60_000,
  }, async () => {
    await using from = await serveRepositories(postgres);
    await using strict = await serveRepositories(postgres);
    await using loose = await serveRepositories(postgres, {
      network: { lookup: async () => ['127.0.0.1'], unsafePrivateImport: true },
      authorise: () => true,
    });
    await from.server.create(OWNER, { owner: 'acme', name: 'shop' });
    await using work = await workTree();
    await git(work.dir, ['push', '-q', from.url('acme/shop.git'), 'main']);
    const request = (url: string) => ({
      owner: 'acme',
      name: 'copy',
      from: { kind: 'url', url } as const,
      principal: OWNER,
    });

    for (const url of [
      'https://127.0.0.1/x.git',
      'https://inside.example.org/x.git',
      'https://[::1]/x.git',
      'https://[::ffff:127.0.0.1]/x.git',
      'https://user:pass@example.org/x.git',
      'http://example.org/x.git',
      'file:///etc',
      'ext::sh -c id',
      '--upload-pack=id',
    ]) {
      await expect(strict.server.import(request(url))).rejects.toMatchObject({ code: 'repo/import-refused' });
    }
    // The server of the test wants a name and gets none: git is refused there, and the repository is gone here.
    await expect(loose.server.import(request(`http://127.0.0.1:${from.port}/acme/shop.git`))).rejects.toMatchObject({
      code: 'repo/import-failed',
    });
    expect(await loose.server.list(OWNER)).toEqual([]);
  });

  test('of a folder that leads elsewhere, or of one that is too large, is refused and leaves nothing', {
    timeout: 60_000,
  }, async () => {
    await using served = await serveRepositories(postgres, { limits: { repositoryBytesMax: 200_000 } });
    await using work = await workTree();
    await using large = await workTree();
    const { randomBytes } = await import('node:crypto');
    await large.commit('big', randomBytes(300_000).toString('hex'));
    await writeFile(join(work.dir, '.git/objects/info/alternates'), join(large.dir, '.git/objects'));
    const ask = (path: string) =>
      served.server.import({ owner: 'acme', name: 'x', from: { kind: 'folder', path }, principal: OWNER });

    await expect(ask(work.dir)).rejects.toMatchObject({ code: 'repo/folder-unsafe' });
    await expect(ask(large.dir)).rejects.toMatchObject({ code: 'repo/over-quota' });
    await expect(ask('/etc')).rejects.toMatchObject({ code: 'repo/import-refused' });
    await expect(ask('relative')).rejects.toMatchObject({ code: 'repo/import-refused' });
    expect(await served.server.list(OWNER)).toEqual([]);
    expect(await readdir(join(served.root, 'staging'))).toEqual([]);
  });
});
