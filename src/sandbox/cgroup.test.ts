import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { delegate, findCgroups, makeCgroups } from './cgroup.ts';

const BOUNDS = { memoryBytesMax: 1 << 30, processesMax: 64, cpusMax: 1.5, diskBytesMax: 1 };
let top = '';

beforeEach(() => {
  top = mkdtempSync(path.join(tmpdir(), 'sallyport-cgroup-'));
});
afterEach(() => rmSync(top, { recursive: true, force: true }));

/** A look-alike of /proc/self and of a control group tree; the kernel's own files are plain files here. */
function fake(options: { mounts: string[]; own: string; files: { [file: string]: string } }): string {
  mkdirSync(path.join(top, 'proc'));
  writeFileSync(path.join(top, 'proc', 'mountinfo'), options.mounts.join('\n'));
  writeFileSync(path.join(top, 'proc', 'cgroup'), options.own);
  for (const [file, text] of Object.entries(options.files)) {
    mkdirSync(path.dirname(path.join(top, file)), { recursive: true });
    writeFileSync(path.join(top, file), text);
  }
  return path.join(top, 'proc');
}

test('version 1 groups are found where this process is, each controller in its own tree', () => {
  const proc = fake({
    mounts: ['memory', 'pids', 'cpu'].map((name) => `1 1 0:1 / ${top}/${name} rw - cgroup cgroup rw,${name}`),
    own: '4:memory:/mine\n3:pids:/\n2:cpu:/',
    files: { 'memory/mine/x': '', 'pids/x': '', 'cpu/x': '' },
  });

  expect(findCgroups(proc)).toEqual({
    memory: { version: 1, folder: `${top}/memory/mine` },
    pids: { version: 1, folder: `${top}/pids/` },
    cpu: { version: 1, folder: `${top}/cpu/` },
  });
});

test('version 2 counts only the controllers that are delegated', () => {
  const proc = fake({
    mounts: [`1 1 0:1 / ${top}/v2 rw - cgroup2 cgroup2 rw`],
    own: '0::/user/session',
    files: { 'v2/user/session/cgroup.controllers': 'memory pids' },
  });

  const found = findCgroups(proc);

  expect(found.memory).toEqual({ version: 2, folder: `${top}/v2/user/session` });
  expect(found.cpu).toMatchObject({ version: 0, reason: expect.stringContaining('not delegated') });
});

test('a delegated version 2 group gets a leaf for the runner and limited children', async () => {
  const proc = fake({
    mounts: [`1 1 0:1 / ${top}/v2 rw - cgroup2 cgroup2 rw`],
    own: '0::/',
    files: {
      'v2/cgroup.controllers': 'cpu memory pids',
      'v2/job/memory.max': 'max',
      'v2/job/memory.swap.max': 'max',
      'v2/job/pids.max': '',
      'v2/job/cpu.max': 'max',
    },
  });

  const places = await delegate(findCgroups(proc), 42);
  const job = makeCgroups(places, 'job', BOUNDS);

  expect(readFileSync(`${top}/v2/sallyport-runner/cgroup.procs`, 'utf8')).toBe('42');
  expect(readFileSync(`${top}/v2/cgroup.subtree_control`, 'utf8')).toBe('+memory +pids +cpu');
  expect(job).toMatchObject({ folders: [`${top}/v2/job`], missing: {} });
  expect(['memory.max', 'pids.max', 'cpu.max'].map((file) => readFileSync(`${top}/v2/job/${file}`, 'utf8'))).toEqual([
    String(1 << 30),
    '64',
    '150000 100000',
  ]);
});

test('a bound that cannot be held is told with its reason, and no half-made group stays', async () => {
  const places = {
    memory: { version: 1, folder: `${top}/memory` },
    pids: { version: 0, reason: 'no control groups are mounted' },
    cpu: { version: 0, reason: 'no control groups are mounted' },
  } as const;
  mkdirSync(`${top}/memory`);

  const job = makeCgroups(places, 'job', BOUNDS);

  expect(job.folders).toEqual([]);
  expect(job.missing.pids).toBe('no control groups are mounted');
  expect(job.missing.memory).toContain('memory.limit_in_bytes');
  expect(existsSync(`${top}/memory/job`)).toBe(false);
});
