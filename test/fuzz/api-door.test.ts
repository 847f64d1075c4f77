import { expect, test } from 'vitest';
import { fuzzApiDoor } from './api-door.ts';

test.each([1, 7])(
  'requests of every kind are answered as described, and none fails the server (seed %i)',
  { timeout: 300_000 },
  async (seed) => {
    expect((await fuzzApiDoor(seed, 400)).failures).toEqual([]);
  },
);
