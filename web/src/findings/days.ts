import type { Of } from '../shell/api.ts';

const DAY_MS = 86_400_000;
const DAYS_MAX = 91;

export type Day = Of<'FindingTrend'>['items'][number];

/** Every day from the first scan to the last; one without a scan stood as the day before. */
export function everyDay(days: readonly Day[]): readonly Day[] {
  const [first] = days;
  const last = days.at(-1);
  if (first === undefined || last === undefined) return [];
  const known = new Map(days.map((day) => [day.day, day]));
  const all: Day[] = [];
  const from = Math.max(Date.parse(first.day), Date.parse(last.day) - (DAYS_MAX - 1) * DAY_MS);
  let current = days.findLast(({ day }) => Date.parse(day) <= from) ?? first;
  for (let at = from; at <= Date.parse(last.day); at += DAY_MS) {
    const name = new Date(at).toISOString().slice(0, 10);
    current = known.get(name) ?? { ...current, day: name };
    all.push(current);
  }
  return all;
}
