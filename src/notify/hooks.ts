import { sql } from 'kysely';
import { append, type AppendDeps } from '../auditlog/index.ts';
import { type DataObject, Secret } from '../base/index.ts';
import type { Database, Transaction } from '../database/index.ts';
import { actorOf, type Principal } from '../identity/index.ts';
import type { Dialer } from './dial.ts';
import { fault } from './faults.ts';
import { enqueueOne, messageId } from './outbox.ts';
import type { Sealer } from './seal.ts';
import { makeSecret } from './sign.ts';
import type { NotifyTables } from './tables.ts';

/** Receivers of one repository. */
export const HOOKS_MAX = 20;
/** What a receiver can ask for. */
export const HOOK_EVENTS = ['run.completed', 'push', 'findings.opened', 'findings.fixed'] as const;
export type HookEvent = (typeof HOOK_EVENTS)[number];

export type HookDeps = AppendDeps & { readonly db: Database; readonly sealer: Sealer; readonly dialer: Dialer };

export type Hook = {
  readonly id: number;
  readonly kind: 'webhook' | 'chat';
  /** Of a chat only where it is: its whole address lets anybody write there. */
  readonly url: string;
  readonly events: readonly HookEvent[];
  readonly isActive: boolean;
  readonly pausedReason?: string;
  readonly createdAt: Date;
};

export type NewHook = {
  readonly kind: 'webhook' | 'chat';
  readonly url: string;
  readonly events: readonly HookEvent[];
};

export const placeOf = (id: string | number, what: 'url' | 'secret') => `hook ${id} ${what}`;

/** A receiver, and of a webhook the secret that its messages are signed with: told now and never again. */
export async function createHook(
  deps: HookDeps,
  principal: Principal,
  repositoryId: number,
  wanted: NewHook,
): Promise<{ readonly hook: Hook; readonly secret?: Secret }> {
  const url = deps.dialer.check(wanted.url);
  const secret = wanted.kind === 'webhook' ? makeSecret((bytes) => deps.random(bytes)) : undefined;
  return deps.db.transaction(async (tx) => {
    const tables = tx.as<NotifyTables>();
    await sql`select pg_advisory_xact_lock(hashtextextended(${`hooks ${repositoryId}`}, 0))`.execute(tables);
    const { count } = await tables
      .selectFrom('notify_hook')
      .select((all) => all.fn.countAll<string>().as('count'))
      .where('repository_id', '=', String(repositoryId))
      .executeTakeFirstOrThrow();
    if (Number(count) >= HOOKS_MAX) throw fault('too-many', `${HOOKS_MAX} receivers are there`);
    const { rows } = await sql<{ id: string }>`
      select nextval(pg_get_serial_sequence('notify_hook', 'id'))::text as id`.execute(tables);
    const id = rows[0]?.id ?? '';
    const { rows: made } = await sql<Row>`
      insert into notify_hook (id, repository_id, kind, shown_url, sealed_url, sealed_secret, events, is_active, created_at, created_by)
      overriding system value
      values (${id}, ${repositoryId}, ${wanted.kind}, ${shownUrl(wanted.kind, url)},
        ${deps.sealer.seal(placeOf(id, 'url'), new Secret(url.href))},
        ${secret === undefined ? null : deps.sealer.seal(placeOf(id, 'secret'), secret)},
        ${[...wanted.events]}, true, ${new Date(deps.now())}, ${principal.id})
      returning *`.execute(tables);
    const [row] = made;
    if (row === undefined) throw new TypeError('an insert answers with its row');
    const detail = { kind: wanted.kind, host: url.host, events: [...wanted.events] };
    await record(deps, tx, principal, { action: 'webhook.create', id, repositoryId, detail });
    return { hook: hookOf(row), ...(secret === undefined ? {} : { secret }) };
  });
}

type Row = {
  readonly id: string;
  readonly kind: 'webhook' | 'chat';
  readonly shown_url: string;
  readonly events: readonly string[];
  readonly is_active: boolean;
  readonly paused_reason: string | null;
  readonly created_at: Date;
};

const shownUrl = (kind: NewHook['kind'], url: URL) => (kind === 'chat' ? `${url.origin}/…` : url.href);

function hookOf(row: Row): Hook {
  return {
    id: Number(row.id),
    kind: row.kind,
    url: row.shown_url,
    events: HOOK_EVENTS.filter((event) => row.events.includes(event)),
    isActive: row.is_active,
    ...(row.paused_reason === null ? {} : { pausedReason: row.paused_reason }),
    createdAt: row.created_at,
  };
}

export async function listHooks(db: Database, repositoryId: number): Promise<readonly Hook[]> {
  const rows = await db
    .as<NotifyTables>()
    .selectFrom('notify_hook')
    .selectAll()
    .where('repository_id', '=', String(repositoryId))
    .orderBy('id')
    .execute();
  return rows.map(hookOf);
}

type HookPlace = { readonly repositoryId: number; readonly id: number };

/** Another address, other events, on or off. Turned on again it forgets why it was off. */
export async function updateHook(
  deps: HookDeps,
  principal: Principal,
  place: HookPlace,
  changes: { readonly url?: string; readonly events?: readonly HookEvent[]; readonly isActive?: boolean },
): Promise<Hook> {
  const url = changes.url === undefined ? undefined : deps.dialer.check(changes.url);
  return deps.db.transaction(async (tx) => {
    const before = await lock(tx, place);
    const row = await tx
      .as<NotifyTables>()
      .updateTable('notify_hook')
      .set({
        ...(url === undefined
          ? {}
          : {
              shown_url: shownUrl(before.kind, url),
              sealed_url: deps.sealer.seal(placeOf(place.id, 'url'), new Secret(url.href)),
            }),
        ...(changes.events === undefined ? {} : { events: [...changes.events] }),
        ...(changes.isActive === undefined ? {} : { is_active: changes.isActive, paused_reason: null }),
      })
      .where('id', '=', String(place.id))
      .returningAll()
      .executeTakeFirstOrThrow();
    const detail = {
      ...(url === undefined ? {} : { host: url.host }),
      ...(changes.events === undefined ? {} : { events: [...changes.events] }),
      ...(changes.isActive === undefined ? {} : { active: changes.isActive }),
    };
    await record(deps, tx, principal, { action: 'webhook.update', ...place, detail });
    return hookOf(row);
  });
}

/** What waits for it is gone with it. */
export async function removeHook(deps: HookDeps, principal: Principal, place: HookPlace): Promise<void> {
  await deps.db.transaction(async (tx) => {
    await lock(tx, place);
    await tx.as<NotifyTables>().deleteFrom('notify_hook').where('id', '=', String(place.id)).execute();
    await record(deps, tx, principal, { action: 'webhook.remove', ...place, detail: {} });
  });
}

/** Another secret from now on, told once. */
export async function renewSecret(deps: HookDeps, principal: Principal, place: HookPlace): Promise<Secret> {
  const secret = makeSecret((bytes) => deps.random(bytes));
  await deps.db.transaction(async (tx) => {
    const { kind } = await lock(tx, place);
    if (kind !== 'webhook') throw fault('not-found', 'chat messages are not signed');
    await tx
      .as<NotifyTables>()
      .updateTable('notify_hook')
      .set({ sealed_secret: deps.sealer.seal(placeOf(place.id, 'secret'), secret) })
      .where('id', '=', String(place.id))
      .execute();
    await record(deps, tx, principal, { action: 'webhook.renew', ...place, detail: {} });
  });
  return secret;
}

/** Sends a message that says nothing but that it came. */
export async function pingHook(deps: HookDeps, principal: Principal, place: HookPlace): Promise<number> {
  return deps.db.transaction(async (tx) => {
    const { kind } = await lock(tx, place);
    const at = new Date(deps.now()).toISOString();
    const payload =
      kind === 'chat'
        ? JSON.stringify({ text: 'Sallyport can write here.' })
        : JSON.stringify({ type: 'ping', timestamp: at, data: { hook: place.id } });
    await record(deps, tx, principal, { action: 'webhook.ping', ...place, detail: {} });
    return enqueueOne(deps, tx, {
      kind,
      repositoryId: place.repositoryId,
      hookId: String(place.id),
      messageId: messageId(deps),
      event: 'ping',
      payload,
    });
  });
}

async function lock(tx: Transaction, { repositoryId, id }: HookPlace): Promise<{ readonly kind: 'webhook' | 'chat' }> {
  const row = await tx
    .as<NotifyTables>()
    .selectFrom('notify_hook')
    .select('kind')
    .where('id', '=', String(id))
    .where('repository_id', '=', String(repositoryId))
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) throw fault('not-found', `there is no receiver ${id}`);
  return row;
}

function record(
  deps: AppendDeps,
  tx: Transaction,
  principal: Principal,
  told: {
    readonly action: string;
    readonly id: string | number;
    readonly repositoryId: number;
    readonly detail: DataObject;
  },
): Promise<void> {
  const { action, id, repositoryId, detail } = told;
  const resource = { type: 'webhook', id: String(id) };
  const whole = { ...detail, repository: repositoryId };
  return append(tx, { actor: actorOf(principal), action, resource, outcome: 'allow', detail: whole }, deps);
}
