import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readPack } from '../../test/rules/packs.ts';
import { checkExamples } from '../../test/rules/examples.ts';
import { scanFiles } from '../finding/index.ts';
import { createInfrastructureScanner } from './index.ts';

const pack = await readPack(join(import.meta.dirname, '../..'), 'infrastructure');
const scanner = createInfrastructureScanner();

describe.each(pack?.rules.map((rule) => [rule.id, rule] as const) ?? [])('%s', (_id, rule) => {
  test('finds what its examples show', () => checkExamples(rule, scanner, 'Dockerfile'));

  test('its edits make the finding go away and bring no other', () => {
    for (const example of rule.examples.filter(({ lines }) => lines.length > 0)) {
      const file = example.file ?? 'Dockerfile';
      const before = scanFiles(scanner, { [file]: example.text, ...example.files });
      for (const finding of before.findings.filter(({ rule: id }) => id === rule.id)) {
        if (finding.fix.kind !== 'edit') continue;
        let text = example.text;
        for (const edit of [...finding.fix.edits].sort((a, b) => b.start - a.start)) {
          text = text.slice(0, edit.start) + edit.text + text.slice(edit.end);
        }
        const after = scanFiles(scanner, { [file]: text, ...example.files });
        const known = new Set(before.findings.map(({ fingerprint }) => fingerprint));
        const gone = !after.findings.some(({ fingerprint }) => fingerprint === finding.fingerprint);
        const added = after.findings
          .filter(({ fingerprint }) => !known.has(fingerprint))
          .map(({ rule, message }) => `${rule}: ${message}`);

        expect({ gone, added, gaps: after.gaps }, text).toEqual({ gone: true, added: [], gaps: before.gaps });
      }
    }
  });
});
