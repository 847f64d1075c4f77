import { execFile, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { EngineEvent } from '../src/engine/index.ts';

const LAUNCHER = new URL('../bin/sallyport', import.meta.url).pathname;
/** No sample may run longer than this. */
const SAMPLE_MS_MAX = 110_000;

const run = promisify(execFile);

export type SampleRun = {
  readonly code: number;
  readonly events: readonly EngineEvent[];
  readonly stdout: string;
  readonly stderr: string;
  /** All log lines of a step, or of the whole run. */
  log(step?: string): string;
  /** Conclusion of a job, or of the run. */
  conclusion(job?: string): string | undefined;
  stepConclusion(step: string): string | undefined;
};

export type Sample = AsyncDisposable & {
  readonly dir: string;
  readonly state: string;
  write(files: { readonly [path: string]: string }): Promise<void>;
  git(...args: readonly string[]): Promise<string>;
  commit(message?: string): Promise<string>;
  /** Runs `sallyport run --json` in the repository through the real launcher. */
  run(args?: readonly string[], options?: { readonly env?: { readonly [name: string]: string } }): Promise<SampleRun>;
  command(
    args: readonly string[],
    options?: { readonly env?: { readonly [name: string]: string } },
  ): Promise<SampleRun>;
};

/** A repository in a temporary folder with these files committed, and the product's own state beside it. */
export async function sampleRepository(files: { readonly [path: string]: string }): Promise<Sample> {
  const root = await mkdtemp(join(tmpdir(), 'sallyport-sample-'));
  await chmod(root, 0o755);
  const dir = join(root, 'sample');
  const state = join(root, 'state');
  await mkdir(dir);
  await mkdir(state);
  const git = async (...args: readonly string[]) =>
    (await run('git', ['-C', dir, ...args], { env: gitEnv() })).stdout.trim();
  await run('git', ['init', '-q', '-b', 'main', dir], { env: gitEnv() });
  const sample: Sample = {
    dir,
    state,
    git,
    async write(more) {
      for (const [path, text] of Object.entries(more)) {
        await mkdir(dirname(join(dir, path)), { recursive: true });
        await writeFile(join(dir, path), text, { mode: text.startsWith('#!') ? 0o755 : 0o644 });
      }
    },
    async commit(message = 'Change') {
      await git('add', '-A');
      await git('commit', '-q', '--allow-empty', '-m', message);
      return git('rev-parse', 'HEAD');
    },
    run: (args = [], options = {}) => command(['run', '--json', ...args], dir, state, options.env),
    command: (args, options = {}) => command(args, dir, state, options.env),
    async [Symbol.asyncDispose]() {
      await rm(root, { recursive: true, force: true });
    },
  };
  await sample.write(files);
  await sample.commit('First');
  return sample;
}

function gitEnv(): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_AUTHOR_NAME: 'Ada',
    GIT_AUTHOR_EMAIL: 'ada@example.org',
    GIT_COMMITTER_NAME: 'Ada',
    GIT_COMMITTER_EMAIL: 'ada@example.org',
  };
}

async function command(
  args: readonly string[],
  dir: string,
  state: string,
  env: { readonly [name: string]: string } = {},
): Promise<SampleRun> {
  const child = spawn(LAUNCHER, [...args], {
    cwd: dir,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOME: state,
      XDG_STATE_HOME: join(state, 'state'),
      XDG_CACHE_HOME: join(state, 'cache'),
      ...env,
    },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), SAMPLE_MS_MAX);
  const code = await new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? -1)));
  clearTimeout(timer);
  const events = readEvents(stdout);
  return { code, events, stdout, stderr, ...views(events) };
}

function readEvents(stdout: string): EngineEvent[] {
  const events: EngineEvent[] = [];
  for (const line of stdout.split('\n')) {
    if (!line.startsWith('{')) continue;
    try {
      events.push(JSON.parse(line));
    } catch {
      // The command was asked for something else than events.
    }
  }
  return events;
}

function views(events: readonly EngineEvent[]): Pick<SampleRun, 'log' | 'conclusion' | 'stepConclusion'> {
  return {
    log: (step) =>
      events
        .flatMap((event) => (event.kind === 'job' && event.event.kind === 'log' ? [event.event] : []))
        .filter((event) => step === undefined || event.step === step)
        .map((event) => event.text)
        .join('\n'),
    conclusion: (job) => {
      const end = events.findLast((event) => event.kind === 'run-finished');
      if (end === undefined) return undefined;
      return job === undefined ? end.conclusion : end.jobs.find((candidate) => candidate.key === job)?.conclusion;
    },
    stepConclusion: (step) =>
      events
        .flatMap((event) => (event.kind === 'job' && event.event.kind === 'step-finished' ? [event.event] : []))
        .findLast((event) => event.step === step)?.conclusion,
  };
}
