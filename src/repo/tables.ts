import type { Generated } from 'kysely';
import { sql } from 'kysely';
import type { Migrations } from '../database/index.ts';

export type RepositoryState = 'importing' | 'active' | 'archived' | 'stopped' | 'deleted';

/** `bigint` comes as text from the client; ids stay below 2^53. */
export type RepoTables = {
  repo_repository: {
    readonly id: Generated<string>;
    owner: string;
    name: string;
    default_branch: string;
    state: RepositoryState;
    /** What disagrees, while the repository is stopped, and the state that it comes back to. */
    stopped_reason: string | null;
    stopped_state: RepositoryState | null;
    /** Until it is purged what was deleted can come back, into this state. */
    deleted_at: Date | null;
    deleted_state: RepositoryState | null;
    purged_at: Date | null;
    /** When unreachable objects were taken away last. */
    pruned_at: Generated<Date | null>;
    readonly created_at: Generated<Date>;
  };
  /** Where each ref is, as the audit log tells it. */
  repo_ref: {
    readonly repository_id: string;
    readonly name: string;
    oid: string;
  };
  /** Every move of a ref: prepared before git moves it, then moved or aborted. */
  repo_ref_change: {
    readonly id: Generated<string>;
    readonly repository_id: string;
    /** What one push or import moved. */
    readonly push: string;
    readonly ref: string;
    readonly old_oid: string;
    readonly new_oid: string;
    readonly is_forced: boolean;
    /** Past review, to the default branch, by the setting for it. */
    readonly is_direct: boolean;
    readonly cause: 'push' | 'import';
    readonly actor_type: string;
    readonly actor_id: string;
    state: 'prepared' | 'moved' | 'aborted';
    readonly prepared_at: Generated<Date>;
    settled_at: Date | null;
    consumed_at: Date | null;
  };
};

export const repoMigrations: Migrations = {
  '0002-repo': {
    async up(db) {
      await sql`create table repo_repository (
        id bigint generated always as identity primary key,
        owner text not null,
        name text not null,
        default_branch text not null,
        state text not null check (state in ('importing', 'active', 'archived', 'stopped', 'deleted')),
        stopped_reason text,
        stopped_state text,
        created_at timestamptz not null default now(),
        check ((state = 'stopped') = (stopped_state is not null))
      )`.execute(db);
      await sql`create unique index repo_repository_name on repo_repository (lower(owner), lower(name))
        where state <> 'deleted'`.execute(db);
      await sql`create table repo_ref (
        repository_id bigint not null references repo_repository (id),
        name text not null,
        oid text not null check (oid ~ '^[0-9a-f]{40}$'),
        primary key (repository_id, name)
      )`.execute(db);
      await sql`create table repo_ref_change (
        id bigint generated always as identity primary key,
        repository_id bigint not null references repo_repository (id),
        push text not null,
        ref text not null,
        old_oid text not null,
        new_oid text not null,
        is_forced boolean not null,
        is_direct boolean not null,
        cause text not null check (cause in ('push', 'import')),
        actor_type text not null,
        actor_id text not null,
        state text not null check (state in ('prepared', 'moved', 'aborted')),
        prepared_at timestamptz not null default now(),
        settled_at timestamptz,
        consumed_at timestamptz,
        check (old_oid <> new_oid),
        check ((state = 'prepared') = (settled_at is null))
      )`.execute(db);
      // At most one move of a ref is in doubt: git holds the lock of the ref.
      await sql`create unique index repo_ref_change_prepared on repo_ref_change (repository_id, ref)
        where state = 'prepared'`.execute(db);
      await sql`create index repo_ref_change_open on repo_ref_change (id)
        where state = 'moved' and consumed_at is null`.execute(db);
      await sql`create index repo_ref_change_push on repo_ref_change (push)`.execute(db);
    },
  },
  '0060-repo-deletion': {
    async up(db) {
      await sql`alter table repo_repository
        add column deleted_at timestamptz,
        add column deleted_state text check (deleted_state in ('active', 'archived')),
        add column purged_at timestamptz,
        add column pruned_at timestamptz`.execute(db);
      // What was deleted before is gone.
      await sql`update repo_repository set deleted_at = now(), purged_at = now() where state = 'deleted'`.execute(db);
      await sql`alter table repo_repository add check ((state = 'deleted') = (deleted_at is not null))`.execute(db);
      await sql`create index repo_repository_deleted on repo_repository (deleted_at)
        where state = 'deleted' and purged_at is null`.execute(db);
    },
  },
};
