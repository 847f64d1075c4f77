import { sql } from 'kysely';
import { append, type Entry } from '../auditlog/index.ts';
import { excerpt } from '../base/index.ts';
import type { Database, Transaction } from '../database/index.ts';
import { TEAM_DEPTH_MAX } from './authorise.ts';
import { fault } from './faults.ts';
import { actorOf, type IdentityDeps, type Principal } from './principal.ts';
import type { IdentityTables } from './tables.ts';

const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,37}[A-Za-z0-9])?$/;
const TEAMS_MAX = 1000;
const UNIQUE_VIOLATION = '23505';
/** One change of the tree of teams at a time: two that fit alone could make a circle together. */
const TREE_LOCK = 1_310_001;

export type Team = {
  readonly id: number;
  readonly name: string;
  readonly parentId?: number;
  readonly members: readonly number[];
};

/** All of them: there are at most a thousand. */
export async function listTeams(db: Database): Promise<readonly Team[]> {
  const { rows } = await sql<{ id: string; name: string; parent_id: string | null; members: string[] | null }>`
    select id, name, parent_id,
      (select array_agg(user_id order by user_id) from identity_team_member where team_id = identity_team.id) as members
    from identity_team order by lower(name) limit ${TEAMS_MAX}`.execute(db.as<IdentityTables>());
  return rows.map(({ id, name, parent_id, members }) => ({
    id: Number(id),
    name,
    ...(parent_id === null ? {} : { parentId: Number(parent_id) }),
    members: (members ?? []).map(Number),
  }));
}

export async function createTeam(
  deps: IdentityDeps,
  principal: Principal,
  { name, parentId }: { readonly name: string; readonly parentId?: number },
): Promise<Team> {
  if (!NAME.test(name)) throw fault('name-invalid', JSON.stringify(excerpt(name, 100)));
  return deps.db.transaction(async (tx) => {
    await lockTree(tx);
    const tables = tx.as<IdentityTables>();
    const { teams } = await tables
      .selectFrom('identity_team')
      .select((all) => all.fn.countAll<string>().as('teams'))
      .executeTakeFirstOrThrow();
    if (Number(teams) >= TEAMS_MAX) throw fault('too-many', `there are at most ${TEAMS_MAX} teams`);
    const row = await tables
      .insertInto('identity_team')
      .values({ name, parent_id: null })
      .returning('id')
      .executeTakeFirstOrThrow()
      .catch((thrown: unknown) => {
        if (thrown instanceof Error && 'code' in thrown && thrown.code === UNIQUE_VIOLATION) {
          throw fault('name-taken', `there is a team ${name}`, { cause: thrown });
        }
        throw thrown;
      });
    const id = Number(row.id);
    if (parentId !== undefined) await placeTeam(tx, id, parentId);
    await record(deps, tx, principal, { action: 'team.create', id, detail: { name, parent: parentId ?? null } });
    return { id, name, ...(parentId === undefined ? {} : { parentId }), members: [] };
  });
}

/** Moves a team into another one, or to the top: its people may then what that one may. */
export async function moveTeam(
  deps: IdentityDeps,
  principal: Principal,
  id: number,
  parentId: number | undefined,
): Promise<void> {
  await deps.db.transaction(async (tx) => {
    await lockTree(tx);
    await requireTeam(tx, id);
    await placeTeam(tx, id, parentId);
    await record(deps, tx, principal, { action: 'team.move', id, detail: { parent: parentId ?? null } });
  });
}

export async function removeTeam(deps: IdentityDeps, principal: Principal, id: number): Promise<void> {
  await deps.db.transaction(async (tx) => {
    await lockTree(tx);
    await requireTeam(tx, id);
    const tables = tx.as<IdentityTables>();
    const child = await tables
      .selectFrom('identity_team')
      .select('name')
      .where('parent_id', '=', String(id))
      .executeTakeFirst();
    if (child !== undefined) throw fault('team-cycle', `the team ${child.name} lies in it`);
    await tables.deleteFrom('identity_team').where('id', '=', String(id)).execute();
    await record(deps, tx, principal, { action: 'team.remove', id, detail: {} });
  });
}

export async function setTeamMember(
  deps: IdentityDeps,
  principal: Principal,
  { teamId, userId, isMember }: { readonly teamId: number; readonly userId: number; readonly isMember: boolean },
): Promise<void> {
  await deps.db.transaction(async (tx) => {
    await requireTeam(tx, teamId);
    const tables = tx.as<IdentityTables>();
    const row = { team_id: String(teamId), user_id: String(userId) };
    if (isMember) {
      await requireUser(tx, userId);
      await tables
        .insertInto('identity_team_member')
        .values(row)
        .onConflict((on) => on.doNothing())
        .execute();
    } else {
      await tables
        .deleteFrom('identity_team_member')
        .where('team_id', '=', row.team_id)
        .where('user_id', '=', row.user_id)
        .execute();
    }
    const action = isMember ? 'team.add' : 'team.leave';
    await record(deps, tx, principal, { action, id: teamId, detail: { user: userId } });
  });
}

/** A person who is removed at this moment is not there any more, or waits. */
export async function requireUser(tx: Transaction, userId: number): Promise<void> {
  const user = await tx
    .as<IdentityTables>()
    .selectFrom('identity_user')
    .select('id')
    .where('id', '=', String(userId))
    .where('removed_at', 'is', null)
    .forUpdate()
    .executeTakeFirst();
  if (user === undefined) throw fault('not-found', `there is no user ${userId}`);
}

export async function requireTeam(tx: Transaction, id: number): Promise<void> {
  const team = await tx
    .as<IdentityTables>()
    .selectFrom('identity_team')
    .select('id')
    .where('id', '=', String(id))
    .forUpdate()
    .executeTakeFirst();
  if (team === undefined) throw fault('not-found', `there is no team ${id}`);
}

async function lockTree(tx: Transaction): Promise<void> {
  await sql`select pg_advisory_xact_lock(${TREE_LOCK})`.execute(tx.as<IdentityTables>());
}

async function placeTeam(tx: Transaction, id: number, parentId: number | undefined): Promise<void> {
  const tables = tx.as<IdentityTables>();
  if (parentId !== undefined) {
    await requireTeam(tx, parentId);
    const rows = await tables.selectFrom('identity_team').select(['id', 'parent_id']).execute();
    const parents = new Map(
      rows.map((row) => [Number(row.id), row.parent_id === null ? undefined : Number(row.parent_id)]),
    );
    parents.set(id, parentId);
    if ([...parents.keys()].some((team) => depthOf(team, parents) > TEAM_DEPTH_MAX)) {
      throw fault('team-cycle', `team ${id} does not fit into team ${parentId}`);
    }
  }
  await tables
    .updateTable('identity_team')
    .set({ parent_id: parentId === undefined ? null : String(parentId) })
    .where('id', '=', String(id))
    .execute();
}

/** A circle is deeper than anything. */
function depthOf(team: number, parents: ReadonlyMap<number, number | undefined>): number {
  let depth = 1;
  for (let at = parents.get(team); at !== undefined && depth <= TEAM_DEPTH_MAX; at = parents.get(at)) depth += 1;
  return depth;
}

function record(
  deps: IdentityDeps,
  tx: Transaction,
  principal: Principal,
  told: { readonly action: string; readonly id: number; readonly detail: NonNullable<Entry['detail']> },
): Promise<void> {
  const { action, id, detail } = told;
  const resource = { type: 'team', id: String(id) };
  return append(tx, { actor: actorOf(principal), action, resource, outcome: 'allow', detail }, deps);
}
