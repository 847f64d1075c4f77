import type { Generated } from 'kysely';
import { sql } from 'kysely';
import type { Migrations } from '../database/index.ts';

/** Acts that one person does not do alone. */
export const REQUEST_KINDS = ['member.owner', 'repository.delete'] as const;
export type RequestKind = (typeof REQUEST_KINDS)[number];
export const REQUEST_STATES = ['open', 'running', 'done', 'failed', 'cancelled', 'expired'] as const;
export type RequestState = (typeof REQUEST_STATES)[number];

export type RequestTables = {
  identity_request: {
    readonly id: Generated<string>;
    readonly kind: RequestKind;
    /** Of the person or the repository that it is about. */
    readonly object_id: string;
    /** What it was called when it was asked. */
    readonly object_name: string;
    readonly requested_by: string;
    readonly requested_at: Date;
    /** Nobody else can confirm it: it is done by itself then, when nobody cancels it. */
    readonly due_at: Date | null;
    readonly expires_at: Date;
    state: RequestState;
    decided_by: string | null;
    decided_at: Date | null;
    reason: string | null;
  };
};

export const requestMigrations: Migrations = {
  '0071-identity-request': {
    async up(db) {
      await sql`create table identity_request (
        id bigint generated always as identity primary key,
        kind text not null check (kind in ('member.owner', 'repository.delete')),
        object_id bigint not null,
        object_name text not null,
        requested_by bigint not null references identity_user (id),
        requested_at timestamptz not null,
        due_at timestamptz,
        expires_at timestamptz not null,
        state text not null check (state in ('open', 'running', 'done', 'failed', 'cancelled', 'expired')),
        decided_by bigint references identity_user (id),
        decided_at timestamptz,
        reason text,
        check (due_at is null or due_at >= requested_at + interval '24 hours'),
        check (decided_by is null or state = 'cancelled' or decided_by <> requested_by)
      )`.execute(db);
      await sql`create unique index identity_request_open on identity_request (kind, object_id)
        where state in ('open', 'running')`.execute(db);
    },
  },
};
