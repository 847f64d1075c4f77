import { existsSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { parseModule } from './modules.ts';
import { resolveImport, type Sources } from './rules.ts';

/** The processes of the project and the files that they start with. */
export function processesOf(sources: Sources): { readonly [name: string]: readonly string[] } {
  return {
    cli: ['src/bin/main.ts'],
    keeper: ['src/bin/keeper.ts'],
    witness: ['src/bin/witness.ts'],
    // Reads what strangers wrote, for the server.
    scanner: ['src/bin/scanner.ts'],
    runner: ['src/runner/index.ts', 'src/sandbox/index.ts', 'src/egress/index.ts'],
    // Our own programs inside of sandboxes: a job can look at them and talk to them.
    sandbox: [...sources.keys()].filter((path) => /^src\/runner\/inside\/[^/]+(?<!\.test)\.ts$/.test(path)),
  };
}

/**
 * What a process can load: the files of the project, Node's own modules and packages with all that they depend on, one
 * a line. Reading the difference of two of these tells what an attacker gained with that process.
 */
export function closureOf(entries: readonly string[], sources: Sources, root: string): string {
  const files = new Set<string>();
  const builtins = new Set<string>();
  const packages = new Set<string>();
  const open = entries.filter((entry) => sources.has(entry));
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (files.has(path)) continue;
    files.add(path);
    for (const { specifier, typeOnly } of parseModule(path, sources.get(path) ?? '').imports) {
      if (typeOnly) continue;
      const target = resolveImport(path, specifier);
      if (target !== undefined) {
        if (sources.has(target)) open.push(target);
      } else if (isBuiltin(specifier)) {
        builtins.add(specifier.startsWith('node:') ? specifier : `node:${specifier}`);
      } else {
        addPackage(root, packageOf(specifier), packages);
      }
    }
  }
  return [
    ...[...files].sort(),
    ...[...builtins].sort(),
    ...[...packages].map((name) => `package ${name}`).sort(),
    '',
  ].join('\n');
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Adds the package and everything it depends on. Optional ones count when they are installed. */
function addPackage(root: string, name: string, found: Set<string>): void {
  if (found.has(name)) return;
  const manifest = join(root, 'node_modules', name, 'package.json');
  if (!existsSync(manifest)) return;
  found.add(name);
  const { dependencies = {} }: { dependencies?: { [name: string]: string } } = JSON.parse(
    readFileSync(manifest, 'utf8'),
  );
  for (const dependency of Object.keys(dependencies)) addPackage(root, dependency, found);
}
