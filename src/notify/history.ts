import type { Database } from '../database/index.ts';
import { append } from '../auditlog/index.ts';
import { actorOf, type Principal } from '../identity/index.ts';
import { fault } from './faults.ts';
import type { HookDeps } from './hooks.ts';
import { enqueueOne } from './outbox.ts';
import type { NotifyTables } from './tables.ts';

export type Delivery = {
  readonly id: number;
  readonly messageId: string;
  readonly event: string;
  readonly state: 'waiting' | 'sent' | 'failed';
  readonly attempts: number;
  readonly createdAt: Date;
  readonly nextAt?: Date;
  readonly doneAt?: Date;
  readonly status?: number;
  readonly error?: string;
  readonly ms?: number;
};

type Place = { readonly repositoryId: number; readonly hookId: number };

/** Newest first. */
export async function listDeliveries(
  db: Database,
  { repositoryId, hookId, before, limit }: Place & { readonly before?: number; readonly limit: number },
): Promise<readonly Delivery[]> {
  let query = db
    .as<NotifyTables>()
    .selectFrom('notify_delivery')
    .selectAll()
    .where('hook_id', '=', String(hookId))
    .where('repository_id', '=', String(repositoryId));
  if (before !== undefined) query = query.where('id', '<', String(before));
  const rows = await query.orderBy('id', 'desc').limit(limit).execute();
  return rows.map(deliveryOf);
}

type Row = {
  readonly id: string;
  readonly message_id: string;
  readonly event: string;
  readonly state: Delivery['state'];
  readonly attempts: number;
  readonly next_at: Date;
  readonly last_status: number | null;
  readonly last_error: string | null;
  readonly last_ms: number | null;
  readonly created_at: Date;
  readonly done_at: Date | null;
};

function deliveryOf(row: Row): Delivery {
  return {
    id: Number(row.id),
    messageId: row.message_id,
    event: row.event,
    state: row.state,
    attempts: row.attempts,
    createdAt: row.created_at,
    ...(row.state === 'waiting' ? { nextAt: row.next_at } : {}),
    ...(row.done_at === null ? {} : { doneAt: row.done_at }),
    ...(row.last_status === null ? {} : { status: row.last_status }),
    ...(row.last_error === null ? {} : { error: row.last_error }),
    ...(row.last_ms === null ? {} : { ms: row.last_ms }),
  };
}

/** One delivery with what was sent and what was answered. */
export async function viewDelivery(
  db: Database,
  place: Place & { readonly id: number },
): Promise<Delivery & { readonly payload: string; readonly answer?: string }> {
  const row = await find(db, place);
  return {
    ...deliveryOf(row),
    payload: row.payload,
    ...(row.last_answer === null ? {} : { answer: row.last_answer }),
  };
}

async function find(db: Database, { repositoryId, hookId, id }: Place & { readonly id: number }) {
  const row = await db
    .as<NotifyTables>()
    .selectFrom('notify_delivery')
    .selectAll()
    .where('id', '=', String(id))
    .where('hook_id', '=', String(hookId))
    .where('repository_id', '=', String(repositoryId))
    .executeTakeFirst();
  if (row === undefined) throw fault('not-found', `there is no delivery ${id}`);
  return row;
}

/** Sends the same message once more, under the same id: a receiver that has it can tell. */
export async function replayDelivery(
  deps: HookDeps,
  principal: Principal,
  place: Place & { readonly id: number },
): Promise<number> {
  const row = await find(deps.db, place);
  if (row.state === 'waiting') throw fault('not-replayable', `delivery ${place.id} was not given up`);
  return deps.db.transaction(async (tx) => {
    const resource = { type: 'webhook', id: String(place.hookId) };
    const detail = { delivery: place.id, repository: place.repositoryId };
    await append(tx, { actor: actorOf(principal), action: 'webhook.replay', resource, outcome: 'allow', detail }, deps);
    return enqueueOne(deps, tx, {
      kind: row.kind,
      repositoryId: place.repositoryId,
      hookId: String(place.hookId),
      messageId: row.message_id,
      event: row.event,
      payload: row.payload,
    });
  });
}
