import type { KeyObject } from 'node:crypto';
import { appendFile, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { cosignNote, type NoteVerifier, parseNote, rawPublicKey, renderNote, verifyNote } from '../attest/index.ts';
import { type Clock, reasonOf, unreachable } from '../base/index.ts';
import { type WitnessRequest, witnessRequest } from '../protocol/index.ts';
import { fault } from './faults.ts';
import { codeOf, privateFolder, readOrMakeKey, writeDurably } from './key-files.ts';
import { openSeen, type Seen } from './seen.ts';

const logFile = z.strictObject({ version: z.literal(1), origin: z.string(), key: z.base64() });

/** The file of kept checkpoints begins anew beyond it; the newest is in both. */
const KEPT_BYTES_MAX = 64 * 1024 * 1024;
/** So many of the kept checkpoints are told. */
const RECALLED_MAX = 200;

export type WitnessOptions = {
  /** The witness's own; neither the server nor the keeper should be able to write it. */
  readonly folder: string;
  /** Its name in cosignatures. */
  readonly name: string;
  /** The log that it watches. The first one that it is given stays. */
  readonly log: { readonly origin: string; readonly key: Buffer };
  readonly clock: Clock;
};

type Witness = {
  readonly name: string;
  readonly key: KeyObject;
  readonly log: NoteVerifier;
  readonly seen: Seen;
  readonly kept: string;
  readonly clock: Clock;
};

/** Opens the witness of one log. It trusts the log's key for nothing but its own claims: whoever stole it still can't rewrite the log. */
export async function openWitness(options: WitnessOptions): Promise<(request: unknown) => Promise<unknown>> {
  const { folder, name, clock } = options;
  await privateFolder(folder);
  const known = await readLog(join(folder, 'witness.json'));
  const isNew = known === undefined;
  const log = known ?? options.log;
  if (log.origin !== options.log.origin || !log.key.equals(options.log.key)) {
    throw fault('other-log', `${folder} watches the log ${log.origin} with another key than the one that is shown now`);
  }
  const key = await readOrMakeKey(join(folder, 'witness.key'), isNew);
  const seen = await openSeen(folder, isNew);
  if (isNew) {
    const text = JSON.stringify({ version: 1, origin: log.origin, key: log.key.toString('base64') });
    await writeDurably(join(folder, 'witness.json'), `${text}\n`);
  }
  const witness: Witness = {
    name,
    key,
    log: { name: log.origin, publicKey: log.key, kind: 'log' },
    seen,
    kept: join(folder, 'checkpoints'),
    clock,
  };
  return async (request) => answer(witness, witnessRequest.parse(request));
}

async function readLog(path: string): Promise<{ readonly origin: string; readonly key: Buffer } | undefined> {
  try {
    const { origin, key } = logFile.parse(JSON.parse(await readFile(path, 'utf8')));
    return { origin, key: Buffer.from(key, 'base64') };
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return undefined;
    throw fault('keys-broken', `${path}: ${reasonOf(thrown)}`, { cause: thrown });
  }
}

async function answer(witness: Witness, request: WitnessRequest): Promise<object> {
  switch (request.kind) {
    case 'identify':
      return { name: witness.name, key: rawPublicKey(witness.key).toString('base64') };
    case 'cosign':
      return { note: await cosign(witness, request) };
    case 'recall':
      return { notes: (await readKept(witness.kept)).slice(-RECALLED_MAX) };
    default:
      return unreachable(request);
  }
}

async function cosign(
  witness: Witness,
  { note: text, proof }: { readonly note: string; readonly proof: readonly string[] },
): Promise<string> {
  const note = parseNote(text);
  if (verifyNote(note, witness.log) === undefined) {
    throw fault('cosign-refused', `the checkpoint is not signed by ${witness.log.name}`);
  }
  const hashes = proof.map((hash) => Buffer.from(hash, 'base64'));
  await witness.seen.advance(witness.log.name, { text: note.text, proof: hashes });
  const time = Math.floor(witness.clock.now() / 1000);
  const signature = cosignNote(note.text, witness.name, witness.key, time);
  const cosigned = renderNote({ text: note.text, signatures: [...note.signatures, signature] });
  await keep(witness.kept, cosigned);
  return cosigned;
}

/** Kept for those who want to prove the log later: `sallyport audit verify` compares with it. */
async function keep(path: string, note: string): Promise<void> {
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  const line = `${JSON.stringify(note)}\n`;
  if (size + line.length > KEPT_BYTES_MAX) await writeDurably(path, line);
  else await appendFile(path, line, { mode: 0o600 });
}

/** The checkpoints in a witness's folder, oldest first. A last line that a crash cut short is left out. */
export async function readKept(path: string): Promise<readonly string[]> {
  const text = await readFile(path, 'utf8').catch((thrown: unknown) => {
    if (codeOf(thrown) === 'ENOENT') return '';
    throw thrown;
  });
  return text.split('\n').flatMap((line) => {
    try {
      const note: unknown = JSON.parse(line);
      return typeof note === 'string' ? [note] : [];
    } catch {
      return [];
    }
  });
}
