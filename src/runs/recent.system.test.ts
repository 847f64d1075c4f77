import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../database/index.ts';
import { openTestPostgres, type TestPostgres } from '../database/postgres.fixture.ts';
import { recentRuns } from './recent.ts';
import { MIGRATIONS } from './runs.fixture.ts';

let postgres: TestPostgres;
let db: Database;
beforeAll(async () => {
  postgres = await openTestPostgres();
  db = await postgres.database(MIGRATIONS);
});
afterAll(() => postgres.close());

type Planted = {
  readonly id: number;
  readonly repositoryId?: number;
  readonly workflow?: string;
  readonly ref?: string;
  readonly actor?: string;
  readonly conclusion?: 'success' | 'failure';
  readonly diagnostics?: readonly string[];
};

async function plant({
  id,
  repositoryId = 1,
  workflow = 'ci',
  ref = 'main',
  actor = '7',
  ...run
}: Planted): Promise<void> {
  const { conclusion = null, diagnostics = [] } = run;
  await sql`insert into run_run (id, repository_id, run_number, workflow_path, workflow_name, run_name, event, ref, sha, actor_type,
    actor_id, actor_login, level, taints, notes, diagnostics, state, conclusion, attempt, chain_depth, created_at,
    requested_followed, completed_followed)
    values (${id}, ${repositoryId}, ${id}, ${workflow}, ${workflow}, 'run', 'push', ${`refs/heads/${ref}`}, ${'a'.repeat(40)}, 'user',
    ${actor}, 'ada', 'branch', '[]', '[]', ${JSON.stringify(diagnostics)}, ${conclusion === null ? 'running' : 'done'}, ${conclusion}, 1, 0,
    now(), true, true)`.execute(db.as<object>());
}

test('recent runs are the newest of each workflow and branch, by how they ended', async () => {
  await plant({ id: 1, conclusion: 'failure' });
  await plant({ id: 2, conclusion: 'success' });
  await plant({ id: 3, ref: 'topic', conclusion: 'failure' });
  await plant({ id: 4, workflow: 'lint', conclusion: 'failure', diagnostics: ['wrong'] });
  await plant({ id: 5, repositoryId: 2, conclusion: 'failure', actor: '8' });
  await plant({ id: 6, ref: 'slow' });
  const ids = async (asked: Partial<Parameters<typeof recentRuns>[1]>) =>
    (await recentRuns(db, { repositoryIds: 'all', kind: 'failed', limit: 10, ...asked })).map(({ id }) => id);

  expect(await ids({})).toEqual([5, 3]);
  expect(await ids({ repositoryIds: [1] })).toEqual([3]);
  expect(await ids({ repositoryIds: [] })).toEqual([]);
  expect(await ids({ userId: 8 })).toEqual([5]);
  expect(await ids({ kind: 'refused' })).toEqual([4]);
  expect(await ids({ kind: 'passed' })).toEqual([2]);
  expect(await ids({ kind: 'open' })).toEqual([6]);
  expect(await ids({ limit: 1 })).toEqual([5]);
});
