import type { Generated, JSONColumnType } from 'kysely';
import { sql } from 'kysely';
import type { Migrations } from '../database/index.ts';
import type { Gap } from '../finding/index.ts';
import type { FindingDetail, Suppressed } from './outcome.ts';

export type ScanState = 'waiting' | 'running' | 'done' | 'failed';
/** Why it was scanned: its commit is new, somebody asked, its last scan is old, other tools reported. */
export type ScanCause = 'push' | 'asked' | 'renewed' | 'reported';
export type SeverityCounts = { readonly [severity: string]: number };

export type FindingTables = {
  finding_scan: {
    readonly id: Generated<string>;
    readonly repository_id: string;
    readonly ref: string;
    commit: string;
    /** The branch that it is compared with as it is then; nothing for the default branch, which is scanned as a whole. */
    base_ref: string | null;
    readonly cause: ScanCause;
    state: ScanState;
    attempts: number;
    is_complete: boolean | null;
    gaps: JSONColumnType<readonly Gap[]>;
    notes: JSONColumnType<readonly string[]>;
    files: number;
    opened: number;
    fixed: number;
    error: string | null;
    readonly created_at: Date;
    started_at: Date | null;
    finished_at: Date | null;
  };
  /** What is known of a branch. */
  finding_branch: {
    readonly repository_id: string;
    readonly ref: string;
    scan_id: string;
    commit: string;
    /** The newest report of another tool that is in it. */
    analysis_id: string;
    scanned_at: Date;
  };
  finding_item: {
    readonly id: Generated<string>;
    readonly repository_id: string;
    readonly ref: string;
    readonly fingerprint: string;
    rule: string;
    kind: string;
    severity: string;
    confidence: string;
    title: string;
    message: string;
    file: string;
    line: number;
    rank: number;
    tool: string | null;
    detail: JSONColumnType<FindingDetail>;
    suppressed: JSONColumnType<Suppressed> | null;
    readonly first_seen_at: Date;
    readonly first_commit: string;
    last_seen_at: Date;
    last_commit: string;
    fixed_at: Date | null;
    fixed_commit: string | null;
  };
  /** How a branch stood at the end of a day on which it was scanned. */
  finding_day: {
    readonly repository_id: string;
    readonly ref: string;
    readonly day: string;
    open: JSONColumnType<SeverityCounts>;
    suppressed: number;
    is_complete: boolean;
  };
};

/** `json`, not `jsonb`: no query looks into the values, and what outsiders wrote need not fit. */
const TABLES = [
  `create table finding_scan (
    id bigint generated always as identity primary key,
    repository_id bigint not null,
    ref text not null,
    commit text not null,
    base_ref text,
    cause text not null check (cause in ('push', 'asked', 'renewed', 'reported')),
    state text not null check (state in ('waiting', 'running', 'done', 'failed')),
    attempts int not null,
    is_complete boolean,
    gaps json not null,
    notes json not null,
    files int not null,
    opened int not null,
    fixed int not null,
    error text,
    created_at timestamptz not null,
    started_at timestamptz,
    finished_at timestamptz
  )`,
  'create index finding_scan_repository on finding_scan (repository_id, id desc)',
  // One that waits is enough: it takes the newest commit when its turn comes.
  `create unique index finding_scan_waiting on finding_scan (repository_id, ref) where state = 'waiting'`,
  `create index finding_scan_open on finding_scan (id) where state in ('waiting', 'running')`,
  `create table finding_branch (
    repository_id bigint not null,
    ref text not null,
    scan_id bigint not null,
    commit text not null,
    analysis_id bigint not null,
    scanned_at timestamptz not null,
    primary key (repository_id, ref)
  )`,
  `create table finding_item (
    id bigint generated always as identity primary key,
    repository_id bigint not null,
    ref text not null,
    fingerprint text not null,
    rule text not null,
    kind text not null,
    severity text not null,
    confidence text not null,
    title text not null,
    message text not null,
    file text not null,
    line int not null,
    rank int not null,
    tool text,
    detail json not null,
    suppressed json,
    first_seen_at timestamptz not null,
    first_commit text not null,
    last_seen_at timestamptz not null,
    last_commit text not null,
    fixed_at timestamptz,
    fixed_commit text,
    unique (repository_id, ref, fingerprint)
  )`,
  'create index finding_item_list on finding_item (repository_id, ref, rank, id) where fixed_at is null',
  `create table finding_day (
    repository_id bigint not null,
    ref text not null,
    day date not null,
    open json not null,
    suppressed int not null,
    is_complete boolean not null,
    primary key (repository_id, ref, day)
  )`,
];

export const findingMigrations: Migrations = {
  '0091-finding': {
    async up(db) {
      for (const statement of TABLES) await sql.raw(statement).execute(db);
    },
  },
};
