import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { excerpt } from '../base/index.ts';
import { fault } from './faults.ts';

/** How long one git command may take. Hashing a very large work tree for the first time is the slowest. */
export const GIT_TIMEOUT_MS = 10 * 60_000;
/** The most that is read from one git command: a list of 500,000 paths or refs. */
export const GIT_OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

export type GitOptions = {
  readonly cwd: string;
  /** On top of the small fixed environment. */
  readonly env?: { readonly [name: string]: string };
  readonly input?: string;
  /** Exit codes other than 0 that are an answer. */
  readonly accept?: readonly number[];
};

export type GitAnswer = { readonly code: number; readonly stdout: string };

/** Runs one git command outside every sandbox. */
export type Git = ((args: readonly string[], options: GitOptions) => Promise<GitAnswer>) & {
  /**
   * Runs several commands one after the other, whatever each ends with, by one shell: starting a program from a process
   * of this size costs as much as a small git command takes.
   */
  each(
    commands: readonly (readonly string[])[],
    options: Pick<GitOptions, 'cwd' | 'env'>,
  ): Promise<readonly GitAnswer[]>;
};

/**
 * Settings that keep git from starting programs that a repository names: hooks, file system monitors, pagers, helpers.
 * Filters are out of reach because the snapshot never reads the repository's own configuration.
 */
const TAME = [
  '-c',
  'core.fsmonitor=false',
  '-c',
  'core.hooksPath=/dev/null',
  '-c',
  'core.sshCommand=false',
  '-c',
  'credential.helper=',
  '-c',
  'gc.auto=0',
  '-c',
  'maintenance.auto=false',
  '-c',
  'protocol.allow=never',
  '-c',
  'submodule.recurse=false',
  '-c',
  'core.quotePath=false',
];

/**
 * Runs commands that come as arguments: the number of words of one, its words, and so on. What is evaluated are the numbers
 * of arguments only. After each a line of our own tells its end; no content of a repository can know it.
 */
const EACH = `
mark=$1 git=$2; shift 2
while [ $# -gt 0 ]; do
  count=$1 number=1 words=; shift
  while [ "$number" -le "$count" ]; do words="$words \\"\\\${$number}\\""; number=$((number + 1)); done
  eval "\\"\\$git\\" $words" </dev/null
  printf '\\000%s %s\\000' "$mark" "$?"
  shift "$count"
done`;

/** A runner of git commands. `path`: the git program; `env`: what of the environment it needs (PATH, HOME). */
export function createGit(path: string, env: { readonly [name: string]: string }): Git {
  const run = (args: readonly string[], options: GitOptions) =>
    start(path, [...TAME, ...args], options, { env, name: args });
  const each: Git['each'] = async (commands, options) => {
    const mark = randomUUID();
    const words = commands.flatMap((args) => [String(TAME.length + args.length), ...TAME, ...args]);
    const { stdout } = await start('/bin/sh', ['-c', EACH, 'sh', mark, path, ...words], options, {
      env,
      name: ['each'],
    });
    const parts = stdout.split(new RegExp(`\\x00${mark} (\\d+)\\x00`));
    return commands.map((_, index) => ({ stdout: parts[2 * index] ?? '', code: Number(parts[2 * index + 1] ?? 255) }));
  };
  return Object.assign(run, { each });
}

function start(
  path: string,
  args: readonly string[],
  options: GitOptions,
  { env, name }: { readonly env: { readonly [name: string]: string }; readonly name: readonly string[] },
): Promise<GitAnswer> {
  return new Promise((resolve, reject) => {
    const child = spawn(path, args, {
      cwd: options.cwd,
      env: {
        ...env,
        LC_ALL: 'C.UTF-8',
        GIT_TERMINAL_PROMPT: '0',
        GIT_OPTIONAL_LOCKS: '0',
        GIT_NO_LAZY_FETCH: '1',
        GIT_PAGER: 'cat',
        ...options.env,
      },
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: GIT_TIMEOUT_MS,
      killSignal: 'SIGKILL',
    });
    const out: Buffer[] = [];
    let bytes = 0;
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > GIT_OUTPUT_BYTES_MAX) child.kill('SIGKILL');
      else out.push(chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      if (errors.length < 8192) errors += chunk.toString('utf8');
    });
    // The command may end without reading its input.
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
    child.on('error', (thrown) => {
      reject(fault('git-missing', `git can't be started: ${thrown.message}`, { cause: thrown }));
    });
    child.on('close', (code, signal) => {
      if (bytes > GIT_OUTPUT_BYTES_MAX) {
        reject(fault('snapshot-too-large', `git ${name[0] ?? ''} prints more than ${GIT_OUTPUT_BYTES_MAX} bytes`));
      } else if (code === 0 || (code !== null && options.accept?.includes(code) === true)) {
        resolve({ code, stdout: Buffer.concat(out).toString('utf8') });
      } else {
        reject(failure(name, code ?? signal ?? 'nothing', errors));
      }
    });
  });
}

function failure(args: readonly string[], code: number | string, errors: string): Error {
  const text = excerpt(errors.trim().replaceAll(/\s*\n\s*/g, ' | '), 600);
  if (errors.includes('dubious ownership')) return fault('git-refused', text);
  if (/Permission denied|unable to index file/.test(errors)) return fault('file-unreadable', text);
  return fault('git-failed', `git ${args.slice(0, 2).join(' ')} ended with ${code}: ${text}`);
}
