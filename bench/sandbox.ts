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

/** What a sandbox costs: opening and closing one, and a step in it over the same command bare, in turn. */
export async function benchSandbox(): Promise<Figure[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'sallyport-bench-'));
  const executor = createBubblewrapExecutor({
    nodePath: process.execPath,
    stateDir: path.join(folder, 'state'),
    clock: systemClock,
  });
  try {
    const first = await time(async () => (await open(executor, folder, 0)).close());
    const { openings, closings } = await timeOpenings(executor, folder);
    const pod = await open(executor, folder, OPENINGS + 1);
    const overheads = { perJob: await timeSteps(pod, 'per-job'), perStep: await timeSteps(pod, 'per-step') };
    return [
      { name: 'first sandbox of a machine: the copy of /etc', value: first, unit: 'ms', judged: false },
      {
        name: 'opening a sandbox, without network',
        value: median(openings),
        unit: 'ms',
        bar: { atMost: 150 },
        judged: true,
      },
      { name: 'closing a sandbox', value: median(closings), unit: 'ms', judged: false },
      {
        name: 'step in the sandbox over bare, median',
        value: overheads.perJob,
        unit: 'ms',
        bar: { atMost: 25 },
        judged: true,
      },
      {
        name: 'step with its own PID namespace over bare',
        value: overheads.perStep,
        unit: 'ms',
        bar: { atMost: 25 },
        judged: true,
      },
    ];
  } finally {
    await executor.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function timeOpenings(executor: Executor, folder: string): Promise<{ openings: number[]; closings: number[] }> {
  const openings: number[] = [];
  const closings: number[] = [];
  for (let round = 1; round <= OPENINGS; round += 1) {
    let pod: Pod | undefined;
    openings.push(
      await time(async () => {
        pod = await open(executor, folder, round);
      }),
    );
    closings.push(await time(async () => pod?.close()));
  }
  return { openings, closings };
}

/** The median of the differences, each measured right after the other, so that load of the machine hits both. */
async function timeSteps(pod: Pod, isolation: 'per-job' | 'per-step'): Promise<number> {
  const differences: number[] = [];
  for (let round = 0; round < STEPS; round += 1) {
    const bare = await time(runBare);
    const walled = await time(async () => {
      const step = pod.start({ command: COMMAND, env: { PATH: '/usr/bin:/bin' }, cwd: INSIDE.work, isolation });
      step.stdout.resume();
      step.stderr.resume();
      await step.exited;
    });
    differences.push(walled - bare);
  }
  return median(differences);
}

function runBare(): Promise<void> {
  const [file, ...args] = COMMAND;
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: '/usr/bin:/bin' } });
  child.stdout.resume();
  child.stderr.resume();
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve());
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
