import { sql } from 'kysely';
import { append, type AppendDeps } from '../auditlog/index.ts';
import { excerpt, isFault, type Log, reasonOf } from '../base/index.ts';
import type { Database, Transaction } from '../database/index.ts';
import type { Dialer } from './dial.ts';
import { placeOf } from './hooks.ts';
import type { Mailer } from './mail.ts';
import type { Sealer } from './seal.ts';
import { signatureHeaders } from './sign.ts';
import type { NotifyTables } from './tables.ts';

const LOOK_MS = 1_000;
/** Sent at once; what takes longer than the claim is sent again. */
const AT_ONCE = 4;
const CLAIM_MS = 60_000;
const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** Waits before each further try: a day and a half in all. */
const WAITS_MS: readonly number[] = [
  15 * SECOND_MS,
  MINUTE_MS,
  5 * MINUTE_MS,
  15 * MINUTE_MS,
  HOUR_MS,
  3 * HOUR_MS,
  8 * HOUR_MS,
  24 * HOUR_MS,
];
/** A receiver that nothing reached so many times in a row is turned off. */
const FAILURES_MAX = 10;
const ERROR_MAX = 300;
const GONE = 410;
const KEPT_MS = 14 * 24 * HOUR_MS;

export type DeliveryOptions = AppendDeps & {
  readonly db: Database;
  readonly dialer: Dialer;
  readonly sealer: Sealer;
  /** Without it mail waits, and fails in the end. */
  readonly mailer: Mailer | undefined;
  /** Whether a person may still read a repository, asked when the mail goes out. */
  mayRead(userId: number, repositoryId: number): Promise<boolean>;
  readonly version: string;
  readonly log: Log;
  readonly lookMs?: number;
};

type Row = {
  readonly id: string;
  readonly kind: 'webhook' | 'chat' | 'mail';
  readonly repository_id: string | null;
  readonly hook_id: string | null;
  readonly user_id: string | null;
  readonly message_id: string;
  readonly event: string;
  readonly payload: string;
  readonly attempts: number;
};

type Outcome =
  | { readonly kind: 'sent'; readonly status?: number; readonly answer?: string; readonly ms?: number }
  | {
      readonly kind: 'failed';
      readonly error: string;
      readonly status?: number;
      readonly answer?: string;
      readonly ms?: number;
      /** Another try would fail as well. */
      readonly isFinal?: boolean;
      readonly isGone?: boolean;
    };

/**
 * Sends what waits, at least once: who ends in the middle sends again, under the same id. Ends with what it returns; what is under way then
 * is ended, too, and goes out after the next start.
 */
export function startDeliveries(options: DeliveryOptions): () => Promise<void> {
  const { log, lookMs = LOOK_MS } = options;
  const ended = new AbortController();
  let running: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  const plan = (ms: number) => {
    if (ended.signal.aborted) return;
    timer = setTimeout(() => {
      running = turn();
    }, ms);
    timer.unref();
  };
  async function turn(): Promise<void> {
    let more = false;
    try {
      more = await deliverDue(options, ended.signal);
    } catch (thrown) {
      log.warn('Deliveries failed', { reason: reasonOf(thrown) });
    }
    plan(more ? 0 : lookMs);
  }
  plan(lookMs);
  return async () => {
    ended.abort();
    clearTimeout(timer);
    await running;
  };
}

/** One turn. Answers whether there may be more. */
async function deliverDue(options: DeliveryOptions, signal: AbortSignal): Promise<boolean> {
  const claimed = await claim(options);
  await Promise.all(
    claimed.map(async (row) => {
      const outcome = await attempt(options, row, signal).catch(
        (thrown: unknown): Outcome => ({
          kind: 'failed',
          error: excerpt(isFault(thrown) ? `${thrown.code}: ${thrown.message}` : reasonOf(thrown), ERROR_MAX),
        }),
      );
      // Whoever ends the server has not failed: the claim passes, and it is sent by the next one.
      if (!signal.aborted) await settle(options, row, outcome);
    }),
  );
  return claimed.length === AT_ONCE;
}

/** The try is counted before it is made: what kills the server each time does not do so for ever. */
async function claim(options: DeliveryOptions): Promise<readonly Row[]> {
  const { db } = options;
  const at = options.now();
  const { rows } = await sql<Row>`
    update notify_delivery set attempts = attempts + 1, claimed_until = ${new Date(at + CLAIM_MS)}
    where id in (
      select id from notify_delivery
      where state = 'waiting' and next_at <= ${new Date(at)} and (claimed_until is null or claimed_until < ${new Date(at)})
      order by next_at, id limit ${AT_ONCE} for update skip locked
    )
    returning *`.execute(db.as<NotifyTables>());
  return rows;
}

function attempt(options: DeliveryOptions, row: Row, signal: AbortSignal): Promise<Outcome> {
  return row.kind === 'mail' ? sendMail(options, row) : sendHook(options, row, signal);
}

async function sendHook(options: DeliveryOptions, row: Row, signal: AbortSignal): Promise<Outcome> {
  const { db, dialer, sealer, version } = options;
  const hook = await db
    .as<NotifyTables>()
    .selectFrom('notify_hook')
    .selectAll()
    .where('id', '=', row.hook_id ?? '')
    .executeTakeFirst();
  if (hook === undefined || (!hook.is_active && row.event !== 'ping')) {
    return { kind: 'failed', error: 'the receiver is off', isFinal: true };
  }
  const url = sealer.open(placeOf(hook.id, 'url'), hook.sealed_url).expose();
  const signed =
    hook.sealed_secret === null
      ? {}
      : signatureHeaders(sealer.open(placeOf(hook.id, 'secret'), hook.sealed_secret), {
          id: row.message_id,
          atSeconds: Math.floor(options.now() / SECOND_MS),
          body: row.payload,
        });
  const headers = {
    'content-type': 'application/json',
    'user-agent': `sallyport/${version}`,
    'x-sallyport-event': row.event,
    ...signed,
  };
  const { status, text, ms } = await dialer.post(url, { headers, body: row.payload, signal });
  if (status >= 200 && status < 300) return { kind: 'sent', status, answer: text, ms };
  const error = status >= 300 && status < 400 ? `answered ${status}: redirects are not followed` : `answered ${status}`;
  return { kind: 'failed', error, status, answer: text, ms, isGone: status === GONE };
}

async function sendMail(options: DeliveryOptions, row: Row): Promise<Outcome> {
  const { db, mailer } = options;
  if (mailer === undefined) return { kind: 'failed', error: 'no mail server is set', isFinal: true };
  const { subject, text, to }: { subject: string; text: string; to?: string } = JSON.parse(row.payload);
  const userId = Number(row.user_id);
  if (row.repository_id !== null && !(await options.mayRead(userId, Number(row.repository_id)))) {
    return { kind: 'failed', error: 'the person may not read the repository any more', isFinal: true };
  }
  const contact = await db
    .as<NotifyTables>()
    .selectFrom('notify_contact')
    .select('address')
    .where('user_id', '=', String(userId))
    .executeTakeFirst();
  const address = to ?? contact?.address ?? undefined;
  if (address === undefined) return { kind: 'failed', error: 'the person has no address', isFinal: true };
  await mailer.send(address, { subject, text, id: row.message_id });
  return { kind: 'sent' };
}

async function settle(options: DeliveryOptions, row: Row, outcome: Outcome): Promise<void> {
  const { db } = options;
  const at = new Date(options.now());
  const wait = WAITS_MS[row.attempts - 1];
  const isOver = outcome.kind === 'sent' || outcome.isFinal === true || outcome.isGone === true || wait === undefined;
  await db.transaction(async (tx) => {
    await tx
      .as<NotifyTables>()
      .updateTable('notify_delivery')
      .set({
        state: outcome.kind === 'sent' ? 'sent' : isOver ? 'failed' : 'waiting',
        claimed_until: null,
        last_status: outcome.status ?? null,
        last_error: outcome.kind === 'sent' ? null : outcome.error,
        last_answer: outcome.answer ?? null,
        last_ms: outcome.ms ?? null,
        ...(isOver ? { done_at: at } : { next_at: new Date(at.getTime() + jittered(wait, options)) }),
        // A code is nobody's business once it is with the person.
        ...(isOver && row.event === 'confirm' ? { payload: '{}' } : {}),
      })
      .where('id', '=', row.id)
      .execute();
    const { hook_id: hookId } = row;
    if (hookId === null || outcome.kind === 'sent' || !isOver) return;
    if (outcome.isGone === true || (await hasOnlyFailed(tx, hookId))) {
      const reason = outcome.isGone === true ? 'it says that it is gone' : `the last ${FAILURES_MAX} messages failed`;
      await tx
        .as<NotifyTables>()
        .updateTable('notify_hook')
        .set({ is_active: false, paused_reason: reason })
        .where('id', '=', hookId)
        .execute();
      const resource = { type: 'webhook', id: hookId };
      const actor = { type: 'system', id: 'notify' } as const;
      await append(tx, { actor, action: 'webhook.pause', resource, outcome: 'error', detail: { reason } }, options);
    }
  });
}

/** Up to a quarter more: receivers that came back are not met by everybody at once. */
function jittered(ms: number, options: DeliveryOptions): number {
  return ms + Math.floor((ms / 4) * ((options.random(1)[0] ?? 0) / 256));
}

/** One failure at a time: two that end at once would not see each other. */
async function hasOnlyFailed(tx: Transaction, hookId: string): Promise<boolean> {
  const tables = tx.as<NotifyTables>();
  await tables.selectFrom('notify_hook').select('id').where('id', '=', hookId).forUpdate().execute();
  const rows = await tables
    .selectFrom('notify_delivery')
    .select('state')
    .where('hook_id', '=', hookId)
    .where('state', '<>', 'waiting')
    .orderBy('id', 'desc')
    .limit(FAILURES_MAX)
    .execute();
  return rows.length === FAILURES_MAX && rows.every(({ state }) => state === 'failed');
}

/** Old deliveries, the keys of old events, and what belonged to repositories that were purged. Answers whether there may be more. */
export async function forgetDeliveries(deps: Pick<DeliveryOptions, 'db' | 'now'>, limit: number): Promise<boolean> {
  const { db } = deps;
  const before = new Date(deps.now() - KEPT_MS);
  const tables = db.as<NotifyTables>();
  const { rows } = await sql<{ id: string }>`
    delete from notify_delivery where id in (
      select id from notify_delivery where done_at < ${before} limit ${limit}
    ) returning id`.execute(tables);
  const { rows: keys } = await sql<{ key: string }>`
    delete from notify_event where key in (
      select key from notify_event where created_at < ${before} limit ${limit}
    ) returning key`.execute(tables);
  // Of a repository that is gone for good nobody is told any more.
  const gone = sql`select id from repo_repository where purged_at is not null`;
  await sql`delete from notify_hook where repository_id in (${gone})`.execute(tables);
  await sql`delete from notify_watch where repository_id in (${gone})`.execute(tables);
  await sql`delete from notify_repository where repository_id in (${gone})`.execute(tables);
  return rows.length === limit || keys.length === limit;
}
