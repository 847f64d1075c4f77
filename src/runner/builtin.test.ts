import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BUILTIN_ACTIONS, builtinFor } from './builtin.ts';

const SHA = 'de0fac2e4500dabe0009e67214ff5f5447ce83dd';

test.each([
  ['actions', 'checkout', '', 'v4', 'checkout'],
  ['Actions', 'Checkout', '', 'v7.0.1', 'checkout'],
  ['actions', 'checkout', '', 'refs/tags/v6', 'checkout'],
  ['actions', 'checkout', '', SHA, 'checkout'],
  ['actions', 'cache', '', 'v5', 'cache main'],
  ['actions', 'cache', 'restore', 'v4', 'cache restore'],
  ['actions', 'cache', 'save', 'v4', 'cache save'],
  ['actions', 'upload-artifact', '', 'v4', 'upload-artifact'],
  ['actions', 'download-artifact', '', 'v4.3.0', 'download-artifact 4'],
  ['actions', 'download-artifact', '', SHA, 'download-artifact 8'],
])('%s/%s/%s@%s runs %s', (owner, repo, path, ref, main) => {
  const { runs } = builtinFor(owner, repo, path, ref)?.manifest ?? {};

  expect(runs).toMatchObject({ kind: 'javascript', main });
});

test.each([
  ['actions', 'checkout', '', 'main'],
  ['actions', 'checkout', '', 'v8'],
  ['actions', 'checkout', '', 'v4-beta'],
  ['actions', 'checkout', 'sub', 'v4'],
  ['actions', 'upload-artifact', '', 'v3'],
  ['acme', 'checkout', '', 'v4'],
  ['actions', 'constructor', '', 'v4'],
])('%s/%s/%s@%s is fetched', (owner, repo, path, ref) => {
  expect(builtinFor(owner, repo, path, ref)).toBeUndefined();
});

test('every built-in action has its program, and only known inputs are required', () => {
  for (const definition of Object.values(BUILTIN_ACTIONS)) {
    for (const major of definition.majors) {
      const [program] = definition.main(major).split(' ');

      expect(existsSync(join(import.meta.dirname, 'inside', `${program}.ts`))).toBe(true);
      expect(
        Object.entries(definition.inputs(major)).filter(
          ([, entry]) => entry.required === true && entry.default !== undefined,
        ),
      ).toEqual([]);
    }
  }
});
