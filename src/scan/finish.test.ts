import { expect, test } from 'vitest';
import type { Match, Rule, Scanner } from '../finding/index.ts';
import { finishScan } from './finish.ts';

const rule = (id: string, cwe: number): Rule => ({
  id,
  kind: 'code',
  title: id,
  severity: 'high',
  confidence: 'high',
  cwe,
  why: 'why',
  lesson: 'lesson',
  remedy: 'remedy',
  aliases: [],
  references: [],
  examples: [],
});
const place = (line: number) => ({ file: 'a.py', line, column: 1, endLine: line, endColumn: 9 });
const match = (id: string, line: number, steps = 0): Match => ({
  rule: id,
  place: place(line),
  message: id,
  evidence: id,
  trace: Array.from({ length: steps }, () => ({ place: place(1), message: 'step' })),
  fix: { kind: 'none', reason: 'none' },
});
const scanner: Scanner = {
  kind: 'code',
  rules: [rule('flow', 502), rule('look', 502), rule('other', 22)],
  settings: '1',
  wants: () => true,
  scanFile: () => ({ matches: [] }),
};

test('a plain look says nothing more where a flow of the same weakness ends, and stands everywhere else', () => {
  const matches = [match('look', 3), match('flow', 3, 2), match('other', 3), match('look', 4)];
  const outcomes = new Map([['code', new Map([['a.py', { matches }]])]] as const);

  const found = finishScan(new Map([['code', scanner]] as const), outcomes).matches;

  expect(found.map((one) => `${one.rule} ${one.place.line}`)).toEqual(['flow 3', 'other 3', 'look 4']);
});
