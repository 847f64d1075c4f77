import { createHash } from 'node:crypto';
import { silentLog } from '../../src/base/index.ts';
import { type ScannedFinding, type ScanOutcome, startScans } from '../../src/findings/index.ts';
import { sql } from 'kysely';
import type { People } from '../../src/identity/identity.fixture.ts';

/** A text that does something wherever it is taken for markup. */
export const HOSTILE = `"><img src=x onerror="globalThis.hit=1"><script>globalThis.hit=1</script>\u202e`;
const DAY_MS = 86_400_000;

const finding = (name: string, more: Partial<ScannedFinding> & { readonly file?: string } = {}): ScannedFinding => {
  const { file = 'src/app.js', ...rest } = more;
  const place = { file, line: 12, column: 3, endLine: 12, endColumn: 20 };
  return {
    fingerprint: createHash('sha256').update(name).digest('hex').slice(0, 32),
    rule: 'code/sql-injection',
    kind: 'code',
    severity: 'high',
    confidence: 'high',
    title: `SQL that holds what a request sent (${name})`,
    message: 'The value of the parameter `id` reaches the text of a query.',
    rank: 1000,
    detail: {
      cwe: 89,
      place,
      evidence: 'db.query("select " + id)',
      trace: [
        { place: { ...place, line: 4 }, message: 'the request brings it in' },
        { place: { ...place, line: 9, file: 'src/query.js' }, message: 'it becomes part of a text' },
        { place, message: 'the database reads it as a query' },
      ],
      priority: 'high severity, high confidence',
      fix: {
        kind: 'edit',
        title: 'Give the value as a parameter',
        change: {
          line: 12,
          removed: ['db.query("select * from t where id = " + id)'],
          added: ['db.query("select * from t where id = $1", [id])'],
        },
      },
      page: 'docs/rules/code/sql-injection.md',
      line: 'db.query("select * from t where id = " + id)',
    },
    ...rest,
  };
};

/** Some days of scans, with names that are markup. Gives the id of the first finding. */
export async function fillFindings(people: People, repositoryId: number): Promise<number> {
  const { db } = people;
  const outcomes: readonly Partial<ScanOutcome>[] = [
    {
      findings: [
        finding('sql'),
        finding('old', { severity: 'critical', rank: 900 }),
        finding('low', { severity: 'low', rank: 1300 }),
      ],
    },
    { findings: [finding('sql'), finding('low', { severity: 'low', rank: 1300 })] },
    {
      findings: [
        finding('sql'),
        finding('low', { severity: 'low', rank: 1300 }),
        finding('hostile', {
          title: HOSTILE,
          message: HOSTILE,
          rule: HOSTILE,
          file: `src/${HOSTILE}.js`,
          severity: 'medium',
          rank: 1200,
          tool: HOSTILE,
        }),
        finding('stands', { suppressed: { reason: HOSTILE, owner: 'ada', expires: '2099-01-01', by: 'file' } }),
      ],
      gaps: [{ code: 'file-too-large', file: HOSTILE, reason: `${HOSTILE}: too large`, help: 'Split it.' }],
    },
  ];
  const before = people.time;
  people.time = before - outcomes.length * DAY_MS;
  for (const outcome of outcomes) {
    // sallyport:ignore javascript-weak-hash -- a made-up id of a git commit (findings, until 2027-06-30)
    const oid = createHash('sha1').update(String(people.time)).digest('hex');
    await sql`insert into repo_ref (repository_id, name, oid) values (${repositoryId}, 'refs/heads/main', ${oid})
      on conflict (repository_id, name) do update set oid = excluded.oid`.execute(db.as());
    const done = Promise.withResolvers<void>();
    const scans = await startScans({
      db,
      now: () => people.now(),
      random: (bytes) => people.random(bytes),
      log: silentLog,
      lookMs: 5,
      onChange: () => Promise.resolve(done.resolve()),
      scan: () =>
        Promise.resolve({ outcome: { findings: [], gaps: [], notes: [], files: 214, ...outcome }, analysisId: 0 }),
    });
    await done.promise;
    await scans.close();
    people.time += DAY_MS;
  }
  people.time = before;
  const { rows } = await sql<{ id: string }>`select id from finding_item where title like '%(sql)'`.execute(db.as());
  return Number(rows[0]?.id);
}
