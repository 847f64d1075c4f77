import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listEntries } from '../auditlog/index.ts';
import { openTestPostgres, type TestPostgres } from '../database/postgres.fixture.ts';
import { engineEvents, viewRun } from './read.ts';
import { forgetJournal, forgetLogs, forgetRuns } from './retention.ts';
import { openRuns } from './runs.fixture.ts';
import type { RunTables } from './tables.ts';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await openTestPostgres();
});
afterAll(() => postgres.close());

const WORKFLOW = `on: push
jobs:
  one: {runs-on: ubuntu-latest, steps: [{run: 'true'}]}
  two: {needs: one, runs-on: ubuntu-latest, steps: [{run: 'true'}]}
`;
const later = () => new Date(Date.now() + 60_000);

test('logs and events of old runs go, also when it was killed halfway; the run stays, and is repeated', async () => {
  await using fixture = await openRuns(postgres);
  const { db, repositoryId } = fixture;
  await fixture.push({ '.github/workflows/ci.yml': WORKFLOW });
  await fixture.work();
  const [run] = await fixture.runs();
  const runId = run?.id ?? 0;
  const removed: number[] = [];
  const dies = async (jobId: number) => {
    if (removed.push(jobId) === 2) throw new Error('killed');
  };
  const remove = async (jobId: number) => void removed.push(jobId);

  const young = await forgetLogs(db, { before: new Date(0), limit: 10, remove });
  await expect(forgetLogs(db, { before: later(), limit: 10, remove: dies })).rejects.toThrow('killed');
  const more = await forgetLogs(db, { before: later(), limit: 1, remove });
  const none = await forgetLogs(db, { before: later(), limit: 1, remove });

  const view = await viewRun(db, { repositoryId, runId });
  const ids = view?.jobs.map(({ id }) => id) ?? [];
  expect([young, more, none]).toEqual([false, true, false]);
  expect(removed).toEqual([...ids, ...ids]);
  expect(view).toMatchObject({ state: 'finished', conclusion: 'success', lastEvent: 0 });

  await forgetJournal(db, { before: later(), limit: 1000 });
  await fixture.restart();
  await fixture.engine.rerun({ principal: { id: '12', name: 'ada', kind: 'user' }, runId, only: 'all' });
  await fixture.work();

  const again = await viewRun(db, { repositoryId, runId });
  expect(again).toMatchObject({ attempt: 2, state: 'finished', conclusion: 'success' });
  expect(await engineEvents(db, { repositoryId, runId }, { after: 0, limit: 100 })).not.toEqual([]);
  expect(await forgetLogs(db, { before: later(), limit: 10, remove })).toBe(false);
  expect(removed).toHaveLength(4 + 4);
});

test('nothing that an open run needs is forgotten: it goes on after a restart', async () => {
  await using fixture = await openRuns(postgres);
  const { db } = fixture;
  await fixture.push({ '.github/workflows/ci.yml': WORKFLOW });
  await fixture.until(async () => (await fixture.held()).length === 1);
  const journal = () => db.as<RunTables>().selectFrom('run_journal').select('seq').execute();
  const before = await journal();
  const removed: number[] = [];

  await forgetLogs(db, { before: later(), limit: 10, remove: async (jobId) => void removed.push(jobId) });
  await forgetJournal(db, { before: later(), limit: 1000 });
  const after = await journal();
  await fixture.restart();
  const ran = await fixture.work();

  expect(removed).toEqual([]);
  expect(after).toEqual(before);
  expect(before.length).toBeGreaterThan(0);
  expect(ran).toEqual(['one', 'two']);
  await forgetJournal(db, { before: later(), limit: 1000 });
  expect(await journal()).toEqual([]);
});

test('old runs go for good once their logs are gone, with one entry, and their numbers stay theirs', async () => {
  await using fixture = await openRuns(postgres);
  const { db, repositoryId } = fixture;
  const deps = { now: () => Date.now(), random: (bytes: number) => randomBytes(bytes) };
  await fixture.push({ '.github/workflows/ci.yml': WORKFLOW });
  await fixture.work();
  const [run] = await fixture.runs();
  const runId = run?.id ?? 0;
  const forgetting = { before: later(), limit: 10 };

  await forgetRuns(db, forgetting, deps);
  expect(await viewRun(db, { repositoryId, runId })).toBeDefined();
  await forgetLogs(db, { ...forgetting, remove: async () => undefined });
  expect(await forgetRuns(db, forgetting, deps)).toBe(false);

  expect(await viewRun(db, { repositoryId, runId })).toBeUndefined();
  expect((await listEntries(db, { limit: 1 }))[0]?.body).toMatchObject({
    action: 'run.forget',
    detail: { runs: [runId] },
  });
  await fixture.restart();
  await fixture.push({ 'b.txt': 'b' });
  await fixture.work();
  expect((await fixture.runs())[0]?.id).toBeGreaterThan(runId);
});
