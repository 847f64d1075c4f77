import { ETC_OF_JOB, JOB_UID } from './etc.ts';
import { INSIDE, type Mount, type Pod } from './executor.ts';
import { fault } from './faults.ts';

/** Shared memory (/dev/shm) of one process tree. Browsers and databases want more than bwrap's few pages. */
const SHM_BYTES_MAX = 512 * 1024 * 1024;
/** Folders for the runner's own mounts: they hold mount points only. */
const MOUNT_POINTS_BYTES_MAX = 1024 * 1024;

export type BwrapSpec = {
  readonly env: { readonly [name: string]: string };
  readonly cwd: string;
  readonly mounts: readonly Mount[];
  readonly isolation: 'per-job' | 'per-step';
  readonly allowUserNamespaces: boolean;
  readonly terminal: boolean;
  /** From `hostRootArguments`. */
  readonly hostRoot: readonly string[];
  /** Host folder with the job's own files of /etc. */
  readonly etc: string;
  readonly folders: Pod['folders'];
  /** Host folder behind `INSIDE.temp`. */
  readonly runnerTemp: string;
  readonly nodePath: string;
  readonly fixedMounts: readonly Mount[];
  /** Descriptors that bwrap reads and writes. */
  readonly seccompFd: number;
  readonly statusFd: number;
};

/**
 * Folders inside that only the runner mounts into. They are a fresh, small tmpfs in every process, mounted on names
 * directly below a mount: a job cannot rename or replace a mount point of its own namespace, so nobody can swap a
 * link in under a later step's mounts.
 */
const RUNNER_FOLDERS = [INSIDE.actions, INSIDE.commands, INSIDE.event] as const;

/**
 * The arguments of bwrap for one process, without the command. They go through a descriptor (`--args`), since
 * /proc/1/cmdline of a sandbox is readable inside.
 *
 * The order matters: later mounts cover earlier ones, and `--remount-ro /` must follow everything that makes a mount
 * point in the root.
 */
export function bwrapArguments(spec: BwrapSpec): string[] {
  const uid = String(JOB_UID);
  const { folders } = spec;
  return [
    ['--unshare-user', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try'],
    spec.allowUserNamespaces ? [] : ['--disable-userns'],
    spec.isolation === 'per-step' ? ['--unshare-pid'] : [],
    ['--uid', uid, '--gid', uid, '--hostname', 'job', '--cap-drop', 'ALL', '--die-with-parent'],
    spec.terminal ? [] : ['--new-session'],
    ['--clearenv'],
    Object.entries(spec.env).flatMap(([name, value]) => ['--setenv', name, value]),
    spec.hostRoot,
    ETC_OF_JOB.flatMap((name) => ['--ro-bind', `${spec.etc}/${name}`, `/etc/${name}`]),
    ['--proc', '/proc', '--dev', '/dev'],
    ['--perms', '1777', '--size', String(SHM_BYTES_MAX), '--tmpfs', '/dev/shm'],
    ['--ro-bind', spec.nodePath, `${INSIDE.sallyport}/node`],
    mountArguments(spec.fixedMounts),
    ['--bind', folders.temp, '/tmp', '--bind', folders.home, INSIDE.home, '--bind', folders.workspace, INSIDE.work],
    ['--bind', spec.runnerTemp, INSIDE.temp],
    RUNNER_FOLDERS.flatMap((folder) => ['--size', String(MOUNT_POINTS_BYTES_MAX), '--tmpfs', folder]),
    mountArguments(spec.mounts),
    ['--remount-ro', '/', '--chdir', spec.cwd],
    ['--seccomp', String(spec.seccompFd), '--json-status-fd', String(spec.statusFd)],
  ].flat();
}

function mountArguments(mounts: readonly Mount[]): string[] {
  return mounts.flatMap((mount) => [
    `${mount.writable ? '--bind' : '--ro-bind'}${mount.optional === true ? '-try' : ''}`,
    mount.host,
    mount.inside,
  ]);
}

/** Places that the job can write: a mount there could be led astray by a link that an earlier step planted. */
const WRITABLE = [INSIDE.home, '/tmp', '/dev', '/proc'] as const;

/** Refuses a mount whose place inside the job could have changed. `inside` must be absolute and plain. */
export function refuseUnsafeMount(mount: Mount): void {
  const where = `${mount.host} on ${mount.inside}`;
  if (!/^\/[^\0]+$/.test(mount.inside) || mount.inside.split('/').some((part) => part === '..' || part === '.')) {
    throw fault('mount-refused', `the mount ${where} is not a plain absolute path`);
  }
  if (RUNNER_FOLDERS.some((folder) => mount.inside.startsWith(`${folder}/`))) return;
  if (WRITABLE.some((folder) => mount.inside === folder || mount.inside.startsWith(`${folder}/`))) {
    throw fault('mount-refused', `the mount ${where} lies where the job can write`);
  }
}
