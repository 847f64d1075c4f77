import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readPack } from '../../test/rules/packs.ts';
import { checkExamples } from '../../test/rules/examples.ts';
import { createCodeScanner } from './index.ts';

const pack = await readPack(join(import.meta.dirname, '../..'), 'code');
const scanner = await createCodeScanner();

describe('rules of code', () => {
  test('there are some', () => {
    expect(pack?.rules.length).toBeGreaterThan(0);
  });

  test.each(pack?.rules.map((rule) => [rule.id, rule] as const) ?? [])('%s finds what its examples say', (_, rule) => {
    checkExamples(rule, scanner, rule.id.startsWith('python') ? 'app.py' : 'app.js');
  });
});
