import { parseRequirement } from '../advisory/index.ts';
import type { ListedPackage, Listing, MavenProject } from './model.ts';

/** Parents of parents that are followed, and properties in properties. */
const PARENTS_MAX = 20;
const EXPANSIONS_MAX = 20;
/** A value that expands itself again and again ends here. */
const VALUE_LENGTH_MAX = 1_000;

/** Puts into the dependencies of each pom what properties, parents and managed versions within the tree say. */
export function resolveMaven(listings: ReadonlyMap<string, Listing>): ReadonlyMap<string, readonly ListedPackage[]> {
  const projects = new Map(
    [...listings].flatMap(([path, { maven }]) => (maven === undefined ? [] : [[path, maven] as const])),
  );
  const byName = new Map([...projects.values()].map((project) => [`${project.group}:${project.artifact}`, project]));
  const resolved = new Map<string, readonly ListedPackage[]>();
  for (const [path, project] of projects) {
    const line = lineOf(project, projects, byName);
    const managed = managedBy(line, byName);
    const packages = listings.get(path)?.packages ?? [];
    resolved.set(
      path,
      packages.map((one) => withVersion(one, line, managed)),
    );
  }
  return resolved;
}

/** A project and its parents, the nearest first. A parent outside of the tree ends it. */
function lineOf(
  project: MavenProject,
  projects: ReadonlyMap<string, MavenProject>,
  byName: ReadonlyMap<string, MavenProject>,
): readonly MavenProject[] {
  const line = [project];
  for (let at: MavenProject | undefined = project; at?.parent !== undefined && line.length < PARENTS_MAX; ) {
    const { group, artifact, path }: NonNullable<MavenProject['parent']> = at.parent;
    const beside: MavenProject | undefined = projects.get(path);
    const next: MavenProject | undefined = beside?.artifact === artifact ? beside : byName.get(`${group}:${artifact}`);
    if (next === undefined || line.includes(next)) break;
    line.push(next);
    at = next;
  }
  return line;
}

function managedBy(
  line: readonly MavenProject[],
  byName: ReadonlyMap<string, MavenProject>,
): ReadonlyMap<string, string> {
  const managed = new Map<string, string>();
  const take = (from: readonly MavenProject[], depth: number) => {
    for (const project of from) {
      for (const { group, artifact, version, isImport } of project.managed) {
        const name = `${expand(group, from)}:${expand(artifact, from)}`;
        const bill = isImport && depth < PARENTS_MAX ? byName.get(name) : undefined;
        if (bill !== undefined) take([bill], depth + 1);
        else if (!managed.has(name)) managed.set(name, expand(version, from));
      }
    }
  };
  take(line, 0);
  return managed;
}

function withVersion(
  one: ListedPackage,
  line: readonly MavenProject[],
  managed: ReadonlyMap<string, string>,
): ListedPackage {
  const name = one.name.includes('${') ? expand(one.name, line) : one.name;
  const written =
    one.requirement === '' || one.requirement === undefined ? (managed.get(name) ?? '') : expand(one.requirement, line);
  const version = parseRequirement('Maven', written)?.exact;
  const { pin, ...rest } = one;
  // A version that stands elsewhere is not the text at this place.
  const isHere = pin !== undefined && written === one.requirement;
  return {
    ...rest,
    name,
    requirement: written,
    ...(version === undefined ? {} : { version }),
    ...(isHere ? { pin } : {}),
  };
}

function expand(value: string, line: readonly MavenProject[]): string {
  let text = value;
  for (let round = 0; round < EXPANSIONS_MAX && text.includes('${'); round += 1) {
    const next = text.replaceAll(/\$\{([^${}]+)\}/g, (whole, name: string) => propertyOf(name.trim(), line) ?? whole);
    if (next === text || next.length > VALUE_LENGTH_MAX) break;
    text = next;
  }
  return text;
}

function propertyOf(name: string, line: readonly MavenProject[]): string | undefined {
  for (const { properties } of line) if (Object.hasOwn(properties, name)) return properties[name];
  const [project] = line;
  switch (name.replace(/^pom\./, 'project.')) {
    case 'project.version':
    case 'version':
      return project?.version;
    case 'project.groupId':
    case 'groupId':
      return project?.group;
    case 'project.artifactId':
      return project?.artifact;
    case 'project.parent.version':
      return project?.parent?.version;
    case 'project.parent.groupId':
      return project?.parent?.group;
    default:
      return undefined;
  }
}
