import { expect, test } from 'vitest';
import { compareJobs, type TimedJob } from './compare-runs.ts';

const timed = (key: string, seconds: number, steps: readonly [id: string, ms: number][]): TimedJob => ({
  job: {
    id: 1,
    key,
    name: `the ${key}`,
    state: 'finished',
    conclusion: 'success',
    level: 'branch',
    taints: [],
    needs: [],
    startedAt: new Date(1000),
    finishedAt: new Date(1000 + seconds * 1000),
  },
  steps: steps.map(([id, ms]) => ({ id, name: id, startedAt: 5, finishedAt: 5 + ms, conclusion: 'success', lines: 0 })),
});

test('jobs and steps of two runs stand side by side, also those that only one of them has', () => {
  const run = [
    timed('build', 9, [
      ['a', 10],
      ['a/inner', 5],
      ['new', 2],
    ]),
    timed('fresh', 1, []),
  ];
  const base = [
    timed('build', 4, [
      ['a', 30],
      ['old', 7],
    ]),
    timed('gone', 2, []),
  ];

  const compared = compareJobs(run, base);

  expect(compared.map(({ key, durationMs, baseMs }) => [key, durationMs, baseMs])).toEqual([
    ['build', 9000, 4000],
    ['fresh', 1000, undefined],
    ['gone', undefined, 2000],
  ]);
  expect(compared[0]?.steps.map(({ id, durationMs, baseMs }) => [id, durationMs, baseMs])).toEqual([
    ['a', 10, 30],
    ['new', 2, undefined],
    ['old', undefined, 7],
  ]);
});

test('what goes on has no duration yet', () => {
  const [running] = [timed('build', 9, [])].map(({ job, steps }) => {
    const { finishedAt: _finishedAt, conclusion: _conclusion, ...rest } = job;
    return { job: { ...rest, state: 'running' as const }, steps };
  });

  const [compared] = compareJobs(running === undefined ? [] : [running], []);

  expect(compared).not.toHaveProperty('durationMs');
  expect(compared).not.toHaveProperty('conclusion');
});
