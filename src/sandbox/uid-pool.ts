import { createServer, type Server } from 'node:net';
import { fault } from './faults.ts';

/**
 * First host uid of the pool when the runner is root. The range up to 2^31 belongs to nobody: distributions give
 * subordinate ids from 100,000 and systemd's containers end at 1,879,048,191.
 */
export const UID_POOL_BASE = 1_879_048_192;
/** Uids of one job. */
export const UIDS_PER_JOB = 65_536;
/** Jobs of all runners of this machine at once. */
const SLOTS_MAX = 1024;

export type UidRange = {
  /** Host uid of the range's first id. */
  readonly base: number;
  release(): Promise<void>;
};

/**
 * Takes a range of host uids that no other running job of this machine has, over all runner processes. The hold is an
 * abstract socket: the kernel hands a name out once and takes it back when the process dies, however it dies, so that
 * there is no stale lock to break. Another user who takes names can exhaust the pool, never share a range.
 */
export async function takeUidRange(poolBase: number): Promise<UidRange> {
  for (let slot = 0; slot < SLOTS_MAX; slot += 1) {
    const server = await listen(`\0sallyport-uids-${poolBase}-${slot}`);
    if (server === undefined) continue;
    return {
      base: poolBase + slot * UIDS_PER_JOB,
      release: () => new Promise((resolve) => server.close(() => resolve())),
    };
  }
  throw fault('uid-pool-empty', `all ${SLOTS_MAX} uid ranges from ${poolBase} are in use`);
}

/** Listens on a name that only one process can hold; nothing when it is taken. */
function listen(name: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error) => {
      if ('code' in error && error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(name, () => {
      server.unref();
      resolve(server);
    });
  });
}
