import { expect, test } from 'vitest';
import { silentLog, systemClock } from '../base/index.ts';
import type { JobLease } from '../protocol/index.ts';
import { runAttempt } from './attempt.ts';
import { createCancelSource } from './cancel.ts';
import type { EngineEvent } from './event.ts';

const lease = { id: 'l', runId: 1, level: 'branch', taints: [], job: { key: 'build' } } as unknown as JobLease;

test('a runner that does not answer a forced end is given up, and the run hears of it', async () => {
  const cancel = createCancelSource();
  const events: EngineEvent[] = [];
  const attempt = runAttempt(lease, {}, cancel.signal, {
    runJob: () => new Promise(() => {}),
    onEvent: (event) => events.push(event),
    clock: systemClock,
    log: silentLog,
    graceMs: 10,
  });
  cancel.cancel('cancel');
  cancel.cancel('force');

  const outcome = await attempt;

  expect(outcome).toMatchObject({ conclusion: 'failure', level: 'branch' });
  expect(events).toMatchObject([{ kind: 'job-ended', job: 'build', conclusion: 'failure' }]);
});

test('a runner that ends in time is believed, also when it was forced', async () => {
  const cancel = createCancelSource();
  cancel.cancel('force');
  const ended = {
    conclusion: 'cancelled',
    outputs: {},
    influencedOutputs: [],
    level: 'untrusted',
    taints: [],
  } as const;

  const outcome = await runAttempt(lease, {}, cancel.signal, {
    runJob: async () => ended,
    onEvent: () => {},
    clock: systemClock,
    log: silentLog,
    graceMs: 10_000,
  });

  expect(outcome).toEqual(ended);
});
