import { expect, test } from 'vitest';
import { fuzzReader } from './reader.ts';

test.each([1, 7, 42])(
  'mutated files, alias bombs and deep nesting neither crash nor stall the reader (seed %i)',
  async (seed) => {
    expect((await fuzzReader(seed, 400)).failures).toEqual([]);
  },
);
