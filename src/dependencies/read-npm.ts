import { parseRequirement } from '../advisory/index.ts';
import type { FileView } from '../finding/index.ts';
import { listed, originOf, splitDescriptor } from './listing.ts';
import type { ListedPackage, Listing, PackageScope } from './model.ts';
import { type Entry, entriesOf, isTrue, itemsOf, member, type Node, parseJson, textOf } from './node.ts';
import { Unreadable } from './failure.ts';

const ROOT = '';
const DEPENDENCY_KINDS: readonly (readonly [key: string, scope: PackageScope])[] = [
  ['dependencies', 'runtime'],
  ['optionalDependencies', 'optional'],
  ['devDependencies', 'development'],
];

/** `package-lock.json` and `npm-shrinkwrap.json`, versions 1 to 3. */
export function readPackageLock(file: FileView): Listing {
  const root = parseJson(file.text);
  if (root.kind !== 'map') throw new Unreadable('is no object', 0);
  const packages = member(root, 'packages');
  const project = textOf(member(root, 'name'));
  const projectVersion = textOf(member(root, 'version'));
  return {
    format: 'package-lock.json',
    role: 'lock',
    ecosystem: 'npm',
    hasChecksums: true,
    ...(project === undefined ? {} : { project }),
    ...(projectVersion === undefined ? {} : { projectVersion }),
    packages: packages === undefined ? readNested(file, root) : readFlat(file, packages),
  };
}

/** Versions 2 and 3: one entry for each place in `node_modules`. */
function readFlat(file: FileView, packages: Node): readonly ListedPackage[] {
  const entries = entriesOf(packages);
  const direct = directPaths(entries);
  const found: ListedPackage[] = [];
  for (const [path, { keyStart, keyEnd, value }] of entries) {
    const at = path.lastIndexOf('node_modules/');
    if (at < 0 || isTrue(member(value, 'link'))) continue;
    const installed = path.slice(at + 'node_modules/'.length);
    const name = textOf(member(value, 'name')) ?? installed;
    const resolved = textOf(member(value, 'resolved'));
    found.push(
      listed(file, 'npm', {
        name,
        version: textOf(member(value, 'version')),
        start: keyStart,
        end: keyEnd,
        key: path,
        needs: DEPENDENCY_KINDS.slice(0, 2).flatMap(([kind]) =>
          [...entriesOf(member(value, kind)).keys()].flatMap((needed) => resolvePath(entries, path, needed) ?? []),
        ),
        isDirect: direct.has(path),
        scope: scopeOf(value),
        origin: originOf(resolved),
        integrity: textOf(member(value, 'integrity')),
        license: licenseOf(member(value, 'license')),
        hasInstallScript: isTrue(member(value, 'hasInstallScript')),
        alias: name === installed ? undefined : installed,
      }),
    );
  }
  return found;
}

export function licenseOf(node: Node | undefined): string | undefined {
  if (node?.kind === 'list') {
    const names = node.items.flatMap((item) => textOf(item) ?? textOf(member(item, 'type')) ?? []);
    return names.length === 0 ? undefined : names.length === 1 ? names[0] : `(${names.join(' OR ')})`;
  }
  return textOf(node) ?? textOf(member(node, 'type'));
}

function scopeOf(value: Node): PackageScope {
  if (isTrue(member(value, 'dev'))) return 'development';
  if (isTrue(member(value, 'optional'))) return 'optional';
  return isTrue(member(value, 'devOptional')) ? 'development' : 'runtime';
}

type Entries = ReturnType<typeof entriesOf>;

/** What the project and its workspaces ask for. */
function directPaths(entries: Entries): ReadonlySet<string> {
  const direct = new Set<string>();
  for (const [path, { value }] of entries) {
    if (path.includes('node_modules/')) continue;
    for (const [kind] of DEPENDENCY_KINDS) {
      for (const name of entriesOf(member(value, kind)).keys()) {
        const found = resolvePath(entries, path, name);
        if (found !== undefined) direct.add(found);
      }
    }
  }
  return direct;
}

/** Where Node finds a package from a folder: in its own `node_modules` or in one above. */
function resolvePath(entries: Entries, from: string, name: string): string | undefined {
  for (let folder = from; ; ) {
    const path = folder === ROOT ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (entries.has(path)) return path;
    if (folder === ROOT) return undefined;
    const above = folder.lastIndexOf('/node_modules/');
    const slash = folder.lastIndexOf('/');
    folder =
      above >= 0
        ? folder.slice(0, above)
        : folder.includes('node_modules/') || slash < 0
          ? ROOT
          : folder.slice(0, slash);
  }
}

/** Version 1: a tree of what is installed, with what each requires. */
function readNested(file: FileView, root: Node): readonly ListedPackage[] {
  const flat = new Map<string, { readonly entry: Entry; readonly name: string }>();
  const visit = (node: Node | undefined, path: string) => {
    for (const [name, entry] of entriesOf(node)) {
      const own = path === ROOT ? `node_modules/${name}` : `${path}/node_modules/${name}`;
      flat.set(own, { entry, name });
      visit(member(entry.value, 'dependencies'), own);
    }
  };
  visit(member(root, 'dependencies'), ROOT);
  return [...flat].map(([path, { entry, name }]) => {
    const written = textOf(member(entry.value, 'version')) ?? '';
    // `npm:other@1.2.3` is another package under this name.
    const alias = written.startsWith('npm:') ? splitDescriptor(written.slice('npm:'.length)) : undefined;
    const isVersion = /^\d/.test(written);
    return listed(file, 'npm', {
      name: alias?.name ?? name,
      version: alias?.range ?? (isVersion ? written : undefined),
      start: entry.keyStart,
      end: entry.keyEnd,
      key: path,
      needs: [...entriesOf(member(entry.value, 'requires')).keys()].flatMap(
        (needed) => resolveNested(flat, path, needed) ?? [],
      ),
      scope: scopeOf(entry.value),
      origin: originOf(textOf(member(entry.value, 'resolved')) ?? (isVersion ? undefined : written)),
      integrity: textOf(member(entry.value, 'integrity')),
      alias: alias === undefined ? undefined : name,
    });
  });
}

function resolveNested(flat: ReadonlyMap<string, unknown>, from: string, name: string): string | undefined {
  for (let folder = from; ; ) {
    const path = folder === ROOT ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (flat.has(path)) return path;
    if (folder === ROOT) return undefined;
    const above = folder.lastIndexOf('/node_modules/');
    folder = above >= 0 ? folder.slice(0, above) : ROOT;
  }
}

/** `package.json`: what a project asks for. */
export function readPackageJson(file: FileView): Listing {
  const root = parseJson(file.text);
  if (root.kind !== 'map') throw new Unreadable('is no object', 0);
  const packages: ListedPackage[] = [];
  for (const [kind, scope] of DEPENDENCY_KINDS) {
    for (const [name, { keyStart, value }] of entriesOf(member(root, kind))) {
      const written = textOf(value);
      if (written === undefined) continue;
      packages.push(declaredNpm(file, name, written, { start: keyStart, end: value.end, scope }));
    }
  }
  const project = textOf(member(root, 'name'));
  const projectVersion = textOf(member(root, 'version'));
  return {
    format: 'package.json',
    role: 'manifest',
    ecosystem: 'npm',
    hasChecksums: false,
    packages,
    ...(project === undefined ? {} : { project }),
    ...(projectVersion === undefined ? {} : { projectVersion }),
    ...hooksOf(file, root),
    overrides: [
      ...entriesOf(member(root, 'overrides')).keys(),
      ...entriesOf(member(root, 'resolutions')).keys(),
      ...entriesOf(member(root, 'pnpm', 'overrides')).keys(),
    ],
  };
}

/** What npm runs by itself when others install the package. `prepare` runs for those who take it from its repository. */
const HOOKS = ['preinstall', 'install', 'postinstall', 'prepare'];

/** Of a longer one only the beginning is looked at. */
const COMMAND_CHARACTERS_MAX = 4000;

function hooksOf(file: FileView, root: Node): Pick<Listing, 'hooks'> {
  const hooks = HOOKS.flatMap((name) => {
    const entry = entriesOf(member(root, 'scripts')).get(name);
    const command = textOf(entry?.value)?.slice(0, COMMAND_CHARACTERS_MAX);
    if (entry === undefined || command === undefined) return [];
    const { file: _, ...place } = file.placeAt(entry.keyStart, entry.value.end);
    return [{ name, command, place }];
  });
  return hooks.length === 0 ? {} : { hooks };
}

export function declaredNpm(
  file: FileView,
  name: string,
  written: string,
  at: { readonly start: number; readonly end: number; readonly scope: PackageScope; readonly key?: string },
): ListedPackage {
  const alias = written.startsWith('npm:') ? splitDescriptor(written.slice('npm:'.length)) : undefined;
  const range = alias?.range ?? written;
  const requirement = parseRequirement('npm', range);
  const isHosted = requirement === undefined && /^[\w.-]+\/[\w.-]+(?:#.*)?$/.test(range);
  return listed(file, 'npm', {
    name: alias?.name ?? name,
    version: requirement?.exact,
    requirement: range,
    isDirect: true,
    origin: isHosted ? { kind: 'git', url: `github:${range}` } : originOf(range),
    alias: alias === undefined ? undefined : name,
    ...at,
  });
}

/** `.npmrc`: only which registry serves a scope; never a token. */
export function readNpmrc(file: FileView): Listing {
  const registries: { [scope: string]: string } = Object.create(null);
  for (const line of file.text.split('\n')) {
    const [, scope = '', url = ''] = /^\s*(?:(@[\w.-]+):)?registry\s*=\s*"?([^\s"]+)/.exec(line) ?? [];
    if (url !== '') registries[scope] = url.replace(/\/\/[^/@\s]*@/, '//');
  }
  const ignoresScripts = /^\s*ignore-scripts\s*=\s*true\b/m.test(file.text);
  return {
    format: '.npmrc',
    role: 'manifest',
    ecosystem: 'npm',
    hasChecksums: false,
    packages: [],
    registries: { ...registries },
    ...(ignoresScripts ? { ignoresScripts } : {}),
  };
}

/** `bun.lock`: JSON with trailing commas. */
export function readBunLock(file: FileView): Listing {
  const root = parseJson(file.text);
  const direct = new Set<string>();
  const development = new Set<string>();
  for (const { value } of entriesOf(member(root, 'workspaces')).values()) {
    for (const [kind, scope] of DEPENDENCY_KINDS) {
      for (const name of entriesOf(member(value, kind)).keys()) {
        direct.add(name);
        if (scope === 'development') development.add(name);
      }
    }
  }
  const entries = entriesOf(member(root, 'packages'));
  const packages: ListedPackage[] = [];
  for (const [path, { keyStart, keyEnd, value }] of entries) {
    const [descriptor, ...rest] = itemsOf(value);
    const { name, range } = splitDescriptor(textOf(descriptor) ?? '');
    if (name === '' || range.startsWith('workspace:')) continue;
    const info = rest.find((item) => item.kind === 'map');
    const hash = rest.map(textOf).find((text) => text !== undefined && /^sha\d+-/.test(text));
    const url = rest.map(textOf).find((text) => text !== undefined && /^https?:/.test(text));
    packages.push(
      listed(file, 'npm', {
        name,
        version: /^\d/.test(range) ? range : undefined,
        start: keyStart,
        end: keyEnd,
        key: path,
        needs: ['dependencies', 'optionalDependencies'].flatMap((kind) =>
          [...entriesOf(member(info, kind)).keys()].flatMap((needed) => resolveBun(entries, path, needed)),
        ),
        isDirect: direct.has(path),
        scope: development.has(path) ? 'development' : 'runtime',
        origin: originOf(url) ?? (/^\d/.test(range) ? undefined : originOf(range)),
        integrity: hash,
      }),
    );
  }
  return { format: 'bun.lock', role: 'lock', ecosystem: 'npm', hasChecksums: true, packages };
}

function resolveBun(entries: Entries, from: string, name: string): readonly string[] {
  const own = `${from}/${name}`;
  if (entries.has(own)) return [own];
  return entries.has(name) ? [name] : [];
}
