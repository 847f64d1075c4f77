import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Transaction } from '../database/index.ts';
import { fault } from './faults.ts';
import { type Folders, gitDirOf } from './folder.ts';
import type { Principal } from './principal.ts';
import { describe, reconcile, type RefLogDeps } from './ref-log.ts';
import { change, nameTaken, record, type RepositoriesDeps, repositoryOf, type RepositoryRow } from './repositories.ts';
import type { RepoTables } from './tables.ts';

/** So long a deletion can be taken back. */
export const KEPT_DAYS = 7;
const DAY_MS = 86_400_000;
/** Purged in one round, and shown in one list. */
const ROUND_MAX = 1000;

export type DeletedRepository = RepositoryRow & { readonly deletedAt: Date };

/**
 * From now on nobody reads or pushes, and the name is free. What git has stays for `KEPT_DAYS`, in which it can be brought back. The row
 * stays for ever, so that its number is never given again.
 */
export function deleteRepository(deps: RepositoriesDeps, id: number, principal: Principal): Promise<RepositoryRow> {
  const from = ['active', 'archived', 'stopped'] as const;
  return change(deps, id, { principal, action: 'repository.delete', from }, async (_tx, { state }) => ({
    state: 'deleted' as const,
    stopped_reason: null,
    stopped_state: null,
    deleted_at: new Date(deps.now()),
    // One that was stopped is compared again when it comes back.
    deleted_state: state === 'archived' ? ('archived' as const) : ('active' as const),
  }));
}

/** An import that did not come to its end: nobody saw it, nothing of it is kept. */
export async function discardImport(deps: RepositoriesDeps, id: number, principal: Principal): Promise<void> {
  await change(deps, id, { principal, action: 'repository.delete', from: ['importing'] }, async (tx) => {
    await forget(tx, id);
    const now = new Date(deps.now());
    return { state: 'deleted' as const, deleted_at: now, purged_at: now };
  });
  await removeFolder(deps, id);
}

/**
 * Brings back what was deleted, when its name is still free. While it is deleted and no push of before runs nobody writes there: it is
 * compared with the log, and comes back stopped when they disagree.
 */
export async function restoreRepository(
  deps: RepositoriesDeps & { readonly refLog: RefLogDeps },
  id: number,
  principal: Principal,
): Promise<RepositoryRow> {
  const { owner, name } = await deletedById(deps, id);
  const found = await reconcile(deps.refLog, id);
  return nameTaken(owner, name, () =>
    change(deps, id, { principal, action: 'repository.restore', from: ['deleted'] }, async (tx, row) => {
      const kept = await keptState(tx, row.id);
      const back = { deleted_at: null, deleted_state: null };
      if (found.length === 0) return { ...back, state: kept };
      return { ...back, state: 'stopped' as const, stopped_reason: describe(id, found), stopped_state: kept };
    }),
  );
}

async function keptState(tx: Transaction, id: number): Promise<'active' | 'archived'> {
  const row = await tx
    .as<RepoTables>()
    .selectFrom('repo_repository')
    .select(['deleted_state', 'purged_at'])
    .where('id', '=', String(id))
    .executeTakeFirst();
  if (row === undefined || row.purged_at !== null) throw fault('not-found', `nothing is left of repository ${id}`);
  return row.deleted_state === 'archived' ? 'archived' : 'active';
}

export async function deletedById({ db }: Pick<RepositoriesDeps, 'db'>, id: number): Promise<DeletedRepository> {
  const [row] = await deletedRows(db, (query) => query.where('id', '=', String(id)));
  if (row === undefined) throw fault('not-found', `there is no deleted repository ${id}`);
  return row;
}

export function listDeleted({ db }: Pick<RepositoriesDeps, 'db'>): Promise<readonly DeletedRepository[]> {
  return deletedRows(db, (query) => query);
}

type DeletedQuery = ReturnType<typeof keptRows>;

function keptRows(db: RepositoriesDeps['db']) {
  return db
    .as<RepoTables>()
    .selectFrom('repo_repository')
    .selectAll()
    .where('state', '=', 'deleted')
    .where('purged_at', 'is', null)
    .orderBy('id')
    .limit(ROUND_MAX);
}

async function deletedRows(
  db: RepositoriesDeps['db'],
  only: (query: DeletedQuery) => DeletedQuery,
): Promise<readonly DeletedRepository[]> {
  const rows = await only(keptRows(db)).execute();
  return rows.flatMap((row) => (row.deleted_at === null ? [] : [{ ...repositoryOf(row), deletedAt: row.deleted_at }]));
}

/** For good, and at once. The folder goes after the commit, or at the next start. */
export async function purgeRepository(deps: RepositoriesDeps, id: number, principal: Principal): Promise<void> {
  await deps.db.transaction(async (tx) => {
    const row = await tx
      .as<RepoTables>()
      .updateTable('repo_repository')
      .set({ purged_at: new Date(deps.now()) })
      .where('id', '=', String(id))
      .where('state', '=', 'deleted')
      .where('purged_at', 'is', null)
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) throw fault('not-found', `there is no deleted repository ${id}`);
    await forget(tx, id);
    await record(deps, tx, principal, { action: 'repository.purge', repository: repositoryOf(row) });
  });
  await removeFolder(deps, id);
}

/** What was deleted too long ago to be brought back. One round; says how many. */
export async function purgeDue(deps: RepositoriesDeps, principal: Principal): Promise<number> {
  const before = new Date(deps.now() - KEPT_DAYS * DAY_MS);
  const due = await deletedRows(deps.db, (query) => query.where('deleted_at', '<', before));
  for (const { id } of due) await purgeRepository(deps, id, principal);
  return due.length;
}

async function forget(tx: Transaction, id: number): Promise<void> {
  await tx.as<RepoTables>().deleteFrom('repo_ref').where('repository_id', '=', String(id)).execute();
}

export async function removeFolder({ folders }: { readonly folders: Folders }, id: number): Promise<void> {
  const aside = join(folders.staging, `deleted-${id}`);
  await rm(aside, { recursive: true, force: true });
  try {
    await rename(gitDirOf(folders, id), aside);
  } catch {
    // An earlier attempt got as far as here.
    return;
  }
  await rm(aside, { recursive: true, force: true });
}
