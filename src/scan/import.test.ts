import { describe, expect, test } from 'vitest';
import { completeFindings, type Rule } from '../finding/index.ts';
import { importReports } from './import.ts';
import { newMatches } from './merge.ts';

const ROOT = '/repo/x';
const words = { title: 'SQL', why: 'Why.', lesson: 'Look.', remedy: 'Mend.', references: [], examples: [] };
const OWN: Rule = {
  id: 'sql',
  kind: 'code',
  severity: 'high',
  confidence: 'high',
  cwe: 89,
  aliases: ['bandit/B608'],
  ...words,
};
const rules = new Map([[OWN.id, OWN]]);

function read(report: unknown) {
  const {
    matches,
    rules: foreign,
    tools,
  } = importReports([{ name: 'report.json', text: JSON.stringify(report) }], ROOT, rules);
  const all = new Map([...rules, ...foreign.map((rule) => [rule.id, rule] as const)]);
  return completeFindings(matches, all).map((finding) => ({ ...finding, tool: tools.get(finding.place) }));
}

const REPORTS: { readonly [tool: string]: unknown } = {
  bandit: {
    errors: [],
    generated_at: 'now',
    results: [
      {
        code: 'x',
        col_offset: 4,
        filename: '/repo/x/src/a.py',
        issue_confidence: 'LOW',
        issue_cwe: { id: 89 },
        issue_severity: 'MEDIUM',
        issue_text: 'Possible SQL',
        line_number: 3,
        line_range: [3, 4],
        test_id: 'B608',
        test_name: 'sql',
      },
      {
        code: 'p',
        col_offset: 0,
        filename: './src/a.py',
        issue_confidence: 'MEDIUM',
        issue_cwe: { id: 259 },
        issue_severity: 'LOW',
        // sallyport:ignore generic-password -- the words of another tool, about nothing real (scan, until 2027-06-30)
        issue_text: "Possible hardcoded password: 'hunter2'",
        line_number: 9,
        line_range: [9],
        test_id: 'B105',
        test_name: 'password',
      },
    ],
  },
  gosec: {
    Golang: {},
    Issues: [
      {
        severity: 'HIGH',
        confidence: 'LOW',
        cwe: { id: '78' },
        rule_id: 'G204',
        details: 'Subprocess',
        file: '/repo/x/m.go',
        code: 'exec',
        line: '7-9',
        column: '2',
      },
    ],
  },
  semgrep: {
    version: '1',
    errors: [],
    paths: {},
    results: [
      {
        check_id: 'a.b.c',
        path: 'src/a.js',
        start: { line: 2, col: 3 },
        end: { line: 2, col: 9 },
        extra: {
          message: 'm',
          severity: 'ERROR',
          metadata: { cwe: ['CWE-79: XSS'], confidence: 'HIGH' },
          lines: 'code',
        },
      },
    ],
  },
  gitleaks: [
    {
      Description: 'A key',
      StartLine: 4,
      EndLine: 4,
      StartColumn: 2,
      EndColumn: 30,
      Match: 'key=sesame-open',
      Secret: 'sesame-open',
      File: 'a/.env',
      RuleID: 'generic-api-key',
      Fingerprint: 'f',
    },
  ],
  trivy: {
    SchemaVersion: 2,
    Results: [
      {
        Target: 'package-lock.json',
        Vulnerabilities: [
          {
            VulnerabilityID: 'CVE-2020-1',
            PkgName: 'lodash',
            InstalledVersion: '4.17.15',
            FixedVersion: '4.17.21',
            Severity: 'HIGH',
            CweIDs: ['CWE-1321'],
            PkgIdentifier: { PURL: 'pkg:npm/lodash@4.17.15' },
          },
        ],
      },
      {
        Target: 'Dockerfile',
        Misconfigurations: [
          {
            ID: 'DS002',
            AVDID: 'AVD-DS-0002',
            Title: 'root',
            Message: 'last USER',
            Severity: 'HIGH',
            Status: 'FAIL',
            CauseMetadata: { StartLine: 3, EndLine: 3 },
          },
        ],
      },
    ],
  },
  grype: {
    matches: [
      {
        vulnerability: { id: 'GHSA-1', severity: 'Critical', fix: { versions: ['2'] } },
        relatedVulnerabilities: [{ id: 'CVE-1' }],
        artifact: { name: 'x', version: '1', purl: 'pkg:npm/x@1', locations: [{ path: '/package-lock.json' }] },
      },
    ],
    descriptor: { name: 'grype' },
  },
  'osv-scanner': {
    results: [
      {
        source: { path: '/repo/x/go.mod' },
        packages: [
          {
            package: { name: 'y', version: '1', ecosystem: 'Go' },
            vulnerabilities: [{ id: 'GO-1', aliases: ['CVE-9'], summary: 's' }],
            groups: [{ ids: ['GO-1'], max_severity: '9.8' }],
          },
        ],
      },
    ],
  },
  zizmor: [
    {
      ident: 'template-injection',
      desc: 'injection',
      determinations: { confidence: 'High', severity: 'High' },
      locations: [
        {
          symbolic: {
            kind: 'Primary',
            annotation: 'here',
            key: { Local: { given_path: './.github/workflows/a.yml' } },
          },
          concrete: {
            location: { start_point: { row: 4, column: 2 }, end_point: { row: 4, column: 9 } },
            feature: 'run',
          },
        },
      ],
    },
  ],
  poutine: {
    findings: [{ rule_id: 'injection', meta: { path: '.github/workflows/a.yml', line: 5, details: 'd' } }],
    rules: { injection: { title: 'Injection', level: 'warning' } },
  },
  checkov: [
    {
      check_type: 'terraform',
      results: {
        failed_checks: [
          {
            check_id: 'CKV_AWS_1',
            check_name: 'open',
            file_path: '/main.tf',
            file_line_range: [1, 4],
            resource: 'aws.x',
            severity: null,
          },
        ],
      },
    },
  ],
  codeql: {
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: { name: 'CodeQL', rules: [] },
          extensions: [
            {
              name: 'p',
              rules: [
                {
                  id: 'js/xss',
                  shortDescription: { text: 'XSS' },
                  properties: { 'security-severity': '7.8', precision: 'high', tags: ['external/cwe/cwe-079'] },
                },
              ],
            },
          ],
        },
        results: [
          {
            ruleId: 'js/xss',
            message: { text: 'flows' },
            locations: [
              {
                physicalLocation: {
                  artifactLocation: { uri: 'src/a%20b.js' },
                  region: { startLine: 3, startColumn: 5, endColumn: 9 },
                },
              },
            ],
            partialFingerprints: { primaryLocationLineHash: 'abc' },
          },
          {
            ruleId: 'js/xss',
            message: { text: 'gone' },
            suppressions: [{ kind: 'external' }],
            locations: [{ physicalLocation: { artifactLocation: { uri: 'src/c.js' } } }],
          },
        ],
      },
    ],
  },
};

describe('reports of other tools', () => {
  test.each([
    ['bandit', 'sql src/a.py:3-4 medium CWE-89'],
    ['gosec', 'gosec/G204 m.go:7-9 high CWE-78'],
    ['semgrep', 'semgrep/a.b.c src/a.js:2-2 high CWE-79'],
    ['gitleaks', 'gitleaks/generic-api-key a/.env:4-4 high CWE-798'],
    ['trivy', 'trivy/CVE-2020-1 package-lock.json:1-1 high CWE-1321'],
    ['grype', 'grype/GHSA-1 package-lock.json:1-1 critical CWE-0'],
    ['osv-scanner', 'osv-scanner/GO-1 go.mod:1-1 critical CWE-0'],
    ['zizmor', 'zizmor/template-injection .github/workflows/a.yml:5-5 high CWE-0'],
    ['poutine', 'poutine/injection .github/workflows/a.yml:5-5 medium CWE-0'],
    ['checkov', 'checkov/CKV_AWS_1 main.tf:1-4 medium CWE-0'],
    ['codeql', 'codeql/js/xss src/a b.js:3-3 high CWE-79'],
  ])('of %s are read', (tool, wanted) => {
    const shown = read(REPORTS[tool]).map(
      ({ rule, place, severity, cwe }) =>
        `${rule} ${place.file}:${place.line}-${place.endLine} ${severity} CWE-${cwe ?? 0}`,
    );

    expect(shown).toContain(wanted);
    expect(read(REPORTS[tool]).every((finding) => finding.tool === tool)).toBe(true);
  });

  test('give away no secret that they quote', () => {
    const text = JSON.stringify([read(REPORTS['gitleaks']), read(REPORTS['bandit'])]);

    expect(text).not.toContain('sesame');
    expect(text).not.toContain('hunter2');
  });

  test.each(['', '{', '7', '{}', '{"results": 3}', '[1]', '{"version": "3", "runs": []}'])('%j is refused', (text) => {
    expect(() => importReports([{ name: 'r', text }], ROOT, rules)).toThrow(
      expect.objectContaining({ code: 'scan/import-invalid' }),
    );
  });

  test('paths stay below the root', () => {
    const report = structuredClone(REPORTS['gosec']) as { Issues: { file: string }[] };
    report.Issues[0]!.file = '/repo/x/../../../etc/passwd';

    expect(read(report)[0]?.place.file).not.toContain('..');
  });

  test('seeded nonsense in place of any value is no crash', () => {
    let seed = 7;
    const random = (below: number) => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
      return seed % below;
    };
    const odd = [null, -1, 1e99, 'x'.repeat(5000), [], {}, true, '\ud800', { length: 3 }, [[[[]]]], '__proto__'];
    const mutate = (value: unknown): unknown => {
      if (random(12) === 0) return odd[random(odd.length)];
      if (Array.isArray(value)) return value.map(mutate);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, mutate(inner)]));
    };
    for (let round = 0; round < 1500; round += 1) {
      const report = mutate(Object.values(REPORTS)[round % Object.keys(REPORTS).length]);
      try {
        for (const finding of read(report)) expect(finding.place.line).toBeGreaterThan(0);
      } catch (thrown) {
        expect(thrown).toMatchObject({ code: expect.stringMatching(/^scan\/import-/) });
      }
    }
  });
});

test('what one of ours says already is not told again, nor what another tool said', () => {
  const own = importReports([{ name: 'r', text: JSON.stringify(REPORTS['bandit']) }], ROOT, rules);
  const other = structuredClone(REPORTS['semgrep']) as {
    results: { path: string; start: { line: number }; end: { line: number }; extra: { metadata: { cwe: string[] } } }[];
  };
  Object.assign(other.results[0]!, { path: 'src/a.py', start: { line: 4, col: 1 }, end: { line: 4, col: 2 } });
  other.results[0]!.extra.metadata.cwe = ['CWE-564: Hibernate'];
  const foreign = importReports([{ name: 'r', text: JSON.stringify(other) }], ROOT, rules);
  const all = new Map([
    ...rules,
    ...own.rules.map((rule) => [rule.id, rule] as const),
    ...foreign.rules.map((rule) => [rule.id, rule] as const),
  ]);

  expect(newMatches(own.matches, foreign.matches, all)).toEqual([]);
  expect(newMatches([], [...foreign.matches, ...foreign.matches], all)).toHaveLength(1);
});

test('a tool that was run and writes nonsense is a gap, and the others stand', () => {
  const bandit = { name: 'bandit', tool: 'bandit', text: JSON.stringify(REPORTS['bandit']) };
  const broken = { name: 'semgrep', tool: 'semgrep', text: '{"results": 1' };

  const { matches, gaps } = importReports([broken, bandit], ROOT, rules);

  expect(matches.length).toBeGreaterThan(0);
  expect(gaps).toMatchObject([{ code: 'tool-failed', reason: expect.stringContaining('semgrep') }]);
});
