import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { excerpt } from '../base/index.ts';
import { limitedCommand } from '../git/index.ts';
import { fault } from './faults.ts';

/** How long one git command may take whose answer is kept in memory. */
const GIT_TIMEOUT_MS = 10 * 60_000;
/** The most that is kept of one answer: a list of some million paths. */
const GIT_OUTPUT_BYTES_MAX = 256 * 1024 * 1024;
/** Of what git says on standard error. */
const GIT_ERRORS_BYTES_MAX = 8192;

/** How git is started: plain data, since threads start their own. */
export type GitProgram = {
  /** Absolute path of the program. */
  readonly path: string;
  /** What git may see of the environment: PATH, HOME. */
  readonly env: { readonly [name: string]: string };
  /** Address space of each command. Bytes. */
  readonly memoryBytesMax?: number;
};

/** Where a command works: given, never discovered, so that no folder above and no `core.worktree` counts. */
export type GitPlace = {
  readonly gitDir: string;
  /** With one, the command sees files and their attributes; without, git works as in a bare repository. */
  readonly workTree?: string;
  readonly cwd?: string;
  /** Also without the index: even of a bare repository git reads attributes from there, which can hide a file as binary. */
  readonly withoutIndex?: true;
};

/** A file that is not there. */
const NO_INDEX = '/nonexistent/index';

/**
 * Settings that win over those of the repository. A repository is data of somebody else: it must not start a program (hooks,
 * monitors, filters, external and textual diffs, signature checks, pagers) nor reach the network (missing objects of a
 * partial clone).
 */
const HARDENED = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.sshCommand=false',
  'core.quotePath=false',
  'credential.helper=',
  'gc.auto=0',
  'maintenance.auto=false',
  'protocol.allow=never',
  'submodule.recurse=false',
  'diff.ignoreSubmodules=all',
  'log.showSignature=false',
].flatMap((setting) => ['-c', setting]);

/** Starts a git command with its streams as pipes. The caller reads them and ends it. */
export function startGit(
  program: GitProgram,
  place: GitPlace,
  args: readonly string[],
): ChildProcessWithoutNullStreams {
  const bare = place.workTree === undefined ? ['--bare'] : ['-c', 'core.bare=false'];
  const whole = ['--no-pager', '--no-replace-objects', ...HARDENED, ...bare, ...args];
  const [path, given] =
    program.memoryBytesMax === undefined
      ? [program.path, whole]
      : limitedCommand([program.path, ...whole], program.memoryBytesMax);
  return spawn(path, given, {
    cwd: place.cwd ?? place.workTree ?? place.gitDir,
    env: {
      ...program.env,
      LC_ALL: 'C.UTF-8',
      GIT_DIR: place.gitDir,
      ...(place.workTree === undefined ? {} : { GIT_WORK_TREE: place.workTree }),
      ...(place.withoutIndex === true ? { GIT_INDEX_FILE: NO_INDEX } : {}),
      GIT_TERMINAL_PROMPT: '0',
      GIT_OPTIONAL_LOCKS: '0',
      GIT_NO_LAZY_FETCH: '1',
      GIT_ATTR_NOSYSTEM: '1',
    },
    stdio: 'pipe',
  });
}

export type GitAsk = {
  readonly input?: string;
  /** Exit codes other than 0 that are an answer. */
  readonly accept?: readonly number[];
  readonly bytesMax?: number;
  readonly msMax?: number;
};

export type GitAnswer = { readonly code: number; readonly stdout: Buffer; readonly stderr: string };

/** Runs one git command to its end. A code that is neither 0 nor accepted is a fault. */
export async function askGit(
  program: GitProgram,
  place: GitPlace,
  args: readonly string[],
  options: GitAsk = {},
): Promise<GitAnswer> {
  const { bytesMax = GIT_OUTPUT_BYTES_MAX, msMax = GIT_TIMEOUT_MS } = options;
  const child = startGit(program, place, args);
  const timer = setTimeout(() => child.kill('SIGKILL'), msMax);
  const chunks: Buffer[] = [];
  let bytes = 0;
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > bytesMax) child.kill('SIGKILL');
    else chunks.push(chunk);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    if (stderr.length < GIT_ERRORS_BYTES_MAX) stderr += chunk.toString('utf8');
  });
  // The command may end without reading its input.
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  try {
    const code = await endOf(child);
    if (bytes > bytesMax) {
      throw fault('output-too-large', `git ${args[0] ?? ''} prints more than ${bytesMax} bytes`);
    }
    if (code === 0 || options.accept?.includes(code) === true) return { code, stdout: Buffer.concat(chunks), stderr };
    throw gitFailure(args, code, stderr);
  } finally {
    clearTimeout(timer);
  }
}

/** The exit code once all output is read; a signal counts as 137. */
export function endOf(child: ChildProcessWithoutNullStreams): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (thrown) => {
      reject(fault('git-missing', `git can't be started: ${thrown.message}`, { cause: thrown }));
    });
    child.once('close', (code) => resolve(code ?? 137));
  });
}

export function gitFailure(args: readonly string[], code: number, stderr: string): Error {
  const text = excerpt(stderr.trim().replaceAll(/\s*\n\s*/g, ' | '), 600);
  return fault('git-failed', `git ${args.slice(0, 2).join(' ')} ended with ${code}: ${text}`);
}

/** The parts between NULs, without the empty one after the last. */
export function splitNul(bytes: Buffer): readonly string[] {
  const text = bytes.toString('utf8');
  return text === '' ? [] : text.replace(/\0$/, '').split('\0');
}
