import { openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { chmod, mkdir, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../base/index.ts';
import { bwrapArguments, refuseUnsafeMount } from './arguments.ts';
import { JOB_UID, type NetworkFiles, writeEtc, writeNetworkFiles } from './etc.ts';
import {
  type Executor,
  INSIDE,
  type Mount,
  type Pod,
  type PodSpec,
  type ProcessExit,
  type ProcessSpec,
  type SandboxProcess,
} from './executor.ts';
import { fault } from './faults.ts';
import { type Namespaces, raiseNamespaces, run } from './namespace.ts';
import { giveTo, makePrivateFile, type PrivateFile } from './private-file.ts';
import { SECCOMP_FD, STATUS_FD, startProcess } from './process.ts';
import { hostRootArguments } from './root.ts';
import { type SeccompArch, seccompArch, seccompFilter } from './seccomp.ts';
import { findTools, type Tools } from './tools.ts';
import { takeUidRange, UID_POOL_BASE, type UidRange } from './uid-pool.ts';

export type BubblewrapOptions = {
  /** The Node of the runner; inside it is `INSIDE.sallyport`/node. */
  readonly nodePath: string;
  /** Folder of this runner's own state. Created when missing, traversable by the jobs' users, readable by nobody else. */
  readonly stateDir: string;
  readonly clock: Clock;
  /** Host folders that the operator names, as /root/.cargo: mounted in every process. */
  readonly toolMounts?: readonly Mount[];
  /** Sallyport's own programs below `INSIDE.sallyport`. */
  readonly packageMounts?: readonly Mount[];
  /** Host folder behind `INSIDE.toolCache`, read-only. */
  readonly toolCache?: string;
  readonly uidPoolBase?: number;
  readonly tools?: Partial<Tools>;
};

/** Pods that may be open at once in one runner. */
const PODS_MAX = 256;
/** Files that one job may have had made. */
const PRIVATE_FILES_MAX = 100_000;
const POD_ID = /^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/;

/**
 * The executor of this project: bubblewrap inside namespaces of one job. Works as root, then each job has host uids of
 * its own, and as an ordinary user, then a job has the user's own uid behind the other walls.
 */
export function createBubblewrapExecutor(options: BubblewrapOptions): Executor {
  const pods = new Set<Pod>();
  let prepared: Promise<Machine> | undefined;
  return {
    name: 'bubblewrap',
    probe: () => Promise.reject(fault('open-failed', 'the probe is not written yet')),
    open: async (spec) => {
      if (pods.size >= PODS_MAX) throw fault('spec-invalid', `${PODS_MAX} pods are open already`);
      prepared ??= prepare(options);
      const pod = await openPod(spec, await prepared, () => pods.delete(pod));
      pods.add(pod);
      return pod;
    },
    close: async () => {
      await Promise.all([...pods].map((pod) => pod.close()));
    },
  };
}

/** What is the same for every pod of this runner. */
type Machine = {
  readonly options: BubblewrapOptions;
  readonly tools: Tools;
  readonly root: boolean;
  readonly arch: SeccompArch;
  readonly hostRoot: readonly string[];
  readonly fixedMounts: readonly Mount[];
  readonly inheritedFds: readonly number[];
  readonly nullFd: number;
  readonly podsDir: string;
};

async function prepare(options: BubblewrapOptions): Promise<Machine> {
  const podsDir = path.join(options.stateDir, 'pods');
  await mkdir(podsDir, { recursive: true, mode: 0o711 });
  await Promise.all([chmod(options.stateDir, 0o711), chmod(podsDir, 0o711)]);
  return {
    options,
    tools: findTools(options.tools),
    root: process.getuid?.() === 0,
    arch: seccompArch(process.arch),
    hostRoot: await hostRootArguments({ toolCache: options.toolCache }),
    fixedMounts: [...(options.packageMounts ?? []), ...(options.toolMounts ?? [])],
    inheritedFds: listInheritedFds(),
    nullFd: openSync('/dev/null', 'r+'),
    podsDir,
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
    .filter((fd) => fd > 2 && fd < 4096)
    .filter((fd) => {
      try {
        const flags = /^flags:\s+(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1];
        return (
          flags !== undefined &&
          (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0 &&
          readlinkSync(`/proc/self/fd/${fd}`) !== ''
        );
      } catch {
        return false; // Closed since the folder was listed.
      }
    });
}

type Scratch = Pod['folders'] & { readonly runnerTemp: string };

async function openPod(spec: PodSpec, machine: Machine, onClosed: () => void): Promise<Pod> {
  if (!POD_ID.test(spec.id)) throw fault('spec-invalid', `pod id ${JSON.stringify(spec.id.slice(0, 100))}`);
  const privateDir = path.join(machine.podsDir, `${process.pid}-${spec.id}`);
  await mkdir(path.join(privateDir, 'files'), { recursive: true, mode: 0o711 });
  let uids: UidRange | undefined;
  try {
    uids = machine.root ? await takeUidRange(machine.options.uidPoolBase ?? UID_POOL_BASE) : undefined;
    const jobUid = uids === undefined ? undefined : uids.base + JOB_UID;
    const [namespaces, folders] = await Promise.all([
      raiseNamespaces(machine.tools, uids?.base),
      makeScratch(spec.scratch, jobUid),
      writeEtc(path.join(privateDir, 'etc')),
    ]);
    return makePod({ spec, machine, privateDir, uids, jobUid, namespaces, folders, onClosed });
  } catch (error) {
    await uids?.release();
    await rm(privateDir, { recursive: true, force: true });
    throw error;
  }
}

/** Makes the folders behind the job's writable places, with the mount points that later mounts need. */
async function makeScratch(scratch: string, uid: number | undefined): Promise<Scratch> {
  await chmod(scratch, 0o711);
  if (uid !== undefined) await refuseUnreachable(scratch);
  const at = (name: string) => path.join(scratch, name);
  const below = (name: string, inside: string, outer: string) => at(path.join(name, path.relative(outer, inside)));
  const folders = {
    workspace: at('workspace'),
    home: at('home'),
    temp: at('temp'),
    runnerTemp: at('runner-temp'),
  };
  const mountPoints = [
    below('home', INSIDE.work, INSIDE.home),
    below('workspace', INSIDE.temp, INSIDE.work),
    below('workspace', INSIDE.actions, INSIDE.work),
    below('runner-temp', INSIDE.commands, INSIDE.temp),
    below('runner-temp', INSIDE.event, INSIDE.temp),
  ];
  await Promise.all(Object.values(folders).map((folder) => mkdir(folder)));
  await Promise.all(mountPoints.map((folder) => mkdir(folder)));
  await giveTo(uid, [...Object.values(folders), ...mountPoints]);
  await chmod(folders.temp, 0o1777);
  return folders;
}

/** As root the job has a foreign uid: every folder above its own must let others pass. */
async function refuseUnreachable(folder: string): Promise<void> {
  const OTHERS_MAY_PASS = 0o001;
  for (let above = folder; ; above = path.dirname(above)) {
    const { mode } = await stat(above);
    if ((mode & OTHERS_MAY_PASS) === 0) {
      throw fault('path-unreachable', `${above} cannot be traversed by the job's user, but ${folder} lies in it`);
    }
    if (above === path.dirname(above)) return;
  }
}

type PodParts = {
  readonly spec: PodSpec;
  readonly machine: Machine;
  readonly privateDir: string;
  readonly uids: UidRange | undefined;
  readonly jobUid: number | undefined;
  readonly namespaces: Namespaces;
  readonly folders: Scratch;
  readonly onClosed: () => void;
};

function makePod(parts: PodParts): Pod {
  const { machine, namespaces, folders, privateDir } = parts;
  const handles: FileHandle[] = [];
  const running = new Set<Promise<ProcessExit>>();
  let state: 'open' | 'closing' | 'ended' = 'open';
  let killed: string | undefined;
  let closed: Promise<void> | undefined;
  void namespaces.ended.then(() => {
    if (state === 'open') killed = 'the namespaces of the job ended';
    state = 'ended';
  });
  const start = (spec: ProcessSpec): SandboxProcess => {
    if (state !== 'open') throw fault('pod-closed', `pod ${parts.spec.id} has ended`);
    const process = startProcess(spec, {
      tools: machine.tools,
      enterJob: namespaces.enterJob,
      cgroups: [],
      bwrapArguments: argumentsOf(spec, parts),
      seccomp: seccompFilter(machine.arch, spec.seccomp),
      inheritedFds: machine.inheritedFds,
      nullFd: machine.nullFd,
      killedBy: () => (state === 'open' ? undefined : 'pod'),
    });
    running.add(process.exited);
    void process.exited.then(() => running.delete(process.exited));
    return process;
  };
  const close = async (keep: boolean) => {
    state = 'closing';
    await namespaces.close();
    await Promise.all(running);
    await Promise.all(handles.map((handle) => handle.close()));
    if (!keep) await removeTree(machine.tools, parts.spec.scratch);
    await removeTree(machine.tools, privateDir);
    await parts.uids?.release();
    parts.onClosed();
  };
  return {
    id: parts.spec.id,
    enter: namespaces.enter,
    folders: { workspace: folders.workspace, home: folders.home, temp: folders.temp },
    privateFile: async (name, content): Promise<PrivateFile> => {
      if (state !== 'open') throw fault('pod-closed', `pod ${parts.spec.id} has ended`);
      if (handles.length >= PRIVATE_FILES_MAX)
        throw fault('spec-invalid', `more than ${PRIVATE_FILES_MAX} private files`);
      const made = await makePrivateFile(path.join(privateDir, 'files'), name, { content, uid: parts.jobUid });
      handles.push(made.handle);
      return made.file;
    },
    setNetworkFiles: (files: NetworkFiles) => writeNetworkFiles(path.join(privateDir, 'etc'), files),
    start,
    close: (closing) => (closed ??= close(closing?.keep === true)),
    get killed() {
      return killed;
    },
  };
}

function argumentsOf(spec: ProcessSpec, parts: PodParts): string[] {
  const mounts = spec.mounts ?? [];
  for (const mount of mounts) refuseUnsafeMount(mount);
  return bwrapArguments({
    env: spec.env,
    cwd: spec.cwd,
    mounts,
    isolation: spec.isolation,
    allowUserNamespaces: spec.seccomp?.allowUserNamespaces === true,
    terminal: spec.terminal === true,
    hostRoot: parts.machine.hostRoot,
    etc: path.join(parts.privateDir, 'etc'),
    folders: parts.folders,
    runnerTemp: parts.folders.runnerTemp,
    nodePath: parts.machine.options.nodePath,
    fixedMounts: parts.machine.fixedMounts,
    seccompFd: SECCOMP_FD,
    statusFd: STATUS_FD,
  });
}

/**
 * Removes a folder that a job has written into. `rm` and `find` walk by descriptor and never follow links, and they
 * stand paths of any depth, which a walk by path does not.
 */
async function removeTree(tools: Tools, folder: string): Promise<void> {
  try {
    await run(tools.rm, ['-rf', '--one-file-system', '--', folder]);
  } catch {
    // A folder without permissions, when the job has the runner's own uid.
    await run(tools.find, [
      folder,
      '-xdev',
      '-type',
      'd',
      '!',
      '-perm',
      '-700',
      '-execdir',
      'chmod',
      'u+rwx',
      '{}',
      ';',
    ]);
    await run(tools.rm, ['-rf', '--one-file-system', '--', folder]);
  }
}
