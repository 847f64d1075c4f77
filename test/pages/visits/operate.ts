import { NOT_FOUND, type Visits } from '../visit.ts';

const REPOSITORY = ':owner/:name';

export const visits: Visits['visits'] = [
  { route: '-/runners', state: 'one', path: () => '/-/runners' },
  { route: '-/audit', state: 'some', path: () => '/-/audit' },
  { route: '-/audit/:entry', state: 'the first', path: () => '/-/audit/1' },
  { route: '-/doctor', state: 'all', path: () => '/-/doctor' },
  { route: '-/settings', state: 'all', path: () => '/-/settings' },
  { route: '-/housekeeping', state: 'all', path: () => '/-/housekeeping' },
  { route: '-/notifications', state: 'none', path: () => '/-/notifications' },
  { route: `${REPOSITORY}/webhooks`, state: 'none', path: () => '/acme/app/webhooks' },
  {
    route: `${REPOSITORY}/webhooks/:webhook`,
    state: 'not there',
    path: () => '/acme/app/webhooks/999999',
    allowed: [NOT_FOUND],
  },
  { route: `${REPOSITORY}/findings`, state: 'of acme/app', path: () => '/acme/app/findings' },
  {
    route: `${REPOSITORY}/findings/:finding`,
    state: 'not there',
    path: () => '/acme/app/findings/999999',
    allowed: [NOT_FOUND],
  },
];
