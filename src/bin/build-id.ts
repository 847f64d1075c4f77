import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What decides what a scan finds. */
const FOLDERS = [
  'advisory',
  'audit',
  'code',
  'dependencies',
  'finding',
  'infrastructure',
  'scan',
  'secrets',
  'source',
  'workflow',
] as const;

/**
 * What tells this program from one that may find something else: its version, and in a checkout, where that stays while sources
 * change, their times. Kept results are those of the same program only.
 */
export function buildId(): string {
  const root = join(import.meta.dirname, '..');
  const version = /"version": "([^"]+)"/.exec(readFileSync(join(root, '../package.json'), 'utf8'))?.[1] ?? '';
  if (!import.meta.url.endsWith('.ts')) return version;
  const hash = createHash('sha256').update(version);
  for (const folder of FOLDERS) {
    for (const name of readdirSync(join(root, folder)).sort()) {
      const { mtimeMs, size } = lstatSync(join(root, folder, name));
      hash.update(`${folder}/${name} ${mtimeMs} ${size}\n`);
    }
  }
  return hash.digest('base64url');
}
