/**
 * Emits the package's JavaScript into `dist`: few files, each with all that it needs, since a start spends most of its time
 * on finding, reading and compiling modules. Names are kept, so that the stack of an error can be read.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { rolldown, type OutputChunk } from 'rolldown';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');

/** Where a file of the source finds its parts at run time: see `isBuilt` in the sources. */
const OUTPUTS = [
  {
    // The programs of this machine. A worker is started as a file of its own.
    folder: 'bin',
    extension: 'js',
    entries: {
      main: 'src/bin/main.ts',
      'reader-worker': 'src/workflow/reader-worker.ts',
      worker: 'src/scan/worker.ts',
      keeper: 'src/bin/keeper.ts',
      witness: 'src/bin/witness.ts',
      scanner: 'src/bin/scanner.ts',
    },
  },
  // What jobs can look at and talk to, and nothing else: mounted into every sandbox.
  { folder: 'inside', extension: 'mjs', entries: insideEntries() },
] as const;

/** What a run begins with, apart from what it loads meanwhile. */
const BEGIN = {
  name: 'begin',
  test: /\/src\/(?:engine\/(?:begin|commit-files|faults|git|snapshot|workflows)|workflow\/(?:faults|limits|reader|reader-problems))\.ts$/,
};

/** Rule packs are parsed as JSON, which V8 reads several times faster than the same text as a program. */
const PACKS = {
  name: 'packs',
  transform: {
    filter: { id: /\/pack\.json$/ },
    handler: (json: string) => ({
      code: `export default JSON.parse(${JSON.stringify(JSON.stringify(JSON.parse(json)))});`,
      moduleType: 'js' as const,
    }),
  },
};

rmSync(dist, { recursive: true, force: true });
/** Installed beside the package, not bundled: see `docs/reference/dependencies.md`. */
const manifest: { readonly dependencies: { readonly [name: string]: string } } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
);
const outside = Object.keys(manifest.dependencies);
const packages = new Set<string>();
for (const output of OUTPUTS) for (const chunk of await bundle(output)) noteModules(chunk);
copySchemas();
writeFileSync(join(dist, 'third-party-licenses.txt'), licenses());
process.stdout.write('dist\n');

/** The programs that run inside of sandboxes, by the name that `insideProgram` gives. */
function insideEntries(): { readonly [name: string]: string } {
  const folder = 'src/runner/inside';
  const names = readdirSync(join(root, folder)).filter((name) => /^[\w-]+\.ts$/.test(name));
  return Object.fromEntries(names.map((name) => [name.slice(0, -'.ts'.length), `${folder}/${name}`]));
}

async function bundle(output: (typeof OUTPUTS)[number]): Promise<readonly OutputChunk[]> {
  const entryFiles = new Set(Object.values(output.entries).map((file) => join(root, file)));
  const build = await rolldown({
    cwd: root,
    input: output.entries,
    platform: 'node',
    plugins: [PACKS],
    external: (id) => id.startsWith('node:') || outside.some((name) => id === name || id.startsWith(`${name}/`)),
    // Modules of ours do nothing when they are loaded, but the programs that begin something.
    treeshake: { moduleSideEffects: (id) => !id.startsWith(join(root, 'src')) || entryFiles.has(id) },
  });
  const written = await build.write({
    dir: join(dist, output.folder),
    format: 'esm',
    entryFileNames: `[name].${output.extension}`,
    chunkFileNames: `[name]-[hash].${output.extension}`,
    codeSplitting: { groups: [BEGIN] },
    minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
    comments: false,
  });
  await build.close();
  return written.output.filter((part) => part.type === 'chunk');
}

function noteModules(chunk: OutputChunk): void {
  for (const id of chunk.moduleIds) {
    const parts = relative(root, id).split(sep);
    const at = parts.lastIndexOf('node_modules');
    if (at < 0) continue;
    const scoped = parts[at + 1]?.startsWith('@') === true;
    packages.add(parts.slice(0, at + (scoped ? 3 : 2)).join('/'));
  }
}

/** GitHub's schemas of its syntax are read as data. */
function copySchemas(): void {
  const folder = 'node_modules/@actions/workflow-parser';
  for (const name of ['workflow-v1.0', 'action-v1.0']) {
    const text = readFileSync(join(root, folder, 'dist', `${name}.min.json`), 'utf8');
    writeFileSync(join(dist, 'bin', `${name}.min.json`), text);
  }
  packages.add(folder);
}

/** Whose code lies in `dist`, and under what terms. */
function licenses(): string {
  return [...packages]
    .sort()
    .map((folder) => {
      const at = join(root, folder);
      const manifest: { name: string; version: string; license?: string } = JSON.parse(
        readFileSync(join(at, 'package.json'), 'utf8'),
      );
      const file = readdirSync(at).find((name) => /^licen[cs]e/i.test(name));
      const text = file === undefined ? '' : readFileSync(join(at, file), 'utf8').trim();
      if (text === '' && manifest.license === undefined) throw new Error(`${folder} does not say its terms`);
      return `${manifest.name} ${manifest.version} (${manifest.license ?? 'see below'})\n\n${text}\n`;
    })
    .join(`\n${'-'.repeat(80)}\n\n`);
}
