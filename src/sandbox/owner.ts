import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { removeCgroup } from './cgroup.ts';
import { run } from './namespace.ts';
import { sweepFilesFolders } from './private-file.ts';
import type { Tools } from './tools.ts';

/** Name of the file in a pod's own folder that tells what must go with it: the scratch folder, then control groups. */
const OWNED = 'owned';

/** First part of the names of control groups, and of folders in memory. */
export const CGROUP_PREFIX = 'sallyport-';

/**
 * What identifies this runner process for all time: boot, PID namespace, pid and start time, as letters, digits and
 * dashes. A pid alone comes back.
 */
export function ownerName(pid: number): string {
  return `${bootId()}-${pidNamespace()}-${pid}-${startTime(pid) ?? 0}`;
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8);
}

function pidNamespace(): string {
  return readlinkSync('/proc/self/ns/pid').replaceAll(/\D/g, '');
}

/** When a process started, in clock ticks since boot; nothing when there is none. */
function startTime(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined; // No such process.
  }
  // The second field is the command in parentheses, and may itself hold spaces and parentheses.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

/** Writes down what belongs to a pod, before it is made. */
export function recordOwned(privateDir: string, scratch: string, cgroups: readonly string[]): void {
  writeFileSync(path.join(privateDir, OWNED), [scratch, ...cgroups].join('\n'), { mode: 0o600 });
}

/**
 * Removes what runners that were killed have left: their processes are gone already, with the pipe that held them.
 * Pods of a PID namespace that cannot be seen from here are left alone.
 *
 * @param cgroupParents folders that groups of jobs are made in: the groups carry their owner's name, so that those of
 *   a runner whose state folder is gone as well are found
 */
export async function sweepDead(tools: Tools, podsDir: string, cgroupParents: readonly string[]): Promise<void> {
  const here = { boot: bootId(), namespace: pidNamespace() };
  for (const name of await readdir(podsDir)) {
    if (!isDead(name, here)) continue;
    const privateDir = path.join(podsDir, name);
    const text = await readFile(path.join(privateDir, OWNED), 'utf8').catch(() => '');
    const [scratch, ...cgroups] = text.split('\n').filter((line) => path.isAbsolute(line));
    if (name.startsWith(here.boot)) for (const folder of cgroups) await removeCgroup(folder);
    if (scratch !== undefined) await removeTree(tools, scratch);
    await rm(privateDir, { recursive: true, force: true });
  }
  const isOfDead = (name: string) => name.startsWith(CGROUP_PREFIX) && isDead(name.slice(CGROUP_PREFIX.length), here);
  await sweepFilesFolders(isOfDead);
  for (const parent of new Set(cgroupParents)) {
    for (const name of await readdir(parent)) {
      if (isOfDead(name)) await removeCgroup(path.join(parent, name));
    }
  }
}

/** Whether a name begins with the `ownerName` of a process that no longer runs. Names of another form are not. */
function isDead(name: string, here: { readonly boot: string; readonly namespace: string }): boolean {
  const match = /^([0-9a-f]{8})-(\d+)-(\d+)-(\d+)-/.exec(name);
  if (match === null) return false;
  const [, boot, namespace, pid, start] = match;
  if (boot !== here.boot) return true;
  return namespace === here.namespace && startTime(Number(pid)) !== start;
}

/**
 * Removes a folder that a job has written into. `rm` and `find` walk by descriptor and never follow links, and they
 * stand paths of any depth, which a walk by path does not.
 */
export async function removeTree(tools: Tools, folder: string): Promise<void> {
  const remove = () => run(tools.rm, ['-rf', '--one-file-system', '--', folder]);
  try {
    await remove();
  } catch {
    // A folder without permissions, when the job has the runner's own uid. `-execdir` runs before `find` descends.
    const chmod = ['-execdir', 'chmod', 'u+rwx', '{}', ';'];
    await run(tools.find, [folder, '-xdev', '-type', 'd', '!', '-perm', '-700', ...chmod]).catch(() => undefined);
    await remove();
  }
}
