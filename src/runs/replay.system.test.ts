import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { silentLog, systemClock } from '../base/index.ts';
import type { Database } from '../database/index.ts';
import { openTestPostgres, type TestPostgres } from '../database/postgres.fixture.ts';
import { dispatchEvent } from '../event/index.ts';
import type { JobOutcome } from '../protocol/index.ts';
import { createReader } from '../workflow/index.ts';
import { Lane } from './lane.ts';
import { type Prepared, prepareRun } from './prepare.ts';
import { RepositoryDriver, type RepositoryDriverDeps } from './repository-driver.ts';
import { MIGRATIONS } from './runs.fixture.ts';
import type { RunTables } from './tables.ts';
import { begin } from './work.ts';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await openTestPostgres();
});
afterAll(() => postgres.close());

const reader = createReader();
const REPOSITORY = 1;
const WORKFLOWS = 12;
const STEPS_MAX = 60;

/** Numbers that look random, and are the same for the same seed. */
function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** A workflow with needs, matrices that are known late, calls, conditions, limits and groups. */
function workflowOf(seed: number): { readonly main: string; readonly called: string } {
  const pick = randomOf(seed);
  const jobs = Array.from({ length: 2 + pick(5) }, (_, at) => {
    const needs = Array.from({ length: at }, (_unused, other) => `j${other}`).filter(() => pick(3) === 0);
    const condition = ['success()', 'always()', 'failure()', '!cancelled()', "needs.j0.result != 'skipped'"][pick(5)];
    const head = [`  j${at}:`, ...(needs.length > 0 ? [`    needs: [${needs.join(', ')}]`] : [])];
    if (needs.includes('j0') || !condition?.includes('j0')) head.push(`    if: \${{ ${condition} }}`);
    if (pick(4) === 0) return [...head, '    uses: ./.github/workflows/called.yml'].join('\n');
    if (pick(4) === 0) head.push(`    concurrency: {group: g${pick(2)}, cancel-in-progress: ${pick(2) === 0}}`);
    const late = needs.includes('j0') ? '"${{ fromJSON(needs.j0.outputs.list || \'[1]\') }}"' : '[a, b, c]';
    if (pick(2) === 0) {
      head.push(`    strategy: {fail-fast: ${pick(2) === 0}, max-parallel: ${1 + pick(3)}, matrix: {n: ${late}}}`);
    }
    if (pick(5) === 0) head.push('    continue-on-error: true');
    return [
      ...head,
      '    runs-on: ubuntu-latest',
      "    outputs: {list: '${{ steps.a.outputs.list }}'}",
      "    steps: [{id: a, run: 'true'}]",
    ].join('\n');
  });
  const group = pick(3) === 0 ? `concurrency: {group: r${pick(2)}, cancel-in-progress: ${pick(2) === 0}}\n` : '';
  const called = `on: {workflow_call: {outputs: {list: {value: '\${{ jobs.in.outputs.list }}'}}}}
jobs:
  in: {runs-on: ubuntu-latest, outputs: {list: '\${{ steps.a.outputs.list }}'}, steps: [{id: a, run: 'true'}]}
  after: {needs: in, if: always(), runs-on: ubuntu-latest, steps: [{run: 'true'}]}
`;
  return { main: `on: workflow_dispatch\n${group}jobs:\n${jobs.join('\n')}\n`, called };
}

function depsOf(db: Database): RepositoryDriverDeps {
  const random = (bytes: number) => randomBytes(bytes);
  return {
    db,
    log: silentLog,
    clock: { now: () => systemClock.now(), monotonic: () => systemClock.now() },
    audit: { now: () => systemClock.now(), random },
    random,
    jobsMax: 1000,
    labelsOf: (labels) => labels,
    gitFor: ({ event }) => ({ gitDir: '', commit: event.sha }),
    egressFor: async () => ({ allow: [], allowPrivate: [] }),
  };
}

async function prepared(db: Database, seed: number): Promise<Prepared> {
  const { main, called } = workflowOf(seed);
  const reading = await reader.readWorkflow('.github/workflows/main.yml', main);
  if (!reading.ok) throw new Error(`${JSON.stringify(reading.errors[0])}\n${main}`);
  const repository = { owner: 'a', name: 'b', fullName: 'a/b', id: REPOSITORY, ownerId: 1, defaultBranch: 'main' };
  const origin = { repository, actor: { login: 'ada', id: 1 }, serverUrl: 'http://x' };
  const files = {
    readText: async (_commit: string, path: string) => (path.endsWith('called.yml') ? called : undefined),
    listWorkflows: async () => [],
    resolve: async () => ({}),
    changedPaths: async () => undefined,
  };
  const sha = 'a'.repeat(40);
  return prepareRun(
    reading.value,
    {
      event: dispatchEvent(origin, { ref: 'refs/heads/main', sha, workflow: 'main.yml', inputs: {} }),
      actor: { type: 'user', id: '1' },
      chainDepth: 0,
      vars: {},
      files,
    },
    {
      db,
      reader,
      actions: {
        resolve: () => Promise.reject(new Error()),
        folder: () => Promise.reject(new Error()),
        readText: async () => undefined,
      },
      readLock: () => ({ pins: {}, locked: false }),
      isBuiltin: () => true,
      serverUrl: 'http://x',
      now: () => systemClock.now(),
    },
  );
}

type Waiting = { readonly jobId: number; readonly key: string; readonly runId: number };

/** Ends one of the jobs that are in the queue, as the seed has it. */
function nextEnd(
  waiting: readonly Waiting[],
  pick: (below: number) => number,
): Waiting & { readonly outcome: JobOutcome } {
  const job = waiting[pick(waiting.length)];
  if (job === undefined) throw new Error('nothing waits');
  const conclusion = (['success', 'success', 'success', 'failure', 'cancelled'] as const)[pick(5)] ?? 'success';
  const outputs = { list: JSON.stringify(['x', 'y', 'z'].slice(0, 1 + pick(3))) };
  const outcome = { conclusion, outputs, influencedOutputs: [], level: 'branch', taints: [] } as const;
  return { ...job, outcome };
}

/** What a driver holds, without what differs by nature: numbers of rows, times. */
function stateOf(driver: RepositoryDriver): unknown {
  const { schedule, machine } = driver.driver;
  const runs = [...machine.runs.values()].map((run) => ({
    run: run.runId,
    announced: [...run.announced],
    ended: [...run.ended],
    scopes: [...run.scopes.values()].map(({ key, inputs, level, taints }) => ({ key, inputs, level, taints })),
    definitions: [...run.definitions.values()].map(({ scope: _scope, job: _job, influencedOutputs, ...rest }) => ({
      ...rest,
      influencedOutputs: [...influencedOutputs],
    })),
    instances: [...run.instances.values()].map(({ definition: _definition, cancel: _cancel, ...rest }) => rest),
  }));
  return { runs, schedule: schedule.runs };
}

/** Runs two workflows with these ends; `drop`: the driver is thrown away after every single step. */
async function simulateServer(seed: number, { drop }: { readonly drop: boolean }): Promise<readonly string[]> {
  const db = await postgres.database(MIGRATIONS);
  const deps = depsOf(db);
  const lane = new Lane(deps, REPOSITORY, () => undefined);
  const pick = randomOf(seed * 7 + 1);
  const trace: string[] = [];
  const check = async (): Promise<void> => {
    if (!drop) return;
    const before = await lane.run(async (driver) => stateOf(driver));
    expect(stateOf(await RepositoryDriver.open(deps, REPOSITORY))).toEqual(before);
    lane.drop();
  };
  for (const offset of [0, 100]) {
    const one = await prepared(db, seed + offset);
    await lane.run((driver, step) => step((batch) => begin(driver, batch, one)));
    await check();
  }
  for (let count = 0; count < STEPS_MAX; count += 1) {
    const rows = await db
      .as<RunTables & { queue_job: { job_id: string; state: string; cancel: string } }>()
      .selectFrom('queue_job')
      .innerJoin('run_job', 'run_job.job_id', 'queue_job.job_id')
      .select(['queue_job.job_id', 'run_job.key', 'run_job.run_id'])
      .orderBy('run_job.run_id')
      .orderBy('run_job.key')
      .execute();
    const waiting = rows.map(({ job_id, key, run_id }) => ({ jobId: Number(job_id), key, runId: Number(run_id) }));
    if (waiting.length === 0) break;
    if (count === 3 && seed % 3 === 0) {
      const runId = waiting[0]?.runId ?? 0;
      await lane.run((driver, step) => step(() => driver.cancelRun(runId, { force: false, reason: 'cancelled' })));
      await check();
      trace.push(`cancel ${runId}`);
    }
    const end = nextEnd(waiting, pick);
    trace.push(`${end.runId} ${end.key} ${end.outcome.conclusion}`);
    await db
      .as<{ queue_job: { job_id: string; state: string; outcome: string; finished_at: Date } }>()
      .updateTable('queue_job')
      .set({ state: 'finished', outcome: JSON.stringify(end.outcome), finished_at: new Date() })
      .where('job_id', '=', String(end.jobId))
      .execute();
    const finished = { ...end, repositoryId: REPOSITORY, lost: false, leasedAt: new Date() };
    await lane.run((driver, step) => step(() => driver.finish(finished)));
    await check();
  }
  await lane.stop();
  const jobs = await db.as<RunTables>().selectFrom('run_job').selectAll().orderBy('run_id').orderBy('key').execute();
  const runs = await db.as<RunTables>().selectFrom('run_run').selectAll().orderBy('id').execute();
  return [
    ...trace,
    ...jobs.map(({ run_id, key, state, conclusion, reason }) => `${run_id} ${key}: ${state} ${conclusion} ${reason}`),
    ...runs.map(({ id, state, conclusion }) => `${id} ${state} ${conclusion}`),
  ];
}

describe('a driver that is thrown away after every step', () => {
  test.each(Array.from({ length: WORKFLOWS }, (_, at) => at + 1))(
    'comes back exactly as it was, and goes on as one that was not (workflow %i)',
    async (seed) => {
      const undisturbed = await simulateServer(seed, { drop: false });

      const dropped = await simulateServer(seed, { drop: true });

      expect(dropped).toEqual(undisturbed);
      expect(dropped.filter((line) => / done (success|failure|cancelled|skipped)$/.test(line))).toHaveLength(2);
    },
  );
});
