import { expect, test } from 'vitest';
import { fuzzSecrets, fuzzSecretsConfig } from './secrets.ts';

const SEED = 20_262;

test.each([
  ['files with and without secrets', fuzzSecrets, 3_000],
  ['configurations of secret scanners', fuzzSecretsConfig, 3_000],
] as const)('%s neither crash nor hang', (_name, fuzz, rounds) => {
  expect(fuzz(SEED, rounds).failures).toEqual([]);
});
