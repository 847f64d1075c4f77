import { readdir, readFile, readlink, statfs } from 'node:fs/promises';
import { reasonOf } from '../base/index.ts';
import type { Bounds } from './executor.ts';
import { run } from './namespace.ts';
import type { Tools } from './tools.ts';

/** How often soft bounds are looked at. A job can pass a soft bound by what it takes within this time. */
const WATCH_MS = 500;
/** The disk is measured whole at least this often, sooner when it fills, later when measuring takes long. */
const MEASURE_MS = 4_000;
/** Measuring may take one part in this many of the time. */
const MEASURE_SHARE = 20;
/** A disk holds one file for so many of its bytes: a job could else use up the files of the host's disk with empty ones. */
const DISK_BYTES_PER_FILE = 8 * 1024;
/** Small disks hold at least so many. */
const DISK_FILES_MIN = 10_000;

/** What a job may write to its private files together: each is read up to a mebibyte, and none lies in the job's own folder. */
export const PRIVATE_BYTES_MAX = 64 * 1024 * 1024;

export type WatchSpec = {
  readonly bounds: Bounds;
  /** Soft bounds to hold: those that the kernel does not hold on this machine. */
  readonly memory: boolean;
  readonly processes: boolean;
  readonly disk: boolean;
  readonly scratch: string;
  /** What the private files of the job hold now. */
  readonly privateBytes: () => number;
  /** Any process of the job is in this network namespace: pid of its holder. */
  readonly holderPid: number;
  readonly tools: Tools;
  readonly monotonic: () => number;
  readonly onPassed: (bound: 'memory' | 'processes' | 'disk', detail: string) => void;
};

/** Polls what no control group bounds, and tells once when a bound is passed. Ends with `stop`. */
export function watchBounds(spec: WatchSpec): { stop(): Promise<void> } {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let turn: Promise<void> = Promise.resolve();
  const disk = spec.disk ? diskMeter(spec) : undefined;
  const look = async () => {
    const held = spec.privateBytes();
    if (held > PRIVATE_BYTES_MAX) {
      return { bound: 'disk', detail: `${held} bytes of ${PRIVATE_BYTES_MAX} in env files` } as const;
    }
    if (spec.memory || spec.processes) {
      const usage = await usageOf(spec.holderPid);
      if (spec.memory && usage.memoryBytes > spec.bounds.memoryBytesMax) {
        return { bound: 'memory', detail: `${usage.memoryBytes} bytes of ${spec.bounds.memoryBytesMax}` } as const;
      }
      if (spec.processes && usage.processes > spec.bounds.processesMax) {
        return { bound: 'processes', detail: `${usage.processes} processes of ${spec.bounds.processesMax}` } as const;
      }
    }
    const detail = passedOf((await disk?.measure()) ?? NOTHING, spec.bounds);
    return detail === undefined ? undefined : ({ bound: 'disk', detail } as const);
  };
  const next = () => {
    timer = setTimeout(() => {
      turn = look().then(
        (passed) => {
          if (stopped) return;
          if (passed === undefined) next();
          else spec.onPassed(passed.bound, passed.detail);
        },
        // What cannot be measured is not bounded: the job ends rather than going on unwatched.
        (error: unknown) => {
          if (!stopped) spec.onPassed('disk', `cannot be measured: ${reasonOf(error)}`);
        },
      );
    }, WATCH_MS);
    timer.unref();
  };
  next();
  return {
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await turn;
    },
  };
}

/** Memory (proportional set size) and number of the processes that share a network namespace with `pid`. */
async function usageOf(pid: number): Promise<{ memoryBytes: number; processes: number }> {
  const namespace = await readlink(`/proc/${pid}/ns/net`).catch(() => undefined);
  if (namespace === undefined) return { memoryBytes: 0, processes: 0 };
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const sizes = await Promise.all(
    pids.map(async (name) => {
      const own = await readlink(`/proc/${name}/ns/net`).catch(() => undefined);
      if (own !== namespace) return undefined;
      const rollup = await readFile(`/proc/${name}/smaps_rollup`, 'utf8').catch(() => '');
      return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? '0') * 1024;
    }),
  );
  const found = sizes.filter((size) => size !== undefined);
  return { memoryBytes: found.reduce((sum, size) => sum + size, 0), processes: found.length };
}

type DiskUse = { readonly bytes: number; readonly files: number };
const NOTHING: DiskUse = { bytes: 0, files: 0 };

function filesMaxOf({ diskBytesMax }: Bounds): number {
  return Math.max(DISK_FILES_MIN, Math.floor(diskBytesMax / DISK_BYTES_PER_FILE));
}

function passedOf({ bytes, files }: DiskUse, bounds: Bounds): string | undefined {
  if (bytes > bounds.diskBytesMax) return `${bytes} bytes of ${bounds.diskBytesMax}`;
  const filesMax = filesMaxOf(bounds);
  return files > filesMax ? `${files} files of ${filesMax}` : undefined;
}

/**
 * Measures the scratch folder cheaply: the free space of its file system is read at every turn, and the folder itself
 * is walked only when so much was used up since the last walk that the bound could be near, or after a while.
 */
function diskMeter(spec: WatchSpec): { measure(): Promise<DiskUse> } {
  const freeNow = async (): Promise<DiskUse> => {
    const stats = await statfs(spec.scratch);
    return { bytes: stats.bfree * stats.bsize, files: stats.ffree };
  };
  // Taken now, before the job writes anything: a job that fills the disk at once must show.
  let free = freeNow();
  free.catch(() => undefined); // Reported by the first measuring.
  let measured = NOTHING;
  let dueAt = spec.monotonic() + MEASURE_MS;
  return {
    measure: async () => {
      const now = freeNow();
      const [before, after] = await Promise.all([free, now]);
      const used = { bytes: Math.max(0, before.bytes - after.bytes), files: Math.max(0, before.files - after.files) };
      const isFar =
        used.bytes < (spec.bounds.diskBytesMax - measured.bytes) / 2 &&
        used.files < (filesMaxOf(spec.bounds) - measured.files) / 2;
      // Others use the same file system: what they free could hide what the job takes, so time counts as well.
      if (isFar && spec.monotonic() < dueAt) return measured;
      const start = spec.monotonic();
      measured = await folderUse(spec, { bytes: measured.bytes + used.bytes, files: measured.files + used.files });
      free = now;
      dueAt = spec.monotonic() + Math.max(MEASURE_MS, (spec.monotonic() - start) * MEASURE_SHARE);
      return measured;
    },
  };
}

/** `du` walks by descriptor and follows no links. Where folders are closed to it, the growth of the file system counts. */
async function folderUse(spec: WatchSpec, otherwise: DiskUse): Promise<DiskUse> {
  const count = async (flag: string) =>
    Number((await run(spec.tools.du, ['-s', '-x', flag, '--', spec.scratch])).split('\t')[0]);
  try {
    // One after the other: the second finds the folders in the kernel's memory.
    const bytes = await count('-B1');
    return { bytes, files: await count('--inodes') };
  } catch {
    return otherwise;
  }
}
