import type { Generated } from 'kysely';
import { sql } from 'kysely';
import type { Migrations } from '../database/index.ts';
import { type ExternalTables, externalMigrations } from './tables-external.ts';
import { memberMigrations } from './tables-member.ts';
import { type RequestTables, requestMigrations } from './tables-request.ts';
import { type SessionTables, sessionMigrations } from './tables-session.ts';
import type { OrganisationRole, RepositoryRole } from './verbs.ts';

/** `bigint` comes as text from the client; ids stay below 2^53. */
export type IdentityTables = SessionTables &
  RequestTables &
  ExternalTables & {
    identity_user: {
      readonly id: Generated<string>;
      readonly name: string;
      role: OrganisationRole;
      /** A removed one stays, so that neither number nor name is ever somebody else's. */
      removed_at: Date | null;
      /** When somebody from outside is nobody any more; nothing for everybody else. */
      expires_at: Generated<Date | null>;
      readonly created_at: Date;
      /** What an authenticator files their passkeys under. */
      handle: Generated<Buffer | null>;
    };
    identity_team: {
      readonly id: Generated<string>;
      readonly name: string;
      parent_id: string | null;
    };
    identity_team_member: {
      readonly team_id: string;
      readonly user_id: string;
    };
    /** What a person or a team may in one repository: exactly one of both is set. */
    identity_grant: {
      readonly repository_id: string;
      readonly user_id: string | null;
      readonly team_id: string | null;
      role: RepositoryRole;
    };
    identity_token: {
      readonly id: Generated<string>;
      readonly user_id: string;
      readonly name: string;
      /** SHA-256 of the token. The token itself is told once and kept nowhere. */
      readonly hash: Buffer;
      /** Its last characters, for people who look for it. */
      readonly hint: string;
      readonly scopes: string[];
      /** Nothing: every repository that the person may. */
      readonly repositories: string[] | null;
      readonly parent_id: string | null;
      readonly created_at: Date;
      readonly expires_at: Date;
      /** When the person signed in from whom it descends. */
      readonly rooted_at: Date;
      last_used_at: Date | null;
      revoked_at: Date | null;
    };
    /** Ways to sign in that work once. */
    identity_code: {
      readonly id: Generated<string>;
      readonly kind: 'setup' | 'invite';
      readonly hash: Buffer;
      /** Whose; nothing: it makes a new owner. */
      readonly user_id: string | null;
      readonly created_at: Date;
      readonly expires_at: Date;
      used_at: Date | null;
    };
    /** Failed attempts to sign in, by account and by network. */
    identity_attempt: {
      readonly key: string;
      failures: number;
      started_at: Date;
      /** How often it was blocked in a row. */
      blocks: number;
      blocked_until: Date | null;
    };
  };

export const identityMigrations: Migrations = {
  ...sessionMigrations,
  ...requestMigrations,
  ...memberMigrations,
  ...externalMigrations,
  '0010-identity': {
    async up(db) {
      await sql`create table identity_user (
        id bigint generated always as identity primary key,
        name text not null,
        role text not null check (role in ('owner', 'security', 'member', 'auditor')),
        removed_at timestamptz,
        created_at timestamptz not null
      )`.execute(db);
      await sql`create unique index identity_user_name on identity_user (lower(name))`.execute(db);
      await sql`create table identity_team (
        id bigint generated always as identity primary key,
        name text not null,
        parent_id bigint references identity_team (id),
        check (parent_id <> id)
      )`.execute(db);
      await sql`create unique index identity_team_name on identity_team (lower(name))`.execute(db);
      await sql`create table identity_team_member (
        team_id bigint not null references identity_team (id) on delete cascade,
        user_id bigint not null references identity_user (id),
        primary key (user_id, team_id)
      )`.execute(db);
      await sql`create table identity_grant (
        repository_id bigint not null,
        user_id bigint references identity_user (id),
        team_id bigint references identity_team (id) on delete cascade,
        role text not null check (role in ('read', 'write', 'maintain', 'admin')),
        check ((user_id is null) <> (team_id is null))
      )`.execute(db);
      await sql`create unique index identity_grant_user on identity_grant (repository_id, user_id)
        where user_id is not null`.execute(db);
      await sql`create unique index identity_grant_team on identity_grant (repository_id, team_id)
        where team_id is not null`.execute(db);
      await sql`create index identity_grant_of_user on identity_grant (user_id)`.execute(db);
      await sql`create index identity_grant_of_team on identity_grant (team_id)`.execute(db);
    },
  },
  '0011-identity-credentials': {
    async up(db) {
      await sql`create table identity_token (
        id bigint generated always as identity primary key,
        user_id bigint not null references identity_user (id),
        name text not null,
        hash bytea not null unique check (octet_length(hash) = 32),
        hint text not null,
        scopes text[] not null,
        repositories bigint[],
        parent_id bigint references identity_token (id),
        created_at timestamptz not null,
        expires_at timestamptz not null,
        rooted_at timestamptz not null,
        last_used_at timestamptz,
        revoked_at timestamptz,
        check (expires_at > created_at and expires_at <= rooted_at + interval '90 days')
      )`.execute(db);
      await sql`create index identity_token_user on identity_token (user_id)`.execute(db);
      await sql`create index identity_token_parent on identity_token (parent_id)`.execute(db);
      await sql`create table identity_code (
        id bigint generated always as identity primary key,
        kind text not null check (kind in ('setup', 'invite')),
        hash bytea not null unique check (octet_length(hash) = 32),
        user_id bigint references identity_user (id),
        created_at timestamptz not null,
        expires_at timestamptz not null,
        used_at timestamptz
      )`.execute(db);
      await sql`create table identity_attempt (
        key text primary key,
        failures int not null,
        started_at timestamptz not null,
        blocks int not null,
        blocked_until timestamptz
      )`.execute(db);
    },
  },
};
