import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '../src/base/index.ts';
import { createBubblewrapExecutor, INSIDE, type Executor, type Pod } from '../src/sandbox/index.ts';
import { type Figure, median } from './measure.ts';

const OPENINGS = 12;
const STEPS = 25;
const BOUNDS = { memoryBytesMax: 1 << 30, processesMax: 500, cpusMax: 2, diskBytesMax: 1 << 30 } as const;
const COMMAND = ['/bin/bash', '-c', 'true'] as const;

/** What a sandbox costs: opening it beside `bwrap --unshare-all true`, and a step in it over the same command bare. */
export async function benchSandbox(): Promise<Figure[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'sallyport-bench-'));
  const executor = createBubblewrapExecutor({
    nodePath: process.execPath,
    stateDir: path.join(folder, 'state'),
    clock: systemClock,
  });
  try {
    const first = await time(async () => (await open(executor, folder, 0)).close());
    const { openings, bare, closings } = await timeOpenings(executor, folder);
    const pod = await open(executor, folder, OPENINGS + 1);
    const steps = { perJob: await timeSteps(pod, 'per-job'), perStep: await timeSteps(pod, 'per-step') };
    return [
      figure('first sandbox of a machine: the copy of /etc', first),
      figure('opening a sandbox, without network', median(openings), 150),
      figure('bwrap --unshare-all true', median(bare)),
      figure('closing a sandbox', median(closings)),
      figure('the command of a step bare', steps.perJob.bare),
      figure('step in the sandbox over bare', steps.perJob.overhead, 25),
      figure('step with its own PID namespace over bare', steps.perStep.overhead, 25),
    ];
  } finally {
    await executor.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function figure(name: string, value: number, atMost?: number): Figure {
  return { name, value, unit: 'ms', judged: false, ...(atMost === undefined ? {} : { bar: { atMost } }) };
}

async function timeOpenings(
  executor: Executor,
  folder: string,
): Promise<{ openings: number[]; bare: number[]; closings: number[] }> {
  const openings: number[] = [];
  const bare: number[] = [];
  const closings: number[] = [];
  for (let round = 1; round <= OPENINGS; round += 1) {
    let pod: Pod | undefined;
    openings.push(
      await time(async () => {
        pod = await open(executor, folder, round);
      }),
    );
    closings.push(await time(async () => pod?.close()));
    bare.push(await time(() => runBare(['bwrap', '--ro-bind', '/', '/', '--unshare-all', 'true'])));
  }
  return { openings, bare, closings };
}

/** Medians; each difference is measured right after the bare command, so that load of the machine hits both. */
async function timeSteps(pod: Pod, isolation: 'per-job' | 'per-step'): Promise<{ bare: number; overhead: number }> {
  const bares: number[] = [];
  const differences: number[] = [];
  for (let round = 0; round < STEPS; round += 1) {
    const bare = await time(() => runBare(COMMAND));
    const walled = await time(async () => {
      const step = pod.start({ command: COMMAND, env: { PATH: '/usr/bin:/bin' }, cwd: INSIDE.work, isolation });
      step.stdout.resume();
      step.stderr.resume();
      await step.exited;
    });
    bares.push(bare);
    differences.push(walled - bare);
  }
  return { bare: median(bares), overhead: median(differences) };
}

function runBare([file, ...args]: readonly [string, ...string[]]): Promise<void> {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: '/usr/bin:/bin' } });
  child.stdout.resume();
  child.stderr.resume();
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`${file} ended with ${code}`))));
  });
}

function open(executor: Executor, folder: string, number: number): Promise<Pod> {
  const scratch = path.join(folder, `scratch-${number}`);
  mkdirSync(scratch);
  return executor.open({ id: `bench-${number}`, bounds: BOUNDS, require: [], scratch });
}

async function time(act: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await act();
  return performance.now() - start;
}
