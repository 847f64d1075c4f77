import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, parseDigest } from '../base/index.ts';
import type { Database } from '../database/index.ts';
import { fileStaging, type ResultsStore } from '../results/index.ts';
import { artifactsOf } from './artifacts.ts';
import { cachesOf } from './caches.ts';
import type { TablesDeps } from './deps.ts';
import { idleSince, noteRemoval } from './room.ts';
import type { ResultsTables } from './tables.ts';

export type ResultsTablesOptions = TablesDeps & {
  /** Where parts of uploads wait. Emptied at the start: nothing in it survives its process. */
  readonly staging: string;
};

/** With what keeps it small. A sweep may be killed at any point, and may run while jobs write. */
export type ServerResults = ResultsStore & { sweep(): Promise<void> };

/** Rows that one statement forgets. */
const ROWS = 1_000;
const DIGESTS = 10_000;

/** Artifacts and caches of a server: rows in tables, bytes in blobs. */
export async function openResultsTables(options: ResultsTablesOptions): Promise<ServerResults> {
  const { staging } = options;
  await mkdir(staging, { recursive: true, mode: 0o700 });
  for (const name of await readdir(staging)) await rm(join(staging, name), { recursive: true, force: true });
  return {
    stage: () => fileStaging(staging),
    artifacts: artifactsOf(options),
    caches: cachesOf(options),
    async sweep() {
      while (await forgetEnded(options));
      await options.blobs.collect(await reachable(options.db));
    },
  };
}

/** Drops what has ended, a little at a time. Whether there may be more. */
function forgetEnded(deps: TablesDeps): Promise<boolean> {
  return deps.db.transaction(async (tx) => {
    const tables = tx.as<ResultsTables>();
    const artifacts = await tables
      .deleteFrom('results_artifact')
      .where('id', 'in', (of) =>
        of
          .selectFrom('results_artifact')
          .select('id')
          .where('expires_at', '<=', new Date(deps.clock.now()))
          .orderBy('expires_at')
          .limit(ROWS),
      )
      .returning('bytes')
      .execute();
    const caches = await tables
      .deleteFrom('results_cache')
      .where('id', 'in', (of) =>
        of
          .selectFrom('results_cache')
          .select('id')
          .where('used_at', '<=', idleSince(deps))
          .orderBy('used_at')
          .limit(ROWS),
      )
      .returning('bytes')
      .execute();
    for (const [kind, rows] of [
      ['artifact', artifacts],
      ['cache', caches],
    ] as const) {
      if (rows.length === 0) continue;
      const bytes = rows.reduce((sum, row) => sum + Number(row.bytes), 0);
      await noteRemoval(tx, deps, `${kind}.expire`, { count: rows.length, bytes });
    }
    return artifacts.length === ROWS || caches.length === ROWS;
  });
}

/** The digests that rows name. A blob whose row is written after this is too young to be collected. */
async function reachable(db: Database): Promise<ReadonlySet<Digest>> {
  const digests = new Set<Digest>();
  for (const table of ['results_artifact', 'results_cache'] as const) {
    for (let after = '0'; ; ) {
      const rows = await db
        .as<ResultsTables>()
        .selectFrom(table)
        .select(['id', 'digest'])
        .where('id', '>', after)
        .orderBy('id')
        .limit(DIGESTS)
        .execute();
      for (const { digest } of rows) digests.add(parseDigest(digest));
      const last = rows.at(-1);
      if (last === undefined) break;
      after = last.id;
    }
  }
  return digests;
}
