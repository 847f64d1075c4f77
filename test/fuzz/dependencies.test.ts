import { expect, test } from 'vitest';
import { fuzzAdvisories, fuzzLockfiles, fuzzVersions } from './dependencies.ts';

const SEED = 20_261;

test.each([
  ['versions', fuzzVersions, 20_000],
  ['lockfiles', fuzzLockfiles, 5_000],
  ['advisories', fuzzAdvisories, 1_000],
] as const)('%s neither crash nor hang', async (_name, fuzz, rounds) => {
  const { failures } = await fuzz(SEED, rounds);

  expect(failures).toEqual([]);
});
