import { gzipSync } from 'node:zlib';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { uploadAnalysis } from '../check/index.ts';
import { openTestPostgres, type TestPostgres } from '../database/postgres.fixture.ts';
import { type FindingsFixture, gap, openFindings, scanned } from './findings.fixture.ts';
import {
  findingById,
  forgetFindings,
  listFindings,
  listScans,
  proposeSuppression,
  recoverScans,
  requestScan,
  standOf,
  trendOf,
} from './index.ts';
import type { FindingTables } from './tables.ts';

const REF = 'refs/heads/main';
let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await openTestPostgres();
});
afterAll(() => postgres.close());

const open = async ({ db, repositoryId }: FindingsFixture, state: 'open' | 'fixed' | 'suppressed' = 'open') =>
  (await listFindings(db, { repositoryId, ref: REF, filter: { state }, limit: 100 })).items.map(({ title }) => title);

describe('the default branch', () => {
  test('is scanned when it moved, keeps what stays, and knows what is new and what is fixed', async () => {
    await using fixture = await openFindings(postgres);
    const first = await fixture.push();
    fixture.answer({ findings: [scanned('a'), scanned('b')] });
    await fixture.idle();
    const second = await fixture.push();
    fixture.answer({ findings: [scanned('b', { line: 9 }), scanned('c')] });
    await fixture.idle();

    expect(await open(fixture)).toEqual(['b', 'c']);
    expect(await open(fixture, 'fixed')).toEqual(['a']);
    const { items } = await listFindings(fixture.db, { ...fixture.place, filter: { state: 'fixed' }, limit: 1 });
    expect(await findingById(fixture.db, fixture.repositoryId, items[0]!.id)).toMatchObject({
      firstCommit: first,
      fixedCommit: second,
    });
    expect(fixture.changes.map(({ opened, fixed }) => [opened.count, fixed.count])).toEqual([
      [2, 0],
      [1, 1],
    ]);
    expect(await standOf(fixture.db, fixture.place)).toMatchObject({ verdict: 'findings', open: { high: 2 } });
    expect((await fixture.people.entries()).filter(({ action }) => action === 'finding.scan')).toHaveLength(2);
  });

  test('is clean only when a whole scan found nothing', async () => {
    await using fixture = await openFindings(postgres);
    expect((await standOf(fixture.db, fixture.place)).verdict).toBe('unknown');
    await fixture.push();
    fixture.answer({ gaps: [gap('file-too-large', 'a.js')] });
    await fixture.idle();
    expect((await standOf(fixture.db, fixture.place)).verdict).toBe('incomplete');
    await fixture.push();
    fixture.answer('fail');
    await fixture.idle();
    expect((await standOf(fixture.db, fixture.place)).verdict).toBe('incomplete');
    await fixture.push();
    fixture.answer({});
    await fixture.idle();

    expect((await standOf(fixture.db, fixture.place)).verdict).toBe('clean');
    const days = await trendOf(fixture.db, { ...fixture.place, days: 30, now: fixture.people.now() });
    expect(days).toMatchObject([{ open: { high: 0 }, isComplete: true }]);
  });

  test('calls nothing fixed by a scan that saw less than the one before, nor in a file that was not read', async () => {
    await using fixture = await openFindings(postgres);
    await fixture.push();
    fixture.answer({ findings: [scanned('a'), scanned('b', { file: 'big.js' })] });
    await fixture.idle();
    await fixture.push();
    fixture.answer({ gaps: [gap('scanner-failed'), gap('file-too-large', 'big.js')] });
    await fixture.idle();
    expect(await open(fixture)).toEqual(['a', 'b']);
    await fixture.push();
    fixture.answer({ gaps: [gap('file-too-large', 'big.js')] });
    await fixture.idle();

    expect(await open(fixture)).toEqual(['b']);
  });

  test('opens again what comes back, and counts nothing that is suppressed', async () => {
    await using fixture = await openFindings(postgres);
    const suppressed = { reason: 'r', owner: 'o', expires: '2099-01-01', by: 'file' } as const;
    await fixture.push();
    fixture.answer({ findings: [scanned('a'), { ...scanned('s'), suppressed }] });
    await fixture.idle();
    expect([await open(fixture), await open(fixture, 'suppressed')]).toEqual([['a'], ['s']]);
    await fixture.push();
    fixture.answer({});
    await fixture.idle();
    await fixture.push();
    fixture.answer({ findings: [scanned('a'), scanned('s')] });
    await fixture.idle();

    expect(await open(fixture)).toEqual(['a', 's']);
    expect(fixture.changes.map(({ opened, fixed }) => [opened.count, fixed.count])).toEqual([
      [1, 0],
      [0, 1],
      [2, 0],
    ]);
  });

  test('is scanned again for a report of another tool, and after a day', async () => {
    await using fixture = await openFindings(postgres);
    const commit = await fixture.push();
    fixture.answer({});
    await fixture.idle();
    const { principal } = await fixture.people.owner();
    const of = { repositoryId: fixture.repositoryId, commit, ref: REF };
    const sarif = gzipSync(JSON.stringify({ version: '2.1.0', runs: [] })).toString('base64');
    await uploadAnalysis(fixture.people, principal, of, sarif);
    await fixture.idle();
    fixture.people.time += 25 * 3_600_000;
    await fixture.idle();

    const scans = await listScans(fixture.db, { repositoryId: fixture.repositoryId, limit: 10 });
    expect(scans.map(({ cause }) => cause)).toEqual(['renewed', 'reported', 'push']);
  });

  test('is given up after two scans that failed, until it moves', async () => {
    await using fixture = await openFindings(postgres);
    await fixture.push();
    fixture.answer('fail');
    await fixture.idle();
    const tried = fixture.scanned.length;
    await fixture.idle();

    expect([tried, fixture.scanned.length]).toEqual([2, 2]);
    const [scan] = await listScans(fixture.db, { repositoryId: fixture.repositoryId, limit: 1 });
    expect(scan).toMatchObject({ state: 'failed', isComplete: false, error: 'it went wrong' });
  });
});

describe('a server that is killed while it scans', () => {
  test('takes the scan up again, and a newer one for it', async () => {
    await using fixture = await openFindings(postgres);
    await fixture.push();
    const { principal } = await fixture.people.owner();
    const wanted = { ...fixture.place, commit: 'a'.repeat(40), cause: 'asked' } as const;
    const id = await requestScan(fixture.people, principal, wanted);
    await fixture.db.as<FindingTables>().updateTable('finding_scan').set({ state: 'running' }).execute();
    const newer = await requestScan(fixture.people, principal, wanted);

    await recoverScans(fixture.db);

    const scans = await listScans(fixture.db, { repositoryId: fixture.repositoryId, limit: 10 });
    expect(newer).not.toBe(id);
    expect(scans.map((scan) => [scan.id, scan.state])).toEqual([[newer, 'waiting']]);
  });
});

describe('what is known', () => {
  test('is kept but for old scans, and goes with its repository once that is gone for good', async () => {
    await using fixture = await openFindings(postgres);
    const { db, repositoryId, place } = fixture;
    for (const title of ['a', 'b']) {
      await fixture.push();
      fixture.answer({ findings: [scanned(title)] });
      await fixture.idle();
    }
    const later = new Date(fixture.people.now() + 1000);
    await forgetFindings(db, { before: later, limit: 10 });
    expect(await listScans(db, { repositoryId, limit: 10 })).toHaveLength(1);
    expect((await standOf(db, place)).verdict).toBe('findings');
    await sql`update repo_repository set purged_at = now(), deleted_at = now(), deleted_state = 'active', state = 'deleted'`.execute(
      db.as(),
    );

    await forgetFindings(db, { before: later, limit: 10 });

    expect(await standOf(db, place)).toMatchObject({ verdict: 'unknown', open: { high: 0 }, refs: [] });
    expect(await trendOf(db, { ...place, days: 30, now: fixture.people.now() })).toEqual([]);
  });
});

describe('a list', () => {
  test('is filtered and comes in pages, the most urgent first', async () => {
    await using fixture = await openFindings(postgres);
    await fixture.push();
    const many = Array.from({ length: 25 }, (_, at) => scanned(`n${at}`, { rank: 100 - at, file: `src/${at}.js` }));
    fixture.answer({ findings: [...many, scanned('quiet', { severity: 'low', kind: 'secrets', rank: 500 })] });
    await fixture.idle();
    const page = (filter: object, cursor?: string) =>
      listFindings(fixture.db, {
        ...fixture.place,
        filter,
        limit: 20,
        ...(cursor === undefined ? {} : { cursor }),
      });

    const first = await page({});
    const second = await page({}, first.next);
    const low = await page({ severity: 'low' });
    const found = await page({ text: 'SRC/7.' });

    expect(first.items[0]?.title).toBe('n24');
    expect([...first.items, ...second.items]).toHaveLength(26);
    expect(second.next).toBeUndefined();
    expect(low.items.map(({ title }) => title)).toEqual(['quiet']);
    expect(found.items.map(({ title }) => title)).toEqual(['n7']);
    await expect(page({}, 'x')).rejects.toMatchObject({ code: 'findings/not-found' });
  });
});

describe('a suppression', () => {
  test('is a change to commit: an entry that the file can be read with, whatever the reason says', async () => {
    await using fixture = await openFindings(postgres);
    await fixture.push();
    fixture.answer({ findings: [scanned('a', { file: 'a*"\u2028.js' })] });
    await fixture.idle();
    const { items } = await listFindings(fixture.db, { ...fixture.place, filter: {}, limit: 1 });
    const finding = await findingById(fixture.db, fixture.repositoryId, items[0]!.id);
    const wanted = { owner: 'ada: "x"', reason: 'it is "fine": {{ here }} # really', expires: '2027-02-01' };
    const now = Date.parse('2027-01-15T00:00:00Z');
    const { parse } = await import('yaml');

    const fresh = proposeSuppression(finding, wanted, { current: undefined, now });
    const added = proposeSuppression(finding, wanted, { current: '# why\n- rule: "x"', now });
    const empty = proposeSuppression(finding, wanted, { current: '# why\n[]\n', now });

    expect(parse(fresh.content)).toEqual([
      {
        fingerprint: finding.fingerprint,
        rule: 'rule',
        path: 'a?"\u2028.js',
        reason: wanted.reason,
        owner: wanted.owner,
        expires: '2027-02-01',
      },
    ]);
    expect(parse(added.content)).toHaveLength(2);
    expect(parse(empty.content)).toHaveLength(1);
    expect(empty.content).toContain('# why');
    for (const expires of ['2027-01-15', '2029-01-01', '2027-02-30', 'soon']) {
      expect(() => proposeSuppression(finding, { ...wanted, expires }, { current: undefined, now })).toThrow();
    }
    expect(() =>
      proposeSuppression(finding, { ...wanted, reason: 'a\nb long enough' }, { current: '', now }),
    ).toThrow();
  });
});
