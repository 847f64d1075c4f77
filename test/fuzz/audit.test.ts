import { expect, test } from 'vitest';
import { fuzzAudit } from './audit.ts';

test.each([1, 7, 42])('mutated workflows and pipelines neither crash nor stall the auditor (seed %i)', (seed) => {
  expect(fuzzAudit(seed, 350).failures).toEqual([]);
});
