import { describe, expect, test } from 'vitest';
import { logRows, type LogShape } from './log-rows.ts';

const shape = (more: Partial<LogShape> = {}): LogShape => ({
  segments: [
    { step: ':setup', from: 0, count: 2 },
    { step: 'a', from: 2, count: 3 },
    { step: 'a/inner', from: 5, count: 2 },
    { step: 'b', from: 7, count: 4 },
  ],
  groups: [{ from: 8, to: 9, title: 'group' }],
  steps: [':setup', 'a', 'quiet', 'b', 'later'],
  isStepFolded: () => false,
  isGroupFolded: () => false,
  ...more,
});
const all = (made: LogShape) => {
  const rows = logRows(made);
  return Array.from({ length: rows.count }, (_, row) => {
    const found = rows.at(row);
    return found?.kind === 'step' ? found.step : found?.kind === 'group' ? `${found.line} ${found.title}` : found?.line;
  });
};

describe('the rows of a log', () => {
  test('each step has a header, inner ones are part of theirs, silent ones stand in their place', () => {
    expect(all(shape())).toEqual([':setup', 0, 1, 'a', 2, 3, 4, 5, 6, 'quiet', 'b', 7, '8 group', 9, 10, 'later']);
  });

  test('a step that is folded is its header, a group that is folded its title', () => {
    expect(all(shape({ isStepFolded: (step) => step === 'a', isGroupFolded: () => true }))).toEqual([
      ':setup',
      0,
      1,
      'a',
      'quiet',
      'b',
      7,
      '8 group',
      10,
      'later',
    ]);
  });

  test('every line has its row, and one that is folded that of what hides it', () => {
    const open = logRows(shape());
    for (let line = 0; line < 11; line += 1) {
      const row = open.at(open.rowOf(line));
      expect(row?.kind === 'step' ? undefined : row?.line).toBe(line);
    }

    const folded = logRows(shape({ isStepFolded: (step) => step === 'a', isGroupFolded: () => true }));
    expect(folded.at(folded.rowOf(4))).toMatchObject({ kind: 'step', step: 'a' });
    expect(folded.at(folded.rowOf(9))).toMatchObject({ kind: 'group', line: 8 });
    expect(folded.at(folded.rowOf(10))).toEqual({ kind: 'line', line: 10 });
    expect(folded.at(folded.rowOfStep('b'))).toMatchObject({ kind: 'step', step: 'b' });
    expect(folded.at(99)).toBeUndefined();
  });

  test('a log without anything has no rows', () => {
    const rows = logRows(shape({ segments: [], groups: [], steps: [] }));

    expect([rows.count, rows.at(0), rows.rowOf(5)]).toEqual([0, undefined, 0]);
  });

  test('a million lines with ten thousand groups are quick', () => {
    const groups = Array.from({ length: 10_000 }, (_, at) => ({ from: at * 100, to: at * 100 + 50, title: 'g' }));
    const started = performance.now();

    const rows = logRows(
      shape({ segments: [{ step: 'a', from: 0, count: 1_000_000 }], groups, isGroupFolded: () => true }),
    );
    for (let at = 0; at < 10_000; at += 1) rows.rowOf(at * 97);

    expect(rows.count).toBe(1_000_000 - 50 * 10_000 + 5);
    expect(performance.now() - started).toBeLessThan(500);
  });
});
