import { chmodSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Clock } from '../base/index.ts';
import { type CgroupPlaces, delegate, findCgroups } from './cgroup.ts';
import type { Executor, Mount, Pod } from './executor.ts';
import { fault } from './faults.ts';
import { ownerName, sweepDead } from './owner.ts';
import { holdNamespaces, lowerNamespaces } from './namespace.ts';
import { type Machine, openPod } from './pod.ts';
import { probeMachine } from './probe.ts';
import { copyHostEtc, hostRootArguments } from './root.ts';
import { seccompArch } from './seccomp.ts';
import { findTools, type Tools } from './tools.ts';
import { UID_POOL_BASE } from './uid-pool.ts';

export type BubblewrapOptions = {
  /** The Node of the runner; inside it is `node` in `INSIDE.sallyport`. */
  readonly nodePath: string;
  /** Folder of this runner's own state. Made when missing; jobs' users may pass it, nobody else may list it. */
  readonly stateDir: string;
  readonly clock: Clock;
  /** Host folders that the operator names, as /root/.cargo: mounted in every process. */
  readonly toolMounts?: readonly Mount[];
  /** Sallyport's own programs below `INSIDE.sallyport`. */
  readonly packageMounts?: readonly Mount[];
  /** Host folder behind `INSIDE.toolCache`, read-only. */
  readonly toolCache?: string;
  /** First host uid for jobs of a root runner. */
  readonly uidPoolBase?: number;
  /** Programs that are not where distributions put them. */
  readonly tools?: Partial<Tools>;
  /** Control groups as found elsewhere; for tests, and for an operator who wants none. */
  readonly cgroups?: CgroupPlaces;
};

/** Pods that may be open at once in one runner. */
const PODS_MAX = 256;
const FD_MAX = 4096;

/**
 * The executor of this project: bubblewrap inside namespaces of one job. Works as root, then each job has host uids of
 * its own, and as an ordinary user, then a job has the user's own uid behind the other walls.
 */
export function createBubblewrapExecutor(options: BubblewrapOptions): Executor {
  const pods = new Set<Pod>();
  let prepared: Promise<Machine> | undefined;
  return {
    name: 'bubblewrap',
    probe: () =>
      probeMachine({
        nodeVersion: process.versions.node,
        root: process.getuid?.() === 0,
        ...(options.cgroups === undefined ? {} : { cgroups: options.cgroups }),
      }),
    open: async (spec) => {
      if (pods.size >= PODS_MAX) throw fault('spec-invalid', `${PODS_MAX} pods are open already`);
      // First: the kernel makes them while everything else is prepared.
      const held = holdNamespaces(findTools(options.tools), process.getuid?.() === 0);
      try {
        prepared ??= prepare(options);
        const machine = await prepared;
        const pod = await openPod(spec, machine, { held, onClosed: () => pods.delete(pod) });
        pods.add(pod);
        return pod;
      } catch (error) {
        await lowerNamespaces(held);
        throw error;
      }
    },
    close: async () => {
      await Promise.all([...pods].map((pod) => pod.close()));
      // What could not be swept is left to the next runner.
      await prepared?.then(({ swept }) => swept).catch(() => undefined);
    },
  };
}

async function prepare(options: BubblewrapOptions): Promise<Machine> {
  const { stateDir } = options;
  const podsDir = path.join(stateDir, 'pods');
  mkdirSync(podsDir, { recursive: true, mode: 0o711 });
  for (const folder of [stateDir, podsDir]) chmodSync(folder, 0o711);
  const tools = findTools(options.tools);
  const places = options.cgroups ?? findCgroups();
  const parents = Object.values(places).flatMap((place) => (place.version === 0 ? [] : [place.folder]));
  const swept = sweepDead(tools, podsDir, parents);
  // `close` waits for it.
  swept.catch(() => undefined);
  const [etc, cgroups] = await Promise.all([copyHostEtc(tools, stateDir), delegate(places, process.pid)]);
  return {
    tools,
    owner: ownerName(process.pid),
    swept,
    cgroups,
    stateDir,
    podsDir,
    root: process.getuid?.() === 0,
    arch: seccompArch(process.arch),
    nodePath: options.nodePath,
    hostRoot: hostRootArguments({ toolCache: options.toolCache, etc }),
    fixedMounts: [...(options.packageMounts ?? []), ...(options.toolMounts ?? [])],
    inheritedFds: listInheritedFds(),
    nullFd: openSync('/dev/null', 'r+'),
    uidPoolBase: options.uidPoolBase ?? UID_POOL_BASE,
    monotonic: () => options.clock.monotonic(),
  };
}

/**
 * Descriptors above standard error that whoever started the runner left open without close-on-exec. Node cannot mark
 * them, so each child gets /dev/null in their place.
 */
function listInheritedFds(): number[] {
  const CLOSE_ON_EXEC = 0o2000000;
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter((fd) => fd > 2)
    .filter((fd) => {
      let flags: string | undefined;
      try {
        flags = /^flags:\s+(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1];
      } catch {
        return false; // Closed since the folder was listed.
      }
      const inherited = flags !== undefined && (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0;
      if (inherited && fd > FD_MAX)
        throw fault('open-failed', `the runner was started with descriptor ${fd} left open`);
      return inherited;
    });
}
