import { describe, expect, test } from 'vitest';
import { proposalFor } from './egress-proposal.ts';

const of = (host: string, more: Partial<Parameters<typeof proposalFor>[0]> = {}) =>
  proposalFor({ via: 'connect', host, port: 443, reason: 'not-listed', ...more });

describe('the line that would allow a host', () => {
  test('names the host and the port', () => {
    expect(of('Example.org.')).toEqual({ ok: true, line: '  - example.org:443', text: 'allow:\n  - example.org:443' });
    expect(of('a.example.org', { port: 8443 })).toMatchObject({ line: '  - a.example.org:8443' });
    expect(of('example.org', { via: 'dns', port: 53 })).toMatchObject({ line: '  - example.org:443' });
  });

  test.each([
    'example.org\n  - "*"',
    'x: y',
    '*.example.org',
    '10.0.0.1',
    '2130706433',
    'x.0x7f',
    '::1',
    'localhost',
    'a b.test',
    '# x.test',
    `${'a'.repeat(64)}.test`,
    '',
    '{x}.test',
  ])('there is none for %j', (host) => {
    expect(of(host).ok).toBe(false);
  });

  test('there is none for what leads into a private network', () => {
    expect(of('intern.example.org', { reason: 'private-address' }).ok).toBe(false);
  });
});
