import type { Language } from './ir.ts';
import { resolveGo, resolveJava } from './resolve-packages.ts';

export type ModuleName = {
  readonly language: Language;
  readonly from: string;
  readonly module: string;
  /** The way within the module. */
  readonly path: readonly string[];
};

/** A file that a name of a module means, and what is left of the way in it. */
export type ModuleFile = { readonly file: string; readonly rest: readonly string[] };

const SCRIPT_ENDINGS = [
  '',
  '.ts',
  '.tsx',
  '.js',
  '.jsx',
  '.mjs',
  '.cjs',
  '.mts',
  '/index.ts',
  '/index.tsx',
  '/index.js',
  '/index.mjs',
  '/index.jsx',
];

/** The files of the tree that a module may be. */
export function resolveModule(files: ReadonlySet<string>, name: ModuleName): readonly ModuleFile[] {
  if (name.language === 'python') return resolvePython(files, name);
  if (name.language === 'javascript') return resolveScript(files, name);
  return name.language === 'java' ? resolveJava(files, name) : resolveGo(files, name);
}

function resolveScript(files: ReadonlySet<string>, { from, module, path }: ModuleName): readonly ModuleFile[] {
  const folder = from.includes('/') ? from.slice(0, from.lastIndexOf('/')) : '';
  const bases = module.startsWith('.')
    ? [normalise(`${folder}/${module}`)]
    : [module.replace(/^[@~#]?\//, 'src/'), module.replace(/^[@~#]?\//, ''), module.replace(/^[@~#]?\//, 'app/')];
  for (const base of bases) {
    for (const ending of SCRIPT_ENDINGS) {
      const file = `${base}${ending}`;
      if (files.has(file)) return [{ file, rest: path }];
    }
    // TypeScript names the file that it makes.
    const source = base.replace(/\.([cm]?)js(x?)$/, '.$1ts$2');
    if (source !== base && files.has(source)) return [{ file: source, rest: path }];
  }
  return [];
}

function normalise(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop();
    else if (segment !== '.' && segment !== '') kept.push(segment);
  }
  return kept.join('/');
}

/** `from a.b import c`: `c` of `a/b.py`, or the module `a/b/c.py`. */
function resolvePython(files: ReadonlySet<string>, { from, module, path }: ModuleName): readonly ModuleFile[] {
  const dots = /^\.*/.exec(module)?.[0].length ?? 0;
  const names = module.slice(dots).split('.').filter(Boolean);
  const folders = from.split('/').slice(0, -1);
  const roots: (readonly string[])[] = [];
  if (dots > 0) roots.push(folders.slice(0, folders.length - (dots - 1)));
  // Where the interpreter begins to look is not known: any folder around the file may be it.
  else for (let length = folders.length; length >= 0; length -= 1) roots.push(folders.slice(0, length));
  for (const root of roots) {
    for (let taken = Math.min(path.length, 2); taken >= 0; taken -= 1) {
      const stem = [...root, ...names, ...path.slice(0, taken)].join('/');
      if (stem === '') continue;
      for (const file of [`${stem}.py`, `${stem}/__init__.py`])
        if (files.has(file)) return [{ file, rest: path.slice(taken) }];
    }
  }
  return [];
}
