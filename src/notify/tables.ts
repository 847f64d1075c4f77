import type { Generated } from 'kysely';
import { sql } from 'kysely';
import type { Migrations } from '../database/index.ts';

export type NotifyTables = {
  /** A receiver of a repository: of signed messages, or of chat messages. */
  notify_hook: {
    readonly id: Generated<string>;
    readonly repository_id: string;
    readonly kind: 'webhook' | 'chat';
    /** What people see: of a chat only the host, since its whole address is a secret. */
    shown_url: string;
    sealed_url: string;
    sealed_secret: string | null;
    events: string[];
    is_active: boolean;
    /** Why it is off, when nobody turned it off. */
    paused_reason: string | null;
    readonly created_at: Date;
    readonly created_by: string;
  };
  /** What waits to go out, and what went. */
  notify_delivery: {
    readonly id: Generated<string>;
    readonly kind: 'webhook' | 'chat' | 'mail';
    readonly repository_id: string | null;
    readonly hook_id: string | null;
    readonly user_id: string | null;
    /** The same for each try and each replay, so that a receiver can know it again. */
    readonly message_id: string;
    readonly event: string;
    readonly payload: string;
    state: 'waiting' | 'sent' | 'failed';
    attempts: number;
    next_at: Date;
    /** Somebody sends it until then. */
    claimed_until: Date | null;
    last_status: number | null;
    last_error: string | null;
    last_answer: string | null;
    last_ms: number | null;
    readonly created_at: Date;
    done_at: Date | null;
  };
  /** What happened, by a key that is there once: the same cause never tells twice. */
  notify_event: { readonly key: string; readonly created_at: Date };
  /** Where a person wants mail, and of what. */
  notify_contact: {
    readonly user_id: string;
    address: string | null;
    pending_address: string | null;
    code_hash: string | null;
    code_expires_at: Date | null;
    code_tries: number;
    code_sent_at: Date | null;
    own_failures: boolean;
    watched_failures: boolean;
    watched_findings: boolean;
  };
  notify_watch: { readonly user_id: string; readonly repository_id: string };
  notify_repository: { readonly repository_id: string; public_badge: boolean };
};

const TABLES = [
  `create table notify_hook (
    id bigint generated always as identity primary key,
    repository_id bigint not null,
    kind text not null check (kind in ('webhook', 'chat')),
    shown_url text not null,
    sealed_url text not null,
    sealed_secret text,
    events text[] not null,
    is_active boolean not null,
    paused_reason text,
    created_at timestamptz not null,
    created_by text not null
  )`,
  'create index notify_hook_repository on notify_hook (repository_id, id)',
  `create table notify_delivery (
    id bigint generated always as identity primary key,
    kind text not null check (kind in ('webhook', 'chat', 'mail')),
    repository_id bigint,
    hook_id bigint references notify_hook (id) on delete cascade,
    user_id bigint,
    message_id text not null,
    event text not null,
    payload text not null,
    state text not null check (state in ('waiting', 'sent', 'failed')),
    attempts int not null,
    next_at timestamptz not null,
    claimed_until timestamptz,
    last_status int,
    last_error text,
    last_answer text,
    last_ms int,
    created_at timestamptz not null,
    done_at timestamptz,
    check ((hook_id is null) <> (user_id is null))
  )`,
  `create index notify_delivery_due on notify_delivery (next_at) where state = 'waiting'`,
  'create index notify_delivery_hook on notify_delivery (hook_id, id desc)',
  'create index notify_delivery_done on notify_delivery (done_at) where done_at is not null',
  'create table notify_event (key text primary key, created_at timestamptz not null)',
  'create index notify_event_old on notify_event (created_at)',
  `create table notify_contact (
    user_id bigint primary key,
    address text,
    pending_address text,
    code_hash text,
    code_expires_at timestamptz,
    code_tries int not null,
    code_sent_at timestamptz,
    own_failures boolean not null,
    watched_failures boolean not null,
    watched_findings boolean not null
  )`,
  `create table notify_watch (
    user_id bigint not null,
    repository_id bigint not null,
    primary key (repository_id, user_id)
  )`,
  'create table notify_repository (repository_id bigint primary key, public_badge boolean not null)',
];

export const notifyMigrations: Migrations = {
  '0090-notify': {
    async up(db) {
      for (const statement of TABLES) await sql.raw(statement).execute(db);
    },
  },
};
