import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { networkOf } from './throttle.ts';
import { hintOf, makeToken, TOKEN_PREFIXES, tokenKindOf } from './token-format.ts';
import { VERBS } from './verbs.ts';

const source = { random: (bytes: number) => randomBytes(bytes) };

describe('tokens', () => {
  test.each(['user', 'job', 'runner', 'code'] as const)('of the kind %s are recognised by themselves', (kind) => {
    const text = makeToken(kind, source).expose();

    expect(text).toMatch(/^sp[a-z]_[0-9A-Za-z]{36}$/);
    expect(text.startsWith(TOKEN_PREFIXES[kind])).toBe(true);
    expect(tokenKindOf(text)).toBe(kind);
    expect(hintOf(text)).toBe(text.slice(-4));
  });

  test('with one character changed, left out or added are none', () => {
    const text = makeToken('user', source).expose();
    const changed = text
      .split('')
      .map((letter, at) => `${text.slice(0, at)}${letter === 'x' ? 'y' : 'x'}${text.slice(at + 1)}`);

    expect(changed.filter((token) => tokenKindOf(token) !== undefined)).toEqual([]);
    for (const wrong of [text.slice(1), text.slice(0, -1), `${text}0`, `${text}\n`, ` ${text}`, '', 'spt_'])
      expect(tokenKindOf(wrong)).toBeUndefined();
  });

  test('do not print', () => {
    expect(String(makeToken('user', source))).toBe('[secret]');
  });

  test('use every digit equally: bytes that would favour some are drawn again', () => {
    const counts = new Map<string, number>();
    for (let round = 0; round < 2000; round += 1) {
      for (const digit of makeToken('user', source).expose().slice(4, 34))
        counts.set(digit, (counts.get(digit) ?? 0) + 1);
    }

    expect(counts.size).toBe(62);
    // 968 each on average; without the second draw the first eight would have 1172.
    expect(Math.max(...counts.values())).toBeLessThan(1130);
  });
});

describe('networks', () => {
  test.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:0001:2::9', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['', 'unknown'],
    ['nonsense', 'unknown'],
  ])('%s is in %s', (address, network) => {
    expect(networkOf(address)).toEqual({ kind: 'network', value: network });
  });
});

test('the reference page names every scope and every prefix', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/reference/identity.md'), 'utf8');

  expect([...VERBS, ...Object.values(TOKEN_PREFIXES)].filter((word) => !page.includes(`\`${word}\``))).toEqual([]);
});
