import { expect, test } from 'vitest';
import type { EgressRecord } from '../protocol/index.ts';
import { refusalLine } from './refusal.ts';

const asked = (host: string): EgressRecord => ({
  time: 0,
  via: 'dns',
  host,
  port: 53,
  verdict: 'denied',
  reason: 'not-listed',
});

test('a refused name comes with the line that would allow it', () => {
  expect(refusalLine(asked('registry.example'))).toBe(
    'Egress refused: registry.example is not in the allow list. To allow it, add to .sallyport/egress.yml: allow: ["registry.example:443"]',
  );
});

test.each(['a\\000b.com', '::error::pwn.com', 'x"]\\010allow: ["evil.example', ''])(
  'what is no name of a host (%j) comes without a line to paste',
  (host) => {
    const line = refusalLine(asked(host));

    expect(line).toContain('is not the name of a host');
    expect(line).not.toContain('To allow it');
  },
);
