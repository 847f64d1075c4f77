import { createHash } from 'node:crypto';
import { append } from '../auditlog/index.ts';
import { Secret } from '../base/index.ts';
import type { Database, Transaction } from '../database/index.ts';
import type { ClientMark } from './client.ts';
import { fault } from './faults.ts';
import { actorOf, type IdentityDeps, type Principal } from './principal.ts';
import type { IdentityTables } from './tables.ts';
import type { SignInMethod } from './tables-session.ts';
import { isMember, type User } from './user.ts';
import type { OrganisationRole } from './verbs.ts';

const SESSION_BYTES = 32;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** A session that nobody uses ends. */
export const SESSION_IDLE_MS = 12 * HOUR_MS;
/** A session ends, however busy it is. Seconds, as the cookie says it. */
export const SESSION_SECONDS_MAX = (7 * DAY_MS) / 1000;
/** Last use is kept to this: every request would write otherwise. */
const LAST_USE_MS = 60_000;
/** The cookie holds something new so often: a copy of it is found out soon after. */
export const SESSION_ROTATE_MS = 10 * 60_000;
/** Requests that were on their way when a browser showed what is new. */
const ROTATE_GRACE_MS = 60_000;
/** An answer with what is new may be lost: another one gives it again. */
const ROTATE_AGAIN_MS = 30_000;
/** Sessions of one person. The oldest ends for the newest. */
const SESSIONS_MAX = 20;
const FORM = /^[A-Za-z0-9_-]{43}$/;

export type SessionInfo = {
  readonly id: number;
  readonly method: SignInMethod;
  readonly agent: string;
  readonly network: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
  readonly expiresAt: Date;
};

export type MadeSession = { readonly secret: Secret; readonly id: number; readonly expiresAt: Date };

const hashOf = (text: string) => createHash('sha256').update(text).digest();

/** A session for somebody who proved who they are. It is always a new one: what a browser brings along is never taken over. */
export async function insertSession(
  deps: IdentityDeps,
  tx: Transaction,
  user: Pick<User, 'id' | 'name'>,
  { method, mark, address }: { readonly method: SignInMethod; readonly mark: ClientMark; readonly address: string },
): Promise<MadeSession> {
  const tables = tx.as<IdentityTables>();
  const now = deps.now();
  const userId = String(user.id);
  const member = await tables
    .selectFrom('identity_user')
    .select(['removed_at', 'expires_at'])
    .where('id', '=', userId)
    .forUpdate()
    .executeTakeFirst();
  if (member === undefined || !isMember(member, now))
    throw fault('not-signed-in', 'whoever this was is not a member any more');
  const known = await tables
    .selectFrom('identity_session')
    .select(['agent', 'network'])
    .where('user_id', '=', userId)
    .orderBy('id', 'desc')
    .limit(1000)
    .execute();
  const principal: Principal = { kind: 'user', id: userId, name: user.name };
  const over = (await openSessions(tx, deps, userId)).slice(SESSIONS_MAX - 1);
  for (const { id } of over) await endWithin(deps, tx, principal, { id: Number(id), why: 'too-many' });
  const secret = newSecret(deps);
  const expiresAt = new Date(now + SESSION_SECONDS_MAX * 1000);
  const { id } = await tables
    .insertInto('identity_session')
    .values({
      user_id: userId,
      hash: hashOf(secret.expose()),
      method,
      ...mark,
      created_at: new Date(now),
      expires_at: expiresAt,
      last_used_at: new Date(now),
      refused_network: null,
      ended_at: null,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  await append(
    tx,
    {
      actor: actorOf(principal),
      action: 'session.start',
      resource: { type: 'session', id },
      outcome: 'allow',
      detail: {
        method,
        // What a person should look at: a place or a browser that they never came from.
        newNetwork: !known.some(({ network }) => network === mark.network),
        newBrowser: !known.some(({ agent }) => agent === mark.agent),
      },
      personal: { address, agent: mark.agent },
    },
    deps,
  );
  return { secret, id: Number(id), expiresAt };
}

async function openSessions(tx: Transaction, deps: IdentityDeps, userId: string): Promise<readonly { id: string }[]> {
  return tx
    .as<IdentityTables>()
    .selectFrom('identity_session')
    .select('id')
    .where('user_id', '=', userId)
    .where('ended_at', 'is', null)
    .where('expires_at', '>', new Date(deps.now()))
    .orderBy('id', 'desc')
    .execute();
}

export type Authenticated = {
  readonly principal: Principal;
  /** What the cookie is to hold from now on. */
  readonly next?: MadeSession;
};

/**
 * Who the session of a cookie belongs to; nothing when there is none. Throws `identity/session-ended` when it is over, and when another
 * browser shows it or somebody shows what it held before (it ends then: the cookie was copied), and `identity/session-elsewhere` in
 * another network.
 */
export async function authenticateSession(
  deps: IdentityDeps,
  cookie: string,
  mark: ClientMark,
): Promise<Authenticated | undefined> {
  if (!FORM.test(cookie)) return undefined;
  const hash = hashOf(cookie);
  const row = await findSession(deps.db, hash);
  if (row === undefined) return undefined;
  const now = deps.now();
  if (isOver(row, now)) throw fault('session-ended', 'the session is over');
  const principal = principalOf(row);
  if (row.agent !== mark.agent) {
    await deps.db.transaction((tx) => refuse(deps, tx, principal, { row, mark, why: 'another-browser' }));
    throw fault('session-ended', 'the session was shown by another browser, and ended');
  }
  if (row.network !== mark.network) {
    await deps.db.transaction((tx) => refuse(deps, tx, principal, { row, mark, why: 'another-network' }));
    throw fault('session-elsewhere', 'the session was made in another network');
  }
  const isOld = row.previous_hash?.equals(hash) === true;
  if (isOld && now - (row.rotated_at?.getTime() ?? 0) > ROTATE_GRACE_MS) {
    await deps.db.transaction((tx) => refuse(deps, tx, principal, { row, mark, why: 'copied' }));
    throw fault('session-ended', 'somebody else went on with the session, and it ended');
  }
  if (now - row.last_used_at.getTime() > LAST_USE_MS) {
    await deps.db
      .as<IdentityTables>()
      .updateTable('identity_session')
      .set({ last_used_at: new Date(now) })
      .where('id', '=', row.id)
      .execute();
  }
  if (isOld) return { principal };
  const next = row.next_hash?.equals(hash) === true ? await promote(deps, row) : await renew(deps, row);
  return { principal, ...(next === undefined ? {} : { next }) };
}

/** Whether the session of a principal is still open. Looking is no use: a page that is left open would never be idle. */
export async function isSessionOpen(deps: IdentityDeps, id: number): Promise<boolean> {
  const row = await sessions(deps.db).where('identity_session.id', '=', String(id)).executeTakeFirst();
  return row !== undefined && !isOver(row, deps.now());
}

function isOver(row: SessionRow, now: number): boolean {
  return (
    row.ended_at !== null ||
    !isMember({ removed_at: row.removed_at, expires_at: row.member_until }, now) ||
    row.expires_at.getTime() <= now ||
    now - row.last_used_at.getTime() > SESSION_IDLE_MS
  );
}

/** A browser shows what is new: what it held before counts for a minute more. */
async function promote(deps: IdentityDeps, row: SessionRow): Promise<undefined> {
  const { next_hash: next } = row;
  if (next === null) return;
  await deps.db
    .as<IdentityTables>()
    .updateTable('identity_session')
    .set({ previous_hash: row.hash, hash: next, next_hash: null, next_at: null, rotated_at: new Date(deps.now()) })
    .where('id', '=', row.id)
    .where('next_hash', '=', next)
    .execute();
}

/** Something new for the cookie, when it is time. What it holds now counts until a browser shows the new: an answer may be lost. */
async function renew(deps: IdentityDeps, row: SessionRow): Promise<MadeSession | undefined> {
  const now = deps.now();
  if (now - (row.rotated_at ?? row.created_at).getTime() < SESSION_ROTATE_MS) return undefined;
  const secret = newSecret(deps);
  const given = await deps.db
    .as<IdentityTables>()
    .updateTable('identity_session')
    .set({ next_hash: hashOf(secret.expose()), next_at: new Date(now) })
    .where('id', '=', row.id)
    .where('hash', '=', row.hash)
    .where((is) => is.or([is('next_at', 'is', null), is('next_at', '<', new Date(now - ROTATE_AGAIN_MS))]))
    .returning('id')
    .executeTakeFirst();
  return given === undefined ? undefined : { secret, id: Number(row.id), expiresAt: row.expires_at };
}

const newSecret = (deps: IdentityDeps) => new Secret(Buffer.from(deps.random(SESSION_BYTES)).toString('base64url'));

async function refuse(
  deps: IdentityDeps,
  tx: Transaction,
  principal: Principal,
  of: {
    readonly row: { readonly id: string; readonly user_id: string };
    readonly mark: ClientMark;
    readonly why: 'another-browser' | 'another-network' | 'copied';
  },
): Promise<void> {
  const { row, mark, why } = of;
  const isEnd = why !== 'another-network';
  const changed = await tx
    .as<IdentityTables>()
    .updateTable('identity_session')
    .set(isEnd ? { ended_at: new Date(deps.now()) } : { refused_network: mark.network })
    .where('id', '=', row.id)
    .where('ended_at', 'is', null)
    .where((is) => (isEnd ? is.val(true) : is('refused_network', 'is distinct from', mark.network)))
    .returning('id')
    .executeTakeFirst();
  if (changed === undefined) return;
  await append(
    tx,
    {
      actor: { type: 'system', id: 'identity' },
      action: isEnd ? 'session.end' : 'session.refuse',
      resource: { type: 'session', id: row.id },
      outcome: 'deny',
      detail: { why, user: Number(row.user_id) },
      personal: { user: principal.name, network: mark.network, agent: mark.agent },
    },
    deps,
  );
}

type SessionRow = NonNullable<Awaited<ReturnType<typeof findSession>>>;

function findSession(db: Database, hash: Buffer) {
  return sessions(db)
    .where((is) => is.or([is('hash', '=', hash), is('next_hash', '=', hash), is('previous_hash', '=', hash)]))
    .executeTakeFirst();
}

function sessions(db: Database) {
  return db
    .as<IdentityTables>()
    .selectFrom('identity_session')
    .innerJoin('identity_user', 'identity_user.id', 'identity_session.user_id')
    .selectAll('identity_session')
    .select(['identity_user.name as user_name', 'identity_user.role', 'identity_user.removed_at'])
    .select('identity_user.expires_at as member_until');
}

function principalOf(row: {
  readonly id: string;
  readonly user_id: string;
  readonly user_name: string;
  readonly role: OrganisationRole;
  readonly created_at: Date;
  readonly expires_at: Date;
}): Principal {
  return {
    kind: 'user',
    id: row.user_id,
    name: row.user_name,
    token: {
      source: 'session',
      id: Number(row.id),
      userId: Number(row.user_id),
      role: row.role,
      scopes: ['all'],
      expiresAt: row.expires_at,
      rootedAt: row.created_at,
    },
  };
}

/** The open sessions of one person, the one that was used last first. */
export async function listSessions(deps: IdentityDeps, userId: number): Promise<readonly SessionInfo[]> {
  const now = deps.now();
  const rows = await deps.db
    .as<IdentityTables>()
    .selectFrom('identity_session')
    .selectAll()
    .where('user_id', '=', String(userId))
    .where('ended_at', 'is', null)
    .where('expires_at', '>', new Date(now))
    .where('last_used_at', '>', new Date(now - SESSION_IDLE_MS))
    .orderBy('last_used_at', 'desc')
    .execute();
  return rows.map((row) => ({
    id: Number(row.id),
    method: row.method,
    agent: row.agent,
    network: row.network,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
    expiresAt: row.expires_at,
  }));
}

function personOf({ token }: Principal): number {
  if (token === undefined) throw fault('not-allowed', 'only a person has sessions');
  return token.userId;
}

type EndReason = 'sign-out' | 'sign-out-everywhere' | 'too-many' | 'replaced' | 'member-removed';

/** Ends one of one's own sessions. */
export async function endSession(deps: IdentityDeps, principal: Principal, id: number): Promise<void> {
  const userId = personOf(principal);
  const ended = await deps.db.transaction((tx) => endWithin(deps, tx, principal, { id, userId, why: 'sign-out' }));
  if (ended.length === 0) throw fault('not-found', `there is no session ${id}`);
}

/** Ends all sessions of the one who asks. */
export async function endSessions(deps: IdentityDeps, principal: Principal): Promise<readonly number[]> {
  const userId = personOf(principal);
  return deps.db.transaction((tx) => endWithin(deps, tx, principal, { userId, why: 'sign-out-everywhere' }));
}

/** The session of this cookie makes room for a new one, whoever's it is: whoever holds the cookie may end it. */
export async function replaceSession(deps: IdentityDeps, tx: Transaction, cookie: string | undefined): Promise<void> {
  if (cookie === undefined || !FORM.test(cookie)) return;
  const row = await tx
    .as<IdentityTables>()
    .selectFrom('identity_session')
    .select(['id', 'user_id'])
    .where((is) => is.or([is('hash', '=', hashOf(cookie)), is('next_hash', '=', hashOf(cookie))]))
    .executeTakeFirst();
  if (row === undefined) return;
  const principal: Principal = { kind: 'user', id: row.user_id, name: '' };
  await endWithin(deps, tx, principal, { id: Number(row.id), why: 'replaced' });
}

/** In the transaction of something larger: one session, or all of a person. */
export async function endWithin(
  deps: IdentityDeps,
  tx: Transaction,
  principal: Principal,
  which: { readonly id?: number; readonly userId?: number | undefined; readonly why: EndReason },
): Promise<readonly number[]> {
  const { id, userId, why } = which;
  if (id === undefined && userId === undefined) throw new TypeError('which sessions?');
  let query = tx
    .as<IdentityTables>()
    .updateTable('identity_session')
    .set({ ended_at: new Date(deps.now()) })
    .where('ended_at', 'is', null);
  if (id !== undefined) query = query.where('id', '=', String(id));
  if (userId !== undefined) query = query.where('user_id', '=', String(userId));
  const rows = await query.returning('id').execute();
  for (const row of rows) {
    const resource = { type: 'session', id: row.id };
    const actor = actorOf(principal);
    await append(tx, { actor, action: 'session.end', resource, outcome: 'allow', detail: { why } }, deps);
  }
  return rows.map((row) => Number(row.id));
}
