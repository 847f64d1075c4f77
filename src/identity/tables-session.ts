import type { Generated } from 'kysely';
import { sql } from 'kysely';
import type { Migrations } from '../database/index.ts';

/** How somebody signed in. */
export const SIGN_IN_METHODS = ['passkey', 'recovery', 'oidc'] as const;
export type SignInMethod = (typeof SIGN_IN_METHODS)[number];

export type SessionTables = {
  identity_session: {
    readonly id: Generated<string>;
    readonly user_id: string;
    /** SHA-256 of what the cookie holds. */
    hash: Buffer;
    readonly method: SignInMethod;
    /** Browser and system, without versions: `Firefox on Linux`. Another one has stolen the cookie. */
    readonly agent: string;
    /** Part of the address: a session does not move to another network. */
    readonly network: string;
    readonly created_at: Date;
    readonly expires_at: Date;
    last_used_at: Date;
    /** What the cookie is to hold from now on, until a browser shows it. */
    next_hash: Generated<Buffer | null>;
    next_at: Generated<Date | null>;
    /** What it held before: requests that were on their way still show it. */
    previous_hash: Generated<Buffer | null>;
    rotated_at: Generated<Date | null>;
    /** From where it was refused last, so that an attempt is recorded once and not at every request. */
    refused_network: string | null;
    ended_at: Date | null;
  };
  identity_passkey: {
    readonly id: Generated<string>;
    readonly user_id: string;
    readonly credential: Buffer;
    /** COSE_Key. */
    readonly public_key: Buffer;
    counter: string;
    readonly transports: string[];
    name: string;
    /** Whether a provider keeps copies of it on several devices. */
    readonly synced: boolean;
    readonly created_at: Date;
    last_used_at: Date | null;
    removed_at: Date | null;
  };
  /** What an authenticator was asked to sign. Each is answered once. */
  identity_challenge: {
    readonly id: Generated<string>;
    readonly purpose: ChallengePurpose;
    readonly hash: Buffer;
    readonly user_id: string | null;
    readonly session_id: string | null;
    /** What it is about, in canonical JSON. */
    readonly subject: string | null;
    readonly created_at: Date;
    readonly expires_at: Date;
    used_at: Date | null;
  };
  /** Approvals by passkey, kept as evidence: whoever has the public key verifies them again. */
  identity_approval: {
    readonly id: Generated<string>;
    readonly user_id: string;
    readonly passkey_id: string;
    readonly subject: string;
    readonly authenticator_data: Buffer;
    readonly client_data: Buffer;
    readonly signature: Buffer;
    readonly created_at: Date;
  };
  identity_recovery: {
    readonly id: Generated<string>;
    readonly user_id: string;
    readonly hash: Buffer;
    readonly created_at: Date;
    used_at: Date | null;
  };
};

export type ChallengePurpose = 'register' | 'sign-in' | 'approve';

export const sessionMigrations: Migrations = {
  '0070-identity-session': {
    async up(db) {
      await sql`create table identity_session (
        id bigint generated always as identity primary key,
        user_id bigint not null references identity_user (id),
        hash bytea not null unique check (octet_length(hash) = 32),
        method text not null check (method in ('passkey', 'recovery', 'oidc')),
        agent text not null,
        network text not null,
        created_at timestamptz not null,
        expires_at timestamptz not null,
        last_used_at timestamptz not null,
        refused_network text,
        ended_at timestamptz,
        check (expires_at <= created_at + interval '7 days')
      )`.execute(db);
      await sql`create index identity_session_user on identity_session (user_id)`.execute(db);
      // What an authenticator files a passkey under: random, so that two installations on one host name do not replace each other's.
      await sql`alter table identity_user add column handle bytea unique check (octet_length(handle) = 32)`.execute(db);
      await sql`create table identity_passkey (
        id bigint generated always as identity primary key,
        user_id bigint not null references identity_user (id),
        credential bytea not null unique check (octet_length(credential) between 1 and 1023),
        public_key bytea not null,
        counter bigint not null,
        transports text[] not null,
        name text not null,
        synced boolean not null,
        created_at timestamptz not null,
        last_used_at timestamptz,
        removed_at timestamptz
      )`.execute(db);
      await sql`create index identity_passkey_user on identity_passkey (user_id)`.execute(db);
      await sql`create table identity_challenge (
        id bigint generated always as identity primary key,
        purpose text not null check (purpose in ('register', 'sign-in', 'approve')),
        hash bytea not null unique check (octet_length(hash) = 32),
        user_id bigint references identity_user (id),
        session_id bigint references identity_session (id),
        subject text,
        created_at timestamptz not null,
        expires_at timestamptz not null,
        used_at timestamptz
      )`.execute(db);
      await sql`create index identity_challenge_expires on identity_challenge (expires_at)`.execute(db);
      await sql`create table identity_approval (
        id bigint generated always as identity primary key,
        user_id bigint not null references identity_user (id),
        passkey_id bigint not null references identity_passkey (id),
        subject text not null,
        authenticator_data bytea not null,
        client_data bytea not null,
        signature bytea not null,
        created_at timestamptz not null
      )`.execute(db);
      await sql`create table identity_recovery (
        id bigint generated always as identity primary key,
        user_id bigint not null references identity_user (id),
        hash bytea not null unique check (octet_length(hash) = 32),
        created_at timestamptz not null,
        used_at timestamptz
      )`.execute(db);
      await sql`create index identity_recovery_user on identity_recovery (user_id)`.execute(db);
    },
  },
  '0074-identity-rotation': {
    async up(db) {
      await sql`alter table identity_session
        add column next_hash bytea unique check (octet_length(next_hash) = 32),
        add column next_at timestamptz,
        add column previous_hash bytea unique check (octet_length(previous_hash) = 32),
        add column rotated_at timestamptz`.execute(db);
    },
  },
};
