import { sql } from 'kysely';
import type { Database } from '../database/index.ts';
import type { AuditlogTables } from './tables.ts';

/** An entry as it was recorded, with what was not erased of its personal fields. */
export type ListedEntry = {
  readonly id: number;
  /** Place in the tree; nothing until a checkpoint has it. */
  readonly position?: number;
  readonly body: { readonly [key: string]: unknown };
  readonly personal?: { readonly [name: string]: string };
};

export type EntryFilter = {
  readonly action?: string;
  readonly actorId?: string;
  readonly resourceType?: string;
  readonly resourceId?: string;
};

/** Newest first. `before` is the number of the last entry of the page before. */
export async function listEntries(
  db: Database,
  { before, limit, filter = {} }: { readonly before?: number; readonly limit: number; readonly filter?: EntryFilter },
): Promise<readonly ListedEntry[]> {
  const json = sql`convert_from(body, 'UTF8')::json`;
  const wanted = [
    ...(before === undefined ? [] : [sql`id < ${before}`]),
    ...(filter.action === undefined ? [] : [sql`${json} ->> 'action' = ${filter.action}`]),
    ...(filter.actorId === undefined ? [] : [sql`${json} -> 'actor' ->> 'id' = ${filter.actorId}`]),
    ...(filter.resourceType === undefined ? [] : [sql`${json} -> 'resource' ->> 'type' = ${filter.resourceType}`]),
    ...(filter.resourceId === undefined ? [] : [sql`${json} -> 'resource' ->> 'id' = ${filter.resourceId}`]),
  ];
  const where = wanted.length === 0 ? sql`` : sql`where ${sql.join(wanted, sql` and `)}`;
  const { rows } =
    await sql<Row>`select id, seq, body, personal from auditlog_entry ${where} order by id desc limit ${limit}`.execute(
      db.as<AuditlogTables>(),
    );
  return rows.map(listedOf);
}

type Row = {
  readonly id: string;
  readonly seq: string | null;
  readonly body: Buffer;
  readonly personal: { readonly [name: string]: { readonly text: string } } | null;
};

function listedOf({ id, seq, body, personal }: Row): ListedEntry {
  return {
    id: Number(id),
    ...(seq === null ? {} : { position: Number(seq) }),
    body: JSON.parse(body.toString('utf8')),
    ...(personal === null
      ? {}
      : { personal: Object.fromEntries(Object.entries(personal).map(([name, { text }]) => [name, text])) }),
  };
}

export async function entryById(db: Database, id: number): Promise<ListedEntry | undefined> {
  const { rows } = await sql<Row>`select id, seq, body, personal from auditlog_entry where id = ${id}`.execute(
    db.as<AuditlogTables>(),
  );
  const [row] = rows;
  return row === undefined ? undefined : listedOf(row);
}
