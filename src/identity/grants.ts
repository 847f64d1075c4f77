import { append } from '../auditlog/index.ts';
import type { Database } from '../database/index.ts';
import { actorOf, type IdentityDeps, type Principal } from './principal.ts';
import type { IdentityTables } from './tables.ts';
import { requireTeam, requireUser } from './teams.ts';
import type { RepositoryRole } from './verbs.ts';

export type Grantee = { readonly type: 'user' | 'team'; readonly id: number };
export type Grant = { readonly to: Grantee & { readonly name: string }; readonly role: RepositoryRole };

/** Who has a role in a repository by name. Those who have one by their role in the organisation are not told here. */
export async function listGrants(db: Database, repositoryId: number): Promise<readonly Grant[]> {
  const rows = await db
    .as<IdentityTables>()
    .selectFrom('identity_grant')
    .leftJoin('identity_user', 'identity_user.id', 'identity_grant.user_id')
    .leftJoin('identity_team', 'identity_team.id', 'identity_grant.team_id')
    .select(['identity_grant.user_id', 'identity_grant.team_id', 'identity_grant.role'])
    .select(['identity_user.name as user_name', 'identity_team.name as team_name'])
    .where('repository_id', '=', String(repositoryId))
    .orderBy('identity_grant.team_id')
    .orderBy('identity_grant.user_id')
    .execute();
  return rows.map(({ user_id, team_id, user_name, team_name, role }) => ({
    to:
      user_id === null
        ? { type: 'team', id: Number(team_id), name: team_name ?? '' }
        : { type: 'user', id: Number(user_id), name: user_name ?? '' },
    role,
  }));
}

/** Gives a role in a repository in place of the one before, or takes it. */
export async function setGrant(
  deps: IdentityDeps,
  principal: Principal,
  {
    repositoryId,
    to,
    role,
  }: { readonly repositoryId: number; readonly to: Grantee; readonly role: RepositoryRole | undefined },
): Promise<void> {
  await deps.db.transaction(async (tx) => {
    // The row of the grantee is locked, so that two changes of one grant follow each other.
    await (to.type === 'user' ? requireUser(tx, to.id) : requireTeam(tx, to.id));
    const tables = tx.as<IdentityTables>();
    const [user, team] = to.type === 'user' ? [String(to.id), null] : [null, String(to.id)];
    const removed = await tables
      .deleteFrom('identity_grant')
      .where('repository_id', '=', String(repositoryId))
      .where(to.type === 'user' ? 'user_id' : 'team_id', '=', String(to.id))
      .returning('role')
      .executeTakeFirst();
    if (role !== undefined) {
      await tables
        .insertInto('identity_grant')
        .values({ repository_id: String(repositoryId), user_id: user, team_id: team, role })
        .execute();
    }
    await append(
      tx,
      {
        actor: actorOf(principal),
        action: role === undefined ? 'access.revoke' : 'access.grant',
        resource: { type: 'repository', id: String(repositoryId) },
        outcome: 'allow',
        detail: { to: { type: to.type, id: to.id }, role: role ?? null, before: removed?.role ?? null },
      },
      deps,
    );
  });
}
