import { Kysely, PostgresDialect, sql, type Transaction as KyselyTransaction } from 'kysely';
import { Migrator } from 'kysely/migration';
import { Pool, type PoolConfig } from 'pg';
import { reasonOf } from '../base/index.ts';
import { fault } from './faults.ts';

/** The oldest PostgreSQL that everything here works on. */
export const POSTGRES_MAJOR_MIN = 15;

const CONNECTIONS_MAX = 20;
/** A query that waits longer for a connection fails: the server is beyond what it can do. */
const CONNECT_MS_MAX = 10_000;
/** No statement of the server's own takes this long; an export says so for itself. */
const STATEMENT_MS_MAX = 60_000;

/**
 * The database. Each domain sees its own tables by `tablesOf`: `db.as<RunTables>()`. A change of state and its audit entry
 * are made in one `transaction`.
 */
export type Database = {
  as<Tables>(): Kysely<Tables>;
  /** All or nothing. What throws in `work` rolls back. */
  transaction<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result>;
  /** For LISTEN, which holds a connection of its own. */
  readonly config: PoolConfig;
  close(): Promise<void>;
};

/** One transaction, handed to every domain that takes part in it. */
export type Transaction = { as<Tables>(): KyselyTransaction<Tables> };

/** One step forward of the schema. Never edited after it landed. */
export type Migration = { up(db: Kysely<unknown>): Promise<void> };

/** Name, sorted as text, to migration: `0001-run-tables`. */
export type Migrations = { readonly [name: string]: Migration };

export type DatabaseConfig = { readonly connectionString: string } | PoolConfig;

/** Opens a pool of connections. Faults: `database/unreachable`, `database/old`. */
export async function openDatabase(config: DatabaseConfig, connectionsMax = CONNECTIONS_MAX): Promise<Database> {
  const whole: PoolConfig = {
    ...config,
    max: connectionsMax,
    connectionTimeoutMillis: CONNECT_MS_MAX,
    statement_timeout: STATEMENT_MS_MAX,
    application_name: 'sallyport',
  };
  const pool = new Pool(whole);
  pool.on('error', () => {
    // An idle connection broke: the pool has dropped it, and the next query opens another.
  });
  try {
    const { rows } = await pool.query<{ major: number }>(
      "select current_setting('server_version_num')::int / 10000 as major",
    );
    const major = rows[0]?.major ?? 0;
    if (major < POSTGRES_MAJOR_MIN) {
      throw fault('old', `this is PostgreSQL ${major}, ${POSTGRES_MAJOR_MIN} or later is needed`);
    }
  } catch (thrown) {
    await pool.end();
    if (thrown instanceof Error && 'code' in thrown && String(thrown.code).startsWith('database/')) throw thrown;
    throw fault('unreachable', reasonOf(thrown), { cause: thrown });
  }
  return databaseOf(new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) }), whole);
}

function databaseOf(kysely: Kysely<unknown>, config: PoolConfig): Database {
  // The types of tables exist at compile time only; each domain vouches for its own, and a test compares them.
  return {
    as: <Tables>() => kysely as unknown as Kysely<Tables>,
    transaction: (work) =>
      kysely.transaction().execute((tx) => work({ as: <Tables>() => tx as unknown as KyselyTransaction<Tables> })),
    config,
    close: () => kysely.destroy(),
  };
}

/**
 * Brings the schema up to the newest migration, one process at a time. A database that a newer release has changed is refused: its
 * tables mean something that this release does not know. Faults: `database/migration-failed`, `database/newer`.
 */
export async function migrate(db: Database, migrations: Migrations): Promise<readonly string[]> {
  const kysely = db.as<unknown>();
  const migrator = new Migrator({
    db: kysely,
    provider: { getMigrations: async () => ({ ...migrations }) },
    migrationTableName: 'store_migration',
    migrationLockTableName: 'store_migration_lock',
    // Each domain has a range of numbers of its own: a later one of one domain may stand before an earlier one of another.
    allowUnorderedMigrations: true,
  });
  const unknown = await appliedUnknown(kysely, migrations);
  if (unknown !== undefined) throw fault('newer', `the migration ${unknown} is not known to this release`);
  const { error, results = [] } = await migrator.migrateToLatest();
  if (error !== undefined) {
    const failed = results.find(({ status }) => status === 'Error')?.migrationName ?? 'before the first';
    throw fault('migration-failed', `${failed}: ${reasonOf(error)}`, { cause: error });
  }
  return results.map(({ migrationName }) => migrationName);
}

async function appliedUnknown(kysely: Kysely<unknown>, migrations: Migrations): Promise<string | undefined> {
  const exists = await sql<{ found: string | null }>`select to_regclass('store_migration')::text as found`.execute(
    kysely,
  );
  if (exists.rows[0]?.found === null || exists.rows.length === 0) return undefined;
  const applied = await sql<{ name: string }>`select name from store_migration`.execute(kysely);
  return applied.rows.map(({ name }) => name).find((name) => migrations[name] === undefined);
}
