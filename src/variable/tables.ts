import { sql } from 'kysely';
import type { Migrations } from '../database/index.ts';

export type VariableTables = {
  variable_value: {
    /** 0: of the organisation. */
    readonly repository_id: string;
    readonly name: string;
    value: string;
    updated_at: Date;
  };
};

export const variableMigrations: Migrations = {
  '0050-variable': {
    async up(db) {
      await sql`create table variable_value (
        repository_id bigint not null,
        name text not null,
        value text not null,
        updated_at timestamptz not null
      )`.execute(db);
      await sql`create unique index variable_value_name on variable_value (repository_id, upper(name))`.execute(db);
    },
  },
};
