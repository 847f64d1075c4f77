import { hashesOfTiles, inclusionProof, parseCheckpoint, parseNote, renderProof } from '../attest/index.ts';
import type { Database } from '../database/index.ts';
import { fault } from './faults.ts';
import { newestCheckpoint, tileReader } from './sequence.ts';
import type { AuditlogTables } from './tables.ts';

/** One entry as it was hashed, and the proof that the newest checkpoint has it. Faults: `auditlog/entry-missing`, `auditlog/entry-open`. */
export async function proveEntry(db: Database, id: number): Promise<{ readonly leaf: Buffer; readonly proof: string }> {
  const row = await db
    .as<AuditlogTables>()
    .selectFrom('auditlog_entry')
    .select(['body', 'seq'])
    .where('id', '=', String(id))
    .executeTakeFirst();
  if (row === undefined) throw fault('entry-missing', `there is no entry ${id}`);
  const note = await newestCheckpoint(db);
  const size = note === undefined ? 0 : parseCheckpoint(parseNote(note).text).size;
  if (note === undefined || row.seq === null || Number(row.seq) >= size) {
    throw fault('entry-open', `no checkpoint has entry ${id} yet`);
  }
  const index = Number(row.seq);
  const hashes = await inclusionProof(index, size, hashesOfTiles(size, tileReader(db)));
  return { leaf: row.body, proof: renderProof({ index, hashes, note }) };
}
