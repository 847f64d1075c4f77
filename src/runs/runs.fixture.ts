import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ActionStore } from '../actions/index.ts';
import { auditlogMigrations } from '../auditlog/index.ts';
import { silentLog, systemClock } from '../base/index.ts';
import type { Database, Migrations } from '../database/index.ts';
import type { JobOutcome } from '../protocol/index.ts';
import { repoMigrations } from '../repo/index.ts';
import { git, OWNER, type Served, serveRepositories, workTree } from '../repo/repo.fixture.ts';
import { createReader } from '../workflow/index.ts';
import type { ServerEngineDeps } from './deps.ts';
import { ServerEngine } from './engine.ts';
import { queueMigrations, type TestQueue, testQueue } from './queue.fixture.ts';
import { variableMigrations } from '../variable/index.ts';
import { type RunTables, runMigrations } from './tables.ts';

export const MIGRATIONS: Migrations = {
  ...auditlogMigrations,
  ...repoMigrations,
  ...queueMigrations,
  ...variableMigrations,
  ...runMigrations,
};

const noActions: ActionStore = {
  resolve: () => Promise.reject(new Error('no action is there')),
  folder: () => Promise.reject(new Error('no action is there')),
  readText: () => Promise.resolve(undefined),
};
/** One for all: its worker takes long to start, and does not keep the process alive. */
const reader = createReader();
const WAIT_MS_MAX = 20_000;

export type RunsFixture = AsyncDisposable & {
  readonly db: Database;
  readonly served: Served;
  readonly queue: TestQueue;
  readonly engine: ServerEngine;
  readonly repositoryId: number;
  readonly dir: string;
  deps(changes?: Partial<ServerEngineDeps>): ServerEngineDeps;
  /** Commits these files and pushes the branch. Gives the commit. */
  push(
    files: { readonly [path: string]: string },
    options?: { readonly branch?: string; readonly message?: string; readonly tag?: string; readonly user?: string },
  ): Promise<string>;
  /** Ends the engine and starts another on the same database. */
  restart(): Promise<void>;
  until<Value>(look: () => Promise<Value | undefined | false>): Promise<Value>;
  runs(): Promise<readonly RunSummary[]>;
  /** Plays a runner until nothing is left to do: how jobs end by key. */
  work(outcomes?: { readonly [key: string]: Partial<JobOutcome> }): Promise<readonly string[]>;
};

export type RunSummary = {
  readonly id: number;
  readonly event: string;
  readonly ref: string;
  readonly state: string;
  readonly conclusion: string | null;
  readonly level: string;
  readonly notes: readonly string[];
  readonly path: string;
  readonly attempt: number;
};

/** A git server, a repository, an engine on a real database, and a queue whose runners the test plays. */
export async function openRuns(
  postgres: { database(migrations: Migrations): Promise<Database> },
  changes: Partial<ServerEngineDeps> = {},
): Promise<RunsFixture> {
  const db = await postgres.database(MIGRATIONS);
  const hooks: { wake(): void } = { wake: () => undefined };
  const served = await serveRepositories(postgres, { db, onChanges: () => hooks.wake() });
  const created = await served.server.create(OWNER, { owner: 'acme', name: 'web' });
  const tree = await workTree();
  const queue = testQueue(db);
  const deps = (more: Partial<ServerEngineDeps> = {}): ServerEngineDeps => ({
    db,
    queue,
    reader,
    actions: noActions,
    readLock: () => ({ pins: {}, locked: false }),
    readEgress: () => ({ ok: true, policy: { allow: [], allowPrivate: [] } }),
    isBuiltin: () => true,
    serverUrl: 'http://sallyport.localhost',
    log: silentLog,
    clock: systemClock,
    random: (bytes) => randomBytes(bytes),
    readerOf: (id) => served.server.reader(id),
    gitFor: (run) => ({ gitDir: '', commit: run.event.sha }),
    loginOf: async ({ id }) => ({ login: `login-${id}`, id: Number(id.replaceAll(/\D/g, '')) || 7 }),
    ownerIdOf: async () => 5,
    pollMs: 50,
    ...changes,
    ...more,
  });
  let engine = new ServerEngine(deps());
  hooks.wake = () => engine.wake();
  await engine.start();
  await git(tree.dir, ['remote', 'add', 'origin', served.url('acme/web.git')]);
  const until: RunsFixture['until'] = async (look) => {
    const end = performance.now() + WAIT_MS_MAX;
    while (performance.now() < end) {
      const value = await look();
      if (value !== undefined && value !== false) return value;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error('what was waited for did not happen');
  };
  const fixture: RunsFixture = {
    db,
    served,
    queue,
    get engine() {
      return engine;
    },
    repositoryId: created.id,
    dir: tree.dir,
    deps,
    until,
    async push(files, { branch = 'main', message = 'change', tag, user = 'owner' } = {}) {
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(tree.dir, path)), { recursive: true });
        await writeFile(join(tree.dir, path), text);
      }
      await git(tree.dir, ['checkout', '-q', '-B', branch]);
      await git(tree.dir, ['add', '-A']);
      await git(tree.dir, ['commit', '-q', '--allow-empty', '-m', message]);
      if (tag !== undefined) await git(tree.dir, ['tag', tag]);
      const refs = tag === undefined ? [branch] : [tag];
      const pushed = await git(tree.dir, ['push', '-q', '-f', served.url('acme/web.git', user), ...refs]);
      if (pushed.code !== 0) throw new Error(pushed.err);
      return (await git(tree.dir, ['rev-parse', 'HEAD'])).out.trim();
    },
    async restart() {
      await engine.stop();
      engine = new ServerEngine(deps());
      hooks.wake = () => engine.wake();
      await engine.start();
    },
    async runs() {
      const rows = await db.as<RunTables>().selectFrom('run_run').selectAll().orderBy('id').execute();
      return rows.map(({ id, event, ref, state, conclusion, level, notes, workflow_path: path, attempt }) => {
        return { id: Number(id), event, ref, state, conclusion, level, notes, path, attempt };
      });
    },
    async work(outcomes = {}) {
      const ran: string[] = [];
      await until(async () => {
        for (const { jobId, lease } of await queue.open()) {
          ran.push(lease.job.key);
          await queue.finish(jobId, outcomes[lease.job.key] ?? outcomes[lease.job.definitionId]);
          engine.wake();
        }
        const runs = await fixture.runs();
        return runs.length > 0 && runs.every(({ state }) => state === 'done') && (await queue.open()).length === 0;
      });
      return ran;
    },
    async [Symbol.asyncDispose]() {
      await engine.stop();
      await served[Symbol.asyncDispose]();
      await tree[Symbol.asyncDispose]();
    },
  };
  return fixture;
}
