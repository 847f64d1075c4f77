import { expect, test } from 'vitest';
import { fuzzApi } from './api.ts';

test.each([1, 7])(
  'requests of every kind are answered as described, and none fails the server (seed %i)',
  { timeout: 300_000 },
  async (seed) => {
    expect((await fuzzApi(seed, 400)).failures).toEqual([]);
  },
);
