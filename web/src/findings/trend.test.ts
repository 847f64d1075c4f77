import { expect, test } from 'vitest';
import { everyDay } from './days.ts';
import { shellQuoted } from './shell-quoted.ts';

const day = (name: string, high: number) => ({ day: name, open: { high }, suppressed: 0, isComplete: true });

test('a day without a scan stood as the day before it', () => {
  const days = everyDay([day('2026-02-27', 2), day('2026-03-02', 1)]);

  expect(days.map(({ day: name, open }) => [name, open['high']])).toEqual([
    ['2026-02-27', 2],
    ['2026-02-28', 2],
    ['2026-03-01', 2],
    ['2026-03-02', 1],
  ]);
  expect(everyDay([])).toEqual([]);
});

test('days of years do not become bars of years', () => {
  expect(everyDay([day('2020-01-01', 1), day('2026-01-01', 1)]).length).toBeLessThanOrEqual(91);
});

test('a text is one word of a shell, whatever is in it', () => {
  expect(shellQuoted("it's `x` $(y)")).toBe("'it'\\''s `x` $(y)'");
});
