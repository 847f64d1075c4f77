import { describe, expect, test } from 'vitest';
import { completeFindings, type Match, type Rule, viewOf } from '../finding/index.ts';
import type { ScanResult } from '../scan/index.ts';
import { renderScanReport } from './scan-report.ts';
import { paintOf, widthOf } from './terminal.ts';

const words = { title: 'A rule', why: 'Because it is.\nSo it is.', lesson: 'Look.', remedy: 'Mend.' };
const RULE: Rule = {
  id: 'a-rule',
  kind: 'code',
  severity: 'high',
  confidence: 'high',
  ...words,
  aliases: [],
  references: [],
  examples: [],
};
const LOW: Rule = { ...RULE, id: 'low-rule', severity: 'info' };
const view = viewOf('dir/a.py', `x = 1\n${' '.repeat(4)}query("${'long '.repeat(40)}" + user)  # \u001b[2J\n`);
const place = view.placeAt(view.text.indexOf('user'), view.text.indexOf('user') + 4);
const match: Match = {
  rule: 'a-rule',
  place,
  message: 'text \u001b]0;title\u0007 reaches the query',
  evidence: 'query(user)',
  fix: { kind: 'none', reason: 'no', followUp: 'Bind\nit.' },
};

function resultOf(matches: readonly Match[], change: Partial<ScanResult> = {}): ScanResult {
  const rules = new Map([RULE, LOW].map((rule) => [rule.id, rule]));
  const lines = view.text.split('\n');
  return {
    findings: completeFindings(matches, rules),
    suppressed: [],
    baselined: 0,
    gaps: [],
    notes: [],
    rules,
    scanners: [],
    files: 3,
    commits: 0,
    bytes: 4000,
    sources: {
      textOf: () => view,
      excerptOf: ({ place }) => ({
        line: lines[place.line - 1] ?? '',
        mark: { column: place.column, endColumn: place.endColumn },
      }),
    },
    renderInventory: () => Promise.resolve(''),
    renderVex: () => Promise.resolve(''),
    ...change,
  };
}

const render = (result: ScanResult, columns = 80, colors = false, verbose = true) =>
  renderScanReport(result, { paint: paintOf(colors), columns, durationMs: 1200, failOn: 'low', verbose });
const renderShort = (result: ScanResult, columns = 80) => render(result, columns, false, false);

describe('the whole report of a scan', () => {
  test.each([40, 60, 80, 200])(
    'is never wider than %i columns, keeps the place in view and the terminal safe',
    (columns) => {
      const lines = render(resultOf([match]), columns, true);

      for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(Math.max(columns, 60));
      expect(lines.join('\n')).toContain('user');
      expect(lines.join('\n').replaceAll(/\u001b\[[0-9;]*m/g, '')).not.toContain('\u001b');
      const caret = lines.findIndex((line) => line.includes('^^^^'));
      const plain = (line = '') => line.replaceAll(/\u001b\[[0-9;]*m/g, '');
      expect(
        plain(lines[caret - 1])
          .slice(plain(lines[caret]).indexOf('^'))
          .slice(0, 4),
      ).toBe('user');
    },
  );

  test('tells why once for each rule, the fix in one line, and counts what is not listed', () => {
    const text = render(
      resultOf([match, { ...match, place: view.placeAt(0, 1) }, { ...match, rule: 'low-rule' }]),
    ).join('\n');

    expect(text.match(/Because it is\./g)).toHaveLength(1);
    expect(text).not.toContain('So it is');
    expect(text).toContain('fix Bind it.');
    expect(text).toContain('1 below low are not listed');
  });

  test('with something that was not scanned never says that nothing was found and no more', () => {
    const text = render(
      resultOf([], { gaps: [{ code: 'file-too-large', reason: 'a file is too large', help: 'Ignore it.' }] }),
    ).join('\n');

    expect(text).toContain('not scanned: a file is too large');
    expect(text).toContain('! nothing found, but not everything was scanned');
    expect(render(resultOf([])).join('\n')).toContain('✓ nothing found');
  });
});

describe('the short report of a scan', () => {
  const at = (offset: number) => ({ ...match, place: view.placeAt(offset, offset + 1) });

  test('has three lines for a finding: where and what, the code, the fix', () => {
    const lines = renderShort(resultOf([match]), 100);

    expect(lines.slice(0, 6)).toEqual([
      'HIGH  1',
      '',
      '  a-rule  A rule',
      expect.stringMatching(/^ {4}dir\/a\.py:2:\d+ {2}text /),
      expect.stringMatching(/^ {6}│ .*user/),
      '      fix Bind it.',
    ]);
    expect(lines.at(-1)).toContain('sallyport scan --verbose  shows each with its way');
  });

  test('of a rule that fires often shows three, says the fix once, and names the other places', () => {
    const text = renderShort(resultOf([at(0), at(1), at(2), at(3), match])).join('\n');

    expect(text).toContain('  a-rule  A rule  ×5');
    expect(text).toContain('    and 2 more: dir/a.py:1, dir/a.py:2');
    expect(text.match(/fix Bind it\./g)).toHaveLength(1);
    expect(text).toContain('sallyport scan --verbose  lists all of them');
  });

  test('is shorter than four lines for a finding, however many there are', () => {
    const findings = Array.from({ length: 40 }, (_, number) => at(number % 5));

    expect(renderShort(resultOf(findings)).length).toBeLessThan(20);
  });

  test.each([40, 80, 120])('is never wider than %i columns, and keeps the terminal safe', (columns) => {
    const lines = render(resultOf([match, at(0), at(1), at(2), at(3)]), columns, true, false);

    for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(Math.max(columns, 60));
    expect(lines.join('\n').replaceAll(/\u001b\[[0-9;]*m/g, '')).not.toContain('\u001b');
  });

  test('says first what an attacker uses already', () => {
    const [finding] = completeFindings([match], new Map([[RULE.id, RULE]]));
    if (finding === undefined) throw new Error('no finding');
    const known = { ...finding, priority: { ...finding.priority, reason: 'known to be exploited' } };

    expect(renderShort(resultOf([], { findings: [known] })).join('\n')).toContain(
      'fix known to be exploited; Bind it.',
    );
  });
});
