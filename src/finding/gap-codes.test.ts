import { expect, test } from 'vitest';
import { GAP_CODES, type Gap, isOfGap } from './index.ts';

test('a gap can have no code that a person could not allow', () => {
  // @ts-expect-error The compiler refuses a code that is not in the list, in every scanner.
  const unknown: Gap = { code: 'something-else', reason: 'it is a test' };

  expect(GAP_CODES).not.toContain(unknown.code);
});

test('each code is allowed by itself and by the word that it begins with', () => {
  for (const code of GAP_CODES) {
    expect(isOfGap(code, code)).toBe(true);
    expect(isOfGap(code.replace(/-.*/, ''), code)).toBe(true);
  }
  expect(isOfGap('file', 'unreadable-lockfile')).toBe(false);
  expect(isOfGap('advisor', 'advisories-missing')).toBe(false);
});
