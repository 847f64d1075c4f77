import { sql } from 'kysely';
import type { IdentityDeps } from './principal.ts';
import type { IdentityTables } from './tables.ts';
import type { OrganisationRole } from './verbs.ts';

const DAY_MS = 86_400_000;
const LISTED_MAX = 1000;

type Owner = { readonly id: number; readonly name: string };

/** What nobody used for so long that it may not be needed: each is a way in. */
export type Stale = {
  readonly people: readonly (Owner & { readonly role: OrganisationRole; readonly lastSeenAt?: Date })[];
  readonly tokens: readonly {
    readonly id: number;
    readonly user: Owner;
    readonly name: string;
    readonly lastUsedAt?: Date;
    readonly expiresAt: Date;
  }[];
  readonly passkeys: readonly {
    readonly id: number;
    readonly user: Owner;
    readonly name: string;
    readonly lastUsedAt?: Date;
  }[];
};

/** Members, valid tokens and passkeys without any use for so many days, and older than that; each list at most a thousand. */
export async function listStale(deps: IdentityDeps, days: number): Promise<Stale> {
  const now = new Date(deps.now());
  const before = new Date(deps.now() - days * DAY_MS);
  const db = deps.db.as<IdentityTables>();
  const people = await sql<{ id: string; name: string; role: OrganisationRole; seen: Date | null }>`
    select id, name, role, seen from (
      select id, name, role, created_at, greatest(
        (select max(last_used_at) from identity_token where user_id = identity_user.id),
        (select max(last_used_at) from identity_session where user_id = identity_user.id),
        (select max(last_used_at) from identity_passkey where user_id = identity_user.id)
      ) as seen
      from identity_user where removed_at is null
    ) as member
    where coalesce(seen, created_at) < ${before} order by seen nulls first, id limit ${LISTED_MAX}`.execute(db);
  const tokens = await db
    .selectFrom('identity_token as token')
    .innerJoin('identity_user as user', 'user.id', 'token.user_id')
    .select(['token.id', 'token.name', 'token.last_used_at', 'token.expires_at', 'user_id', 'user.name as user_name'])
    .where('token.revoked_at', 'is', null)
    .where('token.expires_at', '>', now)
    .where(sql<boolean>`coalesce(token.last_used_at, token.created_at) < ${before}`)
    .orderBy('token.id')
    .limit(LISTED_MAX)
    .execute();
  const passkeys = await db
    .selectFrom('identity_passkey as passkey')
    .innerJoin('identity_user as user', 'user.id', 'passkey.user_id')
    .select(['passkey.id', 'passkey.name', 'passkey.last_used_at', 'user_id', 'user.name as user_name'])
    .where('passkey.removed_at', 'is', null)
    .where(sql<boolean>`coalesce(passkey.last_used_at, passkey.created_at) < ${before}`)
    .orderBy('passkey.id')
    .limit(LISTED_MAX)
    .execute();
  const used = (at: Date | null) => (at === null ? {} : { lastUsedAt: at });
  return {
    people: people.rows.map(({ id, name, role, seen }) => ({
      id: Number(id),
      name,
      role,
      ...(seen === null ? {} : { lastSeenAt: seen }),
    })),
    tokens: tokens.map((row) => ({
      id: Number(row.id),
      user: { id: Number(row.user_id), name: row.user_name },
      name: row.name,
      ...used(row.last_used_at),
      expiresAt: row.expires_at,
    })),
    passkeys: passkeys.map((row) => ({
      id: Number(row.id),
      user: { id: Number(row.user_id), name: row.user_name },
      name: row.name,
      ...used(row.last_used_at),
    })),
  };
}
