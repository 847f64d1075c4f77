import { expect, test } from 'vitest';
import { ocsfOf } from './audit-export.ts';

const entry = (action: string, outcome: string) => ({
  id: 7,
  position: 6,
  body: {
    v: 1,
    time: '2026-01-02T03:04:05.000Z',
    actor: { type: 'user', id: '1' },
    action,
    resource: { type: 'token', id: '9' },
    outcome,
  },
});

test.each([
  ['token.create', 'allow', 1, 1, 1],
  ['ref.update', 'deny', 3, 2, 2],
  ['token.revoke', 'error', 4, 2, 1],
  ['lease.refuse', 'deny', 99, 2, 2],
] as const)('%s, %s, is an activity of the API class of OCSF', (action, outcome, activity, status, severity) => {
  expect(ocsfOf(entry(action, outcome), '1.2.3')).toMatchObject({
    class_uid: 6003,
    category_uid: 6,
    activity_id: activity,
    type_uid: 600_300 + activity,
    status_id: status,
    severity_id: severity,
    time: Date.UTC(2026, 0, 2, 3, 4, 5),
    actor: { user: { uid: '1' } },
    api: { operation: action },
    metadata: { version: '1.6.0', uid: '7', sequence: 6, product: { name: 'Sallyport', version: '1.2.3' } },
    unmapped: { entry: { action } },
  });
});
