import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EGRESS_FILE, type MachineSettings, proposeEgress, readMachineSettings } from '../egress/index.ts';
import type { EgressRecord } from '../protocol/index.ts';
import type { Machine } from './commands.ts';

/** Where this machine gets its packages: the sets of hosts follow it. */
export function machineSettings({ env }: Machine): Promise<MachineSettings> {
  return readMachineSettings({
    env,
    // Settings that are not there or can't be read mean "no mirror", as the reader of them says.
    readFile: (path) => readFile(path, 'utf8').catch(() => undefined),
    listFolder: (path) => readdir(path).catch(() => []),
  });
}

/** `--learn`: the difference to the egress file that would have been enough; empty when nothing is missing. */
export async function proposal(machine: Machine, records: readonly EgressRecord[], directory: string): Promise<string> {
  const current = await readFile(join(directory, EGRESS_FILE), 'utf8').catch(() => undefined);
  return proposeEgress(records, current, await machineSettings(machine)).diff;
}
