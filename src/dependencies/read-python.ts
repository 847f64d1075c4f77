import { parseRequirement } from '../advisory/index.ts';
import type { FileView } from '../finding/index.ts';
import { listed, originOf, type PackageDraft } from './listing.ts';
import type { ListedPackage, Listing, PackageOrigin, PackageScope } from './model.ts';
import { entriesOf, itemsOf, member, parseJson, textOf } from './node.ts';
import { parsePep508 } from './read-requirements.ts';
import { headerOffsets, keySpan, parseToml, type Table, table, tableSpan, tables, text, texts } from './read-toml.ts';
import { parseYaml } from './yaml-node.ts';

function normal(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]+/g, '-');
}

/** The packages of a TOML lockfile with their places. */
function lockedTables(
  source: string,
  root: Table,
  key: string,
): readonly { readonly entry: Table; readonly start: number; readonly end: number }[] {
  const entries = tables(root[key]);
  const offsets = headerOffsets(source, key);
  return entries.map((entry, at) => {
    // A header within a text would shift the count; then no place is better than a wrong one.
    const from = offsets.length === entries.length ? (offsets[at] ?? 0) : 0;
    return { entry, ...keySpan(source, 'name', from, offsets[at + 1] ?? source.length) };
  });
}

/** `poetry.lock`. */
export function readPoetryLock(file: FileView): Listing {
  const root = parseToml(file.text);
  const hashes = table(table(root['metadata'])['files']);
  return {
    format: 'poetry.lock',
    role: 'lock',
    ecosystem: 'PyPI',
    hasChecksums: true,
    packages: lockedTables(file.text, root, 'package').map(({ entry, start, end }) => {
      const name = text(entry['name']) ?? '';
      const source = table(entry['source']);
      const groups = texts(entry['groups']);
      const isDevelopment = entry['category'] === 'dev' || (groups.length > 0 && !groups.includes('main'));
      return listed(file, 'PyPI', {
        name,
        version: text(entry['version']),
        start,
        end,
        key: normal(name),
        needs: Object.keys(table(entry['dependencies'])).map(normal),
        scope: isDevelopment ? 'development' : entry['optional'] === true ? 'optional' : 'runtime',
        origin: poetryOrigin(source),
        integrity: hashOf(entry['files']) ?? hashOf(hashes[name]),
      });
    }),
  };
}

function poetryOrigin(source: Table): PackageOrigin | undefined {
  const url = text(source['url']);
  if (url === undefined) return undefined;
  switch (source['type']) {
    case 'git':
      return { kind: 'git', url };
    case 'directory':
    case 'file':
      return { kind: 'path', url };
    case 'url':
      return { kind: 'url', url };
    default:
      return { kind: 'registry', url };
  }
}

function hashOf(files: unknown): string | undefined {
  return tables(files).flatMap((entry) => text(entry['hash']) ?? [])[0];
}

/** The first file of a version says when it was published. */
function firstUpload(entry: Table): string | undefined {
  return [table(entry['sdist']), ...tables(entry['wheels'])]
    .flatMap((file) => text(file['upload-time']) ?? [])
    .sort()[0];
}

/** `uv.lock`. */
export function readUvLock(file: FileView): Listing {
  const root = parseToml(file.text);
  const locked = lockedTables(file.text, root, 'package');
  const isOwn = (entry: Table) =>
    ['editable', 'virtual', 'directory'].some((key) => table(entry['source'])[key] !== undefined);
  const direct = new Set<string>();
  const development = new Set<string>();
  for (const { entry } of locked.filter((one) => isOwn(one.entry))) {
    for (const { name } of uvNeeds(entry['dependencies'])) direct.add(name);
    for (const group of Object.values(table(entry['optional-dependencies'])))
      for (const { name } of uvNeeds(group)) direct.add(name);
    for (const group of Object.values(table(entry['dev-dependencies']))) {
      for (const { name } of uvNeeds(group)) {
        if (!direct.has(name)) development.add(name);
        direct.add(name);
      }
    }
  }
  const versions = new Map<string, string[]>();
  for (const { entry } of locked) {
    const name = normal(text(entry['name']) ?? '');
    versions.set(name, [...(versions.get(name) ?? []), `${name}@${text(entry['version']) ?? ''}`]);
  }
  return {
    format: 'uv.lock',
    role: 'lock',
    ecosystem: 'PyPI',
    hasChecksums: true,
    packages: locked
      .filter(({ entry }) => !isOwn(entry))
      .map(({ entry, start, end }) => {
        const name = normal(text(entry['name']) ?? '');
        const source = table(entry['source']);
        return listed(file, 'PyPI', {
          name,
          version: text(entry['version']),
          start,
          end,
          key: `${name}@${text(entry['version']) ?? ''}`,
          needs: uvNeeds(entry['dependencies']).flatMap((need) =>
            need.version === undefined ? (versions.get(need.name) ?? []) : [`${need.name}@${need.version}`],
          ),
          isDirect: direct.has(name),
          scope: development.has(name) ? 'development' : 'runtime',
          origin: uvOrigin(source),
          integrity: text(table(entry['sdist'])['hash']) ?? hashOf(entry['wheels']),
          published: firstUpload(entry),
        });
      }),
  };
}

function uvNeeds(value: unknown): readonly { readonly name: string; readonly version: string | undefined }[] {
  return tables(value).map((need) => ({ name: normal(text(need['name']) ?? ''), version: text(need['version']) }));
}

function uvOrigin(source: Table): PackageOrigin | undefined {
  const [git, url, registry, path] = ['git', 'url', 'registry', 'path'].map((key) => text(source[key]));
  if (git !== undefined) return { kind: 'git', url: git };
  if (url !== undefined) return { kind: 'url', url };
  if (path !== undefined) return { kind: 'path', url: path };
  return registry === undefined ? undefined : { kind: 'registry', url: registry };
}

/** `pdm.lock` and `pylock.toml` (PEP 751). */
export function readPdmLock(file: FileView): Listing {
  const root = parseToml(file.text);
  return {
    format: 'pdm.lock',
    role: 'lock',
    ecosystem: 'PyPI',
    hasChecksums: true,
    packages: lockedTables(file.text, root, 'package').map(({ entry, start, end }) => {
      const groups = texts(entry['groups']);
      return listed(file, 'PyPI', {
        name: text(entry['name']) ?? '',
        version: text(entry['version']),
        start,
        end,
        key: normal(text(entry['name']) ?? ''),
        needs: texts(entry['dependencies'])
          .flatMap((need) => parsePep508(need)?.name.toLowerCase() ?? [])
          .map(normal),
        scope: groups.length > 0 && !groups.includes('default') ? 'development' : 'runtime',
        origin:
          text(entry['git']) === undefined
            ? originOf(text(entry['url']))
            : { kind: 'git', url: text(entry['git']) ?? '' },
        integrity: hashOf(entry['files']),
      });
    }),
  };
}

export function readPylock(file: FileView): Listing {
  const root = parseToml(file.text);
  return {
    format: 'pylock.toml',
    role: 'lock',
    ecosystem: 'PyPI',
    hasChecksums: true,
    packages: lockedTables(file.text, root, 'packages')
      .filter(({ entry }) => entry['directory'] === undefined)
      .map(({ entry, start, end }) => {
        const files = [...tables(entry['wheels']), table(entry['sdist']), table(entry['archive'])];
        const hash = files.flatMap((one) => text(table(one['hashes'])['sha256']) ?? [])[0];
        const git = text(table(entry['vcs'])['url']);
        const archive = text(table(entry['archive'])['url']);
        return listed(file, 'PyPI', {
          name: text(entry['name']) ?? '',
          version: text(entry['version']),
          start,
          end,
          key: normal(text(entry['name']) ?? ''),
          needs: tables(entry['dependencies']).map((need) => normal(text(need['name']) ?? '')),
          origin:
            git !== undefined
              ? { kind: 'git', url: git }
              : archive !== undefined
                ? { kind: 'url', url: archive }
                : originOf(text(entry['index'])),
          integrity: hash ?? text(table(entry['vcs'])['commit-id']),
        });
      }),
  };
}

/** `Pipfile.lock`. */
export function readPipfileLock(file: FileView): Listing {
  const root = parseJson(file.text);
  const packages = (['default', 'develop'] as const).flatMap((section) =>
    [...entriesOf(member(root, section))].map(([name, { keyStart, keyEnd, value }]) => {
      const git = textOf(member(value, 'git'));
      const path = textOf(member(value, 'path')) ?? textOf(member(value, 'file'));
      return listed(file, 'PyPI', {
        name,
        version: textOf(member(value, 'version'))?.replace(/^==/, ''),
        start: keyStart,
        end: keyEnd,
        scope: section === 'develop' ? 'development' : 'runtime',
        origin:
          git !== undefined ? { kind: 'git', url: git } : path !== undefined ? { kind: 'path', url: path } : undefined,
        integrity: textOf(itemsOf(member(value, 'hashes'))[0]),
      });
    }),
  );
  return { format: 'Pipfile.lock', role: 'lock', ecosystem: 'PyPI', hasChecksums: true, packages };
}

/** `Pipfile`. */
export function readPipfile(file: FileView): Listing {
  const root = parseToml(file.text);
  const packages = (['packages', 'dev-packages'] as const).flatMap((section) =>
    declaredTable(
      file,
      table(root[section]),
      section,
      section === 'packages' ? 'runtime' : 'development',
      (written) => written,
    ),
  );
  return { format: 'Pipfile', role: 'manifest', ecosystem: 'PyPI', hasChecksums: false, packages };
}

/** `name = "range"` or `name = { version = "range", … }` below a header. */
function declaredTable(
  file: FileView,
  entries: Table,
  header: string,
  scope: PackageScope,
  toRequirement: (written: string) => string,
): readonly ListedPackage[] {
  const { from, until } = tableSpan(file.text, header);
  return Object.entries(entries).flatMap(([name, value]): readonly ListedPackage[] => {
    if (name === 'python') return [];
    const written = text(value) ?? text(table(value)['version']) ?? '';
    const [git, url, path] = ['git', 'url', 'path'].map((key) => text(table(value)[key]));
    const requirement = written === '*' ? '' : toRequirement(written);
    const origin: PackageOrigin | undefined =
      git !== undefined
        ? { kind: 'git', url: git }
        : url !== undefined
          ? { kind: 'url', url }
          : path !== undefined
            ? { kind: 'path', url: path }
            : undefined;
    const draft: PackageDraft = {
      name,
      version: requirement.includes('*') ? undefined : parseRequirement('PyPI', requirement)?.exact,
      requirement,
      ...keySpan(file.text, name, from, until),
      isDirect: true,
      scope: table(value)['optional'] === true ? 'optional' : scope,
      origin,
    };
    return [listed(file, 'PyPI', draft)];
  });
}

/** Poetry's `^` and `~` in the words of PEP 440. */
function fromPoetry(written: string): string {
  if (/^\d[\w.+!-]*$/.test(written)) return `==${written}`;
  const [, sign, version = ''] = /^([\^~])\s*(\d[\w.+!-]*)$/.exec(written) ?? [];
  if (sign === undefined) return written;
  const numbers = version.split('.').map((part) => Number.parseInt(part, 10) || 0);
  const first = numbers.findIndex((part) => part > 0);
  const index = sign === '~' ? Math.min(1, numbers.length - 1) : first < 0 ? numbers.length - 1 : first;
  const upper = [...numbers.slice(0, index), (numbers[index] ?? 0) + 1].join('.');
  return `>=${version},<${upper}`;
}

/** `pyproject.toml`: dependencies of the project, its extras and groups; Poetry's and PDM's own tables. */
export function readPyproject(file: FileView): Listing {
  const root = parseToml(file.text);
  const project = table(root['project']);
  const tool = table(root['tool']);
  const poetry = table(tool['poetry']);
  const groups: readonly (readonly [unknown, PackageScope])[] = [
    [project['dependencies'], 'runtime'],
    ...Object.values(table(project['optional-dependencies'])).map((list) => [list, 'optional'] as const),
    ...Object.values(table(root['dependency-groups'])).map((list) => [list, 'development'] as const),
    ...Object.values(table(table(tool['pdm'])['dev-dependencies'])).map((list) => [list, 'development'] as const),
    [table(tool['uv'])['dev-dependencies'], 'development'],
  ];
  const packages = groups.flatMap(([list, scope]) =>
    texts(list).flatMap((written) => declaredPep508(file, written, scope)),
  );
  packages.push(
    ...declaredTable(file, table(poetry['dependencies']), 'tool.poetry.dependencies', 'runtime', fromPoetry),
  );
  packages.push(
    ...declaredTable(
      file,
      table(poetry['dev-dependencies']),
      'tool.poetry.dev-dependencies',
      'development',
      fromPoetry,
    ),
  );
  for (const [name, group] of Object.entries(table(poetry['group']))) {
    const header = `tool.poetry.group.${name}.dependencies`;
    packages.push(
      ...declaredTable(
        file,
        table(table(group)['dependencies']),
        header,
        name === 'main' ? 'runtime' : 'development',
        fromPoetry,
      ),
    );
  }
  const name = text(project['name']) ?? text(poetry['name']);
  const version = text(project['version']) ?? text(poetry['version']);
  return {
    format: 'pyproject.toml',
    role: 'manifest',
    ecosystem: 'PyPI',
    hasChecksums: false,
    packages,
    ...(name === undefined ? {} : { project: name }),
    ...(version === undefined ? {} : { projectVersion: version }),
  };
}

function declaredPep508(file: FileView, written: string, scope: PackageScope): readonly ListedPackage[] {
  const found = parsePep508(written.trim());
  if (found === undefined) return [];
  const at = Math.max(0, file.text.indexOf(JSON.stringify(written)), file.text.indexOf(`'${written}'`));
  const length = at === 0 ? 0 : written.length + 2;
  return [
    listed(file, 'PyPI', {
      name: found.name,
      version: found.exact,
      requirement: found.requirement,
      start: at,
      end: at + length,
      isDirect: true,
      scope,
      origin: found.origin,
    }),
  ];
}

/** conda's `environment.yml`: packages of conda, and those that pip installs into it. */
export function readConda(file: FileView): Listing {
  const [root] = parseYaml(file.text);
  const packages: ListedPackage[] = [];
  for (const item of itemsOf(member(root, 'dependencies'))) {
    for (const nested of itemsOf(member(item, 'pip'))) {
      const found = parsePep508(textOf(nested) ?? '');
      if (found === undefined) continue;
      const { name, exact: version, requirement, origin } = found;
      packages.push(
        listed(file, 'PyPI', {
          name,
          version,
          requirement,
          start: nested.start,
          end: nested.end,
          isDirect: true,
          origin,
        }),
      );
    }
    const [, name, version] = /^(?:[\w./-]+::)?([\w.-]+)\s*(?:={1,2}\s*([\w.!+*]+))?/.exec(textOf(item) ?? '') ?? [];
    if (name === undefined || name === 'python') continue;
    packages.push(
      listed(file, 'conda', {
        name,
        version: version?.includes('*') === true ? undefined : version,
        start: item.start,
        end: item.end,
        isDirect: true,
      }),
    );
  }
  return { format: 'environment.yml', role: 'manifest', ecosystem: 'conda', hasChecksums: false, packages };
}
