import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startTimer } from './timer.ts';

test('a timer goes off once after all of its parts, and not before', async () => {
  let calls = 0;
  const start = performance.now();
  await new Promise<void>((resolve) => {
    startTimer(
      100,
      () => {
        calls += 1;
        resolve();
      },
      30,
    );
  });
  const took = performance.now() - start;
  await sleep(60);

  expect(calls).toBe(1);
  expect(took).toBeGreaterThan(95);
});

test('a timer of 35 days, longer than one of Node can be, does not go off at once', async () => {
  let calls = 0;
  const stop = startTimer(35 * 24 * 3_600_000, () => (calls += 1));

  await sleep(50);
  stop();
  stop();

  expect(calls).toBe(0);
});

test('a timer that was ended in its second part does not go off', async () => {
  let calls = 0;
  const stop = startTimer(60, () => (calls += 1), 20);

  await sleep(30);
  stop();
  await sleep(80);

  expect(calls).toBe(0);
});
