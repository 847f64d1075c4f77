import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { availableParallelism, userInfo } from 'node:os';
import { join } from 'node:path';
import { openActionStore, openCommitContent } from '../actions/index.ts';
import { Fault, jsonLog, type Log, silentLog, systemClock } from '../base/index.ts';
import type { Interrupt, RunRequest, RunResult } from '../cli/index.ts';
import { openNetwork, readEgressFile, EGRESS_FILE } from '../egress/index.ts';
import {
  createCancelSource,
  type EngineEvent,
  type LocalRunOptions,
  type ReadEgress,
  type RunJob,
  runLocally,
} from '../engine/index.ts';
import { parsePayload } from '../event/index.ts';
import type { CancelSignal } from '../protocol/index.ts';
import { openLocalResults } from '../results/index.ts';
import { builtinFor, createRunner, type FinishedJob } from '../runner/index.ts';
import { openBlobStore } from '../store/index.ts';
import { copyArtifacts, makeArtifactsFolder } from './artifacts.ts';
import type { Machine } from './commands.ts';
import type { EarlyStart } from './early.ts';
import { isFolder } from './toolchains.ts';
import { findToolCache } from './executor.ts';
import { findProgram } from './programs.ts';
import { fault } from './faults.ts';
import { pinsFrom } from './pins.ts';
import { machineSettings } from './learn.ts';
import { readPayload } from './payload.ts';
import { gitEnvironment, networkEnvironment } from './environment.ts';

const GIB = 1024 ** 3;
/** Artifacts and caches together. */
const BLOB_BYTES_MAX = 40 * GIB;

/** `sallyport run`: puts the parts together, runs, and takes them apart again. */
export async function run(
  machine: Machine,
  request: RunRequest,
  onEvent: (event: EngineEvent) => void,
  interrupt: Interrupt,
  early: EarlyStart,
): Promise<RunResult> {
  if (process.platform !== 'linux') {
    throw fault('platform-unsupported', `sallyport run can't isolate a job on ${process.platform}`);
  }
  const { env, places } = machine;
  const log = logOf(machine);
  const git = findProgram(env, 'git');
  const clock = systemClock;
  const { reader, snapshot } = await early.begin(request.directory);
  const { executor, toolchains, jobsDir } = early;
  const remarks: string[] = [];
  const runIds = new Set<number>();
  const cancel = cancelSignal(interrupt);
  try {
    if (request.actionsMirror !== undefined && !isFolder(request.actionsMirror)) {
      throw fault('folder-missing', `--actions-mirror ${request.actionsMirror} is not a folder`);
    }
    const settings = await machineSettings(machine);
    const actions = await openActionStore({
      dir: join(places.cache, 'actions'),
      allowRemote: true,
      git,
      clock,
      log,
      networkEnv: networkEnvironment(env),
      ...(request.actionsMirror === undefined ? {} : { mirror: request.actionsMirror }),
    });
    if (request.artifactsTo !== undefined) await makeArtifactsFolder(request.artifactsTo);
    const blobs = await openBlobStore({ dir: join(places.cache, 'blobs'), bytesMax: BLOB_BYTES_MAX, clock });
    const results = await openLocalResults({ blobs, dir: join(places.cache, 'results'), clock });
    await mkdir(jobsDir, { recursive: true, mode: 0o711 });
    const toolCache = findToolCache(env);
    const arch = process.arch === 'arm64' ? 'ARM64' : 'X64';
    const runJob = createRunner({
      executor,
      actions,
      commits: await openCommitContent({ dir: join(places.cache, 'commits'), git }),
      results,
      reader,
      openNetwork: async (spec) => {
        const prepared = await early.networkOf(spec.enter);
        const whole = prepared === undefined ? spec : { ...spec, prepared };
        return openNetwork(whole, { clock, log, nodePath: process.execPath });
      },
      clock,
      log,
      random: randomBytes,
      jobsDir,
      git,
      bounds: early.bounds,
      require: early.require,
      name: 'local',
      arch,
      toolchain: { searchPath: toolchains.searchPath, variables: toolchains.variables },
      ...(toolCache === undefined ? {} : { toolCache }),
      learn: request.learn,
      inspect: inspector(request, remarks, machine.writeError),
    });
    const watched = watchWalls(runJob);
    const readEgress: ReadEgress = (text, job) => {
      const reading = readEgressFile(text ?? '', EGRESS_FILE);
      if (!reading.ok) {
        const code = 'egress/file-invalid';
        return { ok: false, errors: reading.diagnostics.map((one) => ({ ...one, code })) };
      }
      const { environment } = job;
      const { allowPrivate } = request;
      return { ok: true, policy: reading.policyFor(job.id, { environment, machine: settings, allowPrivate }) };
    };
    const result = await runLocally(await optionsOf(request), {
      runJob: watched.runJob,
      actions,
      reader,
      readEgress,
      readLock: pinsFrom,
      isBuiltin: ({ owner, repo, path, ref }) => builtinFor(owner, repo, path, ref) !== undefined,
      git,
      gitEnv: gitEnvironment(env),
      clock,
      random: randomBytes,
      log,
      stateDir: join(places.state, 'engine'),
      arch,
      onEvent: (event) => {
        runIds.add(event.runId);
        onEvent(event);
      },
      signal: cancel.signal,
      begun: snapshot,
    });
    if (request.artifactsTo !== undefined) {
      remarks.push(...(await copyArtifacts(results, [...runIds], request.artifactsTo)));
    }
    // The jobs have told why they failed; the exit code must tell that it was the machine.
    if (watched.missing !== undefined) throw watched.missing;
    return result.kind === 'finished' ? { ...result, remarks: [...result.remarks, ...remarks] } : result;
  } finally {
    cancel.stop();
    await reader.close();
  }
}

function logOf({ isDebug, writeError }: Machine): Log {
  return isDebug ? jsonLog(writeError, () => systemClock.now()) : silentLog;
}

async function optionsOf(request: RunRequest): Promise<LocalRunOptions> {
  return {
    folder: request.directory,
    files: request.files,
    jobs: request.jobs,
    ...(request.eventName === undefined ? {} : { eventName: request.eventName }),
    ...(request.eventFile === undefined ? {} : { payload: parsePayload(await readPayload(request.eventFile)) }),
    matrix: request.matrix,
    inputs: request.inputs,
    vars: request.vars,
    secrets: request.secrets,
    failed: request.failed,
    skipUnrunnable: request.skipUnrunnable,
    builtin: request.builtin,
    debug: request.debug,
    parallelMax: request.jobsAtOnce ?? availableParallelism(),
    actor: actorName(),
    labels: [],
  };
}

function actorName(): string {
  try {
    return userInfo().username.replaceAll(/[^A-Za-z0-9-]/g, '-');
  } catch {
    // A user id without a name, as in some containers.
    return `user-${process.geteuid?.() ?? 0}`;
  }
}

/** Remembers that a job could not start since a wall of this machine is missing. */
function watchWalls(runJob: RunJob): { readonly runJob: RunJob; readonly missing: Fault | undefined } {
  let missing: Fault | undefined;
  return {
    get missing() {
      return missing;
    },
    runJob: async (...job) => {
      try {
        return await runJob(...job);
      } catch (thrown) {
        if (thrown instanceof Fault && thrown.status === 503 && /^(sandbox|egress)\//.test(thrown.code)) {
          missing ??= thrown;
        }
        throw thrown;
      }
    },
  };
}

function cancelSignal(interrupt: Interrupt): { readonly signal: CancelSignal; stop(): void } {
  const source = createCancelSource();
  const stop = interrupt.onInterrupt((next) => source.cancel(next));
  return { signal: source.signal, stop };
}

/** `--keep` and `--shell`: looks at a job that failed while its sandbox still stands. One shell at a time has the terminal. */
function inspector(request: RunRequest, remarks: string[], say: (text: string) => void) {
  let before: Promise<void> = Promise.resolve();
  return async (job: FinishedJob): Promise<{ readonly keep: boolean }> => {
    if (job.conclusion !== 'failure') return { keep: false };
    if (request.shell) {
      before = before.then(() => openShell(job, say));
      await before;
    }
    if (request.keep) remarks.push(`kept the workspace of ${job.lease.job.key}: ${job.pod.folders.workspace}`);
    return { keep: request.keep };
  };
}

async function openShell(job: FinishedJob, say: (text: string) => void): Promise<void> {
  const { key } = job.lease.job;
  say(
    `\nA shell in the sandbox of ${key}, which failed. Its files and network are those of its steps, without their secrets; exit ends the job.\n`,
  );
  const shell = job.pod.start({
    // Start files of the job or the image would put another prompt in the place of ours.
    command: ['/bin/bash', '--norc', '-i'],
    env: { ...job.environment, PS1: `[${key}] \\w $ `, TERM: 'xterm-256color' },
    cwd: job.workspace,
    isolation: 'per-job',
    terminal: true,
  });
  await shell.exited;
}
