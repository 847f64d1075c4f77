import { mkdirSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { WallName } from '../protocol/index.ts';
import { bwrapArguments, refuseUnsafeMount } from './arguments.ts';
import { type ChainOptions, SECCOMP_FD, STATUS_FD, WaitingChains } from './chain.ts';
import { type CgroupPlaces, type JobCgroups, makeCgroups } from './cgroup.ts';
import { mountHardDisk } from './disk.ts';
import { JOB_UID, type NetworkFiles, writeNetworkFiles } from './etc.ts';
import type { Mount, Pod, PodSpec, ProcessExit, ProcessSpec, SandboxProcess } from './executor.ts';
import { fault } from './faults.ts';
import { type HeldNamespaces, type Namespaces, raiseNamespaces, run } from './namespace.ts';
import { CGROUP_PREFIX, recordOwned, removeTree } from './owner.ts';
import { makeFilesFolder, type PrivateFile, PrivateFiles, removeFilesFolder } from './private-file.ts';
import { type StartedProcess, startProcess } from './process.ts';
import { makeScratch, type Scratch, SCRATCH_SCRIPT, scratchFolders } from './scratch.ts';
import { type SeccompArch, seccompFilter } from './seccomp.ts';
import { stageUnreachable } from './stage.ts';
import type { Tools } from './tools.ts';
import { takeUidRange, type UidRange } from './uid-pool.ts';
import { remedyFor } from './walls.ts';
import { watchBounds } from './watch.ts';

/** Files that one job may have had made: three for each of a thousand steps, and room. */
const PRIVATE_FILES_MAX = 10_000;
const POD_ID = /^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/;

/** What is the same for every pod of this runner. */
export type Machine = {
  readonly tools: Tools;
  readonly root: boolean;
  readonly arch: SeccompArch;
  /** Identifies this runner process, see `ownerName`. */
  readonly owner: string;
  /** What killed runners left behind is removed meanwhile: nothing of it has a name of this runner. */
  readonly swept: Promise<void>;
  readonly stateDir: string;
  readonly podsDir: string;
  readonly nodePath: string;
  /** From `hostRootArguments`. */
  readonly hostRoot: readonly string[];
  readonly fixedMounts: readonly Mount[];
  readonly inheritedFds: readonly number[];
  readonly nullFd: number;
  readonly cgroups: CgroupPlaces;
  readonly uidPoolBase: number;
  readonly monotonic: () => number;
};

type PodParts = {
  readonly spec: PodSpec;
  readonly machine: Machine;
  readonly privateDir: string;
  /** From `makeFilesFolder`. */
  readonly filesDir: string;
  readonly uids: UidRange | undefined;
  readonly jobUid: number | undefined;
  readonly namespaces: Namespaces;
  readonly folders: Scratch;
  readonly cgroups: JobCgroups;
  /** Where a host path is mounted from, see `stageUnreachable`. */
  readonly staged: (host: string) => string;
  readonly onClosed: () => void;
};

/**
 * Raises the walls of one job around namespaces that are held already. Whatever fails, nothing stays behind but those and the
 * caller's scratch folder.
 */
export async function openPod(
  spec: PodSpec,
  machine: Machine,
  { held, onClosed }: { readonly held: HeldNamespaces; readonly onClosed: () => void },
): Promise<Pod> {
  if (!POD_ID.test(spec.id)) throw fault('spec-invalid', `pod id ${JSON.stringify(spec.id.slice(0, 100))}`);
  const name = `${machine.owner}-${spec.id}`;
  const privateDir = path.join(machine.podsDir, name);
  mkdirSync(privateDir, { mode: 0o711 });
  const undo: (() => Promise<void>)[] = [() => removeTree(machine.tools, privateDir)];
  try {
    const cgroups = makeCgroups(machine.cgroups, `${CGROUP_PREFIX}${name}`, spec.bounds);
    undo.push(() => cgroups.remove());
    requireBounds(spec.require, cgroups, machine.root);
    const isMemoryBounded = cgroups.missing.memory === undefined;
    const filesDir = makeFilesFolder(`${CGROUP_PREFIX}${name}`, { privateDir, isMemoryBounded });
    undo.push(() => removeFilesFolder(filesDir));
    recordOwned(privateDir, spec.scratch, cgroups.folders);
    const uids = machine.root ? await takeUidRange(machine.uidPoolBase) : undefined;
    undo.push(async () => uids?.release());
    const jobUid = uids === undefined ? undefined : uids.base + JOB_UID;
    const hardDisk = spec.require.includes('hard-disk');
    const raised = raiseNamespaces(machine.tools, held, uids?.base);
    undo.push(() =>
      raised.then(
        (namespaces) => namespaces.close(),
        () => undefined,
      ),
    );
    const [namespaces, folders] = await Promise.all([
      raised,
      hardDisk ? scratchFolders(path.join(spec.scratch, 'disk')) : makeScratch(spec.scratch, jobUid),
      writeNetworkFiles(privateDir, { resolvConf: '', hosts: '' }),
    ]);
    if (hardDisk) await makeHardDisk(spec, machine, { namespaces, jobUid });
    const fixed = [machine.nodePath, ...machine.fixedMounts.map((mount) => mount.host)];
    const staged = machine.root
      ? await stageUnreachable(machine.tools, namespaces.pid, [spec.scratch, machine.stateDir, ...fixed])
      : (host: string) => host;
    return makePod({
      spec,
      machine,
      privateDir,
      filesDir,
      uids,
      jobUid,
      namespaces,
      folders,
      cgroups,
      staged,
      onClosed,
    });
  } catch (error) {
    for (const step of undo.reverse()) await step();
    throw error;
  }
}

/** Every wall but the bounds stands whenever a pod opens at all; the bounds may be soft. */
function requireBounds(required: readonly WallName[], cgroups: JobCgroups, root: boolean): void {
  for (const bound of ['memory', 'pids', 'cpu'] as const) {
    const reason = cgroups.missing[bound];
    if (reason === undefined || !required.includes(`hard-${bound}`)) continue;
    throw fault('wall-missing', `hard-${bound}: ${reason}; ${remedyFor(`hard-${bound}`, root)}`);
  }
}

async function makeHardDisk(
  spec: PodSpec,
  machine: Machine,
  pod: { readonly namespaces: Namespaces; readonly jobUid: number | undefined },
): Promise<void> {
  const { tools, root } = machine;
  const folder = path.join(spec.scratch, 'disk');
  await mkdir(folder, { mode: 0o711 });
  const enter = root ? [tools.nsenter, `--mount=/proc/${pod.namespaces.pid}/ns/mnt`] : [...pod.namespaces.enter, '-m'];
  await mountHardDisk({ tools, root, enter, scratch: spec.scratch, folder, bytes: spec.bounds.diskBytesMax });
  const [file, ...args] = [...enter, '--', tools.sh, '-c', SCRATCH_SCRIPT, 'sh', folder, String(pod.jobUid ?? '')];
  await run(file ?? tools.nsenter, args);
}

/** Guards the life of one pod: open, ended (by itself, by a bound), closed. */
function makePod(parts: PodParts): Pod {
  const { spec, machine, namespaces, privateDir, cgroups } = parts;
  const files = new PrivateFiles(parts.filesDir, { uid: parts.jobUid, filesMax: PRIVATE_FILES_MAX });
  const running = new Set<StartedProcess>();
  let ended: { readonly reason: NonNullable<ProcessExit['reason']>; readonly why?: string } | undefined;
  let closed: Promise<void> | undefined;
  void namespaces.ended.then(() => {
    ended ??= { reason: 'pod', why: 'the namespaces of the job ended' };
    // Every process of the job is gone; a helper that the job has stopped would not notice.
    for (const process of running) process.abandon();
  });
  const watch = watchBounds({
    bounds: spec.bounds,
    memory: cgroups.missing.memory !== undefined,
    processes: cgroups.missing.pids !== undefined,
    disk: !spec.require.includes('hard-disk'),
    scratch: spec.scratch,
    privateBytes: () => files.bytes(),
    holderPid: namespaces.pid,
    tools: machine.tools,
    monotonic: machine.monotonic,
    onPassed: (bound, detail) => {
      ended ??= { reason: bound === 'processes' ? 'pod' : bound, why: `the bound on ${bound} was passed: ${detail}` };
      void namespaces.close();
    },
  });
  const chain: ChainOptions = {
    tools: machine.tools,
    enterJob: namespaces.enterJob,
    cgroups: cgroups.folders,
    processesMax: cgroups.missing.pids === undefined ? undefined : spec.bounds.processesMax,
    inheritedFds: machine.inheritedFds,
    nullFd: machine.nullFd,
  };
  const waiting = new WaitingChains(chain);
  const start = (process: ProcessSpec): SandboxProcess => {
    if (ended !== undefined) throw fault('pod-closed', `pod ${spec.id}: ${ended.why ?? 'closed'}`);
    const memoryKills = cgroups.countMemoryKills();
    const options = {
      ...chain,
      waiting,
      bwrapArguments: argumentsOf(process, parts),
      seccomp: seccompFilter(machine.arch, process.seccomp),
      killedBy: (code: number) => {
        if (ended !== undefined) return ended.reason;
        return code !== 0 && cgroups.countMemoryKills() > memoryKills ? 'memory' : undefined;
      },
    };
    const started = startProcess(process, options);
    running.add(started);
    void started.exited.then(() => running.delete(started));
    return started;
  };
  const close = async (keep: boolean) => {
    ended ??= { reason: 'pod' };
    await Promise.all([namespaces.close(), waiting.close()]);
    await watch.stop();
    for (const process of running) process.abandon();
    await Promise.all([...running].map((process) => process.exited));
    files.close();
    await removeFilesFolder(parts.filesDir);
    await Promise.all([cgroups.remove(), keep ? undefined : removeTree(machine.tools, spec.scratch)]);
    // Last, since it tells what belongs to the pod. No job ever wrote a name into it.
    await rm(privateDir, { recursive: true, force: true });
    await parts.uids?.release();
    parts.onClosed();
  };
  return {
    id: spec.id,
    enter: namespaces.enter,
    folders: { workspace: parts.folders.workspace, home: parts.folders.home, temp: parts.folders.temp },
    privateFile: async (name, content): Promise<PrivateFile> => {
      if (ended !== undefined) throw fault('pod-closed', `pod ${spec.id} has ended`);
      return files.make(name, content);
    },
    setNetworkFiles: (files: NetworkFiles) => writeNetworkFiles(privateDir, files),
    start,
    close: (options) => (closed ??= close(options?.keep === true)),
    get killed() {
      return ended?.why;
    },
  };
}

function argumentsOf(process: ProcessSpec, parts: PodParts): string[] {
  const { machine, staged } = parts;
  const mounts = process.mounts ?? [];
  for (const mount of mounts) refuseUnsafeMount(mount);
  const move = (mount: Mount): Mount => ({ ...mount, host: staged(mount.host) });
  return bwrapArguments({
    env: process.env,
    cwd: process.cwd,
    mounts: mounts.map(move),
    isolation: process.isolation,
    allowUserNamespaces: process.seccomp?.allowUserNamespaces === true,
    terminal: process.terminal === true,
    hostRoot: machine.hostRoot.map((argument) => (path.isAbsolute(argument) ? staged(argument) : argument)),
    etc: staged(parts.privateDir),
    folders: {
      workspace: staged(parts.folders.workspace),
      home: staged(parts.folders.home),
      temp: staged(parts.folders.temp),
    },
    runnerTemp: staged(parts.folders.runnerTemp),
    nodePath: staged(machine.nodePath),
    fixedMounts: machine.fixedMounts.map(move),
    seccompFd: SECCOMP_FD,
    statusFd: STATUS_FD,
  });
}
