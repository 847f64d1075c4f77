/** How far ahead a time is looked for: `30 2 29 2 *` comes once in at most eight years. */
const DAYS_MAX = 366 * 9;
const DAY_MS = 24 * 60 * 60_000;
const MINUTE_MS = 60_000;
/** The largest difference of a time zone to UTC, and of one change of its clock. */
const ZONE_MS_MAX = 15 * 60 * 60_000;
const NAMES: readonly (readonly string[])[] = [
  [],
  [],
  [],
  ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'],
  ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'],
];
const SPANS: readonly (readonly [number, number])[] = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 7],
];

/**
 * The first time after `after` that a checked cron means, in milliseconds since 1970, or nothing when it never comes. A time that the
 * clock of the zone leaves out is the moment at which it jumps; one that it shows twice is the first of the two. With both days
 * given either will do, as cron has it.
 */
export function nextCronTime(cron: string, timezone: string | undefined, after: number): number | undefined {
  const fields = cron.trim().split(/\s+/);
  const [minutes = [], hours = [], days = [], months = [], weekdays = []] = fields.map((field, at) =>
    valuesOf(field, at),
  );
  const eitherDay = !(fields[2] ?? '').startsWith('*') && !(fields[4] ?? '').startsWith('*');
  const zone = timezone ?? 'UTC';
  // Days are those of the zone's calendar: begin a little early, and drop what is not after.
  const first = Math.floor((after - ZONE_MS_MAX) / DAY_MS) * DAY_MS;
  for (let count = 0; count < DAYS_MAX; count += 1) {
    const day = new Date(first + count * DAY_MS);
    if (!months.includes(day.getUTCMonth() + 1)) continue;
    const isDay = days.includes(day.getUTCDate());
    const isWeekday = weekdays.some((weekday) => weekday % 7 === day.getUTCDay());
    if (eitherDay ? !isDay && !isWeekday : !isDay || !isWeekday) continue;
    for (const hour of hours) {
      for (const minute of minutes) {
        const time = instantOf(day.getTime() + (hour * 60 + minute) * MINUTE_MS, zone);
        if (time > after) return time;
      }
    }
  }
  return undefined;
}

/** The moment at which clocks of the zone show this time, given as if it were UTC. */
function instantOf(local: number, zone: string): number {
  const before = offsetOf(local - ZONE_MS_MAX, zone);
  const behind = offsetOf(local + ZONE_MS_MAX, zone);
  const candidates = [local - before, local - behind].filter((time) => time + offsetOf(time, zone) === local);
  if (candidates.length > 0) return Math.min(...candidates);
  // Left out by the clock: the first moment that shows a later time.
  let low = local - Math.max(before, behind);
  let high = local - Math.min(before, behind);
  while (high - low > MINUTE_MS) {
    const middle = low + Math.floor((high - low) / 2 / MINUTE_MS) * MINUTE_MS;
    if (middle + offsetOf(middle, zone) > local) high = middle;
    else low = middle;
  }
  return high;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** What clocks of the zone show more than UTC at a moment. */
function offsetOf(time: number, zone: string): number {
  if (zone === 'UTC') return 0;
  const format =
    formats.get(zone) ??
    new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  formats.set(zone, format);
  const parts = new Map(format.formatToParts(time).map(({ type, value }) => [type, Number(value)]));
  const [year = 0, month = 1, day = 1] = [parts.get('year'), parts.get('month'), parts.get('day')];
  const [hour = 0, minute = 0, second = 0] = [parts.get('hour'), parts.get('minute'), parts.get('second')];
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(time / 1000) * 1000;
}

function valuesOf(field: string, at: number): readonly number[] {
  const [from = 0, to = 0] = SPANS[at] ?? [];
  const found = new Set<number>();
  for (const part of field.split(',')) {
    const [range = '', step] = part.split('/');
    const [start = '', end] = range.split('-');
    const low = range === '*' ? from : numberOf(start, at);
    const high = range === '*' ? to : end === undefined ? (step === undefined ? low : to) : numberOf(end, at);
    for (let value = low; value <= high; value += Number(step ?? 1)) found.add(value);
  }
  return [...found].sort((one, other) => one - other);
}

function numberOf(text: string, at: number): number {
  const named = (NAMES[at] ?? []).indexOf(text.toUpperCase());
  return named < 0 ? Number(text) : named + (at === 3 ? 1 : 0);
}
