import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { verifyLog } from '../auditlog/index.ts';
import { checkProof, type NoteVerifier } from '../attest/index.ts';
import { isFault, reasonOf } from '../base/index.ts';
import type { AuditProofRequest, AuditProofVerdict, AuditVerification, AuditVerifyRequest } from '../cli/index.ts';
import { type Database, openDatabase } from '../database/index.ts';
import { holdFolder } from '../hold/index.ts';
import { readKept } from '../keeper/index.ts';
import type { Machine } from './commands.ts';
import { publicKeysFile, startEmbedded } from './server-ground.ts';
import { serverPlaces } from './server-places.ts';
import { fault } from './server-settings.ts';
import { serverUsers } from './server-users.ts';

const CHECKPOINT_BYTES_MAX = 1024 * 1024;

/** `sallyport audit verify`: proves the log of a folder of data, whether its server runs or not. */
export async function verifyAudit(machine: Machine, request: AuditVerifyRequest): Promise<AuditVerification> {
  const data = request.data ?? join(machine.places.state, 'server');
  const keys = await readPublicKeys(request.keys ?? serverPlaces(data).publicKeys);
  const known = [...(await readKept(join(data, 'witness', 'checkpoints'))), ...(await readNotes(request.checkpoints))];
  await using opened = await openData(data, request.databaseUrl ?? machine.env['DATABASE_URL']);
  const found = await verifyLog(opened.db, keys.log, known, keys.witness);
  return { ...found, log: keys.log.name, witness: keys.witness.name, kept: known.length };
}

/** `sallyport audit proof`: by the keys alone. */
export async function checkAuditProof({ proof, leaf, keys }: AuditProofRequest): Promise<AuditProofVerdict> {
  const { log, witness } = await readPublicKeys(keys);
  return checkProof(proof, leaf, [log, witness]);
}

export async function readPublicKeys(
  path: string,
): Promise<{ readonly log: NoteVerifier; readonly witness: NoteVerifier }> {
  try {
    const { log, witness } = publicKeysFile.parse(JSON.parse(await readFile(path, 'utf8')));
    return {
      log: { name: log.name, publicKey: Buffer.from(log.key, 'base64'), kind: 'log' },
      witness: { name: witness.name, publicKey: Buffer.from(witness.key, 'base64'), kind: 'witness' },
    };
  } catch (thrown) {
    throw fault('keys-unreadable', `${path}: ${reasonOf(thrown)}`, { cause: thrown });
  }
}

async function readNotes(paths: readonly string[]): Promise<readonly string[]> {
  const notes: string[] = [];
  for (const path of paths) {
    const text = await readFile(path, 'utf8').catch((thrown: unknown) => {
      throw fault('keys-unreadable', `${path}: ${reasonOf(thrown)}`, { cause: thrown });
    });
    if (text.length > CHECKPOINT_BYTES_MAX) throw fault('keys-unreadable', `${path} is too large for a checkpoint`);
    notes.push(text);
  }
  return notes;
}

/** The running server's database, or the one that is started for this. */
export async function openData(
  data: string,
  url: string | undefined,
): Promise<AsyncDisposable & { readonly db: Database }> {
  if (url !== undefined) {
    const db = await openDatabase({ connectionString: url });
    return { db, [Symbol.asyncDispose]: () => db.close() };
  }
  const release = await holdIfFree(join(data, 'hold'));
  if (release === undefined) {
    const host = join(data, 'postgres', 'socket');
    const db = await openDatabase({ host, user: 'sallyport', database: 'sallyport', port: 5432 });
    return { db, [Symbol.asyncDispose]: () => db.close() };
  }
  const postgres = await startEmbedded(data, await serverUsers(process.geteuid?.() ?? -1));
  const db = await openDatabase(postgres.connection);
  return {
    db,
    [Symbol.asyncDispose]: async () => {
      await db.close();
      await postgres.stop();
      await release();
    },
  };
}

async function holdIfFree(folder: string): Promise<(() => Promise<void>) | undefined> {
  try {
    return await holdFolder(folder, 0);
  } catch (thrown) {
    if (isFault(thrown, 'hold/in-use')) return undefined;
    throw thrown;
  }
}
