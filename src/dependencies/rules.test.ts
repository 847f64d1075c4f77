import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkExamples } from '../../test/rules/examples.ts';
import { readPack } from '../../test/rules/packs.ts';
import { indexOf, osv } from '../../test/support/advisories.ts';
import { createDependenciesScanner } from './index.ts';
import { CHECKS } from './rule-schema.ts';

const NOW = Date.parse('2026-03-01T00:00:00Z');
const advisories = indexOf([
  osv('GHSA-xvch-5gv4-984h', 'npm', 'minimist', {
    aliases: ['CVE-2021-44906'],
    events: [{ introduced: '0' }, { fixed: '1.2.6' }],
    vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H',
  }),
  osv('GHSA-462w-v97r-4m45', 'PyPI', 'Jinja2', { events: [{ introduced: '0' }, { fixed: '2.11.4' }] }),
  osv('RUSTSEC-2026-0001', 'crates.io', 'stale', {
    events: [{ introduced: '0' }, { fixed: '1.0.0' }],
    affected: { database_specific: { informational: 'unmaintained' } },
  }),
  osv('MAL-2026-1', 'npm', 'lodahs', { events: [{ introduced: '0' }] }),
]);
const scanner = createDependenciesScanner({ licences: { deny: ['GPL-3.0-only'] } }, { advisories, nowMs: NOW });

test('each rule has a check and each check a rule', async () => {
  const pack = await readPack(join(import.meta.dirname, '../..'), 'dependencies');

  expect(pack?.rules.map(({ id }) => id)).toEqual([...CHECKS].sort());
});

test('each rule reports exactly the lines of its examples', async () => {
  const pack = await readPack(join(import.meta.dirname, '../..'), 'dependencies');

  for (const rule of pack?.rules ?? []) checkExamples(rule, scanner, 'package-lock.json');
});
