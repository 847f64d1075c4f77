import { realpathSync, statSync } from 'node:fs';
import { dirname, relative, resolve, sep } from 'node:path';
import { fault } from './faults.ts';

/**
 * The folder that the paths of a report are below, and what is scanned of it: one folder is itself that folder; files, and several
 * folders, are below the current one, or else below the folder that holds them all.
 */
export function placeOfPaths(
  paths: readonly string[],
  cwd: string,
): { readonly root: string; readonly paths: readonly string[] } {
  const found = (paths.length === 0 ? ['.'] : paths).map((path) => existing(resolve(cwd, path), path));
  const [first] = found;
  if (found.length === 1 && first?.isFolder === true) return { root: first.path, paths: [] };
  const here = realpathSync(cwd);
  const root = found.every(({ path }) => isBelow(path, here))
    ? here
    : found.map(({ path, isFolder }) => (isFolder ? path : dirname(path))).reduce(commonFolder);
  const below = found.map(({ path }) => relative(root, path).split(sep).join('/'));
  return { root, paths: below.includes('') ? [] : below };
}

function existing(path: string, named: string): { readonly path: string; readonly isFolder: boolean } {
  try {
    return { path: realpathSync(path), isFolder: statSync(path).isDirectory() };
  } catch (thrown) {
    throw fault('path-missing', `there is no ${JSON.stringify(named.slice(0, 200))}`, { cause: thrown });
  }
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`);
}

function commonFolder(a: string, b: string): string {
  let folder = a;
  while (!isBelow(b, folder)) folder = dirname(folder);
  return folder;
}
