import { expect, test } from 'vitest';
import { createFixture } from './local-fixture.ts';

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
