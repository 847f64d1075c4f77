import { expect, test } from 'vitest';
import { defaultPermissions, narrowPermissions, permissionsForAll, permissionViolations } from './permissions.ts';

test('a workflow that says nothing may read contents only', () => {
  expect(defaultPermissions()).toEqual({ contents: 'read' });
});

test('narrowing never gives more than the caller has', () => {
  const narrowed = narrowPermissions(
    { contents: 'read', issues: 'write' },
    { contents: 'write', issues: 'read', packages: 'write' },
  );

  expect(narrowed).toEqual({ contents: 'read', issues: 'read' });
});

test('asking for more is found scope by scope', () => {
  expect(
    permissionViolations({ contents: 'read' }, { contents: 'write', 'id-token': 'write', issues: 'none' }),
  ).toEqual([
    { scope: 'contents', requested: 'write', allowed: 'read' },
    { scope: 'id-token', requested: 'write', allowed: 'none' },
  ]);
});

test('all scopes at once, with models never written', () => {
  expect(permissionsForAll('write')).toMatchObject({ contents: 'write', 'id-token': 'write', models: 'read' });
  expect(permissionsForAll('read')).toMatchObject({ contents: 'read', models: 'read' });
});
