import { expect, test } from 'vitest';
import { fuzzAdvisories, fuzzLockfiles, fuzzVersions } from './dependencies.ts';

const SEED = 20_261;

test.each([
  ['versions', fuzzVersions, 20_000],
  ['lockfiles', fuzzLockfiles, 5_000],
  ['advisories', fuzzAdvisories, 1_000],
] as const)('%s neither crash nor hang', (_name, fuzz, rounds) => {
  expect(fuzz(SEED, rounds).failures).toEqual([]);
});
