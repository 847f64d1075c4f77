import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import {
  ARGS_FD,
  type ChainOptions,
  launchChain,
  REQUEST_FD,
  requestOf,
  SECCOMP_FD,
  SETUP_EXIT_CODE,
  STATUS_FD,
  type WaitingChains,
} from './chain.ts';
import type { ProcessExit, ProcessSpec, SandboxProcess } from './executor.ts';
import { HELPER_ENV } from './namespace.ts';

/** A background process may keep the output pipes of an ended step open for at most this long. */
export const PIPE_GRACE_MS = 5_000;
/** After the command ended, pipes without new data for this long are taken as drained. */
const PIPE_QUIET_MS = 200;
/** After a KILL the chain of helpers may take this long to report the end. */
const KILL_MS_MAX = 2_000;
/** Reports of bwrap: two short lines. */
const STATUS_CHARACTERS_MAX = 64 * 1024;

/**
 * Signals a process tree from inside its PID namespace: whatever a pid that was read a moment ago means now, it is a
 * process of this job. The tree is the session of the first process and all descendants of it; KILL is repeated until
 * nothing is left, since processes may start others meanwhile.
 */
const SIGNAL_TREE = `
signal=$1 root=$2 round=0
while [ $round -lt 20 ]; do
  round=$((round + 1)) tree=" $root " before=
  while [ "$tree" != "$before" ]; do
    before=$tree
    for file in /proc/[0-9]*/stat; do
      read -r line 2>/dev/null < "$file" || continue
      pid=\${line%% *}; set -- \${line##*) }
      [ "$pid" = 1 ] || [ "$1" = Z ] && continue
      case $tree in *" $pid "*) continue;; esac
      case $tree in *" $2 "*) tree="$tree$pid ";; *) [ "$4" = "$root" ] && tree="$tree$pid ";; esac
    done
  done
  kill -s "$signal" $tree 2>/dev/null || [ "$tree" != " $root " ] || exit 0
  [ "$signal" = KILL ] || { kill -s CONT $tree 2>/dev/null; exit 0; }
done`;

export type StartOptions = ChainOptions & {
  readonly waiting: WaitingChains;
  readonly bwrapArguments: readonly string[];
  readonly seccomp: Uint8Array;
  /** Asked when the process ends: why the pod or a bound ended it. */
  readonly killedBy: (code: number) => ProcessExit['reason'] | undefined;
};

/** A process with a last resort: `abandon` ends its helpers, when its namespaces are gone and it still reports nothing. */
export type StartedProcess = SandboxProcess & { abandon(): void };

/**
 * Starts one process tree in the namespaces of a pod, by a chain that waits when there is one that fits. Never throws:
 * a failure to start is an exit with `setup`.
 */
export function startProcess(spec: ProcessSpec, options: StartOptions): StartedProcess {
  const terminal = spec.terminal === true;
  const request = requestOf(spec.command);
  const fits = !terminal && spec.stdin === undefined && request !== undefined;
  const child =
    (fits ? options.waiting.take() : undefined) ??
    launchChain(options, {
      stdin: terminal ? 'inherit' : spec.stdin === undefined ? 'ignore' : 'pipe',
      output: terminal ? 'inherit' : 'pipe',
      arguments: request === undefined ? spec.command : [],
    });
  // Node's type knows five entries; there are as many as were asked for.
  const stdio: readonly unknown[] = child.stdio;
  feed(stdio[REQUEST_FD], Buffer.from(request ?? '0\n'));
  feed(stdio[ARGS_FD], Buffer.from(`${options.bwrapArguments.join('\0')}\0`));
  feed(stdio[SECCOMP_FD], options.seccomp);
  if (spec.stdin instanceof Uint8Array) feed(child.stdin, spec.stdin);
  else child.stdin?.on('error', ignoreBrokenPipe);

  const status = readStatus(stdio[STATUS_FD]);
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const exited = ended(child, { status, stdout, stderr, killedBy: options.killedBy });
  return {
    ...(spec.stdin === 'pipe' && child.stdin !== null ? { stdin: child.stdin } : {}),
    stdout,
    stderr,
    exited,
    signal: (name) => {
      void status.childPid.then((pid) => {
        // Without a pid nothing of the job has run yet, and the chain of helpers can simply be ended.
        if (pid === undefined) child.kill(name === 'SIGKILL' ? 'SIGKILL' : 'SIGTERM');
        else signalTree(options, name, { pid, chain: child });
      });
    },
    abandon: () => {
      child.kill('SIGKILL');
    },
  };
}

/**
 * A job can stop its own supervisors by SIGSTOP; `nsenter` then stops itself as well and would report nothing ever
 * again. So it is woken after each signal, and after a KILL that it does not report in time, killed: with it dies what
 * it started (`--die-with-parent`).
 */
function signalTree(
  options: StartOptions,
  name: 'SIGINT' | 'SIGTERM' | 'SIGKILL',
  target: { readonly pid: number; readonly chain: ChildProcess },
): void {
  const [file, ...args] = [...options.enterJob, '--', options.tools.sh, '-c', SIGNAL_TREE, 'sh'];
  const helper = spawn(file ?? options.tools.nsenter, [...args, name.slice('SIG'.length), String(target.pid)], {
    stdio: 'ignore',
    env: HELPER_ENV,
    cwd: '/',
    detached: true,
  });
  helper.once('error', () => {
    // The pod is gone, and the tree with it.
  });
  helper.once('exit', () => target.chain.kill('SIGCONT'));
  if (name === 'SIGKILL') setTimeout(() => target.chain.kill('SIGKILL'), KILL_MS_MAX).unref();
}

type Status = { readonly childPid: Promise<number | undefined>; exitCode(): number | undefined };

/** Reads bwrap's JSON lines: `{"child-pid": …}` at the start, `{"exit-code": n}` only when the command was executed. */
function readStatus(stream: unknown): Status {
  let text = '';
  const childPid = new Promise<number | undefined>((resolve) => {
    if (!isReadable(stream)) return resolve(undefined);
    stream.on('data', (chunk: Buffer) => {
      if (text.length < STATUS_CHARACTERS_MAX) text += chunk.toString();
      const found = /"child-pid": ?(\d+)/.exec(text);
      if (found !== null) resolve(Number(found[1]));
    });
    stream.on('error', ignoreBrokenPipe);
    stream.once('close', () => resolve(undefined));
  });
  return {
    childPid,
    exitCode: () => {
      const found = /"exit-code": ?(\d+)/.exec(text);
      return found === null ? undefined : Number(found[1]);
    },
  };
}

type Ending = {
  readonly status: Status;
  readonly stdout: PassThrough;
  readonly stderr: PassThrough;
  readonly killedBy: StartOptions['killedBy'];
};

async function ended(child: ChildProcess, ending: Ending): Promise<ProcessExit> {
  const drained = Promise.all([drain(child.stdout, ending.stdout, child), drain(child.stderr, ending.stderr, child)]);
  const exit = await new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('error', (error) => {
      ending.stderr.write(`sandbox: ${error.message}\n`);
      resolve({ code: SETUP_EXIT_CODE, signal: null });
    });
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  await drained;
  const executed = ending.status.exitCode();
  const code = executed ?? exit.code ?? 128 + constants.signals[exit.signal ?? 'SIGKILL'];
  const signal = exit.signal ?? signalOf(code);
  const setup = executed === undefined && exit.signal === null ? 'setup' : undefined;
  const reason = ending.killedBy(code) ?? setup;
  return { code, ...(signal === undefined ? {} : { signal }), ...(reason === undefined ? {} : { reason }) };
}

function signalOf(code: number): string | undefined {
  return Object.entries(constants.signals).find(([, number]) => code === 128 + number)?.[0];
}

/**
 * Copies a pipe of the child until it closes; after the child's exit only until nothing comes for a while, since
 * a background process may hold the pipe for ever.
 */
function drain(from: Readable | null, to: PassThrough, child: ChildProcess): Promise<void> {
  if (from === null) {
    to.end();
    return Promise.resolve();
  }
  return new Promise((resolve) => {
    let hasData = false;
    let quietSince = 0;
    let ticks = 0;
    let timer: NodeJS.Timeout | undefined;
    let isFinished = false;
    const finish = () => {
      clearInterval(timer);
      if (isFinished) return;
      isFinished = true;
      from.unpipe(to);
      // A reader that listens has everything before it learns of the end; one that does not yet listen keeps it.
      if (to.readableFlowing === true && !to.readableEnded && !to.destroyed) to.once('close', resolve);
      else resolve();
      to.end();
      from.destroy();
    };
    from.on('data', () => {
      hasData = true;
    });
    from.on('error', ignoreBrokenPipe);
    from.once('close', finish);
    from.pipe(to);
    const look = () => {
      ticks += 1;
      // A reader that is slower than the command is no reason to lose what was written before the end.
      if (hasData || to.writableNeedDrain) quietSince = ticks;
      hasData = false;
      if (!to.writableNeedDrain && (ticks > quietSince || ticks * PIPE_QUIET_MS >= PIPE_GRACE_MS)) finish();
    };
    child.once('exit', () => {
      // On a busy machine a timer can be due before what lies in the pipe was read: pipes are read between the two.
      timer = setInterval(() => setImmediate(() => setImmediate(look)), PIPE_QUIET_MS);
    });
    child.once('error', finish);
  });
}

function feed(stream: unknown, bytes: Uint8Array): void {
  if (!isWritable(stream)) return;
  stream.on('error', ignoreBrokenPipe);
  stream.end(bytes);
}

/** The other end went away first. What that means is told by the exit of the process. */
function ignoreBrokenPipe(): void {}

function isWritable(stream: unknown): stream is Writable {
  return typeof stream === 'object' && stream !== null && 'write' in stream;
}

function isReadable(stream: unknown): stream is Readable {
  return typeof stream === 'object' && stream !== null && 'read' in stream;
}
