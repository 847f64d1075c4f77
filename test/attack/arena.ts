import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '../../src/base/index.ts';
import {
  type BubblewrapOptions,
  createBubblewrapExecutor,
  type Executor,
  INSIDE,
  type Pod,
  type PodSpec,
  type ProcessSpec,
} from '../../src/sandbox/index.ts';

/** No attack may take longer: a hang counts as a failure of the arm. */
const RUN_MS_MAX = 30_000;
const OUTPUT_CHARACTERS_MAX = 100_000;

/** Written by the script of an attack that has got what it wants. */
export const BREACH = 'BREACH';
/** Written by every script at its end: an attack that did not run to its end proves nothing. */
export const DONE = 'DONE';

export const PATHS = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
export const isRoot = process.getuid?.() === 0;

export type Ran = { readonly output: string; readonly code: number | null };

export const BOUNDS = {
  memoryBytesMax: 512 * 1024 * 1024,
  processesMax: 200,
  cpusMax: 2,
  diskBytesMax: 256 * 1024 * 1024,
} as const;

/** A folder of its own for one arm, removed afterwards. */
export function makeFolder(): { readonly folder: string; [Symbol.dispose](): void } {
  const folder = mkdtempSync(path.join(tmpdir(), 'sallyport-attack-'));
  chmodSync(folder, 0o755);
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

export type Arena = {
  readonly executor: Executor;
  readonly folder: string;
  open(spec?: Partial<PodSpec>): Promise<Pod>;
  [Symbol.asyncDispose](): Promise<void>;
};

let count = 0;
let state: string | undefined;
/** One state folder for all arms, as a runner has it; removed at the end. */
function stateFolder(): string {
  if (state === undefined) {
    const made = makeFolder();
    state = made.folder;
    process.once('exit', () => made[Symbol.dispose]());
  }
  return state;
}

/** The product's executor, with a folder for the scratch folders of its pods. */
export function makeArena(options: Partial<BubblewrapOptions> = {}): Arena {
  const place = makeFolder();
  const { folder } = place;
  const executor = createBubblewrapExecutor({
    nodePath: process.execPath,
    stateDir: stateFolder(),
    clock: systemClock,
    ...options,
  });
  return {
    executor,
    folder,
    open: async (spec) => {
      count += 1;
      const scratch = path.join(folder, `scratch-${count}`);
      mkdirSync(scratch);
      return executor.open({ id: `attack-${count}`, bounds: BOUNDS, require: [], scratch, ...spec });
    },
    [Symbol.asyncDispose]: async () => {
      await executor.close();
      place[Symbol.dispose]();
    },
  };
}

/** Runs a bash script as a step of a pod. */
export async function runStep(pod: Pod, script: string, spec: Partial<ProcessSpec> = {}): Promise<Ran> {
  const step = pod.start({
    command: ['/bin/bash', '-c', script],
    env: { PATH: PATHS, HOME: INSIDE.home },
    cwd: INSIDE.work,
    isolation: 'per-job',
    ...spec,
  });
  let output = '';
  const keep = (chunk: Buffer) => {
    if (output.length < OUTPUT_CHARACTERS_MAX) output += chunk.toString();
  };
  step.stdout.on('data', keep);
  step.stderr.on('data', keep);
  const timer = setTimeout(() => void pod.close(), RUN_MS_MAX);
  const exit = await step.exited;
  clearTimeout(timer);
  return { output: `${output}${exit.reason === undefined ? '' : `\n[${exit.reason}]`}`, code: exit.code };
}

/** Runs a script once in a new pod of the product. */
export async function inProduct(
  script: string,
  spec: Partial<ProcessSpec> = {},
  pod: Partial<PodSpec> = {},
): Promise<Ran> {
  await using arena = makeArena();
  // Awaited here: the arena ends with this function.
  return await runStep(await arena.open(pod), script, spec);
}

/** Runs a command on the host, without any wall but those in the command itself. */
export async function onHost(
  command: readonly [string, ...string[]],
  options: { cwd?: string; env?: { [name: string]: string }; timeoutMs?: number } = {},
): Promise<Ran> {
  using place = makeFolder();
  const [file, ...args] = command;
  const child = spawn(file, args, {
    cwd: options.cwd ?? place.folder,
    env: { PATH: PATHS, HOME: place.folder, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  const keep = (chunk: Buffer) => {
    if (output.length < OUTPUT_CHARACTERS_MAX) output += chunk.toString();
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const timer = setTimeout(() => endGroup(child), options.timeoutMs ?? RUN_MS_MAX);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  clearTimeout(timer);
  // What the script left in its session is ended: a control must do no harm.
  endGroup(child);
  return { output, code };
}

/** Ends the process group of a child that was started `detached`. */
export function endGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Nothing of it is left.
  }
}

/** A plain shell on the host: no wall at all. */
export const bash = (script: string): [string, ...string[]] => ['bash', '-c', script];

/** Own namespaces with every capability over them, and no filter: what a container without seccomp and drops has. */
export const withCapabilities = (script: string): [string, ...string[]] => [
  ...(['unshare', '-Urmnu', '--propagation', 'private', 'bash', '-c', script] as const),
];

/** Bubblewrap as many use it: the host's files, nothing else. */
export const plainBwrap = (script: string, flags: readonly string[] = []): [string, ...string[]] => [
  ...(['bwrap', '--dev-bind', '/', '/', ...flags, 'bash', '-c', script] as const),
];

/** Whether a script wrote a line; the shell may repeat the text of a script in its own messages. */
export function hasLine(ran: Ran, line: string): boolean {
  return ran.output.split('\n').some((text) => text === line || text.startsWith(`${line} `));
}

export function cut(ran: Ran): string {
  return `exit ${ran.code}: ${ran.output.trim().replaceAll(/\s+/g, ' ').slice(-160)}`;
}

/** A process of the host, as a victim: its command line carries a mark. Ended by `dispose`. */
export async function makeVictim(options: { mark: string; env?: { [name: string]: string } }): Promise<{
  readonly pid: number;
  [Symbol.dispose](): void;
}> {
  // PR_SET_PTRACER_ANY: where Yama restricts tracing, the control would fail for that alone.
  const code = 'import ctypes,time;ctypes.CDLL(None).prctl(0x59616d61,-1,0,0,0);print(1,flush=True);time.sleep(60)';
  const child = spawn('/usr/bin/python3', ['-c', code, options.mark], {
    env: options.env ?? {},
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.stdout.once('data', () => resolve());
  });
  return { pid: child.pid ?? 0, [Symbol.dispose]: () => endGroup(child) };
}
