import type { Digest, TrustLevel } from '../base/index.ts';
import { fault } from './faults.ts';
import type { ResultsParts } from './parts.ts';
import type { Indexed } from './record-index.ts';

type Sized = { readonly level: TrustLevel; readonly bytes: number; readonly digest: Digest };

/**
 * Evicts records of this level, and of no other, until `bytes` more fit: caches by last use, artifacts by age and never
 * those of `keepRun`. So a job can push out only what jobs of its own level wrote. Fault `results/quota`.
 */
export async function makeRoom(
  parts: ResultsParts,
  kind: 'artifacts' | 'caches',
  wanted: { readonly level: TrustLevel; readonly bytes: number; readonly keepRun?: number },
): Promise<void> {
  const { quotas } = parts;
  const bytesMax = kind === 'caches' ? quotas.cacheBytesMax[wanted.level] : quotas.artifactBytesMax[wanted.level];
  const entriesMax = kind === 'caches' ? quotas.cacheEntriesPerLevelMax : Number.POSITIVE_INFINITY;
  await removeExpired(parts);

  const records: readonly Indexed<Sized & { readonly runId?: number }>[] = await parts[kind].all();
  const ofLevel = records.filter(({ value }) => value.level === wanted.level).sort((a, b) => a.usedAt - b.usedAt);
  const evictable = ofLevel.filter(({ value }) => wanted.keepRun === undefined || value.runId !== wanted.keepRun);
  let bytes = ofLevel.reduce((sum, { value }) => sum + value.bytes, 0);
  let entries = ofLevel.length;
  while (bytes + wanted.bytes > bytesMax || entries >= entriesMax) {
    const oldest = evictable.shift();
    if (oldest === undefined) {
      throw fault(
        'quota',
        `${kind} of level ${wanted.level} may take ${bytesMax} bytes, ${bytes + wanted.bytes} are wanted`,
      );
    }
    await removeRecord(parts, kind, oldest);
    bytes -= oldest.value.bytes;
    entries -= 1;
  }
}

/** Drops expired artifacts and caches that nobody used for long, with their blobs. */
async function removeExpired(parts: ResultsParts): Promise<void> {
  for (const digest of await forgetExpired(parts)) await removeUnreferenced(parts, digest);
}

/** Drops the records alone: their blobs are for the collector. Gives the digests that they named. */
export async function forgetExpired(parts: ResultsParts): Promise<readonly Digest[]> {
  const now = parts.clock.now();
  const forgotten: Digest[] = [];
  for (const record of await parts.artifacts.all()) {
    if (record.value.expiresAt > now) continue;
    await parts.artifacts.remove(record);
    forgotten.push(record.value.digest);
  }
  for (const record of await parts.caches.all()) {
    if (now - record.usedAt < parts.quotas.cacheIdleMsMax) continue;
    await parts.caches.remove(record);
    forgotten.push(record.value.digest);
  }
  return forgotten;
}

async function removeRecord(
  parts: ResultsParts,
  kind: 'artifacts' | 'caches',
  record: Indexed<{ readonly digest: Digest }>,
): Promise<void> {
  await parts[kind].remove(record);
  await removeUnreferenced(parts, record.value.digest);
}

/** Removes a blob that no record names any more. Equal content of other records stays. */
export async function removeUnreferenced(parts: ResultsParts, digest: Digest): Promise<void> {
  if (!(await referenced(parts)).has(digest)) await parts.blobs.remove(digest);
}

/** The digests that records name. */
export async function referenced(parts: ResultsParts): Promise<ReadonlySet<Digest>> {
  const artifacts = (await parts.artifacts.all()).map(({ value }) => value.digest);
  const caches = (await parts.caches.all()).map(({ value }) => value.digest);
  return new Set([...artifacts, ...caches]);
}
