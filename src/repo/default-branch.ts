import { askGit } from '../source/index.ts';
import { gitEnvironment, SERVING } from '../git/index.ts';
import { fault } from './faults.ts';
import type { Principal } from './principal.ts';
import { change, type RepositoriesDeps, type RepositoryRow, repositoryById, servedFolder } from './repositories.ts';
import { requireBranch } from './names.ts';
import type { RepoTables } from './tables.ts';

/** A push of the branch that HEAD names holds its lock for a moment. Milliseconds. */
const LOCK_MS_MAX = 5000;

/**
 * Makes another branch the default one: from then on that one is protected, and schedules are read there. It must be a branch that the
 * repository has, unless there is none at all. Pushes that were judged before are refused by `prepareMove`, which waits for this row.
 */
export async function changeDefaultBranch(
  deps: RepositoriesDeps,
  id: number,
  { branch, principal }: { readonly branch: string; readonly principal: Principal },
): Promise<RepositoryRow> {
  requireBranch(branch);
  const before = await repositoryById(deps.db, id);
  if (before?.defaultBranch === branch) {
    await writeHead(deps, before);
    return before;
  }
  const options = { principal, action: 'repository.default-branch', from: ['active', 'archived'] } as const;
  const repository = await change(deps, id, options, async (tx, row) => {
    const tables = tx.as<RepoTables>();
    const places = tables.selectFrom('repo_ref').select('name').where('repository_id', '=', String(row.id));
    const ref = `refs/heads/${branch}`;
    const isThere = await places.where('name', '=', ref).executeTakeFirst();
    const isEmpty = (await places.where('name', 'like', 'refs/heads/%').limit(1).executeTakeFirst()) === undefined;
    const moving = await tables
      .selectFrom('repo_ref_change')
      .select('id')
      .where('repository_id', '=', String(row.id))
      .where('state', '=', 'prepared')
      .where('ref', '=', ref)
      .executeTakeFirst();
    if (moving !== undefined) throw fault('changed', `${ref} of repository ${id} is being pushed`);
    if (isThere === undefined && !isEmpty) throw fault('revision-unknown', `repository ${id} has no branch ${branch}`);
    return { default_branch: branch };
  });
  await writeHead(deps, repository);
  return repository;
}

/** What a clone checks out. The row says which branch it is; a start writes it again, should the process have ended in between. */
export async function writeHead(deps: RepositoriesDeps, { id, defaultBranch }: RepositoryRow): Promise<void> {
  const gitDir = await servedFolder(deps.folders, id);
  const env = gitEnvironment([
    ...SERVING,
    ['safe.directory', gitDir],
    ['core.filesRefLockTimeout', String(LOCK_MS_MAX)],
    ['core.logAllRefUpdates', 'false'],
  ]);
  const program = { path: deps.gitPath, env };
  const place = { gitDir, withoutIndex: true } as const;
  const ref = `refs/heads/${defaultBranch}`;
  const { stdout } = await askGit(program, place, ['symbolic-ref', '--quiet', 'HEAD'], { accept: [1, 128] });
  if (stdout.toString('utf8').trim() !== ref) await askGit(program, place, ['symbolic-ref', 'HEAD', ref]);
}
