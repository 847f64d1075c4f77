/**
 * Owns: the database: connections, transactions, migrations, and the PostgreSQL that comes along.
 * Never: knows a table of a domain, decides what is stored.
 */
export {
  type Database,
  type DatabaseConfig,
  type Migration,
  type Migrations,
  migrate,
  openDatabase,
  POSTGRES_MAJOR_MIN,
  type Transaction,
} from './database.ts';
export { type Listener, listen, type Notification } from './listen.ts';
export { type Connection, type Postgres, type PostgresOptions, startPostgres } from './postgres.ts';
export { type PostgresRuntime, prepareRuntime } from './postgres-runtime.ts';
