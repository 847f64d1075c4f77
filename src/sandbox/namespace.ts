import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { reasonOf } from '../base/index.ts';
import { JOB_UID } from './etc.ts';
import { fault } from './faults.ts';
import type { Tools } from './tools.ts';
import { UIDS_PER_JOB } from './uid-pool.ts';

/** Raising the namespaces of a job takes some ten milliseconds; a machine that needs longer than this is broken. */
const OPEN_MS_MAX = 10_000;
/** How long the namespaces may take to go by themselves before their holder is killed. */
const CLOSE_MS_MAX = 3_000;
/** What the holder may say before it ends. */
const STDERR_CHARACTERS_MAX = 4_000;

/** The user, network, PID, mount, IPC and UTS namespace of one job, held open by a process that does nothing. */
export type Namespaces = {
  /** Host pid of the process that holds the user, network and mount namespace. */
  readonly pid: number;
  /** Runs a host command in the user and network namespace, as that namespace's root. */
  readonly enter: readonly string[];
  /** Runs a command in all namespaces, as the job's user where uids are mapped. */
  readonly enterJob: readonly string[];
  /** Resolves when the namespaces are gone, for whatever reason. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
};

/** The environment of host helpers: nothing of the runner's. */
export const HELPER_ENV = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' } as const;

/** Namespaces that stand but whose uids are not mapped yet. */
export type HeldNamespaces = {
  readonly holder: ChildProcess;
  readonly ended: Promise<void>;
  readonly up: Promise<number>;
};

/**
 * Makes the namespaces of one job, which nothing is in yet. They go with `lower`, or when they are raised, with those.
 *
 * The first process of the PID namespace is `cat` on a pipe from this process, with SIGCHLD ignored: the kernel then
 * reaps orphans by itself, no signal from inside reaches it since it has no handlers, and when the pipe closes, also
 * because the runner was killed, it ends and takes every process of the job with it. An init program with handlers
 * (catatonit, tini) would forward a SIGTERM that the job sends to PID 1, and end the job's own sandbox.
 *
 * @param mapped whether the job gets uids of its own; else the runner's own
 */
export function holdNamespaces(tools: Tools, mapped: boolean): HeldNamespaces {
  const init = [tools.env, '--ignore-signal=CHLD', tools.cat];
  const command = mapped
    ? ['--', ...init]
    : ['--map-root-user', '--', tools.sh, '-c', `${prepareScript(tools)} && exec "$@"`, 'sh', ...init];
  const holder = spawn(
    tools.unshare,
    [
      '--user',
      '--net',
      '--pid',
      '--mount',
      '--ipc',
      '--uts',
      '--fork',
      '--kill-child',
      '--propagation=private',
      ...command,
    ],
    { stdio: ['pipe', 'pipe', 'pipe'], env: HELPER_ENV, cwd: '/', detached: true },
  );
  const ended = new Promise<void>((resolve) => {
    holder.once('exit', () => resolve());
    holder.once('error', () => resolve());
  });
  const up = echoed(holder);
  // Whoever raises the namespaces meets the failure.
  up.catch(() => undefined);
  return { holder, ended, up };
}

function prepareScript(tools: Tools): string {
  return `${tools.mount} -t proc -o nosuid,nodev,noexec proc /proc && ${tools.ip} link set lo up`;
}

/**
 * Raises the namespaces of one job.
 *
 * @param uidBase first host uid of the job when the runner is root; without it the job has the runner's own uid
 */
export async function raiseNamespaces(
  tools: Tools,
  held: HeldNamespaces,
  uidBase: number | undefined,
): Promise<Namespaces> {
  const { ended } = held;
  try {
    const pid = await held.up;
    const namespaces = {
      pid,
      enter: enterArguments(tools, pid, uidBase !== undefined),
      enterJob: enterJobArguments(tools, pid, uidBase !== undefined),
      ended,
      close: () => lowerNamespaces(held),
    };
    if (uidBase !== undefined) {
      const map = `0 ${uidBase} ${UIDS_PER_JOB}`;
      await Promise.all([writeFile(`/proc/${pid}/uid_map`, map), writeFile(`/proc/${pid}/gid_map`, map)]);
      const [file, ...rest] = [...namespaces.enter, '-m', `--pid=/proc/${pid}/ns/pid_for_children`];
      await run(file ?? tools.nsenter, [...rest, '--', tools.sh, '-c', prepareScript(tools)]);
    }
    return namespaces;
  } catch (error) {
    await lowerNamespaces(held);
    throw error;
  }
}

/** Waits until the holder's `cat` answers: then all its namespaces stand. Returns the pid of `unshare`. */
function echoed(holder: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let said = '';
    const refuse = (why: string) => reject(fault('open-failed', `the namespaces of the job cannot be made: ${why}`));
    const timer = setTimeout(() => refuse(`no answer within ${OPEN_MS_MAX} ms`), OPEN_MS_MAX);
    holder.once('error', (error) => refuse(error.message));
    holder.stderr?.on('data', (chunk: Buffer) => {
      if (said.length < STDERR_CHARACTERS_MAX) said += chunk.toString();
    });
    holder.once('close', (code) => {
      clearTimeout(timer);
      refuse(said.trim() === '' ? `unshare ended with ${code}` : said.trim());
    });
    holder.stdin?.on('error', () => {
      // The holder ended first; its end is reported above.
    });
    holder.stdout?.once('data', () => {
      clearTimeout(timer);
      if (holder.pid === undefined) refuse('unshare has no pid');
      else resolve(holder.pid);
    });
    holder.stdin?.write('x');
  });
}

function enterArguments(tools: Tools, pid: number, mapped: boolean): string[] {
  // With a single mapped uid setgroups is denied for good, which nsenter would try without the option.
  return [tools.nsenter, '-t', String(pid), '-U', '-n', ...(mapped ? [] : ['--preserve-credentials'])];
}

function enterJobArguments(tools: Tools, pid: number, mapped: boolean): string[] {
  const uid = String(JOB_UID);
  // Not `-p`: the holder itself is outside of the PID namespace, its children are inside.
  const rest = ['-m', '-i', '-u', `--pid=/proc/${pid}/ns/pid_for_children`];
  return [...enterArguments(tools, pid, mapped), ...rest, ...(mapped ? ['-S', uid, '-G', uid] : [])];
}

/** Ends the namespaces and all that is in them. May be called twice. */
export async function lowerNamespaces({ holder, ended }: HeldNamespaces): Promise<void> {
  holder.stdin?.destroy();
  // `unshare` ends only when its child, the first process of the PID namespace, has ended, and the kernel lets that
  // happen only after every process of the namespace is gone.
  const timer = setTimeout(() => holder.kill('SIGKILL'), CLOSE_MS_MAX);
  await ended;
  clearTimeout(timer);
}

/** Runs a host helper to its end; a failure is a fault with what it said. */
export function run(file: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      file,
      [...args],
      { env: HELPER_ENV, cwd: '/', timeout: OPEN_MS_MAX, killSignal: 'SIGKILL' },
      (error, out, said) => {
        if (error === null) resolve(out);
        else reject(fault('open-failed', `${file}: ${said.trim() || reasonOf(error)}`, { cause: error }));
      },
    );
  });
}
