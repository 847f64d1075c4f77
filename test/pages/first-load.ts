import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** Bytes of script, after gzip, that the pages may need before they show something. */
export const FIRST_LOAD_BYTES_MAX = 200_000;

type Chunk = {
  readonly file: string;
  readonly isEntry?: boolean;
  readonly imports?: readonly string[];
  readonly css?: readonly string[];
};

/** What the first page loads before it can draw its frame: the entry with all that it imports, by the manifest of the build. */
export function firstLoadOf(folder: string): { readonly scripts: number; readonly styles: number } {
  const manifest: { readonly [name: string]: Chunk } = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
  const files = { scripts: new Set<string>(), styles: new Set<string>() };
  const visit = (name: string) => {
    const chunk = manifest[name];
    if (chunk === undefined || files.scripts.has(chunk.file)) return;
    files.scripts.add(chunk.file);
    for (const style of chunk.css ?? []) files.styles.add(style);
    for (const other of chunk.imports ?? []) visit(other);
  };
  for (const [name, { isEntry }] of Object.entries(manifest)) if (isEntry === true) visit(name);
  const bytesOf = (names: ReadonlySet<string>) =>
    [...names].reduce((sum, name) => sum + gzipSync(readFileSync(join(folder, name)), { level: 9 }).length, 0);
  return { scripts: bytesOf(files.scripts), styles: bytesOf(files.styles) };
}
