import { describe, expect, test } from 'vitest';
import { parseLabels } from './labels.ts';
import { evaluate, type Reported, scoreOf } from './score.ts';

const found = (file: string, line: number, cwe: string, rule = 'some-rule', endLine = line): Reported => ({
  file,
  line,
  endLine,
  cwe,
  rule,
});

describe('labels', () => {
  test('a class may be a number, its text, a rule or a list', () => {
    const text = JSON.stringify([
      { file: './a.py', line: 3, endLine: 4, class: 89, expected: true },
      { file: 'a.py', class: 'CWE-089', expected: false },
      { file: 'b\\c.yml', line: 0, class: ['unpinned-uses', '829'], expected: true, note: 'more' },
    ]);

    expect(parseLabels(text)).toEqual([
      { file: 'a.py', line: 3, endLine: 4, classes: ['89'], expected: true },
      { file: 'a.py', classes: ['89'], expected: false },
      { file: 'b/c.yml', classes: ['unpinned-uses', '829'], expected: true },
    ]);
  });

  test('a label without an expectation is refused', () => {
    expect(() => parseLabels('[{"file":"a","class":89}]')).toThrow(/expected/);
  });
});

describe('score', () => {
  const labels = parseLabels(
    JSON.stringify([
      { file: 'a.py', line: 10, endLine: 12, class: 89, expected: true },
      { file: 'a.py', line: 20, class: 89, expected: false },
      { file: 'a.py', line: 30, class: 89, expected: true },
      { file: 'b.py', class: 'weak-hash', expected: false },
    ]),
  );

  test('counts what was found, missed, and wrongly reported', () => {
    const { total, missed, wrong, unlabelled } = evaluate(labels, [
      found('a.py', 9, 'CWE-89', 'sql', 10),
      found('a.py', 11, 'CWE-89'),
      found('a.py', 20, '89'),
      found('a.py', 30, 'CWE-79'),
      found('b.py', 1, 'CWE-328', 'weak-hash'),
    ]);

    expect(total).toMatchObject({ tp: 1, fp: 2, fn: 1, tn: 0, precision: 1 / 3, recall: 1 / 2, youden: -0.5 });
    expect(missed.map(({ line }) => line)).toEqual([30]);
    expect(wrong.map(({ file }) => file)).toEqual(['a.py', 'b.py']);
    expect(unlabelled).toBe(1);
  });

  test('a finding in another file or on a neighbouring line answers nothing', () => {
    const { total } = evaluate(labels, [found('c.py', 10, 'CWE-89'), found('a.py', 13, 'CWE-89')]);

    expect(total).toMatchObject({ tp: 0, fp: 0, fn: 2, tn: 2, recall: 0, youden: 0 });
  });

  test('numbers of one family of CWE answer each other, others do not', () => {
    const random = parseLabels(JSON.stringify([{ file: 'a.py', line: 1, class: 330, expected: true }]));

    expect(evaluate(random, [found('a.py', 1, 'CWE-338')]).total.tp).toBe(1);
    expect(evaluate(random, [found('a.py', 1, 'CWE-328')]).total.tp).toBe(0);
  });

  test('reporting everything is worth as much as reporting nothing', () => {
    expect(scoreOf({ tp: 5, fp: 5, fn: 0, tn: 0 }).youden).toBe(0);
    expect(scoreOf({ tp: 5, fp: 0, fn: 0, tn: 5 }).youden).toBe(1);
  });
});
