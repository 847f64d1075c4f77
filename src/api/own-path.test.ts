import { expect, test } from 'vitest';
import { ownPath } from './own-path.ts';

const ORIGIN = 'https://ci.example.org';

test.each([
  'https://evil.example/',
  '//evil.example/',
  '/\\evil.example/',
  '/\t/evil.example/',
  '/.//evil.example',
  'javascript:alert(1)',
  '/api/v1/sign-in/oidc?return=/',
  '/\u202eevil',
  '',
  undefined,
])('%s leads home (open redirect)', (wanted) => {
  expect(ownPath(wanted, ORIGIN)).toBe('/');
});

test.each(['/', '/acme/app/runs?state=failed#log', '/-/people'])('%s stays', (wanted) => {
  expect(ownPath(wanted, ORIGIN)).toBe(wanted);
});
