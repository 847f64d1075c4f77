import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { describe, expect, test } from 'vitest';
import { viewOf } from '../finding/index.ts';
import { createDependenciesScanner, inventoryOf } from './index.ts';
import { writeSbom } from './sbom.ts';

const FILES = {
  'package-lock.json': JSON.stringify({
    lockfileVersion: 3,
    packages: {
      '': { dependencies: { a: '1' } },
      'node_modules/a': {
        version: '1.0.0',
        license: 'MIT',
        integrity: `sha512-${Buffer.alloc(64, 1).toString('base64')}`,
        dependencies: { '@s/b': '1' },
      },
      'node_modules/@s/b': {
        version: '2.0.0',
        license: 'SEE LICENSE IN x',
        dev: true,
        resolved: 'https://user:secret@npm.example.net/b.tgz',
      },
    },
  }),
  'go.mod': 'module example.com/app\n\nrequire github.com/A/b v1.2.3\n',
  'requirements.txt': 'flask>=2\n',
};
const OPTIONS = { name: 'shop', digest: 'sha256:aa', timestamp: '2026-01-01T00:00:00Z', toolVersion: '0.1.0' } as const;

function inventory() {
  const scanner = createDependenciesScanner();
  return inventoryOf(
    new Map(
      Object.entries(FILES).flatMap(([path, text]) => {
        const { facts } = scanner.scanFile(viewOf(path, text));
        return facts === undefined ? [] : [[path, facts] as const];
      }),
    ),
  );
}

const PURLS = ['pkg:golang/github.com/A/b@v1.2.3', 'pkg:npm/%40s/b@2.0.0', 'pkg:npm/a@1.0.0', 'pkg:pypi/flask'];

describe('a bill of materials in CycloneDX', () => {
  const text = writeSbom(inventory(), { ...OPTIONS, format: 'cyclonedx' });
  const bom = JSON.parse(text);

  test('fits the schema of version 1.6', () => {
    const schemas = join(import.meta.dirname, '../../node_modules/@cyclonedx/cyclonedx-library/res/schema');
    const read = (name: string) => JSON.parse(readFileSync(join(schemas, name), 'utf8'));
    const ajv = new Ajv({ strict: false, validateFormats: true });
    addFormats.default(ajv);
    ajv.addFormat('idn-email', true);
    ajv.addFormat('iri-reference', true);
    // The main schema names the others beside itself.
    for (const name of [
      'spdx.SNAPSHOT.schema.json',
      'jsf-0.82.SNAPSHOT.schema.json',
      'cryptography-defs.SNAPSHOT.schema.json',
    ]) {
      const { $id: _, ...schema } = read(name);
      ajv.addSchema(schema, `http://cyclonedx.org/schema/${name}`);
    }
    const validate = ajv.compile(read('bom-1.6.SNAPSHOT.schema.json'));

    expect(validate(bom) ? [] : validate.errors).toEqual([]);
    expect(bom.specVersion).toBe('1.6');
  });

  test('has a purl on every item, and the graph', () => {
    expect(bom.components.map(({ purl }: { purl: string }) => purl).sort()).toEqual(PURLS);
    expect(bom.dependencies.find(({ ref }: { ref: string }) => ref === 'pkg:npm/a@1.0.0')).toMatchObject({
      dependsOn: ['pkg:npm/%40s/b@2.0.0'],
    });
    expect(bom.dependencies.find(({ ref }: { ref: string }) => ref === 'root').dependsOn).toContain('pkg:npm/a@1.0.0');
  });

  test('is the same each time, and another for another tree', () => {
    expect(writeSbom(inventory(), { ...OPTIONS, format: 'cyclonedx' })).toBe(text);
    expect(writeSbom(inventory(), { ...OPTIONS, digest: 'sha256:bb', format: 'cyclonedx' })).not.toBe(text);
  });

  test('holds no password of an address', () => {
    expect(text).not.toContain('secret');
  });
});

describe('a bill of materials in SPDX', () => {
  const text = writeSbom(inventory(), { ...OPTIONS, format: 'spdx' });
  const document = JSON.parse(text);

  test('has what the specification asks of a document of version 2.3', () => {
    const ids = document.packages.map(({ SPDXID }: { SPDXID: string }) => SPDXID);

    expect(document).toMatchObject({
      spdxVersion: 'SPDX-2.3',
      dataLicense: 'CC0-1.0',
      SPDXID: 'SPDXRef-DOCUMENT',
      name: 'shop',
    });
    expect(document.creationInfo).toEqual({ created: '2026-01-01T00:00:00Z', creators: ['Tool: sallyport-0.1.0'] });
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.every((id: string) => /^SPDXRef-[A-Za-z0-9.-]+$/.test(id))).toBe(true);
    for (const { spdxElementId, relatedSpdxElement } of document.relationships) {
      expect([...ids, 'SPDXRef-DOCUMENT']).toContain(spdxElementId);
      expect(ids).toContain(relatedSpdxElement);
    }
    for (const one of document.packages)
      expect(one).toMatchObject({ downloadLocation: expect.any(String), filesAnalyzed: false });
  });

  test('has a purl on every package but the root, and licences in SPDX words', () => {
    const purls = document.packages.flatMap(({ externalRefs = [] }) =>
      externalRefs.map(({ referenceLocator }: { referenceLocator: string }) => referenceLocator),
    );
    const licences = new Map(
      document.packages.map(({ name, licenseDeclared }: { name: string; licenseDeclared: string }) => [
        name,
        licenseDeclared,
      ]),
    );

    expect(purls.sort()).toEqual(PURLS);
    expect(licences.get('a')).toBe('MIT');
    expect(licences.get('@s/b')).toMatch(/^LicenseRef-/);
    expect(document.hasExtractedLicensingInfos).toHaveLength(1);
    expect(writeSbom(inventory(), { ...OPTIONS, format: 'spdx' })).toBe(text);
  });
});
