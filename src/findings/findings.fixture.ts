import { createHash, randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { silentLog } from '../base/index.ts';
import { checkMigrations } from '../check/index.ts';
import type { Database } from '../database/index.ts';
import type { TestPostgres } from '../database/postgres.fixture.ts';
import type { GapCode } from '../finding/index.ts';
import { IDENTITY_MIGRATIONS, type People, peopleIn } from '../identity/identity.fixture.ts';
import { repoMigrations } from '../repo/index.ts';
import { findingMigrations, type ScannedFinding, type ScanOutcome, startScans, type WantedScan } from './index.ts';
import type { OpenedFindings } from './record.ts';
import type { FindingTables } from './tables.ts';

const QUIET_MS_MAX = 8000;

export type FindingsFixture = AsyncDisposable & {
  readonly db: Database;
  readonly people: People;
  readonly repositoryId: number;
  readonly place: { readonly repositoryId: number; readonly ref: string };
  readonly scanned: WantedScan[];
  readonly changes: OpenedFindings[];
  /** Moves the default branch to a new commit. */
  push(): Promise<string>;
  /** What scans find from now on. */
  answer(outcome: Partial<ScanOutcome> | 'fail'): void;
  /** Until nothing is left to scan. */
  idle(): Promise<void>;
};

/** The tables of findings with one repository, and scans whose outcome the test says. */
export async function openFindings(postgres: TestPostgres): Promise<FindingsFixture> {
  const db = await postgres.database({
    ...IDENTITY_MIGRATIONS,
    ...repoMigrations,
    ...checkMigrations,
    ...findingMigrations,
  });
  const people = peopleIn(db);
  await people.owner();
  const { rows } = await sql<{ id: string }>`
    insert into repo_repository (owner, name, default_branch, state) values ('acme', 'web', 'main', 'active')
    returning id`.execute(db.as());
  const repositoryId = Number(rows[0]?.id);
  const scannedOnes: WantedScan[] = [];
  const changes: OpenedFindings[] = [];
  let outcome: Partial<ScanOutcome> | 'fail' = {};
  return {
    db,
    people,
    repositoryId,
    place: { repositoryId, ref: 'refs/heads/main' },
    scanned: scannedOnes,
    changes,
    async push() {
      const oid = randomBytes(20).toString('hex');
      await sql`insert into repo_ref (repository_id, name, oid) values (${repositoryId}, 'refs/heads/main', ${oid})
        on conflict (repository_id, name) do update set oid = excluded.oid`.execute(db.as());
      return oid;
    },
    answer: (next) => {
      outcome = next;
    },
    async idle() {
      const scans = await startScans({
        db,
        now: () => people.now(),
        random: (bytes) => people.random(bytes),
        log: silentLog,
        lookMs: 5,
        scan: async (wanted) => {
          scannedOnes.push(wanted);
          if (outcome === 'fail') throw new Error('it went wrong');
          const { rows: newest } = await sql<{ id: string | null }>`
            select max(id) as id from check_analysis where repository_id = ${repositoryId}`.execute(db.as());
          return {
            outcome: { findings: [], gaps: [], notes: [], files: 1, ...outcome },
            analysisId: Number(newest[0]?.id ?? 0),
          };
        },
        onChange: async (_tx, change) => void changes.push(change),
      });
      const end = performance.now() + QUIET_MS_MAX;
      for (let quiet = 0; quiet < 3 && performance.now() < end; ) {
        await new Promise((done) => setTimeout(done, 40));
        const { count } = await db
          .as<FindingTables>()
          .selectFrom('finding_scan')
          .select((all) => all.fn.countAll<string>().as('count'))
          .where('state', 'in', ['waiting', 'running'])
          .executeTakeFirstOrThrow();
        quiet = Number(count) === 0 ? quiet + 1 : 0;
      }
      await scans.close();
    },
    async [Symbol.asyncDispose]() {},
  };
}

type Change = {
  readonly file?: string;
  readonly line?: number;
  readonly severity?: ScannedFinding['severity'];
  readonly kind?: ScannedFinding['kind'];
  readonly rank?: number;
};

/** A finding as the process that scans tells it. */
export function scanned(title: string, change: Change = {}): ScannedFinding {
  const { file = 'a.js', line = 1, severity = 'high', kind = 'code', rank = 1000 } = change;
  return {
    fingerprint: createHash('sha256').update(title).digest('hex').slice(0, 32),
    rule: 'rule',
    kind,
    severity,
    confidence: 'high',
    title,
    message: `${title} is wrong`,
    rank,
    detail: {
      place: { file, line, column: 1, endLine: line, endColumn: 2 },
      evidence: 'x',
      trace: [],
      priority: 'high severity',
      fix: { kind: 'none', title: 'no safe fix' },
      page: 'docs/rules/code/rule.md',
    },
  };
}

export const gap = (code: GapCode, file?: string) => ({
  code,
  reason: 'not read',
  ...(file === undefined ? {} : { file }),
});
