import type { Readable, Writable } from 'node:stream';
import type { CapabilityRecord, WallName } from '../protocol/index.ts';

/** A path of the host that a sandbox sees. */
export type Mount = {
  readonly host: string;
  readonly inside: string;
  readonly writable: boolean;
  /** A missing host path is left out instead of being a fault. */
  readonly optional?: boolean;
};

/** What bounds one job. Units in the names. Each is enforced hard where the machine can, and said aloud where not. */
export type Bounds = {
  readonly memoryBytesMax: number;
  readonly processesMax: number;
  /** Processors, may be a fraction. */
  readonly cpusMax: number;
  /** Workspace, home and /tmp together. */
  readonly diskBytesMax: number;
};

export type PodSpec = {
  /** Letters, digits and dashes; names cgroups and folders. */
  readonly id: string;
  readonly bounds: Bounds;
  /** Walls that must be hard: opening fails with `sandbox/wall-missing` when one is not. */
  readonly require: readonly WallName[];
  /** Host folder of this job alone, made by the caller, emptied by `close`. */
  readonly scratch: string;
};

/** One process tree to start inside a pod. */
export type ProcessSpec = {
  readonly command: readonly [string, ...string[]];
  /** The whole environment: nothing of the host's leaks in. Never visible in any command line. */
  readonly env: { readonly [name: string]: string };
  readonly cwd: string;
  /**
   * On top of what the pod mounts for every process. Below places that the job can write only `INSIDE.actions`,
   * `INSIDE.commands` and `INSIDE.event` are possible; others are refused, since a planted link could lead them astray.
   */
  readonly mounts?: readonly Mount[];
  /** `per-step`: own PID namespace; what the step leaves running dies with it. */
  readonly isolation: 'per-job' | 'per-step';
  /** Bytes for standard input; none: /dev/null. `pipe`: the `stdin` stream is given. */
  readonly stdin?: 'pipe' | Uint8Array;
  /** Opt-outs of the system call filter. Each weakens a wall and is recorded by the caller. */
  readonly seccomp?: { readonly allowUserNamespaces?: boolean; readonly allowRawIcmp?: boolean };
  /** Connects the process to the caller's own terminal (`--shell`). */
  readonly terminal?: boolean;
};

export type ProcessExit = {
  /** Exit status; 128 + n when signal n ended the command. */
  readonly code: number;
  readonly signal?: string;
  /**
   * Set when not the command itself ended: a bound was passed, the pod ended, or `setup`: the sandbox of the process
   * could not be made or the command could not be executed (standard error says why).
   */
  readonly reason?: 'memory' | 'disk' | 'pod' | 'setup';
};

export type SandboxProcess = {
  readonly stdin?: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /**
   * Resolves once the command has ended and its output pipes are drained or closed; never rejects. A background
   * process that keeps the pipes open delays this by at most `PIPE_GRACE_MS`.
   */
  readonly exited: Promise<ProcessExit>;
  /** Sends a signal to the command's whole process tree, inside. */
  signal(name: 'SIGINT' | 'SIGTERM' | 'SIGKILL'): void;
};

/** The walls of one job attempt: its own user, network and PID namespace. Several processes share it. */
export type Pod = {
  readonly id: string;
  /** Argument list that puts a host command into the pod's user and network namespace, host files and PIDs kept. */
  readonly enter: readonly string[];
  /** Host folders that back the writable places of the job. Never open paths below these from the runner. */
  readonly folders: { readonly workspace: string; readonly home: string; readonly temp: string };
  /** Makes a host file that only the runner and the job can read or write (for env files); returns its path. */
  privateFile(
    name: string,
    content: string,
  ): Promise<{ readonly path: string; read(bytesMax: number): Promise<Buffer> }>;
  /** Sets name resolution inside, for processes that run already too. Before the first call no name resolves. */
  setNetworkFiles(files: { readonly resolvConf: string; readonly hosts: string }): Promise<void>;
  start(spec: ProcessSpec): SandboxProcess;
  /** Kills all that is left, removes the scratch folder (unless `keep`), control groups and namespaces. Idempotent. */
  close(options?: { readonly keep?: boolean }): Promise<void>;
  /** Why a bound killed something, when one did. */
  readonly killed: string | undefined;
};

/**
 * Makes pods. The bubblewrap executor is the one of this project; others (a root from an image, gVisor, Kubernetes)
 * implement the same interface and pass `executor.contract.ts`.
 */
export type Executor = {
  readonly name: string;
  probe(): Promise<CapabilityRecord>;
  open(spec: PodSpec): Promise<Pod>;
  /** Ends whatever the executor keeps warm. */
  close(): Promise<void>;
};

/** Where things lie inside every sandbox. */
export const INSIDE = {
  home: '/home/runner',
  /** Parent of the workspace, of `_temp` and of `_actions`. */
  work: '/home/runner/work',
  temp: '/home/runner/work/_temp',
  /** The three folders below the work folder that `ProcessSpec.mounts` may mount into: empty and new in each process. */
  actions: '/home/runner/work/_actions',
  commands: '/home/runner/work/_temp/_runner_file_commands',
  event: '/home/runner/work/_temp/_github_workflow',
  toolCache: '/opt/hostedtoolcache',
  /** Sallyport's own programs that run inside: node, built-in actions. Read-only. */
  sallyport: '/sallyport',
} as const;
