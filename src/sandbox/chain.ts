import { type ChildProcess, spawn } from 'node:child_process';
import { HELPER_ENV } from './namespace.ts';
import type { Tools } from './tools.ts';

/** Open files of one process, as on GitHub's runners; less where the machine's own limit is lower. */
const OPEN_FILES_MAX = 65_536;
/** Memory that a process may lock, in KiB. */
const LOCKED_KIB_MAX = 8_192;
/** Descriptors of bwrap. */
export const ARGS_FD = 3;
export const STATUS_FD = 4;
export const SECCOMP_FD = 5;
/** Where the entry shell reads the command of the job from. Closed before anything of the job runs. */
export const REQUEST_FD = 6;
/** What is handed to a waiting shell, bytes. It reads them one by one; a longer command is started without waiting. */
const REQUEST_BYTES_MAX = 4_096;
/** Set by the shell when a process could not be put behind its walls. */
export const SETUP_EXIT_CODE = 125;

/**
 * Joins the control groups named before `--`, lowers limits, and becomes the command after it. Any failure ends it before
 * anything of the job runs.
 */
const ENTRY = `
processes=$1; shift
while [ "$1" != -- ]; do echo $$ > "$1/cgroup.procs" || exit ${SETUP_EXIT_CODE}; shift; done; shift
ulimit -c 0 || exit ${SETUP_EXIT_CODE}
ulimit -n ${OPEN_FILES_MAX} 2>/dev/null || ulimit -n "$(ulimit -H -n)" || exit ${SETUP_EXIT_CODE}
ulimit -l ${LOCKED_KIB_MAX} 2>/dev/null || ulimit -l "$(ulimit -H -l)" || exit ${SETUP_EXIT_CODE}
# Dash names the limit on processes -p, others -u.
[ -z "$processes" ] || ulimit -u "$processes" 2>/dev/null || ulimit -p "$processes" || exit ${SETUP_EXIT_CODE}
exec "$@"`;

/**
 * Starts the command of its arguments, followed by those that it is told on a descriptor: their number, then one a line.
 * Nothing that it reads is evaluated. The end of the runner while it waits ends it.
 *
 * It has joined the namespaces of the pod but is not in its PID namespace, only what it starts is: no process of the job
 * sees or reaches it, and one that stops its own supervisor does not stop this one.
 */
const WAIT = `
IFS= read -r count <&${REQUEST_FD} || exit ${SETUP_EXIT_CODE}
while [ "$count" -gt 0 ]; do
  IFS= read -r argument <&${REQUEST_FD} || exit ${SETUP_EXIT_CODE}
  set -- "$@" "$argument"; count=$((count - 1))
done
exec ${REQUEST_FD}<&- 7>&2 2>/dev/null
# Not the last command: a shell would become it. What the shell itself says of a killed command is not for the log.
"$@" 2>&7 7>&-
exit $?`;

/** What is the same for all processes of a pod. */
export type ChainOptions = {
  readonly tools: Tools;
  /** `Namespaces.enterJob`. */
  readonly enterJob: readonly string[];
  /** Folders of control groups to join. */
  readonly cgroups: readonly string[];
  /** Limit for each process, where no control group bounds their number. */
  readonly processesMax: number | undefined;
  /** Descriptors of the runner that its own parent left open: covered, so that nothing of them goes inside. */
  readonly inheritedFds: readonly number[];
  /** /dev/null, open. */
  readonly nullFd: number;
};

type ChainForm = {
  readonly stdin: 'ignore' | 'pipe' | 'inherit';
  readonly output: 'pipe' | 'inherit';
  /** Arguments for bwrap that are known already. */
  readonly arguments: readonly string[];
};

/** Launches the helpers that put one process behind its walls. It then waits for its request. */
export function launchChain(options: ChainOptions, form: ChainForm): ChildProcess {
  const { tools } = options;
  const entry = ['-c', ENTRY, 'sh', String(options.processesMax ?? ''), ...options.cgroups, '--'];
  const bwrap = [tools.bwrap, '--args', String(ARGS_FD), '--', ...form.arguments];
  const wait = ['--no-fork', '--', tools.sh, '-c', WAIT, 'sh', ...bwrap];
  const covered = covers(options.inheritedFds, options.nullFd);
  return spawn(tools.sh, [...entry, ...options.enterJob, ...wait], {
    stdio: [form.stdin, form.output, form.output, 'pipe', 'pipe', 'pipe', 'pipe', ...covered],
    env: HELPER_ENV,
    cwd: '/',
    // Its own session: a Ctrl-C at the terminal reaches the runner, which cancels in its own order.
    detached: form.stdin !== 'inherit',
  });
}

/** The lines that tell a waiting shell its command, or nothing when lines cannot tell it. */
export function requestOf(command: readonly string[]): string | undefined {
  if (command.some((argument) => /[\n\0]/.test(argument))) return undefined;
  const request = `${command.length}\n${command.map((argument) => `${argument}\n`).join('')}`;
  return Buffer.byteLength(request) > REQUEST_BYTES_MAX ? undefined : request;
}

/**
 * Entries that lay /dev/null over each descriptor that a child would inherit beyond those that are named. `ignore`
 * leaves a descriptor above 2 as it is: right for the gaps, a leak for an inherited one.
 */
function covers(inherited: readonly number[], nullFd: number): ('ignore' | number)[] {
  const last = Math.max(REQUEST_FD, ...inherited);
  return Array.from({ length: last - REQUEST_FD }, (_, index) =>
    inherited.includes(REQUEST_FD + 1 + index) ? nullFd : 'ignore',
  );
}

/**
 * Keeps one chain ahead: it has joined the control groups of its pod and waits, outside of the pod's namespaces, where no
 * process of the job sees or reaches it, for the process that it becomes. Starting a process costs most before its
 * command matters, and that part is done while the process before it runs.
 */
export class WaitingChains {
  readonly #options: ChainOptions;
  readonly #gone = new Set<Promise<void>>();
  #next: ChildProcess | undefined;
  #closed = false;

  constructor(options: ChainOptions) {
    this.#options = options;
    setImmediate(() => this.#launch());
  }

  /** A chain with standard input closed and output piped, or nothing when none waits. */
  take(): ChildProcess | undefined {
    const child = this.#next;
    this.#next = undefined;
    // After what the caller has to tell the process that starts now.
    setImmediate(() => this.#launch());
    return child;
  }

  /** Ends what waits unused. Resolves when it is gone. */
  async close(): Promise<void> {
    this.#closed = true;
    const child = this.#next;
    this.#next = undefined;
    for (const stream of child?.stdio ?? []) stream?.destroy();
    child?.kill('SIGKILL');
    await Promise.all(this.#gone);
  }

  #launch(): void {
    if (this.#closed || this.#next !== undefined) return;
    const child = launchChain(this.#options, { stdin: 'ignore', output: 'pipe', arguments: [] });
    this.#next = child;
    const gone = new Promise<void>((resolve) => {
      const end = () => {
        // Ended by somebody while it waited: the next process starts without.
        if (this.#next === child) this.#next = undefined;
        this.#gone.delete(gone);
        resolve();
      };
      child.once('error', end);
      child.once('exit', end);
    });
    this.#gone.add(gone);
  }
}
