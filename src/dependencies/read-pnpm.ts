import type { FileView } from '../finding/index.ts';
import { Unreadable } from './failure.ts';
import { listed, originOf } from './listing.ts';
import type { ListedPackage, Listing, PackageScope } from './model.ts';
import { entriesOf, isTrue, member, type Node, textOf } from './node.ts';
import { parseYaml } from './yaml-node.ts';

const KINDS: readonly (readonly [key: string, scope: PackageScope])[] = [
  ['dependencies', 'runtime'],
  ['optionalDependencies', 'optional'],
  ['devDependencies', 'development'],
];

/** `pnpm-lock.yaml`, versions 5 to 9. */
export function readPnpmLock(file: FileView): Listing {
  const documents = parseYaml(file.text).filter(({ kind }) => kind === 'map');
  if (documents.every((root) => member(root, 'lockfileVersion') === undefined)) {
    throw new Unreadable('has no lockfileVersion', 0);
  }
  return {
    format: 'pnpm-lock.yaml',
    role: 'lock',
    ecosystem: 'npm',
    hasChecksums: true,
    packages: documents.flatMap((root) => readDocument(file, root)),
  };
}

function readDocument(file: FileView, root: Node): readonly ListedPackage[] {
  const entries = entriesOf(member(root, 'packages'));
  const snapshots = entriesOf(member(root, 'snapshots'));
  // Written with `resolution-mode: time-based`.
  const times = entriesOf(member(root, 'time'));
  const importers = [root, ...[...entriesOf(member(root, 'importers')).values()].map(({ value }) => value)];
  const direct = new Map<string, PackageScope>();
  for (const importer of importers) {
    for (const [kind, scope] of KINDS) {
      for (const [name, { value }] of entriesOf(member(importer, kind))) {
        const version = textOf(member(value, 'version')) ?? textOf(value) ?? '';
        const key = keyFor(name, version, entries, snapshots);
        if (key !== undefined && direct.get(key) !== 'runtime') direct.set(key, scope);
      }
    }
  }
  // With snapshots, one package may stand there several times, with other peers each.
  const instances = snapshots.size > 0 ? snapshots : entries;
  const development = snapshots.size > 0 ? reachableOnlyBy(direct, snapshots, entries) : undefined;
  const packages: ListedPackage[] = [];
  const seen = new Set<string>();
  for (const [key, instance] of instances) {
    const base = withoutPeers(key);
    const entry = snapshots.size > 0 ? (entries.get(base) ?? entries.get(key) ?? instance) : instance;
    const { name, version } = parseKey(base);
    const own = textOf(member(entry.value, 'name')) ?? name;
    const ownVersion = textOf(member(entry.value, 'version')) ?? version;
    if (own === '' || seen.has(key)) continue;
    seen.add(key);
    const tarball = textOf(member(entry.value, 'resolution', 'tarball'));
    const repository = textOf(member(entry.value, 'resolution', 'repo'));
    const isVersion = /^\d/.test(ownVersion);
    packages.push(
      listed(file, 'npm', {
        name: own,
        version: isVersion ? ownVersion : undefined,
        start: entry.keyStart,
        end: entry.keyEnd,
        key,
        needs: ['dependencies', 'optionalDependencies'].flatMap((kind) =>
          [...entriesOf(member(instance.value, kind))].flatMap(
            ([needed, { value }]) => keyFor(needed, textOf(value) ?? '', entries, snapshots) ?? [],
          ),
        ),
        isDirect: direct.has(key),
        scope: scopeOf(entry.value, development?.has(key) ?? false),
        origin:
          repository === undefined
            ? (originOf(tarball) ?? (isVersion ? undefined : originOf(ownVersion)))
            : { kind: 'git', url: repository },
        integrity:
          textOf(member(entry.value, 'resolution', 'integrity')) ?? textOf(member(entry.value, 'resolution', 'commit')),
        hasInstallScript: isTrue(member(entry.value, 'requiresBuild')),
        published: textOf((times.get(base) ?? times.get(key))?.value),
      }),
    );
  }
  return packages;
}

function scopeOf(entry: Node, isDevelopment: boolean): PackageScope {
  if (isDevelopment || isTrue(member(entry, 'dev'))) return 'development';
  return isTrue(member(entry, 'optional')) ? 'optional' : 'runtime';
}

type Entries = ReturnType<typeof entriesOf>;

/** Version 9 no longer says what is for development only: it is what nothing else reaches. */
function reachableOnlyBy(
  direct: ReadonlyMap<string, PackageScope>,
  snapshots: Entries,
  entries: Entries,
): ReadonlySet<string> {
  const shipped = new Set<string>();
  const pending = [...direct].flatMap(([key, scope]) => (scope === 'development' ? [] : [key]));
  for (let key = pending.pop(); key !== undefined; key = pending.pop()) {
    if (shipped.has(key)) continue;
    shipped.add(key);
    const value = snapshots.get(key)?.value;
    for (const kind of ['dependencies', 'optionalDependencies']) {
      for (const [name, entry] of entriesOf(member(value, kind))) {
        const next = keyFor(name, textOf(entry.value) ?? '', entries, snapshots);
        if (next !== undefined) pending.push(next);
      }
    }
  }
  return new Set([...snapshots.keys()].filter((key) => !shipped.has(key)));
}

/** The key of what an importer or a package names: the forms changed with each version. */
function keyFor(name: string, version: string, entries: Entries, snapshots: Entries): string | undefined {
  if (version === '' || version.startsWith('link:')) return undefined;
  const candidates = [
    `${name}@${version}`,
    version,
    `/${name}@${version}`,
    `/${name}/${version}`,
    `/${version}`,
    // In version 5, peers follow an underscore; in 6 and 9 they stand in parentheses.
    `/${name}/${version.replace(/_.*$/, '')}`,
    `${name}@${withoutPeers(version)}`,
    `/${name}@${withoutPeers(version)}`,
  ];
  return candidates.find((key) => snapshots.has(key) || entries.has(key));
}

function withoutPeers(key: string): string {
  const paren = key.indexOf('(');
  return paren < 0 ? key : key.slice(0, paren);
}

/** `/@scope/name/1.2.3_peer`, `/name@1.2.3(peer)`, `name@1.2.3`, `registry.example/name/1.2.3`. */
function parseKey(key: string): { readonly name: string; readonly version: string } {
  const bare = key.replace(/^\//, '').replace(/^[^/@]+\.[^/@]+\/(?=@?[^/]+\/)/, '');
  // Of version 5: what follows an underscore are peers, which may hold an `@` themselves.
  const [, oldName, oldVersion] = /^((?:@[^/]+\/)?[^/@]+)\/(\d[^_/]*)(?:_.*)?$/.exec(bare) ?? [];
  if (oldName !== undefined && oldVersion !== undefined) return { name: oldName, version: oldVersion };
  const at = bare.indexOf('@', 1);
  return at < 0 ? { name: '', version: '' } : { name: bare.slice(0, at), version: bare.slice(at + 1) };
}
