import {
  type Advisory,
  type AdvisoryIndex,
  fixedVersions,
  isAffected,
  isPrerelease,
  mayReach,
  orderOf,
  type PackageAdvisory,
  parseRequirement,
  satisfies,
  severityOfScore,
} from '../advisory/index.ts';
import {
  CONFIDENCES,
  type Confidence,
  type Fix,
  type Match,
  type Priority,
  SEVERITIES,
  type Severity,
} from '../finding/index.ts';
import { unreachable } from '../base/index.ts';
import type { Component } from './inventory.ts';
import type { VexStatement } from './model.ts';
import { purlOf } from './purl.ts';
import type { Reach, Usage } from './reach.ts';
import { closingStatement } from './vex.ts';

/** A chance of being exploited within 30 days from which a flaw is put before others: a few in a hundred have more. */
const EPSS_HIGH = 0.1;

/** Records of one flaw: those of several databases with the same aliases. */
export type Group = { readonly ids: readonly string[]; readonly records: readonly PackageAdvisory[] };

export type VulnerabilityContext = {
  readonly advisories: AdvisoryIndex;
  readonly usage: Usage;
  readonly vex: readonly VexStatement[];
};

/** What is known of one flaw in one package. */
export type Judged = Case & {
  /** Why it is no finding: a statement says so, or the flawed part of Go's own packages is imported by no file here. */
  readonly closedBy: VexStatement | 'not-imported' | undefined;
};

/** One match for each flaw of each package; those that a VEX statement closes are left out. */
export function findVulnerabilities(components: readonly Component[], context: VulnerabilityContext): readonly Match[] {
  return judgeVulnerabilities(components, context).flatMap((one) => (one.closedBy === undefined ? [matchOf(one)] : []));
}

/** Every flaw of every package, with those that are no findings. */
export function judgeVulnerabilities(
  components: readonly Component[],
  context: VulnerabilityContext,
): readonly Judged[] {
  const seen = new Set<string>();
  return components.flatMap((component): readonly Judged[] => {
    if (component.origin?.kind === 'path') return [];
    const asked = component.version === undefined ? lowestAsked(component) : component.version;
    if (asked === undefined) return [];
    // One place of a lockfile speaks for the others with the same package.
    const key = `${component.place.file} ${component.purl} ${asked}`;
    if (seen.has(key)) return [];
    seen.add(key);
    return judgedOf(component, asked, context);
  });
}

function lowestAsked({ ecosystem, requirement }: Component): string | undefined {
  return requirement === undefined ? undefined : parseRequirement(ecosystem, requirement)?.lowest;
}

function judgedOf(component: Component, version: string, context: VulnerabilityContext): readonly Judged[] {
  const all = context.advisories.lookup(component.ecosystem, component.name);
  if (all.length === 0) return [];
  const isDeclared = component.version === undefined;
  const affecting = all.filter((record) => isAffected(component.ecosystem, version, record));
  if (affecting.length === 0) return [];
  const upgrade = smallestUpgrade(component.ecosystem, version, affecting, all);
  return groupsOf(affecting).flatMap((group): readonly Judged[] => {
    const fixes = group.records.flatMap(fixedVersions);
    // A range that lets a fixed version in is no flaw by itself: an install takes it.
    if (isDeclared && allowsFixed(component, fixes, group)) return [];
    const reach = context.usage.of(
      component,
      group.records.flatMap(({ imports }) => imports),
    );
    const purl = purlOf(component.ecosystem, component.name, version);
    const closedBy =
      closingStatement(context.vex, group.ids, purl) ??
      // Go names the flaws of its own packages with each release: those that nothing here imports are noise.
      (component.name === 'stdlib' && reach.kind === 'not-imported' ? 'not-imported' : undefined);
    return [{ component, version, group, reach, upgrade, isDeclared, closedBy }];
  });
}

function allowsFixed(
  { ecosystem, requirement = '' }: Component,
  fixes: readonly string[],
  { records }: Group,
): boolean {
  const asked = parseRequirement(ecosystem, requirement);
  if (asked === undefined) return true;
  if (fixes.some((fixed) => satisfies(asked, fixed) && !records.some((record) => isAffected(ecosystem, fixed, record))))
    return true;
  return fixes.length > 0 && mayReach(asked, []);
}

/** Joins records that share an id: `GHSA-…`, `PYSEC-…` and `CVE-…` of one flaw are one finding. */
export function groupsOf(records: readonly PackageAdvisory[]): readonly Group[] {
  const groups: { ids: Set<string>; records: PackageAdvisory[] }[] = [];
  for (const record of records) {
    const ids = [record.advisory.id, ...record.advisory.aliases];
    const touching = groups.filter((group) => ids.some((id) => group.ids.has(id)));
    const [first, ...others] = touching;
    const group = first ?? { ids: new Set<string>(), records: [] };
    if (first === undefined) groups.push(group);
    for (const id of ids) group.ids.add(id);
    group.records.push(record);
    for (const other of others) {
      for (const id of other.ids) group.ids.add(id);
      group.records.push(...other.records);
      groups.splice(groups.indexOf(other), 1);
    }
  }
  return groups.map((group) => ({ ids: [...group.ids].sort(byPreference), records: group.records }));
}

/** CVE first: the name that everyone knows. */
function byPreference(a: string, b: string): number {
  const rank = (id: string) => ['CVE-', 'GHSA-'].findIndex((prefix) => id.startsWith(prefix)) >>> 0;
  return rank(a) - rank(b) || (a < b ? -1 : 1);
}

export type Upgrade = { readonly to: string; readonly clears: 'all' | 'some'; readonly isMajor: boolean };

/**
 * The smallest later version that none of the package's records affects. One of the same major version is preferred. Only
 * versions that records name as fixed are known to exist.
 */
export function smallestUpgrade(
  ecosystem: string,
  version: string,
  affecting: readonly PackageAdvisory[],
  all: readonly PackageAdvisory[],
): Upgrade | undefined {
  const order = orderOf(ecosystem);
  if (order === undefined) return undefined;
  const acceptsPrerelease = isPrerelease(ecosystem, version);
  const candidates = [...new Set(all.flatMap(fixedVersions))]
    .filter((fixed) => (order(fixed, version) ?? 0) > 0 && (acceptsPrerelease || !isPrerelease(ecosystem, fixed)))
    .sort((a, b) => order(a, b) ?? 0);
  const clean = candidates.filter((candidate) => !all.some((record) => isAffected(ecosystem, candidate, record)));
  const major = majorOf(version);
  const best = clean.find((candidate) => majorOf(candidate) === major) ?? clean[0];
  if (best !== undefined) return { to: best, clears: 'all', isMajor: majorOf(best) !== major };
  const partial = candidates.find((candidate) => affecting.some((record) => !isAffected(ecosystem, candidate, record)));
  return partial === undefined ? undefined : { to: partial, clears: 'some', isMajor: majorOf(partial) !== major };
}

/** What may break: the first number, or the second while the first is zero. */
function majorOf(version: string): string {
  const [, major = '', minor = ''] = /^\D*(\d+)(?:\.(\d+))?/.exec(version) ?? [];
  return /^0+$/.test(major) ? `0.${minor}` : major;
}

export type Case = {
  readonly component: Component;
  readonly version: string;
  readonly group: Group;
  readonly reach: Reach;
  readonly upgrade: Upgrade | undefined;
  readonly isDeclared: boolean;
};

function matchOf({ component, version, group, reach, upgrade, isDeclared }: Case): Match {
  const lead = leadOf(group.records.map(({ advisory }) => advisory));
  const severity = lead.severity ?? (lead.score === undefined ? 'medium' : severityOfScore(lead.score));
  const confidence: Confidence =
    isDeclared || reach.kind === 'indirect' ? 'low' : reach.kind === 'not-imported' ? 'medium' : 'high';
  const [id = lead.id] = group.ids;
  const informational = group.records.every(({ advisory }) => advisory.informational !== undefined)
    ? lead.informational
    : undefined;
  const isNotice = informational !== undefined && informational !== 'unsound';
  const ownUpgrade = upgrade !== undefined && clears(component.ecosystem, upgrade, group) ? upgrade : undefined;
  return {
    rule: isNotice ? 'unmaintained-package' : lead.isMalicious ? 'malicious-package' : 'vulnerable-package',
    place: component.place,
    message: messageOf(component, version, { id, summary: lead.summary, reach, isDeclared }),
    evidence: component.evidence,
    scope: component.purl,
    identity: id,
    severity: isNotice ? 'info' : lead.isMalicious ? 'critical' : severity,
    confidence,
    ...(lead.cwes[0] === undefined ? {} : { cwe: lead.cwes[0] }),
    subject: { purl: component.purl, advisories: group.ids },
    priority: priorityOf(group, { severity: isNotice ? 'info' : severity, confidence, reach, scope: component.scope }),
    fix: fixOf(component, version, ownUpgrade),
  };
}

function clears(ecosystem: string, { to }: Upgrade, { records }: Group): boolean {
  return !records.some((record) => isAffected(ecosystem, to, record));
}

/** The record that says most: with the highest score, then with any severity. */
function leadOf(advisories: readonly Advisory[]): Advisory {
  const weight = (advisory: Advisory) =>
    (advisory.score ?? (advisory.severity === undefined ? -1 : 8 - 2 * SEVERITIES.indexOf(advisory.severity))) +
    (advisory.isMalicious ? 100 : 0);
  const [first, ...rest] = advisories;
  if (first === undefined) throw new TypeError('a group has at least one record');
  return rest.reduce((best, advisory) => (weight(advisory) > weight(best) ? advisory : best), first);
}

function messageOf(
  component: Component,
  version: string,
  {
    id,
    summary,
    reach,
    isDeclared,
  }: { readonly id: string; readonly summary: string; readonly reach: Reach; readonly isDeclared: boolean },
): string {
  const what = isDeclared
    ? `${component.name} is asked for as ${component.requirement}, which allows no version without ${id}`
    : `${component.name} ${version} has ${id}`;
  const way = component.path.length > 1 ? ` It comes with ${component.path.slice(0, -1).join(' > ')}.` : '';
  const use = useOf(reach);
  return `${what}: ${summary.replace(/[.\s]+$/, '')}.${way}${use === undefined ? '' : ` ${use}`}`;
}

/** How the tree reaches a package, as a sentence; nothing where that is not known. */
export function useOf(reach: Reach): string | undefined {
  switch (reach.kind) {
    case 'called':
      return `${reach.file} uses ${reach.what}.`;
    case 'imported':
      return `${reach.file} imports ${reach.what}.`;
    case 'indirect':
      return `${reach.file} imports ${reach.through}, which uses ${reach.what}.`;
    case 'not-imported':
      return 'No file here imports it.';
    case 'unknown':
      return undefined;
    default:
      return unreachable(reach);
  }
}

/**
 * Known to be exploited, then used by the code here, then likely to be exploited, then by severity: what comes first decides, whatever
 * comes behind. Among equals the likelier one is first, then the one with the higher score.
 */
function priorityOf(
  { records }: Group,
  {
    severity,
    confidence,
    reach,
    scope,
  }: {
    readonly severity: Severity;
    readonly confidence: Confidence;
    readonly reach: Reach;
    readonly scope: Component['scope'];
  },
): Priority {
  const exploited = records.flatMap(({ advisory }) => advisory.exploitedSince ?? []).sort()[0];
  const epss = Math.max(0, ...records.map(({ advisory }) => advisory.epss ?? 0));
  const score = Math.max(0, ...records.map(({ advisory }) => advisory.score ?? 0));
  const step = SEVERITIES.indexOf(severity) * 100 + CONFIDENCES.indexOf(confidence) * 10;
  const reasons: string[] = [];
  const among = (1 - epss) * 100 + step / 10 - score / 10;
  let rank = 1000 + step - epss * 5 - score / 10;
  if (exploited !== undefined) {
    rank = (reach.kind === 'called' ? 100 : 300) + among;
    reasons.push(`known to be exploited since ${exploited}`);
  } else if (reach.kind === 'called') rank = 500 + among;
  else if (epss >= EPSS_HIGH) rank = 700 + among;
  else if (reach.kind === 'not-imported') rank += 150;
  if (exploited === undefined && scope === 'development') rank += 100;
  if (reach.kind === 'called') reasons.push('the flawed code is used here');
  if (reach.kind === 'imported') reasons.push('imported here');
  if (reach.kind === 'indirect') reasons.push(`reached through ${reach.through}`);
  if (reach.kind === 'not-imported') reasons.push('not imported here');
  if (epss > 0) reasons.push(`EPSS ${(epss * 100).toFixed(epss < EPSS_HIGH ? 1 : 0)} %`);
  reasons.push(score > 0 ? `${severity} severity, CVSS ${score}` : `${severity} severity`);
  if (scope === 'development') reasons.push('only used in development');
  return { rank, reason: reasons.join('; ') };
}

function fixOf(component: Component, version: string, upgrade: Upgrade | undefined): Fix {
  if (upgrade === undefined) {
    const followUp = `Replace ${component.name}, or say in a VEX document why the flaw does not matter here.`;
    return { kind: 'none', reason: `no fixed version of ${component.name} is known`, followUp };
  }
  const { to, clears: cleared, isMajor } = upgrade;
  const title = `Raise ${component.name} from ${version} to ${to}${cleared === 'all' ? ', which has no known flaw' : ', which still has others'}`;
  const warning = isMajor ? `${to} is another major version: read what it changes. ` : '';
  if (component.role === 'manifest' && component.pin !== undefined && component.isDirect) {
    const { start, end } = component.pin;
    const edit = { file: component.place.file, start, end, text: to };
    return { kind: 'edit', title, edits: [edit], ...(warning === '' ? {} : { followUp: warning.trim() }) };
  }
  const [parent = ''] = component.path;
  const way = component.isDirect
    ? ''
    : `Raise ${parent} to a version that takes it, or override ${component.name} to ${to}. `;
  const request = {
    type: 'bump' as const,
    ecosystem: component.ecosystem,
    name: component.name,
    from: version,
    to,
    file: component.place.file,
    isDirect: component.isDirect,
  };
  const followUp = `${warning}${way}`.trim();
  return { kind: 'request', title, request, ...(followUp === '' ? {} : { followUp }) };
}
