import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Sources } from './rules.ts';

/** Folders whose files are the project's own. */
const FOLDERS = ['src', 'test', 'bench', 'scripts'];

/** Sources of the browser pages, which the map of `src` does not bind. */
export function readWebSources(root: string): Sources {
  return new Map(
    listFiles(root, 'web/src')
      .filter((path) => path !== 'web/src/api-types.ts')
      .map((path) => [path, readFileSync(join(root, path), 'utf8')]),
  );
}

/** Reads the TypeScript sources below the root. Folders that do not exist yet are left out. */
export function readSources(root: string): Sources {
  const sources = new Map<string, string>();
  for (const folder of FOLDERS) {
    for (const path of listFiles(root, folder)) sources.set(path, readFileSync(join(root, path), 'utf8'));
  }
  return sources;
}

function listFiles(root: string, folder: string): readonly string[] {
  let entries: string[];
  try {
    entries = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return [];
    throw thrown;
  }
  return entries
    .filter((path) => /\.tsx?$/.test(path))
    .map((path) => `${folder}/${path}`)
    .sort();
}
