import type { Generated } from 'kysely';
import { sql } from 'kysely';
import type { Migrations } from '../database/index.ts';

/** `bigint` comes as text from the client; these stay below 2^53 and are cast where they are read. */
export type AuditlogTables = {
  auditlog_entry: {
    readonly id: Generated<string>;
    /** The leaf: canonical JSON, as it was hashed. */
    readonly body: Buffer;
    /** What `body` has only as salted commitments: erased on request, and the tree stays whole. */
    readonly personal: string | null;
    /** Place in the tree; nothing until the sequencer has integrated it. */
    seq: string | null;
  };
  auditlog_tile: {
    readonly level: number;
    readonly tile: string;
    readonly bytes: Buffer;
  };
  auditlog_checkpoint: {
    readonly size: string;
    /** What is to be signed: fixed before anybody signs. */
    readonly text: string;
    /** The signed note; nothing while it waits for that. */
    note: string | null;
    readonly created_at: Generated<Date>;
  };
  /** How often somebody was refused something lately: no evidence, only what keeps the log from being filled. */
  auditlog_refusal: {
    readonly key: string;
    readonly began_at: Date;
    readonly count: number;
  };
};

export const auditlogMigrations: Migrations = {
  '0001-auditlog': {
    async up(db) {
      await sql`create table auditlog_entry (
        id bigint generated always as identity primary key,
        body bytea not null check (octet_length(body) <= 65535),
        personal jsonb,
        seq bigint unique
      )`.execute(db);
      await sql`create index auditlog_entry_open on auditlog_entry (id) where seq is null`.execute(db);
      await sql`create table auditlog_tile (
        level int not null,
        tile bigint not null,
        bytes bytea not null,
        primary key (level, tile)
      )`.execute(db);
      await sql`create table auditlog_checkpoint (
        size bigint primary key,
        note text not null,
        created_at timestamptz not null default now()
      )`.execute(db);
    },
  },
  '0041-auditlog-refusal': {
    async up(db) {
      await sql`create table auditlog_refusal (
        key text primary key,
        began_at timestamptz not null,
        count int not null
      )`.execute(db);
      await sql`create index auditlog_refusal_began on auditlog_refusal (began_at)`.execute(db);
    },
  },
  '0009-auditlog-pending': {
    async up(db) {
      await sql`alter table auditlog_checkpoint add column text text`.execute(db);
      await sql`update auditlog_checkpoint set text = split_part(note, E'\\n\\n', 1) || E'\\n'`.execute(db);
      await sql`alter table auditlog_checkpoint alter column text set not null, alter column note drop not null`.execute(
        db,
      );
    },
  },
};
