import { expect, test } from 'vitest';
import { compileAllowList, parseRule, readHost } from './host.ts';

test.each([
  ['Registry.Example.', 'registry.example'],
  ['a_b.example', 'a_b.example'],
  ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
  ['localhost', 'localhost'],
  ['1.example', '1.example'],
])('%s is a name', (text, name) => {
  expect(readHost(text)).toEqual({ kind: 'name', name });
});

test.each([
  '127.0.0.1',
  '[::1]',
  '::1',
  '2130706433',
  '0x7f.1',
  '127.1',
  '1.2.3',
  'a.0x10',
  '0300.0.0.1',
  '127.0.0.1.',
])('%s is an address to some program', (text) => {
  expect(readHost(text).kind).toBe('address');
});

test.each([
  '',
  '.',
  'a..b',
  '-a.example',
  'a-.example',
  'a b',
  'a%2eb',
  'user@a.example',
  'a.example:443',
  'bücher.example',
  'a.example\0',
  'a/b',
  'a\\b',
  'fe80::1%eth0',
  `${'x'.repeat(64)}.example`,
  `${'x.'.repeat(127)}example`,
  '*.example',
])('%j is not a host', (text) => {
  expect(readHost(text)).toEqual({ kind: 'invalid' });
});

test.each([
  ['Registry.Example:443', { host: 'registry.example', below: false, port: 443 }],
  ['*.example.org:80', { host: 'example.org', below: true, port: 80 }],
  ['bücher.example:443', { host: 'xn--bcher-kva.example', below: false, port: 443 }],
  ['*.bücher.example:443', { host: 'xn--bcher-kva.example', below: true, port: 443 }],
])('%s is a rule', (text, rule) => {
  expect(parseRule(text)).toEqual(rule);
});

test.each([
  'example.org',
  'example.org:0',
  'example.org:65536',
  'example.org:0443',
  'example.org:https',
  '*:443',
  '*.com:443',
  '*.*.example:443',
  'a.*.example:443',
  '127.0.0.1:80',
  '*.0.0.1:80',
  '0x7f.1:80',
  '[::1]:80',
  'https://example.org:443',
  'user@example.org:443',
  'ex%61mple.org:443',
  'example.org:443 ',
])('%j is refused as a rule', (text) => {
  expect(() => parseRule(text)).toThrow(expect.objectContaining({ code: 'egress/rule-invalid' }));
});

test('a wildcard matches names below its host, not the host itself, look-alikes or other ports', () => {
  const allow = compileAllowList({
    allow: ['*.example.org:443', 'exact.example:8080'],
    allowPrivate: ['*.corp.example'],
  });

  expect(allow.has('a.example.org', 443)).toBe(true);
  expect(allow.has('a.b.example.org', 443)).toBe(true);
  expect(allow.has('example.org', 443)).toBe(false);
  expect(allow.has('evilexample.org', 443)).toBe(false);
  expect(allow.has('a.example.org.evil', 443)).toBe(false);
  expect(allow.has('a.example.org', 80)).toBe(false);
  expect(allow.has('exact.example', 443)).toBe(false);
  expect(allow.hasHost('exact.example')).toBe(true);
  expect(allow.mayBePrivate('mirror.corp.example')).toBe(true);
  expect(allow.mayBePrivate('corp.example')).toBe(false);
});
