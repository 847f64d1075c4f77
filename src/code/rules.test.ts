import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readPack } from '../../test/rules/packs.ts';
import { checkExamples } from '../../test/rules/examples.ts';
import { scanFiles } from '../finding/index.ts';
import { createCodeScanner, loadRules } from './index.ts';

const pack = await readPack(join(import.meta.dirname, '../..'), 'code');
const scanner = await createCodeScanner();

const DEFAULT_FILES: { readonly [language: string]: string } = { python: 'app.py', java: 'A.java', go: 'main.go' };

describe('rules of code', () => {
  test('there are some', () => {
    expect(pack?.rules.length).toBeGreaterThan(0);
  });

  test.each(pack?.rules.map((rule) => [rule.id, rule] as const) ?? [])('%s finds what its examples say', (_, rule) => {
    checkExamples(rule, scanner, DEFAULT_FILES[rule.id.split('-')[0] ?? ''] ?? 'app.js');
  });
});

test('the rule of docs/reference/code-rules.md finds what the page says', async () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/reference/code-rules.md'), 'utf8');
  const [, rule = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
  const [, text = ''] = /```js\n([\s\S]*?)```/.exec(page) ?? [];
  const own = await createCodeScanner({ rules: await loadRules({ 'own-queue-to-shell.yml': rule }) });

  const { findings } = scanFiles(own, { 'worker.js': text });

  expect(findings.map((one) => [one.rule, one.place.line])).toEqual([['own-queue-to-shell', 6]]);
  expect(findings[0]?.message).toContain('A job of the queue (line 5) reaches exec');
});
