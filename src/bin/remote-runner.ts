import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, rm, rmdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type ActionStore, type CommitContent, openActionStore, openCommitContent } from '../actions/index.ts';
import { type Log, systemClock } from '../base/index.ts';
import { openNetwork } from '../egress/index.ts';
import { createCancelSource } from '../engine/index.ts';
import type { JobEvent, JobLease, JobOutcome, CancelSignal, WallName } from '../protocol/index.ts';
import {
  type Connection,
  gatewayServer,
  joinServer,
  type Membership,
  openConnection,
  readMembership,
  remoteCommits,
  type RemoteJob,
  type RemoteRunner,
  remoteResults,
  startRemoteRunner,
} from '../remote/index.ts';
import { createRunner, type RunnerDeps } from '../runner/index.ts';
import type { Executor } from '../sandbox/index.ts';
import { createReader, type WorkflowReader } from '../workflow/index.ts';
import type { Machine } from './commands.ts';
import { networkEnvironment } from './environment.ts';
import { findToolCache, openExecutor } from './executor.ts';
import { boundsOfMachine } from './early.ts';
import { fault } from './faults.ts';
import { findProgram } from './programs.ts';
import { findToolchains, isFolder } from './toolchains.ts';
import { type WarmExecutor, warmExecutor } from './warm.ts';

/** What the machine is, by GitHub's names: what `runs-on` of most workflows asks for. */
export function machineLabels(): readonly string[] {
  const arch = process.arch === 'arm64' ? 'arm64' : 'x64';
  const names =
    arch === 'x64'
      ? ['ubuntu-latest', 'ubuntu-24.04', 'ubuntu-22.04', 'ubuntu-20.04']
      : ['ubuntu-24.04-arm', 'ubuntu-22.04-arm'];
  return ['self-hosted', 'linux', 'ubuntu', arch, ...names];
}

export type RemoteRunnerOptions = {
  /** Of the runner: its key, spooled logs, caches of actions and commits. */
  readonly folder: string;
  readonly membership: Membership;
  readonly jobsMax: number;
  readonly actionsMirror?: string;
  readonly log: Log;
};

export type RunningRunner = {
  readonly runner: RemoteRunner;
  close(): Promise<void>;
};

/** Joins a server from this machine, once. */
export async function joinFromHere(
  machine: Machine,
  request: {
    readonly folder: string;
    readonly url: string;
    readonly token: string;
    readonly name: string | undefined;
    readonly labels: readonly string[];
    readonly ephemeral: boolean;
    readonly caFile: string | undefined;
  },
): Promise<Membership> {
  if ((await readMembership(request.folder)) !== undefined) {
    throw fault('runner-joined', `${request.folder} belongs to a runner already`);
  }
  const executor = openExecutor(machine);
  try {
    return await joinServer({
      folder: request.folder,
      url: request.url,
      token: request.token,
      name:
        request.name ??
        hostname()
          .replaceAll(/[^\w.-]/g, '-')
          .slice(0, 60),
      labels: [...machineLabels(), ...request.labels],
      ephemeral: request.ephemeral,
      ...(request.caFile === undefined ? {} : { ca: await readFile(request.caFile, 'utf8') }),
      capability: await executor.probe(),
      clock: systemClock,
      random: randomBytes,
    });
  } finally {
    await executor.close();
  }
}

/** Starts the runner of a membership in this process. */
export async function runFromHere(machine: Machine, options: RemoteRunnerOptions): Promise<RunningRunner> {
  const { folder, membership, log } = options;
  const toolchains = findToolchains({ env: machine.env, named: [], isFolder });
  const connection = openConnection({
    url: membership.url,
    ...(membership.ca === undefined ? {} : { ca: membership.ca }),
    runner: { id: membership.runnerId, key: membership.key },
    clock: systemClock,
    random: randomBytes,
  });
  const git = findProgram(machine.env, 'git');
  const reader = createReader({});
  const [jobsDir, spoolDir] = [join(folder, 'jobs'), join(folder, 'spool')];
  // Of a process that was killed: its leases end, and nobody sends them any more.
  await rm(spoolDir, { recursive: true, force: true });
  await mkdir(jobsDir, { recursive: true, mode: 0o700 });
  // A runner of root gives each job a user of its own, who passes through to the actions that are mounted for it. Keys are files that
  // root alone reads, and everything else that is kept here stays closed.
  if (process.geteuid?.() === 0) {
    await chmod(jobsDir, 0o700);
    await chmod(folder, 0o711);
  }
  await mkdir(spoolDir, { recursive: true, mode: 0o700 });
  const cold = openExecutor({ ...machine, places: { state: folder, cache: folder } }, toolchains.folders);
  const spec = { bounds: boundsOfMachine(), require: [], jobsDir };
  const executor = warmExecutor(cold, { ...spec, podsMax: membership.ephemeral ? 1 : options.jobsMax });
  const actions = await openActionStore({
    dir: join(folder, 'actions'),
    allowRemote: true,
    git,
    clock: systemClock,
    log,
    networkEnv: networkEnvironment(machine.env),
    ...(options.actionsMirror === undefined ? {} : { mirror: options.actionsMirror }),
  });
  const commits = await openCommitContent({ dir: join(folder, 'commits'), git });
  const base = baseOf({ machine, membership, executor, actions, reader, git, jobsDir, toolchains, log });
  const runner = startRemoteRunner({
    connection,
    async runJob(job, onEvent, cancel) {
      try {
        return await runJob({ base, commits, connection, folder, membership, git, log }, job, onEvent, cancel);
      } finally {
        // What was staged for its uploads is not in the folder of its pod.
        const own = join(jobsDir, job.lease.id);
        await rm(join(own, 'uploads'), { recursive: true, force: true });
        await rmdir(own).catch(() => undefined);
        executor.refill();
      }
    },
    createCancel: createCancelSource,
    walls: hardWalls(executor),
    jobsMax: options.jobsMax,
    ephemeral: membership.ephemeral,
    spoolDir,
    clock: systemClock,
    log,
  });
  return {
    runner,
    async close() {
      await executor.close();
      await reader.close();
      connection.close();
    },
  };
}

/** What the walls are changes with the machine, not with each job. */
function hardWalls(executor: Executor): () => Promise<readonly WallName[]> {
  let known: Promise<readonly WallName[]> | undefined;
  return () => {
    known ??= executor
      .probe()
      .then(({ walls }) => walls.filter(({ state }) => state === 'hard').map(({ name }) => name));
    known.catch(() => {
      known = undefined;
    });
    return known;
  };
}

type Base = Omit<RunnerDeps, 'commits' | 'results' | 'server'>;

function baseOf(parts: {
  readonly machine: Machine;
  readonly membership: Membership;
  readonly executor: WarmExecutor;
  readonly actions: ActionStore;
  readonly reader: WorkflowReader;
  readonly git: string;
  readonly jobsDir: string;
  readonly toolchains: ReturnType<typeof findToolchains>;
  readonly log: Log;
}): Base {
  const { machine, membership, toolchains, log } = parts;
  const toolCache = findToolCache(machine.env);
  return {
    executor: parts.executor,
    actions: parts.actions,
    reader: parts.reader,
    openNetwork: async (spec) => {
      const prepared = await parts.executor.networkOf(spec.enter);
      const whole = prepared === undefined ? spec : { ...spec, prepared };
      return openNetwork(whole, { clock: systemClock, log, nodePath: process.execPath });
    },
    clock: systemClock,
    log,
    random: randomBytes,
    jobsDir: parts.jobsDir,
    git: parts.git,
    bounds: boundsOfMachine(),
    require: [],
    name: membership.name,
    arch: process.arch === 'arm64' ? 'ARM64' : 'X64',
    toolchain: { searchPath: toolchains.searchPath, variables: toolchains.variables },
    ...(toolCache === undefined ? {} : { toolCache }),
    learn: false,
  };
}

function runJob(
  parts: {
    readonly base: Base;
    readonly commits: CommitContent;
    readonly connection: Connection;
    readonly folder: string;
    readonly membership: Membership;
    readonly git: string;
    readonly log: Log;
  },
  { lease, leaseToken, jobToken }: RemoteJob,
  onEvent: (event: JobEvent) => void,
  cancel: CancelSignal,
): Promise<JobOutcome> {
  const { base, connection, folder, membership, git, log } = parts;
  const { repository, repositoryId } = repositoryOf(lease);
  const run = createRunner({
    ...base,
    server: gatewayServer(connection, { repository, jobToken, log }),
    results: remoteResults(connection, {
      jobId: lease.job.id,
      leaseToken,
      scratch: join(base.jobsDir, lease.id),
    }),
    commits: remoteCommits(parts.commits, {
      url: connection.url,
      repository,
      repositoryId,
      jobToken,
      ...(membership.ca === undefined ? {} : { ca: membership.ca }),
      git,
      folder: join(folder, 'repositories'),
    }),
  });
  return run(lease, {}, onEvent, cancel);
}

function repositoryOf({ contexts }: JobLease): { readonly repository: string; readonly repositoryId: string } {
  const github = contexts['github'] ?? {};
  const text = (name: string) => (typeof github[name] === 'string' ? github[name] : '');
  return { repository: text('repository'), repositoryId: text('repository_id') };
}
