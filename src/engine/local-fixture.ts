import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { ActionStore } from '../actions/index.ts';
import { type Secret, silentLog, systemClock } from '../base/index.ts';
import { createReader } from '../workflow/index.ts';
import { createCancelSource } from './cancel.ts';
import type { EngineEvent } from './event.ts';
import { runLocally } from './local.ts';
import { createMemoryRunner, type MemoryJob, type MemoryRunner } from './memory-runner.ts';
import type { LocalRunDeps, LocalRunOptions, LocalRunResult } from './options.ts';

const execute = promisify(execFile);
/** Tests must not see the settings of the person who runs them. */
const GIT_ENV = { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: '/nonexistent', GIT_CONFIG_NOSYSTEM: '1' };

/** One for all: its worker takes long to start, and does not keep the process alive. */
const reader = createReader();

/** No action is there: for tests that use none. */
export const noActions: ActionStore = {
  resolve: () => Promise.reject(new Error('no action is there')),
  folder: () => Promise.reject(new Error('no action is there')),
  readText: () => Promise.resolve(undefined),
};

export type Fixture = AsyncDisposable & {
  readonly folder: string;
  readonly state: string;
  write(files: { readonly [path: string]: string }): Promise<void>;
  git(...args: readonly string[]): Promise<string>;
  run(request?: {
    readonly jobs?: { readonly [key: string]: MemoryJob };
    readonly options?: Partial<LocalRunOptions>;
    readonly deps?: Partial<LocalRunDeps>;
    readonly secrets?: { readonly [name: string]: Secret };
    readonly cancelAfter?: (event: EngineEvent) => 'cancel' | 'force' | undefined;
  }): Promise<Ran>;
};

export type Ran = {
  readonly result: LocalRunResult;
  readonly events: readonly EngineEvent[];
  readonly runner: MemoryRunner;
  /** How each job ended, by key, in the order in which they ended. */
  readonly ended: { readonly [key: string]: string };
  readonly notes: () => readonly string[];
};

/** A repository in a temporary folder with these files, committed on `main`. */
export async function createFixture(files: { readonly [path: string]: string }, commit = true): Promise<Fixture> {
  const root = await mkdtemp(join(tmpdir(), 'sallyport-engine-'));
  const folder = join(root, 'project');
  const state = join(root, 'state');
  await mkdir(folder);
  const git = async (...args: readonly string[]): Promise<string> => {
    const identity = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', '-c', 'init.defaultBranch=main'];
    const { stdout } = await execute('git', [...identity, ...args], { cwd: folder, env: GIT_ENV });
    return stdout.trim();
  };
  const write = async (added: { readonly [path: string]: string }): Promise<void> => {
    for (const [path, text] of Object.entries(added)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
  };
  await write(files);
  if (commit) {
    await git('init', '--quiet');
    await git('add', '--all');
    await git('commit', '--quiet', '--allow-empty', '--message', 'first');
  }
  return {
    folder,
    state,
    write,
    git,
    async run(request = {}) {
      const runner = createMemoryRunner(request.jobs);
      const events: EngineEvent[] = [];
      const cancel = createCancelSource();
      const result = await runLocally(
        {
          folder,
          files: [],
          jobs: [],
          matrix: {},
          inputs: {},
          vars: {},
          secrets: request.secrets ?? {},
          failed: false,
          skipUnrunnable: false,
          builtin: true,
          debug: false,
          parallelMax: 4,
          actor: 'ada',
          labels: [],
          ...request.options,
        },
        {
          runJob: runner.runJob,
          actions: noActions,
          reader,
          readEgress: () => ({ ok: true, policy: { allow: [], allowPrivate: [] } }),
          readLock: () => ({ pins: {}, locked: false }),
          isBuiltin: () => true,
          git: 'git',
          gitEnv: GIT_ENV,
          clock: systemClock,
          random: (bytes) => randomBytes(bytes),
          log: silentLog,
          stateDir: state,
          arch: 'X64',
          signal: cancel.signal,
          onEvent(event) {
            events.push(event);
            const state = request.cancelAfter?.(event);
            if (state !== undefined) cancel.cancel(state);
          },
          ...request.deps,
        },
      );
      const ended: Record<string, string> = {};
      for (const event of events) {
        if (event.kind === 'job-ended') ended[event.job] = event.conclusion;
        if (event.kind === 'job' && event.event.kind === 'job-finished') ended[event.job] = event.event.conclusion;
      }
      const notes = () => events.flatMap((event) => (event.kind === 'run-planned' ? event.notes : []));
      return { result, events, runner, ended, notes };
    },
    async [Symbol.asyncDispose]() {
      await rm(root, { recursive: true, force: true });
    },
  };
}
