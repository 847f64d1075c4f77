import { expect, test } from 'vitest';
import { parseUses } from './uses.ts';

test.each([
  ['actions/checkout@v4', { kind: 'remote', owner: 'actions', repo: 'checkout', path: '', ref: 'v4' }],
  ['a/b/c/d@refs/heads/x', { kind: 'remote', owner: 'a', repo: 'b', path: 'c/d', ref: 'refs/heads/x' }],
  [
    'a/b/.github/workflows/x.yml@main',
    { kind: 'remote', owner: 'a', repo: 'b', path: '.github/workflows/x.yml', ref: 'main' },
  ],
  ['./.github/actions/x', { kind: 'local', path: '.github/actions/x' }],
  ['./', { kind: 'local', path: '' }],
  ['./a/../b/', { kind: 'local', path: 'b' }],
  ['$/.github/actions/x', { kind: 'self', path: '.github/actions/x' }],
  ['docker://alpine:3', { kind: 'docker', image: 'alpine:3' }],
])('%s is understood', (text, reference) => {
  expect(parseUses(text)).toEqual(reference);
});

test.each([
  '',
  'checkout@v4',
  'actions/checkout',
  'actions/checkout@',
  'actions/checkout@v4@v5',
  '@v4',
  '../up',
  './../up',
  './a/../../up',
  '$/../up',
  'a/b/../../../c@v1',
  '../b@v1',
  'a/..@v1',
  'a b/c@v1',
  'a/b@ v1',
  'a/b@v1\n',
  'docker://',
  `a/b@${'x'.repeat(2_000)}`,
])('%j is refused', (text) => {
  expect(parseUses(text)).toBeUndefined();
});
