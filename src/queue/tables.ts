import type { Generated } from 'kysely';
import { sql } from 'kysely';
import type { Migrations } from '../database/index.ts';

/** A job to run, or one to cancel: the payload is the number of its shape, or empty. */
export const QUEUE_CHANNEL = 'queue';
/** Something ended: the payload is the number of the repository. */
export const QUEUE_FINISHED_CHANNEL = 'queue_finished';

/** `bigint` comes as text from the client; these stay below 2^53. */
export type QueueTables = {
  queue_runner: {
    readonly id: Generated<string>;
    readonly name: string;
    readonly labels: string[];
    /** Walls that are hard there, as it says of itself. */
    walls: string[];
    readonly public_key: Buffer;
    readonly ephemeral: boolean;
    capability: string;
    state: 'active' | 'draining' | 'removed';
    readonly created_at: Generated<Date>;
    last_seen_at: Date | null;
  };
  queue_registration: {
    readonly hash: Buffer;
    readonly labels: string[];
    readonly ephemeral: boolean;
    readonly expires_at: Date;
    used_at: Date | null;
  };
  /** What jobs ask of a runner: few, however many jobs there are. */
  queue_shape: {
    readonly id: Generated<string>;
    readonly labels: string[];
    readonly walls: string[];
  };
  /** Waiting and running jobs, and ended ones until the engine has seen their end. */
  queue_job: {
    readonly job_id: string;
    readonly run_id: string;
    readonly repository_id: string;
    readonly shape: string;
    readonly priority: number;
    /** Start tag of fair queueing: jobs of one repository stand behind each other, and beside those of others. */
    readonly turn: string;
    readonly lease: string;
    readonly permissions: string;
    tries: number;
    state: 'queued' | 'leased' | 'finished';
    runner_id: string | null;
    /** SHA-256 of the fencing token. */
    token_hash: Buffer | null;
    job_token_hash: Buffer | null;
    lease_until: Date | null;
    leased_at: Date | null;
    /** Its runner has renewed the lease: only then it starts the job. */
    begun: Generated<boolean>;
    /** The level that the attempt has dropped to. */
    level: string | null;
    cancel: 'none' | 'cancel' | 'force';
    cancel_reason: string | null;
    outcome: string | null;
    lost: boolean;
    log_bytes: string | null;
    readonly queued_at: Generated<Date>;
    finished_at: Date | null;
  };
  /** Who ran what: ended jobs that the engine has seen. */
  queue_history: {
    readonly job_id: string;
    readonly run_id: string;
    readonly repository_id: string;
    readonly runner_id: string | null;
    readonly tries: number;
    readonly conclusion: string;
    readonly lost: boolean;
    readonly log_bytes: string | null;
    readonly queued_at: Date;
    readonly leased_at: Date | null;
    readonly finished_at: Date;
  };
};

export const queueMigrations: Migrations = {
  '0020-queue': {
    async up(db) {
      await sql`create table queue_runner (
        id bigint generated always as identity primary key,
        name text not null,
        labels text[] not null,
        walls text[] not null,
        public_key bytea not null check (octet_length(public_key) = 32),
        ephemeral boolean not null,
        capability jsonb not null,
        state text not null check (state in ('active', 'draining', 'removed')),
        created_at timestamptz not null default now(),
        last_seen_at timestamptz
      )`.execute(db);
      await sql`create unique index queue_runner_name on queue_runner (lower(name)) where state <> 'removed'`.execute(
        db,
      );
      await sql`create table queue_registration (
        hash bytea primary key,
        labels text[] not null,
        ephemeral boolean not null,
        expires_at timestamptz not null,
        used_at timestamptz
      )`.execute(db);
      await sql`create table queue_shape (
        id bigint generated always as identity primary key,
        labels text[] not null,
        walls text[] not null,
        unique (labels, walls)
      )`.execute(db);
      await sql`create table queue_job (
        job_id bigint primary key,
        run_id bigint not null,
        repository_id bigint not null,
        shape bigint not null references queue_shape (id),
        priority int not null,
        turn bigint not null,
        lease jsonb not null,
        retry_when_lost boolean not null,
        permissions jsonb not null,
        tries int not null default 0,
        state text not null check (state in ('queued', 'leased', 'finished')),
        runner_id bigint references queue_runner (id),
        token_hash bytea,
        job_token_hash bytea,
        lease_until timestamptz,
        leased_at timestamptz,
        level text,
        cancel text not null default 'none' check (cancel in ('none', 'cancel', 'force')),
        cancel_reason text,
        outcome jsonb,
        lost boolean not null default false,
        log_bytes bigint,
        queued_at timestamptz not null default now(),
        finished_at timestamptz,
        check ((state = 'leased') <= (runner_id is not null and token_hash is not null and lease_until is not null)),
        check ((state = 'finished') = (outcome is not null))
      ) with (fillfactor = 70)`.execute(db);
      await sql`create index queue_job_queued on queue_job (shape, priority desc, turn, job_id) where state = 'queued'`.execute(
        db,
      );
      await sql`create index queue_job_turn on queue_job (turn) where state = 'queued'`.execute(db);
      await sql`create index queue_job_leased on queue_job (lease_until) where state = 'leased'`.execute(db);
      await sql`create index queue_job_finished on queue_job (repository_id) where state = 'finished'`.execute(db);
      await sql`create index queue_job_repository on queue_job (repository_id, turn)`.execute(db);
      await sql`create unique index queue_job_token on queue_job (job_token_hash) where job_token_hash is not null`.execute(
        db,
      );
      await sql`create table queue_history (
        job_id bigint primary key,
        run_id bigint not null,
        repository_id bigint not null,
        runner_id bigint,
        tries int not null,
        conclusion text not null,
        lost boolean not null,
        log_bytes bigint,
        queued_at timestamptz not null,
        leased_at timestamptz,
        finished_at timestamptz not null
      )`.execute(db);
    },
  },
  '0021-queue-begun': {
    async up(db) {
      await sql`alter table queue_job add column begun boolean not null default false`.execute(db);
    },
  },
  '0022-queue-history': {
    async up(db) {
      await sql`create index queue_history_finished on queue_history (finished_at)`.execute(db);
    },
  },
  // Workflows have no word for it: a job that has begun runs once, and is repeated by a person.
  '0042-queue-once': {
    async up(db) {
      await sql`alter table queue_job drop column retry_when_lost`.execute(db);
    },
  },
};
