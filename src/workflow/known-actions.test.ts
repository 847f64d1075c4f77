import { expect, test } from 'vitest';
import { isKnownActionOwner, nearestAction } from './known-actions.ts';

test.each([
  ['actons/checkout', 'actions/checkout'],
  ['actions/chekcout', 'actions/checkout'],
  ['action/setup-node', 'actions/setup-node'],
  ['dcoker/build-push-action', 'docker/build-push-action'],
  ['actions/checkout', undefined],
  ['actions/something-else', undefined],
  ['rubi/setup', undefined],
  ['acme/checkout', undefined],
  ['actons/chekout', 'actions/checkout'],
  ['dockers/compose', undefined],
])('%s is taken for %s', (name, suggestion) => {
  const [owner = '', repo = ''] = name.split('/');

  expect(nearestAction({ owner, repo })).toBe(suggestion);
});

test('owners are known however they are written', () => {
  expect(isKnownActionOwner('Docker')).toBe(true);
  expect(isKnownActionOwner('dockr')).toBe(false);
});
