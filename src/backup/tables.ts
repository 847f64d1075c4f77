import { sql, type RawBuilder } from 'kysely';
import type { Database, Transaction } from '../database/index.ts';
import type { AddEntry } from './archive.ts';
import { fault } from './faults.ts';

/** Rows of one read, and of one insert. */
const ROWS = 1000;
/** A part of a table is closed beyond this. */
const PART_BYTES = 8 * 1024 * 1024;
/** Kysely's own: which migrations ran is in the manifest. */
const OWN = ['store_migration', 'store_migration_lock'];

export type TableCounts = { [table: string]: number };

type Row = { readonly [column: string]: unknown };
const rowsOf = async (tx: Transaction | Database, query: RawBuilder<unknown>): Promise<readonly Row[]> =>
  (await query.execute(tx.as<unknown>())).rows as readonly Row[];

/** Everything that `work` reads is of one moment, whatever others write meanwhile. */
export function withSnapshot<T>(db: Database, work: (tx: Transaction) => Promise<T>): Promise<T> {
  return db.transaction(async (tx) => {
    await sql`set transaction isolation level repeatable read, read only`.execute(tx.as());
    await sql`set local statement_timeout = 0`.execute(tx.as());
    return work(tx);
  });
}

async function tablesOf(tx: Transaction | Database): Promise<readonly string[]> {
  const rows = await rowsOf(
    tx,
    sql`select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = current_schema() and c.relkind in ('r', 'p') and not c.relispartition order by 1`,
  );
  return rows.map(({ name }) => String(name)).filter((name) => !OWN.includes(name));
}

/** Last values of all sequences that gave one. */
export async function sequencesOf(tx: Transaction): Promise<{ [name: string]: string }> {
  const rows = await rowsOf(
    tx,
    sql`select sequencename as name, last_value::text as value from pg_sequences
        where schemaname = current_schema() and last_value is not null order by 1`,
  );
  return Object.fromEntries(rows.map(({ name, value }) => [String(name), String(value)]));
}

export async function migrationsOf(tx: Transaction): Promise<readonly string[]> {
  return (await rowsOf(tx, sql`select name from store_migration order by name`)).map(({ name }) => String(name));
}

/** Every table as the text that PostgreSQL itself has for a row, a JSON string a line: no type loses anything. */
export async function exportTables(tx: Transaction, add: AddEntry): Promise<TableCounts> {
  const counts: TableCounts = {};
  for (const table of await tablesOf(tx)) counts[table] = await exportTable(tx, table, add);
  return counts;
}

async function exportTable(tx: Transaction, table: string, add: AddEntry): Promise<number> {
  await sql`declare backup_rows no scroll cursor for select t::text as row from ${sql.table(table)} t`.execute(tx.as());
  let count = 0;
  let part = 0;
  let lines: string[] = [];
  let bytes = 0;
  const flush = async () => {
    if (lines.length === 0) return;
    part += 1;
    await add(`tables/${table}/${String(part).padStart(6, '0')}.ndjson`, Buffer.from(lines.join('')));
    lines = [];
    bytes = 0;
  };
  for (;;) {
    const rows = await rowsOf(tx, sql`fetch ${sql.lit(ROWS)} from backup_rows`);
    for (const { row } of rows) {
      const line = `${JSON.stringify(row)}\n`;
      lines.push(line);
      bytes += line.length;
    }
    count += rows.length;
    if (bytes > PART_BYTES) await flush();
    if (rows.length < ROWS) break;
  }
  await flush();
  await sql`close backup_rows`.execute(tx.as());
  return count;
}

type Constraint = { readonly table: string; readonly name: string; readonly definition: string };

/**
 * Loads tables into a migrated, empty database, all in one transaction: `load` calls `insert` with the lines of each part. References
 * between tables are taken away first and put back at the end, which proves them all.
 */
export async function importTables(
  db: Database,
  sequences: { readonly [name: string]: string },
  load: (insert: (table: string, lines: readonly string[]) => Promise<void>) => Promise<void>,
): Promise<TableCounts> {
  return db.transaction(async (tx) => {
    await sql`set local statement_timeout = 0`.execute(tx.as());
    const tables = await tablesOf(tx);
    await requireEmpty(tx, tables);
    const references = await takeReferences(tx);
    const counts: TableCounts = Object.fromEntries(tables.map((table) => [table, 0]));
    await load(async (table, lines) => {
      if (!tables.includes(table)) throw fault('archive-broken', `there is no table ${table.slice(0, 100)}`);
      for (let at = 0; at < lines.length; at += ROWS) {
        const rows = lines.slice(at, at + ROWS);
        await sql`insert into ${sql.table(table)} overriding system value
          select (row::${sql.table(table)}).* from unnest(${rows}::text[]) as listed (row)`.execute(tx.as());
      }
      counts[table] = (counts[table] ?? 0) + lines.length;
    });
    for (const { table, name, definition } of references) {
      await sql`alter table ${sql.table(table)} add constraint ${sql.ref(name)} ${sql.raw(definition)}`.execute(
        tx.as(),
      );
    }
    for (const [name, value] of Object.entries(sequences)) {
      await sql`select setval(quote_ident(${name})::regclass, ${value}::bigint)`.execute(tx.as());
    }
    return counts;
  });
}

async function requireEmpty(tx: Transaction, tables: readonly string[]): Promise<void> {
  for (const table of tables) {
    const [row] = await rowsOf(tx, sql`select exists (select from ${sql.table(table)}) as found`);
    if (row?.['found'] === true) throw fault('not-empty', `the table ${table} has rows`);
  }
}

async function takeReferences(tx: Transaction): Promise<readonly Constraint[]> {
  const rows = await rowsOf(
    tx,
    sql`select conrelid::regclass::text as table, conname as name, pg_get_constraintdef(oid) as definition
        from pg_constraint where contype = 'f' and connamespace = current_schema()::regnamespace`,
  );
  const references = rows.map((row) => ({
    table: String(row['table']),
    name: String(row['name']),
    definition: String(row['definition']),
  }));
  for (const { table, name } of references) {
    await sql`alter table ${sql.table(table)} drop constraint ${sql.ref(name)}`.execute(tx.as());
  }
  return references;
}
