import { sql } from 'kysely';
import type { Migrations } from '../database/index.ts';

export type ApiTables = {
  /** Requests that were made with an Idempotency-Key, and what was answered. */
  api_idempotency: {
    readonly principal: string;
    readonly key: string;
    /** Of method, path and body: the same key is for the same request only. */
    readonly fingerprint: Buffer;
    readonly created_at: Date;
    /** Nothing while it runs. */
    status: number | null;
    /** Nothing when it held a secret. */
    body: string | null;
  };
};

export const apiMigrations: Migrations = {
  '0055-api': {
    async up(db) {
      await sql`create table api_idempotency (
        principal text not null,
        key text not null,
        fingerprint bytea not null,
        created_at timestamptz not null,
        status int,
        body text,
        primary key (principal, key)
      )`.execute(db);
      await sql`create index api_idempotency_created on api_idempotency (created_at)`.execute(db);
    },
  },
};
