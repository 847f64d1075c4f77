import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { systemClock } from '../base/index.ts';
import { createBubblewrapExecutor, type Executor, INSIDE, type Mount } from '../sandbox/index.ts';
import type { Machine } from './commands.ts';

/** The operator's folder of tools in the layout of GitHub's, when there is one. */
export function findToolCache(env: Machine['env']): string | undefined {
  const folder = env['RUNNER_TOOL_CACHE'] ?? env['AGENT_TOOLSDIRECTORY'];
  return folder !== undefined && existsSync(folder) ? folder : undefined;
}

/** The executor of this machine, with Sallyport's own programs for the inside of sandboxes. */
export function openExecutor({ env, places }: Machine, toolFolders: readonly string[] = []): Executor {
  const toolCache = findToolCache(env);
  return createBubblewrapExecutor({
    nodePath: process.execPath,
    stateDir: join(places.state, 'sandboxes'),
    clock: systemClock,
    packageMounts: packageMounts(),
    toolMounts: toolFolders.map((folder) => ({ host: folder, inside: folder, writable: false })),
    ...(toolCache === undefined ? {} : { toolCache }),
  });
}

/** Sources in a checkout, in the package the bundles made for the inside; of the packages only what runs inside. */
function packageMounts(): readonly Mount[] {
  const isBuilt = import.meta.url.endsWith('.js');
  const root = join(import.meta.dirname, '../..');
  const mount = (host: string, inside: string): Mount => ({
    host,
    inside: `${INSIDE.sallyport}/${inside}`,
    writable: false,
  });
  if (isBuilt) return [mount(join(root, 'dist/inside'), 'inside')];
  const zip = createRequire(import.meta.url).resolve('@zip.js/zip.js/package.json');
  return [
    mount(join(root, 'src'), 'src'),
    mount(join(root, 'package.json'), 'package.json'),
    mount(join(zip, '..'), 'node_modules/@zip.js/zip.js'),
  ];
}
