import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import { reasonOf } from '../base/index.ts';
import type { CapabilityRecord, Wall, WallName } from '../protocol/index.ts';
import { type CgroupBound, type CgroupPlaces, findCgroups } from './cgroup.ts';
import { HELPER_ENV } from './namespace.ts';
import { seccompFilter } from './seccomp.ts';
import { findTool } from './tools.ts';
import { type PackageManager, packageManager, remedyFor } from './walls.ts';

/** A probe that takes longer has found a broken machine. */
const TRY_MS_MAX = 5_000;

/** Programs of the record: name, arguments that print the version, package by package manager. */
const TOOLS: readonly (readonly [name: string, ...args: string[]])[] = [
  ['bwrap', '--version'],
  ['unshare', '--version'],
  ['nsenter', '--version'],
  ['ip', '-V'],
  ['git', '--version'],
  ['newuidmap'],
  ['bash', '--version'],
  ['python3', '--version'],
  ['pwsh', '--version'],
];

type Attempt = { readonly ok: true } | { readonly ok: false; readonly why: string };

export type ProbeOptions = {
  /** The Node of the runner, for the record. */
  readonly nodeVersion: string;
  readonly root: boolean;
  readonly cgroups?: CgroupPlaces;
};

/**
 * Finds out which walls this machine can raise, by raising them: it starts namespaces and a bwrap, and looks at control
 * groups. Changes nothing that outlives it.
 */
export async function probeMachine(options: ProbeOptions): Promise<CapabilityRecord> {
  const manager = packageManager();
  const [namespaces, perStep, bwrap, filter, tools] = await Promise.all([
    tryNamespaces(),
    tryBwrap(['--unshare-user', '--unshare-pid', '--proc', '/proc']),
    tryBwrap(['--unshare-user', '--disable-userns']),
    trySeccomp(),
    toolVersions(),
  ]);
  const place = options.cgroups ?? findCgroups();
  const stand = (name: WallName, attempt: Attempt, holds: string): Wall =>
    attempt.ok
      ? { name, state: 'hard', reason: holds }
      : { name, state: 'missing', reason: attempt.why, remedy: mend(attempt.why, manager) };
  return {
    version: 1,
    platform: { os: os.platform(), arch: os.arch(), kernel: os.release(), root: options.root },
    walls: [
      stand(
        'user-namespace',
        namespaces,
        options.root ? 'each job has host uids of its own' : 'jobs have your own uid, walled in',
      ),
      stand('network', namespaces, 'an own network namespace without any route'),
      stand('processes', namespaces, 'an own PID namespace with an own /proc for each job'),
      stand('filesystem', bwrap, 'a read-only root of the host toolchain, made by bubblewrap'),
      stand('seccomp', filter, 'the system call filter loads'),
      ...(['memory', 'pids', 'cpu'] as const).map((bound) => boundWall(bound, place, options.root)),
      diskWall(options.root),
      stand('per-step', perStep, 'an own PID namespace for each step'),
    ],
    tools: { node: options.nodeVersion, ...tools, subuids: subordinateIds() },
  };
}

function boundWall(bound: CgroupBound, places: CgroupPlaces, root: boolean): Wall {
  const name = `hard-${bound}` as const;
  const place = places[bound];
  if (place.version !== 0) {
    return { name, state: 'hard', reason: `control groups version ${place.version} below ${place.folder}` };
  }
  const soft = {
    memory: 'use is measured and the job ended',
    pids: 'a limit for each process tree',
    cpu: 'not limited',
  };
  return {
    name,
    state: bound === 'cpu' ? 'missing' : 'soft',
    reason: `${place.reason}; ${soft[bound]}`,
    remedy: remedyFor(name, root),
  };
}

function diskWall(root: boolean): Wall {
  const how = root ? 'an image of fixed size' : 'a file system in memory, for small disks';
  const missing = root && findTool('mkfs.ext4') === undefined;
  return {
    name: 'hard-disk',
    state: 'soft',
    reason: `use is measured and the job ended; \`--require hard-disk\` gives each job ${how}${missing ? ', but mkfs.ext4 is missing' : ''}`,
    ...(missing ? { remedy: remedyFor('hard-disk', root) } : {}),
  };
}

/** All namespaces of a job at once, and a fresh /proc in them. */
async function tryNamespaces(): Promise<Attempt> {
  const unshare = findTool('unshare');
  const mount = findTool('mount');
  if (unshare === undefined || mount === undefined) return { ok: false, why: 'util-linux is not installed' };
  const flags = ['--user', '--map-root-user', '--net', '--pid', '--mount', '--ipc', '--uts', '--fork', '--kill-child'];
  return attempt(unshare, [...flags, '--', mount, '-t', 'proc', 'proc', '/proc']);
}

async function tryBwrap(flags: readonly string[]): Promise<Attempt> {
  const bwrap = findTool('bwrap');
  const cat = findTool('cat');
  if (bwrap === undefined || cat === undefined) return { ok: false, why: 'bubblewrap is not installed' };
  return attempt(bwrap, [
    ...flags,
    '--die-with-parent',
    '--ro-bind',
    '/',
    '/',
    '--dev',
    '/dev',
    '--',
    cat,
    '/dev/null',
  ]);
}

async function trySeccomp(): Promise<Attempt> {
  const arch = process.arch;
  if (arch !== 'x64' && arch !== 'arm64') return { ok: false, why: `there is no system call table for ${arch}` };
  const bwrap = findTool('bwrap');
  const cat = findTool('cat');
  if (bwrap === undefined || cat === undefined) return { ok: false, why: 'bubblewrap is not installed' };
  const args = [
    '--unshare-user',
    '--die-with-parent',
    '--ro-bind',
    '/',
    '/',
    '--dev',
    '/dev',
    '--seccomp',
    '0',
    '--',
    cat,
    '/dev/null',
  ];
  return attempt(bwrap, args, seccompFilter(arch));
}

function attempt(file: string, args: readonly string[], input?: Uint8Array): Promise<Attempt> {
  return new Promise((resolve) => {
    const options = { env: HELPER_ENV, cwd: '/', timeout: TRY_MS_MAX, killSignal: 'SIGKILL' } as const;
    const child = execFile(file, [...args], options, (error, _out, said) => {
      if (error === null) resolve({ ok: true });
      else resolve({ ok: false, why: said.trim().split('\n').at(-1) || reasonOf(error) });
    });
    child.stdin?.on('error', () => {
      // It ended before it read: its exit tells why.
    });
    child.stdin?.end(input);
  });
}

async function toolVersions(): Promise<{ [name: string]: string | null }> {
  const entries = TOOLS.map(async ([name, ...args]): Promise<[string, string | null]> => {
    const file = findTool(name);
    if (file === undefined) return [name, null];
    return [name, args.length === 0 ? file : await version(file, args)];
  });
  return Object.fromEntries(await Promise.all(entries));
}

function version(file: string, args: readonly string[]): Promise<string | null> {
  return new Promise((resolve) => {
    execFile(file, [...args], { env: HELPER_ENV, timeout: TRY_MS_MAX, killSignal: 'SIGKILL' }, (error, out) => {
      resolve(error === null ? (/\d+(?:\.\d+)+/.exec(out)?.[0] ?? (out.trim().split('\n')[0] || null)) : null);
    });
  });
}

/** The subordinate uids of this user, or nothing. */
function subordinateIds(): string | null {
  try {
    const user = os.userInfo();
    const line = readFileSync('/etc/subuid', 'utf8')
      .split('\n')
      .find((entry) => entry.startsWith(`${user.username}:`) || entry.startsWith(`${user.uid}:`));
    return line ?? null;
  } catch {
    return null; // No file or no such user: container jobs will say so.
  }
}

/** The exact command for the usual causes of a namespace that cannot be made. */
function mend(why: string, manager: PackageManager): string {
  const setting = (file: string) => {
    try {
      return readFileSync(`/proc/sys/${file}`, 'utf8').trim();
    } catch {
      return undefined; // This kernel has no such setting.
    }
  };
  if (/not installed/.test(why)) return manager.install(/bubblewrap/.test(why) ? ['bubblewrap'] : ['util-linux']);
  if (setting('user/max_user_namespaces') === '0') return 'sysctl -w user.max_user_namespaces=15000';
  if (setting('kernel/unprivileged_userns_clone') === '0') return 'sysctl -w kernel.unprivileged_userns_clone=1';
  if (setting('kernel/apparmor_restrict_unprivileged_userns') === '1') {
    return 'sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile that gives bwrap and unshare `userns`';
  }
  if (/mount proc|\/proc/.test(why)) {
    return 'inside a container /proc is masked: start it with `--security-opt systempaths=unconfined --security-opt seccomp=unconfined`, or run on the host';
  }
  return 'run as root, or on a kernel that lets users make namespaces (CONFIG_USER_NS, CONFIG_SECCOMP_FILTER)';
}
