import type { FileView } from '../finding/index.ts';
import { listed } from './listing.ts';
import type { ListedPackage, Listing, PackageOrigin, PackageScope } from './model.ts';
import { headerOffsets, keySpan, parseToml, type Table, table, tableSpan, tables, text, texts } from './read-toml.ts';
import { parseRequirement } from '../advisory/index.ts';

/** `Cargo.lock`, all versions. */
export function readCargoLock(file: FileView): Listing {
  const root = parseToml(file.text);
  const entries = tables(root['package']);
  const offsets = headerOffsets(file.text, 'package');
  const checksums = table(root['metadata']);
  const byName = new Map<string, string[]>();
  for (const entry of entries) {
    const name = text(entry['name']) ?? '';
    byName.set(name, [...(byName.get(name) ?? []), keyOf(entry)]);
  }
  // `name`, `name version` or `name version (source)`: as much as it takes to tell it from others.
  const needsOf = (entry: Table) =>
    texts(entry['dependencies']).flatMap((need) => {
      const [name = '', version] = need.split(' ');
      const known = byName.get(name) ?? [];
      return version === undefined ? known : known.filter((key) => key === `${name}@${version}`);
    });
  const own = entries.filter((entry) => entry['source'] === undefined);
  const direct = new Set(own.flatMap(needsOf));
  const ownKeys = new Set(own.map(keyOf));
  const packages = entries.flatMap((entry, at): readonly ListedPackage[] => {
    if (entry['source'] === undefined) return [];
    const from = offsets.length === entries.length ? (offsets[at] ?? 0) : 0;
    const source = text(entry['source']) ?? '';
    const isCratesIo = /github\.com\/rust-lang\/crates\.io-index|index\.crates\.io/.test(source);
    const origin: PackageOrigin | undefined = source.startsWith('git+')
      ? { kind: 'git', url: source }
      : isCratesIo
        ? undefined
        : { kind: 'registry', url: source.replace(/^(?:registry|sparse)\+/, '') };
    return [
      listed(file, 'crates.io', {
        name: text(entry['name']) ?? '',
        version: text(entry['version']),
        ...keySpan(file.text, 'name', from, offsets[at + 1] ?? file.text.length),
        key: keyOf(entry),
        needs: needsOf(entry).filter((key) => !ownKeys.has(key)),
        isDirect: direct.has(keyOf(entry)),
        origin,
        integrity:
          text(entry['checksum']) ??
          text(checksums[`checksum ${text(entry['name'])} ${text(entry['version'])} (${source})`]),
      }),
    ];
  });
  const [first] = own;
  const [project, projectVersion] = [text(first?.['name']), text(first?.['version'])];
  return {
    format: 'Cargo.lock',
    role: 'lock',
    ecosystem: 'crates.io',
    hasChecksums: true,
    packages,
    ...(project === undefined || own.length > 1 ? {} : { project }),
    ...(projectVersion === undefined || own.length > 1 ? {} : { projectVersion }),
  };
}

function keyOf(entry: Table): string {
  return `${text(entry['name']) ?? ''}@${text(entry['version']) ?? ''}`;
}

const SECTIONS: readonly (readonly [key: string, scope: PackageScope])[] = [
  ['dependencies', 'runtime'],
  ['dev-dependencies', 'development'],
  ['build-dependencies', 'build'],
];

/** `Cargo.toml`: of a package, of its targets and of a workspace. */
export function readCargoToml(file: FileView): Listing {
  const root = parseToml(file.text);
  const packages: ListedPackage[] = [];
  const take = (holder: Table, prefix: string) => {
    for (const [key, scope] of SECTIONS) {
      const { from, until } = tableSpan(file.text, `${prefix}${key}`);
      for (const [name, value] of Object.entries(table(holder[key]))) {
        const fields = table(value);
        if (fields['workspace'] === true || fields['path'] !== undefined) continue;
        const written = text(value) ?? text(fields['version']) ?? '';
        const git = text(fields['git']);
        packages.push(
          listed(file, 'crates.io', {
            name: text(fields['package']) ?? name,
            version: parseRequirement('crates.io', written)?.exact,
            requirement: written,
            ...keySpan(file.text, name, from, until),
            isDirect: true,
            scope: fields['optional'] === true ? 'optional' : scope,
            origin: git === undefined ? undefined : { kind: 'git', url: git },
            alias: fields['package'] === undefined ? undefined : name,
          }),
        );
      }
    }
  };
  take(root, '');
  take(table(root['workspace']), 'workspace.');
  for (const [target, holder] of Object.entries(table(root['target']))) take(table(holder), `target.${target}.`);
  const project = text(table(root['package'])['name']);
  return {
    format: 'Cargo.toml',
    role: 'manifest',
    ecosystem: 'crates.io',
    hasChecksums: false,
    packages,
    ...(project === undefined ? {} : { project }),
  };
}
