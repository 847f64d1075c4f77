import type { XmlElement } from '@rgrove/parse-xml';
import { parseRequirement } from '../advisory/index.ts';
import type { FileView } from '../finding/index.ts';
import { listed, splitDescriptor } from './listing.ts';
import type { ListedPackage, Listing } from './model.ts';
import { entriesOf, itemsOf, member, type Node, parseJson, textOf } from './node.ts';
import { children, descendants, parseXml, textIn } from './xml.ts';

/** `packages.lock.json`: for each framework what is resolved. */
export function readPackagesLock(file: FileView): Listing {
  const root = parseJson(file.text);
  const packages: ListedPackage[] = [];
  const seen = new Set<string>();
  for (const { value: framework } of entriesOf(member(root, 'dependencies')).values()) {
    const versions = new Map(
      [...entriesOf(framework)].map(([name, { value }]) => [
        name.toLowerCase(),
        textOf(member(value, 'resolved')) ?? '',
      ]),
    );
    for (const [name, { keyStart, keyEnd, value }] of entriesOf(framework)) {
      const type = textOf(member(value, 'type'));
      const version = textOf(member(value, 'resolved'));
      const key = `${name.toLowerCase()}@${version ?? ''}`;
      if (type === 'Project' || version === undefined || seen.has(key)) continue;
      seen.add(key);
      packages.push(
        listed(file, 'NuGet', {
          name,
          version,
          start: keyStart,
          end: keyEnd,
          key,
          needs: [...entriesOf(member(value, 'dependencies')).keys()].map(
            (need) => `${need.toLowerCase()}@${versions.get(need.toLowerCase()) ?? ''}`,
          ),
          isDirect: type === 'Direct',
          integrity: textOf(member(value, 'contentHash')),
        }),
      );
    }
  }
  return { format: 'packages.lock.json', role: 'lock', ecosystem: 'NuGet', hasChecksums: true, packages };
}

/** `project.assets.json`, which a restore leaves in `obj`. */
export function readProjectAssets(file: FileView): Listing {
  const root = parseJson(file.text);
  const direct = new Set<string>();
  for (const { value } of entriesOf(member(root, 'project', 'frameworks')).values()) {
    for (const name of entriesOf(member(value, 'dependencies')).keys()) direct.add(name.toLowerCase());
  }
  const libraries = [...entriesOf(member(root, 'libraries'))].filter(
    ([, { value }]) => textOf(member(value, 'type')) === 'package',
  );
  const packages = libraries.map(([key, { keyStart, keyEnd, value }]) => {
    const [name = '', version] = key.split('/');
    return listed(file, 'NuGet', {
      name,
      version,
      start: keyStart,
      end: keyEnd,
      key: key.toLowerCase(),
      needs: needsOf(root, key),
      isDirect: direct.has(name.toLowerCase()),
      integrity: textOf(member(value, 'sha512')),
    });
  });
  return { format: 'project.assets.json', role: 'lock', ecosystem: 'NuGet', hasChecksums: true, packages };
}

function needsOf(root: Node, key: string): readonly string[] {
  for (const { value: target } of entriesOf(member(root, 'targets')).values()) {
    const entry = entriesOf(target).get(key)?.value;
    if (entry === undefined) continue;
    const names = new Set([...entriesOf(member(entry, 'dependencies')).keys()].map((name) => name.toLowerCase()));
    return [...entriesOf(target).keys()]
      .map((one) => one.toLowerCase())
      .filter((one) => names.has(one.split('/')[0] ?? ''));
  }
  return [];
}

/** `packages.config`, of projects in the old form: it holds every package with its version. */
export function readPackagesConfig(file: FileView): Listing {
  const packages = children(parseXml(file.text), 'package').flatMap((one): readonly ListedPackage[] => {
    const { id, version, developmentDependency } = attributes(one);
    if (id === undefined) return [];
    const scope = developmentDependency === 'true' ? 'development' : 'runtime';
    return [listed(file, 'NuGet', { name: id, version, start: one.start, end: one.end, scope })];
  });
  return { format: 'packages.config', role: 'lock', ecosystem: 'NuGet', hasChecksums: false, packages };
}

type Attributes = { readonly [name: string]: string | undefined };

function attributes(element: XmlElement): Attributes {
  return element.attributes;
}

/** `*.csproj`, `*.fsproj`, `*.vbproj`, `Directory.Build.props`, `Directory.Packages.props`. */
export function readMsbuild(file: FileView): Listing {
  const root = parseXml(file.text);
  const properties = new Map<string, string>();
  for (const group of children(root, 'PropertyGroup')) {
    for (const property of children(group)) properties.set(property.name, textIn(group, property.name) ?? '');
  }
  const expand = (written: string) =>
    written.replaceAll(/\$\((\w+)\)/g, (whole, name: string) => properties.get(name) ?? whole);
  const versionOf = (element: XmlElement) => {
    const { Version, VersionOverride } = attributes(element);
    return expand(VersionOverride ?? Version ?? textIn(element, 'Version') ?? '');
  };
  const packages = [...descendants(root, 'PackageReference'), ...descendants(root, 'GlobalPackageReference')].flatMap(
    (one): readonly ListedPackage[] => {
      const { Include, PrivateAssets } = attributes(one);
      if (Include === undefined || Include.includes('$(')) return [];
      const written = versionOf(one);
      const isPrivate = (PrivateAssets ?? textIn(one, 'PrivateAssets') ?? '').toLowerCase() === 'all';
      return [
        listed(file, 'NuGet', {
          name: Include,
          version: parseRequirement('NuGet', written)?.exact,
          requirement: written,
          start: one.start,
          end: one.end,
          isDirect: true,
          scope: isPrivate ? 'development' : 'runtime',
        }),
      ];
    },
  );
  const central: { [name: string]: string } = Object.create(null);
  for (const one of descendants(root, 'PackageVersion')) {
    const { Include } = attributes(one);
    if (Include !== undefined) central[Include.toLowerCase()] = versionOf(one);
  }
  const name = file.path.slice(file.path.lastIndexOf('/') + 1);
  return {
    format: /^Directory\./i.test(name) ? name : `*.${name.slice(name.lastIndexOf('.') + 1)}`,
    role: 'manifest',
    ecosystem: 'NuGet',
    hasChecksums: false,
    packages,
    ...(Object.keys(central).length === 0 ? {} : { central: { ...central } }),
  };
}

/** `conan.lock`, versions 1 and 2. */
export function readConanLock(file: FileView): Listing {
  const root = parseJson(file.text);
  const packages: ListedPackage[] = [];
  const take = (node: Node, reference: string, scope: 'runtime' | 'build') => {
    const { name, version } = reference.includes('/')
      ? { name: reference.slice(0, reference.indexOf('/')), version: /^[^/]+\/([^@#%:]+)/.exec(reference)?.[1] }
      : { ...splitDescriptor(reference), version: undefined };
    if (name !== '' && version !== undefined) {
      packages.push(
        listed(file, 'ConanCenter', {
          name,
          version,
          start: node.start,
          end: node.end,
          scope,
          integrity: /#([0-9a-f]+)/.exec(reference)?.[1],
        }),
      );
    }
  };
  for (const item of itemsOf(member(root, 'requires'))) take(item, textOf(item) ?? '', 'runtime');
  for (const item of itemsOf(member(root, 'build_requires'))) take(item, textOf(item) ?? '', 'build');
  for (const { value } of entriesOf(member(root, 'graph_lock', 'nodes')).values()) {
    const reference = [member(value, 'ref'), member(value, 'pref')].find((one) => textOf(one) !== undefined);
    // What has a path is the project itself.
    if (reference !== undefined && member(value, 'path') === undefined)
      take(reference, textOf(reference) ?? '', 'runtime');
  }
  return { format: 'conan.lock', role: 'lock', ecosystem: 'ConanCenter', hasChecksums: false, packages };
}
