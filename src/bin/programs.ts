import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Machine } from './commands.ts';
import { fault } from './faults.ts';

/** The absolute path of a program, looked up once: what a later change of PATH names is not run. */
export function findProgram(env: Machine['env'], name: string): string {
  const folders = [...(env['PATH'] ?? '').split(delimiter), '/usr/local/bin', '/usr/bin', '/bin'];
  for (const folder of folders) {
    if (!folder.startsWith('/')) continue;
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not here: the next folder of the path.
    }
  }
  throw fault('program-missing', `${name} is not on the path`);
}
