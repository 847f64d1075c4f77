import { expect, test } from 'vitest';
import type { EgressRecord } from '../protocol/index.ts';
import { readEgressFile } from './egress-file.ts';
import { proposeEgress, unifiedDiff } from './propose.ts';
import { refusalLine } from './refusal.ts';

function reached(host: string, port = 443, more: Partial<EgressRecord> = {}): EgressRecord {
  return { time: 0, via: 'transparent', host, port, verdict: 'allowed', ...more };
}

test('without a file the proposal is a new one with exactly what was reached', () => {
  const { text, diff } = proposeEgress(
    [reached('b.example'), reached('a.example', 8080), reached('b.example')],
    undefined,
  );

  expect(text).toBe('allow:\n  - a.example:8080\n  - b.example:443\n');
  expect(diff).toBe(
    '--- /dev/null\n+++ b/.sallyport/egress.yml\n@@ -0,0 +1,3 @@\n+allow:\n+  - a.example:8080\n+  - b.example:443\n',
  );
});

test('a set is proposed only when all that it is about was used', () => {
  expect(proposeEgress([reached('pypi.org'), reached('files.pythonhosted.org')], undefined).text).toBe(
    'presets:\n  - pypi\n',
  );
  expect(proposeEgress([reached('pypi.org')], undefined).text).toBe('allow:\n  - pypi.org:443\n');
});

test('what is listed stays as it is, with its comments', () => {
  const before = `# Reviewed by the platform team.
presets: [npm] # builds

allow:
  # licence server
  - licence.example:8443
jobs:
  deploy:
    allow: ["deploy.example:22"]
`;
  const { text, diff } = proposeEgress(
    [reached('registry.npmjs.org'), reached('new.example'), reached('licence.example', 8443)],
    before,
  );

  expect(text).toBe(before.replace('8443\njobs', '8443\n  - new.example:443\njobs').replace('["deploy', '["deploy'));
  expect(diff.split('\n').filter((line) => /^[+-](?![+-])/.test(line))).toEqual(['+  - new.example:443']);
  expect(readEgressFile(text, 'x').ok).toBe(true);
});

test('a file of comments keeps them', () => {
  const { text } = proposeEgress([reached('a.example')], '# Who may change this: platform.\n');

  expect(text).toContain('# Who may change this: platform.');
  expect(text).toContain('- a.example:443');
});

test('queries, services of the gateway and refused attempts propose nothing', () => {
  const records = [
    reached('a.example', 53, { via: 'dns' }),
    reached('sallyport.localhost', 4000, { via: 'gateway' }),
    reached('internal.example', 443, { verdict: 'denied', reason: 'private-address' }),
  ];

  expect(proposeEgress(records, 'allow: []\n')).toEqual({ text: 'allow: []\n', diff: '' });
});

test('a broken file is not built upon', () => {
  expect(() => proposeEgress([reached('a.example')], 'alow: []')).toThrow(
    expect.objectContaining({ code: 'egress/file-invalid' }),
  );
});

test('changes far apart make hunks of their own', () => {
  const lines = Array.from({ length: 30 }, (_, index) => `line ${index}`);
  const after = lines.with(2, 'two').with(25, 'more');

  const diff = unifiedDiff(`${lines.join('\n')}\n`, `${after.join('\n')}\n`, { path: 'f', isNew: false });

  expect(diff.match(/^@@ .*$/gm)).toEqual(['@@ -1,6 +1,6 @@', '@@ -23,7 +23,7 @@']);
});

test.each([
  [{ host: 'a.example', port: 443, reason: 'not-listed' }, 'a.example:443', 'allow: ["a.example:443"]'],
  [{ host: 'a.example', port: 53, via: 'dns', reason: 'not-listed' }, 'a.example', 'allow: ["a.example:443"]'],
  [{ host: 'a.example', port: 22, reason: 'port-not-listed' }, 'a.example:22', 'allow: ["a.example:22"]'],
  [{ host: '10.0.0.1', port: 80, reason: 'address-literal' }, '10.0.0.1:80', 'by name'],
  [{ host: 'm.example', port: 443, reason: 'private-address' }, 'm.example:443', '--allow-private'],
] as const)('the line for %j names the host and what to change', (record, host, remedy) => {
  const line = refusalLine({ time: 0, via: 'transparent', verdict: 'denied', ...record });

  expect(line).toContain(host);
  expect(line).toContain(remedy);
  expect(line).not.toContain('\n');
});

test('a host cannot steer the terminal through the line', () => {
  const line = refusalLine({ time: 0, via: 'connect', verdict: 'denied', host: 'a\u001b[2J\n::error::x', port: 1 });

  expect(line).not.toMatch(/[\u001b\n]/);
});
