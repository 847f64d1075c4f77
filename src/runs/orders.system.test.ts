import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sql } from 'kysely';
import { openTestPostgres, type TestPostgres } from '../database/postgres.fixture.ts';
import type { Principal } from './deps.ts';
import { engineEvents, listRuns, viewRun, watchRuns } from './read.ts';
import { openRuns, type RunsFixture } from './runs.fixture.ts';
import { silentLog } from '../base/index.ts';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await openTestPostgres();
});
afterAll(() => postgres.close());

const ADA: Principal = { id: '12', name: 'ada', kind: 'user' };
const CI = `name: CI
on:
  push:
  workflow_dispatch: {inputs: {count: {type: number, required: true}}}
jobs:
  build: {runs-on: ubuntu-latest, outputs: {v: '\${{ steps.a.outputs.v }}'}, steps: [{id: a, run: 'true'}]}
  test: {needs: build, runs-on: ubuntu-latest, steps: [{run: 'true'}]}
  lint: {runs-on: ubuntu-latest, steps: [{run: 'true'}]}
  ship: {needs: [test], runs-on: ubuntu-latest, steps: [{run: 'echo \${{ needs.test.result }}'}]}
`;

async function actions(fixture: RunsFixture): Promise<readonly string[]> {
  const { rows } = await sql<{ body: Buffer }>`select body from auditlog_entry order by id`.execute(fixture.db.as());
  const entries = rows.map(({ body }) => JSON.parse(body.toString('utf8')));
  return entries
    .filter(({ action }) => action.startsWith('run.'))
    .map(({ action, outcome, actor }) => `${action} ${outcome} ${actor.type}:${actor.id}`);
}

async function view(fixture: RunsFixture, runId: number, attempt?: number) {
  const { db, repositoryId } = fixture;
  const found = await viewRun(db, { repositoryId, runId, ...(attempt === undefined ? {} : { attempt }) });
  return Object.fromEntries((found?.jobs ?? []).map(({ key, conclusion }) => [key, conclusion]));
}

describe('by hand', () => {
  test('a workflow starts with checked inputs, at the ref, and who did it is recorded', async () => {
    await using fixture = await openRuns(postgres);
    await fixture.push({ '.github/workflows/ci.yml': CI });
    await fixture.work();
    const { engine, repositoryId } = fixture;
    const order = { principal: ADA, repositoryId, workflow: 'ci.yml', ref: 'main', inputs: { count: '3' } };

    await expect(engine.dispatch({ ...order, inputs: {} })).rejects.toMatchObject({ code: 'runs/inputs-invalid' });
    await expect(engine.dispatch({ ...order, inputs: { count: 'x' } })).rejects.toMatchObject({
      code: 'runs/inputs-invalid',
    });
    await expect(engine.dispatch({ ...order, ref: 'none' })).rejects.toMatchObject({ code: 'runs/ref-missing' });
    await expect(engine.dispatch({ ...order, workflow: '../ci.yml' })).rejects.toMatchObject({
      code: 'runs/workflow-missing',
    });
    const { runIds } = await engine.dispatch(order);
    const [first] = await fixture.until(async () => {
      const held = await fixture.held();
      return held.length > 0 && held;
    });
    await fixture.work();

    expect(first?.lease.contexts['inputs']).toEqual({ count: 3 });
    expect(first?.lease.contexts['github']).toMatchObject({ actor: 'login-12', event_name: 'workflow_dispatch' });
    expect(await fixture.runs()).toMatchObject([{}, { id: runIds[0], conclusion: 'success', level: 'branch' }]);
    expect(await actions(fixture)).toContain('run.start allow user:12');
  });

  test('a job that starts a workflow gives it no more trust than it has; without a level, none', async () => {
    await using fixture = await openRuns(postgres);
    await fixture.push({ '.github/workflows/ci.yml': CI });
    await fixture.work();
    const { engine, repositoryId } = fixture;
    const job: Principal = { id: '99', name: 'job 99', kind: 'job' };
    const order = { repositoryId, workflow: 'ci.yml', ref: 'main', inputs: { count: '3' } };

    await engine.dispatch({ ...order, principal: job });
    await engine.dispatch({ ...order, principal: job, levelMax: 'branch' });
    await fixture.work();

    const runs = await fixture.runs();
    expect(runs.map(({ level }) => level)).toEqual(['branch', 'untrusted', 'branch']);
  });

  test('a run is cancelled: what waits never runs, what runs is told, and both are recorded', async () => {
    await using fixture = await openRuns(postgres);
    await fixture.push({ '.github/workflows/ci.yml': CI });
    await fixture.until(async () => (await fixture.held()).length === 2);
    const [run] = await fixture.runs();
    const runId = run?.id ?? 0;

    await fixture.engine.cancel({ principal: ADA, runId, force: false });
    await fixture.work();

    expect(await fixture.runs()).toMatchObject([{ conclusion: 'cancelled' }]);
    expect(await view(fixture, runId)).toEqual({
      build: 'cancelled',
      lint: 'cancelled',
      ship: 'cancelled',
      test: 'cancelled',
    });
    expect(await actions(fixture)).toEqual([
      'run.start allow user:1',
      'run.cancel allow user:12',
      'run.end allow system:engine',
    ]);
    await expect(fixture.engine.cancel({ principal: ADA, runId, force: false })).rejects.toMatchObject({
      code: 'runs/finished',
    });
  });
});

describe('again', () => {
  test('what failed and what needs it runs again with the outputs of the rest; all; or one job alone', async () => {
    await using fixture = await openRuns(postgres);
    await fixture.push({ '.github/workflows/ci.yml': CI });
    await fixture.until(async () => (await fixture.held()).length === 2);
    const [run] = await fixture.runs();
    const runId = run?.id ?? 0;
    const { engine } = fixture;
    await expect(engine.rerun({ principal: ADA, runId, only: 'all' })).rejects.toMatchObject({
      code: 'runs/not-finished',
    });
    const build = { outputs: { v: '1' } };
    await fixture.work({ build, test: { conclusion: 'failure' }, lint: { conclusion: 'failure' } });

    expect(await engine.rerun({ principal: ADA, runId, only: { job: 'test' } })).toEqual({ attempt: 2 });
    await fixture.restart();
    const second = await fixture.work({ test: { conclusion: 'success' } });
    expect(await engine.rerun({ principal: ADA, runId, only: 'failed' }).catch((thrown) => thrown)).toMatchObject({
      code: 'runs/stopped',
    });
    expect(await fixture.engine.rerun({ principal: ADA, runId, only: 'failed' })).toEqual({ attempt: 3 });
    const third = await fixture.work();
    await expect(fixture.engine.rerun({ principal: ADA, runId, only: 'failed' })).rejects.toMatchObject({
      code: 'runs/nothing-to-repeat',
    });
    await fixture.engine.rerun({ principal: ADA, runId, only: 'all' });
    const fourth = await fixture.work();

    expect(second).toEqual(['test', 'ship']);
    expect(third).toEqual(['lint']);
    expect([...fourth].sort()).toEqual(['build', 'lint', 'ship', 'test']);
    expect(await view(fixture, runId, 1)).toEqual({
      build: 'success',
      lint: 'failure',
      ship: 'skipped',
      test: 'failure',
    });
    expect(await view(fixture, runId, 2)).toEqual({
      build: 'success',
      lint: 'failure',
      ship: 'success',
      test: 'success',
    });
    expect(await fixture.runs()).toMatchObject([{ attempt: 4, conclusion: 'success' }]);
    expect((await actions(fixture)).filter((action) => action.startsWith('run.rerun'))).toHaveLength(3);
  });
});

describe('readers', () => {
  test('list, filter and page runs of one repository only, and hear of changes', async () => {
    await using fixture = await openRuns(postgres);
    const { db, repositoryId } = fixture;
    const watcher = watchRuns(db, silentLog);
    await fixture.push({ '.github/workflows/ci.yml': CI });
    await fixture.work();
    await fixture.push({ a: 'a' }, { branch: 'topic' });
    await fixture.until(async () => (await fixture.runs()).length === 2);
    let told = 0;
    const [, second] = await fixture.runs();
    const stop = watcher.onChange(second?.id ?? 0, () => {
      told += 1;
    });
    await fixture.work();
    await fixture.until(async () => told > 0);
    stop();
    await watcher.close();

    const page = await listRuns(db, { repositoryId, filter: {}, limit: 1 });
    const rest = await listRuns(db, { repositoryId, filter: {}, limit: 1, cursor: page.next ?? '' });
    const topic = await listRuns(db, { repositoryId, filter: { branch: 'topic', workflow: 'ci.yml' }, limit: 10 });
    const events = await engineEvents(db, { repositoryId, runId: second?.id ?? 0 }, { after: 0, limit: 100 });

    expect(page.items.map(({ number }) => number)).toEqual([2]);
    expect(rest.items.map(({ number }) => number)).toEqual([1]);
    expect(rest.next).toBeUndefined();
    expect(topic.items.map(({ ref }) => ref)).toEqual(['refs/heads/topic']);
    expect(events.map(({ event }) => event.kind)).toEqual(['run-planned', 'run-finished']);
    expect(await listRuns(db, { repositoryId: repositoryId + 1, filter: {}, limit: 10 })).toEqual({ items: [] });
    expect(await viewRun(db, { repositoryId: repositoryId + 1, runId: 1 })).toBeUndefined();
    await expect(listRuns(db, { repositoryId, filter: {}, limit: 1, cursor: '1; drop' })).rejects.toMatchObject({
      code: 'runs/cursor-invalid',
    });
  });
});
