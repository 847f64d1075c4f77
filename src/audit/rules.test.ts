import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkExamples } from '../../test/rules/examples.ts';
import { readPack } from '../../test/rules/packs.ts';
import { createAuditScanner } from './index.ts';

const root = join(import.meta.dirname, '../..');
const pack = await readPack(root, 'workflows');
const scanner = createAuditScanner({ denyActions: ['example/forbidden'] });

describe('rules of workflows', () => {
  test('there are some', () => {
    expect(pack?.rules.length).toBeGreaterThan(60);
  });

  test.each(pack?.rules.map((rule) => [rule.id, rule] as const) ?? [])(
    '%s reports its examples and nothing else',
    (_, rule) => {
      checkExamples(rule, scanner, '.github/workflows/ci.yml');
    },
  );
});
