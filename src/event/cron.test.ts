import { describe, expect, test } from 'vitest';
import { nextCronTime } from './cron.ts';

const next = (cron: string, after: string, zone?: string): string | undefined => {
  const time = nextCronTime(cron, zone, Date.parse(after));
  return time === undefined ? undefined : new Date(time).toISOString().replace(':00.000Z', 'Z');
};

describe('the next time of a cron', () => {
  test.each([
    ['* * * * *', '2026-01-01T00:00:00Z', undefined, '2026-01-01T00:01Z'],
    ['*/15 * * * *', '2026-01-01T00:59:59Z', undefined, '2026-01-01T01:00Z'],
    ['30 5 * * 1-5', '2026-01-02T05:30:00Z', undefined, '2026-01-05T05:30Z'],
    ['0 0 1,15 * *', '2026-01-02T00:00:00Z', undefined, '2026-01-15T00:00Z'],
    ['0 0 13 * FRI', '2026-01-10T00:00:00Z', undefined, '2026-01-13T00:00Z'],
    ['0 0 13 * FRI', '2026-01-13T00:00:00Z', undefined, '2026-01-16T00:00Z'],
    ['0 0 * * 7', '2026-01-01T00:00:00Z', undefined, '2026-01-04T00:00Z'],
    ['30 2 29 2 *', '2026-01-01T00:00:00Z', undefined, '2028-02-29T02:30Z'],
    ['5/20 * * * *', '2026-01-01T00:06:00Z', undefined, '2026-01-01T00:25Z'],
    ['0 9 * JUL *', '2026-01-01T00:00:00Z', 'Europe/Zurich', '2026-07-01T07:00Z'],
    ['0 1 1 1 *', '2026-06-01T00:00:00Z', 'Pacific/Kiritimati', '2026-12-31T11:00Z'],
    ['0 23 31 12 *', '2026-06-01T00:00:00Z', 'Pacific/Pago_Pago', '2027-01-01T10:00Z'],
  ])('%s after %s in %s', (cron, after, zone, wanted) => {
    expect(next(cron, after, zone)).toBe(wanted);
  });

  test('is the moment of the jump when the clock leaves it out, and the day after is as usual', () => {
    expect(next('30 2 * * *', '2026-03-28T12:00:00Z', 'Europe/Zurich')).toBe('2026-03-29T01:00Z');
    expect(next('30 2 * * *', '2026-03-29T01:00:00Z', 'Europe/Zurich')).toBe('2026-03-30T00:30Z');
  });

  test('comes once when the clock shows it twice', () => {
    expect(next('30 2 * * *', '2026-10-24T12:00:00Z', 'Europe/Zurich')).toBe('2026-10-25T00:30Z');
    expect(next('30 2 * * *', '2026-10-25T00:30:00Z', 'Europe/Zurich')).toBe('2026-10-26T01:30Z');
  });

  test('never comes on a day that no month has', () => {
    expect(next('0 0 31 2 *', '2026-01-01T00:00:00Z')).toBeUndefined();
  });
});
