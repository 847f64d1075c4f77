import { posix } from 'node:path';
import { parseRequirement } from '../advisory/index.ts';
import type { Place } from '../finding/index.ts';
import { resolveMaven } from './maven-resolve.ts';
import type { DependencyFacts, ListedPackage, Listing } from './model.ts';
import { purlOf } from './purl.ts';

/** A package of the tree, at one place. */
export type Component = Omit<ListedPackage, 'place' | 'isDirect'> & {
  readonly purl: string;
  readonly place: Place;
  readonly format: string;
  readonly role: Listing['role'];
  readonly isDirect: boolean;
  /** Names from what the project asks for down to this package, which is the last. */
  readonly path: readonly string[];
  /** purls of what it needs. */
  readonly dependsOn: readonly string[];
};

export type InventoryFile = { readonly path: string; readonly listing: Listing; readonly isLocked: boolean };

/** Everything that a tree depends on, as far as its files tell. */
export type Inventory = {
  readonly components: readonly Component[];
  readonly files: readonly InventoryFile[];
};

/** Makes the inventory of what was read in each file. Sorted by path and place. */
export function inventoryOf(facts: ReadonlyMap<string, DependencyFacts>): Inventory {
  const listings = new Map(
    [...facts].flatMap(([path, { listing }]) => (listing === undefined ? [] : [[path, listing] as const])),
  );
  const maven = resolveMaven(listings);
  const locks = [...listings].filter(([, { role }]) => role === 'lock');
  const files = [...listings].map(([path, listing]): InventoryFile => {
    const packages = maven.get(path) ?? centralVersions(path, constrained(path, listing, listings), listings);
    return {
      path,
      listing: { ...listing, packages },
      isLocked: listing.role === 'lock' || isCovered(path, listing, locks),
    };
  });
  const components = files.flatMap((file) => {
    // What a manifest asks for is in the lockfile, with its version.
    if (file.listing.role === 'manifest' && file.isLocked) return [];
    return componentsOf(file, directNames(file, files));
  });
  return { components, files };
}

/** A lockfile speaks for manifests of its ecosystem in its folder and below. */
function isCovered(path: string, { ecosystem }: Listing, locks: readonly (readonly [string, Listing])[]): boolean {
  const folder = posix.dirname(path);
  return locks.some(([lockPath, lock]) => {
    if (lock.ecosystem !== ecosystem) return false;
    const lockFolder = posix.dirname(lockPath).replace(/\/(?:gradle\/dependency-locks|obj)$/, '');
    if (lock.format === 'requirements.txt') return lockFolder === folder;
    return lockFolder === folder || lockFolder === '.' || folder.startsWith(`${lockFolder}/`);
  });
}

/** Names that the manifests of a lockfile ask for: some lockfiles do not say it. */
function directNames(file: InventoryFile, files: readonly InventoryFile[]): ReadonlySet<string> {
  const folder = posix.dirname(file.path);
  const names = files
    .filter(({ path, listing }) => {
      if (listing.role !== 'manifest' || listing.ecosystem !== file.listing.ecosystem) return false;
      const own = posix.dirname(path);
      return own === folder || folder === '.' || own.startsWith(`${folder}/`);
    })
    .flatMap(({ listing }) => listing.packages.map(({ name }) => name));
  return new Set(names);
}

function componentsOf({ path, listing }: InventoryFile, direct: ReadonlySet<string>): readonly Component[] {
  const { packages } = listing;
  const byKey = new Map(packages.map((one) => [one.key, one]));
  const isDirect = (one: ListedPackage) =>
    one.isDirect ?? (direct.size > 0 ? direct.has(one.name) : listing.role === 'manifest');
  const roots = packages.filter(isDirect);
  const paths = pathsFrom(roots.length > 0 ? roots : unneeded(packages), byKey);
  const purls = new Map(packages.map((one) => [one.key, purlOf(one.ecosystem, one.name, one.version)]));
  return packages.map((one) => {
    const { place, isDirect: _, ...rest } = one;
    return {
      ...rest,
      purl: purls.get(one.key) ?? purlOf(one.ecosystem, one.name, one.version),
      place: { file: path, ...place },
      format: listing.format,
      role: listing.role,
      isDirect: isDirect(one),
      path: paths.get(one.key) ?? [one.name],
      dependsOn: one.needs.flatMap((key) => purls.get(key) ?? []),
    };
  });
}

function unneeded(packages: readonly ListedPackage[]): readonly ListedPackage[] {
  const needed = new Set(packages.flatMap(({ needs }) => needs));
  return packages.filter(({ key }) => !needed.has(key));
}

/** The shortest way from a root to each package. */
function pathsFrom(
  roots: readonly ListedPackage[],
  byKey: ReadonlyMap<string, ListedPackage>,
): ReadonlyMap<string, readonly string[]> {
  const paths = new Map<string, readonly string[]>();
  const queue: ListedPackage[] = [];
  for (const root of roots) {
    if (paths.has(root.key)) continue;
    paths.set(root.key, [root.name]);
    queue.push(root);
  }
  for (let at = 0; at < queue.length; at += 1) {
    const from = queue[at];
    if (from === undefined) break;
    const path = paths.get(from.key) ?? [];
    for (const key of from.needs) {
      const next = byKey.get(key);
      if (next === undefined || paths.has(key)) continue;
      paths.set(key, [...path, next.name]);
      queue.push(next);
    }
  }
  return paths;
}

/** Requirements without a version take that of the constraints file that theirs names. */
function constrained(path: string, listing: Listing, listings: ReadonlyMap<string, Listing>): Listing {
  const constraints = (listing.includes ?? [])
    .filter(({ isConstraint }) => isConstraint)
    .flatMap((include) => listings.get(include.path)?.packages ?? []);
  if (constraints.length === 0) return listing;
  const pins = new Map(constraints.flatMap((one) => (one.version === undefined ? [] : [[one.name, one] as const])));
  return {
    ...listing,
    packages: listing.packages.map((one) => {
      const pin = one.version === undefined ? pins.get(one.name) : undefined;
      return pin?.version === undefined || path === '' ? one : { ...one, version: pin.version };
    }),
  };
}

/** Projects of .NET may leave versions to the `Directory.Packages.props` in a folder above. */
function centralVersions(
  path: string,
  listing: Listing,
  listings: ReadonlyMap<string, Listing>,
): readonly ListedPackage[] {
  if (listing.ecosystem !== 'NuGet' || listing.packages.every(({ requirement }) => requirement !== ''))
    return listing.packages;
  let central: Listing['central'];
  for (let folder = posix.dirname(path); central === undefined; folder = posix.dirname(folder)) {
    central = listings.get(posix.join(folder, 'Directory.Packages.props'))?.central;
    if (folder === '.' || folder === '/') break;
  }
  if (central === undefined) return listing.packages;
  const versions = central;
  return listing.packages.map((one) => {
    const written = one.requirement === '' && Object.hasOwn(versions, one.name) ? versions[one.name] : undefined;
    const version = written === undefined ? undefined : parseRequirement('NuGet', written)?.exact;
    return written === undefined
      ? one
      : { ...one, requirement: written, ...(version === undefined ? {} : { version }) };
  });
}
