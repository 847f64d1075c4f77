/**
 * Owns: bytes at rest: content-addressed blobs in files, the database, its transactions and migrations, and the PostgreSQL that
 * comes along.
 * Never: knows what a blob means or who may read it.
 */
export { type BlobStore, COLLECT_GRACE_MS, type StoredBlob } from './blob-store.ts';
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
export { memoryBlobStore } from './memory-blob-store.ts';
export { asStoreFault, type BlobStoreOptions, openBlobStore } from './open-blob-store.ts';
export { type Connection, type Postgres, type PostgresOptions, startPostgres } from './postgres.ts';
export { type PostgresRuntime, prepareRuntime } from './postgres-runtime.ts';
