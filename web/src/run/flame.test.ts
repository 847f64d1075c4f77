import { describe, expect, test } from 'vitest';
import type { Of } from '../shell/api.ts';
import { flameOf, ticksOf } from './flame.ts';

const at = (seconds: number) => new Date(seconds * 1000).toISOString();
const job = (more: Partial<Of<'Job'>>): Of<'Job'> => ({
  id: 1,
  key: 'build',
  name: 'build',
  state: 'finished',
  level: 'branch',
  taints: [],
  needs: [],
  ...more,
});
const step = (id: string, from: number, to?: number): Of<'Step'> => ({
  id,
  name: id,
  startedAt: at(from),
  lines: 0,
  ...(to === undefined ? {} : { finishedAt: at(to), conclusion: 'success' as const }),
});
const bars = (own: Of<'Job'>, steps: readonly Of<'Step'>[], now = 100) =>
  flameOf([own], new Map([[1, steps]]), now * 1000).rows.flatMap((row) =>
    row.bars.map(({ kind, label, fromMs, toMs }) => [kind, label, fromMs / 1000, toMs / 1000]),
  );

describe('where the time of a run went', () => {
  test('a job waited, was set up, did its steps, with what lay between', () => {
    const own = job({ queuedAt: at(0), startedAt: at(5), finishedAt: at(20), conclusion: 'success' });

    expect(bars(own, [step(':setup', 5, 6), step('a', 6, 10), step('a/inner', 7, 8), step('b', 12, 20)])).toEqual([
      ['queue', 'Waiting for a runner', 0, 5],
      ['setup', ':setup', 5, 6],
      ['step', 'a', 6, 10],
      ['rest', 'Between steps', 10, 12],
      ['step', 'b', 12, 20],
    ]);
  });

  test('what goes on reaches to now, and what never ran has no row', () => {
    expect(bars(job({ state: 'running', startedAt: at(5) }), [step('a', 6)], 50)).toEqual([
      ['rest', 'Between steps', 5, 6],
      ['step', 'a', 6, 50],
    ]);
    expect(bars(job({ state: 'queued', queuedAt: at(5) }), [], 50)).toEqual([['queue', 'Waiting for a runner', 5, 50]]);
    expect(bars(job({ state: 'finished', conclusion: 'skipped', queuedAt: at(5), finishedAt: at(6) }), [])).toEqual([]);
  });

  test('a clock of a runner that is wrong makes no bar outside of its job, and none that ends before it begins', () => {
    const own = job({ startedAt: at(5), finishedAt: at(20) });

    for (const [, , from = 0, to = 0] of bars(own, [step('early', 1, 2), step('late', 30, 40)])) {
      expect(Number(from)).toBeGreaterThanOrEqual(5);
      expect(Number(to)).toBeGreaterThanOrEqual(Number(from));
      expect(Number(to)).toBeLessThanOrEqual(20);
    }
  });

  test('an axis has round times', () => {
    expect(ticksOf(4200)).toEqual([0, 1000, 2000, 3000, 4000]);
    expect(ticksOf(3_600_000)).toEqual([0, 600_000, 1_200_000, 1_800_000, 2_400_000, 3_000_000, 3_600_000]);
    expect(ticksOf(0)).toEqual([0]);
  });
});
