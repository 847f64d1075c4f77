import { type Generated, sql } from 'kysely';
import type { TrustLevel } from '../base/index.ts';
import type { Migrations } from '../database/index.ts';

/** Sizes and ids are bigints: text here. `repository` is what the scope of a job calls its repository. */
export type ResultsTables = {
  results_artifact: {
    readonly id: Generated<string>;
    readonly repository: string;
    readonly run_id: string;
    readonly attempt: number;
    readonly job_id: string;
    readonly name: string;
    readonly bytes: string;
    readonly digest: string;
    readonly mime_type: string;
    readonly level: TrustLevel;
    readonly created_at: Date;
    readonly expires_at: Date;
  };
  results_cache: {
    readonly id: Generated<string>;
    readonly repository: string;
    readonly ref: string;
    readonly level: TrustLevel;
    readonly key: string;
    readonly version: string;
    readonly bytes: string;
    readonly digest: string;
    readonly created_at: Date;
    used_at: Date;
  };
};

export const resultsMigrations: Migrations = {
  '0040-results': {
    async up(db) {
      await sql`create table results_artifact (
        id bigint generated always as identity primary key,
        repository text not null,
        run_id bigint not null,
        attempt integer not null,
        job_id bigint not null,
        name text not null,
        bytes bigint not null,
        digest text not null,
        mime_type text not null,
        level text not null,
        created_at timestamptz not null,
        expires_at timestamptz not null,
        unique (run_id, repository, attempt, name)
      )`.execute(db);
      await sql`create index results_artifact_level on results_artifact (repository, level, created_at)`.execute(db);
      await sql`create index results_artifact_end on results_artifact (expires_at)`.execute(db);
      await sql`create table results_cache (
        id bigint generated always as identity primary key,
        repository text not null,
        ref text not null,
        level text not null,
        key text not null,
        version text not null,
        bytes bigint not null,
        digest text not null,
        created_at timestamptz not null,
        used_at timestamptz not null,
        unique (repository, version, ref, level, key)
      )`.execute(db);
      await sql`create index results_cache_level on results_cache (repository, level, used_at)`.execute(db);
      await sql`create index results_cache_use on results_cache (used_at)`.execute(db);
    },
  },
};
