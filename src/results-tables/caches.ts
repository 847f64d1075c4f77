import { type Selectable, sql } from 'kysely';
import { append } from '../auditlog/index.ts';
import { isFault, parseDigest, TRUST_LEVELS } from '../base/index.ts';
import {
  type CacheEntry,
  checkCacheKeys,
  mayReadCache,
  mayWriteCache,
  readOrder,
  resultsFault,
  type ResultsScope,
  type ResultsStore,
} from '../results/index.ts';
import type { TablesDeps } from './deps.ts';
import { idleSince, makeRoom } from './room.ts';
import type { ResultsTables } from './tables.ts';

type Row = Selectable<ResultsTables['results_cache']>;
type Caches = ResultsStore['caches'];

/** Rows of one step of a look-up: the newest is taken, and the next ones only when its bytes are gone. */
const CANDIDATES = 5;

/** Caches as rows. */
export function cachesOf(deps: TablesDeps): Caches {
  const { db, blobs } = deps;
  return {
    async find(scope, keys, version) {
      checkCacheKeys(keys, version);
      for (const ref of readOrder(scope)) {
        const [first = ''] = keys;
        const steps = [{ key: first, isWhole: true }, ...keys.map((key) => ({ key, isWhole: false }))];
        for (const step of steps) {
          const found = await newestThere(deps, scope, { ref, version, ...step });
          if (found !== undefined) return entryOf(found);
        }
      }
      return undefined;
    },

    put: (scope, upload) => put(deps, scope, upload),

    async open(scope, id) {
      const row = await db
        .as<ResultsTables>()
        .updateTable('results_cache')
        .set({ used_at: new Date(deps.clock.now()) })
        .where('id', '=', String(id))
        .where('repository', '=', scope.repository)
        .where('ref', 'in', [...readOrder(scope)])
        .where('level', 'in', levelsFor(scope))
        .where('used_at', '>', idleSince(deps))
        .returningAll()
        .executeTakeFirst();
      if (row === undefined) throw cacheMissing(id);
      try {
        return { entry: entryOf(row), content: await blobs.open(parseDigest(row.digest)) };
      } catch (error) {
        if (!isFault(error, 'store/blob-missing')) throw error;
        await forget(deps, row);
        throw cacheMissing(id);
      }
    },

    async ofRepository(repository) {
      const rows = await db
        .as<ResultsTables>()
        .selectFrom('results_cache')
        .selectAll()
        .where('repository', '=', repository)
        .where('used_at', '>', idleSince(deps))
        .orderBy('used_at', 'desc')
        .orderBy('id', 'desc')
        .execute();
      return rows.map((row) => ({ ...entryOf(row), usedAt: row.used_at.getTime() }));
    },

    async remove(repository, id) {
      const gone = await db
        .as<ResultsTables>()
        .deleteFrom('results_cache')
        .where('id', '=', String(id))
        .where('repository', '=', repository)
        .returning('id')
        .executeTakeFirst();
      return gone !== undefined;
    },
  };
}

/** The levels whose caches this job may read, as K6 decides it for one entry. */
function levelsFor(scope: ResultsScope) {
  const { repository, ref } = scope;
  return TRUST_LEVELS.filter((level) => mayReadCache(scope, { repository, ref, level }));
}

type Step = { readonly ref: string; readonly version: string; readonly key: string; readonly isWhole: boolean };

async function newestThere(
  deps: TablesDeps,
  scope: ResultsScope,
  { ref, version, key, isWhole }: Step,
): Promise<Row | undefined> {
  let query = deps.db
    .as<ResultsTables>()
    .selectFrom('results_cache')
    .selectAll()
    .where('repository', '=', scope.repository)
    .where('version', '=', version)
    .where('ref', '=', ref)
    .where('level', 'in', levelsFor(scope))
    .where('used_at', '>', idleSince(deps));
  query = isWhole ? query.where('key', '=', key) : query.where(sql<boolean>`starts_with(key, ${key})`);
  const rows = await query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(CANDIDATES).execute();
  for (const row of rows) {
    if (mayReadCache(scope, row) && (await deps.blobs.has(parseDigest(row.digest)))) return row;
    await forget(deps, row);
  }
  return undefined;
}

/** A row whose bytes are gone, as after a backup was put back without its bucket. */
async function forget({ db }: TablesDeps, { id }: Row): Promise<void> {
  await db.as<ResultsTables>().deleteFrom('results_cache').where('id', '=', id).execute();
}

async function put(
  deps: TablesDeps,
  scope: ResultsScope,
  upload: Parameters<Caches['put']>[1],
): Promise<CacheEntry | undefined> {
  checkCacheKeys([upload.key], upload.version);
  if (!mayWriteCache(scope) || (await isTaken(deps, scope, upload))) {
    upload.content.destroy();
    return undefined;
  }
  const stored = await deps.blobs.put(upload.content, { bytesMax: deps.quotas.cacheBytesMax[scope.level()] });
  return deps.db.transaction(async (tx) => {
    // The level can drop while the bytes come in; it never rises, so what holds now is the lowest.
    const level = scope.level();
    if (!mayWriteCache(scope)) return undefined;
    const { repository, ref } = scope;
    const tables = tx.as<ResultsTables>();
    const own = { repository, ref, level, key: upload.key, version: upload.version };
    await makeRoom(tx, deps, 'cache', { repository, level, bytes: stored.bytes });
    await tables
      .deleteFrom('results_cache')
      .where((at) => at.and(own))
      .where('used_at', '<=', idleSince(deps))
      .execute();
    const now = new Date(deps.clock.now());
    const row = await tables
      .insertInto('results_cache')
      .values({ ...own, bytes: String(stored.bytes), digest: stored.digest, created_at: now, used_at: now })
      .onConflict((on) => on.doNothing())
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) return undefined;
    const entry = {
      actor: { type: 'job', id: String(scope.jobId) },
      action: 'cache.create',
      resource: { type: 'cache', id: row.id },
      outcome: 'allow',
      detail: { repository, ref, level, key: row.key, digest: row.digest, bytes: stored.bytes },
    } as const;
    await append(tx, entry, deps.audit);
    return entryOf(row);
  });
}

/** The level is part of what is unique: what an untrusted job wrote does not keep a trusted one from writing. */
async function isTaken(
  deps: TablesDeps,
  scope: ResultsScope,
  { key, version }: { readonly key: string; readonly version: string },
): Promise<boolean> {
  const { repository, ref } = scope;
  const row = await deps.db
    .as<ResultsTables>()
    .selectFrom('results_cache')
    .selectAll()
    .where((at) => at.and({ repository, ref, level: scope.level(), key, version }))
    .where('used_at', '>', idleSince(deps))
    .executeTakeFirst();
  if (row === undefined) return false;
  if (await deps.blobs.has(parseDigest(row.digest))) return true;
  await forget(deps, row);
  return false;
}

function entryOf(row: Row): CacheEntry {
  return {
    id: Number(row.id),
    key: row.key,
    version: row.version,
    ref: row.ref,
    level: row.level,
    bytes: Number(row.bytes),
    digest: parseDigest(row.digest),
    createdAt: row.created_at.getTime(),
  };
}

function cacheMissing(id: number) {
  return resultsFault('cache-missing', `no cache ${id} is visible to this job`);
}
