import { describe, expect, test } from 'vitest';
import type { Conclusion } from '../protocol/index.ts';
import { applyHappening, emptySchedule } from './apply.ts';
import { nextActions, nextTime } from './next.ts';
import { type SimulatedJob, simulate } from './simulate.ts';

type Jobs = { readonly [id: string]: SimulatedJob };
const run = (jobs: Jobs, options?: Parameters<typeof simulate>[1]) => simulate([{ jobs }], options);
const failing: SimulatedJob = { instances: { '': 'failure' } };

describe('needs', () => {
  test.each<[string, Jobs, { [key: string]: string }, Conclusion]>([
    ['a job runs after what it needs', { a: {}, b: { needs: ['a'] } }, { a: 'success', b: 'success' }, 'success'],
    ['a failure skips what needs it', { a: failing, b: { needs: ['a'] } }, { a: 'failure', b: 'skipped' }, 'failure'],
    [
      'a failure skips at any distance',
      { a: failing, b: { needs: ['a'] }, c: { needs: ['b'] } },
      { a: 'failure', b: 'skipped', c: 'skipped' },
      'failure',
    ],
    [
      'always() runs after a failure, and what needs only that job is skipped for the failure further up',
      { a: failing, b: { needs: ['a'], if: 'always' }, c: { needs: ['b'] } },
      { a: 'failure', b: 'success', c: 'skipped' },
      'failure',
    ],
    [
      'failure() sees a failure of an ancestor that is not a direct need',
      { a: failing, b: { needs: ['a'] }, c: { needs: ['b'], if: 'failure' } },
      { a: 'failure', b: 'skipped', c: 'success' },
      'failure',
    ],
    [
      'failure() does not hold after success',
      { a: {}, b: { needs: ['a'], if: 'failure' } },
      { a: 'success', b: 'skipped' },
      'success',
    ],
    [
      'a skipped job skips what needs it, although nothing failed',
      { a: { if: 'never' }, b: { needs: ['a'] }, c: { needs: ['a'], if: 'always' } },
      { a: 'skipped', b: 'skipped', c: 'success' },
      'success',
    ],
    [
      'a skip two levels up skips too, as at GitHub',
      { a: { if: 'never' }, b: { needs: ['a'], if: 'always' }, c: { needs: ['b'] } },
      { a: 'skipped', b: 'success', c: 'skipped' },
      'success',
    ],
    [
      'failure() is not true for a skip, nor is cancelled()',
      { a: { if: 'never' }, b: { needs: ['a'], if: 'failure' }, c: { needs: ['a'], if: 'cancelled' } },
      { a: 'skipped', b: 'skipped', c: 'skipped' },
      'skipped',
    ],
    [
      'a failure with continue-on-error counts as success for those that need it and for the run',
      { a: { ...failing, continueOnError: true }, b: { needs: ['a'] } },
      { a: 'success', b: 'success' },
      'success',
    ],
    [
      'a job that was cancelled on its own skips what needs it',
      { a: { instances: { '': 'cancelled' } }, b: { needs: ['a'] }, c: { needs: ['a'], if: 'failure' } },
      { a: 'cancelled', b: 'skipped', c: 'skipped' },
      'cancelled',
    ],
    [
      'one failure among several needs is enough',
      { a: {}, b: failing, c: { needs: ['a', 'b'] } },
      { a: 'success', b: 'failure', c: 'skipped' },
      'failure',
    ],
    ['a run whose jobs are all skipped is skipped', { a: { if: 'never' } }, { a: 'skipped' }, 'skipped'],
  ])('%s', (_name, jobs, results, conclusion) => {
    const simulation = run(jobs);

    expect(simulation.results).toEqual(results);
    expect(simulation.conclusions).toEqual([conclusion]);
  });

  test('a job starts as soon as its own needs are done, not when all others are', () => {
    const { trace } = run({ a: {}, b: { needs: ['a'] }, slow: {} });

    expect(trace.indexOf('start b')).toBeGreaterThan(trace.indexOf('start a'));
    expect(trace.indexOf('start slow')).toBeLessThan(trace.indexOf('start b'));
  });
});

describe('a matrix', () => {
  test('runs what is still queued and running down when one fails', () => {
    const { trace, results } = run(
      { a: { instances: { ' (1)': 'failure', ' (2)': 'hang', ' (3)': 'success' } } },
      { parallelMax: 2 },
    );

    expect(trace).toEqual([
      'open 1',
      'start a (1)',
      'start a (2)',
      'cancel a (2)',
      'end a (3) cancelled',
      'done 1 failure',
    ]);
    expect(results).toEqual({ a: 'failure' });
  });

  test('goes on after a failure with fail-fast: false', () => {
    const { trace } = run(
      { a: { failFast: false, instances: { ' (1)': 'failure', ' (2)': 'success' } } },
      { parallelMax: 1 },
    );

    expect(trace).toEqual(['open 1', 'start a (1)', 'start a (2)', 'done 1 failure']);
  });

  test('does not fail fast for a child that may fail', () => {
    const { trace, results } = run(
      { a: { continueOnError: true, instances: { ' (1)': 'failure', ' (2)': 'success' } }, b: { needs: ['a'] } },
      { parallelMax: 1 },
    );

    expect(trace).toContain('start a (2)');
    expect(results).toEqual({ a: 'success', b: 'success' });
  });

  test('never has more children at once than max-parallel', () => {
    const instances = Object.fromEntries([1, 2, 3, 4, 5].map((n) => [` (${n})`, 'success' as const]));
    const { trace, schedule } = run({ a: { maxParallel: 2, instances } });

    expect(trace.slice(1, 3)).toEqual(['start a (1)', 'start a (2)']);
    expect(schedule.runs[0]?.instances.every(({ conclusion }) => conclusion === 'success')).toBe(true);
  });

  test('shares the slots of the machine with all other jobs', () => {
    const jobs = Object.fromEntries(
      Array.from({ length: 6 }, (_, n) => [`j${n}`, { instances: { '': 'hang' as const } }]),
    );
    const { trace } = run(jobs, { parallelMax: 3 });

    expect(trace).toEqual(['open 1', 'start j0', 'start j1', 'start j2', 'stuck']);
  });
});

describe('a call of a reusable workflow', () => {
  const call: Jobs = { call: { jobs: { a: {}, b: { needs: ['a'] } } }, after: { needs: ['call'] } };

  test('is done when all jobs inside are, and then what needs it starts', () => {
    const { trace, results } = run(call);

    expect(trace).toEqual(['open 1', 'start call / a', 'start call / b', 'start after', 'done 1 success']);
    expect(results).toMatchObject({ call: 'success', 'call / a': 'success', after: 'success' });
  });

  test('fails when one inside fails', () => {
    const { results } = run({ call: { jobs: { a: failing, b: { needs: ['a'] } } }, after: { needs: ['call'] } });

    expect(results).toEqual({ call: 'failure', 'call / a': 'failure', 'call / b': 'skipped', after: 'skipped' });
  });

  test('in a matrix takes down the jobs inside its siblings when it fails fast', () => {
    const { results, trace } = run(
      { call: { instances: { ' (1)': 'success', ' (2)': 'success' }, jobs: { a: {} } } },
      { ends: { 'call (1) / a': 'failure', 'call (2) / a': 'hang' } },
    );

    expect(trace).toContain('cancel call (2) / a');
    expect(results['call']).toBe('failure');
  });

  test('that is skipped never shows its jobs', () => {
    const { results } = run({ call: { if: 'never', jobs: { a: {} } } });

    expect(results).toEqual({ call: 'skipped' });
  });
});

describe('a cancelled run', () => {
  const cancelAt = (line: string, force = false) => ({
    onTrace: (seen: string) => (seen === line ? { cancel: 1, force } : undefined),
  });

  test('cancels what runs, skips what waits, and still runs what says always()', () => {
    const { trace, results, conclusions } = run(
      {
        a: { instances: { '': 'hang' } },
        b: { needs: ['a'] },
        clean: { needs: ['a'], if: 'always' },
        tell: { needs: ['a'], if: 'cancelled' },
      },
      cancelAt('start a'),
    );

    expect(trace).toContain('cancel a');
    expect(results).toEqual({ a: 'cancelled', b: 'cancelled', clean: 'success', tell: 'success' });
    expect(conclusions).toEqual(['cancelled']);
  });

  test('spares a running job whose condition is always()', () => {
    const { trace, results } = run({ a: { if: 'always' } }, cancelAt('start a'));

    expect(trace).not.toContain('cancel a');
    expect(results).toEqual({ a: 'success' });
  });

  test('ends queued jobs without starting them', () => {
    const { trace } = run({ a: { instances: { '': 'hang' } }, b: {} }, { parallelMax: 1, ...cancelAt('start a') });

    expect(trace).not.toContain('start b');
    expect(trace).toContain('end b cancelled');
  });

  test('by force kills also what says always(), and starts nothing any more', () => {
    const { trace, results } = run(
      { a: { if: 'always', instances: { '': 'hang' } }, b: { needs: ['a'], if: 'always' } },
      cancelAt('start a', true),
    );

    expect(trace).toEqual(['open 1', 'start a', 'kill a', 'done 1 cancelled']);
    expect(results).toEqual({ a: 'cancelled', b: 'cancelled' });
  });

  test('reaches the jobs inside a call, and lets those go on that say always()', () => {
    const { results } = run(
      { call: { jobs: { a: { instances: { '': 'hang' } }, z: { needs: ['a'], if: 'always' } } } },
      cancelAt('start call / a'),
    );

    expect(results).toMatchObject({ 'call / a': 'cancelled', 'call / z': 'success', call: 'cancelled' });
  });
});

describe('concurrency', () => {
  const claim = (group: string, more: Partial<{ cancelInProgress: boolean; queue: 'single' | 'max' }> = {}) => ({
    group,
    cancelInProgress: false,
    queue: 'single' as const,
    ...more,
  });
  const long: SimulatedJob = { instances: { '': 'success' } };

  test('lets one run of a group go on at a time, without regard to case', () => {
    const { trace } = simulate([
      { concurrency: claim('G'), jobs: { a: long } },
      { concurrency: claim('g'), jobs: { b: long } },
    ]);

    expect(trace).toEqual(['open 1', 'start a', 'done 1 success', 'open 2', 'start b', 'done 2 success']);
  });

  test('keeps only the newest of those that wait', () => {
    const { trace, conclusions } = simulate(
      [1, 2, 3].map((n) => ({ concurrency: claim('g'), jobs: { [`j${n}`]: long } })),
    );

    expect(conclusions).toEqual(['success', 'cancelled', 'success']);
    expect(trace).not.toContain('start j2');
  });

  test('lets all wait in line with queue: max', () => {
    const { trace, conclusions } = simulate(
      [1, 2, 3].map((n) => ({ concurrency: claim('g', { queue: 'max' }), jobs: { [`j${n}`]: long } })),
    );

    expect(conclusions).toEqual(['success', 'success', 'success']);
    expect(trace.filter((line) => line.startsWith('start'))).toEqual(['start j1', 'start j2', 'start j3']);
  });

  test('cancels the one in progress when the newer one says so', () => {
    const held = { concurrency: claim('g'), jobs: { a: { instances: { '': 'hang' as const } } } };
    let schedule = emptySchedule(4);
    schedule = applyHappening(schedule, {
      kind: 'run-added',
      run: 1,
      concurrency: held.concurrency,
      definitions: [{ key: 'a', kind: 'job', needs: [] }],
    });
    schedule = applyHappening(schedule, { kind: 'run-opened', run: 1 });
    schedule = applyHappening(schedule, {
      kind: 'run-added',
      run: 2,
      concurrency: claim('g', { cancelInProgress: true }),
      definitions: [],
    });

    expect(nextActions(schedule, 0)).toContainEqual(expect.objectContaining({ kind: 'cancel-run', run: 1 }));
    expect(nextActions(schedule, 0)).not.toContainEqual({ kind: 'open-run', run: 2 });
  });

  test('of jobs keeps them apart, across runs too', () => {
    const job: SimulatedJob = { concurrency: claim('deploy', { queue: 'max' }) };
    const { schedule, trace } = simulate([{ jobs: { a: job, b: job } }, { jobs: { c: job } }]);

    expect(trace.filter((line) => line.startsWith('start'))).toHaveLength(3);
    expect(schedule.runs.map(({ conclusion }) => conclusion)).toEqual(['success', 'success']);
  });

  test('of a job that waits for the group of its own run is a deadlock, and fails at once', () => {
    const { results, trace } = simulate([{ concurrency: claim('g'), jobs: { a: { concurrency: claim('g') } } }]);

    expect(results).toEqual({ a: 'failure' });
    expect(trace).not.toContain('stuck');
  });

  test('of a job inside a call that waits for the group of the call is a deadlock, too', () => {
    const { results } = simulate([
      { jobs: { call: { concurrency: claim('g'), jobs: { a: { concurrency: claim('g') } } } } },
    ]);

    expect(results).toMatchObject({ 'call / a': 'failure', call: 'failure' });
  });
});

describe('reasons', () => {
  test('name the job whose failure ends the rest of a matrix, running and waiting', () => {
    const { reasons } = simulate([
      {
        jobs: {
          build: { instances: { ' (1)': 'hang', ' (2)': 'failure', ' (3)': 'success' }, maxParallel: 2 },
        },
      },
    ]);
    const reason = 'cancelled: `build (2)` failed and fail-fast is on';
    expect(reasons).toEqual({ 'build (1)': reason, 'build (3)': reason });
  });

  test('of a call reach the jobs inside', () => {
    const { reasons } = simulate(
      [
        {
          jobs: {
            bad: { instances: { '': 'success' } },
            call: {
              instances: { ' (1)': 'success', ' (2)': 'success' },
              jobs: { a: {} },
            },
          },
        },
      ],
      { ends: { 'call (1) / a': 'failure', 'call (2) / a': 'hang' } },
    );
    expect(reasons['call (2) / a']).toBe('cancelled: `call (1)` failed and fail-fast is on');
  });

  test('of a concurrency group name the group', () => {
    const claim = { group: 'Deploy', cancelInProgress: true, queue: 'single' } as const;
    const { reasons } = simulate([
      { jobs: { a: { concurrency: claim, instances: { '': 'hang' } }, b: { concurrency: claim } } },
    ]);
    expect(reasons['a']).toBe('cancelled: a newer one claims the concurrency group Deploy');
  });
});

describe('deadlines', () => {
  const started = (deadlineAt: number) => {
    let schedule = emptySchedule(1);
    const definitions = [{ key: 'a', kind: 'job' as const, needs: [] }];
    for (const happening of [
      { kind: 'run-added', run: 1, definitions },
      { kind: 'run-opened', run: 1 },
      { kind: 'decided', run: 1, definition: 'a', accepted: true },
      { kind: 'expanded', run: 1, definition: 'a', instances: [{ key: 'a', continueOnError: false }], failFast: true },
      { kind: 'started', run: 1, instance: 'a', deadlineAt },
    ] as const) {
      schedule = applyHappening(schedule, happening);
    }
    return schedule;
  };

  test('cancel a job that runs too long, and force it when it does not end then', () => {
    let schedule = started(100);

    expect(nextActions(schedule, 99)).toEqual([]);
    expect(nextActions(schedule, 100)).toMatchObject([{ kind: 'cancel', instance: 'a', force: false }]);
    expect(nextTime(schedule)).toBe(100);

    schedule = applyHappening(schedule, {
      kind: 'cancel-requested',
      run: 1,
      instance: 'a',
      force: false,
      reason: 'time',
      forceAt: 200,
    });

    expect(nextActions(schedule, 199)).toEqual([]);
    expect(nextActions(schedule, 200)).toMatchObject([{ kind: 'cancel', instance: 'a', force: true }]);
  });
});

describe('any graph', () => {
  test('comes to an end, and runs no job before what it needs (seeded)', () => {
    let seed = 42;
    const random = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed % below;
    };
    for (let round = 0; round < 200; round += 1) {
      const jobs: Record<string, SimulatedJob> = {};
      const size = 2 + random(8);
      for (let index = 0; index < size; index += 1) {
        const needs = Array.from({ length: index }, (_, n) => `j${n}`).filter(() => random(3) === 0);
        const ends = ['success', 'failure', 'cancelled', 'skipped'] as const;
        const conditions = ['success', 'always', 'failure', 'cancelled', 'never'] as const;
        jobs[`j${index}`] = {
          needs,
          if: conditions[random(5)] ?? 'success',
          instances: Object.fromEntries(
            Array.from({ length: 1 + random(3) }, (_, n) => [` (${n})`, ends[random(4)] ?? 'success']),
          ),
          failFast: random(2) === 0,
          continueOnError: random(4) === 0,
          ...(random(3) === 0 ? { maxParallel: 1 } : {}),
          ...(random(4) === 0
            ? { concurrency: { group: `g${random(2)}`, cancelInProgress: random(2) === 0, queue: 'single' } }
            : {}),
        };
      }
      const cancelAfter = random(30);
      let lines = 0;
      const { trace, conclusions } = simulate([{ jobs }], {
        parallelMax: 1 + random(3),
        onTrace: () => (++lines === cancelAfter ? { cancel: 1, force: random(2) === 0 } : undefined),
      });

      expect(trace, JSON.stringify(jobs)).not.toContain('stuck');
      expect(conclusions[0], JSON.stringify(jobs)).toBeDefined();
    }
  });
});
