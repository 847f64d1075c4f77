import type { IncomingMessage, ServerResponse } from 'node:http';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import type { AppendDeps } from '../auditlog/index.ts';
import { excerpt, type Log, reasonOf } from '../base/index.ts';
import { gitEnvironment, SERVING } from '../git/index.ts';
import { holdFolder } from '../hold/index.ts';
import { askGit } from '../source/index.ts';
import type { Database } from '../database/index.ts';
import { changeDefaultBranch, writeHead } from './default-branch.ts';
import {
  type DeletedRepository,
  deletedById,
  deleteRepository,
  discardImport,
  listDeleted,
  purgeRepository,
  removeFolder,
  restoreRepository,
} from './deletion.ts';
import { fault } from './faults.ts';
import { endLeftProcesses, type Folders, prepareFolders, sweepFolder } from './folder.ts';
import { importRepository, type ImportRequest } from './import.ts';
import type { ImportNetwork } from './import-source.ts';
import { type MaintenanceRound, openMaintenance } from './maintain.ts';
import { actorOf, type Authorise, type Principal, type RepositoryName, type RepoVerb } from './principal.ts';
import { archiveSlots } from './read-archive.ts';
import { createMemory, rememberingReader } from './remember.ts';
import { readAllRefs, type RepositoryReader, readerOf } from './read.ts';
import type { DecidePush } from './receive.ts';
import { acceptGit, type Disagreement, reconcile, type RefChange, type RefLogDeps } from './ref-log.ts';
import {
  archiveRepository,
  change,
  createRepository,
  findRepository,
  listRepositories,
  type NewRepository,
  renameRepository,
  repositoryById,
  type RepositoryRow,
  servedFolder,
  unarchiveRepository,
} from './repositories.ts';
import { createGitHandler, type GitHandler, isAllowed, type RepoLimits, repoLimits } from './server.ts';
import { type RepositoryStatistics, statisticsOf } from './statistics.ts';
import type { RepoTables } from './tables.ts';

export type RepoOptions = AppendDeps & {
  readonly db: Database;
  /** Everything of the git server lies here. Only one server at a time may use it. */
  readonly root: string;
  /** Absolute path of the git program, 2.36 or later. */
  readonly gitPath: string;
  readonly authorise: Authorise;
  readonly decide?: DecidePush;
  /** Owners may move the default branch without a review. */
  readonly unsafeDirectPush?: boolean;
  readonly limits?: Partial<RepoLimits>;
  readonly network: ImportNetwork;
  readonly log: Log;
  onChanges?(changes: readonly RefChange[]): void;
  /** Commits of a repository that stay whatever its refs say: those of runs that are not over. */
  keepCommits?(repositoryId: number): Promise<readonly string[]>;
  /** How often all repositories are looked after. Nothing is never. Milliseconds. */
  readonly maintainMs?: number;
  /** For tests that end the process in the middle. */
  readonly trace?: RefLogDeps['trace'];
};

export type RepoServer = {
  /** The smart HTTP of git, at `/<owner>/<name>.git/…`. The HTTP server must have `requestTimeout: 0`. */
  handle(request: IncomingMessage, response: ServerResponse, who: { readonly principal: Principal }): Promise<void>;
  create(principal: Principal, repository: NewRepository): Promise<RepositoryRow>;
  import(request: ImportRequest): Promise<RepositoryRow>;
  rename(principal: Principal, id: number, to: RepositoryName): Promise<RepositoryRow>;
  archive(principal: Principal, id: number): Promise<RepositoryRow>;
  unarchive(principal: Principal, id: number): Promise<RepositoryRow>;
  /** Makes a branch that is there the default one. */
  setDefaultBranch(principal: Principal, id: number, branch: string): Promise<RepositoryRow>;
  /** Can be taken back for `KEPT_DAYS`: see `restore`. */
  delete(principal: Principal, id: number): Promise<RepositoryRow>;
  /** The repository of this name. Whether somebody may know of it is the caller's question. */
  locate(name: RepositoryName): Promise<RepositoryRow | undefined>;
  /** Those that the principal may bring back. */
  listDeleted(principal: Principal): Promise<readonly DeletedRepository[]>;
  /** Under its name, when that is still free. Compared with the audit log: it may be stopped. */
  restore(principal: Principal, id: number): Promise<RepositoryRow>;
  /** Takes away for good what was deleted, before its time is over. */
  purge(principal: Principal, id: number): Promise<void>;
  /** Those that the principal may read. */
  find(principal: Principal, name: RepositoryName): Promise<RepositoryRow | undefined>;
  list(
    principal: Principal,
    page?: { readonly after?: number; readonly limit?: number },
  ): Promise<readonly RepositoryRow[]>;
  /** Reads a repository. Whether somebody may is the caller's question. */
  reader(id: number): Promise<RepositoryReader>;
  /** Compares again after a stop. With `acceptGit` what git has becomes what the log tells, with an entry for each ref. */
  resume(
    principal: Principal,
    id: number,
    options?: { readonly acceptGit?: boolean },
  ): Promise<readonly Disagreement[]>;
  /** Puts packs together, takes away what nothing reaches, purges what was deleted: one round. By itself every `maintainMs`. */
  maintain(): Promise<MaintenanceRound>;
  statistics(id: number): Promise<RepositoryStatistics>;
  /** What the start found. */
  readonly stopped: ReadonlyMap<number, readonly Disagreement[]>;
  close(): Promise<void>;
};

const GIT_MIN: readonly [number, number] = [2, 36];
/** Repositories in one page of the reconciliation. */
const PAGE_REPOSITORIES = 200;

/** The server before may still answer its last request. */
const HOLD_MS_MAX = 3000;

/**
 * Opens the git server, and holds its folder: ends what a crashed one left running, takes away what it left lying, and compares every ref with the audit log.
 * A repository in which they disagree is stopped; the others work.
 */
export async function openRepoServer(options: RepoOptions): Promise<RepoServer> {
  // Another server's processes would look like those that a crash left.
  const release = await holdFolder(options.root, HOLD_MS_MAX);
  try {
    return await openHeld(options, release);
  } catch (thrown) {
    await release();
    throw thrown;
  }
}

async function openHeld(options: RepoOptions, release: () => Promise<void>): Promise<RepoServer> {
  const { db, gitPath, log, authorise } = options;
  const limits = repoLimits(options.limits);
  const folders = await prepareFolders(options.root);
  await requireGit(gitPath, folders);
  const tools: AppendDeps = { now: () => options.now(), random: (bytes) => options.random(bytes) };
  const deps = { db, folders, gitPath, ...tools };
  const refLog: RefLogDeps = {
    db,
    ...tools,
    readRefs: async (id, names) => readAllRefs({ gitPath, gitDir: await servedFolder(folders, id) }, names),
    ...(options.trace === undefined ? {} : { trace: options.trace }),
  };
  await endLeftProcesses(folders);
  const stopped = await reconcileAll({ ...deps, refLog, log });
  const maintenance = openMaintenance({
    ...deps,
    log,
    isPushed: (id) => git.isPushed(id),
    ...(options.keepCommits === undefined
      ? {}
      : { keepCommits: async (id) => (await options.keepCommits?.(id)) ?? [] }),
  });
  const git: GitHandler = createGitHandler({
    ...deps,
    giveWay: (id, why) => maintenance.giveWay(id, why),
    authorise,
    ...(options.decide === undefined ? {} : { decide: options.decide }),
    unsafeDirectPush: options.unsafeDirectPush ?? false,
    limits,
    refLog,
    log,
    ...(options.onChanges === undefined ? {} : { onChanges: (changes) => options.onChanges?.(changes) }),
  });
  const slots = archiveSlots();
  const look = () =>
    void maintenance.run().catch((thrown: unknown) => {
      log.error('The maintenance of repositories failed', { reason: reasonOf(thrown) });
    });
  const timer = options.maintainMs === undefined ? undefined : setInterval(look, options.maintainMs).unref();
  const require = async (principal: Principal, id: number, verb: RepoVerb) => {
    const found = await repositoryById(db, id);
    if (found === undefined || !(await isAllowed(options, principal, found, 'read'))) {
      throw fault('not-found', `there is no repository ${id}`);
    }
    if (!(await isAllowed(options, principal, found, verb))) throw fault('not-allowed', `${verb} of repository ${id}`);
  };
  const requireDeleted = async (principal: Principal, id: number) => {
    // Whoever may not administer it is told that there is none: what was deleted is nobody else's business.
    const found = await deletedById(deps, id);
    if (!(await isAllowed(options, principal, found, 'administer'))) {
      throw fault('not-found', `there is no deleted repository ${id}`);
    }
  };
  const requireNew = async (principal: Principal, name: RepositoryName) => {
    if (!(await isAllowed(options, principal, name, 'administer'))) {
      throw fault('not-allowed', `${excerpt(name.owner, 100)}/${excerpt(name.name, 100)}`);
    }
  };
  const memory = createMemory();
  return {
    handle: (request, response, who) => git.handle(request, response, who),
    async create(principal, repository) {
      await requireNew(principal, repository);
      return createRepository(deps, repository, { principal, state: 'active' });
    },
    async import(request) {
      await requireNew(request.principal, request);
      const { network } = options;
      return importRepository({ ...deps, refLog, network, repositoryBytesMax: limits.repositoryBytesMax }, request);
    },
    async rename(principal, id, to) {
      await require(principal, id, 'administer');
      await requireNew(principal, to);
      return renameRepository(deps, id, { to, principal });
    },
    async archive(principal, id) {
      await require(principal, id, 'administer');
      return archiveRepository(deps, id, principal);
    },
    async unarchive(principal, id) {
      await require(principal, id, 'administer');
      return unarchiveRepository(deps, id, principal);
    },
    async delete(principal, id) {
      await require(principal, id, 'administer');
      return deleteRepository(deps, id, principal);
    },
    locate: (name) => findRepository(db, name),
    async setDefaultBranch(principal, id, branch) {
      await require(principal, id, 'administer');
      return changeDefaultBranch(deps, id, { branch, principal });
    },
    async listDeleted(principal) {
      const restorable: DeletedRepository[] = [];
      for (const row of await listDeleted(deps)) {
        if (await isAllowed(options, principal, row, 'administer')) restorable.push(row);
      }
      return restorable;
    },
    async restore(principal, id) {
      await requireDeleted(principal, id);
      if (git.isPushed(id)) throw fault('changed', `a push of repository ${id} has not ended yet`);
      return restoreRepository({ ...deps, refLog }, id, principal);
    },
    async purge(principal, id) {
      await requireDeleted(principal, id);
      await purgeRepository(deps, id, principal);
    },
    async find(principal, name) {
      const found = await findRepository(db, name);
      return found !== undefined && (await isAllowed(options, principal, found, 'read')) ? found : undefined;
    },
    async list(principal, page) {
      const readable: RepositoryRow[] = [];
      for (const row of await listRepositories(db, page)) {
        if (await isAllowed(options, principal, row, 'read')) readable.push(row);
      }
      return readable;
    },
    reader: async (id) =>
      rememberingReader(readerOf({ gitPath, gitDir: await servedFolder(folders, id), slots }), memory, id),
    async resume(principal, id, { acceptGit: isAccepted = false } = {}) {
      await require(principal, id, 'administer');
      return resume({ ...deps, refLog }, id, { principal, isAccepted });
    },
    stopped,
    maintain: () => maintenance.run(),
    statistics: (id) => statisticsOf(deps, id),
    async close() {
      clearInterval(timer);
      await Promise.all([maintenance.close(), git.close()]);
      await release();
    },
  };
}

async function requireGit(gitPath: string, folders: Folders): Promise<void> {
  const { stdout } = await askGit(
    { path: gitPath, env: gitEnvironment(SERVING) },
    { gitDir: join(folders.staging, 'none'), cwd: folders.root },
    ['version'],
  );
  const [, major = 0, minor = 0] = /(\d+)\.(\d+)/.exec(stdout.toString('latin1'))?.map(Number) ?? [];
  const [majorMin, minorMin] = GIT_MIN;
  if (major < majorMin || (major === majorMin && minor < minorMin)) {
    throw fault('git-old', `${gitPath} is ${excerpt(stdout.toString('latin1').trim(), 60)}`);
  }
}

type Deps = AppendDeps & {
  readonly db: Database;
  readonly folders: Folders;
  readonly gitPath: string;
  readonly refLog: RefLogDeps;
};

async function reconcileAll(deps: Deps & { readonly log: Log }): Promise<ReadonlyMap<number, readonly Disagreement[]>> {
  const { db, folders, log } = deps;
  for (const name of await readdir(folders.staging))
    await rm(join(folders.staging, name), { recursive: true, force: true });
  await finishDeletions(deps);
  const stopped = new Map<number, readonly Disagreement[]>();
  for (let after = 0; ; ) {
    const rows = await listRepositories(db, { after, limit: PAGE_REPOSITORIES });
    if (rows.length === 0) break;
    for (const row of rows) {
      const { id, state } = row;
      after = id;
      if (state === 'importing') {
        // An import that was cut has nothing that anybody saw: it is begun anew.
        await discardImport(deps, id, SYSTEM);
        continue;
      }
      const found = await reconcileOne(deps, row);
      if (found.length === 0) continue;
      stopped.set(id, found);
      log.error('A repository is stopped: its refs and the audit log disagree', { repository: id, refs: found });
    }
  }
  return stopped;
}

const SYSTEM: Principal = { id: 'repo', name: 'repo', kind: 'system' };

/** A folder that is gone or changed is a disagreement like any other: the repository stops, the server starts. */
async function reconcileOne(deps: Deps, row: RepositoryRow): Promise<readonly Disagreement[]> {
  const { folders, refLog } = deps;
  const { id } = row;
  try {
    await sweepFolder(await servedFolder(folders, id));
    await writeHead(deps, row);
    return await reconcile(refLog, id);
  } catch (thrown) {
    return reconcile({ ...refLog, readRefs: async () => new Map([[reasonOf(thrown), UNREADABLE]]) }, id);
  }
}

/** Stands for a value that can't be read. */
const UNREADABLE = 'f'.repeat(40);

/** Numbers are never given twice, also after a database came back from an older backup: folders count. */
async function finishDeletions({ db, folders }: Deps): Promise<void> {
  let highest = 0;
  for (const name of await readdir(folders.repositories)) {
    const id = Number(/^([1-9]\d{0,15})\.git$/.exec(name)?.[1]);
    if (!Number.isSafeInteger(id)) continue;
    highest = Math.max(highest, id);
    const row = await db
      .as<RepoTables>()
      .selectFrom('repo_repository')
      .select('purged_at')
      .where('id', '=', String(id))
      .executeTakeFirst();
    if (row !== undefined && row.purged_at !== null) await removeFolder({ folders }, id);
  }
  const sequence = sql`pg_get_serial_sequence('repo_repository', 'id')`;
  await sql`select setval(${sequence}, greatest(${highest + 1}::bigint, nextval(${sequence})), false)`.execute(
    db.as<RepoTables>(),
  );
}

async function resume(
  deps: Deps,
  id: number,
  { principal, isAccepted }: { readonly principal: Principal; readonly isAccepted: boolean },
): Promise<readonly Disagreement[]> {
  await servedFolder(deps.folders, id);
  let found = await reconcile(deps.refLog, id);
  if (found.length > 0 && isAccepted) {
    await acceptGit(deps.refLog, { repositoryId: id, actor: actorOf(principal) });
    found = await reconcile(deps.refLog, id);
  }
  if (found.length > 0) return found;
  const options = { principal, action: 'repository.resume', from: ['stopped'] } as const;
  await change(deps, id, options, async (tx, row) => {
    const stopped = await tx
      .as<RepoTables>()
      .selectFrom('repo_repository')
      .select('stopped_state')
      .where('id', '=', String(row.id))
      .executeTakeFirst();
    return { state: stopped?.stopped_state ?? 'active', stopped_reason: null, stopped_state: null };
  });
  return [];
}
