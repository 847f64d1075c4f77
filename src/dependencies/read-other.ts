import { parseRequirement } from '../advisory/index.ts';
import type { FileView } from '../finding/index.ts';
import { Unreadable } from './failure.ts';
import { listed, originOf } from './listing.ts';
import type { ListedPackage, Listing, PackageOrigin } from './model.ts';
import { entriesOf, itemsOf, member, parseJson, textOf } from './node.ts';
import { licenseOf } from './read-npm.ts';
import { parseYaml } from './yaml-node.ts';

/** `composer.lock`. */
export function readComposerLock(file: FileView): Listing {
  const root = parseJson(file.text);
  const packages = (['packages', 'packages-dev'] as const).flatMap((section) =>
    itemsOf(member(root, section)).map((item) => {
      const name = textOf(member(item, 'name')) ?? '';
      const at = member(item, 'name') ?? item;
      const dist = textOf(member(item, 'dist', 'url'));
      const isPath = textOf(member(item, 'dist', 'type')) === 'path';
      return listed(file, 'Packagist', {
        name,
        version: textOf(member(item, 'version'))?.replace(/^v(?=\d)/, ''),
        start: at.start,
        end: at.end,
        key: name.toLowerCase(),
        needs: [...entriesOf(member(item, 'require')).keys()].map((need) => need.toLowerCase()),
        scope: section === 'packages-dev' ? 'development' : 'runtime',
        origin: isPath ? { kind: 'path' } : composerOrigin(dist),
        integrity: textOf(member(item, 'dist', 'shasum')) || textOf(member(item, 'dist', 'reference')),
        license: licenseOf(member(item, 'license')),
      });
    }),
  );
  return { format: 'composer.lock', role: 'lock', ecosystem: 'Packagist', hasChecksums: false, packages };
}

/** Packagist itself hosts nothing: archives come from where the code lies. */
function composerOrigin(url: string | undefined): PackageOrigin | undefined {
  return url === undefined ? undefined : { kind: 'registry', url };
}

/** `composer.json`. */
export function readComposerJson(file: FileView): Listing {
  const root = parseJson(file.text);
  const packages = (['require', 'require-dev'] as const).flatMap((section) =>
    [...entriesOf(member(root, section))].flatMap(([name, { keyStart, value }]): readonly ListedPackage[] => {
      // Without a slash it is PHP itself or one of its extensions.
      if (!name.includes('/')) return [];
      const written = textOf(value) ?? '';
      return [
        listed(file, 'Packagist', {
          name,
          version: parseRequirement('Packagist', written)?.exact,
          requirement: written,
          start: keyStart,
          end: value.end,
          isDirect: true,
          scope: section === 'require-dev' ? 'development' : 'runtime',
        }),
      ];
    }),
  );
  const project = textOf(member(root, 'name'));
  return {
    format: 'composer.json',
    role: 'manifest',
    ecosystem: 'Packagist',
    hasChecksums: false,
    packages,
    ...(project === undefined ? {} : { project }),
  };
}

/** `Gemfile.lock` and `gems.locked`. */
export function readGemfileLock(file: FileView): Listing {
  const direct = new Set<string>();
  const drafts: {
    name: string;
    version: string;
    start: number;
    end: number;
    needs: string[];
    origin: PackageOrigin | undefined;
  }[] = [];
  const checksums = new Map<string, string>();
  let section = '';
  let remote = '';
  let offset = 0;
  for (const raw of file.text.split('\n')) {
    const start = offset;
    offset += raw.length + 1;
    const line = raw.trimEnd();
    if (line === '') continue;
    if (/^(?:<<<<<<<|>>>>>>>)/.test(line)) throw new Unreadable('holds a merge conflict', start);
    if (!line.startsWith(' ')) {
      section = line;
      remote = '';
    } else if (/^ {2}remote: /.test(line)) remote = line.slice('  remote: '.length);
    else if (section === 'DEPENDENCIES') direct.add(/^ {2}([^\s!(]+)/.exec(line)?.[1] ?? '');
    else if (section === 'CHECKSUMS') {
      const [, name = '', version = '', hash] = /^ {2}(\S+) \(([^)]+)\) (\S+)/.exec(line) ?? [];
      if (hash !== undefined) checksums.set(`${name} ${version}`, hash);
    } else if (/^(?:GEM|GIT|PATH|PLUGIN SOURCE)$/.test(section)) {
      const [, name, version] = /^ {4}(\S+) \(([^)]+)\)$/.exec(line) ?? [];
      const need = /^ {6}(\S+)/.exec(line)?.[1];
      if (name !== undefined && version !== undefined) {
        const origin: PackageOrigin | undefined =
          section === 'GIT'
            ? { kind: 'git', url: remote }
            : section === 'PATH'
              ? { kind: 'path', url: remote }
              : originOf(remote);
        drafts.push({ name, version, start: start + 4, end: start + line.length, needs: [], origin });
      } else if (need !== undefined) drafts.at(-1)?.needs.push(need);
    }
  }
  const packages = drafts.map((draft) =>
    listed(file, 'RubyGems', {
      ...draft,
      // `1.2.3-x86_64-linux` is the build of 1.2.3 for a platform.
      version: draft.version.replace(
        /-(?:x86|x64|arm|aarch64|universal|java|mswin|mingw|darwin|linux|ruby|powerpc).*$/,
        '',
      ),
      key: draft.name,
      isDirect: direct.has(draft.name),
      integrity: checksums.get(`${draft.name} ${draft.version}`),
    }),
  );
  return { format: 'Gemfile.lock', role: 'lock', ecosystem: 'RubyGems', hasChecksums: checksums.size > 0, packages };
}

/** `pubspec.lock`. */
export function readPubspecLock(file: FileView): Listing {
  const [root] = parseYaml(file.text);
  const packages: ListedPackage[] = [];
  for (const [name, { keyStart, keyEnd, value }] of entriesOf(member(root, 'packages'))) {
    const source = textOf(member(value, 'source'));
    if (source === 'sdk') continue;
    const kind = textOf(member(value, 'dependency')) ?? '';
    const url = textOf(member(value, 'description', 'url'));
    packages.push(
      listed(file, 'Pub', {
        name,
        version: textOf(member(value, 'version')),
        start: keyStart,
        end: keyEnd,
        isDirect: kind.startsWith('direct'),
        scope: kind === 'direct dev' ? 'development' : 'runtime',
        origin:
          source === 'git' ? { kind: 'git', url: url ?? '' } : source === 'path' ? { kind: 'path' } : originOf(url),
        integrity: textOf(member(value, 'description', 'sha256')),
      }),
    );
  }
  return { format: 'pubspec.lock', role: 'lock', ecosystem: 'Pub', hasChecksums: true, packages };
}

/** `mix.lock`: an Elixir map of tuples, one in a line. */
export function readMixLock(file: FileView): Listing {
  const packages: ListedPackage[] = [];
  if (!/^\s*%\{/.test(file.text) || !file.text.trimEnd().endsWith('}')) throw new Unreadable('is no map of Elixir', 0);
  const form =
    /^[ \t]*"([^"]+)":\s*\{:(hex|git),\s*(?::(?:"([^"]+)"|(\w+))|"([^"]*)")\s*,\s*"([^"]*)"(?:\s*,\s*"([0-9a-f]*)")?(.*)$/gm;
  for (const found of file.text.matchAll(form)) {
    const [whole, app = '', kind, quotedName, name, url, version, hash, rest = ''] = found;
    const start = found.index + (/^\s*/.exec(whole)?.[0].length ?? 0);
    packages.push(
      listed(file, 'Hex', {
        name: quotedName ?? name ?? app,
        version: kind === 'hex' ? version : undefined,
        start,
        end: start + app.length + 2,
        key: app,
        needs: [...rest.matchAll(/\{:(\w+),\s*"/g)].flatMap(([, need]) => need ?? []),
        origin: kind === 'git' ? { kind: 'git', url: url ?? '' } : undefined,
        integrity: kind === 'git' ? version : hash,
      }),
    );
  }
  return { format: 'mix.lock', role: 'lock', ecosystem: 'Hex', hasChecksums: true, packages };
}

/** `Package.resolved` of Swift, versions 1 to 3. */
export function readPackageResolved(file: FileView): Listing {
  const root = parseJson(file.text);
  const pins = [...itemsOf(member(root, 'pins')), ...itemsOf(member(root, 'object', 'pins'))];
  const packages = pins.flatMap((pin): readonly ListedPackage[] => {
    const at = member(pin, 'location') ?? member(pin, 'repositoryURL');
    const url = textOf(at);
    if (at === undefined || url === undefined || textOf(member(pin, 'kind')) === 'localSourceControl') return [];
    return [
      listed(file, 'SwiftURL', {
        name: url,
        version: textOf(member(pin, 'state', 'version')),
        start: at.start,
        end: at.end,
        integrity: textOf(member(pin, 'state', 'revision')),
      }),
    ];
  });
  return { format: 'Package.resolved', role: 'lock', ecosystem: 'SwiftURL', hasChecksums: true, packages };
}

/** `renv.lock` of R. */
export function readRenvLock(file: FileView): Listing {
  const root = parseJson(file.text);
  const packages = [...entriesOf(member(root, 'Packages'))].map(([name, { keyStart, keyEnd, value }]) => {
    const isCran = textOf(member(value, 'Source')) === 'Repository';
    return listed(file, 'CRAN', {
      name,
      version: textOf(member(value, 'Version')),
      start: keyStart,
      end: keyEnd,
      key: name,
      needs: itemsOf(member(value, 'Requirements')).flatMap((need) => textOf(need) ?? []),
      origin: isCran ? undefined : { kind: 'git', url: textOf(member(value, 'RemoteUrl')) ?? '' },
      integrity: textOf(member(value, 'Hash')),
    });
  });
  return { format: 'renv.lock', role: 'lock', ecosystem: 'CRAN', hasChecksums: true, packages };
}
