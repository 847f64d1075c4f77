import { accessSync, constants, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { mkdir, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { reasonOf } from '../base/index.ts';
import type { Bounds } from './executor.ts';

/** The bounds that control groups can hold. */
export type CgroupBound = 'memory' | 'pids' | 'cpu';
const BOUNDS = ['memory', 'pids', 'cpu'] as const satisfies readonly CgroupBound[];

/** Which folder, if any, new groups of a bound can be made in. */
export type CgroupPlace =
  | { readonly version: 1 | 2; readonly folder: string }
  | { readonly version: 0; readonly reason: string };
export type CgroupPlaces = { readonly [bound in CgroupBound]: CgroupPlace };

/** The groups of one job. */
export type JobCgroups = {
  /** Folders whose `cgroup.procs` each process of the job joins. */
  readonly folders: readonly string[];
  /** Why a bound is not held, for those that are not. */
  readonly missing: { readonly [bound in CgroupBound]?: string };
  /** How many processes the kernel has killed for memory. */
  countMemoryKills(): number;
  remove(): Promise<void>;
};

/** Leaf that the runner itself moves to, since a version 2 group with limits for children may hold no process. */
const RUNNER_LEAF = 'sallyport-runner';
const CPU_PERIOD_US = 100_000;
const REMOVE_TRIES_MAX = 100;
const REMOVE_WAIT_MS = 20;

/** Finds where this process may make control groups. Reads only; for version 2 `delegate` must follow. */
export function findCgroups(proc = '/proc/self'): CgroupPlaces {
  const mounts = readFileSync(`${proc}/mountinfo`, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const match = /^\S+ \S+ \S+ (\S+) (\S+) .* - (cgroup2?) \S+ (\S+)$/.exec(line);
      return match === null
        ? []
        : [{ top: match[1] ?? '/', folder: match[2] ?? '', type: match[3], flags: match[4]?.split(',') ?? [] }];
    });
  const own = new Map(
    readFileSync(`${proc}/cgroup`, 'utf8')
      .split('\n')
      .flatMap((line) => {
        const match = /^\d+:([^:]*):(.+)$/.exec(line);
        return match === null ? [] : (match[1] ?? '').split(',').map((name) => [name, match[2] ?? '/'] as const);
      }),
  );
  const place = (bound: CgroupBound): CgroupPlace => {
    const first = mounts.find((mount) => mount.type === 'cgroup' && mount.flags.includes(bound));
    if (first !== undefined) return writable(1, ownFolder(first, own.get(bound)));
    const second = mounts.find((mount) => mount.type === 'cgroup2');
    if (second === undefined) return { version: 0, reason: 'no control groups are mounted' };
    const folder = ownFolder(second, own.get(''));
    const group = path.basename(folder) === RUNNER_LEAF ? path.dirname(folder) : folder;
    const controllers = readText(`${group}/cgroup.controllers`).split(/\s+/);
    if (!controllers.includes(bound))
      return { version: 0, reason: `the ${bound} controller is not delegated to ${group}` };
    return writable(2, group);
  };
  return { memory: place('memory'), pids: place('pids'), cpu: place('cpu') };
}

/** The folder of the own group; inside a container without a cgroup namespace its path is told from the host's top. */
function ownFolder(mount: { readonly top: string; readonly folder: string }, own = '/'): string {
  const relative = mount.top !== '/' && own.startsWith(mount.top) ? own.slice(mount.top.length) : own;
  const folder = path.join(mount.folder, relative);
  return isWritable(folder) || !isWritable(mount.folder) ? folder : mount.folder;
}

function writable(version: 1 | 2, folder: string): CgroupPlace {
  return isWritable(folder)
    ? { version, folder }
    : { version: 0, reason: `${folder} belongs to another user or is read-only` };
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false; // Absent, another user's or read-only: no groups can be made there.
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return ''; // Absent: no such group or controller.
  }
}

/**
 * Makes a version 2 group ready for children with limits: the runner moves to a leaf of its own and the controllers
 * are switched on. Fails, as a reason and not as an error, when other processes live in the same group.
 */
export async function delegate(places: CgroupPlaces, pid: number): Promise<CgroupPlaces> {
  const folders = new Set(BOUNDS.flatMap((bound) => (places[bound].version === 2 ? [places[bound].folder] : [])));
  const refused = new Map<string, string>();
  for (const folder of folders) {
    const wanted = BOUNDS.filter((bound) => places[bound].version === 2);
    try {
      await mkdir(path.join(folder, RUNNER_LEAF), { recursive: true });
      await writeFile(path.join(folder, RUNNER_LEAF, 'cgroup.procs'), String(pid));
      await writeFile(path.join(folder, 'cgroup.subtree_control'), wanted.map((bound) => `+${bound}`).join(' '));
    } catch (error) {
      refused.set(folder, `${folder} cannot have limited children: ${reasonOf(error)}`);
      // Back where it was, as far as that goes; staying in the leaf does no harm either.
      await writeFile(path.join(folder, 'cgroup.procs'), String(pid)).catch(() => undefined);
    }
  }
  const after = (place: CgroupPlace): CgroupPlace => {
    const reason = place.version === 0 ? undefined : refused.get(place.folder);
    return reason === undefined ? place : { version: 0, reason };
  };
  return { memory: after(places.memory), pids: after(places.pids), cpu: after(places.cpu) };
}

/** Limits of one job, as `[file, value]`; an optional file may be absent. */
function limits(
  bound: CgroupBound,
  version: 1 | 2,
  bounds: Bounds,
): readonly (readonly [string, string, 'optional'?])[] {
  const quota = String(Math.max(1_000, Math.round(bounds.cpusMax * CPU_PERIOD_US)));
  switch (bound) {
    case 'memory':
      return version === 1
        ? [
            ['memory.limit_in_bytes', String(bounds.memoryBytesMax)],
            ['memory.memsw.limit_in_bytes', String(bounds.memoryBytesMax), 'optional'],
          ]
        : [
            ['memory.max', String(bounds.memoryBytesMax)],
            ['memory.swap.max', '0', 'optional'],
          ];
    case 'pids':
      return [['pids.max', String(bounds.processesMax)]];
    case 'cpu':
      return version === 1
        ? [
            ['cpu.cfs_period_us', String(CPU_PERIOD_US)],
            ['cpu.cfs_quota_us', quota],
          ]
        : [['cpu.max', `${quota} ${CPU_PERIOD_US}`]];
  }
}

/** Makes the groups of a job. What cannot be limited is told in `missing`; nothing is half-limited. */
export function makeCgroups(places: CgroupPlaces, name: string, bounds: Bounds): JobCgroups {
  const folders = new Set<string>();
  const missing: { [bound in CgroupBound]?: string } = {};
  let memoryEvents: string | undefined;
  for (const bound of BOUNDS) {
    const place = places[bound];
    if (place.version === 0) {
      missing[bound] = place.reason;
      continue;
    }
    const folder = path.join(place.folder, name);
    try {
      mkdirSync(folder, { recursive: true });
      for (const [file, value, optional] of limits(bound, place.version, bounds)) {
        try {
          writeFileSync(path.join(folder, file), value, { flag: 'r+' });
        } catch (error) {
          if (optional === undefined) throw error;
        }
      }
      folders.add(folder);
      if (bound === 'memory')
        memoryEvents = path.join(folder, place.version === 1 ? 'memory.oom_control' : 'memory.events');
    } catch (error) {
      missing[bound] = `${folder}: ${reasonOf(error)}`;
      if (!folders.has(folder)) removeEmpty(folder);
    }
  }
  return {
    folders: [...folders],
    missing,
    countMemoryKills: () =>
      memoryEvents === undefined ? 0 : Number(/^oom_kill (\d+)$/m.exec(readText(memoryEvents))?.[1] ?? '0'),
    remove: async () => {
      for (const folder of folders) await removeCgroup(folder);
    },
  };
}

/** A group that could not be limited and that nothing joined. */
function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // It was not made, or is not ours.
  }
}

/** Removes a group. Its last processes may still be ending: it is tried again for a while, then the error is thrown. */
export async function removeCgroup(folder: string): Promise<void> {
  for (let tries = 0; tries < REMOVE_TRIES_MAX; tries += 1) {
    try {
      await rmdir(folder);
      return;
    } catch (error) {
      if (!isWritable(folder)) return; // Gone already.
      if (tries + 1 === REMOVE_TRIES_MAX) throw error;
      await sleep(REMOVE_WAIT_MS);
    }
  }
}
