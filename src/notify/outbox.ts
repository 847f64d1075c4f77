import type { AppendDeps } from '../auditlog/index.ts';
import type { Transaction } from '../database/index.ts';
import type { NotifyTables } from './tables.ts';

const ID_BYTES = 16;

/** One message: the same id whenever it is sent. */
export const messageId = ({ random }: Pick<AppendDeps, 'random'>) =>
  `msg_${Buffer.from(random(ID_BYTES)).toString('base64url')}`;

export type NewDelivery = {
  readonly kind: 'webhook' | 'chat' | 'mail';
  readonly repositoryId: number | null;
  readonly hookId?: string;
  readonly userId?: string;
  readonly messageId: string;
  readonly event: string;
  readonly payload: string;
};

/** In the transaction of what it tells of: it goes out when that is true, and only then. */
export async function enqueueOne(
  { now }: Pick<AppendDeps, 'now'>,
  tx: Transaction,
  wanted: NewDelivery,
): Promise<number> {
  const at = new Date(now());
  const { id } = await tx
    .as<NotifyTables>()
    .insertInto('notify_delivery')
    .values({
      kind: wanted.kind,
      repository_id: wanted.repositoryId === null ? null : String(wanted.repositoryId),
      hook_id: wanted.hookId ?? null,
      user_id: wanted.userId ?? null,
      message_id: wanted.messageId,
      event: wanted.event,
      // PostgreSQL keeps no NUL in a text.
      payload: wanted.payload.replaceAll('\0', ''),
      state: 'waiting',
      attempts: 0,
      next_at: at,
      claimed_until: null,
      last_status: null,
      last_error: null,
      last_answer: null,
      last_ms: null,
      created_at: at,
      done_at: null,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return Number(id);
}
