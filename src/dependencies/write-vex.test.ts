import { describe, expect, test } from 'vitest';
import { indexOf, osv } from '../../test/support/advisories.ts';
import type { AdvisoryIndex } from '../advisory/index.ts';
import { viewOf } from '../finding/index.ts';
import { createDependenciesScanner, type DependencyFacts, parseVex, type PutAside, renderVex } from './index.ts';

const OPTIONS = { digest: 'sha256:1', timestamp: '2026-01-02T00:00:00.000Z', toolVersion: '1.0.0' };

type Statement = {
  readonly vulnerability: { readonly name: string };
  readonly products: readonly { readonly '@id': string }[];
  readonly status: string;
  readonly [key: string]: unknown;
};

async function statements(
  files: { readonly [path: string]: string },
  advisories: AdvisoryIndex,
  putAside: readonly PutAside[] = [],
): Promise<readonly Statement[]> {
  const text = await document(files, advisories, putAside);
  return JSON.parse(text ?? '').statements;
}

function document(
  files: { readonly [path: string]: string },
  advisories: AdvisoryIndex | undefined,
  putAside: readonly PutAside[] = [],
): Promise<string | undefined> {
  const scanner = createDependenciesScanner();
  const facts = new Map<string, DependencyFacts>();
  for (const [path, text] of Object.entries(files)) {
    const own = scanner.scanFile(viewOf(path, text)).facts;
    if (own !== undefined) facts.set(path, own);
  }
  return renderVex(facts, { settings: {}, context: advisories === undefined ? {} : { advisories }, putAside }, OPTIONS);
}

const flaw = (id: string, fixed: string) =>
  osv(id, 'PyPI', 'jinja2', { aliases: [id.replace('GHSA', 'CVE')], events: [{ introduced: '0' }, { fixed }] });

describe('a VEX document of a scan', () => {
  test('says what is affected and what to do, and what is fixed in the version here', async () => {
    const found = await statements(
      { 'requirements.txt': 'jinja2==2.5\n' },
      indexOf([flaw('GHSA-1', '2.4'), flaw('GHSA-2', '3.0')]),
    );

    expect(found).toEqual([
      {
        vulnerability: { name: 'CVE-1', aliases: ['GHSA-1'] },
        products: [{ '@id': 'pkg:pypi/jinja2@2.5', identifiers: { purl: 'pkg:pypi/jinja2@2.5' } }],
        status: 'fixed',
      },
      {
        vulnerability: { name: 'CVE-2', aliases: ['GHSA-2'] },
        products: [{ '@id': 'pkg:pypi/jinja2@2.5', identifiers: { purl: 'pkg:pypi/jinja2@2.5' } }],
        status: 'affected',
        action_statement: 'Raise jinja2 from 2.5 to 3.0.',
      },
    ]);
  });

  test('does not make a suppression an acquittal', async () => {
    const aside = [{ purl: 'pkg:pypi/jinja2@2.5', advisories: ['CVE-2'], note: 'Suppressed until 2027-01-01 by a: b' }];

    const found = await statements({ 'requirements.txt': 'jinja2==2.5\n' }, indexOf([flaw('GHSA-2', '3.0')]), aside);

    expect(found).toMatchObject([
      { status: 'under_investigation', status_notes: 'Suppressed until 2027-01-01 by a: b' },
    ]);
  });

  test('passes on what a document of the tree says, in the field that its reason belongs to', async () => {
    const says = (justification: string) =>
      JSON.stringify({
        '@context': 'https://openvex.dev/ns/v0.2.0',
        statements: [
          {
            vulnerability: { name: 'CVE-2' },
            products: [{ '@id': 'pkg:pypi/jinja2' }],
            status: 'not_affected',
            justification,
          },
        ],
      });
    const files = { 'requirements.txt': 'jinja2==2.5\n' };
    const index = indexOf([flaw('GHSA-2', '3.0')]);

    const known = await statements({ ...files, 'a.openvex.json': says('component_not_present') }, index);
    const free = await statements({ ...files, 'a.openvex.json': says('templates are ours') }, index);

    expect(known).toMatchObject([{ status: 'not_affected', justification: 'component_not_present' }]);
    expect(free).toMatchObject([{ status: 'not_affected', impact_statement: 'templates are ours' }]);
  });

  test('says not affected of a package of Go that nothing reaches only where all code is in sight', async () => {
    const index = indexOf([
      osv('GO-1', 'Go', 'stdlib', {
        events: [{ introduced: '0' }, { fixed: '1.22.0' }],
        affected: { ecosystem_specific: { imports: [{ path: 'image/jpeg', symbols: [] }] } },
      }),
    ]);
    const main = { 'main.go': 'package main\n\nimport "fmt"\n\nfunc main() { fmt.Println() }\n' };
    const alone = { ...main, 'go.mod': 'module example.com/app\n\ngo 1.21.3\n' };
    const others = { ...main, 'go.mod': 'module example.com/app\n\ngo 1.21.3\n\nrequire example.com/lib v1.0.0\n' };

    expect(await statements(alone, index)).toMatchObject([{ status: 'not_affected' }]);
    expect(await statements(others, index)).toMatchObject([{ status: 'under_investigation' }]);
  });

  test('is the same for the same tree, and read back it closes nothing that is open', async () => {
    const files = { 'requirements.txt': 'jinja2==2.5\n' };
    const index = indexOf([flaw('GHSA-1', '2.4'), flaw('GHSA-2', '3.0')]);

    const text = (await document(files, index)) ?? '';

    expect(await document(files, index)).toBe(text);
    expect(await statements({ ...files, 'own.openvex.json': text }, index)).toContainEqual(
      expect.objectContaining({ status: 'affected' }),
    );
    expect(parseVex('own.openvex.json', text).map(({ status }) => status)).toEqual(['fixed', 'affected']);
  });

  test('is not written without advisories', async () => {
    expect(await document({ 'requirements.txt': 'jinja2==2.5\n' }, undefined)).toBeUndefined();
  });
});
