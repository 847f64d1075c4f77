import { createHash } from 'node:crypto';
import { Enums, Models, Serialize, Spec } from '@cyclonedx/cyclonedx-library';
import type { Component, Inventory } from './inventory.ts';
import { isSpdxExpression } from './licences.ts';
import type { SbomOptions } from './render-sbom.ts';

/** A package once, whatever the number of its places. */
type Item = { readonly component: Component; readonly dependsOn: readonly string[]; readonly isDirect: boolean };

/** The inventory as a bill of materials: CycloneDX 1.6 or SPDX 2.3, JSON. The same inventory and options give the same text. */
export function writeSbom(inventory: Inventory, options: SbomOptions): string {
  const items = itemsOf(inventory);
  return options.format === 'cyclonedx' ? renderCycloneDx(items, options) : renderSpdx(items, options);
}

function itemsOf({ components }: Inventory): readonly Item[] {
  const items = new Map<string, { component: Component; dependsOn: Set<string>; isDirect: boolean }>();
  for (const component of components) {
    const known = items.get(component.purl);
    if (known === undefined) {
      items.set(component.purl, { component, dependsOn: new Set(component.dependsOn), isDirect: component.isDirect });
      continue;
    }
    for (const purl of component.dependsOn) known.dependsOn.add(purl);
    known.isDirect ||= component.isDirect;
  }
  return [...items.values()]
    .map(({ component, dependsOn, isDirect }) => ({
      component,
      dependsOn: [...dependsOn].filter((purl) => items.has(purl)).sort(),
      isDirect,
    }))
    .sort((a, b) => (a.component.purl < b.component.purl ? -1 : 1));
}

/** A UUID (version 8: of our own making) of a digest. */
function uuidOf(digest: string): string {
  const hex = createHash('sha256').update(`sbom 1\n${digest}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

type Hash = { readonly algorithm: 'SHA-1' | 'SHA-256' | 'SHA-384' | 'SHA-512' | 'MD5'; readonly hex: string };

const LENGTHS: ReadonlyMap<number, Hash['algorithm']> = new Map([
  [32, 'MD5'],
  [40, 'SHA-1'],
  [64, 'SHA-256'],
  [96, 'SHA-384'],
  [128, 'SHA-512'],
]);

/** The checksum of a lockfile, where its form says which it is. */
export function hashOf(integrity: string | undefined): Hash | undefined {
  const text = integrity?.trim().split(/\s+/)[0] ?? '';
  const [, name, base64] = /^(sha1|sha256|sha384|sha512)-([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
  if (name !== undefined && base64 !== undefined) {
    const hex = Buffer.from(base64, 'base64').toString('hex');
    const algorithm = LENGTHS.get(hex.length);
    return algorithm === undefined || algorithm.replace('-', '').toLowerCase() !== name
      ? undefined
      : { algorithm, hex };
  }
  const [, , plain = ''] = /^(?:(sha1|sha256|sha384|sha512|md5)[:=])?([0-9a-f]+)$/i.exec(text) ?? [];
  const algorithm = LENGTHS.get(plain.length);
  return algorithm === undefined ? undefined : { algorithm, hex: plain.toLowerCase() };
}

const ALGORITHMS = {
  MD5: Enums.HashAlgorithm.MD5,
  'SHA-1': Enums.HashAlgorithm['SHA-1'],
  'SHA-256': Enums.HashAlgorithm['SHA-256'],
  'SHA-384': Enums.HashAlgorithm['SHA-384'],
  'SHA-512': Enums.HashAlgorithm['SHA-512'],
} as const;

function renderCycloneDx(items: readonly Item[], { name, digest, timestamp, toolVersion }: SbomOptions): string {
  const bom = new Models.Bom({ serialNumber: `urn:uuid:${uuidOf(digest)}` });
  bom.metadata.timestamp = new Date(timestamp);
  bom.metadata.tools.components.add(
    new Models.Component(Enums.ComponentType.Application, 'sallyport', { version: toolVersion }),
  );
  const root = new Models.Component(Enums.ComponentType.Application, name, { bomRef: 'root' });
  bom.metadata.component = root;
  const references = new Map<string, Models.Component>();
  for (const { component } of items) {
    const made = cycloneComponent(component);
    references.set(component.purl, made);
    bom.components.add(made);
  }
  for (const { component, dependsOn, isDirect } of items) {
    const made = references.get(component.purl);
    if (made === undefined) continue;
    if (isDirect) root.dependencies.add(made.bomRef);
    for (const purl of dependsOn) {
      const needed = references.get(purl);
      if (needed !== undefined && needed !== made) made.dependencies.add(needed.bomRef);
    }
  }
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
  return `${serializer.serialize(bom, { sortLists: true, space: 2 })}\n`;
}

function cycloneComponent(component: Component): Models.Component {
  const { group, name } = splitName(component);
  const hash = hashOf(component.integrity);
  const made = new Models.Component(Enums.ComponentType.Library, name, {
    bomRef: component.purl,
    purl: component.purl,
    ...(group === undefined ? {} : { group }),
    ...(component.version === undefined ? {} : { version: component.version }),
    scope:
      component.scope === 'runtime'
        ? Enums.ComponentScope.Required
        : component.scope === 'optional'
          ? Enums.ComponentScope.Optional
          : Enums.ComponentScope.Excluded,
  });
  if (hash !== undefined) made.hashes.set(ALGORITHMS[hash.algorithm], hash.hex);
  if (component.license !== undefined) made.licenses.add(licenceOf(component.license));
  made.properties.add(new Models.Property('sallyport:file', component.place.file));
  if (component.version === undefined)
    made.properties.add(new Models.Property('sallyport:requirement', component.requirement ?? ''));
  return made;
}

function licenceOf(text: string): Models.License {
  return isSpdxExpression(text) ? new Models.LicenseExpression(text) : new Models.NamedLicense(text);
}

function splitName({ ecosystem, name }: Component): { readonly group: string | undefined; readonly name: string } {
  const separator = ecosystem === 'Maven' ? ':' : '/';
  const at = name.lastIndexOf(separator);
  return at < 0 ? { group: undefined, name } : { group: name.slice(0, at), name: name.slice(at + 1) };
}

/** `SPDXRef-` and letters, digits, dots, hyphens; the end of a digest keeps different names apart. */
function spdxId(purl: string): string {
  const plain = purl
    .replace(/^pkg:/, '')
    .replaceAll(/[^A-Za-z0-9.-]+/g, '-')
    .slice(0, 80);
  return `SPDXRef-${plain}-${createHash('sha256').update(purl).digest('hex').slice(0, 8)}`;
}

function renderSpdx(items: readonly Item[], { name, digest, timestamp, toolVersion }: SbomOptions): string {
  const named = new Map<string, string>();
  const packages = items.map(({ component }) => {
    const hash = hashOf(component.integrity);
    return {
      SPDXID: spdxId(component.purl),
      name: component.name,
      ...(component.version === undefined ? {} : { versionInfo: component.version }),
      downloadLocation:
        component.origin?.url !== undefined && /^(?:https?|git|ssh)/.test(component.origin.url)
          ? spdxLocation(component.origin.url)
          : 'NOASSERTION',
      filesAnalyzed: false,
      licenseConcluded: 'NOASSERTION',
      licenseDeclared: spdxLicence(component.license, named),
      copyrightText: 'NOASSERTION',
      ...(hash === undefined
        ? {}
        : { checksums: [{ algorithm: hash.algorithm.replace('-', ''), checksumValue: hash.hex }] }),
      externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: component.purl }],
    };
  });
  const root = {
    SPDXID: 'SPDXRef-root',
    name,
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    licenseConcluded: 'NOASSERTION',
    licenseDeclared: 'NOASSERTION',
    copyrightText: 'NOASSERTION',
    primaryPackagePurpose: 'APPLICATION',
  };
  const relationships = [
    { spdxElementId: 'SPDXRef-DOCUMENT', relationshipType: 'DESCRIBES', relatedSpdxElement: 'SPDXRef-root' },
    ...items.flatMap(({ component, isDirect }) =>
      isDirect
        ? [
            {
              spdxElementId: 'SPDXRef-root',
              relationshipType: 'DEPENDS_ON',
              relatedSpdxElement: spdxId(component.purl),
            },
          ]
        : [],
    ),
    ...items.flatMap(({ component, dependsOn }) =>
      dependsOn
        .filter((purl) => purl !== component.purl)
        .map((purl) => ({
          spdxElementId: spdxId(component.purl),
          relationshipType: 'DEPENDS_ON',
          relatedSpdxElement: spdxId(purl),
        })),
    ),
  ];
  const document = {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name,
    documentNamespace: `urn:uuid:${uuidOf(digest)}`,
    creationInfo: { created: timestamp.replace(/\.\d+Z$/, 'Z'), creators: [`Tool: sallyport-${toolVersion}`] },
    packages: [root, ...packages],
    relationships,
    ...(named.size === 0
      ? {}
      : {
          hasExtractedLicensingInfos: [...named].map(([text, licenseId]) => ({
            licenseId,
            name: text,
            extractedText: text,
          })),
        }),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function spdxLocation(url: string): string {
  return /^git(?:@|:|\+)|\.git/.test(url) && !url.startsWith('git+') ? `git+${url}` : url;
}

/** A licence that is no expression gets an id of its own, with its text. */
function spdxLicence(text: string | undefined, named: Map<string, string>): string {
  if (text === undefined) return 'NOASSERTION';
  if (isSpdxExpression(text)) return text;
  const known = named.get(text) ?? `LicenseRef-${createHash('sha256').update(text).digest('hex').slice(0, 12)}`;
  named.set(text, known);
  return known;
}
