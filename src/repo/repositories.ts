import { lstat, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { append, type AppendDeps } from '../auditlog/index.ts';
import { excerpt } from '../base/index.ts';
import { askGit } from '../source/index.ts';
import type { Database, Transaction } from '../database/index.ts';
import { gitEnvironment, SERVING } from '../git/index.ts';
import { fault } from './faults.ts';
import { type Folders, gitDirOf, requireSafeFolder } from './folder.ts';
import { isRepositoryName, requireBranch } from './names.ts';
import { actorOf, type Principal, type RepositoryName } from './principal.ts';
import type { RepositoryState, RepoTables } from './tables.ts';

export type RepositoryRow = {
  readonly id: number;
  readonly owner: string;
  readonly name: string;
  readonly defaultBranch: string;
  readonly state: RepositoryState;
  readonly stoppedReason?: string;
  readonly createdAt: Date;
};

export type RepositoriesDeps = AppendDeps & {
  readonly db: Database;
  readonly folders: Folders;
  readonly gitPath: string;
};

export type NewRepository = { readonly owner: string; readonly name: string; readonly defaultBranch?: string };

/** Repositories in one list. */
const LIST_MAX = 1000;
const UNIQUE_VIOLATION = '23505';

/** The folder is there before the row commits; a folder without a row is what an attempt left, and is put aside. */
export async function createRepository(
  deps: RepositoriesDeps,
  { owner, name, defaultBranch = 'main' }: NewRepository,
  { principal, state }: { readonly principal: Principal; readonly state: 'active' | 'importing' },
): Promise<RepositoryRow> {
  requireName(owner, name);
  requireBranch(defaultBranch);
  return nameTaken(owner, name, () =>
    deps.db.transaction(async (tx) => {
      const row = await tx
        .as<RepoTables>()
        .insertInto('repo_repository')
        .values({
          owner,
          name,
          default_branch: defaultBranch,
          state,
          stopped_reason: null,
          stopped_state: null,
          deleted_at: null,
          deleted_state: null,
          purged_at: null,
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      const repository = repositoryOf(row);
      await initialise(deps, repository);
      await record(deps, tx, principal, { action: 'repository.create', repository });
      return repository;
    }),
  );
}

async function initialise(deps: RepositoriesDeps, repository: RepositoryRow): Promise<void> {
  const gitDir = gitDirOf(deps.folders, repository.id);
  const staged = join(deps.folders.staging, `new-${repository.id}`);
  await rm(staged, { recursive: true, force: true });
  if ((await lstat(gitDir).catch(() => undefined)) !== undefined) {
    await rename(
      gitDir,
      join(deps.folders.staging, `left-${repository.id}-${Buffer.from(deps.random(6)).toString('hex')}`),
    );
  }
  await askGit({ path: deps.gitPath, env: gitEnvironment(SERVING) }, { gitDir: staged, cwd: deps.folders.staging }, [
    'init',
    '--quiet',
    '--template=',
    '--object-format=sha1',
    `--initial-branch=${repository.defaultBranch}`,
  ]);
  await rename(staged, gitDir);
}

export async function renameRepository(
  deps: RepositoriesDeps,
  id: number,
  { to, principal }: { readonly to: RepositoryName; readonly principal: Principal },
): Promise<RepositoryRow> {
  requireName(to.owner, to.name);
  return nameTaken(to.owner, to.name, () =>
    change(deps, id, { principal, action: 'repository.rename', from: ['active', 'archived'] }, async () => ({
      owner: to.owner,
      name: to.name,
    })),
  );
}

export function archiveRepository(deps: RepositoriesDeps, id: number, principal: Principal): Promise<RepositoryRow> {
  return change(deps, id, { principal, action: 'repository.archive', from: ['active'] }, async () => ({
    state: 'archived' as const,
  }));
}

export function unarchiveRepository(deps: RepositoriesDeps, id: number, principal: Principal): Promise<RepositoryRow> {
  return change(deps, id, { principal, action: 'repository.unarchive', from: ['archived'] }, async () => ({
    state: 'active' as const,
  }));
}

export type ChangeAction =
  | 'repository.rename'
  | 'repository.archive'
  | 'repository.unarchive'
  | 'repository.default-branch'
  | 'repository.delete'
  | 'repository.restore'
  | 'repository.import'
  | 'repository.resume';

/** One change of the row and its entry, or neither. */
export async function change(
  deps: RepositoriesDeps,
  id: number,
  options: {
    readonly principal: Principal;
    readonly action: ChangeAction;
    readonly from: readonly RepositoryState[];
  },
  work: (tx: Transaction, row: RepositoryRow) => Promise<Partial<RowChange>>,
): Promise<RepositoryRow> {
  return deps.db.transaction(async (tx) => {
    const found = await tx
      .as<RepoTables>()
      .selectFrom('repo_repository')
      .selectAll()
      .where('id', '=', String(id))
      .forUpdate()
      .executeTakeFirst();
    const isGone = found?.state === 'deleted' && !options.from.includes('deleted');
    if (found === undefined || isGone) throw fault('not-found', `there is no repository ${id}`);
    if (!options.from.includes(found.state)) throw fault('not-active', `repository ${id} is ${found.state}`);
    const before = repositoryOf(found);
    const row = await tx
      .as<RepoTables>()
      .updateTable('repo_repository')
      .set(await work(tx, before))
      .where('id', '=', String(id))
      .returningAll()
      .executeTakeFirstOrThrow();
    const repository = repositoryOf(row);
    await record(deps, tx, options.principal, { action: options.action, repository, before });
    return repository;
  });
}

type RowChange = {
  owner: string;
  name: string;
  default_branch: string;
  state: RepositoryState;
  stopped_reason: string | null;
  stopped_state: RepositoryState | null;
  deleted_at: Date | null;
  deleted_state: RepositoryState | null;
  purged_at: Date | null;
};

export function record(
  deps: AppendDeps,
  tx: Transaction,
  principal: Principal,
  told: { readonly action: string; readonly repository: RepositoryRow; readonly before?: RepositoryRow },
): Promise<void> {
  const { action, repository, before } = told;
  const named = ({ owner, name, state, defaultBranch }: RepositoryRow) => ({ owner, name, state, defaultBranch });
  return append(
    tx,
    {
      actor: actorOf(principal),
      action,
      resource: { type: 'repository', id: String(repository.id) },
      outcome: 'allow',
      detail: { ...named(repository), ...(before === undefined ? {} : { before: named(before) }) },
    },
    deps,
  );
}

export async function findRepository(
  db: Database,
  { owner, name }: RepositoryName,
): Promise<RepositoryRow | undefined> {
  if (!isRepositoryName(owner) || !isRepositoryName(name)) return undefined;
  const row = await db
    .as<RepoTables>()
    .selectFrom('repo_repository')
    .selectAll()
    .where((is) => is(is.fn('lower', ['owner']), '=', owner.toLowerCase()))
    .where((is) => is(is.fn('lower', ['name']), '=', name.toLowerCase()))
    .where('state', '<>', 'deleted')
    .executeTakeFirst();
  return row === undefined ? undefined : repositoryOf(row);
}

export async function repositoryById(db: Pick<Database, 'as'>, id: number): Promise<RepositoryRow | undefined> {
  const row = await db
    .as<RepoTables>()
    .selectFrom('repo_repository')
    .selectAll()
    .where('id', '=', String(id))
    .where('state', '<>', 'deleted')
    .executeTakeFirst();
  return row === undefined ? undefined : repositoryOf(row);
}

/** By number, `after` the last one of the page before. */
export async function listRepositories(
  db: Database,
  { after = 0, limit = LIST_MAX }: { readonly after?: number; readonly limit?: number } = {},
): Promise<readonly RepositoryRow[]> {
  const rows = await db
    .as<RepoTables>()
    .selectFrom('repo_repository')
    .selectAll()
    .where('id', '>', String(after))
    .where('state', '<>', 'deleted')
    .orderBy('id')
    .limit(Math.min(limit, LIST_MAX))
    .execute();
  return rows.map(repositoryOf);
}

/** A folder that can be served: where it is, when it is as we made it. */
export async function servedFolder(folders: Folders, id: number): Promise<string> {
  const gitDir = gitDirOf(folders, id);
  await requireSafeFolder(gitDir);
  return gitDir;
}

export function repositoryOf(row: {
  readonly id: string;
  readonly owner: string;
  readonly name: string;
  readonly default_branch: string;
  readonly state: RepositoryState;
  readonly stopped_reason: string | null;
  readonly created_at: Date;
}): RepositoryRow {
  return {
    id: Number(row.id),
    owner: row.owner,
    name: row.name,
    defaultBranch: row.default_branch,
    state: row.state,
    ...(row.stopped_reason === null ? {} : { stoppedReason: row.stopped_reason }),
    createdAt: row.created_at,
  };
}

function requireName(owner: string, name: string): void {
  for (const text of [owner, name]) {
    if (!isRepositoryName(text)) throw fault('name-invalid', JSON.stringify(excerpt(text, 200)));
  }
}

export async function nameTaken<Result>(owner: string, name: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === UNIQUE_VIOLATION) {
      throw fault('name-taken', `${owner}/${name} is there already`, { cause: thrown });
    }
    throw thrown;
  }
}
