import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestPostgres, type TestPostgres } from '../database/postgres.fixture.ts';
import { git } from '../repo/repo.fixture.ts';
import { viewRun } from './read.ts';
import { openRuns } from './runs.fixture.ts';
import type { RunTables } from './tables.ts';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await openTestPostgres();
});
afterAll(() => postgres.close());

const job = "jobs: {one: {runs-on: ubuntu-latest, steps: [{run: 'true'}]}}\n";
const on = (event: string) => `on: ${event}\n${job}`;

describe('what a push starts', () => {
  test('branches, tags and deleted branches are events of their own, with who pushed and what is trusted', async () => {
    await using fixture = await openRuns(postgres);
    await fixture.push({
      '.github/workflows/push.yml': on('push'),
      '.github/workflows/create.yml': on('create'),
      '.github/workflows/delete.yml': on('delete'),
    });
    await fixture.work();
    await fixture.push({ 'b.txt': 'b' }, { branch: 'topic', user: 'member' });
    await fixture.work();
    await fixture.push({}, { branch: 'topic', tag: 'v1', user: 'member' });
    await fixture.work();
    await git(fixture.dir, ['push', '-q', fixture.served.url('acme/web.git'), ':topic']);
    await fixture.until(async () => (await fixture.runs()).length === 7);
    await fixture.work();

    const runs = await fixture.runs();
    expect(runs.map(({ event, ref }) => `${event} ${ref}`).sort()).toEqual([
      'create refs/heads/main',
      'create refs/heads/topic',
      'create refs/tags/v1',
      'delete refs/heads/main',
      'push refs/heads/main',
      'push refs/heads/topic',
      'push refs/tags/v1',
    ]);
    expect(new Set(runs.map(({ level }) => level))).toEqual(new Set(['branch']));
    expect(runs.find(({ event }) => event === 'push')?.notes.join()).toContain('unsafe_direct_push');
    const rows = await fixture.db.as<RunTables>().selectFrom('run_run').selectAll().orderBy('id').execute();
    expect(rows.map(({ actor_login: login }) => login)).toContain('login-id-member');
  });

  test('filters by the real difference, and heeds [skip ci]', async () => {
    await using fixture = await openRuns(postgres);
    const filtered = `on: {push: {branches: [main], paths: ['docs/**']}}\n${job}`;
    await fixture.push({ '.github/workflows/docs.yml': filtered, 'docs/a.md': 'a' });
    await fixture.work();

    await fixture.push({ 'src/a.ts': 'a' });
    await fixture.push({ 'docs/b.md': 'b' }, { message: 'later [skip ci]' });
    await fixture.push({ 'docs/c.md': 'c' }, { branch: 'other' });
    await fixture.push({ 'docs/d.md': 'd' });
    await fixture.until(async () => (await fixture.runs()).length === 2);
    await fixture.work();

    expect(await fixture.runs()).toHaveLength(2);
  });

  test('a workflow that cannot be read or planned is a failed run that says where, and nothing else is kept back', async () => {
    await using fixture = await openRuns(postgres);
    await fixture.push({
      '.github/workflows/bad.yml': 'on: push\njobs:\n  one:\n    runs-on: ubuntu-latest\n    stepz: []\n',
      '.github/workflows/call.yml': 'on: push\njobs: {one: {uses: ./.github/workflows/none.yml}}\n',
      '.github/workflows/good.yml': on('push'),
    });
    await fixture.work();

    const runs = await fixture.runs();
    expect(runs.map(({ path, conclusion }) => [path, conclusion])).toEqual([
      ['.github/workflows/bad.yml', 'failure'],
      ['.github/workflows/call.yml', 'failure'],
      ['.github/workflows/good.yml', 'success'],
    ]);
    const view = await viewRun(fixture.db, { repositoryId: fixture.repositoryId, runId: runs[0]?.id ?? 0 });
    expect(view?.diagnostics[0]).toMatchObject({ file: '.github/workflows/bad.yml', line: 5, column: 5 });
  });

  test('a matrix with a NUL ends its job, and keeps no other run of the repository from going on', async () => {
    await using fixture = await openRuns(postgres);
    const nul = `on: push\njobs: {one: {runs-on: ubuntu-latest, strategy: {matrix: {a: ["x\\0", y]}}, steps: [{run: 'true'}]}}\n`;
    await fixture.push({ '.github/workflows/nul.yml': nul, '.github/workflows/good.yml': on('push') });
    await fixture.work();

    const runs = await fixture.runs();
    expect(runs.map(({ path, conclusion }) => [path, conclusion])).toEqual([
      ['.github/workflows/good.yml', 'success'],
      ['.github/workflows/nul.yml', 'failure'],
    ]);
  });

  test('an import starts nothing', async () => {
    await using fixture = await openRuns(postgres);
    await fixture.push({ '.github/workflows/push.yml': on('push') });
    await fixture.work();
    const from = { kind: 'folder', path: `${fixture.dir}/.git` } as const;
    const principal = { id: '1', name: 'owner', kind: 'user' } as const;
    await fixture.served.server.import({ principal, owner: 'acme', name: 'copy', from });
    await fixture.until(async () => {
      const open = await fixture.db
        .as<{ repo_ref_change: { consumed_at: Date | null; state: string; id: string } }>()
        .selectFrom('repo_ref_change')
        .select('id')
        .where('state', '=', 'moved')
        .where('consumed_at', 'is', null)
        .execute();
      return open.length === 0;
    });

    expect(await fixture.runs()).toHaveLength(1);
  });
});

describe('runs that follow others', () => {
  test('workflow_run starts what waits for the end, is never above its cause, and three in a row are the most', async () => {
    await using fixture = await openRuns(postgres);
    const after = (name: string, own: string) =>
      `name: ${own}\non: {workflow_run: {workflows: [${name}], types: [completed], branches: [main]}}\n${job}`;
    await fixture.push({
      '.github/workflows/a.yml': `name: A\n${on('push')}`,
      '.github/workflows/b.yml': after('A', 'B'),
      '.github/workflows/c.yml': after('B', 'C'),
      '.github/workflows/d.yml': after('C', 'D'),
      '.github/workflows/e.yml': after('D', 'E'),
    });
    await fixture.until(async () => {
      await fixture.work({ one: { level: 'untrusted', taints: [] } });
      return (await fixture.runs()).length === 4;
    });
    await fixture.work();
    await fixture.push({}, { branch: 'other', user: 'member' });
    await fixture.until(async () => (await fixture.runs()).length === 5);
    await fixture.work();
    await new Promise((resolve) => setTimeout(resolve, 300));
    await fixture.work();

    const runs = await fixture.runs();
    expect(runs.map(({ path, level }) => [path.at(-5), level])).toEqual([
      ['a', 'branch'],
      ['b', 'untrusted'],
      ['c', 'untrusted'],
      ['d', 'untrusted'],
      ['a', 'branch'],
    ]);
  });
});

test('workflow_run is told that a run was asked for, began and ended, each once, and again of a repetition', async () => {
  await using fixture = await openRuns(postgres);
  const seen = `on: {workflow_run: {workflows: [A], types: [requested, in_progress, completed]}}
run-name: \${{ github.event.action }} \${{ github.event.workflow_run.status }} \${{ github.event.workflow_run.run_attempt }}\n${job}`;
  await fixture.push({ '.github/workflows/a.yml': `name: A\n${on('push')}`, '.github/workflows/b.yml': seen });
  const names = async () => {
    const rows = await fixture.db
      .as<RunTables>()
      .selectFrom('run_run')
      .select('run_name')
      .where('event', '=', 'workflow_run')
      .orderBy('run_name')
      .execute();
    return rows.map(({ run_name: name }) => name);
  };
  const of = (attempt: number) => [
    `completed completed ${attempt}`,
    `in_progress in_progress ${attempt}`,
    `requested queued ${attempt}`,
  ];
  await fixture.until(async () => (await fixture.work()) && (await names()).length === 3);
  expect(await names()).toEqual(of(1));

  const run = (await fixture.runs()).find(({ event }) => event === 'push');
  await fixture.engine.rerun({ principal: { id: '1', name: 'ada', kind: 'user' }, runId: run?.id ?? 0, only: 'all' });
  await fixture.until(async () => (await fixture.work()) && (await names()).length === 5);
  await new Promise((resolve) => setTimeout(resolve, 300));

  // A repetition is not asked for once more, as at GitHub it is the same run.
  expect(await names()).toEqual([...of(1), 'completed completed 2', 'in_progress in_progress 2'].toSorted());
});

describe('schedules', () => {
  test('belong to the default branch, run when due, and once however long nobody looked', async () => {
    await using fixture = await openRuns(postgres);
    const timed = `on: {schedule: [{cron: '0 4 * * *', timezone: Europe/Zurich}]}\n${job}`;
    await fixture.push({ '.github/workflows/timed.yml': timed });
    const schedules = () => fixture.db.as<RunTables>().selectFrom('run_schedule').selectAll().execute();
    const [planned] = await fixture.until(async () => {
      const rows = await schedules();
      return rows.length > 0 && rows;
    });
    expect(planned?.next_at.getTime()).toBeGreaterThan(Date.now());
    await fixture.db
      .as<RunTables>()
      .updateTable('run_schedule')
      .set({ next_at: new Date(Date.now() - 5 * 24 * 60 * 60_000) })
      .execute();
    await fixture.until(async () => (await fixture.runs()).length === 1);
    await fixture.work();

    expect(await fixture.runs()).toMatchObject([{ event: 'schedule', level: 'branch', conclusion: 'success' }]);
    expect((await schedules())[0]?.next_at).toEqual(planned?.next_at);
    await fixture.push({ '.github/workflows/timed.yml': on('push') });
    await fixture.until(async () => (await schedules()).length === 0);
    await fixture.work();
  });
});
