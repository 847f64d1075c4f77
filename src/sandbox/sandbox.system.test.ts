import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../base/index.ts';
import { type BubblewrapOptions, createBubblewrapExecutor } from './bubblewrap.ts';
import {
  CONTRACT_BOUNDS,
  describeExecutor,
  type ExecutorUnderTest,
  openTestPod,
  runScript,
} from './executor.contract.ts';
import { INSIDE } from './executor.ts';
import { probeMachine } from './probe.ts';
import { seccompFilter } from './seccomp.ts';

const isRoot = process.getuid?.() === 0;
const NO_CGROUPS = { version: 0, reason: 'for the test' } as const;
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sallyport-sandbox-'));
  chmodSync(folder, 0o755);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function make(options: Partial<BubblewrapOptions> = {}): ExecutorUnderTest {
  const stateDir = path.join(folder, 'state');
  const executor = createBubblewrapExecutor({ nodePath: process.execPath, stateDir, clock: systemClock, ...options });
  return { executor, folder };
}

describeExecutor('bubblewrap', make);

test('the bundled node runs inside, and its child processes and threads do', async () => {
  const pod = await openTestPod(make());
  const program = `
    const { Worker } = require('node:worker_threads');
    const child = require('node:child_process').execFileSync('/bin/echo', ['child']).toString();
    new Worker('process.stdout.write("thread ")', { eval: true }).on('exit', () => console.log(child + process.version));`;

  const ran = await runScript(pod, '', { command: [`${INSIDE.sallyport}/node`, '-e', program] });
  await pod.close();

  expect(ran.out).toBe(`thread child\n${process.version}\n`);
});

test('files in a folder that only the runner may pass are reached all the same', async () => {
  const hidden = mkdtempSync(path.join(tmpdir(), 'sallyport-hidden-'));
  mkdirSync(path.join(hidden, 'tools'));
  writeFileSync(path.join(hidden, 'tools', 'one'), 'found');
  const toolMounts = [{ host: path.join(hidden, 'tools'), inside: '/tools', writable: false }];
  const under = { ...make({ toolMounts, stateDir: path.join(hidden, 'state') }), folder: hidden };

  const pod = await openTestPod(under);
  const ran = await runScript(pod, 'cat /tools/one; echo kept > file; cat file');
  await pod.close();

  expect(ran.out).toBe('foundkept\n');
  rmSync(hidden, { recursive: true });
});

test('a bound that must be hard and is not stops the job, and names the wall and the remedy', async () => {
  const under = make({ cgroups: { memory: NO_CGROUPS, pids: NO_CGROUPS, cpu: NO_CGROUPS } });
  const before = readdirSync(path.join(folder, 'state', 'pods')).length;

  const opening = openTestPod(under, { require: ['hard-memory'] });

  await expect(opening).rejects.toMatchObject({
    code: 'sandbox/wall-missing',
    message: expect.stringMatching(/hard-memory.*for the test.*systemd-run/),
  });
  expect(readdirSync(path.join(folder, 'state', 'pods')).length).toBe(before);
});

test('soft bounds end the job when memory or disk is passed, and say so', async () => {
  const soft = make({ cgroups: { memory: NO_CGROUPS, pids: NO_CGROUPS, cpu: NO_CGROUPS } });
  const bounds = { ...CONTRACT_BOUNDS, memoryBytesMax: 96 << 20, diskBytesMax: 24 << 20 };
  const [one, two] = [await openTestPod(soft, { bounds }), await openTestPod(soft, { bounds })];

  const [memory, disk] = await Promise.all([
    runScript(one, `/usr/bin/python3 -c 'import time; b = b"x" * (200 << 20); time.sleep(20)'`),
    runScript(two, 'head -c 64M /dev/zero > big; sleep 20'),
  ]);

  expect(memory.exit.reason).toBe('memory');
  expect(one.killed).toContain('memory');
  expect(disk.exit.reason).toBe('disk');
  await Promise.all([one.close(), two.close()]);
}, 40_000);

test('empty files count too: there are only so many for the disk that a job has', async () => {
  const pod = await openTestPod(make(), { bounds: { ...CONTRACT_BOUNDS, diskBytesMax: 24 << 20 } });

  const { exit } = await runScript(pod, 'for i in $(seq 12000); do : > f$i; done; sleep 20');
  await pod.close();

  expect(exit.reason).toBe('disk');
  expect(pod.killed).toContain('files of 10000');
}, 40_000);

test('a hard disk is full at its size, and leaves no mount', async () => {
  const pod = await openTestPod(make(), {
    require: ['hard-disk'],
    bounds: { ...CONTRACT_BOUNDS, diskBytesMax: 32 << 20 },
  });

  const ran = await runScript(pod, 'echo ok > ~/small && head -c 64M /dev/zero > big');
  await pod.close();

  expect(ran.error).toContain('No space left');
  expect(ran.exit.code).not.toBe(0);
  expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(folder);
});

test.runIf(isRoot)('two jobs have different host uids, and none is that of the runner', async () => {
  const under = make();
  const pods = [await openTestPod(under), await openTestPod(under)];

  const uids = pods.map((pod) => spawnSync('stat', ['-c', '%u', pod.folders.home]).stdout.toString().trim());
  await Promise.all(pods.map((pod) => pod.close()));

  expect(new Set([...uids, '0']).size).toBe(3);
});

test('what a killed runner left is swept by the next one', async () => {
  const stateDir = path.join(folder, 'swept');
  const scratch = path.join(folder, 'orphan');
  const name = '00000000-1-999999-1-gone';
  mkdirSync(path.join(stateDir, 'pods', name), { recursive: true });
  mkdirSync(path.join(scratch, 'workspace'), { recursive: true });
  writeFileSync(path.join(stateDir, 'pods', name, 'owned'), scratch);
  const inMemory = path.join('/dev/shm', `sallyport-${name}-${process.pid}`);
  const others = path.join('/dev/shm', `not-${path.basename(inMemory)}`);
  for (const one of [inMemory, others]) mkdirSync(one);
  const under = make({ stateDir });

  const pod = await openTestPod(under);
  await pod.close();
  await under.executor.close();

  expect(existsSync(scratch)).toBe(false);
  expect(readdirSync(path.join(stateDir, 'pods'))).toEqual([]);
  expect(existsSync(inMemory)).toBe(false);
  expect(existsSync(others)).toBe(true);
  rmSync(others, { recursive: true });
});

test('a job that fills an env file is ended, wherever the file lies', async () => {
  const pod = await openTestPod(make());
  const file = await pod.privateFile('env', '');
  const mounts = [{ host: file.path, inside: `${INSIDE.commands}/env`, writable: true }];

  const ran = await runScript(pod, `head -c 100M /dev/zero > ${INSIDE.commands}/env; sleep 20`, { mounts });
  await pod.close();

  expect(ran.exit.reason).toBe('disk');
  expect(pod.killed).toContain('env files');
});

test('a pod leaves nothing in memory', async () => {
  const filesOf = () => readdirSync('/dev/shm').filter((name) => name.includes(`-${process.pid}-`));

  const pod = await openTestPod(make());
  await pod.privateFile('env', 'A=1\n');
  const before = filesOf();
  await pod.close();

  // Where no control group bounds memory, the files are on the disk from the start.
  expect(before.length).toBeLessThanOrEqual(1);
  expect(filesOf()).toEqual([]);
});

test('a scratch folder with closed and very deep folders is removed whole', async () => {
  const pod = await openTestPod(make());
  const scratch = path.dirname(pod.folders.home);

  await runScript(
    pod,
    'mkdir -p shut/in && chmod 000 shut; for i in $(seq 300); do mkdir ddddddddddddddddddddd && cd ddddddddddddddddddddd || exit; done',
  );
  await pod.close();

  expect(existsSync(scratch)).toBe(false);
});

test('the probe finds every wall that a pod needs', async () => {
  const record = await probeMachine({ nodeVersion: process.versions.node, root: isRoot });

  for (const name of ['user-namespace', 'network', 'processes', 'filesystem', 'seccomp', 'per-step']) {
    expect(record.walls.find((wall) => wall.name === name)).toMatchObject({ name, state: 'hard' });
  }
  expect(seccompFilter('x64').length).toBeLessThan(4096 * 8);
});
