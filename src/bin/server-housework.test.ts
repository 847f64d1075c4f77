import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { silentLog } from '../base/index.ts';
import { startHousework, type Work } from './server-housework.ts';

const TIMES = { firstMs: 1, turnMs: 1, roundMs: 1 };

test('each work gets its turns until it is done, one after the other; what fails is tried in the next round', async () => {
  const told: string[] = [];
  let atOnce = 0;
  const work = (name: string, turns: readonly (boolean | Error)[]): Work => {
    const left = [...turns];
    return {
      name,
      async turn() {
        atOnce += 1;
        expect(atOnce).toBe(1);
        await sleep(2);
        atOnce -= 1;
        told.push(name);
        const next = left.shift() ?? false;
        if (next instanceof Error) throw next;
        return next;
      },
    };
  };

  const end = startHousework(
    [work('a', [true, true, false]), work('b', [new Error('no')]), work('c', [])],
    silentLog,
    TIMES,
  );
  while (told.length < 8) await sleep(1);
  await end();
  const { length } = told;
  await sleep(20);

  expect(told.slice(0, 8)).toEqual(['a', 'a', 'a', 'b', 'c', 'a', 'b', 'c']);
  expect(told).toHaveLength(length);
});
