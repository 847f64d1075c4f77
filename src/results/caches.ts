import { canonicalJson, digestOf, isFault } from '../base/index.ts';
import { fault } from './faults.ts';
import type { ResultsParts } from './parts.ts';
import type { Indexed } from './record-index.ts';
import { makeRoom, removeUnreferenced } from './room.ts';
import { checkCacheKeys, mayReadCache, mayWriteCache, readOrder } from './rules.ts';
import type { CacheRecord } from './schema.ts';
import type { CacheEntry, ResultsScope, ResultsStore } from './store.ts';

/** Caches over an index and blobs. */
export function cachesOf(parts: ResultsParts): ResultsStore['caches'] {
  const { caches: index, blobs, clock, quotas } = parts;

  const visible = async (scope: ResultsScope) =>
    (await index.all(partitionOf(scope.repository)))
      .filter((record) => clock.now() - record.usedAt < quotas.cacheIdleMsMax)
      .filter((record) => mayReadCache(scope, record.value));

  return {
    async find(scope, keys, version) {
      checkCacheKeys(keys, version);
      const candidates = (await visible(scope)).filter(({ value }) => value.cacheVersion === version);
      for (const record of inOrder(scope, keys, candidates)) {
        // The blob may be gone when another process evicts at the same time: then this entry is a miss.
        if (await blobs.has(record.value.digest)) return entryOf(record.value);
        await index.remove(record);
      }
      return undefined;
    },

    async put(scope, upload) {
      checkCacheKeys([upload.key], upload.version);
      if (!mayWriteCache(scope) || (await exists(parts, scope, upload))) {
        upload.content.destroy();
        return undefined;
      }
      const stored = await blobs.put(upload.content, { bytesMax: quotas.cacheBytesMax[scope.level()] });
      // The level can drop while the bytes come in; it never rises, so what holds now is the lowest.
      const level = scope.level();
      let isKept = false;
      try {
        if (!mayWriteCache(scope)) return undefined;
        await makeRoom(parts, 'caches', { level, bytes: stored.bytes });
        const value: CacheRecord = {
          version: 1,
          repository: scope.repository,
          id: await parts.ids.next(),
          key: upload.key,
          cacheVersion: upload.version,
          ref: scope.ref,
          level,
          bytes: stored.bytes,
          digest: stored.digest,
          createdAt: clock.now(),
        };
        const partition = partitionOf(scope.repository);
        isKept = await index.add(partition, nameOf(scope, { ...upload, level }), value);
        return isKept ? entryOf(value) : undefined;
      } finally {
        if (!isKept) await removeUnreferenced(parts, stored.digest);
      }
    },

    async open(scope, id) {
      const record = (await visible(scope)).find(({ value }) => value.id === id);
      if (record === undefined) throw cacheMissing(id);
      await index.touch(record);
      try {
        return { entry: entryOf(record.value), content: await blobs.open(record.value.digest) };
      } catch (error) {
        if (!isFault(error, 'store/blob-missing')) throw error;
        await index.remove(record);
        throw cacheMissing(id);
      }
    },

    async ofRepository(repository) {
      const records = await index.all(partitionOf(repository));
      return records
        .map(({ value, usedAt }) => ({ ...entryOf(value), usedAt }))
        .toSorted((a, b) => b.usedAt - a.usedAt || b.id - a.id);
    },

    async remove(repository, id) {
      const record = (await index.all(partitionOf(repository))).find(({ value }) => value.id === id);
      if (record === undefined || !(await index.remove(record))) return false;
      await removeUnreferenced(parts, record.value.digest);
      return true;
    },
  };
}

/** The order of GitHub: for each ref the first key exactly, then each key as a prefix, the newest first. */
function* inOrder(
  scope: ResultsScope,
  keys: readonly string[],
  candidates: readonly Indexed<CacheRecord>[],
): Generator<Indexed<CacheRecord>> {
  const newest = [...candidates].sort((a, b) => b.value.createdAt - a.value.createdAt || b.value.id - a.value.id);
  for (const ref of readOrder(scope)) {
    const ofRef = newest.filter(({ value }) => value.ref === ref);
    yield* ofRef.filter(({ value }) => value.key === keys[0]);
    for (const key of keys) yield* ofRef.filter(({ value }) => value.key.startsWith(key));
  }
}

async function exists(
  parts: ResultsParts,
  scope: ResultsScope,
  upload: { readonly key: string; readonly version: string },
): Promise<boolean> {
  const name = nameOf(scope, { ...upload, level: scope.level() });
  const record = (await parts.caches.all(partitionOf(scope.repository))).find((each) => each.name === name);
  if (record === undefined) return false;
  const isIdle = parts.clock.now() - record.usedAt >= parts.quotas.cacheIdleMsMax;
  if (!isIdle && (await parts.blobs.has(record.value.digest))) return true;
  await parts.caches.remove(record);
  return false;
}

/** The level is part of the name: what an untrusted job wrote does not keep a trusted one from writing. */
function nameOf(
  scope: ResultsScope,
  entry: { readonly key: string; readonly version: string; readonly level: string },
): string {
  return digestOf(canonicalJson([scope.ref, entry.level, entry.key, entry.version])).slice('sha256:'.length);
}

function partitionOf(repository: string): string {
  return digestOf(repository).slice('sha256:'.length);
}

function entryOf(record: CacheRecord): CacheEntry {
  const { version: _version, repository: _repository, cacheVersion, ...entry } = record;
  return { ...entry, version: cacheVersion };
}

function cacheMissing(id: number) {
  return fault('cache-missing', `no cache ${id} is visible to this job`);
}
