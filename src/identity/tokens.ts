import { sql } from 'kysely';
import { append } from '../auditlog/index.ts';
import { excerpt, type Secret } from '../base/index.ts';
import type { Database, Transaction } from '../database/index.ts';
import { authorise } from './authorise.ts';
import { fault } from './faults.ts';
import { actorOf, type IdentityDeps, type Principal, type TokenBounds } from './principal.ts';
import type { IdentityTables } from './tables.ts';
import { hashOfToken, hintOf, makeToken } from './token-format.ts';
import { isMember } from './user.ts';
import { isVerb, type Verb } from './verbs.ts';

export const TOKEN_DAYS_DEFAULT = 30;
/** Of a token, and of all that descends from one sign-in: a thief who makes new tokens gains no day. */
export const TOKEN_DAYS_MAX = 90;
const DAY_MS = 86_400_000;
/** Valid tokens of one person. */
const TOKENS_MAX = 100;
const REPOSITORIES_MAX = 100;
const NAME = /^[\x20-\x7e]{1,100}$/;

export type NewToken = {
  readonly name: string;
  /** Verbs, or `all`. */
  readonly scopes: readonly string[];
  readonly repositories?: readonly number[];
  readonly days?: number;
};

export type TokenInfo = {
  readonly id: number;
  readonly user: { readonly id: number; readonly name: string };
  readonly name: string;
  readonly hint: string;
  readonly scopes: readonly string[];
  readonly repositories?: readonly number[];
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly lastUsedAt?: Date;
  readonly revokedAt?: Date;
};

export type MadeToken = { readonly token: Secret; readonly info: TokenInfo };

/** Makes a token that may at most what the one may that asks, and ends when the sign-in behind it does. */
export async function createToken(deps: IdentityDeps, principal: Principal, wanted: NewToken): Promise<MadeToken> {
  const { token: parent } = principal;
  if (parent === undefined) throw fault('not-allowed', 'only a person makes tokens');
  if (!(await authorise(deps.db, principal, 'token.manage', { type: 'user', id: parent.userId }))) {
    throw fault('not-allowed', 'this token makes no tokens');
  }
  const scopes = scopesOf(wanted.scopes);
  requireWithin(parent, scopes, wanted.repositories);
  const days = daysOf(wanted.days);
  const end = Math.min(deps.now() + days * DAY_MS, parent.rootedAt.getTime() + TOKEN_DAYS_MAX * DAY_MS);
  if (end <= deps.now()) throw fault('expiry-invalid', 'you signed in 90 days ago: sign in again first');
  return deps.db.transaction((tx) =>
    insertToken(deps, tx, principal, {
      userId: parent.userId,
      name: wanted.name,
      scopes,
      ...(wanted.repositories === undefined ? {} : { repositories: wanted.repositories }),
      // What a session makes was approved by itself, and outlives it.
      ...(parent.source === 'token' ? { parentId: parent.id } : {}),
      expiresAt: end,
      rootedAt: parent.rootedAt.getTime(),
    }),
  );
}

export function daysOf(days = TOKEN_DAYS_DEFAULT): number {
  if (!Number.isInteger(days) || days < 1 || days > TOKEN_DAYS_MAX) {
    throw fault('expiry-invalid', `${days} days; 1 to ${TOKEN_DAYS_MAX} are possible`);
  }
  return days;
}

function scopesOf(scopes: readonly string[]): readonly (Verb | 'all')[] {
  const unique = [...new Set(scopes)];
  if (unique.length === 0) throw fault('scope-invalid', 'a token needs a scope');
  return unique.map((scope) => {
    if (scope === 'all' || isVerb(scope)) return scope;
    throw fault('scope-invalid', `there is no scope ${JSON.stringify(excerpt(scope, 60))}`);
  });
}

function requireWithin(
  parent: TokenBounds,
  scopes: readonly (Verb | 'all')[],
  repositories: readonly number[] | undefined,
): void {
  const excess = parent.scopes.includes('all') ? undefined : scopes.find((scope) => !parent.scopes.includes(scope));
  if (excess !== undefined) throw fault('scope-exceeded', `this token does not have the scope ${excess} itself`);
  if (repositories !== undefined && (repositories.length === 0 || repositories.length > REPOSITORIES_MAX)) {
    throw fault('scope-invalid', `a token is for 1 to ${REPOSITORIES_MAX} repositories, or for all`);
  }
  const { repositories: own } = parent;
  if (own !== undefined && (repositories === undefined || repositories.some((id) => !own.includes(id)))) {
    throw fault('scope-exceeded', 'this token is for some repositories only');
  }
}

/** The row and its entry. Whether it may be is the caller's question. */
export async function insertToken(
  deps: IdentityDeps,
  tx: Transaction,
  actor: Principal,
  made: {
    readonly userId: number;
    readonly name: string;
    readonly scopes: readonly string[];
    readonly repositories?: readonly number[];
    readonly parentId?: number;
    readonly expiresAt: number;
    readonly rootedAt: number;
  },
): Promise<MadeToken> {
  if (!NAME.test(made.name)) {
    throw fault('name-invalid', `a token is named with 1 to 100 printable characters of ASCII`);
  }
  const tables = tx.as<IdentityTables>();
  const user = await tables
    .selectFrom('identity_user')
    .select(['id', 'name', 'removed_at', 'expires_at'])
    .where('id', '=', String(made.userId))
    .forUpdate()
    .executeTakeFirst();
  if (user === undefined || !isMember(user, deps.now())) throw fault('not-found', `there is no user ${made.userId}`);
  const { valid } = await tables
    .selectFrom('identity_token')
    .select((all) => all.fn.countAll<string>().as('valid'))
    .where('user_id', '=', user.id)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', new Date(deps.now()))
    .executeTakeFirstOrThrow();
  if (Number(valid) >= TOKENS_MAX) throw fault('too-many', `a person has at most ${TOKENS_MAX} valid tokens`);
  const token = makeToken('user', deps);
  const text = token.expose();
  const row = await tables
    .insertInto('identity_token')
    .values({
      user_id: user.id,
      name: made.name,
      hash: hashOfToken(text),
      hint: hintOf(text),
      scopes: [...made.scopes],
      repositories: made.repositories?.map(String) ?? null,
      parent_id: made.parentId === undefined ? null : String(made.parentId),
      created_at: new Date(deps.now()),
      expires_at: new Date(made.expiresAt),
      rooted_at: new Date(made.rootedAt),
      last_used_at: null,
      revoked_at: null,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  await append(
    tx,
    {
      actor: actorOf(actor),
      action: 'token.create',
      resource: { type: 'token', id: row.id },
      outcome: 'allow',
      detail: {
        user: made.userId,
        scopes: made.scopes,
        repositories: made.repositories ?? 'all',
        expires: row.expires_at.toISOString(),
      },
    },
    deps,
  );
  return { token, info: infoOf({ ...row, user_name: user.name }) };
}

/** Newest first. Those of one person, or with `undefined` of everybody. */
export async function listTokens(
  db: Database,
  userId: number | undefined,
  { before, limit }: { readonly before?: number; readonly limit: number },
): Promise<readonly TokenInfo[]> {
  let query = db
    .as<IdentityTables>()
    .selectFrom('identity_token')
    .innerJoin('identity_user', 'identity_user.id', 'identity_token.user_id')
    .selectAll('identity_token')
    .select('identity_user.name as user_name')
    .orderBy('identity_token.id', 'desc')
    .limit(limit);
  if (userId !== undefined) query = query.where('identity_token.user_id', '=', String(userId));
  if (before !== undefined) query = query.where('identity_token.id', '<', String(before));
  return (await query.execute()).map(infoOf);
}

/** Ends a token and all that were made with it. Own ones, or with `token.review` anybody's. */
export async function revokeToken(deps: IdentityDeps, principal: Principal, id: number): Promise<readonly number[]> {
  const row = await deps.db
    .as<IdentityTables>()
    .selectFrom('identity_token')
    .select('user_id')
    .where('id', '=', String(id))
    .executeTakeFirst();
  const missing = () => fault('not-found', `there is no token ${id}`);
  if (row === undefined) throw missing();
  const isOwn = await authorise(deps.db, principal, 'token.manage', { type: 'user', id: Number(row.user_id) });
  if (!isOwn && !(await authorise(deps.db, principal, 'token.review', { type: 'organisation' }))) throw missing();
  return deps.db.transaction((tx) => revokeWithin(deps, tx, principal, { id }));
}

/** In the transaction of something larger: one token, or all of a person. Children go with their parents. */
export async function revokeWithin(
  deps: IdentityDeps,
  tx: Transaction,
  principal: Principal,
  which: { readonly id: number } | { readonly userId: number },
): Promise<readonly number[]> {
  const first = 'id' in which ? sql`id = ${which.id}` : sql`user_id = ${which.userId}`;
  const { rows } = await sql<{ id: string }>`
    with recursive family (id) as (
      select id from identity_token where ${first}
      union
      select child.id from identity_token child join family on child.parent_id = family.id
    )
    update identity_token set revoked_at = ${new Date(deps.now())}
    where id in (select id from family) and revoked_at is null
    returning id`.execute(tx.as<IdentityTables>());
  for (const { id } of rows) {
    const resource = { type: 'token', id };
    await append(tx, { actor: actorOf(principal), action: 'token.revoke', resource, outcome: 'allow' }, deps);
  }
  return rows.map(({ id }) => Number(id));
}

function infoOf(row: {
  readonly id: string;
  readonly user_id: string;
  readonly user_name: string;
  readonly name: string;
  readonly hint: string;
  readonly scopes: readonly string[];
  readonly repositories: readonly string[] | null;
  readonly created_at: Date;
  readonly expires_at: Date;
  readonly last_used_at: Date | null;
  readonly revoked_at: Date | null;
}): TokenInfo {
  return {
    id: Number(row.id),
    user: { id: Number(row.user_id), name: row.user_name },
    name: row.name,
    hint: row.hint,
    scopes: row.scopes,
    ...(row.repositories === null ? {} : { repositories: row.repositories.map(Number) }),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    ...(row.last_used_at === null ? {} : { lastUsedAt: row.last_used_at }),
    ...(row.revoked_at === null ? {} : { revokedAt: row.revoked_at }),
  };
}
