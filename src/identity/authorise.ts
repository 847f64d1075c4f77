import { sql } from 'kysely';
import { unreachable } from '../base/index.ts';
import type { Database } from '../database/index.ts';
import type { Principal } from './principal.ts';
import type { IdentityTables } from './tables.ts';
import {
  type AuthorisedObject,
  isOrganisationVerb,
  isRepositoryVerb,
  isSelfVerb,
  jobAllows,
  type OrganisationRole,
  organisationAllows,
  REPOSITORY_ROLES,
  repositoryAllows,
  type RepositoryRole,
  type RepositoryVerb,
  readsEverywhere,
  type Verb,
} from './verbs.ts';

/** Teams lie in teams, at most so deep. */
export const TEAM_DEPTH_MAX = 8;

/**
 * The one place where it is decided who may do what: for the API, for git, for everything. What is not named is denied: another kind
 * of principal, a verb about another kind of object, a scope that a token lacks. A person removed a moment ago is nobody.
 */
export async function authorise(
  db: Database,
  principal: Principal,
  verb: Verb,
  object: AuthorisedObject,
): Promise<boolean> {
  if (principal.kind === 'job') {
    const { job } = principal;
    if (job === undefined || object.type !== 'repository' || !isRepositoryVerb(verb)) return false;
    return job.repositoryId === object.id && jobAllows(job.permissions, verb);
  }
  const { token } = principal;
  if (principal.kind !== 'user' || token === undefined || !tokenAllows(principal, verb, object)) return false;
  switch (object.type) {
    case 'user':
      // A passkey is for good: no token may make one, however much it may besides.
      if (verb === 'passkey.manage' && token.source !== 'session') return false;
      return isSelfVerb(verb) && object.id === token.userId;
    case 'organisation': {
      if (!isOrganisationVerb(verb)) return false;
      const role = await roleOf(db, token.userId);
      return role !== undefined && organisationAllows(role, verb);
    }
    case 'repository': {
      if (!isRepositoryVerb(verb)) return false;
      const { role, granted } = await rolesOf(db, token.userId, object.id);
      return role !== undefined && repositoryAllows(role, granted, verb);
    }
    default:
      return unreachable(object);
  }
}

/** To see that a repository is there is part of all that is done to it, so that a token for runs finds it, and reads no code. */
function tokenAllows({ token }: Principal, verb: Verb, object: AuthorisedObject): boolean {
  if (token === undefined) return false;
  const { scopes, repositories } = token;
  if (repositories !== undefined) {
    // A token for some repositories is for nothing else than these, and for knowing whose it is.
    if (object.type === 'organisation') return false;
    if (object.type === 'user' && verb !== 'self.read') return false;
    if (object.type === 'repository' && !repositories.includes(object.id)) return false;
  }
  if (verb === 'self.read' || scopes.includes('all') || scopes.includes(verb)) return true;
  return verb === 'repository.see' && scopes.some((scope) => scope !== 'all' && isRepositoryVerb(scope));
}

async function roleOf(db: Database, userId: number): Promise<OrganisationRole | undefined> {
  const row = await db
    .as<IdentityTables>()
    .selectFrom('identity_user')
    .select('role')
    .where('id', '=', String(userId))
    .where('removed_at', 'is', null)
    .executeTakeFirst();
  return row?.role;
}

type Roles = { readonly role: OrganisationRole | undefined; readonly granted: readonly RepositoryRole[] };

/** Whether a person may this to a repository, when nobody asks and something is sent to them: by their roles alone. */
export async function personMay(
  db: Database,
  verb: RepositoryVerb,
  { userId, repositoryId }: { readonly userId: number; readonly repositoryId: number },
): Promise<boolean> {
  const { role, granted } = await rolesOf(db, userId, repositoryId);
  return role !== undefined && repositoryAllows(role, granted, verb);
}

/** A team may what the teams may that it lies in. */
async function rolesOf(db: Database, userId: number, repositoryId: number): Promise<Roles> {
  const { rows } = await sql<{ role: OrganisationRole; granted: string[] | null }>`
    with recursive team (id, depth) as (
      select team_id, 1 from identity_team_member where user_id = ${userId}
      union
      select parent.parent_id, depth + 1 from team join identity_team parent on parent.id = team.id
      where parent.parent_id is not null and depth < ${TEAM_DEPTH_MAX}
    )
    select role, (
      select array_agg(distinct g.role) from identity_grant g
      where g.repository_id = ${repositoryId} and (g.user_id = ${userId} or g.team_id in (select id from team))
    ) as granted
    from identity_user where id = ${userId} and removed_at is null`.execute(db.as<IdentityTables>());
  const [row] = rows;
  const granted = REPOSITORY_ROLES.filter((role) => row?.granted?.includes(role));
  return { role: row?.role, granted };
}

/** The repositories that a principal may read: all, or these. For lists; each item of a list is still asked for by itself. */
export async function readableRepositories(db: Database, principal: Principal): Promise<'all' | readonly number[]> {
  if (principal.kind === 'job') return principal.job === undefined ? [] : [principal.job.repositoryId];
  const { token } = principal;
  if (token === undefined) return [];
  const role = await roleOf(db, token.userId);
  if (role === undefined) return [];
  if (readsEverywhere(role)) return token.repositories ?? 'all';
  const { rows } = await sql<{ id: string }>`
    with recursive team (id, depth) as (
      select team_id, 1 from identity_team_member where user_id = ${token.userId}
      union
      select parent.parent_id, depth + 1 from team join identity_team parent on parent.id = team.id
      where parent.parent_id is not null and depth < ${TEAM_DEPTH_MAX}
    )
    select distinct repository_id as id from identity_grant
    where user_id = ${token.userId} or team_id in (select id from team)`.execute(db.as<IdentityTables>());
  const granted = rows.map(({ id }) => Number(id));
  return token.repositories === undefined ? granted : granted.filter((id) => token.repositories?.includes(id));
}

export const REPO_VERBS: { readonly [Verb in 'read' | 'write' | 'direct-push' | 'administer']: RepositoryVerb } = {
  read: 'repository.read',
  write: 'repository.write',
  'direct-push': 'repository.direct-push',
  administer: 'repository.administer',
};

/** The same decision, in the words of the git server. A repository that is not there yet is made by whoever may make one. */
export function authoriseGit(
  db: Database,
): (principal: Principal, repository: { readonly id?: number }, verb: keyof typeof REPO_VERBS) => Promise<boolean> {
  return (principal, { id }, verb) => {
    if (id !== undefined) return authorise(db, principal, REPO_VERBS[verb], { type: 'repository', id });
    if (verb !== 'administer') return Promise.resolve(false);
    return authorise(db, principal, 'repository.create', { type: 'organisation' });
  };
}
