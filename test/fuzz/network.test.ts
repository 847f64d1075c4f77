import { expect, test } from 'vitest';
import { fuzzClientHello, fuzzDns } from './network.ts';

test.each([1, 7, 42])(
  'mutated hellos and queries neither crash the parsers nor change their minds (seed %i)',
  (seed) => {
    expect(fuzzClientHello(seed, 20_000).failures).toEqual([]);
    expect(fuzzDns(seed, 20_000).failures).toEqual([]);
  },
);
