import { append } from '../auditlog/index.ts';
import type { Database, Transaction } from '../database/index.ts';
import { fault } from './faults.ts';
import { actorOf, type IdentityDeps, type Principal } from './principal.ts';
import type { IdentityTables } from './tables.ts';
import type { RequestKind, RequestState } from './tables-request.ts';
import type { OrganisationRole } from './verbs.ts';

const HOUR_MS = 3_600_000;
/** Where nobody else can confirm, an act waits so long, so that its owner can find out that it was not theirs. */
export const REQUEST_DELAY_MS = 24 * HOUR_MS;
const REQUEST_MS = 7 * 24 * HOUR_MS;
/** A server that was ended in the middle of an act does it again after that. */
const STUCK_MS = 10 * 60_000;
const UNIQUE_VIOLATION = '23505';
const LISTED_MAX = 100;

export type TwoPersonRequest = {
  readonly id: number;
  readonly kind: RequestKind;
  readonly object: { readonly id: number; readonly name: string };
  readonly requestedBy: { readonly id: number; readonly name: string };
  readonly requestedAt: Date;
  /** When it is done by itself, since there is nobody else. */
  readonly dueAt?: Date;
  readonly expiresAt: Date;
  readonly state: RequestState;
  readonly decidedBy?: { readonly id: number; readonly name: string };
  readonly decidedAt?: Date;
  readonly reason?: string;
};

export type NewRequest = {
  readonly kind: RequestKind;
  readonly object: { readonly id: number; readonly name: string };
};

/**
 * Asks for an act that a second owner confirms. Where the one who asks is the only owner, it waits a day instead, and everybody who looks
 * sees it wait. Throws `identity/request-open` while the same is asked for already.
 */
export async function openRequest(
  deps: IdentityDeps,
  principal: Principal,
  wanted: NewRequest,
): Promise<TwoPersonRequest> {
  return deps.db.transaction((tx) => openWithin(deps, tx, principal, wanted));
}

/** In the transaction of something larger. */
export async function openWithin(
  deps: IdentityDeps,
  tx: Transaction,
  principal: Principal,
  { kind, object }: NewRequest,
): Promise<TwoPersonRequest> {
  const userId = personOf(principal);
  const now = deps.now();
  const isAlone = (await otherOwners(tx, userId)) === 0;
  const row = await tx
    .as<IdentityTables>()
    .insertInto('identity_request')
    .values({
      kind,
      object_id: String(object.id),
      object_name: object.name,
      requested_by: String(userId),
      requested_at: new Date(now),
      due_at: isAlone ? new Date(now + REQUEST_DELAY_MS) : null,
      expires_at: new Date(now + REQUEST_MS),
      state: 'open',
      decided_by: null,
      decided_at: null,
      reason: null,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
    .catch((thrown: unknown) => {
      if (thrown instanceof Error && 'code' in thrown && thrown.code === UNIQUE_VIOLATION) {
        throw fault('request-open', `${kind} of ${object.name} is asked for already`, { cause: thrown });
      }
      throw thrown;
    });
  const detail = { kind, object: object.id, mode: isAlone ? 'delay' : 'second-owner' };
  await record(deps, tx, principal, { action: 'request.open', id: row.id, detail });
  return requestById(tx, Number(row.id));
}

async function otherOwners(tx: Transaction, userId: number): Promise<number> {
  const { count } = await tx
    .as<IdentityTables>()
    .selectFrom('identity_user')
    .select((all) => all.fn.countAll<string>().as('count'))
    .where('role', '=', 'owner')
    .where('removed_at', 'is', null)
    .where('id', '<>', String(userId))
    .executeTakeFirstOrThrow();
  return Number(count);
}

function personOf({ token }: Principal): number {
  if (token === undefined) throw fault('not-allowed', 'only a person asks for this');
  return token.userId;
}

/** Does what was asked for. What fails is told to whoever looks at the request. */
export type PerformRequest = (request: TwoPersonRequest, as: Principal) => Promise<void>;

/**
 * A second owner says yes, in a session (with the approval of a passkey, which the door asks for): then it is done, in the name of whoever asked. Throws
 * `identity/request-own`, `identity/request-over`.
 */
export async function confirmRequest(
  deps: IdentityDeps,
  principal: Principal,
  id: number,
  perform: PerformRequest,
): Promise<TwoPersonRequest> {
  const userId = personOf(principal);
  if (principal.token?.source !== 'session') {
    throw fault('session-needed', 'a token confirms nothing: whoever stole it would be the second person');
  }
  const request = await deps.db.transaction(async (tx) => {
    const open = await lockOpen(tx, id, deps.now());
    if (open.requestedBy.id === userId) throw fault('request-own', 'you asked for it yourself');
    await decide(deps, tx, { id, state: 'running', by: userId });
    const detail = { kind: open.kind, object: open.object.id };
    await record(deps, tx, principal, { action: 'request.confirm', id: String(id), detail });
    return open;
  });
  return run(deps, request, perform);
}

/** Any owner, the one who asked among them, takes it back. */
export async function cancelRequest(deps: IdentityDeps, principal: Principal, id: number): Promise<TwoPersonRequest> {
  const userId = personOf(principal);
  return deps.db.transaction(async (tx) => {
    const open = await lockOpen(tx, id, deps.now());
    await decide(deps, tx, { id, state: 'cancelled', by: userId });
    const detail = { kind: open.kind, object: open.object.id };
    await record(deps, tx, principal, { action: 'request.cancel', id: String(id), detail });
    return requestById(tx, id);
  });
}

/** Does what waited its day, and what a server that was ended left in the middle; lets go of what nobody confirmed. */
export async function performDueRequests(deps: IdentityDeps, perform: PerformRequest): Promise<void> {
  const now = deps.now();
  const rows = await deps.db
    .as<IdentityTables>()
    .selectFrom('identity_request')
    .select(['id', 'state'])
    .where((is) =>
      is.or([
        is.and([is('state', '=', 'open'), is('due_at', '<=', new Date(now))]),
        is.and([is('state', '=', 'open'), is('expires_at', '<=', new Date(now))]),
        is.and([is('state', '=', 'running'), is('decided_at', '<=', new Date(now - STUCK_MS))]),
      ]),
    )
    .limit(LISTED_MAX)
    .execute();
  for (const { id } of rows) {
    const request = await deps.db.transaction((tx) => takeDue(deps, tx, Number(id)));
    if (request !== undefined) await run(deps, request, perform);
  }
}

async function takeDue(deps: IdentityDeps, tx: Transaction, id: number): Promise<TwoPersonRequest | undefined> {
  await tx
    .as<IdentityTables>()
    .selectFrom('identity_request')
    .select('id')
    .where('id', '=', String(id))
    .forUpdate()
    .executeTakeFirst();
  const request = await requestById(tx, id);
  const { state, dueAt, expiresAt, kind, object } = request;
  if (state === 'running') return request;
  if (state !== 'open') return undefined;
  const isDue = dueAt !== undefined && dueAt.getTime() <= deps.now();
  if (!isDue && expiresAt.getTime() > deps.now()) return undefined;
  await decide(deps, tx, { id, state: isDue ? 'running' : 'expired' });
  const action = isDue ? 'request.due' : 'request.expire';
  await record(deps, tx, SYSTEM, { action, id: String(id), detail: { kind, object: object.id } });
  return isDue ? request : undefined;
}

const SYSTEM: Principal = { kind: 'system', id: 'identity', name: 'identity' };

/** In the name of whoever asked, with what they may at this moment. */
async function run(deps: IdentityDeps, request: TwoPersonRequest, perform: PerformRequest): Promise<TwoPersonRequest> {
  const { id, requestedBy } = request;
  let reason: string | undefined;
  try {
    await perform(request, await requesterOf(deps, request));
  } catch (thrown) {
    // It is over either way: the reason is kept, and whoever asked can ask again.
    reason = thrown instanceof Error ? thrown.message.slice(0, 500) : 'it failed';
  }
  await deps.db.transaction(async (tx) => {
    await decide(deps, tx, {
      id,
      state: reason === undefined ? 'done' : 'failed',
      ...(reason === undefined ? {} : { reason }),
    });
    const detail = { kind: request.kind, object: request.object.id, user: requestedBy.id };
    const isDone = reason === undefined;
    await record(deps, tx, SYSTEM, { action: isDone ? 'request.done' : 'request.fail', id: String(id), detail });
  });
  return requestById(deps.db, id);
}

async function requesterOf(deps: IdentityDeps, { id, requestedBy }: TwoPersonRequest): Promise<Principal> {
  const row = await deps.db
    .as<IdentityTables>()
    .selectFrom('identity_user')
    .select(['name', 'role'])
    .where('id', '=', String(requestedBy.id))
    .where('removed_at', 'is', null)
    .executeTakeFirst();
  if (row === undefined) throw fault('not-allowed', 'whoever asked is not a member any more');
  const role: OrganisationRole = row.role;
  const at = new Date(deps.now());
  return {
    kind: 'user',
    id: String(requestedBy.id),
    name: row.name,
    token: { source: 'request', id, userId: requestedBy.id, role, scopes: ['all'], expiresAt: at, rootedAt: at },
  };
}

async function lockOpen(tx: Transaction, id: number, now: number): Promise<TwoPersonRequest> {
  const row = await tx
    .as<IdentityTables>()
    .selectFrom('identity_request')
    .select('state')
    .where('id', '=', String(id))
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) throw fault('not-found', `there is no request ${id}`);
  const request = await requestById(tx, id);
  if (row.state !== 'open' || request.expiresAt.getTime() <= now)
    throw fault('request-over', `the request ${id} is over`);
  return request;
}

async function decide(
  deps: IdentityDeps,
  tx: Transaction,
  of: { readonly id: number; readonly state: RequestState; readonly by?: number; readonly reason?: string },
): Promise<void> {
  const { id, state, by, reason } = of;
  await tx
    .as<IdentityTables>()
    .updateTable('identity_request')
    .set({
      state,
      decided_at: new Date(deps.now()),
      ...(by === undefined ? {} : { decided_by: String(by) }),
      ...(reason === undefined ? {} : { reason }),
    })
    .where('id', '=', String(id))
    .execute();
}

/** Those that wait first, then the newest. */
export async function listRequests(db: Database): Promise<readonly TwoPersonRequest[]> {
  const rows = await selectRequests(db)
    .orderBy((is) => is.case().when('state', '=', 'open').then(0).else(1).end())
    .orderBy('identity_request.id', 'desc')
    .limit(LISTED_MAX)
    .execute();
  return rows.map(requestOf);
}

async function requestById(db: Database | Transaction, id: number): Promise<TwoPersonRequest> {
  const row = await selectRequests(db).where('identity_request.id', '=', String(id)).executeTakeFirst();
  if (row === undefined) throw fault('not-found', `there is no request ${id}`);
  return requestOf(row);
}

function selectRequests(db: Database | Transaction) {
  return db
    .as<IdentityTables>()
    .selectFrom('identity_request')
    .innerJoin('identity_user as asker', 'asker.id', 'identity_request.requested_by')
    .leftJoin('identity_user as decider', 'decider.id', 'identity_request.decided_by')
    .selectAll('identity_request')
    .select(['asker.name as asker_name', 'decider.name as decider_name']);
}

function requestOf(row: Awaited<ReturnType<ReturnType<typeof selectRequests>['execute']>>[number]): TwoPersonRequest {
  return {
    id: Number(row.id),
    kind: row.kind,
    object: { id: Number(row.object_id), name: row.object_name },
    requestedBy: { id: Number(row.requested_by), name: row.asker_name },
    requestedAt: row.requested_at,
    ...(row.due_at === null ? {} : { dueAt: row.due_at }),
    expiresAt: row.expires_at,
    state: row.state,
    ...(row.decided_by === null || row.decider_name === null
      ? {}
      : { decidedBy: { id: Number(row.decided_by), name: row.decider_name } }),
    ...(row.decided_at === null ? {} : { decidedAt: row.decided_at }),
    ...(row.reason === null ? {} : { reason: row.reason }),
  };
}

function record(
  deps: IdentityDeps,
  tx: Transaction,
  actor: Principal,
  of: {
    readonly action: string;
    readonly id: string;
    readonly detail: { readonly [name: string]: string | number };
  },
): Promise<void> {
  const { action, id, detail } = of;
  const outcome = action === 'request.fail' ? 'error' : 'allow';
  const resource = { type: 'request', id };
  return append(tx, { actor: actorOf(actor), action, resource, outcome, detail }, deps);
}
