import { createHash } from 'node:crypto';
import { type AdvisoryIndex, fixedVersions, isAffected, orderOf, type PackageAdvisory } from '../advisory/index.ts';
import type { Component } from './inventory.ts';
import type { VexStatus } from './model.ts';
import { purlOf } from './purl.ts';
import { groupsOf, type Judged, useOf } from './vulnerable.ts';

/** A finding that a person has put aside: what they said is passed on, not judged. */
export type PutAside = {
  readonly purl: string;
  readonly advisories: readonly string[];
  readonly note: string;
};

export type VexOptions = {
  /** The digest of what was scanned: the document's name comes from it, so that the same tree gives the same file. */
  readonly digest: string;
  /** ISO 8601 */
  readonly timestamp: string;
  readonly toolVersion: string;
};

export type VexInput = {
  readonly components: readonly Component[];
  readonly judged: readonly Judged[];
  readonly advisories: AdvisoryIndex;
  readonly putAside: readonly PutAside[];
};

/** What is said of one flaw of one package. */
type Judgement = {
  readonly ids: readonly string[];
  readonly purl: string;
  readonly status: VexStatus;
  readonly justification?: Justification;
  readonly impact?: string;
  readonly notes?: string;
  readonly action?: string;
};

const JUSTIFICATIONS = [
  'component_not_present',
  'vulnerable_code_not_present',
  'vulnerable_code_not_in_execute_path',
  'vulnerable_code_cannot_be_controlled_by_adversary',
  'inline_mitigations_already_exist',
] as const;
type Justification = (typeof JUSTIFICATIONS)[number];

/**
 * What is known of the flaws of the tree's packages, as OpenVEX 0.2.0. `not_affected` stands only where a person has said so in a
 * document that this scan follows, or where all code is in sight: that no file here imports a package is no proof that nothing does.
 */
export function writeVex({ components, judged, advisories, putAside }: VexInput, options: VexOptions): string {
  // Without modules of others, what the files of the tree import is all that runs.
  const isAlone = components.every(({ ecosystem, name }) => ecosystem !== 'Go' || name === 'stdlib');
  const open = judged.map((one) => judgementOf(one, { putAside, isAlone }));
  const judgements = [...open, ...fixedOf(components, advisories)];
  const document = {
    '@context': 'https://openvex.dev/ns/v0.2.0',
    '@id': `https://openvex.dev/docs/public/vex-${nameOf(options.digest, judgements)}`,
    author: 'sallyport scan',
    role: 'Document Creator',
    timestamp: options.timestamp,
    version: 1,
    tooling: `sallyport/${options.toolVersion}`,
    statements: statementsOf(judgements),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function nameOf(digest: string, judgements: readonly Judgement[]): string {
  return createHash('sha256')
    .update(`vex 1\n${digest}\n${JSON.stringify(judgements)}`)
    .digest('hex');
}

function judgementOf(
  one: Judged,
  { putAside, isAlone }: { readonly putAside: readonly PutAside[]; readonly isAlone: boolean },
): Judgement {
  const { component, version, group, reach, upgrade, closedBy } = one;
  const { ids } = group;
  const about = { ids, purl: purlOf(component.ecosystem, component.name, version) };
  if (closedBy === 'not-imported') {
    if (isAlone) return { ...about, status: 'not_affected', justification: 'vulnerable_code_not_in_execute_path' };
    const notes = 'No file of the tree imports the flawed packages; whether its dependencies do was not looked at.';
    return { ...about, status: 'under_investigation', notes };
  }
  if (closedBy !== undefined) return { ...about, ...passedOn(closedBy.status, closedBy.justification) };
  const aside = putAside.find(
    ({ purl, advisories }) => purl === component.purl && advisories.some((id) => ids.includes(id)),
  );
  if (aside !== undefined) return { ...about, status: 'under_investigation', notes: aside.note };
  const action =
    upgrade === undefined
      ? `No fixed version of ${component.name} is known: replace it, or keep what is flawed from being used.`
      : `Raise ${component.name} from ${version} to ${upgrade.to}.`;
  const notes = useOf(reach);
  return { ...about, status: 'affected', action, ...(notes === undefined ? {} : { notes }) };
}

/** A statement of a document that was read keeps its status; its reason stands in the field that its form allows. */
function passedOn(status: VexStatus, reason: string): Pick<Judgement, 'status' | 'justification' | 'impact'> {
  if (status !== 'not_affected') return { status };
  const justification = JUSTIFICATIONS.find((one) => one === reason);
  if (justification !== undefined) return { status, justification };
  return { status, impact: reason === '' ? 'A VEX document of the tree says so, without a reason.' : reason };
}

/** Flaws that the packages had and that their versions here are later than. */
function fixedOf(components: readonly Component[], advisories: AdvisoryIndex): readonly Judgement[] {
  const seen = new Set<string>();
  return components.flatMap(({ ecosystem, name, version, purl, origin }): readonly Judgement[] => {
    if (version === undefined || origin?.kind === 'path' || seen.has(purl)) return [];
    seen.add(purl);
    return groupsOf(advisories.lookup(ecosystem, name))
      .filter(({ records }) => records.every((record) => isFixedIn(ecosystem, version, record)))
      .map(({ ids }) => ({ ids, purl, status: 'fixed' }));
  });
}

function isFixedIn(ecosystem: string, version: string, record: PackageAdvisory): boolean {
  if (record.advisory.isMalicious || isAffected(ecosystem, version, record)) return false;
  const order = orderOf(ecosystem);
  return fixedVersions(record).some((fixed) => (order?.(version, fixed) ?? -1) >= 0);
}

/** One statement for all packages of which the same is said. */
function statementsOf(judgements: readonly Judgement[]): readonly object[] {
  const groups = Map.groupBy(judgements, (one) => JSON.stringify({ ...one, purl: '' }));
  return [...groups.values()]
    .flatMap(([first, ...others]) =>
      first === undefined ? [] : [{ first, purls: [first, ...others].map(({ purl }) => purl) }],
    )
    .map(({ first, purls }) => ({ first, purls: [...new Set(purls)].sort() }))
    .sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1))
    .map(({ first: { ids, status, justification, impact, notes, action }, purls }) => {
      const [name = '', ...aliases] = ids;
      return {
        vulnerability: { name, ...(aliases.length === 0 ? {} : { aliases }) },
        products: purls.map((purl) => ({ '@id': purl, identifiers: { purl } })),
        status,
        ...(justification === undefined ? {} : { justification }),
        ...(impact === undefined ? {} : { impact_statement: impact }),
        ...(notes === undefined ? {} : { status_notes: notes }),
        ...(action === undefined ? {} : { action_statement: action }),
      };
    });
}

function sortKey({ first, purls }: { readonly first: Judgement; readonly purls: readonly string[] }): string {
  return `${first.ids.join(' ')}\0${first.status}\0${purls.join(' ')}`;
}
