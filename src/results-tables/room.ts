import { sql } from 'kysely';
import { append } from '../auditlog/index.ts';
import { assert, type TrustLevel } from '../base/index.ts';
import type { Transaction } from '../database/index.ts';
import { resultsFault } from '../results/index.ts';
import type { TablesDeps } from './deps.ts';
import type { ResultsTables } from './tables.ts';

/** Rows that are looked at at once for one that may go. */
const ROWS = 500;

export type Kind = 'artifact' | 'cache';
type Wanted = {
  readonly repository: string;
  readonly level: TrustLevel;
  readonly bytes: number;
  readonly keepRun?: number;
};

/**
 * Evicts rows of this repository and this level, and of no other, until `bytes` more fit: caches by last use, artifacts by age and never
 * those of `keepRun`. So a job can push out only what jobs of its own repository and level wrote. One at a time for each of them: the
 * caller's transaction holds the place until it ends. Fault `results/quota`.
 */
export async function makeRoom(tx: Transaction, deps: TablesDeps, kind: Kind, wanted: Wanted): Promise<void> {
  const { repository, level, keepRun } = wanted;
  const { quotas } = deps;
  const bytesMax = kind === 'cache' ? quotas.cacheBytesMax[level] : quotas.artifactBytesMax[level];
  const entriesMax = kind === 'cache' ? quotas.cacheEntriesPerLevelMax : Number.POSITIVE_INFINITY;
  const tables = tx.as<ResultsTables>();
  const place = `results ${kind} ${level} ${repository}`;
  await sql`select pg_advisory_xact_lock(hashtextextended(${place}, 0))`.execute(tables);
  const own = await sizeOf(tx, deps, kind, wanted);
  let { bytes, entries } = own;
  const evicted = { count: 0, bytes: 0 };
  while (bytes + wanted.bytes > bytesMax || entries >= entriesMax) {
    const oldest = await oldestOf(tx, kind, { repository, level, keepRun });
    const gone: string[] = [];
    for (const row of oldest) {
      if (bytes + wanted.bytes <= bytesMax && entries < entriesMax) break;
      gone.push(row.id);
      evicted.count += 1;
      evicted.bytes += Number(row.bytes);
      // One that has ended is no part of the sum.
      if (!row.isAlive(deps)) continue;
      bytes -= Number(row.bytes);
      entries -= 1;
    }
    if (gone.length === 0) {
      throw resultsFault(
        'quota',
        `${kind}s of level ${level} may take ${bytesMax} bytes, ${bytes + wanted.bytes} are wanted`,
      );
    }
    if (kind === 'cache') await tables.deleteFrom('results_cache').where('id', 'in', gone).execute();
    else await tables.deleteFrom('results_artifact').where('id', 'in', gone).execute();
  }
  if (evicted.count > 0) await noteRemoval(tx, deps, `${kind}.evict`, { repository, level, ...evicted });
}

async function sizeOf(tx: Transaction, deps: TablesDeps, kind: Kind, { repository, level }: Wanted) {
  const tables = tx.as<ResultsTables>();
  const now = deps.clock.now();
  const { rows } = await (kind === 'cache'
    ? sql<{ bytes: string; entries: string }>`select coalesce(sum(bytes), 0)::text as bytes, count(*)::text as entries
        from results_cache where repository = ${repository} and level = ${level} and used_at > ${idleSince(deps)}`
    : sql<{ bytes: string; entries: string }>`select coalesce(sum(bytes), 0)::text as bytes, count(*)::text as entries
        from results_artifact where repository = ${repository} and level = ${level} and expires_at > ${new Date(now)}`
  ).execute(tables);
  const [row] = rows;
  assert(row !== undefined, 'a sum has a row');
  return { bytes: Number(row.bytes), entries: Number(row.entries) };
}

/** What is used no more since then has ended. */
export const idleSince = ({ clock, quotas }: TablesDeps) => new Date(clock.now() - quotas.cacheIdleMsMax);

type Oldest = { readonly id: string; readonly bytes: string; isAlive(deps: TablesDeps): boolean };

async function oldestOf(
  tx: Transaction,
  kind: Kind,
  {
    repository,
    level,
    keepRun,
  }: { readonly repository: string; readonly level: TrustLevel; readonly keepRun: number | undefined },
): Promise<readonly Oldest[]> {
  const tables = tx.as<ResultsTables>();
  if (kind === 'cache') {
    const rows = await tables
      .selectFrom('results_cache')
      .select(['id', 'bytes', 'used_at'])
      .where('repository', '=', repository)
      .where('level', '=', level)
      .orderBy('used_at')
      .orderBy('id')
      .limit(ROWS)
      .execute();
    return rows.map(({ id, bytes, used_at: at }) => ({ id, bytes, isAlive: (deps) => at > idleSince(deps) }));
  }
  const rows = await tables
    .selectFrom('results_artifact')
    .select(['id', 'bytes', 'expires_at'])
    .where('repository', '=', repository)
    .where('level', '=', level)
    .where('run_id', '<>', String(keepRun ?? 0))
    .orderBy('created_at')
    .orderBy('id')
    .limit(ROWS)
    .execute();
  return rows.map(({ id, bytes, expires_at: end }) => ({
    id,
    bytes,
    isAlive: ({ clock }) => end.getTime() > clock.now(),
  }));
}

/** One entry for all that went at once: which they were, says nothing to anybody any more. */
export async function noteRemoval(
  tx: Transaction,
  deps: TablesDeps,
  action: string,
  detail: { readonly [name: string]: string | number },
): Promise<void> {
  const actor = { type: 'system', id: 'retention' } as const;
  const resource = { type: 'repository', id: String(detail['repository'] ?? 'all') };
  await append(tx, { actor, action, resource, outcome: 'allow', detail }, deps.audit);
}
