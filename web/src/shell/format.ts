/** Numbers, times and plurals as the person's browser writes them. */

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** `undefined` is the language of the browser. */
export type Formats = {
  /** `3 minutes ago`, `in 2 days`. */
  relative(date: Date, now: number): string;
  /** Date and time to the second, with the zone. */
  exact(date: Date): string;
  day(date: Date): string;
  clock(date: Date): string;
  number(value: number): string;
  percent(ratio: number): string;
  /** `1m 12s`, `0.4s`. */
  duration(ms: number): string;
  /** Powers of 1000. */
  bytes(count: number): string;
  /** `plural(2, { one: '# run', other: '# runs' })`. */
  plural(count: number, forms: { readonly one: string; readonly other: string }): string;
  list(items: readonly string[]): string;
};

const STEPS = [
  ['year', 365 * DAY_MS],
  ['month', 30 * DAY_MS],
  ['week', 7 * DAY_MS],
  ['day', DAY_MS],
  ['hour', HOUR_MS],
  ['minute', MINUTE_MS],
  ['second', SECOND_MS],
] as const;

const BYTE_UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

export function formatsFor(locale: string | undefined, timeZone?: string): Formats {
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  const zone = timeZone === undefined ? {} : { timeZone };
  const exact = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'long', ...zone });
  const day = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', ...zone });
  const clock = new Intl.DateTimeFormat(locale, { timeStyle: 'medium', ...zone });
  const number = new Intl.NumberFormat(locale);
  const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 });
  const plurals = new Intl.PluralRules(locale);
  const list = new Intl.ListFormat(locale, { type: 'conjunction' });
  const unit = (value: number, name: string, digits: number) =>
    new Intl.NumberFormat(locale, {
      style: 'unit',
      unit: name,
      unitDisplay: 'narrow',
      maximumFractionDigits: digits,
    }).format(value);
  return {
    relative(date, now) {
      const differenceMs = date.getTime() - now;
      const [name, sizeMs] = STEPS.find(([, sizeMs]) => Math.abs(differenceMs) >= sizeMs) ?? ['second', SECOND_MS];
      // A clock that runs a little ahead of the server's is no future.
      if (Math.abs(differenceMs) < 5 * SECOND_MS) return relative.format(0, 'second');
      return relative.format(Math.trunc(differenceMs / sizeMs), name);
    },
    exact: (date) => exact.format(date),
    day: (date) => day.format(date),
    clock: (date) => clock.format(date),
    number: (value) => number.format(value),
    percent: (ratio) => percent.format(ratio),
    duration(ms) {
      if (ms < 10 * SECOND_MS) return unit(Math.max(0, ms) / SECOND_MS, 'second', 1);
      const [days, hours] = [Math.floor(ms / DAY_MS), Math.floor((ms % DAY_MS) / HOUR_MS)];
      const [minutes, seconds] = [Math.floor((ms % HOUR_MS) / MINUTE_MS), Math.floor((ms % MINUTE_MS) / SECOND_MS)];
      if (days > 0) return `${unit(days, 'day', 0)} ${unit(hours, 'hour', 0)}`;
      if (hours > 0) return `${unit(hours, 'hour', 0)} ${unit(minutes, 'minute', 0)}`;
      return minutes > 0 ? `${unit(minutes, 'minute', 0)} ${unit(seconds, 'second', 0)}` : unit(seconds, 'second', 0);
    },
    bytes(count) {
      const step = Math.min(BYTE_UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, count)) / 3)));
      return new Intl.NumberFormat(locale, {
        style: 'unit',
        unit: BYTE_UNITS[step] ?? 'byte',
        unitDisplay: step === 0 ? 'long' : 'short',
        maximumFractionDigits: step === 0 ? 0 : 1,
      }).format(count / 1000 ** step);
    },
    plural(count, forms) {
      const form = plurals.select(count) === 'one' ? forms.one : forms.other;
      return form.replace('#', number.format(count));
    },
    list: (items) => list.format(items),
  };
}

export const formats: Formats = formatsFor(undefined);
