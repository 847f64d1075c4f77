import { expect, test } from 'vitest';
import { fuzzInfrastructure } from './infrastructure.ts';

test('no mutated file of infrastructure ends or holds up the scanner', () => {
  expect(fuzzInfrastructure(1, 1_000).failures).toEqual([]);
});
