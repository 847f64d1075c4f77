import { type FileView, viewOf } from '../finding/index.ts';
import { Unreadable } from './failure.ts';
import type { VexStatement } from './model.ts';
import { itemsOf, member, type Node, parseJson, textOf } from './node.ts';
import { purlBase } from './purl.ts';

/** Whether a file is a VEX document, by its place and name. */
export function isVexFile(path: string): boolean {
  return /(?:^|\/)(?:[\w.-]+\.openvex\.json|\.vex\/[\w.-]+\.json|vex[\w.-]*\.json|[\w.-]+[.-]vex\.(?:cdx\.)?json)$/i.test(
    path,
  );
}

/** Statements of OpenVEX or CycloneDX; nothing when the file is neither. */
export function readVex(file: FileView): readonly VexStatement[] | undefined {
  const root = parseJson(file.text);
  if (/openvex/i.test(textOf(member(root, '@context')) ?? '')) {
    return itemsOf(member(root, 'statements')).flatMap((item) => openVex(file, item));
  }
  if (textOf(member(root, 'bomFormat')) === 'CycloneDX') {
    const purls = componentPurls(root);
    return itemsOf(member(root, 'vulnerabilities')).flatMap((item) => cycloneDx(file, item, purls));
  }
  return undefined;
}

/** Statements of a document that stands elsewhere; none when it is no VEX document, or can't be read. */
export function parseVex(path: string, text: string): readonly VexStatement[] {
  try {
    return readVex(viewOf(path, text)) ?? [];
  } catch (thrown) {
    // What can't be read closes nothing: that is the strict side.
    if (thrown instanceof Unreadable) return [];
    throw thrown;
  }
}

function openVex(file: FileView, item: Node): readonly VexStatement[] {
  const status = textOf(member(item, 'status'));
  if (status !== 'not_affected' && status !== 'affected' && status !== 'fixed' && status !== 'under_investigation')
    return [];
  const vulnerability = member(item, 'vulnerability');
  const names = [
    textOf(vulnerability),
    textOf(member(vulnerability, 'name')),
    textOf(member(vulnerability, '@id')),
    ...itemsOf(member(vulnerability, 'aliases')).map(textOf),
  ].filter((name) => name !== undefined);
  const products = itemsOf(member(item, 'products')).flatMap((product) => {
    const parts = itemsOf(member(product, 'subcomponents')).flatMap(productIds);
    // Where a statement names a part of a product, it is about that part.
    return parts.length > 0 ? parts : productIds(product);
  });
  const justification = textOf(member(item, 'justification')) ?? textOf(member(item, 'impact_statement')) ?? '';
  return [{ vulnerability: names, products, status, justification, line: file.placeAt(item.start, item.start).line }];
}

function productIds(product: Node): readonly string[] {
  return [textOf(product), textOf(member(product, '@id')), textOf(member(product, 'identifiers', 'purl'))].filter(
    (id) => id !== undefined,
  );
}

function componentPurls(root: Node): ReadonlyMap<string, string> {
  const purls = new Map<string, string>();
  for (const item of itemsOf(member(root, 'components'))) {
    const [ref, purl] = [textOf(member(item, 'bom-ref')), textOf(member(item, 'purl'))];
    if (ref !== undefined && purl !== undefined) purls.set(ref, purl);
  }
  return purls;
}

const STATES: ReadonlyMap<string, VexStatement['status']> = new Map([
  ['not_affected', 'not_affected'],
  ['false_positive', 'not_affected'],
  ['resolved', 'fixed'],
  ['resolved_with_pedigree', 'fixed'],
  ['exploitable', 'affected'],
  ['in_triage', 'under_investigation'],
]);

function cycloneDx(file: FileView, item: Node, purls: ReadonlyMap<string, string>): readonly VexStatement[] {
  const analysis = member(item, 'analysis');
  const status = STATES.get(textOf(member(analysis, 'state')) ?? '');
  const id = textOf(member(item, 'id'));
  if (status === undefined || id === undefined) return [];
  const references = itemsOf(member(item, 'references')).flatMap((reference) => textOf(member(reference, 'id')) ?? []);
  const products = itemsOf(member(item, 'affects')).flatMap((affected) => {
    const ref = textOf(member(affected, 'ref')) ?? '';
    const known = purls.get(ref) ?? decodeRef(ref);
    return known === '' ? [] : [known];
  });
  const justification = textOf(member(analysis, 'justification')) ?? textOf(member(analysis, 'detail')) ?? '';
  return [
    {
      vulnerability: [id, ...references],
      products,
      status,
      justification,
      line: file.placeAt(item.start, item.start).line,
    },
  ];
}

/** `urn:cdx:…#pkg:npm/…` names a component of another document. */
function decodeRef(ref: string): string {
  const part = ref.slice(ref.indexOf('#') + 1);
  return part.startsWith('pkg:') ? part : ref;
}

/** The statement that closes a vulnerability of a package: it is not affected, or it was fixed. */
export function closingStatement(
  statements: readonly VexStatement[],
  ids: readonly string[],
  purl: string,
): VexStatement | undefined {
  const own = purlBase(purl);
  return statements.find(
    ({ status, vulnerability, products }) =>
      (status === 'not_affected' || status === 'fixed') &&
      vulnerability.some((name) => ids.some((id) => name === id || name.endsWith(`/${id}`))) &&
      products.some((product) => {
        if (!product.startsWith('pkg:')) return false;
        const { base, version } = purlBase(product);
        return base === own.base && (version === undefined || version === own.version);
      }),
  );
}
