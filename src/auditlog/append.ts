import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { ENTRY_BYTES_MAX } from '../attest/index.ts';
import { canonicalJson, type DataObject } from '../base/index.ts';
import type { Transaction } from '../database/index.ts';
import { fault } from './faults.ts';
import type { AuditlogTables } from './tables.ts';

/** The channel on which the sequencer is told that there is something to do. */
export const AUDITLOG_CHANNEL = 'auditlog';

/** Who did it: a person, a token, a job, or a part of the system itself. */
export type Actor = {
  readonly type: 'user' | 'token' | 'job' | 'runner' | 'system';
  readonly id: string;
  readonly via?: string;
};

/** One fact. `personal` is what may have to be erased: the tree gets salted commitments of it. */
export type Entry = {
  readonly actor: Actor;
  /** A verb of a noun: `ref.update`, `run.start`, `token.create`. */
  readonly action: string;
  readonly resource: { readonly type: string; readonly id: string };
  readonly outcome: 'allow' | 'deny' | 'error';
  readonly detail?: DataObject;
  readonly personal?: { readonly [name: string]: string };
};

export type AppendDeps = {
  /** Milliseconds since 1970. */
  now(): number;
  /** Bytes that nobody can guess. */
  random(bytes: number): Uint8Array;
};

const SALT_BYTES = 16;
const ENTRY_VERSION = 1;

/** Form of every action: stable words that exports and filters rely on. */
const ACTION = /^[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*$/;

/**
 * Adds an entry in the transaction of the change that it tells of: both commit, or neither. A full disk or an entry that is too large
 * makes the action fail. Throws `auditlog/entry-too-large`.
 */
export async function append(tx: Transaction, entry: Entry, deps: AppendDeps): Promise<void> {
  const { personal, ...rest } = entry;
  if (!ACTION.test(entry.action)) throw new TypeError(`the action ${entry.action} has another form`);
  const committed = Object.entries(personal ?? {}).map(([name, text]) => {
    const salt = Buffer.from(deps.random(SALT_BYTES)).toString('hex');
    return { name, text, salt, commitment: commitmentOf(salt, text) };
  });
  const body = Buffer.from(
    canonicalJson({
      v: ENTRY_VERSION,
      time: new Date(deps.now()).toISOString(),
      ...rest,
      ...(personal === undefined
        ? {}
        : { personal: Object.fromEntries(committed.map(({ name, commitment }) => [name, commitment])) }),
    }),
  );
  if (body.length > ENTRY_BYTES_MAX) throw fault('entry-too-large', `${entry.action} has ${body.length} bytes`);
  const kept =
    personal === undefined
      ? null
      : JSON.stringify(Object.fromEntries(committed.map(({ name, text, salt }) => [name, { text, salt }])));
  await tx.as<AuditlogTables>().insertInto('auditlog_entry').values({ body, personal: kept, seq: null }).execute();
  await sql`select pg_notify(${AUDITLOG_CHANNEL}, '')`.execute(tx.as<AuditlogTables>());
}

/** What the tree has of a personal field. */
export function commitmentOf(salt: string, text: string): string {
  return `sha256:${createHash('sha256').update(salt).update('\n').update(text).digest('hex')}`;
}
