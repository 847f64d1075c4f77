import type { Generated, JSONColumnType } from 'kysely';
import { sql } from 'kysely';
import type { DataObject, Taint, TrustLevel } from '../base/index.ts';
import type { Migrations } from '../database/index.ts';
import type { Act, EarlierJob, EngineEvent } from '../engine/index.ts';
import type { Event } from '../event/index.ts';
import type { Plan } from '../plan/index.ts';
import type { Conclusion } from '../protocol/index.ts';
import type { Diagnostic } from '../workflow/index.ts';

/** Outcomes of the attempt before. With `only` nothing but that job and what needs it runs again. */
export type Reuse = { readonly jobs: readonly EarlierJob[]; readonly only?: string };

/**
 * Written as text by us, read as a value. `json`, not `jsonb`: what outsiders wrote may hold NUL, which `jsonb` refuses, and
 * which every look of PostgreSQL into the value stumbles over: no query does.
 */
type Json<Value extends object> = JSONColumnType<Value>;

/** `bigint` comes as text from the client; ids stay below 2^53. */
export type RunTables = {
  run_run: {
    readonly id: string;
    readonly repository_id: string;
    readonly run_number: string;
    readonly workflow_path: string;
    readonly workflow_name: string;
    readonly run_name: string;
    readonly event: string;
    readonly ref: string;
    readonly sha: string;
    /** Who caused it, as authenticated. */
    readonly actor_type: string;
    readonly actor_id: string;
    readonly actor_login: string;
    /** The ceiling of its jobs. */
    readonly level: TrustLevel;
    /** The lowest that it ended at. */
    end_level: TrustLevel | null;
    readonly taints: Json<readonly Taint[]>;
    readonly notes: Json<readonly string[]>;
    /** Why nothing of it ran. */
    readonly diagnostics: Json<readonly Diagnostic[]>;
    state: 'waiting' | 'running' | 'done';
    conclusion: Conclusion | null;
    /** The newest. */
    attempt: number;
    /** What it was made of: the same cause never makes two. */
    readonly cause: string | null;
    /** Runs that caused each other before this one. */
    readonly chain_depth: number;
    readonly created_at: Date;
    started_at: Date | null;
    finished_at: Date | null;
    /** `workflow_run` was looked at: that it was asked for, that it began, and that it ended. */
    requested_followed: boolean;
    completed_followed: boolean;
    progress_followed: Generated<boolean>;
    /** Its logs and what happened in it were too old, and are gone. */
    logs_removed_at: Date | null;
  };
  /** What an attempt began with. Never changed but for its end. */
  run_attempt: {
    readonly run_id: string;
    readonly attempt: number;
    readonly actor_type: string;
    readonly actor_id: string;
    readonly actor_login: string;
    readonly plan: Json<Plan>;
    readonly plan_digest: string;
    readonly event: Json<Event>;
    readonly github: Json<DataObject>;
    readonly vars: Json<DataObject>;
    /** What is taken over from the attempt before. */
    readonly reuse: Json<Reuse>;
    readonly started_at: Date;
    finished_at: Date | null;
    conclusion: Conclusion | null;
  };
  /** Each act of the engine, in order, by repository. From it the state is built again. */
  run_journal: {
    readonly repository_id: string;
    readonly seq: string;
    readonly run_id: string;
    readonly attempt: number;
    readonly next_order: string;
    readonly act: Json<Act>;
  };
  run_job: {
    readonly run_id: string;
    readonly attempt: number;
    readonly key: string;
    readonly name: string;
    /** Without what a matrix adds; nothing until it is expanded. */
    definition: string | null;
    readonly needs: Json<readonly string[]>;
    state: 'waiting' | 'queued' | 'running' | 'done';
    conclusion: Conclusion | null;
    reason: string | null;
    level: TrustLevel | null;
    taints: JSONColumnType<readonly Taint[]> | null;
    outputs: JSONColumnType<{ [name: string]: string }> | null;
    influenced_outputs: JSONColumnType<readonly string[]> | null;
    readonly job_id: Generated<string>;
    queued_at: Date | null;
    started_at: Date | null;
    finished_at: Date | null;
    readonly place: Generated<string>;
  };
  run_event: {
    readonly run_id: string;
    readonly seq: string;
    readonly attempt: number;
    readonly kind: EngineEvent['kind'];
    readonly event: Json<EngineEvent>;
  };
  run_number: { readonly repository_id: string; readonly workflow_path: string; last: string };
  run_schedule: {
    readonly repository_id: string;
    readonly workflow_path: string;
    readonly cron: string;
    /** An IANA name. */
    readonly timezone: string;
    readonly actor_type: string;
    readonly actor_id: string;
    next_at: Date;
  };
};

const TABLES = [
  'create sequence run_id_seq as bigint',
  'create sequence run_job_id_seq as bigint',
  `create table run_run (
    id bigint primary key,
    repository_id bigint not null,
    run_number bigint not null,
    workflow_path text not null,
    workflow_name text not null,
    run_name text not null,
    event text not null,
    ref text not null,
    sha text not null,
    actor_type text not null,
    actor_id text not null,
    actor_login text not null,
    level text not null,
    end_level text,
    taints json not null,
    notes json not null,
    diagnostics json not null,
    state text not null check (state in ('waiting', 'running', 'done')),
    conclusion text,
    attempt int not null,
    cause text unique,
    chain_depth int not null,
    created_at timestamptz not null,
    started_at timestamptz,
    finished_at timestamptz,
    requested_followed boolean not null,
    completed_followed boolean not null,
    unique (repository_id, workflow_path, run_number),
    check ((state = 'done') = (conclusion is not null))
  )`,
  'create index run_run_list on run_run (repository_id, id desc)',
  'create index run_run_workflow on run_run (repository_id, workflow_path, id desc)',
  'create index run_run_ref on run_run (repository_id, ref, id desc)',
  'create index run_run_sha on run_run (repository_id, sha, id desc)',
  'create index run_run_event on run_run (repository_id, event, id desc)',
  `create index run_run_open on run_run (repository_id, id) where state <> 'done'`,
  `create index run_run_follow on run_run (repository_id, id)
    where not requested_followed or (state = 'done' and not completed_followed)`,
  `create table run_attempt (
    run_id bigint not null references run_run (id) on delete cascade,
    attempt int not null,
    actor_type text not null,
    actor_id text not null,
    actor_login text not null,
    plan json not null,
    plan_digest text not null,
    event json not null,
    github json not null,
    vars json not null,
    reuse json not null,
    started_at timestamptz not null,
    finished_at timestamptz,
    conclusion text,
    primary key (run_id, attempt)
  )`,
  `create table run_journal (
    repository_id bigint not null,
    seq bigint not null,
    run_id bigint not null references run_run (id) on delete cascade,
    attempt int not null,
    next_order bigint not null,
    act json not null,
    primary key (repository_id, seq)
  )`,
  'create index run_journal_run on run_journal (run_id, attempt, seq)',
  `create table run_job (
    run_id bigint not null references run_run (id) on delete cascade,
    attempt int not null,
    key text not null,
    name text not null,
    definition text,
    needs json not null,
    state text not null check (state in ('waiting', 'queued', 'running', 'done')),
    conclusion text,
    reason text,
    level text,
    taints json,
    outputs json,
    influenced_outputs json,
    job_id bigint not null unique default nextval('run_job_id_seq'),
    queued_at timestamptz,
    started_at timestamptz,
    finished_at timestamptz,
    place bigint generated always as identity,
    primary key (run_id, attempt, key)
  )`,
  `create table run_event (
    run_id bigint not null references run_run (id) on delete cascade,
    seq bigint not null,
    attempt int not null,
    kind text not null,
    event json not null,
    primary key (run_id, seq)
  )`,
  `create table run_number (
    repository_id bigint not null,
    workflow_path text not null,
    last bigint not null,
    primary key (repository_id, workflow_path)
  )`,
  `create table run_schedule (
    repository_id bigint not null,
    workflow_path text not null,
    cron text not null,
    timezone text not null,
    actor_type text not null,
    actor_id text not null,
    next_at timestamptz not null,
    primary key (repository_id, workflow_path, cron, timezone)
  )`,
  'create index run_schedule_next on run_schedule (next_at)',
];

export const runMigrations: Migrations = {
  '0030-run': {
    async up(db) {
      for (const statement of TABLES) await sql.raw(statement).execute(db);
    },
  },
  '0031-run-retention': {
    async up(db) {
      await sql`alter table run_run add column logs_removed_at timestamptz`.execute(db);
      await sql`create index run_run_kept on run_run (finished_at) where logs_removed_at is null and state = 'done'`.execute(
        db,
      );
    },
  },
  '0085-run-in-progress': {
    async up(db) {
      // Of runs that were there before nothing is told afterwards.
      await sql`alter table run_run add column progress_followed boolean not null default true`.execute(db);
      await sql`drop index run_run_follow`.execute(db);
      await sql`create index run_run_follow on run_run (repository_id, id)
        where not requested_followed or (state <> 'waiting' and not progress_followed)
          or (state = 'done' and not completed_followed)`.execute(db);
    },
  },
};
