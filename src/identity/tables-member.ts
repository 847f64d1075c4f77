import { sql } from 'kysely';
import type { Migrations } from '../database/index.ts';

export const memberMigrations: Migrations = {
  '0072-identity-outside': {
    async up(db) {
      await sql`alter table identity_user drop constraint identity_user_role_check`.execute(db);
      await sql`alter table identity_user add constraint identity_user_role_check
        check (role in ('owner', 'security', 'member', 'auditor', 'outside'))`.execute(db);
      await sql`alter table identity_user add column expires_at timestamptz`.execute(db);
      // Somebody from outside is there for a time, and nobody else is.
      await sql`alter table identity_user add check ((role = 'outside') = (expires_at is not null))`.execute(db);
    },
  },
};
