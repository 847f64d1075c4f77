import { expect, test } from 'vitest';
import { fuzzCommands, fuzzEnvFiles, fuzzMasks, fuzzMatchers } from './commands.ts';
import { fuzzHoist } from './hoist.ts';

const SEED = 20_261;

test('random scripts with hostile values run no payload', () => {
  const outcome = fuzzHoist(SEED, 20_000, { runsMax: 100 });

  expect(outcome.failures).toEqual([]);
  expect(outcome.accepted).toBeGreaterThan(100);
});

test.each([
  ['commands', fuzzCommands, 20_000],
  ['env files', fuzzEnvFiles, 20_000],
  ['matchers', fuzzMatchers, 1_000],
  ['masks', fuzzMasks, 5_000],
] as const)('%s neither crash nor hang', (_name, fuzz, rounds) => {
  expect(fuzz(SEED, rounds).failures).toEqual([]);
});
