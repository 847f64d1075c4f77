import { describe, expect, test } from 'vitest';
import { indexOf, osv } from '../../test/support/advisories.ts';
import type { AdvisoryIndex } from '../advisory/index.ts';
import { scanFiles } from '../finding/index.ts';
import { createDependenciesScanner, type DependencySettings } from './index.ts';

const HIGH = 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H';

function scan(
  files: { readonly [path: string]: string },
  advisories: AdvisoryIndex | undefined,
  settings: DependencySettings = {},
) {
  return scanFiles(createDependenciesScanner(settings, advisories === undefined ? {} : { advisories }), files);
}

function vulnerable(files: { readonly [path: string]: string }, advisories: AdvisoryIndex) {
  return scan(files, advisories).findings.filter(({ rule }) => rule === 'vulnerable-package');
}

const lock = (packages: { readonly [path: string]: object }, dependencies: object = {}) =>
  JSON.stringify({ lockfileVersion: 3, packages: { '': { dependencies }, ...packages } });

describe('a finding', () => {
  test('is one for all records of a flaw, under the name that everyone knows', () => {
    const index = indexOf([
      osv('GHSA-aaaa', 'PyPI', 'jinja2', {
        aliases: ['CVE-2021-1'],
        events: [{ introduced: '0' }, { fixed: '2.11.3' }],
      }),
      osv('PYSEC-2021-66', 'PyPI', 'Jinja2', {
        aliases: ['CVE-2021-1'],
        events: [{ introduced: '0' }, { fixed: '2.11.3' }],
        vector: HIGH,
      }),
    ]);

    const found = vulnerable({ 'requirements.txt': 'jinja2==2.0\n' }, index);

    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      severity: 'critical',
      subject: { purl: 'pkg:pypi/jinja2@2.0', advisories: ['CVE-2021-1', 'GHSA-aaaa', 'PYSEC-2021-66'] },
    });
  });

  test('proposes the smallest version that no advisory is about, of the same major version where there is one', () => {
    const index = indexOf([
      osv('A-1', 'npm', 'x', { events: [{ introduced: '0' }, { fixed: '1.2.0' }] }),
      osv('A-2', 'npm', 'x', { events: [{ introduced: '1.2.0' }, { fixed: '1.3.0' }] }),
      osv('A-3', 'npm', 'x', {
        events: [{ introduced: '0' }, { fixed: '1.1.0' }, { introduced: '2.0.0' }, { fixed: '2.0.1' }],
      }),
    ]);

    const found = vulnerable({ 'package-lock.json': lock({ 'node_modules/x': { version: '1.0.0' } }) }, index);

    expect(found.map(({ fix }) => fix.kind === 'request' && fix.request.type === 'bump' && fix.request.to)).toEqual([
      '1.3.0',
      '1.3.0',
    ]);
  });

  test('says when the fix is another major version, and when there is none', () => {
    const index = indexOf([
      osv('A-1', 'npm', 'x', { events: [{ introduced: '0' }, { fixed: '2.0.0' }] }),
      osv('A-2', 'npm', 'y', { events: [{ introduced: '0' }] }),
    ]);
    const files = {
      'package-lock.json': lock({ 'node_modules/x': { version: '1.0.0' }, 'node_modules/y': { version: '1.0.0' } }),
    };

    const [x, y] = vulnerable(files, index);

    expect(x?.fix).toMatchObject({ kind: 'request', followUp: expect.stringContaining('another major version') });
    expect(y?.fix).toMatchObject({ kind: 'none' });
  });

  test('says how the package came in', () => {
    const index = indexOf([osv('A-1', 'npm', 'b', { events: [{ introduced: '0' }, { fixed: '2.0.0' }] })]);
    const files = {
      'package-lock.json': lock(
        { 'node_modules/a': { version: '1.0.0', dependencies: { b: '1' } }, 'node_modules/b': { version: '1.0.0' } },
        { a: '1' },
      ),
    };

    const [found] = vulnerable(files, index);

    expect(found?.message).toContain('It comes with a.');
    expect(found?.fix).toMatchObject({ kind: 'request', request: { isDirect: false, from: '1.0.0', to: '2.0.0' } });
  });

  test('changes an exact version in a manifest in its place, and nothing else', () => {
    const index = indexOf([osv('A-1', 'PyPI', 'x', { events: [{ introduced: '0' }, { fixed: '1.0.1' }] })]);
    const text = 'a==1.0\nX[extra] == 1.0  # 1.0 stays\n';

    const [found] = vulnerable({ 'requirements.txt': text }, index);
    const edit = found?.fix.kind === 'edit' ? found.fix.edits[0] : undefined;

    expect(edit === undefined ? '' : text.slice(0, edit.start) + edit.text + text.slice(edit.end)).toBe(
      'a==1.0\nX[extra] == 1.0.1  # 1.0 stays\n',
    );
  });
});

describe('a range in a manifest', () => {
  const index = indexOf([osv('A-1', 'npm', 'x', { events: [{ introduced: '0' }, { fixed: '1.5.0' }] })]);
  const manifest = (range: string) => ({ 'package.json': JSON.stringify({ dependencies: { x: range } }) });

  test.each([
    ['1.4.0', 1, 'high'],
    ['~1.4.0', 1, 'low'],
    ['^1.4.0', 0, ''],
    ['>=1.0.0', 0, ''],
    ['*', 0, ''],
    ['1.5.0', 0, ''],
  ])('%s is %i findings', (range, count, confidence) => {
    const found = vulnerable(manifest(range), index);

    expect(found).toHaveLength(count);
    if (count > 0) expect(found[0]?.confidence).toBe(confidence);
  });
});

describe('the order of findings', () => {
  const records = ['kev', 'epss', 'plain'].map((name) =>
    osv(`CVE-${name}`, 'npm', name, { events: [{ introduced: '0' }], vector: HIGH }),
  );
  const index = indexOf(records, undefined, (builder) => {
    builder.addExploited('CVE-kev', '2025-01-01', '2026-01-01');
    builder.addScore('CVE-epss', 0.6, '2026-01-01');
  });

  test('is exploited, then likely to be, then by severity, each with its reason', () => {
    const names = ['plain', 'epss', 'kev'];
    const files = {
      'package-lock.json': lock(
        Object.fromEntries(names.map((name) => [`node_modules/${name}`, { version: '1.0.0' }])),
      ),
    };

    const found = vulnerable(files, index);

    expect(found.map(({ subject }) => subject?.advisories[0])).toEqual(['CVE-kev', 'CVE-epss', 'CVE-plain']);
    expect(found[0]?.priority.reason).toContain('known to be exploited since 2025-01-01');
    expect(found[1]?.priority.reason).toContain('EPSS 60 %');
  });
});

describe('the code of the tree', () => {
  const index = indexOf([
    osv('GO-1', 'Go', 'example.com/lib', {
      events: [{ introduced: '0' }, { fixed: '1.1.0' }],
      affected: {
        ecosystem_specific: { imports: [{ path: 'example.com/lib/parse', symbols: ['Parse', 'Reader.Next'] }] },
      },
    }),
    osv('GO-2', 'Go', 'stdlib', {
      events: [{ introduced: '0' }, { fixed: '1.22.0' }],
      affected: { ecosystem_specific: { imports: [{ path: 'net/http', symbols: ['Get'] }] } },
    }),
    osv('PY-1', 'PyPI', 'pyyaml', { events: [{ introduced: '0' }, { fixed: '6' }] }),
  ]);
  const mod = { 'go.mod': 'module example.com/app\n\nrequire example.com/lib v1.0.0\n' };
  const reasonOf = (files: { readonly [path: string]: string }) => vulnerable(files, index)[0]?.priority.reason ?? '';

  test('that uses the symbol raises the priority', () => {
    const used = {
      ...mod,
      'main.go': 'package main\n\nimport (\n\tp "example.com/lib/parse"\n)\n\nfunc main() { p.Parse("x") }\n',
    };
    const imported = { ...mod, 'main.go': 'package main\n\nimport "example.com/lib/parse"\n\nvar x = parse.Other\n' };
    const other = { ...mod, 'main.go': 'package main\n\nimport "fmt"\n\nfunc main() { fmt.Println() }\n' };

    expect(reasonOf(used)).toContain('the flawed code is used here');
    expect(reasonOf(imported)).toContain('imported here');
    expect(reasonOf(imported)).not.toContain('not imported');
    expect(reasonOf(other)).toContain('not imported here');
    expect(vulnerable(used, index)[0]?.priority.rank).toBeLessThan(vulnerable(other, index)[0]?.priority.rank ?? 0);
  });

  test('decides after what is exploited, and before how likely or how grave a flaw is', () => {
    const LOW = 'CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N';
    const names = ['exploited', 'called', 'likely', 'grave'];
    const flaws = names.map((name) =>
      osv(`GO-${name}`, 'Go', `example.com/${name}`, {
        aliases: [`CVE-${name}`],
        events: [{ introduced: '0' }, { fixed: '1.1.0' }],
        vector: name === 'likely' || name === 'grave' ? HIGH : LOW,
        affected: { ecosystem_specific: { imports: [{ path: `example.com/${name}`, symbols: ['Do'] }] } },
      }),
    );
    const known = indexOf(flaws, '2026-01-01T00:00:00Z', (builder) => {
      builder.addExploited('CVE-exploited', '2025-01-01', '2026-01-01');
      builder.addScore('CVE-likely', 0.97, '2026-01-01');
    });
    const files = {
      'go.mod': `module example.com/app\n\nrequire (\n${names.map((name) => `\texample.com/${name} v1.0.0\n`).join('')})\n`,
      'main.go':
        'package main\n\nimport (\n\t"example.com/called"\n\t_ "example.com/exploited"\n\t_ "example.com/grave"\n\t_ "example.com/likely"\n)\n\nfunc main() { called.Do() }\n',
    };

    const found = vulnerable(files, known);

    expect(found.map(({ subject }) => subject?.advisories[0])).toEqual(names.map((name) => `CVE-${name}`));
    expect(found.map(({ priority }) => priority.reason)).toEqual([
      expect.stringMatching(/^known to be exploited since 2025-01-01; /),
      expect.stringMatching(/^the flawed code is used here; /),
      expect.stringContaining('EPSS 97 %'),
      expect.stringContaining('critical severity, CVSS 9.8'),
    ]);
  });

  test('that imports what uses a flawed package of Go itself reaches it, and it is said through what', () => {
    const flawed = indexOf([
      osv('GO-3', 'Go', 'stdlib', {
        events: [{ introduced: '0' }, { fixed: '1.22.0' }],
        affected: { ecosystem_specific: { imports: [{ path: 'crypto/x509', symbols: ['Certificate.Verify'] }] } },
      }),
    ]);
    const go = { 'go.mod': 'module example.com/app\n\ngo 1.21.3\n' };
    const server = { ...go, 'main.go': 'package main\n\nimport "net/http"\n\nvar x = http.Get\n' };
    const plain = { ...go, 'main.go': 'package main\n\nimport "strings"\n\nvar x = strings.ToUpper("x")\n' };

    const [found] = vulnerable(server, flawed);

    expect(found?.message).toContain('main.go imports net/http, which uses crypto/x509.');
    expect(found?.confidence).toBe('low');
    expect(vulnerable(plain, flawed)).toEqual([]);
  });

  test('that does not import a package of Go itself has no finding about it', () => {
    const go = { 'go.mod': 'module example.com/app\n\ngo 1.21.3\n' };

    expect(vulnerable({ ...go, 'main.go': 'package main\n\nimport "fmt"\n' }, index)).toEqual([]);
    expect(
      vulnerable({ ...go, 'main.go': 'package main\n\nimport "net/http"\n\nvar x = http.Get\n' }, index),
    ).toHaveLength(1);
  });

  test('imports a distribution under the name of its module', () => {
    expect(reasonOf({ 'requirements.txt': 'PyYAML==5.1\n', 'app.py': 'import os, yaml\n' })).toContain('imported here');
    expect(reasonOf({ 'requirements.txt': 'PyYAML==5.1\n', 'app.py': 'import os\n' })).toContain('not imported here');
  });
});

describe('a VEX document', () => {
  const index = indexOf([osv('GHSA-1', 'npm', 'x', { aliases: ['CVE-1'], events: [{ introduced: '0' }] })]);
  const files = { 'package-lock.json': lock({ 'node_modules/x': { version: '1.0.0' } }) };
  const openVex = (statement: object) => ({
    ...files,
    'a.openvex.json': JSON.stringify({ '@context': 'https://openvex.dev/ns/v0.2.0', statements: [statement] }),
  });

  test.each([
    [
      'not affected',
      { vulnerability: { name: 'CVE-1' }, products: [{ '@id': 'pkg:npm/x' }], status: 'not_affected' },
      0,
    ],
    ['fixed', { vulnerability: 'GHSA-1', products: ['pkg:npm/x@1.0.0'], status: 'fixed' }, 0],
    [
      'a part of a product',
      {
        vulnerability: { name: 'CVE-1' },
        products: [{ '@id': 'pkg:oci/app', subcomponents: [{ '@id': 'pkg:npm/x@1.0.0' }] }],
        status: 'not_affected',
      },
      0,
    ],
    [
      'another version',
      { vulnerability: { name: 'CVE-1' }, products: [{ '@id': 'pkg:npm/x@2.0.0' }], status: 'not_affected' },
      1,
    ],
    [
      'another flaw',
      { vulnerability: { name: 'CVE-11' }, products: [{ '@id': 'pkg:npm/x' }], status: 'not_affected' },
      1,
    ],
    ['affected', { vulnerability: { name: 'CVE-1' }, products: [{ '@id': 'pkg:npm/x' }], status: 'affected' }, 1],
    ['no product', { vulnerability: { name: 'CVE-1' }, products: [], status: 'not_affected' }, 1],
  ])('that says %s', (_name, statement, count) => {
    expect(vulnerable(openVex(statement), index)).toHaveLength(count);
  });

  test('of CycloneDX closes a finding too, and none where the tree must not judge itself', () => {
    const document = {
      bomFormat: 'CycloneDX',
      components: [{ 'bom-ref': 'r', purl: 'pkg:npm/x@1.0.0' }],
      vulnerabilities: [{ id: 'CVE-1', analysis: { state: 'false_positive' }, affects: [{ ref: 'r' }] }],
    };
    const all = { ...files, 'vex.json': JSON.stringify(document) };

    expect(vulnerable(all, index)).toEqual([]);
    expect(scan(all, index, { trustsTree: false }).findings).toHaveLength(1);
  });
});

describe('what is missing', () => {
  test('makes a scan without advisories incomplete, unless that is allowed', () => {
    const files = { 'requirements.txt': 'x==1.0\n' };

    expect(scan(files, undefined).gaps).toMatchObject([
      { code: 'advisories-missing', help: expect.stringContaining('advisories sync') },
    ]);
    expect(scan(files, undefined, { allowsMissingAdvisories: true }).gaps).toEqual([]);
    expect(scan({ 'a.ts': 'import x from "y";' }, undefined).gaps).toEqual([]);
  });

  test('is an ecosystem that the advisories do not cover', () => {
    const index = indexOf([osv('A-1', 'npm', 'x', { events: [{ introduced: '0' }] })]);

    expect(scan({ 'requirements.txt': 'x==1.0\n' }, index).gaps).toMatchObject([
      { code: 'advisories-missing', reason: expect.stringContaining('PyPI') },
    ]);
  });

  test('is a bundle that can not be trusted', () => {
    const unusable = { code: 'advisories-unusable', reason: 'another key' } as const;

    expect(scanFiles(createDependenciesScanner({}, { unusable }), { 'requirements.txt': 'x==1.0\n' }).gaps).toEqual([
      unusable,
    ]);
  });
});

test('two thousand packages are judged within a second of the processor', () => {
  const names = Array.from({ length: 2_000 }, (_, at) => `package-${at}`);
  const packages = Object.fromEntries(
    names.map((name, at) => [
      `node_modules/${name}`,
      {
        version: `1.${at}.0`,
        resolved: `https://registry.npmjs.org/${name}/-/${name}-1.${at}.0.tgz`,
        integrity: 'sha512-AAAA',
        dependencies: { [`package-${(at + 1) % 2_000}`]: '^1' },
      },
    ]),
  );
  const index = indexOf(
    names
      .slice(0, 300)
      .map((name, at) => osv(`A-${at}`, 'npm', name, { events: [{ introduced: '0' }, { fixed: `1.${at + 1}.0` }] })),
  );
  const text = lock(packages, { 'package-0': '^1' });
  const started = process.threadCpuUsage();

  const found = vulnerable({ 'package-lock.json': text }, index);

  const { user, system } = process.threadCpuUsage(started);
  expect(found).toHaveLength(300);
  expect((user + system) / 1_000).toBeLessThan(1_000);
});
