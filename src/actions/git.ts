import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { excerpt } from '../base/index.ts';
import { fault } from './faults.ts';

/** Output of one git command that is kept in memory, bytes. */
const GIT_OUTPUT_BYTES_MAX = 64 * 1024 * 1024;
/** A command that reads local objects. */
const GIT_LOCAL_MS_MAX = 120_000;
/** A fetch over the network. */
export const GIT_FETCH_MS_MAX = 600_000;

export type GitOptions = {
  /** The program. */
  readonly git: string;
  /** The repository, given by `--git-dir`: no discovery, so nothing of the current folder counts. */
  readonly gitDir?: string;
  /** Transports that this command may use. None: reading only; a lazy fetch of a partial clone fails then. */
  readonly protocols?: readonly string[];
  /** Variables that the network needs, as `https_proxy` or `SSL_CERT_FILE`. */
  readonly networkEnv?: { readonly [name: string]: string };
  readonly timeoutMs?: number;
};

/**
 * The environment of every git of this folder: no configuration of the machine or the person, no prompts, no replaced
 * or grafted objects, no transport but the named ones.
 */
function gitEnv(options: GitOptions): { [name: string]: string } {
  return {
    ...options.networkEnv,
    PATH: '/usr/local/bin:/usr/bin:/bin',
    HOME: '/nonexistent',
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '/bin/false',
    SSH_ASKPASS: '/bin/false',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_GRAFT_FILE: '/dev/null',
    GIT_NO_LAZY_FETCH: '1',
    GIT_ALLOW_PROTOCOL: options.protocols === undefined ? 'none' : options.protocols.join(':'),
  };
}

/** Settings that win over those of the repository: what could start a program or a fetch is off. */
const HARDENED = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.attributesFile=/dev/null',
  'core.excludesFile=/dev/null',
  'credential.helper=',
  'gc.auto=0',
  'maintenance.auto=false',
  'fetch.recurseSubmodules=false',
  'transfer.bundleURI=false',
  'http.followRedirects=initial',
  'protocol.version=2',
].flatMap((setting) => ['-c', setting]);

/** Starts git with its standard streams as pipes. The caller ends it. */
export function spawnGit(options: GitOptions, args: readonly string[]): ChildProcessWithoutNullStreams {
  const place = options.gitDir === undefined ? [] : [`--git-dir=${options.gitDir}`];
  return spawn(options.git, ['--no-pager', '--no-replace-objects', ...place, ...HARDENED, ...args], {
    cwd: options.gitDir ?? '/',
    env: gitEnv(options),
    stdio: 'pipe',
  });
}

export type GitResult = { readonly code: number; readonly stdout: Buffer; readonly stderr: string };

/** Runs git to its end. A code other than 0 is left to the caller; a timeout or too much output is a fault. */
export async function tryGit(options: GitOptions, args: readonly string[], stdin = ''): Promise<GitResult> {
  const timeoutMs = options.timeoutMs ?? (options.protocols === undefined ? GIT_LOCAL_MS_MAX : GIT_FETCH_MS_MAX);
  const child = spawnGit(options, args);
  const chunks: Buffer[] = [];
  let bytes = 0;
  let stderr = '';
  let stopped: string | undefined;
  const stop = (reason: string) => {
    stopped ??= reason;
    child.kill('SIGKILL');
  };
  const timer = setTimeout(() => stop(`took longer than ${timeoutMs} ms`), timeoutMs);
  child.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > GIT_OUTPUT_BYTES_MAX) stop(`printed more than ${GIT_OUTPUT_BYTES_MAX} bytes`);
    else chunks.push(chunk);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    if (stderr.length < 4000) stderr += chunk.toString('utf8');
  });
  // A git that ends early closes its input: what counts is its exit code.
  child.stdin.on('error', () => {});
  child.stdin.end(stdin);
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => resolve(exitCode ?? 128));
  })
    .catch((cause: unknown) => {
      throw fault('git-failed', `${options.git} could not be started`, { cause });
    })
    .finally(() => clearTimeout(timer));
  if (stopped !== undefined) throw fault('git-failed', `git ${args[0]} ${stopped}`);
  return { code, stdout: Buffer.concat(chunks), stderr };
}

/** Runs git to its end; anything but exit code 0 is `actions/git-failed`. Gives its standard output. */
export async function runGit(options: GitOptions, args: readonly string[], stdin = ''): Promise<string> {
  const result = await tryGit(options, args, stdin);
  if (result.code !== 0) {
    throw fault('git-failed', `git ${args[0]} ended with ${result.code}: ${excerpt(result.stderr.trim(), 500)}`);
  }
  return result.stdout.toString('utf8');
}
