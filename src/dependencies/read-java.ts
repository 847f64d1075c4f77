import { posix } from 'node:path';
import type { XmlElement } from '@rgrove/parse-xml';
import { parseRequirement } from '../advisory/index.ts';
import type { FileView } from '../finding/index.ts';
import { listed } from './listing.ts';
import type { ListedPackage, Listing, MavenProject, PackageScope } from './model.ts';
import { Unreadable } from './failure.ts';
import { keySpan, parseToml, table, tableSpan, text } from './read-toml.ts';
import { child, children, parseXml, textIn } from './xml.ts';

/** `pom.xml` as it stands: properties, parents and managed versions are put in when all files are known. */
export function readPom(file: FileView): Listing {
  const root = parseXml(file.text);
  if (root.name !== 'project') throw new Unreadable('is no project of Maven', 0);
  const parent = child(root, 'parent');
  const properties: { [name: string]: string } = Object.create(null);
  for (const property of children(child(root, 'properties')))
    properties[property.name] = textIn(child(root, 'properties'), property.name) ?? '';
  const project: MavenProject = {
    group: textIn(root, 'groupId') ?? textIn(parent, 'groupId') ?? '',
    artifact: textIn(root, 'artifactId') ?? '',
    version: textIn(root, 'version') ?? textIn(parent, 'version') ?? '',
    ...(parent === undefined
      ? {}
      : {
          parent: {
            group: textIn(parent, 'groupId') ?? '',
            artifact: textIn(parent, 'artifactId') ?? '',
            version: textIn(parent, 'version') ?? '',
            path: parentPath(file.path, textIn(parent, 'relativePath')),
          },
        }),
    properties: { ...properties },
    managed: children(child(root, 'dependencyManagement', 'dependencies'), 'dependency').map((one) => ({
      group: textIn(one, 'groupId') ?? '',
      artifact: textIn(one, 'artifactId') ?? '',
      version: textIn(one, 'version') ?? '',
      isImport: textIn(one, 'scope') === 'import',
    })),
  };
  const declared = [
    ...children(child(root, 'dependencies'), 'dependency').map((one) => declaredMaven(file, one, 'runtime')),
    ...children(child(root, 'profiles'), 'profile').flatMap((profile) =>
      children(child(profile, 'dependencies'), 'dependency').map((one) => declaredMaven(file, one, 'runtime')),
    ),
    ...children(child(root, 'build', 'plugins'), 'plugin').map((one) => declaredMaven(file, one, 'build')),
  ];
  return {
    format: 'pom.xml',
    role: 'manifest',
    ecosystem: 'Maven',
    hasChecksums: false,
    packages: declared.filter((one) => one !== undefined),
    maven: project,
    project: `${project.group}:${project.artifact}`,
    ...(project.version === '' ? {} : { projectVersion: project.version }),
  };
}

function parentPath(path: string, relative: string | undefined): string {
  const written = relative === undefined || relative === '' ? '../pom.xml' : relative;
  const joined = posix.join(posix.dirname(path), written);
  return joined.endsWith('.xml') ? joined : posix.join(joined, 'pom.xml');
}

function declaredMaven(file: FileView, element: XmlElement, fallback: PackageScope): ListedPackage | undefined {
  const group = textIn(element, 'groupId') ?? (fallback === 'build' ? 'org.apache.maven.plugins' : '');
  const artifact = textIn(element, 'artifactId') ?? '';
  if (group === '' || artifact === '') return undefined;
  const scope = textIn(element, 'scope');
  const at = child(element, 'version') ?? child(element, 'artifactId') ?? element;
  return listed(file, 'Maven', {
    name: `${group}:${artifact}`,
    requirement: textIn(element, 'version') ?? '',
    start: at.start,
    end: at.end,
    isDirect: true,
    scope: scope === 'test' ? 'development' : textIn(element, 'optional') === 'true' ? 'optional' : fallback,
    ...(scope === 'system' ? { origin: { kind: 'path' as const } } : {}),
  });
}

/** `gradle.lockfile` and `buildscript-gradle.lockfile`: one module a line, with the configurations that use it. */
export function readGradleLock(file: FileView): Listing {
  const packages: ListedPackage[] = [];
  const unread: { line: number; reason: string }[] = [];
  let offset = 0;
  for (const raw of file.text.split('\n')) {
    const start = offset;
    offset += raw.length + 1;
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const [, name, version, configurations = ''] = /^([^\s:=]+:[^\s:=]+):([^\s:=]+)(?:=(.*))?$/.exec(line) ?? [];
    if (name === undefined) {
      if (line.startsWith('empty=')) continue;
      const at = file.placeAt(start, start).line;
      unread.push({ line: at, reason: `is no line of a lockfile of Gradle: ${line.slice(0, 80)}` });
      continue;
    }
    const isTest = configurations !== '' && configurations.split(',').every((one) => /test/i.test(one));
    packages.push(
      listed(file, 'Maven', {
        name,
        version,
        start,
        end: start + line.length,
        scope: isTest ? 'development' : 'runtime',
      }),
    );
  }
  return { format: 'gradle.lockfile', role: 'lock', ecosystem: 'Maven', hasChecksums: false, packages, unread };
}

/** Configurations of Gradle that take what is named into the build. */
const CONFIGURATION =
  /(?<![\w.])((?:\w*(?:[iI]mplementation|[aA]pi|[cC]ompileOnly|[rR]untimeOnly|[cC]ompile|[rR]untime|[aA]nnotationProcessor)|kapt\w*|ksp\w*|classpath))\s*\(?\s*(?:(?:enforcedPlatform|platform)\s*\(\s*)?(["'])([\w.-]+):([\w.-]+):([^"'\s:@$]+)[^"']*\2/g;

/** Literal coordinates in `build.gradle` and `build.gradle.kts`. What is computed is not seen. */
export function readGradleBuild(file: FileView): Listing {
  const packages: ListedPackage[] = [];
  const source = withoutComments(file.text);
  for (const found of source.matchAll(CONFIGURATION)) {
    const [whole, configuration = '', , group, artifact, version = ''] = found;
    const requirement = parseRequirement('Maven', version.replace(/!!$/, ''));
    const isDynamic = /[+]$|^latest\./.test(version);
    packages.push(
      listed(file, 'Maven', {
        name: `${group}:${artifact}`,
        version: isDynamic ? undefined : requirement?.exact,
        requirement: version,
        start: found.index,
        end: found.index + whole.length,
        isDirect: true,
        scope: /test/i.test(configuration) ? 'development' : configuration === 'classpath' ? 'build' : 'runtime',
      }),
    );
  }
  return { format: posix.basename(file.path), role: 'manifest', ecosystem: 'Maven', hasChecksums: false, packages };
}

/** Comments become spaces, so that places stay; quoted texts may hold what looks like one. */
function withoutComments(source: string): string {
  return source.replaceAll(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (part) =>
    part.startsWith('/') ? part.replaceAll(/[^\n]/g, ' ') : part,
  );
}

/** `gradle/libs.versions.toml`: libraries with the versions that the catalogue gives them. */
export function readVersionCatalog(file: FileView): Listing {
  const root = parseToml(file.text);
  const versions = table(root['versions']);
  const plain = (value: unknown): string | undefined => {
    const fields = table(value);
    return text(value) ?? text(fields['strictly']) ?? text(fields['require']) ?? text(fields['prefer']);
  };
  const { from, until } = tableSpan(file.text, 'libraries');
  const packages = Object.entries(table(root['libraries'])).flatMap(([alias, value]): readonly ListedPackage[] => {
    const fields = table(value);
    const parts = text(value)?.split(':');
    const name =
      parts === undefined
        ? (text(fields['module']) ?? `${text(fields['group']) ?? ''}:${text(fields['name']) ?? ''}`)
        : parts.slice(0, 2).join(':');
    const reference = text(table(fields['version'])['ref']);
    const written =
      parts?.[2] ?? (reference === undefined ? plain(fields['version']) : plain(versions[reference])) ?? '';
    if (!/^[^:]+:[^:]+$/.test(name)) return [];
    const isDynamic = /[+]$|^latest\./.test(written);
    return [
      listed(file, 'Maven', {
        name,
        version: isDynamic ? undefined : parseRequirement('Maven', written)?.exact,
        requirement: written,
        ...keySpan(file.text, alias, from, until),
        isDirect: true,
      }),
    ];
  });
  return { format: 'libs.versions.toml', role: 'manifest', ecosystem: 'Maven', hasChecksums: false, packages };
}
