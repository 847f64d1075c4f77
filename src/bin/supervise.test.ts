import { expect, test, vi } from 'vitest';
import { supervise } from './supervise.ts';

const pace = { waitMs: 1, waitMsMax: 4, livedMsMin: 60_000 };

function lives() {
  const made: { end: () => void; ended: Promise<void> }[] = [];
  const begin = () => {
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const life = { ended, end };
    made.push(life);
    return life;
  };
  return { made, begin };
}

test('a process that dies again and again is begun again, each time later, up to a bound', async () => {
  const { made, begin } = lives();
  const waits: number[] = [];
  const supervised = supervise(begin, { pace, onDeath: (waitMs) => waits.push(waitMs) });

  for (let death = 1; death <= 4; death += 1) {
    made.at(-1)?.end();
    await vi.waitFor(() => expect(made).toHaveLength(death + 1));
  }
  await supervised.close((life) => life.end());

  expect(waits).toEqual([2, 4, 4, 4]);
});

test('nothing begins after the end, also when that comes between a death and the next start', async () => {
  const { made, begin } = lives();
  const died = Promise.withResolvers<void>();
  const supervised = supervise(begin, {
    pace: { ...pace, waitMs: 60_000, waitMsMax: 60_000 },
    onDeath: () => died.resolve(),
  });
  made[0]?.end();
  await died.promise;

  await supervised.close((life) => life.end());

  expect(made).toHaveLength(1);
});
