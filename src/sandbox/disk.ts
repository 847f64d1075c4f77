import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { reasonOf } from '../base/index.ts';
import { fault } from './faults.ts';
import { run } from './namespace.ts';
import { findTool, type Tools } from './tools.ts';

/** Smaller images have no room for a file system's own tables. */
const IMAGE_BYTES_MIN = 8 * 1024 * 1024;
/** Share of the machine's memory that may back the disk of one job. */
const MEMORY_SHARE_MAX = 0.5;

/**
 * Puts a file system of a fixed size on `folder`, in the job's own mount namespace only: it vanishes with it, even when
 * the runner is killed. Root gets an image in `scratch`, an ordinary user memory.
 *
 * @param enter arguments that run a command in the job's mount namespace: as the host's root when `root`
 */
export async function mountHardDisk(options: {
  readonly tools: Tools;
  readonly root: boolean;
  readonly enter: readonly string[];
  readonly scratch: string;
  readonly folder: string;
  readonly bytes: number;
}): Promise<void> {
  const { tools, folder, bytes } = options;
  const [file, ...enter] = [...options.enter, '--', tools.mount];
  const mount = (args: readonly string[]) => run(file ?? tools.nsenter, [...enter, ...args]);
  try {
    if (!options.root) {
      if (bytes > memoryBytes() * MEMORY_SHARE_MAX)
        throw fault('wall-missing', `${bytes} bytes are too much for memory`);
      await mount(['-t', 'tmpfs', '-o', `size=${bytes},mode=0711,nosuid,nodev`, 'tmpfs', folder]);
      return;
    }
    const mkfs = findTool('mkfs.ext4');
    if (mkfs === undefined) throw fault('tool-missing', 'mkfs.ext4 is not installed (package e2fsprogs)');
    const image = path.join(options.scratch, 'disk.img');
    const handle = await open(image, 'wx', 0o600);
    try {
      await handle.truncate(Math.max(bytes, IMAGE_BYTES_MIN));
    } finally {
      await handle.close();
    }
    await run(mkfs, ['-q', '-F', '-m', '0', '-O', '^has_journal', '-E', 'lazy_itable_init=1,nodiscard', image]);
    await mount(['-t', 'ext4', '-o', 'loop,nosuid,nodev', image, folder]);
  } catch (error) {
    const remedy = options.root
      ? 'loop devices and e2fsprogs are needed: `modprobe loop`'
      : 'run as root, or ask for a smaller disk';
    throw fault('wall-missing', `hard-disk: ${reasonOf(error)}; ${remedy}`, { cause: error });
  }
}

function memoryBytes(): number {
  return Number(/^MemTotal:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? '0') * 1024;
}
