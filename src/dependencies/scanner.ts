import { type AdvisoryIndex, loadBundle, SYNCED_ECOSYSTEMS } from '../advisory/index.ts';
import { digestOfValue, isFault } from '../base/index.ts';
import type { FileOutcome, FileView, Gap, Match, Rule, Scanner, TreeOutcome } from '../finding/index.ts';
import { Unreadable } from './failure.ts';
import { readerOf, unreadableByKind } from './formats.ts';
import {
  findChangedHosts,
  findConfusion,
  findDrift,
  findGitDependencies,
  findInstallScripts,
  findLicences,
  findLookAlikes,
  findMalicious,
  findMissingIntegrity,
  findPlainHttp,
  findUnlocked,
} from './hygiene.ts';
import { signsOf } from './hidden-code.ts';
import { findHiddenCode, findHostileInstalls } from './hostile.ts';
import { importsOf, isSource, loadsOf, SOURCE_BYTES_MAX } from './imports.ts';
import { type Inventory, inventoryOf } from './inventory.ts';
import { PACKAGES_MAX } from './listing.ts';
import type { DependencyFacts } from './model.ts';
import pack from './pack.json' with { type: 'json' };
import { Usage } from './reach.ts';
import type { DependencySettings } from './settings.ts';
import { isVexFile, readVex } from './vex.ts';
import { findYoung, PACKAGE_AGE_DAYS_DEFAULT } from './young.ts';
import { findVulnerabilities, judgeVulnerabilities, type VulnerabilityContext } from './vulnerable.ts';
import type { PutAside, VexOptions } from './write-vex.ts';

/** A lockfile of a monorepo with 50,000 packages has 25 MB. */
export const LISTING_BYTES_MAX = 64 * 1024 * 1024;

/** Days after which advisories count as old, without a setting. */
export const ADVISORIES_AGE_DAYS_DEFAULT = 7;

/** What only the thread that puts results together has. */
export type DependencyContext = {
  readonly advisories?: AdvisoryIndex;
  /** Why the advisories of this machine can't be used. */
  readonly unusable?: Gap;
  /** Now, in milliseconds since 1970: what the age of advisories is judged by. Without it, it is not judged. */
  readonly nowMs?: number;
};

/** Folders of packages that others wrote; their manifests are not what this project asks for. */
const FOREIGN =
  /(?:^|\/)(?:node_modules|bower_components|vendor|third_party|site-packages|\.venv|venv|\.tox|\.git|Pods|deps\/deps)\//;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * The scanner of dependencies. `scanFile` reads lockfiles, manifests, imports and VEX documents on any thread and needs no
 * advisories; `finish` puts the inventory together and compares it with them.
 */
export function createDependenciesScanner(
  settings: DependencySettings = {},
  context: DependencyContext = {},
): Scanner<DependencyFacts> {
  const rules: readonly Rule[] = pack.rules.map(readRule);
  return {
    kind: 'dependencies',
    rules,
    settings: digestOfValue([pack.digest, 2]),
    wants(path, bytes) {
      if (FOREIGN.test(path)) return false;
      if (isSource(path)) return bytes <= SOURCE_BYTES_MAX;
      return readerOf(path) !== undefined || isVexFile(path) || unreadableByKind(path) !== undefined;
    },
    scanFile,
    finish: (facts) => judge(facts, settings, context),
  };
}

/** The pack was made of checked rules; what JSON can't say is its narrow types. */
function readRule(rule: (typeof pack.rules)[number]): Rule {
  const { severity, confidence } = rule;
  if (!isSeverity(severity) || !isConfidence(confidence))
    throw new TypeError(`the rule ${rule.id} in the pack is not one`);
  const { match: _, ...rest } = rule;
  return { ...rest, kind: 'dependencies', severity, confidence, examples: [] };
}

function isSeverity(text: string): text is Rule['severity'] {
  return /^(?:critical|high|medium|low|info)$/.test(text);
}

function isConfidence(text: string): text is Rule['confidence'] {
  return /^(?:high|medium|low)$/.test(text);
}

function scanFile(file: FileView): FileOutcome<DependencyFacts> {
  const { path } = file;
  const gap = (reason: string, line: number, help: string): FileOutcome<DependencyFacts> => ({
    matches: [],
    gaps: [{ code: 'unreadable-lockfile', file: path, line, reason, help }],
  });
  const refused = unreadableByKind(path);
  if (refused !== undefined) return gap(refused, 1, 'Write the text form and check it in.');
  if (file.bytes.length > LISTING_BYTES_MAX)
    return gap(`${path} has more than ${LISTING_BYTES_MAX} bytes`, 1, 'Split the project.');
  try {
    if (isVexFile(path)) {
      const vex = readVex(file);
      if (vex !== undefined) return { matches: [], facts: { vex } };
    }
    const reader = readerOf(path);
    if (reader !== undefined) {
      const listing = reader(file);
      if (listing.packages.length > PACKAGES_MAX)
        return gap(`${path} lists more than ${PACKAGES_MAX} packages`, 1, 'Split the project.');
      const gaps = (listing.unread ?? []).map(
        ({ line, reason }): Gap => ({
          code: 'unreadable-lockfile',
          file: path,
          line,
          reason: `${path} can't be read as a whole: line ${line} ${reason}`,
          help: 'Let the package manager write the file anew.',
        }),
      );
      return { matches: [], facts: { listing }, gaps };
    }
    const facts = isSource(path) ? sourceFacts(file) : {};
    return Object.keys(facts).length === 0 ? { matches: [] } : { matches: [], facts };
  } catch (thrown) {
    if (!(thrown instanceof Unreadable)) throw thrown;
    const { line } = file.placeAt(thrown.offset, thrown.offset);
    return gap(
      `${path} can't be read: line ${line} ${thrown.message}`,
      line,
      'Let the package manager write the file anew.',
    );
  }
}

function sourceFacts(file: FileView): DependencyFacts {
  const imports = importsOf(file);
  const signs = signsOf(file);
  const loads = loadsOf(file);
  return {
    ...(imports === undefined ? {} : { imports }),
    ...(signs.length === 0 ? {} : { signs }),
    ...(loads.length === 0 ? {} : { loads }),
  };
}

function judge(
  facts: ReadonlyMap<string, DependencyFacts>,
  settings: DependencySettings,
  context: DependencyContext,
): TreeOutcome {
  const inventory = inventoryOf(facts);
  const hidden = [...findHostileInstalls(facts), ...findHiddenCode(facts)];
  if (inventory.files.length === 0) return { matches: hidden };
  const matches: Match[] = [
    ...hidden,
    ...findInstallScripts(inventory),
    ...findLookAlikes(inventory),
    ...findChangedHosts(inventory),
    ...findMissingIntegrity(inventory),
    ...findUnlocked(inventory),
    ...findGitDependencies(inventory),
    ...findPlainHttp(inventory),
    ...findConfusion(inventory),
    ...findDrift(inventory),
    ...(settings.licences === undefined ? [] : findLicences(inventory, settings.licences)),
  ];
  if (inventory.components.length === 0) return { matches };
  const young = findYoung(inventory.components, {
    nowMs: context.nowMs,
    daysMin: settings.packageAgeDaysMin ?? PACKAGE_AGE_DAYS_DEFAULT,
  });
  matches.push(...young.matches);
  const notes =
    young.unknown === 0
      ? []
      : [`the age of ${young.unknown} packages was not checked: their lockfiles do not say when they were published`];
  return { ...withAdvisories(facts, { inventory, settings, context, matches }), notes };
}

function withAdvisories(
  facts: ReadonlyMap<string, DependencyFacts>,
  {
    inventory,
    settings,
    context,
    matches,
  }: {
    readonly inventory: Inventory;
    readonly settings: DependencySettings;
    readonly context: DependencyContext;
    readonly matches: Match[];
  },
): TreeOutcome {
  const { advisories, unusable } = context;
  if (unusable !== undefined) return { matches, gaps: [unusable] };
  if (advisories === undefined) return { matches, gaps: settings.allowsMissingAdvisories === true ? [] : [MISSING] };
  matches.push(
    ...findMalicious(inventory.components, advisories),
    ...findVulnerabilities(inventory.components, judgedBy(facts, settings, advisories)),
    ...findAge(inventory, advisories, { ...settings, nowMs: context.nowMs }),
  );
  return { matches, gaps: settings.allowsMissingAdvisories === true ? [] : uncovered(inventory, advisories) };
}

/** What flaws are judged by. Where the tree must not judge itself, only statements that were there before count. */
function judgedBy(
  facts: ReadonlyMap<string, DependencyFacts>,
  { vex = [], trustsTree }: DependencySettings,
  advisories: AdvisoryIndex,
): VulnerabilityContext {
  const imports = new Map(
    [...facts].flatMap(([path, one]) => (one.imports === undefined ? [] : [[path, one.imports] as const])),
  );
  const own = trustsTree === false ? [] : [...facts.values()].flatMap((one) => one.vex ?? []);
  return { advisories, usage: new Usage(imports), vex: [...vex, ...own] };
}

/** What is known of the flaws of the tree's packages, as OpenVEX. Nothing without advisories: an empty document would look like health. */
export async function renderVex(
  facts: ReadonlyMap<string, DependencyFacts>,
  {
    settings,
    context: { advisories },
    putAside,
  }: {
    readonly settings: DependencySettings;
    readonly context: DependencyContext;
    readonly putAside: readonly PutAside[];
  },
  options: VexOptions,
): Promise<string | undefined> {
  if (advisories === undefined) return undefined;
  const { writeVex } = await import('./write-vex.ts');
  const { components } = inventoryOf(facts);
  const judged = judgeVulnerabilities(components, judgedBy(facts, settings, advisories));
  return writeVex({ components, judged, advisories, putAside }, options);
}

/** The advisories in a folder of this machine; a bundle that is broken, or of someone else, is a hole in the scan, not its end. */
export function openAdvisories(directory: string): Pick<DependencyContext, 'advisories' | 'unusable'> {
  try {
    const advisories = loadBundle({ directory });
    return advisories === undefined ? {} : { advisories };
  } catch (thrown) {
    if (!isFault(thrown)) throw thrown;
    return { unusable: { code: 'advisories-unusable', reason: thrown.message, help: thrown.help } };
  }
}

const MISSING: Gap = {
  code: 'advisories-missing',
  reason: 'There are no advisories on this machine, so no package was compared with known vulnerabilities.',
  help: 'Get them with `sallyport advisories sync`, or `sallyport advisories import FILE` where there is no network.',
};

/** Ecosystems that OSV has records of; of others nothing can be said and nothing is missing. */
const PUBLISHED: ReadonlySet<string> = new Set(SYNCED_ECOSYSTEMS);

/** A bundle of other ecosystems says nothing of this one: that is not the same as nothing found. */
function uncovered({ components }: Inventory, advisories: AdvisoryIndex): readonly Gap[] {
  const ecosystems = new Set(
    components.map(({ ecosystem }) => ecosystem).filter((ecosystem) => PUBLISHED.has(ecosystem)),
  );
  return [...ecosystems]
    .filter((ecosystem) => !advisories.covers(ecosystem))
    .sort()
    .map((ecosystem) => ({
      code: 'advisories-missing',
      reason: `The advisories on this machine have none of ${ecosystem}, so its packages were not compared with known vulnerabilities.`,
      help: 'Get them with `sallyport advisories sync`, or `sallyport advisories import FILE` where there is no network.',
    }));
}

function findAge(
  { files }: Inventory,
  { info }: AdvisoryIndex,
  {
    advisoriesAgeDaysMax = ADVISORIES_AGE_DAYS_DEFAULT,
    nowMs,
  }: Pick<DependencySettings, 'advisoriesAgeDaysMax'> & { readonly nowMs: number | undefined },
): readonly Match[] {
  const days = nowMs === undefined ? 0 : (nowMs - Date.parse(info.created)) / DAY_MS;
  const [first] = files;
  if (!(days > advisoriesAgeDaysMax) || first === undefined) return [];
  return [
    {
      rule: 'advisories-old',
      place: { file: first.path, line: 1, column: 1, endLine: 1, endColumn: 1 },
      message: `The advisories are from ${info.created.slice(0, 10)}, ${Math.floor(days)} days ago; newer flaws are not found.`,
      evidence: info.created,
      identity: 'age',
      fix: {
        kind: 'none',
        reason: 'the data have to be fetched',
        followUp: 'Run `sallyport advisories sync`, or import a newer bundle.',
      },
    },
  ];
}
