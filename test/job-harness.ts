import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { openActionStore, openCommitContent } from '../src/actions/index.ts';
import { type DataObject, Secret, silentLog, systemClock, type TrustLevel } from '../src/base/index.ts';
import { openNetwork } from '../src/egress/index.ts';
import type { CancelSignal, EgressPolicy, JobEvent, JobLease, JobOutcome, WallName } from '../src/protocol/index.ts';
import { openLocalResults } from '../src/results/index.ts';
import { createRunner, type RunnerDeps } from '../src/runner/index.ts';
import { createBubblewrapExecutor } from '../src/sandbox/index.ts';
import { openBlobStore } from '../src/store/index.ts';
import { createReader } from '../src/workflow/index.ts';

export type RanJob = { readonly outcome: JobOutcome; readonly log: string; readonly events: readonly JobEvent[] };

export type JobOptions = {
  readonly level?: TrustLevel;
  /** Added to the `github` context. */
  readonly github?: DataObject;
  readonly secrets?: { readonly [name: string]: string };
  readonly egress?: Partial<EgressPolicy>;
  readonly isolation?: JobLease['isolation'];
  readonly cancel?: CancelSignal;
  readonly require?: readonly WallName[];
};

/** A runner with all its real parts, for suites that need a lease which no local run would get, as one at `reviewed`. */
export type JobHarness = AsyncDisposable & {
  readonly root: string;
  readonly commit: string;
  /** Runs one job; `steps` is the YAML list below `steps:`, indented by six blanks. */
  run(steps: string, options?: JobOptions): Promise<RanJob>;
};

export const NEVER_CANCELLED: CancelSignal = { state: 'none', onChange: () => () => {} };

/** Opens the harness with a repository of these files. */
export async function openJobHarness(
  files: { readonly [path: string]: string } = { 'a.txt': 'a' },
): Promise<JobHarness> {
  const root = mkdtempSync(join(tmpdir(), 'sallyport-runner-'));
  chmodSync(root, 0o755);
  const dir = (name: string) => join(root, name);
  const commit = makeRepository(dir('repository'), files);
  const packageRoot = new URL('../', import.meta.url).pathname;
  const reader = createReader();
  const executor = createBubblewrapExecutor({
    nodePath: process.execPath,
    stateDir: dir('state'),
    clock: systemClock,
    packageMounts: [
      { host: join(packageRoot, 'src'), inside: '/sallyport/src', writable: false },
      { host: join(packageRoot, 'package.json'), inside: '/sallyport/package.json', writable: false },
    ],
  });
  const blobs = await openBlobStore({ dir: dir('blobs'), bytesMax: 1 << 30, clock: systemClock });
  const deps: RunnerDeps = {
    executor,
    actions: await openActionStore({
      dir: dir('actions'),
      allowRemote: false,
      git: 'git',
      clock: systemClock,
      log: silentLog,
    }),
    commits: await openCommitContent({ dir: dir('commits'), git: 'git' }),
    results: await openLocalResults({ blobs, dir: dir('results'), clock: systemClock }),
    reader,
    openNetwork: (spec) => openNetwork(spec, { clock: systemClock, log: silentLog, nodePath: process.execPath }),
    clock: systemClock,
    log: silentLog,
    random: randomBytes,
    jobsDir: dir('jobs'),
    git: 'git',
    bounds: { memoryBytesMax: 2 ** 31, processesMax: 512, cpusMax: 2, diskBytesMax: 2 ** 31 },
    require: [],
    name: 'test',
    arch: process.arch === 'arm64' ? 'ARM64' : 'X64',
    toolchain: { searchPath: '/usr/local/bin:/usr/bin:/bin', variables: {} },
    learn: false,
  };
  let jobs = 0;
  return {
    root,
    commit,
    async run(steps, options = {}) {
      jobs += 1;
      const lease = await leaseOf(steps, options);
      const events: JobEvent[] = [];
      const secrets = Object.entries(options.secrets ?? {}).map(([name, value]) => [name, new Secret(value)] as const);
      const onEvent = (event: JobEvent) => events.push(event);
      const runJob = createRunner({ ...deps, require: options.require ?? [] });
      const outcome = await runJob(lease, Object.fromEntries(secrets), onEvent, options.cancel ?? NEVER_CANCELLED);
      const log = events.flatMap((event) => (event.kind === 'log' ? [event.text] : [])).join('\n');
      return { outcome, log, events };
    },
    async [Symbol.asyncDispose]() {
      await executor.close();
      await reader.close();
      rmSync(root, { recursive: true, force: true });
    },
  };

  async function leaseOf(steps: string, options: JobOptions): Promise<JobLease> {
    const text = `on: push\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n${steps}`;
    const reading = await reader.readWorkflow('.github/workflows/ci.yml', text);
    if (!reading.ok) throw new Error(JSON.stringify(reading.errors));
    const definition = reading.value.jobs[0];
    if (definition?.kind !== 'job') throw new Error('the workflow has no job of its own');
    const github = { repository: 'local/sample', ref: 'refs/heads/main', ref_name: 'main', sha: commit, event: {} };
    return {
      version: 1,
      id: `job-${process.pid}-${jobs}`,
      runId: jobs,
      runNumber: jobs,
      attempt: 1,
      job: { id: jobs, key: 'build', definitionId: 'build', name: 'build', definition },
      level: options.level ?? 'branch',
      taints: [],
      workflowPath: reading.value.path,
      contexts: { github: { ...github, ...options.github }, vars: {}, needs: {}, matrix: {}, strategy: {}, inputs: {} },
      permissions: { contents: 'read' },
      influenced: { inputs: [], needs: [], matrix: false },
      egress: { allow: [], allowPrivate: [], ...options.egress },
      isolation: options.isolation ?? 'per-job',
      git: { gitDir: join(dir('repository'), '.git'), commit },
      readableRefs: [],
      actions: {},
      locked: false,
      builtin: true,
      debug: false,
    };
  }
}

function makeRepository(repository: string, files: { readonly [path: string]: string }): string {
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', repository, '-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', ...args], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' },
    }).trim();
  mkdirSync(repository);
  git('init', '-q', '-b', 'main');
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(repository, path)), { recursive: true });
    writeFileSync(join(repository, path), text);
  }
  git('add', '-A');
  git('commit', '-q', '-m', 'First');
  return git('rev-parse', 'HEAD');
}
