import { describe, expect, test } from 'vitest';
import { ecosystemNamed, orderOf } from './index.ts';

/** Each line holds versions from the earliest to the latest; those that are equal stand between `=`. */
const ORDERS: { readonly [ecosystem: string]: readonly string[] } = {
  npm: [
    '1.0.0-0 < 1.0.0-1 < 1.0.0-10 < 1.0.0-alpha < 1.0.0-alpha.1 < 1.0.0-alpha.beta < 1.0.0-beta < 1.0.0-beta.2 < 1.0.0-beta.11',
    '1.0.0-beta.11 < 1.0.0-rc.1 < 1.0.0 < 1.0.1 < 1.2.0 < 1.10.0 < 2.0.0-alpha < 2.0.0',
    '1.0.0+a = 1.0.0+b = v1.0.0 = =1.0.0 = 1.0 = 1',
    '1.2.3beta < 1.2.3 < 1.2.4-beta',
    '9007199254740991.0.0 < 9007199254740993.0.0',
    '1.0.0--1 < 1.0.0--a < 1.0.0',
  ],
  Go: [
    'v0.0.0-20190101000000-abcdefabcdef < v0.0.0-20200101000000-abcdefabcdef < v0.0.1',
    '1.2.3-0.20200101000000-abcdefabcdef < v1.2.3-pre < v1.2.3',
    'v2.0.0+incompatible = 2.0.0',
    '1.20.0-0 < 1.20.0-rc.1 < 1.20.0-rc.2 < 1.20.0 < 1.20.14 < 1.21.0',
  ],
  'crates.io': ['0.1.0-alpha.1 < 0.1.0-alpha.2 < 0.1.0 < 0.1.1 < 0.2.0', '1.0.0+build.1 = 1.0.0'],
  Pub: ['1.0.0-dev < 1.0.0 < 1.0.0+1 < 1.0.0+2 < 1.0.0+10 < 1.0.1'],
  Hex: ['1.0.0-rc.0 < 1.0.0-rc.1 < 1.0.0 < 1.0.1'],
  NuGet: [
    '1.0.0-ALPHA = 1.0.0-alpha',
    '1.0.0.0 = 1.0.0 = 1.0 = 1',
    '1.0.0-alpha < 1.0.0-Beta < 1.0.0 < 1.0.0.1 < 1.0.0.10 < 1.0.1',
    '1.0.0+a = 1.0.0+b',
    '1.0.0-beta.2 < 1.0.0-beta.10',
  ],
  PyPI: [
    '1.0.dev1 < 1.0a1.dev1 < 1.0a1 < 1.0a1.post1 < 1.0a2 < 1.0b1 < 1.0rc1 < 1.0 < 1.0+abc < 1.0+abc.1 < 1.0+1',
    '1.0+1 < 1.0+1.1 < 1.0+2 < 1.0+10 < 1.0.post1.dev1 < 1.0.post1 < 1.1.dev1 < 1.1 < 1!0.1',
    '1.0 = 1.0.0 = 1 = v1.0 = 1.00',
    '1.0rc1 = 1.0c1 = 1.0.RC-1 = 1.0_preview1 = 1.0pre1',
    '1.0-1 = 1.0.post1 = 1.0.rev1 = 1.0-r1',
    '1.0.alpha = 1.0a0',
    '1.0+ubuntu-1 = 1.0+ubuntu.1 = 1.0+ubuntu_1',
    '2.0.1rc2-git < 0.8',
    '20240101000000001 < 20240101000000002',
  ],
  Maven: [
    '1-alpha-1 < 1-alpha-2 < 1-beta-1 < 1-milestone-1 < 1-rc-1 < 1-SNAPSHOT < 1 < 1-sp < 1-abc < 1-xyz < 1-1 < 1.1',
    '1 = 1.0 = 1.0.0 = 1-ga = 1-final = 1-RELEASE = 1.ga = 1-0',
    '1a1 = 1-alpha-1',
    '1b2 = 1-beta-2',
    '1m3 = 1-milestone-3',
    '1cr = 1rc = 1-rc',
    '1.0.0.RC1 = 1.0.0-rc1',
    '1.0.0.Final = 1.0.0',
    '1.0.0.RELEASE < 1.0.1.RELEASE',
    '2.0-m1 < 2.0-rc1 < 2.0 < 2.0.1',
    '1.2.3-jre < 1.2.4-android',
    '1.0.X1 < 1.0.0-X2',
    '1-0.alpha < 1-0.beta',
    '7.4.3.20 < 7.4.3.21',
    '00001.1 = 1.1',
    '1.99999999999999999999 < 1.100000000000000000000',
    '2.9.0.RC1 < 2.9.0-1',
  ],
  RubyGems: [
    '1.0.0.a < 1.0.0.b < 1.0.0.b1 < 1.0.0.rc1 < 1.0.0 < 1.0.1 < 1.1 < 1.9 < 1.10',
    '1.0 = 1 = 1.0.0',
    '1.0.0-1 < 1.0.0 < 1.0.0.1',
    '1.a < 1.0.0 < 1.1.a < 1.1',
    '1.0.0.pre.1 < 1.0.0.pre.2',
    '1.0.0.beta2 < 1.0.0.beta10',
  ],
  Packagist: [
    'dev-main < 1.0.0-dev < 1.0.0-alpha1 < 1.0.0-alpha2 < 1.0.0-beta1 < 1.0.0-RC1 < 1.0.0 < 1.0.0-patch1 < 1.0.1',
    '1.0 = 1.0.0 = v1.0.0.0 = 1.0.0-stable = 1.0.0+build',
    '1.0.0a1 = 1.0.0-alpha.1 = 1.0.0.alpha1',
    '1.0.0-p1 = 1.0.0-pl1 = 1.0.0-patch1',
    '1.9.9 < 1.x-dev < 2.0.0',
    '1.0.0-beta.2 < 1.0.0-beta.10',
    '1.0.0-rc1 = 1.0.0-RC1',
  ],
  Debian: [
    '1.0~~ < 1.0~~a < 1.0~ < 1.0~rc1 < 1.0 < 1.0-1 < 1.0-1.1 < 1.0-2 < 1.0-10 < 1.0+b1 < 1.0.1 < 1:0.1',
    '1.0 = 0:1.0 = 1.00',
    '1.0a < 1.0b < 1.0+ < 1.0.',
    '7.6-0 < 7.6p2-4',
    '2.0.7pre1-4 < 2.0.7r-1',
  ],
  Alpine: [
    '1.0_alpha < 1.0_alpha1 < 1.0_alpha2 < 1.0_beta < 1.0_pre < 1.0_rc < 1.0_rc1 < 1.0 < 1.0-r1 < 1.0-r2 < 1.0_p1 < 1.0.1',
    '1.0 < 1.0a < 1.0b < 1.1',
    '1.2.3-r0 < 1.2.3-r1 < 1.2.3-r10 < 1.2.3_git20200101 < 1.2.3_p1',
    '0.12 < 0.13 < 0.100',
  ],
  RPM: [
    '1.0~rc1-1 < 1.0-1 < 1.0^git1-1 < 1.0.1-1 < 1:0.1-1',
    '1.0-1 < 1.0-2 < 1.0-10',
    '1.0a < 1.0b < 1.0.1',
    '1.05 = 1.5',
    '1.0 = 1_0 = 1..0',
    '2.0.1a < 2.0.1.1',
    'xyz < 10',
  ],
  CRAN: ['1.0-1 < 1.0-2 < 1.0-10 < 1.1', '1.0.1 < 1.0-2', '1.0 < 1.0.0'],
};

/** `a < b = c` into pairs, each with each that follows, with what is between them. */
function pairsOf(line: string): readonly (readonly [a: string, b: string, sign: number])[] {
  const groups = line.split(' < ').map((group) => group.split(' = '));
  return groups.flatMap((group, at) => [
    ...group.flatMap((a) => group.map((b) => [a, b, 0] as const)),
    ...groups.slice(at + 1).flatMap((later) => group.flatMap((a) => later.map((b) => [a, b, -1] as const))),
  ]);
}

describe.each(Object.entries(ORDERS))('versions of %s', (ecosystem, lines) => {
  test.each(lines)('are ordered as %s', (line) => {
    const order = orderOf(ecosystem);

    const wrong = pairsOf(line).filter(
      ([a, b, sign]) =>
        Math.sign(order?.(a, b) ?? Number.NaN) !== sign || Math.sign(order?.(b, a) ?? Number.NaN) !== 0 - sign,
    );

    expect(wrong).toEqual([]);
  });
});

test.each(['npm', 'NuGet', 'RubyGems', 'CRAN', 'Debian'])(
  'what is no version of %s has no place in its order',
  (ecosystem) => {
    expect(orderOf(ecosystem)?.('not a version!', '1.0.0')).toBeUndefined();
    expect(orderOf(ecosystem)?.('1.0.0', 'not a version!')).toBeUndefined();
  },
);

test.each([
  ['cargo', 'crates.io'],
  ['Composer', 'Packagist'],
  ['deb', 'Debian'],
  ['GOLANG', 'Go'],
  ['rubygems', 'RubyGems'],
  ['nuget', 'NuGet'],
])('%s means %s', (word, ecosystem) => {
  expect(ecosystemNamed(word)).toBe(ecosystem);
});

test('a release of a distribution has the order of the distribution', () => {
  expect(orderOf('Debian:12')?.('1.0~rc1', '1.0')).toBeLessThan(0);
  expect(orderOf('No such thing')).toBeUndefined();
});

test.each(['npm', 'PyPI', 'Maven', 'Packagist', 'RubyGems', 'Debian', 'RPM', 'Alpine'])(
  'a version of %s that is made to be slow is compared in time',
  (ecosystem) => {
    const order = orderOf(ecosystem);
    const started = performance.now();

    for (const piece of ['1.', '1-', '-', 'a1', '0', '~', '_rc', '.0a-'])
      order?.(piece.repeat(2_000), `${piece.repeat(2_000)}1`);

    expect(performance.now() - started).toBeLessThan(2_000);
  },
);
