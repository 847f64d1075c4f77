import { append } from '../auditlog/index.ts';
import type { Secret } from '../base/index.ts';
import type { Transaction } from '../database/index.ts';
import { fault } from './faults.ts';
import { actorOf, type IdentityDeps, type Principal } from './principal.ts';
import { openWithin, type TwoPersonRequest } from './requests.ts';
import type { IdentityTables } from './tables.ts';
import { accountOf, networkOf, noteFailure, requireUnblocked } from './throttle.ts';
import { hashOfToken, makeToken, tokenKindOf } from './token-format.ts';
import { daysOf, insertToken, type MadeToken } from './tokens.ts';
import { isMember, type User, userOf } from './user.ts';
import { findUser, hasOwner, insertUser, type NewUser, userById } from './users.ts';

const HOUR_MS = 3_600_000;
/** What `up` prints: whoever reads it becomes an owner. */
const SETUP_MS = HOUR_MS;
/** What an owner hands to somebody else. */
const INVITE_MS = 24 * HOUR_MS;
const DAY_MS = 86_400_000;

/** The operator of the machine, who may start and stop all of it. */
const OPERATOR: Principal = { kind: 'system', id: 'operator', name: 'operator' };

export type MadeCode = { readonly code: Secret; readonly expiresAt: Date };

/**
 * A code that makes the first owner; nothing when there is one already. It replaces the one before. Only for whoever runs the server:
 * no door gives it out.
 */
export async function firstSetupCode(deps: IdentityDeps): Promise<MadeCode | undefined> {
  return (await hasOwner(deps.db)) ? undefined : deps.db.transaction((tx) => insertCode(deps, tx, OPERATOR, 'setup'));
}

/**
 * For an owner who is locked out: a code that signs this person in and makes them an owner again, or without a name makes a new one.
 * Only for whoever runs the server.
 */
export async function recoverySetupCode(deps: IdentityDeps, name?: string): Promise<MadeCode> {
  const user = name === undefined ? undefined : await findUser(deps.db, name);
  if (name !== undefined && user === undefined) throw fault('not-found', `there is no user ${name.slice(0, 60)}`);
  return deps.db.transaction((tx) => insertCode(deps, tx, OPERATOR, 'setup', user?.id));
}

/** Adds a person, with a code to sign in that whoever asks hands over. Who is to be an owner is a member until a second person confirms it. */
export async function inviteUser(
  deps: IdentityDeps,
  principal: Principal,
  wanted: NewUser,
): Promise<MadeCode & { readonly user: User; readonly request?: TwoPersonRequest }> {
  const { name, role, days } = wanted;
  return deps.db.transaction(async (tx) => {
    const user = await insertUser(deps, tx, principal, {
      name,
      role: role === 'owner' ? 'member' : role,
      ...(days === undefined ? {} : { days }),
    });
    const code = await insertCode(deps, tx, principal, 'invite', user.id);
    if (role !== 'owner') return { user, ...code };
    return { user, ...code, request: await openWithin(deps, tx, principal, { kind: 'member.owner', object: user }) };
  });
}

/** A new code for somebody whose tokens are gone. */
export async function inviteAgain(deps: IdentityDeps, principal: Principal, userId: number): Promise<MadeCode> {
  if ((await userById(deps.db, userId)) === undefined) throw fault('not-found', `there is no user ${userId}`);
  return deps.db.transaction((tx) => insertCode(deps, tx, principal, 'invite', userId));
}

async function insertCode(
  deps: IdentityDeps,
  tx: Transaction,
  actor: Principal,
  kind: 'setup' | 'invite',
  userId?: number,
): Promise<MadeCode> {
  const tables = tx.as<IdentityTables>();
  const now = deps.now();
  const expiresAt = new Date(now + (kind === 'setup' ? SETUP_MS : INVITE_MS));
  const older = tables
    .updateTable('identity_code')
    .set({ used_at: new Date(now) })
    .where('used_at', 'is', null);
  await (userId === undefined
    ? older.where('user_id', 'is', null)
    : older.where('user_id', '=', String(userId))
  ).execute();
  const code = makeToken('code', deps);
  const row = await tables
    .insertInto('identity_code')
    .values({
      kind,
      hash: hashOfToken(code.expose()),
      user_id: userId === undefined ? null : String(userId),
      created_at: new Date(now),
      expires_at: expiresAt,
      used_at: null,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  await append(
    tx,
    {
      actor: actorOf(actor),
      action: 'sign-in.code',
      resource: { type: 'code', id: row.id },
      outcome: 'allow',
      detail: { kind, user: userId ?? null, expires: expiresAt.toISOString() },
    },
    deps,
  );
  return { code, expiresAt };
}

export type Redeem = {
  readonly code: string;
  /** Needed for a code that makes a new owner. */
  readonly name?: string;
  /** Of the token: where it will be kept. */
  readonly device: string;
  readonly days?: number;
  readonly address: string;
};

/** Signs in with a code, once: it is used up with the token that it gives, or not at all. */
export async function redeemCode(deps: IdentityDeps, asked: Redeem): Promise<MadeToken & { readonly user: User }> {
  const keys = [networkOf(asked.address), ...(asked.name === undefined ? [] : [accountOf(asked.name)])];
  await requireUnblocked(deps, keys);
  const days = daysOf(asked.days);
  const made =
    tokenKindOf(asked.code) === 'code'
      ? await deps.db.transaction((tx) => redeemWithin(deps, tx, { ...asked, days }))
      : undefined;
  if (made !== undefined) return made;
  await noteFailure(deps, keys);
  throw fault('code-invalid', 'the code is not valid, or was used, or is too old');
}

async function redeemWithin(
  deps: IdentityDeps,
  tx: Transaction,
  asked: Redeem & { readonly days: number },
): Promise<(MadeToken & { readonly user: User }) | undefined> {
  const user = await claimCode(deps, tx, asked);
  if (user === undefined) return undefined;
  const now = deps.now();
  const principal: Principal = { kind: 'user', id: String(user.id), name: user.name };
  const made = await insertToken(deps, tx, principal, {
    userId: user.id,
    name: asked.device,
    scopes: ['all'],
    expiresAt: now + asked.days * DAY_MS,
    rootedAt: now,
  });
  return { ...made, user };
}

/** Uses a code up, in the transaction of what it is used for: whoever it is for; nothing when it is worth nothing. */
export async function claimCode(
  deps: IdentityDeps,
  tx: Transaction,
  asked: Pick<Redeem, 'code' | 'name' | 'address'>,
): Promise<User | undefined> {
  const now = deps.now();
  const code = await tx
    .as<IdentityTables>()
    .updateTable('identity_code')
    .set({ used_at: new Date(now) })
    .where('hash', '=', hashOfToken(asked.code))
    .where('used_at', 'is', null)
    .where('expires_at', '>', new Date(now))
    .returningAll()
    .executeTakeFirst();
  if (code === undefined) return undefined;
  const user = await userOfCode(deps, tx, code, asked.name);
  // A name that is another's fails like a wrong code, and the code stays: the transaction is rolled back by the fault.
  if (asked.name !== undefined && asked.name.toLowerCase() !== user.name.toLowerCase()) {
    throw fault('code-invalid', 'the code is for somebody else');
  }
  const principal: Principal = { kind: 'user', id: String(user.id), name: user.name };
  await append(
    tx,
    {
      actor: actorOf(principal),
      action: 'sign-in.redeem',
      resource: { type: 'code', id: code.id },
      outcome: 'allow',
      detail: { kind: code.kind, user: user.id },
      personal: { address: asked.address },
    },
    deps,
  );
  return user;
}

/** Whom a code is for, without using it up: a person who is there, or somebody who is to be an owner. */
export async function personOfCode(
  deps: IdentityDeps,
  code: string,
): Promise<{ readonly user: User | undefined } | undefined> {
  if (tokenKindOf(code) !== 'code') return undefined;
  const row = await deps.db
    .as<IdentityTables>()
    .selectFrom('identity_code')
    .select('user_id')
    .where('hash', '=', hashOfToken(code))
    .where('used_at', 'is', null)
    .where('expires_at', '>', new Date(deps.now()))
    .executeTakeFirst();
  if (row === undefined) return undefined;
  if (row.user_id === null) return { user: undefined };
  const user = await userById(deps.db, Number(row.user_id));
  return user === undefined ? undefined : { user };
}

async function userOfCode(
  deps: IdentityDeps,
  tx: Transaction,
  code: { readonly kind: 'setup' | 'invite'; readonly user_id: string | null },
  name: string | undefined,
): Promise<User> {
  const tables = tx.as<IdentityTables>();
  if (code.user_id === null) {
    if (name === undefined) throw fault('name-needed', 'this code makes a new owner, who needs a name');
    return insertUser(deps, tx, OPERATOR, { name, role: 'owner' });
  }
  const row = await tables
    .selectFrom('identity_user')
    .selectAll()
    .where('id', '=', code.user_id)
    .where('removed_at', 'is', null)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined || !isMember(row, deps.now())) {
    throw fault('code-invalid', 'whom the code was for is not a member any more');
  }
  const user = userOf(row);
  if (code.kind === 'invite' || user.role === 'owner') return user;
  await tables.updateTable('identity_user').set({ role: 'owner', expires_at: null }).where('id', '=', row.id).execute();
  await append(
    tx,
    {
      actor: actorOf(OPERATOR),
      action: 'member.role',
      resource: { type: 'user', id: row.id },
      outcome: 'allow',
      detail: { role: 'owner', before: user.role },
    },
    deps,
  );
  return { ...user, role: 'owner' };
}
