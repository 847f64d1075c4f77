import { append, type Entry } from '../auditlog/index.ts';
import { excerpt } from '../base/index.ts';
import type { Database, Transaction } from '../database/index.ts';
import { fault } from './faults.ts';
import { removeWithin } from './passkeys.ts';
import { actorOf, type IdentityDeps, type Principal } from './principal.ts';
import { endWithin } from './session.ts';
import type { IdentityTables } from './tables.ts';
import { revokeWithin } from './tokens.ts';
import { endOf, type User, userOf } from './user.ts';
import type { OrganisationRole } from './verbs.ts';

const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,37}[A-Za-z0-9])?$/;
const UNIQUE_VIOLATION = '23505';

export type NewUser = {
  readonly name: string;
  readonly role: OrganisationRole;
  /** Of somebody from outside; 90 when not given. */
  readonly days?: number;
};

/** The row and its entry. */
export async function insertUser(
  deps: IdentityDeps,
  tx: Transaction,
  actor: Principal,
  { name, role, days }: NewUser,
): Promise<User> {
  const expiresAt = endOf(deps, role, days);
  if (!NAME.test(name)) throw fault('name-invalid', JSON.stringify(excerpt(name, 100)));
  const row = await tx
    .as<IdentityTables>()
    .insertInto('identity_user')
    .values({ name, role, removed_at: null, expires_at: expiresAt, created_at: new Date(deps.now()) })
    .returningAll()
    .executeTakeFirstOrThrow()
    .catch((thrown: unknown) => {
      if (thrown instanceof Error && 'code' in thrown && thrown.code === UNIQUE_VIOLATION) {
        throw fault('name-taken', `somebody is or was called ${name}`, { cause: thrown });
      }
      throw thrown;
    });
  const detail = { role, ...(expiresAt === null ? {} : { expires: expiresAt.toISOString() }) };
  await record(deps, tx, actor, { action: 'member.add', userId: Number(row.id), detail, name });
  return userOf(row);
}

export async function findUser(db: Database, name: string): Promise<User | undefined> {
  const row = await db
    .as<IdentityTables>()
    .selectFrom('identity_user')
    .selectAll()
    .where((is) => is(is.fn('lower', ['name']), '=', name.toLowerCase()))
    .where('removed_at', 'is', null)
    .executeTakeFirst();
  return row === undefined ? undefined : userOf(row);
}

export async function userById(db: Database, id: number): Promise<User | undefined> {
  const row = await db
    .as<IdentityTables>()
    .selectFrom('identity_user')
    .selectAll()
    .where('id', '=', String(id))
    .where('removed_at', 'is', null)
    .executeTakeFirst();
  return row === undefined ? undefined : userOf(row);
}

/** Throws `identity/name-invalid`, `identity/name-taken`. */
export async function requireFreeName(db: Database, name: string): Promise<void> {
  if (!NAME.test(name)) throw fault('name-invalid', JSON.stringify(excerpt(name, 100)));
  const row = await db
    .as<IdentityTables>()
    .selectFrom('identity_user')
    .select('id')
    .where((is) => is(is.fn('lower', ['name']), '=', name.toLowerCase()))
    .executeTakeFirst();
  if (row !== undefined) throw fault('name-taken', `somebody is or was called ${name}`);
}

/** By number, `after` the last of the page before. */
export async function listUsers(
  db: Database,
  { after = 0, limit }: { readonly after?: number; readonly limit: number },
): Promise<readonly User[]> {
  const rows = await db
    .as<IdentityTables>()
    .selectFrom('identity_user')
    .selectAll()
    .where('removed_at', 'is', null)
    .where('id', '>', String(after))
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map(userOf);
}

/** Whether anybody is there who may all. */
export async function hasOwner(db: Database): Promise<boolean> {
  const row = await db
    .as<IdentityTables>()
    .selectFrom('identity_user')
    .select('id')
    .where('role', '=', 'owner')
    .where('removed_at', 'is', null)
    .executeTakeFirst();
  return row !== undefined;
}

export async function setRole(
  deps: IdentityDeps,
  principal: Principal,
  userId: number,
  role: OrganisationRole,
  days?: number,
): Promise<User> {
  const expiresAt = endOf(deps, role, days);
  return deps.db.transaction(async (tx) => {
    const before = await lockUser(tx, userId);
    if (before.role === 'owner' && role !== 'owner') await requireOtherOwner(tx, userId);
    const row = await tx
      .as<IdentityTables>()
      .updateTable('identity_user')
      .set({ role, expires_at: expiresAt })
      .where('id', '=', String(userId))
      .returningAll()
      .executeTakeFirstOrThrow();
    const detail = { role, before: before.role, ...(expiresAt === null ? {} : { expires: expiresAt.toISOString() }) };
    await record(deps, tx, principal, { action: 'member.role', userId, detail });
    return userOf(row);
  });
}

/** Ends a membership with all that hangs on it: tokens, codes, teams, grants. What was done stays in the audit log. */
export async function removeUser(deps: IdentityDeps, principal: Principal, userId: number): Promise<void> {
  await deps.db.transaction(async (tx) => {
    const before = await lockUser(tx, userId);
    if (before.role === 'owner') await requireOtherOwner(tx, userId);
    const tables = tx.as<IdentityTables>();
    const id = String(userId);
    const now = new Date(deps.now());
    await tables.updateTable('identity_user').set({ removed_at: now }).where('id', '=', id).execute();
    await tables
      .updateTable('identity_code')
      .set({ used_at: now })
      .where('user_id', '=', id)
      .where('used_at', 'is', null)
      .execute();
    await tables.deleteFrom('identity_team_member').where('user_id', '=', id).execute();
    await tables.deleteFrom('identity_grant').where('user_id', '=', id).execute();
    const tokens = await revokeWithin(deps, tx, principal, { userId });
    await endWithin(deps, tx, principal, { userId, why: 'member-removed' });
    await removeWithin(deps, tx, principal, { userId });
    const detail = { role: before.role, tokens: tokens.length };
    await record(deps, tx, principal, { action: 'member.remove', userId, detail });
  });
}

async function lockUser(tx: Transaction, userId: number): Promise<User> {
  // All owners are locked in one order, so that two who remove each other do not both succeed.
  const rows = await tx
    .as<IdentityTables>()
    .selectFrom('identity_user')
    .selectAll()
    .where('removed_at', 'is', null)
    .where((is) => is.or([is('id', '=', String(userId)), is('role', '=', 'owner')]))
    .orderBy('id')
    .forUpdate()
    .execute();
  const row = rows.find(({ id }) => Number(id) === userId);
  if (row === undefined) throw fault('not-found', `there is no user ${userId}`);
  return userOf(row);
}

async function requireOtherOwner(tx: Transaction, userId: number): Promise<void> {
  const other = await tx
    .as<IdentityTables>()
    .selectFrom('identity_user')
    .select('id')
    .where('role', '=', 'owner')
    .where('removed_at', 'is', null)
    .where('id', '<>', String(userId))
    .executeTakeFirst();
  if (other === undefined) throw fault('last-owner', 'the last owner stays one');
}

function record(
  deps: IdentityDeps,
  tx: Transaction,
  actor: Principal,
  told: {
    readonly action: 'member.add' | 'member.role' | 'member.remove';
    readonly userId: number;
    readonly detail: NonNullable<Entry['detail']>;
    readonly name?: string;
  },
): Promise<void> {
  const { action, userId, detail, name } = told;
  return append(
    tx,
    {
      actor: actorOf(actor),
      action,
      resource: { type: 'user', id: String(userId) },
      outcome: 'allow',
      detail,
      ...(name === undefined ? {} : { personal: { name } }),
    },
    deps,
  );
}
