import { rmdir } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunRequest } from '../cli/index.ts';
import type { PreparedNetwork } from '../egress/index.ts';
import { WALLS, type WallName } from '../protocol/index.ts';
import type { Bounds, Executor, Pod, PodSpec } from '../sandbox/index.ts';
import type { Begun } from './begin.ts';
import type { Machine } from './commands.ts';
import { machineOf } from './machine.ts';
import { openExecutor } from './executor.ts';
import { findToolchains, isFolder, type Toolchains } from './toolchains.ts';
import { openWaiting, type WaitingPod } from './warm.ts';

const GIB = 1024 ** 3;
/** Processes and threads of one job. */
const JOB_PROCESSES_MAX = 4_096;
/** Workspace, home and /tmp of one job: what GitHub's runners have free. */
const JOB_DISK_BYTES_MAX = 14 * GIB;
/** What a job may take of the machine's memory, so that the machine itself goes on. */
const JOB_MEMORY_SHARE = 0.8;

/** Between two parts of the code: long enough for several steps of what was begun. */
const PAUSE_MS = 2;

/** What a run needs that takes time outside of this process: begun while this process still loads its own code. */
export type EarlyStart = {
  /** Opens the pod of the first job at once: it stands already. */
  readonly executor: Executor;
  readonly toolchains: Toolchains;
  readonly bounds: Bounds;
  readonly require: readonly WallName[];
  /** Parent of the folders of running jobs. */
  readonly jobsDir: string;
  /** The reader of workflow files, and the snapshot of the folder. */
  begin(directory: string): Promise<Begun>;
  /** Whether what was begun is what this request needs. */
  fits(request: RunRequest): boolean;
  /** Takes back what nobody needs. May be called twice. */
  close(): Promise<void>;
  /** The network that was prepared for a pod, once. */
  networkOf(enter: readonly string[]): Promise<PreparedNetwork | undefined>;
};

/** What of a request decides how a sandbox is made. */
type Wanted = Pick<RunRequest, 'tools' | 'require'>;

/** Begins before the arguments are read, when they do not decide how a sandbox is made. */
export function beginEarly(argv: readonly string[]): EarlyStart | undefined {
  if (process.platform !== 'linux' || argv.some((argument) => /^--(?:tools|require)/.test(argument))) return undefined;
  try {
    const early = startEarly(machineOf(argv), { tools: [], require: [] });
    // What the arguments name as a folder is known only when they are read.
    const isHere = !argv.some((argument) => argument.startsWith('-C') || argument.startsWith('--dir'));
    if (isHere) void early.begin(process.cwd()).catch(() => undefined);
    return early;
  } catch {
    // The command meets the same failure, and tells it.
    return undefined;
  }
}

/**
 * Begins to raise the walls of the first job before the job is known. Nothing of a job is in it, and a pod serves one
 * job only; one that is not needed is closed with the executor.
 */
export function startEarly(machine: Machine, request: Wanted): EarlyStart {
  const wanted = { tools: request.tools, require: request.require };
  const toolchains = findToolchains({ env: machine.env, named: request.tools, isFolder });
  const inner = openExecutor(machine, toolchains.folders);
  const bounds = boundsOfMachine();
  const require = WALLS.filter((wall) => request.require.includes(wall));
  const jobsDir = join(machine.places.state, 'jobs');
  let first: Promise<WaitingPod | undefined> | undefined = openWaiting(inner, { bounds, require, jobsDir });
  const networks = new Map<readonly string[], Promise<PreparedNetwork | undefined>>();
  const take = () => {
    const taken = first;
    first = undefined;
    return taken;
  };
  const open = async (spec: PodSpec): Promise<Pod> => {
    const waiting = await take();
    if (waiting === undefined) return inner.open(spec);
    // The pod has a folder of its own.
    await rmdir(spec.scratch);
    networks.set(waiting.pod.enter, waiting.network);
    return waiting.pod;
  };
  const begun = new Map<string, Promise<Begun>>();
  const begin = (directory: string) => {
    const known = begun.get(directory) ?? beginRest(machine, directory);
    begun.set(directory, known);
    return known;
  };
  const closeExecutor = async () => {
    const waiting = await take();
    for (const network of [...networks.values(), waiting?.network]) await (await network)?.close();
    await inner.close();
  };
  const close = async () => {
    await closeExecutor();
    for (const rest of begun.values()) await rest.then(({ reader }) => reader.close()).catch(() => undefined);
  };
  const networkOf = async (enter: readonly string[]) => {
    const network = networks.get(enter);
    networks.delete(enter);
    return network;
  };
  return {
    executor: { name: inner.name, probe: () => inner.probe(), open, close: closeExecutor },
    begin,
    fits: ({ tools, require }) => JSON.stringify({ tools, require }) === JSON.stringify(wanted),
    close,
    toolchains,
    bounds,
    require,
    jobsDir,
    networkOf,
  };
}

/** The code for it is loaded once the sandbox is on its way. */
async function beginRest(machine: Machine, directory: string): Promise<Begun> {
  await sleep(PAUSE_MS);
  const { begin } = await import('./begin.ts');
  return begin(machine, directory);
}

export function boundsOfMachine(): Bounds {
  return {
    memoryBytesMax: Math.max(GIB, Math.floor(totalmem() * JOB_MEMORY_SHARE)),
    processesMax: JOB_PROCESSES_MAX,
    cpusMax: availableParallelism(),
    diskBytesMax: JOB_DISK_BYTES_MAX,
  };
}

/** Loads the code of a run in parts, so that what was begun early goes on in between. */
export async function loadRun(): Promise<typeof import('./run.ts')> {
  const parts = [
    () => import('../egress/index.ts'),
    () => import('../workflow/index.ts'),
    () => import('../actions/index.ts'),
    () => import('../results/index.ts'),
    () => import('../runner/index.ts'),
    () => import('../engine/index.ts'),
  ];
  for (const load of parts) {
    await sleep(PAUSE_MS);
    await load();
  }
  return import('./run.ts');
}
