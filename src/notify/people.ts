import { createHash, timingSafeEqual } from 'node:crypto';
import { append, type AppendDeps } from '../auditlog/index.ts';
import type { Database, Transaction } from '../database/index.ts';
import { actorOf, type Principal } from '../identity/index.ts';
import { fault } from './faults.ts';
import { enqueueOne, messageId } from './outbox.ts';
import type { NotifyTables } from './tables.ts';

const CODE_MS = 3_600_000;
const CODE_TRIES_MAX = 5;
const CODE_PAUSE_MS = 60_000;
/** 40 bits: with five tries nobody guesses it. */
const CODE_BYTES = 5;
/** A plain address: what SMTP calls a dot-string, and a name of hosts. Nothing that begins a header, a list or a route. */
const ADDRESS =
  /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,200}[A-Za-z0-9])?$/;
const ADDRESS_MAX = 254;
const WATCHES_MAX = 500;

export type PeopleDeps = AppendDeps & { readonly db: Database };

export type Contact = {
  /** Proved by a code. */
  readonly address?: string;
  readonly pendingAddress?: string;
  /** Runs that I caused. */
  readonly ownFailures: boolean;
  /** Default branches of repositories that I watch: broken, and whole again. */
  readonly watchedFailures: boolean;
  readonly watchedFindings: boolean;
};

const DEFAULTS = { own_failures: true, watched_failures: true, watched_findings: true } as const;

export async function contactOf(db: Database, userId: number): Promise<Contact> {
  const row = await db
    .as<NotifyTables>()
    .selectFrom('notify_contact')
    .selectAll()
    .where('user_id', '=', String(userId))
    .executeTakeFirst();
  if (row === undefined) return { ownFailures: true, watchedFailures: true, watchedFindings: true };
  return {
    ...(row.address === null ? {} : { address: row.address }),
    ...(row.pending_address === null ? {} : { pendingAddress: row.pending_address }),
    ownFailures: row.own_failures,
    watchedFailures: row.watched_failures,
    watchedFindings: row.watched_findings,
  };
}

/** Names an address, to which a code goes. Nothing else goes there until the person brings it back. */
export async function setContact(
  deps: PeopleDeps,
  principal: Principal,
  { userId, address }: { readonly userId: number; readonly address: string },
): Promise<void> {
  if (address.length > ADDRESS_MAX || !ADDRESS.test(address))
    throw fault('address-invalid', 'this is no plain address');
  const code = Buffer.from(deps.random(CODE_BYTES)).toString('hex').toUpperCase();
  const at = deps.now();
  await deps.db.transaction(async (tx) => {
    const known = await lock(tx, userId);
    if (known?.code_sent_at !== undefined && known.code_sent_at !== null) {
      if (at - known.code_sent_at.getTime() < CODE_PAUSE_MS) throw fault('too-soon', 'a code was sent a moment ago');
    }
    await tx
      .as<NotifyTables>()
      .updateTable('notify_contact')
      .set({
        pending_address: address,
        code_hash: hashOf(code),
        code_expires_at: new Date(at + CODE_MS),
        code_tries: 0,
        code_sent_at: new Date(at),
      })
      .where('user_id', '=', String(userId))
      .execute();
    const text = `Your code is ${code}. It is valid for an hour.\n\nIf you did not ask for it, do nothing.\n`;
    await enqueueOne(deps, tx, {
      kind: 'mail',
      repositoryId: null,
      userId: String(userId),
      messageId: messageId(deps),
      event: 'confirm',
      payload: JSON.stringify({ subject: 'Confirm this address', text, to: address }),
    });
    await record(deps, tx, principal, { action: 'contact.set', userId, address });
  });
}

/** The row is there after it, and nobody else changes it. */
async function lock(tx: Transaction, userId: number) {
  const tables = tx.as<NotifyTables>();
  await tables
    .insertInto('notify_contact')
    .values({
      user_id: String(userId),
      address: null,
      pending_address: null,
      code_hash: null,
      code_expires_at: null,
      code_tries: 0,
      code_sent_at: null,
      ...DEFAULTS,
    })
    .onConflict((on) => on.column('user_id').doNothing())
    .execute();
  return tables
    .selectFrom('notify_contact')
    .selectAll()
    .where('user_id', '=', String(userId))
    .forUpdate()
    .executeTakeFirst();
}

/** Brings the code back. A wrong one counts, also when the transaction of the request is long over. */
export async function confirmAddress(
  deps: PeopleDeps,
  principal: Principal,
  { userId, code }: { readonly userId: number; readonly code: string },
): Promise<void> {
  const isRight = await deps.db.transaction(async (tx) => {
    const tables = tx.as<NotifyTables>();
    const row = await lock(tx, userId);
    if (row === undefined) return false;
    const { code_hash: hash, code_expires_at: expiresAt, pending_address: address } = row;
    if (hash === null || address === null || expiresAt === null) return false;
    if (expiresAt.getTime() <= deps.now() || row.code_tries >= CODE_TRIES_MAX) return false;
    const fits = timingSafeEqual(Buffer.from(hash), Buffer.from(hashOf(code.trim().toUpperCase())));
    await tables
      .updateTable('notify_contact')
      .set(
        fits
          ? { address, pending_address: null, code_hash: null, code_expires_at: null, code_tries: 0 }
          : { code_tries: row.code_tries + 1 },
      )
      .where('user_id', '=', String(userId))
      .execute();
    if (fits) await record(deps, tx, principal, { action: 'contact.confirm', userId, address });
    return fits;
  });
  if (!isRight) throw fault('code-invalid', 'this is not the code that was sent');
}

const hashOf = (code: string) => createHash('sha256').update(`contact ${code}`).digest('hex');

export async function removeContact(deps: PeopleDeps, principal: Principal, userId: number): Promise<void> {
  await deps.db.transaction(async (tx) => {
    await tx.as<NotifyTables>().deleteFrom('notify_contact').where('user_id', '=', String(userId)).execute();
    await record(deps, tx, principal, { action: 'contact.remove', userId });
  });
}

export async function setRules(
  deps: PeopleDeps,
  principal: Principal,
  userId: number,
  rules: Pick<Contact, 'ownFailures' | 'watchedFailures' | 'watchedFindings'>,
): Promise<void> {
  await deps.db.transaction(async (tx) => {
    await lock(tx, userId);
    await tx
      .as<NotifyTables>()
      .updateTable('notify_contact')
      .set({
        own_failures: rules.ownFailures,
        watched_failures: rules.watchedFailures,
        watched_findings: rules.watchedFindings,
      })
      .where('user_id', '=', String(userId))
      .execute();
    await record(deps, tx, principal, { action: 'contact.rules', userId });
  });
}

export async function isWatching(
  db: Database,
  { userId, repositoryId }: { readonly userId: number; readonly repositoryId: number },
): Promise<boolean> {
  const row = await db
    .as<NotifyTables>()
    .selectFrom('notify_watch')
    .select('user_id')
    .where('repository_id', '=', String(repositoryId))
    .where('user_id', '=', String(userId))
    .executeTakeFirst();
  return row !== undefined;
}

export async function setWatching(
  deps: PeopleDeps,
  principal: Principal,
  watch: { readonly userId: number; readonly repositoryId: number; readonly isWatched: boolean },
): Promise<void> {
  const { userId, repositoryId, isWatched } = watch;
  const row = { user_id: String(userId), repository_id: String(repositoryId) };
  await deps.db.transaction(async (tx) => {
    const tables = tx.as<NotifyTables>();
    if (isWatched) {
      const { count } = await tables
        .selectFrom('notify_watch')
        .select((all) => all.fn.countAll<string>().as('count'))
        .where('user_id', '=', row.user_id)
        .executeTakeFirstOrThrow();
      if (Number(count) >= WATCHES_MAX) throw fault('too-many', `${WATCHES_MAX} repositories are watched`);
      await tables
        .insertInto('notify_watch')
        .values(row)
        .onConflict((on) => on.doNothing())
        .execute();
    } else {
      await tables
        .deleteFrom('notify_watch')
        .where('user_id', '=', row.user_id)
        .where('repository_id', '=', row.repository_id)
        .execute();
    }
    const resource = { type: 'repository', id: row.repository_id };
    const action = isWatched ? 'repository.watch' : 'repository.unwatch';
    await append(tx, { actor: actorOf(principal), action, resource, outcome: 'allow' }, deps);
  });
}

function record(
  deps: AppendDeps,
  tx: Transaction,
  principal: Principal,
  told: { readonly action: string; readonly userId: number; readonly address?: string },
): Promise<void> {
  const { action, userId, address } = told;
  const resource = { type: 'user', id: String(userId) };
  const personal = address === undefined ? {} : { personal: { address } };
  return append(tx, { actor: actorOf(principal), action, resource, outcome: 'allow', ...personal }, deps);
}
