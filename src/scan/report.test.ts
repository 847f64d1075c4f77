import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { parseXml } from '@rgrove/parse-xml';
import { describe, expect, test } from 'vitest';
import { completeFindings, type Match, type Rule, viewOf } from '../finding/index.ts';
import { renderReport } from './render-report.ts';
import type { ScanResult } from './run-scan.ts';

const NASTY = 'a\u0000\u001b[31m"<x>&\'`|@user\n::error::%0A]]>\ud800';

const words = { title: 'A title | with `marks`', why: 'Why.', lesson: 'Look.', remedy: 'Mend.' };
const RULE: Rule = {
  id: 'a-rule',
  kind: 'code',
  severity: 'high',
  confidence: 'high',
  cwe: 89,
  ...words,
  aliases: [],
  references: ['https://example.org/a'],
  examples: [],
};
const view = viewOf('dir/a b%20.py', 'x = 1\nquery(user)\nlast\n');
const place = view.placeAt(6, 17);

function resultOf(matches: readonly Match[]): ScanResult {
  const findings = completeFindings(matches, new Map([[RULE.id, RULE]]));
  const [first] = findings;
  return {
    findings,
    suppressed:
      first === undefined ? [] : [{ finding: first, reason: NASTY, owner: 'me', expires: '2031-01-01', by: 'comment' }],
    baselined: 0,
    gaps: [{ code: 'file-too-large', file: 'big.bin', reason: `${NASTY} is large`, help: 'Ignore it.' }],
    notes: ['a note'],
    rules: new Map([[RULE.id, RULE]]),
    scanners: [{ kind: 'code', settings: 'x' }],
    files: 3,
    commits: 0,
    bytes: 100,
    sources: { textOf: () => view, excerptOf: () => undefined },
    renderInventory: () => Promise.resolve(''),
    renderVex: () => Promise.resolve(''),
  };
}

const match: Match = {
  rule: 'a-rule',
  place,
  message: `flows ${NASTY}`,
  evidence: 'query(user)',
  trace: [
    { place: view.placeAt(0, 1), message: 'comes in' },
    { place, message: 'goes out' },
  ],
  subject: { purl: 'pkg:npm/x@1', advisories: ['GHSA-1'] },
  fix: { kind: 'edit', title: 'Bind it', edits: [{ file: view.path, start: 6, end: 17, text: 'query(?, user)' }] },
};
const RESULT = resultOf([match, { ...match, place: { ...place, file: NASTY }, fix: { kind: 'none', reason: 'no' } }]);
const context = { version: '1.2.3', textOf: () => view };

describe('SARIF', () => {
  const path = createRequire(import.meta.url).resolve('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json');
  const { $schema: _draft, id: _id, ...schema } = JSON.parse(readFileSync(path, 'utf8'));
  const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false });
  addFormats.default(ajv);
  const validate = ajv.compile(schema);

  test.each([
    ['of findings', RESULT],
    ['of nothing', { ...resultOf([]), gaps: [] }],
  ])('%s is valid', (_name, result) => {
    validate(JSON.parse(renderReport('sarif', result, context)));

    expect(validate.errors ?? []).toEqual([]);
  });

  test('has rules, weaknesses, fingerprints, flows, fixes by line and column, suppressions, and says what was not scanned', () => {
    const [run] = JSON.parse(renderReport('sarif', RESULT, context)).runs;
    const result = run.results.find((one: { fixes?: unknown }) => one.fixes !== undefined);

    expect(run.tool.driver.rules).toMatchObject([
      { id: 'a-rule', helpUri: 'https://example.org/a', properties: { 'security-severity': '8.0' } },
    ]);
    expect(run.taxonomies[0].taxa).toMatchObject([{ id: 'CWE-89' }]);
    expect(result.partialFingerprints['sallyport/v1']).toMatch(/^[0-9a-f]{32}$/);
    expect(result.locations[0].physicalLocation).toMatchObject({
      artifactLocation: { uri: 'dir/a%20b%2520.py', uriBaseId: 'ROOT' },
      region: { startLine: 2, startColumn: 1, endLine: 2, endColumn: 12 },
    });
    expect(result.codeFlows[0].threadFlows[0].locations).toHaveLength(2);
    expect(result.fixes[0].artifactChanges[0].replacements[0]).toMatchObject({
      deletedRegion: { startLine: 2, endColumn: 12 },
      insertedContent: { text: 'query(?, user)' },
    });
    expect(run.results.at(-1).suppressions).toMatchObject([{ kind: 'inSource', status: 'accepted' }]);
    expect(run.invocations[0]).toMatchObject({
      executionSuccessful: false,
      toolExecutionNotifications: [{ descriptor: { id: 'file-too-large' } }],
    });
  });
});

test('JSON is one array with the keys of the contract first', () => {
  const [first] = JSON.parse(renderReport('json', RESULT, context));

  expect(Object.keys(first).slice(0, 11)).toEqual([
    'rule',
    'cwe',
    'severity',
    'confidence',
    'file',
    'line',
    'column',
    'endLine',
    'message',
    'fingerprint',
    'fix',
  ]);
  expect(first.cwe).toBe('CWE-89');
  expect(JSON.parse(renderReport('json', resultOf([]), context))).toEqual([]);
});

test('JUnit is XML whatever is in a name or a message', () => {
  const { root } = parseXml(renderReport('junit', RESULT, context));

  expect(root?.name).toBe('testsuites');
  expect(root?.text).toContain('query(user)');
});

test('Markdown and annotations keep text from files in its place', () => {
  const markdown = renderReport('markdown', RESULT, context);
  const github = renderReport('github', RESULT, context);

  expect(markdown.split('\n').filter((line) => line.startsWith('| '))).toHaveLength(4 - 1);
  expect(markdown).not.toContain('@user');
  expect(github.split('\n').filter((line) => line !== '')).toHaveLength(3);
  expect(github.split('\n').filter((line) => line.startsWith('::error'))).toHaveLength(3);
});

test.each([
  ['a\\|[x](https://evil.example) @team', 'a\\\\\\|\\[x\\]'],
  ['a\\', 'a\\\\:1'],
  ['a|b', 'a\\|b'],
])('a file name opens no cell of the table: %j', (file, shown) => {
  const markdown = renderReport('markdown', resultOf([{ ...match, place: { ...place, file, line: 1 } }]), context);

  expect(markdown).toContain(shown);
  expect(markdown).not.toContain('@team');
});

test('no format has a control of a terminal, or a command of a CI service', () => {
  const file = 'x\u001b]0;title\u0007##vso[task.setvariable variable=A]b##[add-mask]c\u009b31m';
  const gaps = [{ code: 'file-too-large', file, reason: `${file} is large` } as const];
  const result = { ...resultOf([{ ...match, message: file, place: { ...place, file } }]), gaps };

  for (const format of ['json', 'sarif', 'junit', 'markdown'] as const) {
    const text = renderReport(format, result, context);
    expect(text).not.toMatch(/##\w*\[/);
    // JSON may hold the upper ones: a program reads it.
    expect(text.replaceAll('\n', '')).not.toMatch(format === 'markdown' ? /\p{Cc}/u : /[\0-\x1f]/);
  }
  expect(renderReport('github', result, context).replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  expect(JSON.parse(renderReport('json', result, context))[0].file).toBe(file);
});

test('the same result gives the same text in every format', () => {
  for (const format of ['json', 'sarif', 'junit', 'markdown', 'github'] as const) {
    expect(renderReport(format, RESULT, context)).toBe(
      renderReport(
        format,
        structuredClone({ ...RESULT, sources: undefined, renderInventory: undefined, renderVex: undefined }) as never,
        context,
      ),
    );
  }
});
