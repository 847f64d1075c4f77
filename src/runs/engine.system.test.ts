import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestPostgres, type TestPostgres } from '../database/postgres.fixture.ts';
import { openRuns } from './runs.fixture.ts';
import type { RunTables } from './tables.ts';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await openTestPostgres();
});
afterAll(() => postgres.close());

const CI = `on: push
jobs:
  build:
    runs-on: ubuntu-latest
    outputs: {list: '\${{ steps.a.outputs.list }}'}
    steps: [{id: a, run: 'true'}]
  test:
    needs: build
    runs-on: ubuntu-latest
    strategy: {matrix: {n: '\${{ fromJSON(needs.build.outputs.list) }}'}}
    steps: [{run: 'true'}]
  report:
    needs: test
    if: failure()
    runs-on: ubuntu-latest
    steps: [{run: 'true'}]
`;

describe('a push', () => {
  test('makes a run whose jobs are queued in the order of their needs, until it is done', async () => {
    await using fixture = await openRuns(postgres);
    await fixture.push({ '.github/workflows/ci.yml': CI });

    const ran = await fixture.work({ build: { outputs: { list: '[1, 2]' } } });

    expect(ran).toEqual(['build', 'test (1)', 'test (2)']);
    expect(await fixture.runs()).toMatchObject([
      { event: 'push', ref: 'refs/heads/main', state: 'done', conclusion: 'success', level: 'branch' },
    ]);
    const jobs = await fixture.db.as<RunTables>().selectFrom('run_job').selectAll().orderBy('place').execute();
    expect(jobs.map(({ key, state, conclusion, definition }) => [key, state, conclusion, definition])).toEqual([
      ['build', 'done', 'success', 'build'],
      ['report', 'done', 'skipped', null],
      ['test (1)', 'done', 'success', 'test'],
      ['test (2)', 'done', 'success', 'test'],
    ]);
  });

  test('goes on where it was after the engine ended between any two steps', async () => {
    await using fixture = await openRuns(postgres);
    await fixture.push({ '.github/workflows/ci.yml': CI });
    await fixture.until(async () => (await fixture.held()).length === 1);
    await fixture.restart();
    await fixture.finish('build', { outputs: { list: '["a", "b"]' } });
    await fixture.until(async () => (await fixture.held()).length === 2);
    await fixture.restart();
    await fixture.finish('test (a)', { conclusion: 'failure' });
    await fixture.until(async () => (await fixture.held()).every(({ cancel }) => cancel === 'cancel'));
    await fixture.restart();

    await fixture.work();

    expect(await fixture.runs()).toMatchObject([{ state: 'done', conclusion: 'failure' }]);
    expect(await fixture.queued()).toBe(4);
  });
});
