import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EGRESS_FILE, type MachineSettings, proposeEgress, readMachineSettings } from '../egress/index.ts';
import type { EgressRecord } from '../protocol/index.ts';
import type { Machine } from './commands.ts';

/** A larger one is read as if it were not there, and proposed anew. */
const EGRESS_FILE_BYTES_MAX = 1024 * 1024;

/** Where this machine gets its packages: the sets of hosts follow it. */
export function machineSettings({ env }: Machine): Promise<MachineSettings> {
  return readMachineSettings({
    env,
    // Settings that are not there or can't be read mean "no mirror", as the reader of them says.
    readFile: (path) => readFile(path, 'utf8').catch(() => undefined),
    listFolder: (path) => readdir(path).catch(() => []),
  });
}

/** Of the repository's own file. A pipe or a device is never opened: that could wait, or read, for ever. */
async function textOf(path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== true || found.size > EGRESS_FILE_BYTES_MAX) return undefined;
  return readFile(path, 'utf8').catch(() => undefined);
}

/** `--learn`: the difference to the egress file that would have been enough; empty when nothing is missing. */
export async function proposal(machine: Machine, records: readonly EgressRecord[], directory: string): Promise<string> {
  const current = await textOf(join(directory, EGRESS_FILE));
  return proposeEgress(records, current, await machineSettings(machine)).diff;
}
