import { expect, test } from 'vitest';
import { checkSchedule } from './schedule.ts';

test.each(['* * * * *', '*/15 0-5,7 1,15 JAN-MAR mon-FRI', '0 0 31 12 7', '5/10 * * * 0'])(
  '%s is a schedule',
  (cron) => {
    expect(checkSchedule(cron, undefined)).toBeUndefined();
    expect(checkSchedule(cron, 'Europe/Zurich')).toBeUndefined();
  },
);

test.each([
  '',
  '* * * *',
  '* * * * * *',
  '60 * * * *',
  '* 24 * * *',
  '* * 0 * *',
  '* * * 13 *',
  '5-1 * * * *',
  '*/0 * * * *',
  '@daily',
  '$cron-weekly',
])('%j is none', (cron) => {
  expect(checkSchedule(cron, undefined)?.part).toBe('cron');
});

test('an unknown time zone is none', () => {
  expect(checkSchedule('* * * * *', 'Mars/Olympus')?.part).toBe('timezone');
});
