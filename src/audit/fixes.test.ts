import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { readPack } from '../../test/rules/packs.ts';
import { type Finding, scanFiles } from '../finding/index.ts';
import { applyEdits } from './fixes.ts';
import { createAuditScanner } from './index.ts';

const scanner = createAuditScanner();
const pack = await readPack(join(import.meta.dirname, '../..'), 'workflows');

function scan(files: { readonly [path: string]: string }): readonly Finding[] {
  return scanFiles(scanner, files).findings;
}

function countOf(findings: readonly Finding[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { rule } of findings) counts.set(rule, (counts.get(rule) ?? 0) + 1);
  return counts;
}

/** The text after the fix of the first finding of a rule. */
function fixed(rule: string, text: string, file = '.github/workflows/ci.yml'): string {
  const finding = scan({ [file]: text }).find((one) => one.rule === rule);
  if (finding?.fix.kind !== 'edit') throw new Error(`${rule}: ${JSON.stringify(finding?.fix)}`);
  return applyEdits(text, finding.fix.edits);
}

describe('fixes', () => {
  const cases = (pack?.rules ?? []).flatMap((rule) =>
    rule.examples.map((example, index) => [`${rule.id} ${index + 1}`, example] as const),
  );

  test.each(cases)('of everything that is found in %s leave a file without it, and add nothing', (_, example) => {
    const file = example.file ?? '.github/workflows/ci.yml';
    const files = { ...example.files, [file]: example.text };
    const before = scan(files);
    for (const finding of before) {
      if (finding.fix.kind !== 'edit') continue;

      const text = applyEdits(files[finding.place.file] ?? '', finding.fix.edits);
      const after = countOf(scan({ ...files, [finding.place.file]: text }));

      expect(parseDocument(text).errors, text).toEqual([]);
      for (const [rule, count] of after) {
        expect(count, `${finding.rule} adds ${rule}:\n${text}`).toBeLessThanOrEqual(countOf(before).get(rule) ?? 0);
      }
      expect(after.get(finding.rule) ?? 0, `${finding.rule} stays:\n${text}`).toBeLessThan(
        countOf(before).get(finding.rule) ?? 0,
      );
    }
  });

  test('an expression in quotes becomes a quoted variable, and all else stays as it is written', () => {
    const text = [
      'on: issues',
      'permissions: {}',
      'jobs:',
      '  a:',
      '    runs-on: ubuntu-latest',
      '    steps:',
      '      # greets',
      '      - name: greet   # kindly',
      '        run: |',
      "          echo 'from ${{ github.event.issue.title }}'",
      '          echo ${{ github.event.issue.number }}',
      '        env: { A: 1 }',
      '',
    ].join('\n');

    expect(fixed('template-injection', text)).toBe(
      text
        .replace("'from ${{ github.event.issue.title }}'", "'from '\"${ISSUE_TITLE}\"''")
        .replace('{ A: 1 }', "{ ISSUE_TITLE: '${{ github.event.issue.title }}', A: 1 }"),
    );
  });

  test('two expressions of one script are mended at once, and a name that is taken is not used', () => {
    const text = [
      'on: issues',
      'permissions: {}',
      'jobs:',
      '  a:',
      '    runs-on: ubuntu-latest',
      '    steps:',
      '      - env:',
      '          ISSUE_TITLE: mine',
      '        run: echo "${{ github.event.issue.title }}" "${{ github.event.issue.body }}" "$ISSUE_TITLE"',
      '',
    ].join('\n');
    const after = fixed('template-injection', text);

    expect(after).toContain(
      'ISSUE_TITLE_2: ${{ github.event.issue.title }}\n          ISSUE_BODY: ${{ github.event.issue.body }}',
    );
    expect(scan({ '.github/workflows/ci.yml': after }).filter(({ rule }) => rule === 'template-injection')).toEqual([]);
  });

  test('PowerShell gets its own kind of variable', () => {
    const text = [
      'on: issues',
      'jobs:',
      '  a:',
      '    runs-on: windows-latest',
      '    steps:',
      '      - run: Write-Host "${{ github.event.issue.title }}"',
      '',
    ].join('\n');

    expect(fixed('template-injection', text)).toContain('${env:ISSUE_TITLE}');
  });

  test('a variable of the environment is used by its own name', () => {
    const text = [
      'on: issues',
      'jobs:',
      '  a:',
      '    runs-on: ubuntu-latest',
      '    env:',
      '      TITLE: ${{ github.event.issue.title }}',
      '    steps:',
      '      - run: echo "${{ env.TITLE }}"',
      '',
    ].join('\n');

    expect(fixed('template-injection', text)).toBe(text.replace('${{ env.TITLE }}', '${TITLE}'));
  });

  test('where the script evaluates the text there is no edit, but the reason', () => {
    const text = 'on: issues\njobs: { a: { runs-on: x, steps: [{ run: "eval ${{ github.event.issue.title }}" }] } }\n';
    const finding = scan({ '.github/workflows/ci.yml': text }).find(({ rule }) => rule === 'template-injection');

    expect(finding?.fix).toMatchObject({ kind: 'none' });
  });

  test('lines that end in CR LF stay so', () => {
    const text =
      'on: push\r\njobs:\r\n  a:\r\n    runs-on: x\r\n    steps:\r\n      - uses: actions/checkout@v4 # get\r\n';

    expect(fixed('artipacked', text)).toContain(
      '      - uses: actions/checkout@v4 # get\r\n        with:\r\n          persist-credentials: false\r\n',
    );
  });
});
