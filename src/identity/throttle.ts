import { isIPv4, isIPv6 } from 'node:net';
import { append } from '../auditlog/index.ts';
import type { Transaction } from '../database/index.ts';
import { fault } from './faults.ts';
import type { IdentityDeps } from './principal.ts';
import type { IdentityTables } from './tables.ts';

/** What may fail within the window before nothing is looked at any more for a while. */
const FAILURES_MAX = { network: 10, account: 20 } as const;
const WINDOW_MS = 10 * 60_000;
/** The first block; each further one in a row is twice as long. */
const BLOCK_MS = 60_000;
/**
 * A network that tries on waits up to an hour. An account is blocked for a minute only: somebody else could keep its person out.
 */
const BLOCK_MS_MAX = { network: 3_600_000, account: 60_000 } as const;
/** A network that behaved this long begins anew. */
const FORGET_MS = 24 * 3_600_000;

export type AttemptKey = { readonly kind: 'network' | 'account'; readonly value: string };

/** The part of an address that one person has many of: a whole address of version 4, the first 64 bits of version 6. */
export function networkOf(address: string): AttemptKey {
  const plain = address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '').replace(/%.*$/, '');
  if (isIPv4(plain)) return { kind: 'network', value: plain };
  if (!isIPv6(plain)) return { kind: 'network', value: 'unknown' };
  const [head = '', tail] = plain.toLowerCase().split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const gap = tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0');
  const groups = [...left, ...gap, ...right].slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return { kind: 'network', value: `${groups.join(':')}::/64` };
}

export function accountOf(name: string): AttemptKey {
  return {
    kind: 'account',
    value: name
      .toLowerCase()
      .replaceAll(/[^\x20-\x7e]/g, '?')
      .slice(0, 100),
  };
}

const textOf = ({ kind, value }: AttemptKey) => `${kind}:${value}`;

/** Throws `identity/too-many-attempts` while one of these is blocked: then even the right credential is not looked at. */
export async function requireUnblocked(deps: IdentityDeps, keys: readonly AttemptKey[]): Promise<void> {
  const row = await deps.db
    .as<IdentityTables>()
    .selectFrom('identity_attempt')
    .select(['key', 'blocked_until'])
    .where('key', 'in', keys.map(textOf))
    .where('blocked_until', '>', new Date(deps.now()))
    .executeTakeFirst();
  if (row === undefined) return;
  const seconds = Math.ceil(((row.blocked_until?.getTime() ?? 0) - deps.now()) / 1000);
  throw fault('too-many-attempts', `too many attempts from there failed: try again in ${seconds} seconds`);
}

/** Counts a failure, in a transaction of its own: what failed rolls back nothing of it. */
export async function noteFailure(deps: IdentityDeps, keys: readonly AttemptKey[]): Promise<void> {
  await deps.db.transaction(async (tx) => {
    for (const key of keys) await noteOne(deps, tx, key);
  });
}

async function noteOne(deps: IdentityDeps, tx: Transaction, key: AttemptKey): Promise<void> {
  const now = deps.now();
  const tables = tx.as<IdentityTables>();
  const text = textOf(key);
  // The row is made first, so that failures at the same time wait for each other.
  await tables
    .insertInto('identity_attempt')
    .values({ key: text, failures: 0, started_at: new Date(now), blocks: 0, blocked_until: null })
    .onConflict((on) => on.column('key').doNothing())
    .execute();
  const row = await tables
    .selectFrom('identity_attempt')
    .selectAll()
    .where('key', '=', text)
    .forUpdate()
    .executeTakeFirstOrThrow();
  const isOver = now - row.started_at.getTime() > WINDOW_MS;
  const failures = (isOver ? 0 : row.failures) + 1;
  const lastBlock = row.blocked_until?.getTime() ?? 0;
  const blocks = now - Math.max(lastBlock, row.started_at.getTime()) > FORGET_MS ? 0 : row.blocks;
  const isBlocked = failures >= FAILURES_MAX[key.kind];
  const ms = Math.min(BLOCK_MS * 2 ** Math.min(blocks, 10), BLOCK_MS_MAX[key.kind]);
  await tables
    .updateTable('identity_attempt')
    .set({
      failures: isBlocked ? 0 : failures,
      started_at: isOver || isBlocked ? new Date(now) : row.started_at,
      blocks: isBlocked ? blocks + 1 : blocks,
      blocked_until: isBlocked ? new Date(now + ms) : row.blocked_until,
    })
    .where('key', '=', text)
    .execute();
  if (!isBlocked) return;
  await append(
    tx,
    {
      actor: { type: 'system', id: 'identity' },
      action: 'sign-in.block',
      resource: { type: key.kind, id: key.kind },
      outcome: 'deny',
      detail: { failures, seconds: Math.round(ms / 1000) },
      personal: { [key.kind]: key.value },
    },
    deps,
  );
}

/** Takes away what nobody needs any more. */
export async function forgetAttempts(deps: IdentityDeps): Promise<void> {
  await deps.db
    .as<IdentityTables>()
    .deleteFrom('identity_attempt')
    .where('started_at', '<', new Date(deps.now() - FORGET_MS))
    .where((is) => is.or([is('blocked_until', 'is', null), is('blocked_until', '<', new Date(deps.now() - FORGET_MS))]))
    .execute();
}
