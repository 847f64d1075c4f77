import { sql } from 'kysely';
import {
  checkpointText,
  consistencyProof,
  growTiles,
  HASH_BYTES,
  type Hash,
  hashesOfTiles,
  leafHash,
  parseCheckpoint,
  parseNote,
  type ReadTile,
  rootHash,
} from '../attest/index.ts';
import type { Database, Transaction } from '../database/index.ts';
import { fault } from './faults.ts';
import type { AuditlogTables } from './tables.ts';

/** Entries that one checkpoint adds at most: what comes faster waits for the next. */
const BATCH_MAX = 4096;
/** One sequencer at a time, whatever the number of processes. The number means nothing else. */
const SEQUENCER_LOCK = 7_214_001;

/** What a signer is asked: sign this, and here is the proof that it only adds to what you signed last. */
export type SignRequest = {
  /** Body of the checkpoint. */
  readonly text: string;
  readonly previousSize: number;
  readonly proof: readonly Hash[];
};

/** Signs checkpoints of one log; refuses what does not follow from the last. Answers the whole signed note. */
export type CheckpointSigner = { readonly origin: string; sign(request: SignRequest): Promise<string> };

/**
 * Integrates what was appended since, and has a checkpoint signed. The tree commits before anybody signs it: a signature that
 * was given once is given again for the same tree, and never for another one. While nobody signs, nothing more is integrated.
 * Answers the size of the signed log. May be called at any time by any process.
 */
export async function sequence(db: Database, signer: CheckpointSigner): Promise<number> {
  const pending = await db.transaction((tx) => integrate(tx, signer.origin));
  if (pending === undefined) return sizeOf(db);
  const { text, size } = pending;
  const previousSize = await sizeOf(db);
  const proof = await consistencyProof(previousSize, size, hashesOfTiles(size, tileReader(db)));
  const note = await signer.sign({ text, previousSize, proof });
  if (parseNote(note).text !== text) throw fault('log-inconsistent', 'the signer signed another text');
  await db
    .as<AuditlogTables>()
    .updateTable('auditlog_checkpoint')
    .set({ note })
    .where('size', '=', String(size))
    .where('note', 'is', null)
    .execute();
  return size;
}

/** The checkpoint that waits for its signature: the one before that has none yet, else one of what was appended since. */
async function integrate(tx: Transaction, origin: string): Promise<{ text: string; size: number } | undefined> {
  const tables = tx.as<AuditlogTables>();
  await sql`select pg_advisory_xact_lock(${SEQUENCER_LOCK})`.execute(tables);
  const last = await tables
    .selectFrom('auditlog_checkpoint')
    .selectAll()
    .orderBy('size', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (last !== undefined && last.note === null) return { text: last.text, size: Number(last.size) };
  const before = Number(last?.size ?? 0);
  const open = await tables
    .selectFrom('auditlog_entry')
    .select(['id', 'body'])
    .where('seq', 'is', null)
    .orderBy('id')
    .limit(BATCH_MAX)
    .execute();
  if (open.length === 0) return undefined;
  const size = before + open.length;
  const readTile = tileReader(tx);
  const leaves = open.map(({ body }) => leafHash(body));
  for (const { tile, bytes } of await growTiles(before, leaves, readTile)) {
    await tables
      .insertInto('auditlog_tile')
      .values({ level: tile.level, tile: String(tile.index), bytes })
      .onConflict((conflict) => conflict.columns(['level', 'tile']).doUpdateSet({ bytes }))
      .execute();
  }
  const ids = open.map(({ id }) => id);
  await sql`update auditlog_entry set seq = numbered.seq from (
      select id, ${before}::bigint + ordinal - 1 as seq from unnest(${ids}::bigint[]) with ordinality as listed (id, ordinal)
    ) as numbered where auditlog_entry.id = numbered.id`.execute(tables);
  const text = checkpointText({ origin, size, root: await rootHash(size, hashesOfTiles(size, readTile)) });
  await tables
    .insertInto('auditlog_checkpoint')
    .values({ size: String(size), text, note: null })
    .execute();
  return { text, size };
}

/** Entries in the tree, as the newest signed checkpoint says. */
export async function sizeOf(tx: Transaction | Database): Promise<number> {
  const note = await newestCheckpoint(tx);
  return note === undefined ? 0 : parseCheckpoint(parseNote(note).text).size;
}

/** Entries that no checkpoint has yet. */
export async function unsequenced(db: Database): Promise<number> {
  const row = await db
    .as<AuditlogTables>()
    .selectFrom('auditlog_entry')
    .select(({ fn }) => fn.countAll<string>().as('count'))
    .where('seq', 'is', null)
    .executeTakeFirst();
  return Number(row?.count ?? 0);
}

/** The newest signed checkpoint, or nothing before the first entry. */
export async function newestCheckpoint(tx: Transaction | Database): Promise<string | undefined> {
  const row = await tx
    .as<AuditlogTables>()
    .selectFrom('auditlog_checkpoint')
    .select('note')
    .where('note', 'is not', null)
    .orderBy('size', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.note ?? undefined;
}

/** Reads tiles of any width that was ever there: a longer one begins with a shorter one. */
export function tileReader(tx: Transaction | Database): ReadTile {
  return async ({ level, index, width }) => {
    const row = await tx
      .as<AuditlogTables>()
      .selectFrom('auditlog_tile')
      .select('bytes')
      .where('level', '=', level)
      .where('tile', '=', String(index))
      .executeTakeFirst();
    if (row === undefined || row.bytes.length < width * HASH_BYTES) {
      throw fault('log-inconsistent', `the tile ${level}/${index} of width ${width} is not there`);
    }
    return row.bytes.subarray(0, width * HASH_BYTES);
  };
}
