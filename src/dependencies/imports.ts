import type { FileView } from '../finding/index.ts';
import type { Imports } from './model.ts';

/** Larger source files are generated or bundled: they import nothing that smaller ones do not. */
export const SOURCE_BYTES_MAX = 1024 * 1024;

const JAVASCRIPT = /\.(?:[cm]?[jt]sx?|vue|svelte)$/;

/** Whether a file is one of those that say which packages the code of the tree uses. */
export function isSource(path: string): boolean {
  return path.endsWith('.go') || path.endsWith('.py') || JAVASCRIPT.test(path);
}

/** What a source file imports, by a quick look at its text: a comment that imports counts, which only raises a priority. */
export function importsOf(file: FileView): Imports | undefined {
  if (file.path.endsWith('.go')) return goImports(file.text);
  if (file.path.endsWith('.py')) return pythonImports(file.text);
  return scriptImports(file.text);
}

const SPECIFIER = /(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*)["']([^"'\s.][^"'\n]{0,200})["']/g;

function scriptImports(text: string): Imports | undefined {
  const names = new Set<string>();
  for (const [, specifier = ''] of text.matchAll(SPECIFIER)) {
    if (specifier.startsWith('node:')) continue;
    const parts = specifier.split('/');
    const name = specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? '');
    if (name !== '') names.add(name);
  }
  return names.size === 0 ? undefined : { ecosystem: 'npm', names: [...names].sort() };
}

const PYTHON = /^[ \t]*(?:from[ \t]+([A-Za-z_][\w.]*)[ \t]+import\b|import[ \t]+([A-Za-z_][\w., \t]*))/gm;

function pythonImports(text: string): Imports | undefined {
  const names = new Set<string>();
  for (const [, from, list] of text.matchAll(PYTHON)) {
    for (const written of from === undefined ? (list ?? '').split(',') : [from]) {
      const path = written.trim().split(/\s/)[0]?.split('.') ?? [];
      if (path[0] !== undefined && path[0] !== '') names.add(path[0].toLowerCase());
      // `google.cloud.storage` belongs to another package than `google.protobuf`.
      if (path.length > 1) names.add(path.slice(0, 3).join('.').toLowerCase());
    }
  }
  return names.size === 0 ? undefined : { ecosystem: 'PyPI', names: [...names].sort() };
}

const GO_IMPORT = /^[ \t]*(?:import[ \t]+)?(?:([\w.]+)[ \t]+)?"([\w./~-]+)"/gm;
const GO_SELECTOR = /\b([A-Za-z_]\w*)\.([A-Z]\w*)/g;

/** Import paths, and `path#Symbol` for each name of them that the file uses; `#Name` for anything else that is selected. */
function goImports(text: string): Imports | undefined {
  const block = /^import\s*(?:\(([\s\S]*?)^\)|[^(\n]*$)/gm;
  const names = new Map<string, string>();
  for (const [whole] of text.matchAll(block)) {
    for (const [, alias, path = ''] of whole.replace(/^import\s*\(/, '').matchAll(GO_IMPORT)) {
      // The name of a package is the end of its path, without a version.
      const plain = path.replace(/\/v\d+$/, '').replace(/\.v\d+$/, '');
      names.set(alias ?? plain.slice(plain.lastIndexOf('/') + 1).replace(/^go-/, ''), path);
    }
  }
  if (names.size === 0) return undefined;
  const symbols = new Set<string>();
  for (const [, holder = '', name = ''] of text.matchAll(GO_SELECTOR))
    symbols.add(`${names.get(holder) ?? ''}#${name}`);
  return { ecosystem: 'Go', names: [...new Set(names.values())].sort(), symbols: [...symbols].sort() };
}

const LOAD =
  /\brequire\s*\(\s*["'](\.[^"'\n]{1,200})["']|\bimport\s*(?:\(\s*)?["'](\.[^"'\n]{1,200})["']|\bfrom\s*["'](\.[^"'\n]{1,200})["']/g;
/** Files that one file loads, as far as an install script is followed. */
const LOADS_MAX = 50;

/** Files of the tree that a script of Node.js loads, as it writes them. */
export function loadsOf(file: FileView): readonly string[] {
  if (!/\.[cm]?js$/.test(file.path)) return [];
  const found = new Set<string>();
  for (const [, required, imported, named] of file.text.matchAll(LOAD)) {
    found.add(required ?? imported ?? named ?? '');
    if (found.size >= LOADS_MAX) break;
  }
  return [...found].sort();
}
