import type { Generated } from 'kysely';
import { sql } from 'kysely';
import type { Migrations } from '../database/index.ts';

export type ExternalTables = {
  /** Who a person is at a provider. Nothing else links them: no name and no address of mail. */
  identity_external: {
    readonly issuer: string;
    readonly subject: string;
    readonly user_id: string;
    readonly created_at: Date;
  };
  /** A way to the provider and back, once. */
  identity_oidc: {
    readonly id: Generated<string>;
    readonly state_hash: Buffer;
    /** SHA-256 of what the cookie of the browser holds that began it. */
    readonly browser_hash: Buffer;
    readonly nonce: string;
    readonly verifier: string;
    readonly return_to: string;
    /** Who wants to be linked; nothing: somebody signs in. */
    readonly user_id: string | null;
    readonly expires_at: Date;
    used_at: Date | null;
  };
};

export const externalMigrations: Migrations = {
  '0073-identity-external': {
    async up(db) {
      await sql`create table identity_external (
        issuer text not null,
        subject text not null,
        user_id bigint not null references identity_user (id),
        created_at timestamptz not null,
        primary key (issuer, subject)
      )`.execute(db);
      await sql`create unique index identity_external_user on identity_external (user_id, issuer)`.execute(db);
      await sql`create table identity_oidc (
        id bigint generated always as identity primary key,
        state_hash bytea not null unique check (octet_length(state_hash) = 32),
        browser_hash bytea not null check (octet_length(browser_hash) = 32),
        nonce text not null,
        verifier text not null,
        return_to text not null,
        user_id bigint references identity_user (id),
        expires_at timestamptz not null,
        used_at timestamptz
      )`.execute(db);
    },
  },
};
