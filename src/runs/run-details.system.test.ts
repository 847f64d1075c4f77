import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestPostgres, type TestPostgres } from '../database/postgres.fixture.ts';
import type { Principal } from './deps.ts';
import { listRuns, viewRun } from './read.ts';
import { attemptsOf, lastGreenOf, planOf } from './run-details.ts';
import { openRuns, type RunsFixture } from './runs.fixture.ts';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await openTestPostgres();
});
afterAll(() => postgres.close());

const ADA: Principal = { id: '12', name: 'ada', kind: 'user' };
const CI = `name: CI
on:
  push:
  workflow_dispatch:
    inputs:
      who: {required: true, description: Whom to greet}
      loud: {type: boolean, default: true}
      colour: {type: choice, options: [red, green], default: green}
      count: {type: number, default: 3}
concurrency: {group: ci, cancel-in-progress: true}
jobs:
  build: {runs-on: ubuntu-latest, strategy: {matrix: {n: [1, 2]}}, steps: [{run: 'true'}]}
  test: {needs: build, runs-on: ubuntu-latest, timeout-minutes: 7, permissions: {contents: write}, steps: [{run: 'echo \${{ secrets.KEY }}'}]}
`;

/** Pushes, and plays the runner until the run of it is over. */
async function pushed(
  fixture: RunsFixture,
  { branch = 'main', outcomes = {} }: { branch?: string; outcomes?: Parameters<RunsFixture['work']>[0] } = {},
): Promise<number> {
  const before = (await fixture.runs()).length;
  await fixture.push({ '.github/workflows/ci.yml': CI }, { branch });
  const run = await fixture.until(async () => (await fixture.runs())[before]);
  await fixture.work(outcomes);
  return run.id;
}

describe('a run', () => {
  test('has its attempts with who asked for them and what they took over', async () => {
    await using fixture = await openRuns(postgres);
    const runId = await pushed(fixture, { outcomes: { test: { conclusion: 'failure' } } });
    const { db, engine, repositoryId } = fixture;
    await engine.rerun({ principal: ADA, runId, only: 'failed' });
    await fixture.work();
    await engine.rerun({ principal: ADA, runId, only: { job: 'test' } });
    await fixture.work();

    const attempts = await attemptsOf(db, { repositoryId, runId });

    expect(
      attempts?.map(({ attempt, actor, conclusion, kept, only }) => [attempt, actor.name, conclusion, kept, only]),
    ).toEqual([
      [1, 'login-1', 'failure', 'nothing', undefined],
      [2, 'login-12', 'success', 'successful', undefined],
      [3, 'login-12', 'success', 'all but one', 'test'],
    ]);
    expect(await attemptsOf(db, { repositoryId: repositoryId + 1, runId })).toBeUndefined();
    expect(await attemptsOf(db, { repositoryId, runId: runId + 1 })).toBeUndefined();
  });

  test('has the plan that it was permitted for: jobs with their rights and names of secrets, no values', async () => {
    await using fixture = await openRuns(postgres);
    const runId = await pushed(fixture);
    const { db, repositoryId } = fixture;

    const { found, plan } = await planOf(db, { repositoryId, runId });

    expect(found).toBe(true);
    expect(plan?.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(plan).toMatchObject({
      locked: false,
      level: 'branch',
      pins: [],
      concurrency: { group: 'ci', cancelInProgress: true },
      jobs: [
        { key: 'build', needs: [], instances: 2, permissions: { contents: 'read' }, secrets: [] },
        { key: 'test', needs: ['build'], timeoutMinutes: 7, permissions: { contents: 'write' }, secrets: ['KEY'] },
      ],
    });
    expect(await planOf(db, { repositoryId: repositoryId + 1, runId })).toEqual({ found: false });
    expect(await planOf(db, { repositoryId, runId, attempt: 9 })).toEqual({ found: false });
  });

  test('that was refused has no plan and no attempts, and is there', async () => {
    await using fixture = await openRuns(postgres);
    await fixture.push({ '.github/workflows/bad.yml': 'on: push\njobs: {a: {runs-on: x, stepz: []}}\n' });
    const run = await fixture.until(async () => (await fixture.runs())[0]);
    const { db, repositoryId } = fixture;

    expect(await planOf(db, { repositoryId, runId: run.id })).toEqual({ found: true });
    expect(await attemptsOf(db, { repositoryId, runId: run.id })).toEqual([]);
  });

  test('stands beside the newest green one before it, of the same workflow, ref and repository', async () => {
    await using fixture = await openRuns(postgres);
    const green = await pushed(fixture);
    const { db, repositoryId } = fixture;
    await pushed(fixture, { branch: 'topic' });
    await pushed(fixture, { outcomes: { test: { conclusion: 'failure' } } });
    const last = await pushed(fixture);

    expect(await lastGreenOf(db, { repositoryId, runId: last })).toBe(green);
    expect(await lastGreenOf(db, { repositoryId, runId: green })).toBeUndefined();
    expect(await lastGreenOf(db, { repositoryId: repositoryId + 1, runId: last })).toBeUndefined();
  });

  test('tells of its jobs when they were queued and what they are one of', async () => {
    await using fixture = await openRuns(postgres);
    const runId = await pushed(fixture);
    const { db, repositoryId } = fixture;

    const view = await viewRun(db, { repositoryId, runId });

    expect(view?.jobs.map(({ key, definition }) => [key, definition])).toEqual([
      ['build (1)', 'build'],
      ['build (2)', 'build'],
      ['test', 'test'],
    ]);
    expect(view?.jobs.every(({ queuedAt }) => queuedAt !== undefined)).toBe(true);
    const own = { repositoryId, limit: 9 };
    expect((await listRuns(db, { ...own, filter: { actor: 'login-1' } })).items).toHaveLength(1);
    expect((await listRuns(db, { ...own, filter: { actor: 'login-2' } })).items).toEqual([]);
  });
});

test('workflows of a branch say what they ask for, and why one can not be read', async () => {
  await using fixture = await openRuns(postgres);
  await fixture.push({
    '.github/workflows/ci.yml': CI,
    '.github/workflows/bad.yml': 'on: push\njobs: {a: {runs-on: x, stepz: []}}\n',
    '.github/workflows/push.yml': 'on: push\njobs: {a: {runs-on: x, steps: [{run: "1"}]}}\n',
  });
  const { engine, repositoryId } = fixture;

  const { workflows, commit } = await engine.workflows({ repositoryId, ref: 'main' });

  expect(commit).toMatch(/^[0-9a-f]{40}$/);
  const [bad, ci, push] = workflows;
  expect(bad).toMatchObject({ path: '.github/workflows/bad.yml', problems: [{ line: 2 }] });
  expect(push).toEqual({
    path: '.github/workflows/push.yml',
    name: '.github/workflows/push.yml',
    events: ['push'],
    problems: [],
  });
  expect(ci).toMatchObject({ name: 'CI', events: ['push', 'workflow_dispatch'], problems: [] });
  expect(ci?.inputs).toEqual([
    { name: 'who', type: 'string', required: true, description: 'Whom to greet' },
    { name: 'loud', type: 'boolean', required: false, default: 'true' },
    { name: 'colour', type: 'choice', required: false, default: 'green', options: ['red', 'green'] },
    { name: 'count', type: 'number', required: false, default: '3' },
  ]);
  await expect(engine.workflows({ repositoryId, ref: 'none' })).rejects.toMatchObject({ code: 'runs/ref-missing' });
});
