import { expect, test } from 'vitest';
import { openRunRecords } from '../run/index.ts';
import { createFixture } from './local-fixture.ts';
import { cancelled } from './memory-runner.ts';

test('a failure that continue-on-error lets pass is told as tolerated, of late matrices too', async () => {
  await using fixture = await createFixture({
    '.github/workflows/ci.yml': `on: push
jobs:
  first:
    runs-on: ubuntu-latest
    outputs:
      list: \${{ steps.a.outputs.list }}
    steps: [{ id: a, run: echo }]
  try:
    needs: first
    runs-on: ubuntu-latest
    continue-on-error: \${{ matrix.loose }}
    strategy:
      fail-fast: false
      matrix:
        loose: \${{ fromJSON(needs.first.outputs.list) }}
    steps: [{ run: echo }]
  elsewhere:
    runs-on: windows-latest
    continue-on-error: true
    steps: [{ run: echo }]
`,
  });

  const { result, events } = await fixture.run({
    jobs: {
      first: () => ({ outputs: { list: '[true, false]' } }),
      'try (true)': () => ({ conclusion: 'failure' }),
    },
  });

  expect(result).toMatchObject({ conclusion: 'success' });
  const jobs = events.flatMap((event) => (event.kind === 'run-finished' ? event.jobs : []));
  expect(jobs.map(({ key, conclusion, tolerated }) => [key, conclusion, tolerated])).toEqual(
    expect.arrayContaining([
      ['elsewhere', 'failure', true],
      ['first', 'success', undefined],
      ['try (true)', 'failure', true],
      ['try (false)', 'success', undefined],
    ]),
  );
  expect(events).toContainEqual(expect.objectContaining({ kind: 'job-ended', job: 'elsewhere', tolerated: true }));
  const announced = events.flatMap((event) => ('jobs' in event && event.kind !== 'run-finished' ? event.jobs : []));
  expect(announced.filter(({ continueOnError }) => continueOnError === true).map(({ key }) => key)).toEqual([
    'elsewhere',
    'try (true)',
  ]);
});

test('a job of a matrix that fail-fast ends says whose failure it was, at once, at the end and in the record', async () => {
  const path = '.github/workflows/ci.yml';
  await using fixture = await createFixture({
    [path]: `on: push
jobs:
  build:
    runs-on: ubuntu-latest
    strategy: { matrix: { v: [18, 20] } }
    steps: [{ run: echo }]
`,
  });

  const { events } = await fixture.run({
    jobs: {
      'build (20)': () => ({ conclusion: 'failure' }),
      'build (18)': async (_lease, _secrets, signal) => {
        await cancelled(signal);
        return { conclusion: 'cancelled' };
      },
    },
  });

  const reason = 'cancelled: `build (20)` failed and fail-fast is on';
  expect(events).toContainEqual(
    expect.objectContaining({ kind: 'job-cancelling', job: 'build (18)', force: false, reason }),
  );
  const finished = events.flatMap((event) => (event.kind === 'run-finished' ? event.jobs : []));
  expect(finished).toContainEqual(expect.objectContaining({ key: 'build (18)', conclusion: 'cancelled', reason }));
  const record = await openRunRecords(fixture.state).last(fixture.folder, path);
  expect(record?.jobs).toContainEqual(expect.objectContaining({ key: 'build (18)', reason }));
});

test('a job that does not run names what it needs and why that is not there', async () => {
  await using fixture = await createFixture({
    '.github/workflows/ci.yml': `on: push
jobs:
  build: { runs-on: ubuntu-latest, steps: [{ run: echo }] }
  test: { needs: build, runs-on: ubuntu-latest, steps: [{ run: echo }] }
  deploy: { needs: test, runs-on: ubuntu-latest, steps: [{ run: echo }] }
  never: { needs: build, if: always() && false, runs-on: ubuntu-latest, steps: [{ run: echo }] }
  odd: { needs: build, if: "success() && fromJSON('{')", runs-on: ubuntu-latest, steps: [{ run: echo }] }
`,
  });

  const { events } = await fixture.run({ jobs: { build: () => ({ conclusion: 'failure' }) } });

  const reasons = events.flatMap((event) => (event.kind === 'job-ended' ? [[event.job, event.reason]] : []));
  expect(Object.fromEntries(reasons)).toEqual({
    test: 'it needs `build`, which failed',
    deploy: 'it needs `build`, which failed',
    never: 'its condition is false',
    odd: 'it needs `build`, which failed',
  });
});

test('a run that gives way to a newer one of its concurrency group tells it of each job', async () => {
  const text = (job: string) => `on: push
concurrency: { group: g, cancel-in-progress: true }
jobs:
  ${job}: { runs-on: ubuntu-latest, steps: [{ run: echo }] }
`;
  await using fixture = await createFixture({
    '.github/workflows/a.yml': text('one'),
    '.github/workflows/b.yml': text('two'),
  });

  const { events, ended } = await fixture.run();

  expect(ended).toEqual({ one: 'cancelled', two: 'success' });
  expect(events).toContainEqual(
    expect.objectContaining({ job: 'one', reason: 'cancelled: a newer one claims the concurrency group g' }),
  );
});
