import { mkdir, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../base/index.ts';
import { type BlobStore, memoryBlobStore } from '../store/index.ts';
import { fileIds, fileIndex } from './file-index.ts';
import type { ResultsParts } from './parts.ts';
import { LOCAL_QUOTAS, type ResultsQuotas } from './quotas.ts';
import { memoryIds, memoryIndex } from './record-index.ts';
import { resultsStore } from './results-store.ts';
import { forgetExpired, referenced } from './room.ts';
import { artifactRecord, cacheRecord } from './schema.ts';
import { fileStaging, memoryStaging } from './staging.ts';
import type { ResultsStore } from './store.ts';

/** With what keeps it small. A sweep may be killed at any point, and may run while jobs write. */
export type LocalResults = ResultsStore & { sweep(): Promise<void> };

export type LocalResultsOptions = {
  readonly blobs: BlobStore;
  readonly dir: string;
  readonly clock: Clock;
  /** `LOCAL_QUOTAS` when not given. */
  readonly quotas?: ResultsQuotas;
};

/** Between two sweeps of the folder, whichever process makes them. Milliseconds. */
const SWEEP_MS = 24 * 3_600_000;
/** An upload that was not written to for so long belongs to a process that died. Milliseconds. */
const STAGING_AGE_MS_MAX = 24 * 3_600_000;

/**
 * Artifacts and caches of this machine in a folder, with their content in `blobs`. Several processes may use the same
 * folder at once: every record is one file that is made exclusively. Once a day an opening sweeps: it drops what expired and
 * what a killed process left. Who keeps it open for longer sweeps by the clock.
 */
export async function openLocalResults(options: LocalResultsOptions): Promise<LocalResults> {
  const { blobs, dir, clock } = options;
  const folder = async (name: string) => {
    const path = join(dir, name);
    await mkdir(path, { recursive: true, mode: 0o700 });
    return path;
  };
  const temp = await folder('temp');
  const staging = await folder('staging');
  const now = () => clock.now();
  const parts: ResultsParts = {
    blobs,
    artifacts: fileIndex({ dir: await folder('artifacts'), temp, schema: artifactRecord, now }),
    caches: fileIndex({ dir: await folder('caches'), temp, schema: cacheRecord, now }),
    ids: fileIds(await folder('ids')),
    stage: () => fileStaging(staging),
    clock,
    quotas: options.quotas ?? LOCAL_QUOTAS,
  };
  async function sweep(): Promise<void> {
    for (const path of [temp, staging]) await removeOld(path, clock);
    await forgetExpired(parts);
    await blobs.collect(await referenced(parts));
  }
  if (await isSweepDue(join(dir, 'swept'), clock)) await sweep();
  return { ...resultsStore(parts), sweep };
}

/** The same in memory, for tests. */
export function memoryResults(options: {
  readonly clock: Clock;
  readonly quotas?: ResultsQuotas;
  readonly blobs?: BlobStore;
}): ResultsStore {
  const { clock } = options;
  const now = () => clock.now();
  return resultsStore({
    blobs: options.blobs ?? memoryBlobStore({ bytesMax: MEMORY_BYTES_MAX, clock }),
    artifacts: memoryIndex(now),
    caches: memoryIndex(now),
    ids: memoryIds(),
    stage: async () => memoryStaging(),
    clock,
    quotas: options.quotas ?? LOCAL_QUOTAS,
  });
}

const MEMORY_BYTES_MAX = 256 * 1024 * 1024;

async function isSweepDue(marker: string, clock: Clock): Promise<boolean> {
  const last = await stat(marker).catch(() => undefined);
  if (last !== undefined && clock.now() - last.mtimeMs < SWEEP_MS) return false;
  await writeFile(marker, '');
  await utimes(marker, clock.now() / 1000, clock.now() / 1000);
  return true;
}

async function removeOld(dir: string, clock: Clock): Promise<void> {
  for (const name of await readdir(dir)) {
    const info = await stat(join(dir, name)).catch(() => undefined);
    if (info !== undefined && clock.now() - info.mtimeMs > STAGING_AGE_MS_MAX) {
      await rm(join(dir, name), { recursive: true, force: true });
    }
  }
}
