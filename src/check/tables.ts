import type { Generated } from 'kysely';
import { sql } from 'kysely';
import type { Data } from '../base/index.ts';
import type { Migrations } from '../database/index.ts';

export type CheckTables = {
  /** What somebody said of a commit, never changed: a later word in the same context counts. */
  check_status: {
    readonly id: Generated<string>;
    readonly repository_id: string;
    readonly commit: string;
    readonly context: string;
    readonly state: 'error' | 'failure' | 'pending' | 'success';
    readonly description: string | null;
    readonly target_url: string | null;
    readonly actor_type: string;
    readonly actor_id: string;
    readonly created_at: Date;
  };
  check_run: {
    readonly id: Generated<string>;
    readonly repository_id: string;
    readonly commit: string;
    readonly actor_type: string;
    readonly actor_id: string;
    readonly created_at: Date;
    updated_at: Date;
    /** Name, status, conclusion, output: as it was told last. */
    body: Data;
  };
  /** A report of findings as it came. */
  check_analysis: {
    readonly id: Generated<string>;
    readonly repository_id: string;
    readonly commit: string;
    readonly ref: string;
    readonly tool: string;
    readonly results: number;
    readonly sarif: Buffer;
    readonly actor_type: string;
    readonly actor_id: string;
    readonly created_at: Date;
  };
};

export const checkMigrations: Migrations = {
  '0052-check': {
    async up(db) {
      await sql`create table check_status (
        id bigint generated always as identity primary key,
        repository_id bigint not null,
        commit text not null,
        context text not null,
        state text not null check (state in ('error', 'failure', 'pending', 'success')),
        description text,
        target_url text,
        actor_type text not null,
        actor_id text not null,
        created_at timestamptz not null
      )`.execute(db);
      await sql`create index check_status_commit on check_status (repository_id, commit, id)`.execute(db);
      await sql`create table check_run (
        id bigint generated always as identity primary key,
        repository_id bigint not null,
        commit text not null,
        actor_type text not null,
        actor_id text not null,
        created_at timestamptz not null,
        updated_at timestamptz not null,
        body jsonb not null
      )`.execute(db);
      await sql`create index check_run_commit on check_run (repository_id, commit, id)`.execute(db);
      await sql`create table check_analysis (
        id bigint generated always as identity primary key,
        repository_id bigint not null,
        commit text not null,
        ref text not null,
        tool text not null,
        results int not null,
        sarif bytea not null,
        actor_type text not null,
        actor_id text not null,
        created_at timestamptz not null
      )`.execute(db);
      await sql`create index check_analysis_repository on check_analysis (repository_id, id)`.execute(db);
    },
  },
};
