/** What is wrong with a schedule, in which part of it. */
export type ScheduleProblem = { readonly part: 'cron' | 'timezone'; readonly message: string; readonly remedy: string };

const CRON_CHARACTERS_MAX = 200;
const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const FIELDS = [
  { name: 'minute', from: 0, to: 59, names: [], namesFrom: 0 },
  { name: 'hour', from: 0, to: 23, names: [], namesFrom: 0 },
  { name: 'day of month', from: 1, to: 31, names: [], namesFrom: 0 },
  { name: 'month', from: 1, to: 12, names: MONTHS, namesFrom: 1 },
  { name: 'day of week', from: 0, to: 7, names: WEEKDAYS, namesFrom: 0 },
] as const;

/** Checks a POSIX cron of five fields with `*`, `,`, `-`, `/` and names, and an IANA time zone. */
export function checkSchedule(cron: string, timezone: string | undefined): ScheduleProblem | undefined {
  const fields = cron.trim().split(/\s+/);
  if (cron.length > CRON_CHARACTERS_MAX || fields.length !== FIELDS.length) {
    return cronProblem(
      `Invalid cron expression '${cron.slice(0, CRON_CHARACTERS_MAX)}': it has ${fields.length} fields`,
    );
  }
  for (const [index, field] of FIELDS.entries()) {
    const text = fields[index] ?? '';
    if (!text.split(',').every((range) => isRange(range, field))) {
      return cronProblem(
        `Invalid cron expression '${cron}': '${text}' is no ${field.name} (${field.from}-${field.to})`,
      );
    }
  }
  if (timezone !== undefined && !isTimeZone(timezone)) {
    const message = `Unknown time zone '${timezone.slice(0, 100)}'`;
    return { part: 'timezone', message, remedy: 'Write an IANA time zone, as Europe/Zurich, or leave it out for UTC.' };
  }
  return undefined;
}

function cronProblem(message: string): ScheduleProblem {
  return {
    part: 'cron',
    message,
    remedy: "Write five fields, minute hour day month weekday, in quotes, as '30 5 * * 1-5'.",
  };
}

function isRange(text: string, field: (typeof FIELDS)[number]): boolean {
  const [range = '', step, ...rest] = text.split('/');
  if (rest.length > 0) return false;
  if (step !== undefined && !(/^\d{1,3}$/.test(step) && Number(step) >= 1)) return false;
  if (range === '*') return true;
  const [from, to, ...more] = range.split('-').map((part) => valueOf(part, field));
  if (more.length > 0 || from === undefined) return false;
  return range.includes('-') ? to !== undefined && from <= to : true;
}

function valueOf(text: string, field: (typeof FIELDS)[number]): number | undefined {
  const named = field.names.findIndex((name) => name === text.toUpperCase());
  if (named >= 0) return named + field.namesFrom;
  if (!/^\d{1,2}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= field.from && value <= field.to ? value : undefined;
}

function isTimeZone(name: string): boolean {
  try {
    Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    // An unknown zone is what we ask about.
    return false;
  }
}
