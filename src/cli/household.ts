import { readdir, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { CliDependencies } from './door.ts';
import { CREDENTIALS_FILE } from './credentials.ts';
import { EXIT } from './errors.ts';
import { harmless } from './harmless.ts';
import { paintOf } from './terminal.ts';

type LockOptions = {
  readonly directory?: string;
  readonly update: readonly string[];
  readonly check?: true;
  readonly actionsMirror?: string;
  readonly json?: true;
};

/** `sallyport lock`: exit code 1 when `--check` finds something that the lock does not name. */
export async function lock(options: LockOptions, { cwd, terminal, commands }: CliDependencies): Promise<number> {
  const result = await commands.lock({
    directory: resolve(cwd, options.directory ?? '.'),
    actionsMirror: options.actionsMirror === undefined ? undefined : resolve(cwd, options.actionsMirror),
    update: options.update,
    verify: options.check === true,
  });
  const paint = paintOf(terminal.colors);
  if (options.json === true) {
    terminal.write(`${JSON.stringify(result)}\n`);
  } else {
    for (const line of [...result.changes, ...result.remarks]) terminal.write(`${harmless(line, false)}\n`);
    for (const path of result.written) terminal.write(`${paint('green', '✓')} wrote ${harmless(path, false)}\n`);
    if (result.upToDate && result.written.length === 0) terminal.write('the lock names all that the workflows use\n');
  }
  if (options.check !== true || result.upToDate) return EXIT.success;
  terminal.writeError(
    'the lock does not name all that the workflows use\nhelp: run sallyport lock, and commit what it writes\n',
  );
  return EXIT.failure;
}

/** `sallyport mirror add DIR OWNER/REPO…` */
export async function mirrorAdd(
  folder: string,
  references: readonly string[],
  options: { readonly json?: true },
  { cwd, terminal, commands }: CliDependencies,
): Promise<number> {
  const lines = await commands.mirror.add(resolve(cwd, folder), references);
  printLines(lines, options, terminal);
  return EXIT.success;
}

/** `sallyport mirror sync DIR` */
export async function mirrorSync(
  folder: string,
  options: { readonly json?: true },
  { cwd, terminal, commands }: CliDependencies,
): Promise<number> {
  const lines = await commands.mirror.sync(resolve(cwd, folder));
  printLines(lines, options, terminal);
  return EXIT.success;
}

function printLines(
  lines: readonly string[],
  options: { readonly json?: true },
  terminal: CliDependencies['terminal'],
): void {
  if (options.json === true) terminal.write(`${JSON.stringify({ repositories: lines })}\n`);
  else for (const line of lines) terminal.write(`${harmless(line, false)}\n`);
}

/**
 * `sallyport clean`: removes what Sallyport itself has written below its own folders, entry by entry; the folders stay.
 * A running `sallyport run` may lose what it works with, so it is not done in the background of one.
 */
export async function clean(
  options: { readonly caches?: true; readonly json?: true },
  { terminal, places }: CliDependencies,
): Promise<number> {
  const removed: { readonly path: string; readonly bytes: number }[] = [];
  for (const folder of options.caches === true ? [places.cache] : [places.cache, places.state]) {
    for (const name of await namesIn(folder)) {
      // Signing out is another command: it ends the tokens, too.
      if (name === CREDENTIALS_FILE) continue;
      const path = join(folder, name);
      const bytes = await bytesBelow(path);
      await rm(path, { recursive: true, force: true, maxRetries: 3 });
      removed.push({ path, bytes });
    }
  }
  const bytes = removed.reduce((sum, one) => sum + one.bytes, 0);
  if (options.json === true) {
    terminal.write(`${JSON.stringify({ removed, bytes })}\n`);
  } else {
    for (const one of removed) terminal.write(`removed ${one.path} (${formatBytes(one.bytes)})\n`);
    terminal.write(removed.length === 0 ? 'nothing to remove\n' : `${formatBytes(bytes)} freed\n`);
  }
  return EXIT.success;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return [];
    throw thrown;
  }
}

async function bytesBelow(path: string): Promise<number> {
  let bytes = 0;
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    // A file that has gone meanwhile needs no counting.
    bytes += await stat(join(entry.parentPath, entry.name)).then(
      ({ size }) => size,
      () => 0,
    );
  }
  return bytes;
}

/** `512 B`, `1.5 MiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  return power === 0 ? `${bytes} B` : `${(bytes / 1024 ** power).toFixed(1)} ${units[power]}`;
}
