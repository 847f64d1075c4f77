import { expect, test } from 'vitest';
import { mayReach, parseRequirement, satisfies } from './index.ts';

test.each([
  ['npm', '^1.2.3', '1.9.0', true],
  ['npm', '^1.2.3', '2.0.0', false],
  ['npm', '^0.2.3', '0.3.0', false],
  ['npm', '~1.2.3', '1.2.9', true],
  ['npm', '1.x || >=3', '3.1.0', true],
  ['npm', '1.x || >=3', '2.1.0', false],
  ['npm', '>=1.0.0 <1.5.0', '1.4.9', true],
  ['npm', '*', '0.0.1', true],
  ['crates.io', '1.2', '1.9.0', true],
  ['crates.io', '0.3', '0.4.0', false],
  ['crates.io', '=1.2.3', '1.2.4', false],
  ['crates.io', '>=1.0, <1.5', '1.4.0', true],
  ['crates.io', '1.*', '1.8.0', true],
  ['PyPI', '==2.*', '2.9', true],
  ['PyPI', '==2.*', '3.0', false],
  ['PyPI', '~=1.4.2', '1.4.9', true],
  ['PyPI', '~=1.4.2', '1.5', false],
  ['PyPI', '>=1.0,!=1.5,<2', '1.5', false],
  ['PyPI', '==1.0', '1.0+cpu', true],
  ['PyPI', '', '9.9', true],
  ['RubyGems', '~> 1.2', '1.9', true],
  ['RubyGems', '~> 1.2.0', '1.3', false],
  ['RubyGems', '>= 1, < 3', '2.0', true],
  ['Hex', '~> 1.2', '1.9.0', true],
  ['Hex', '~> 1.2 or ~> 2.0', '2.5.0', true],
  ['Packagist', '^1.2', '1.9.0', true],
  ['Packagist', '~1.2.3', '1.3.0', false],
  ['Packagist', '1.0 - 2.0', '2.0.9', true],
  ['Packagist', '1.0.* || ^3', '1.0.7', true],
  ['Packagist', '>=1.0 <2.0', '1.5.0', true],
  ['Pub', '^0.1.2', '0.2.0', false],
  ['Pub', 'any', '7.0.0', true],
  ['NuGet', '[1.0,2.0)', '1.5.0', true],
  ['NuGet', '(1.0,2.0]', '1.0.0', false],
  ['NuGet', '1.2.3', '1.2.4', false],
  ['Maven', '[1.0,2.0),[3.0,)', '3.5', true],
  ['Maven', '[1.0,2.0),[3.0,)', '2.5', false],
  ['Maven', '1.0', '1.0.0', true],
])('in %s, %s and %s: %s', (ecosystem, text, version, expected) => {
  const requirement = parseRequirement(ecosystem, text);

  expect(requirement !== undefined && satisfies(requirement, version)).toBe(expected);
});

test.each([
  ['npm', 'latest'],
  ['npm', 'github:a/b'],
  ['npm', 'file:../x'],
  ['npm', 'workspace:*'],
  ['PyPI', '@ https://example.com/x.zip'],
  ['Maven', '${unknown}'],
  ['npm', '1'.repeat(10_000)],
])('in %s, %s is no range', (ecosystem, text) => {
  expect(parseRequirement(ecosystem, text)).toBeUndefined();
});

test('says the one version that is allowed, or the lowest', () => {
  expect(parseRequirement('npm', '4.17.20')?.exact).toBe('4.17.20');
  expect(parseRequirement('npm', '^4.17.20')).toMatchObject({ exact: undefined, lowest: '4.17.20' });
  expect(parseRequirement('PyPI', '==1.0')?.exact).toBe('1.0');
  expect(parseRequirement('PyPI', '<2')?.lowest).toBeUndefined();
});

test('knows whether a fixed version could be taken', () => {
  const bounded = parseRequirement('npm', '~1.2.0');
  const open = parseRequirement('PyPI', '>=1.0');

  expect(bounded !== undefined && mayReach(bounded, ['1.3.0'])).toBe(false);
  expect(bounded !== undefined && mayReach(bounded, ['1.2.9'])).toBe(true);
  expect(open !== undefined && mayReach(open, [])).toBe(true);
});
