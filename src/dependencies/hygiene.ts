import { posix } from 'node:path';
import { type AdvisoryIndex, parseRequirement, satisfies } from '../advisory/index.ts';
import type { Match, Place } from '../finding/index.ts';
import type { Component, Inventory, InventoryFile } from './inventory.ts';
import { type LicencePolicy, deniedBy } from './licences.ts';
import { imitatedBy } from './look-alike.ts';
import type { ListedPackage } from './model.ts';
import { BUILDS_ON_INSTALL } from './popular.ts';

/** Names that one finding about many packages spells out. */
const NAMED_MAX = 5;
/** Fewer packages have no usual host. */
const PEERS_MIN = 5;
/** The share of packages that has to come from hosts that are usual. */
const USUAL_SHARE = 0.8;

/** Folders whose manifests nobody installs: their packages are found, their form is left alone. */
const ASIDE =
  /(?:^|\/)(?:examples?|samples?|demos?|fixtures?|__fixtures__|tests?|__tests__|testdata|specs?|e2e|templates?|playgrounds?|benchmarks?|docs?)\//i;

const NPM_REGISTRIES = new Set(['registry.npmjs.org', 'registry.yarnpkg.com', 'registry.npmjs.com']);

/** Packages that a record of malicious ones names. */
export function findMalicious(components: readonly Component[], advisories: AdvisoryIndex): readonly Match[] {
  return components.flatMap((component): readonly Match[] => {
    if (component.origin?.kind === 'path') return [];
    const id = advisories.malicious(component.ecosystem, component.name, component.version);
    if (id === undefined) return [];
    const way = component.path.length > 1 ? ` It comes with ${component.path.slice(0, -1).join(' > ')}.` : '';
    return [
      {
        ...matchAt('malicious-package', component),
        message: `${named(component)} is malicious: ${id}.${way}`,
        identity: id,
        subject: { purl: component.purl, advisories: [id] },
        priority: { rank: 50, reason: 'the package itself attacks who installs it' },
        fix: {
          kind: 'none',
          reason: 'a package that attacks has no version to trust',
          followUp:
            'Remove it, take every machine that installed it as broken into, and change the secrets that were there.',
        },
      },
    ];
  });
}

function named({ name, version }: { readonly name: string; readonly version?: string }): string {
  return version === undefined ? name : `${name} ${version}`;
}

function matchAt(rule: string, component: Component): Pick<Match, 'rule' | 'place' | 'evidence' | 'scope' | 'subject'> {
  return {
    rule,
    place: component.place,
    evidence: component.evidence,
    scope: `${component.ecosystem}:${component.name}`,
    subject: { purl: component.purl, advisories: [] },
  };
}

function placeOf(path: string, one: ListedPackage): Place {
  return { file: path, ...one.place };
}

/** Scripts that run when a package is installed, of packages that are not known for it. */
export function findInstallScripts({ components, files }: Inventory): readonly Match[] {
  if (files.some(({ listing }) => listing.ignoresScripts === true)) return [];
  return components.flatMap((component): readonly Match[] => {
    const { hasInstallScript, name, scope } = component;
    if (hasInstallScript !== true || BUILDS_ON_INSTALL.has(name) || scope === 'optional') return [];
    if (/^@(?:esbuild|swc|img|next|rollup|parcel|napi-rs|node-rs|biomejs|sentry|prisma|nrwl|nx)\//.test(name))
      return [];
    return [
      {
        ...matchAt('install-script', component),
        message: `${named(component)} runs a script of its own when it is installed.`,
        fix: {
          kind: 'none',
          reason: 'whether the script is needed is known only to who reads it',
          followUp: 'Read the script; where it is not needed, install with ignore-scripts=true in .npmrc.',
        },
      },
    ];
  });
}

/** Names that differ from a popular one as a slip of the hand or of the eye does. */
export function findLookAlikes({ components }: Inventory): readonly Match[] {
  return components.flatMap((component): readonly Match[] => {
    if (
      !component.isDirect ||
      component.alias !== undefined ||
      (component.origin !== undefined && component.origin.kind !== 'registry')
    )
      return [];
    const found = imitatedBy(component.ecosystem, component.name);
    if (found === undefined) return [];
    return [
      {
        ...matchAt('look-alike-name', component),
        message: `${component.name} is nearly the name of ${found.target}: ${found.how}.`,
        fix: {
          kind: 'none',
          reason: 'only who wrote it knows which package was meant',
          followUp: `If ${found.target} was meant, write that and look at what was installed; if not, suppress this with the reason.`,
        },
      },
    ];
  });
}

/** Packages of an npm lockfile that come from a host, or under a name, that is not theirs. */
export function findChangedHosts({ files }: Inventory): readonly Match[] {
  const configured = new Set(files.flatMap(({ listing }) => Object.values(listing.registries ?? {}).map(hostOf)));
  return files.flatMap(({ path, listing }): readonly Match[] => {
    if (listing.role !== 'lock' || listing.ecosystem !== 'npm') return [];
    const fetched = listing.packages.flatMap((one) => {
      const url = one.origin?.kind === 'registry' ? one.origin.url : undefined;
      return url === undefined || !/^https?:/.test(url) ? [] : [{ one, url, host: hostOf(url) }];
    });
    const counts = new Map<string, number>();
    for (const { host } of fetched) counts.set(host, (counts.get(host) ?? 0) + 1);
    const isUsual = (host: string) =>
      NPM_REGISTRIES.has(host) || configured.has(host) || (counts.get(host) ?? 0) / fetched.length >= USUAL_SHARE;
    return fetched.flatMap(({ one, url, host }): readonly Match[] => {
      const other = otherName(url, host, one);
      if (other !== undefined)
        return [hostMatch(path, one, `${named(one)} is fetched from the address of ${other}: ${url}.`)];
      if (fetched.length < PEERS_MIN || isUsual(host)) return [];
      return [hostMatch(path, one, `${named(one)} is fetched from ${host}, the other packages are not.`)];
    });
  });
}

function hostMatch(file: string, one: ListedPackage, message: string): Match {
  return {
    rule: 'changed-source-host',
    place: placeOf(file, one),
    message,
    evidence: one.origin?.url ?? one.evidence,
    scope: one.name,
    fix: {
      kind: 'none',
      reason: 'which source was meant is not in the files',
      followUp: 'Remove the entry and let the package manager write it anew; name a registry of your own in .npmrc.',
    },
  };
}

function hostOf(url: string): string {
  return /^[a-z+]+:\/\/(?:[^/@]*@)?([^/:]+)/i.exec(url)?.[1]?.toLowerCase() ?? '';
}

/** A registry's address holds the name of the package; another name there is what a doctored lockfile looks like. */
function otherName(url: string, host: string, one: ListedPackage): string | undefined {
  if (!NPM_REGISTRIES.has(host)) return undefined;
  const name = /^https?:\/\/[^/]+\/((?:@[^/]+\/)?[^/]+)\/-\//.exec(
    url.replaceAll(/%2f/gi, '/').replaceAll(/%40/g, '@'),
  )?.[1];
  return name === undefined || name === one.name || name === one.alias ? undefined : name;
}

/** Packages without a checksum, in lockfiles whose other packages have one. */
export function findMissingIntegrity({ files }: Inventory): readonly Match[] {
  return files.flatMap(({ path, listing }): readonly Match[] => {
    if (listing.role !== 'lock' || !listing.hasChecksums) return [];
    // Later versions of Yarn leave the checksum of what another platform needs out.
    if (
      listing.format === 'yarn.lock' &&
      listing.packages.some(({ integrity }) => integrity !== undefined && !/^sha|^[0-9a-f]{40}$/.test(integrity))
    )
      return [];
    const fetched = listing.packages.filter(
      ({ origin, version }) => version !== undefined && (origin === undefined || origin.kind === 'registry'),
    );
    const lacking = fetched.filter(({ integrity }) => integrity === undefined);
    const [first] = lacking;
    if (first === undefined || lacking.length === fetched.length) return [];
    const names = lacking.slice(0, NAMED_MAX).map(named).join(', ');
    const more = lacking.length > NAMED_MAX ? ` and ${lacking.length - NAMED_MAX} more` : '';
    return [
      {
        rule: 'missing-integrity',
        place: placeOf(path, first),
        message: `${lacking.length === 1 ? 'One package has' : `${lacking.length} packages have`} no checksum, the others do: ${names}${more}.`,
        evidence: first.evidence,
        scope: path,
        identity: lacking
          .map(({ key }) => key)
          .join(' ')
          .slice(0, 200),
        fix: {
          kind: 'none',
          reason: 'the checksum has to come from the registry',
          followUp: 'Remove these entries and let the package manager write them anew.',
        },
      },
    ];
  });
}

/** What each ecosystem's tool writes to hold versions, for the manifests where that is the custom. */
const LOCKS: ReadonlyMap<string, string> = new Map([
  ['package.json', '`npm install` writes package-lock.json'],
  ['Pipfile', '`pipenv lock` writes Pipfile.lock'],
  ['composer.json', '`composer update` writes composer.lock'],
  [
    'requirements.txt',
    '`pip-compile --generate-hashes` or `uv pip compile --generate-hashes` writes them with versions and hashes',
  ],
]);

/** Manifests whose installs take whatever is newest that day. */
export function findUnlocked({ files }: Inventory): readonly Match[] {
  return files.flatMap(({ path, listing, isLocked }): readonly Match[] => {
    const how = LOCKS.get(listing.format);
    if (isLocked || how === undefined || ASIDE.test(path) || /\.in$|constraints/i.test(posix.basename(path))) return [];
    const open = listing.packages.filter(
      ({ scope, version, origin }) =>
        scope === 'runtime' && version === undefined && (origin === undefined || origin.kind === 'registry'),
    );
    const [first] = open;
    if (first === undefined) return [];
    const rest = open.length > 1 ? ` and ${open.length - 1} more` : '';
    return [
      {
        rule: 'unlocked-manifest',
        place: placeOf(path, first),
        message: `No lockfile holds the versions of ${first.name}${rest}: each install may bring others.`,
        evidence: first.evidence,
        scope: path,
        identity: 'unlocked',
        fix: {
          kind: 'none',
          reason: 'versions have to be resolved with the registry',
          followUp: `${how}; check it in.`,
        },
      },
    ];
  });
}

/** Packages from a repository, at a name that its owner may move. */
export function findGitDependencies({ files }: Inventory): readonly Match[] {
  return files.flatMap(({ path, listing, isLocked }): readonly Match[] => {
    if (listing.role !== 'manifest' || isLocked || ASIDE.test(path)) return [];
    return listing.packages.flatMap((one): readonly Match[] => {
      const url = one.origin?.kind === 'git' ? (one.origin.url ?? '') : undefined;
      if (url === undefined || /[#@=][0-9a-f]{40}(?:[#&?]|$)/i.test(url)) return [];
      return [
        {
          rule: 'git-dependency',
          place: placeOf(path, one),
          message: `${one.name} is taken from a repository at a name that can move: ${url.slice(0, 150)}.`,
          evidence: one.evidence,
          scope: one.name,
          fix: {
            kind: 'none',
            reason: 'the commit has to be looked up in that repository',
            followUp: 'Write the full commit behind # or @, or use a released version.',
          },
        },
      ];
    });
  });
}

/** Packages and registries that are reached without encryption. */
export function findPlainHttp({ files }: Inventory): readonly Match[] {
  return files.flatMap(({ path, listing }): readonly Match[] => {
    const found = listing.packages.filter(({ origin }) => isPlainHttp(origin?.url));
    const [first] = found;
    const matches: Match[] = [];
    if (first !== undefined) {
      const more = found.length > 1 ? `, and ${found.length - 1} more` : '';
      matches.push(
        plainMatch(
          path,
          placeOf(path, first),
          `${named(first)} is fetched over plain http from ${hostOf(first.origin?.url ?? '')}${more}.`,
          first.origin?.url ?? '',
        ),
      );
    }
    for (const url of Object.values(listing.registries ?? {})) {
      if (isPlainHttp(url))
        matches.push(
          plainMatch(
            path,
            { file: path, line: 1, column: 1, endLine: 1, endColumn: 1 },
            `The registry ${url} is reached over plain http.`,
            url,
          ),
        );
    }
    return matches;
  });
}

function isPlainHttp(url: string | undefined): boolean {
  return (
    url !== undefined &&
    /^(?:git\+)?http:\/\//i.test(url) &&
    !/^(?:localhost|127\.|10\.|192\.168\.|\[?::1|[^.]+$)/.test(hostOf(url))
  );
}

function plainMatch(path: string, place: Place, message: string, url: string): Match {
  return {
    rule: 'plain-http-source',
    place,
    message,
    evidence: url,
    scope: path,
    identity: hostOf(url),
    fix: {
      kind: 'none',
      reason: 'whether the host speaks https has to be tried',
      followUp: 'Use https, or mirror the package.',
    },
  };
}

/** Names of a private registry that a public one may answer instead. */
export function findConfusion({ files }: Inventory): readonly Match[] {
  const bound = new Map<string, string>();
  for (const { path, listing } of files) {
    if (!path.endsWith('.npmrc')) continue;
    for (const [scope, url] of Object.entries(listing.registries ?? {}))
      if (scope.startsWith('@')) bound.set(scope, hostOf(url));
  }
  return files.flatMap(({ path, listing }): readonly Match[] => {
    if (listing.ecosystem === 'npm' && listing.role === 'lock') return confusedScopes(path, listing.packages, bound);
    const extra =
      listing.ecosystem === 'PyPI' && listing.format === 'requirements.txt' ? listing.registries?.['extra'] : undefined;
    const [first] = listing.packages;
    if (extra === undefined || first === undefined || listing.hasChecksums || isPublicIndex(extra)) return [];
    return [
      {
        rule: 'dependency-confusion',
        place: { file: path, line: 1, column: 1, endLine: 1, endColumn: 1 },
        message: `--extra-index-url ${extra.slice(0, 100)} is asked beside PyPI: whoever registers a private name there with a higher version is installed.`,
        evidence: `--extra-index-url ${extra}`,
        scope: path,
        identity: 'extra-index-url',
        severity: 'medium',
        fix: {
          kind: 'none',
          reason: 'only one index may answer for a name, and which one is not in the files',
          followUp: 'Use --index-url with an index that mirrors PyPI, or hashes (--require-hashes).',
        },
      },
    ];
  });
}

/** Indexes that anyone knows, of builds for a graphics card and the like. */
function isPublicIndex(url: string): boolean {
  return /(?:^|\.)(?:pypi\.org|pytorch\.org|nvidia\.com|piwheels\.org|anaconda\.org|test\.pypi\.org|dgl\.ai|googleapis\.com)$/.test(
    hostOf(url),
  );
}

function confusedScopes(
  path: string,
  packages: readonly ListedPackage[],
  bound: ReadonlyMap<string, string>,
): readonly Match[] {
  return packages.flatMap((one): readonly Match[] => {
    const scope = one.name.split('/')[0] ?? '';
    const wanted = bound.get(scope);
    const host = hostOf(one.origin?.url ?? '');
    if (wanted === undefined || NPM_REGISTRIES.has(wanted) || !NPM_REGISTRIES.has(host)) return [];
    return [
      {
        rule: 'dependency-confusion',
        place: placeOf(path, one),
        message: `${named(one)} was taken from ${host}, but .npmrc binds ${scope} to ${wanted}.`,
        evidence: one.evidence,
        scope: one.name,
        fix: {
          kind: 'none',
          reason: 'the entry has to be resolved with the registry that was meant',
          followUp: 'Remove the entry, install anew, and look at what the public package did.',
        },
      },
    ];
  });
}

/** Packages whose licence the policy forbids. */
export function findLicences({ components }: Inventory, policy: LicencePolicy): readonly Match[] {
  const seen = new Set<string>();
  return components.flatMap((component): readonly Match[] => {
    const reason = component.license === undefined ? undefined : deniedBy(policy, component.license);
    if (reason === undefined || seen.has(component.purl)) return [];
    seen.add(component.purl);
    return [
      {
        ...matchAt('license-denied', component),
        message: `${named(component)} is under ${component.license}: ${reason} by the policy.`,
        fix: {
          kind: 'none',
          reason: 'a licence is no matter of text',
          followUp: 'Replace the package, or have the policy changed.',
        },
      },
    ];
  });
}

/** Manifests that ask for what their lockfile does not have: someone changed one and not the other. */
export function findDrift({ files }: Inventory): readonly Match[] {
  const own = new Set(files.flatMap(({ listing }) => listing.project ?? []));
  return files.flatMap(({ path, listing }): readonly Match[] => {
    const isChecked = ['package.json', 'composer.json', 'Cargo.toml', 'pyproject.toml'].includes(listing.format);
    if (!isChecked) return [];
    const lock = files.find(
      (other) =>
        other.listing.role === 'lock' &&
        other.listing.ecosystem === listing.ecosystem &&
        posix.dirname(other.path) === posix.dirname(path) &&
        other.listing.format !== 'requirements.txt',
    );
    if (lock === undefined) return [];
    return driftOf(path, { listing, lock, own });
  });
}

function driftOf(
  path: string,
  {
    listing,
    lock,
    own,
  }: { readonly listing: InventoryFile['listing']; readonly lock: InventoryFile; readonly own: ReadonlySet<string> },
): readonly Match[] {
  const locked = new Map<string, string[]>();
  for (const one of lock.listing.packages) {
    const versions = locked.get(one.name) ?? [];
    locked.set(one.name, versions);
    if (one.version !== undefined) versions.push(one.version);
    if (one.origin !== undefined && one.origin.kind !== 'registry') versions.push('*');
  }
  const overrides = listing.overrides?.join(' ') ?? '';
  return listing.packages.flatMap((one): readonly Match[] => {
    if (one.scope === 'optional' || own.has(one.name) || overrides.includes(one.name)) return [];
    if (one.origin !== undefined && one.origin.kind !== 'registry') return [];
    const versions = locked.get(one.name);
    const asked = parseRequirement(one.ecosystem, one.requirement ?? '');
    if (asked === undefined) return [];
    if (versions === undefined && /^(?:workspace|catalog|link|file|portal):/.test(one.requirement ?? '')) return [];
    if (
      versions !== undefined &&
      (versions.includes('*') || versions.length === 0 || versions.some((version) => satisfies(asked, version)))
    )
      return [];
    const what = versions === undefined ? 'does not have it' : `has ${versions.slice(0, 3).join(', ')}`;
    return [
      {
        rule: 'lockfile-manifest-drift',
        place: placeOf(path, one),
        message: `${one.name} is asked for as ${one.requirement || 'any version'}, and ${posix.basename(lock.path)} ${what}.`,
        evidence: one.evidence,
        scope: one.name,
        fix: {
          kind: 'none',
          reason: 'the lockfile has to be resolved anew',
          followUp: 'Run the install of the package manager and check the lockfile in.',
        },
      },
    ];
  });
}
