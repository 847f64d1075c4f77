import { posix } from 'node:path';
import { type Module, parseModule } from './modules.ts';

/** The project's sources: path relative to the project, with `/`, to text. */
export type Sources = ReadonlyMap<string, string>;

export type Violation = { readonly rule: string; readonly at: string; readonly message: string };

/** Folder to the folders that it may import. `types`: only as types. */
export type AllowList = { readonly [folder: string]: readonly (string | { readonly types: string })[] };

const isTest = (path: string) => /\.(test|contract)\.ts$/.test(path);

/** `src/<folder>/…` to `folder`. */
export function folderOf(path: string): string | undefined {
  return /^src\/([^/]+)\//.exec(path)?.[1];
}

/** The path that a relative specifier means, or nothing for a package or a built-in module. */
export function resolveImport(from: string, specifier: string): string | undefined {
  return specifier.startsWith('.') ? posix.join(posix.dirname(from), specifier) : undefined;
}

/** Every rule of the map over the sources. An empty answer is a tidy tree. */
export function checkTree(sources: Sources, allowed: AllowList): readonly Violation[] {
  const modules = [...sources]
    .filter(([path]) => path.startsWith('src/') && path.endsWith('.ts'))
    .map(([path, source]) => parseModule(path, source));
  return [
    ...checkNames([...sources.keys()]),
    ...modules.flatMap((module) => [
      ...checkEdges(module, allowed),
      ...checkDoors(module),
      ...checkStars(module),
      ...checkEnvironment(module),
      ...checkResolved(module, sources),
    ]),
    ...checkSurfaces(modules),
    ...checkFileCycles(modules),
  ];
}

function checkNames(paths: readonly string[]): readonly Violation[] {
  return paths
    .filter((path) => path.split('/').some((part) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)*$/.test(part)))
    .map((path) => ({ rule: 'kebab-case', at: path, message: 'names of files and folders are kebab-case' }));
}

/** Tests may use any folder through its door; the allow list binds what is shipped. */
function checkEdges(module: Module, allowed: AllowList): readonly Violation[] {
  const from = folderOf(module.path);
  if (from === undefined || isTest(module.path)) return [];
  const edges = allowed[from];
  if (edges === undefined) {
    return [{ rule: 'unknown-folder', at: module.path, message: `src/${from} is not in the allow list` }];
  }
  return module.imports.flatMap(({ specifier, typeOnly, line }) => {
    const to = folderOf(resolveImport(module.path, specifier) ?? '');
    if (to === undefined || to === from || edges.includes(to)) return [];
    const asType = edges.some((edge) => typeof edge === 'object' && edge.types === to);
    if (asType && typeOnly) return [];
    const how = asType ? ` but as types` : '';
    return [{ rule: 'edge', at: `${module.path}:${line}`, message: `${from} may not import ${to}${how}` }];
  });
}

function checkDoors(module: Module): readonly Violation[] {
  const from = folderOf(module.path);
  return module.imports.flatMap(({ specifier, line }) => {
    const target = resolveImport(module.path, specifier);
    if (target === undefined) return [];
    const to = folderOf(target);
    const at = `${module.path}:${line}`;
    if (to === undefined) {
      if (isTest(module.path) || module.path.startsWith('src/bin/')) return [];
      return [{ rule: 'door', at, message: `${specifier} leads out of src` }];
    }
    if (to === from || target === `src/${to}/index.ts`) return [];
    // What only tests load may use what other folders keep for tests.
    if (/\.(test|contract|fixture)\.ts$/.test(module.path) && /\.(contract|fixture)\.ts$/.test(target)) return [];
    return [{ rule: 'door', at, message: `import ../${to}/index.ts instead of ${specifier}` }];
  });
}

function checkStars(module: Module): readonly Violation[] {
  return module.starExports.map((line) => ({
    rule: 'export-star',
    at: `${module.path}:${line}`,
    message: 'name each export',
  }));
}

/** The starts of processes: `bin` on the host, and the one of our programs inside of sandboxes. */
const STARTS = /^src\/bin\/|^src\/runner\/inside\/program\.ts$/;

function checkEnvironment(module: Module): readonly Violation[] {
  // A fixture is part of tests only, and no process loads it.
  if (STARTS.test(module.path) || isTest(module.path) || module.path.endsWith('.fixture.ts')) return [];
  return module.environmentReads.map((line) => ({
    rule: 'environment',
    at: `${module.path}:${line}`,
    message: 'the environment is read in src/bin only; take what you need as an argument',
  }));
}

/** An import that leads nowhere, or that no text names, would be missing in every other rule. */
function checkResolved(module: Module, sources: Sources): readonly Violation[] {
  return module.imports.flatMap(({ specifier, line }) => {
    const at = `${module.path}:${line}`;
    if (specifier === '<computed>') {
      return isTest(module.path) ? [] : [{ rule: 'computed-import', at, message: 'write the name of the module out' }];
    }
    const target = resolveImport(module.path, specifier);
    if (target === undefined || sources.has(target) || target.endsWith('.json')) return [];
    return [{ rule: 'unresolved', at, message: `${specifier} is not a source of the project` }];
  });
}

/** Each folder has an index.ts that opens with what it owns and what it never does. `bin` is not imported by anyone. */
function checkSurfaces(modules: readonly Module[]): readonly Violation[] {
  const folders = new Set(modules.map((module) => folderOf(module.path)).filter((folder) => folder !== undefined));
  folders.delete('bin');
  return [...folders].flatMap((folder) => {
    const index = modules.find((module) => module.path === `src/${folder}/index.ts`);
    const at = `src/${folder}/index.ts`;
    if (index === undefined) return [{ rule: 'surface', at, message: 'the folder has no index.ts' }];
    const opening = index.opening.replaceAll(/^[ \t]*\*[ \t]?/gm, '');
    if (/^\s*Owns: \S/m.test(opening) && /^\s*Never: \S/m.test(opening)) return [];
    return [{ rule: 'surface', at, message: 'open it with a comment: "Owns: …" and "Never: …"' }];
  });
}

/** Cycles of what is loaded. Types may name each other within a folder. */
function checkFileCycles(modules: readonly Module[]): readonly Violation[] {
  const edges = new Map(
    modules.map((module) => [
      module.path,
      module.imports
        .filter(({ typeOnly }) => !typeOnly)
        .map(({ specifier }) => resolveImport(module.path, specifier))
        .filter((target) => target !== undefined),
    ]),
  );
  const cycle = findCycle(edges);
  return cycle === undefined ? [] : [{ rule: 'cycle', at: cycle[0] ?? '', message: cycle.join(' -> ') }];
}

/** The folders as the allow list lets them import, types left out, have no way round. */
export function checkAllowList(allowed: AllowList): readonly Violation[] {
  const edges = new Map(
    Object.entries(allowed).map(([from, to]) => [from, to.filter((edge) => typeof edge === 'string')]),
  );
  const cycle = findCycle(edges);
  return cycle === undefined ? [] : [{ rule: 'cycle', at: 'allow list', message: cycle.join(' -> ') }];
}

function findCycle(edges: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (node: string): readonly string[] | undefined => {
    if (done.has(node)) return undefined;
    const start = path.indexOf(node);
    if (start >= 0) return [...path.slice(start), node];
    path.push(node);
    for (const next of edges.get(node) ?? []) {
      const found = visit(next);
      if (found !== undefined) return found;
    }
    path.pop();
    done.add(node);
    return undefined;
  };
  for (const node of edges.keys()) {
    const found = visit(node);
    if (found !== undefined) return found;
  }
  return undefined;
}
