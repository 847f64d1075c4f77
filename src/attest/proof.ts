import { type NoteVerifier, parseCheckpoint, parseNote, verifyNote } from './checkpoint.ts';
import { fault } from './faults.ts';
import { HASH_BYTES } from './tiles.ts';
import { type Hash, leafHash, verifyInclusion } from './tree.ts';

/** First line of the form: C2SP tlog-proof. */
const HEAD = 'c2sp.org/tlog-proof@v1';
/** A path in a tree of 2^53 leaves is no longer. */
const HASHES_MAX = 53;
const PROOF_BYTES_MAX = 1024 * 1024;

/** That one entry is in the tree of a checkpoint, for whoever has the public keys and nothing else. */
export type EntryProof = { readonly index: number; readonly hashes: readonly Hash[]; readonly note: string };

export function renderProof({ index, hashes, note }: EntryProof): string {
  return [HEAD, `index ${index}`, ...hashes.map((hash) => hash.toString('base64')), '', note].join('\n');
}

export function parseProof(text: string): EntryProof {
  const invalid = (what: string) => fault('proof-invalid', what);
  if (text.length > PROOF_BYTES_MAX) throw invalid('it is too large');
  const end = text.indexOf('\n\n');
  const [head, ...lines] = text.slice(0, Math.max(0, end)).split('\n');
  if (head !== HEAD) throw invalid(`its first line is not ${HEAD}`);
  // Of the application; nothing of ours is in it.
  const [place = '', ...rest] = lines[0]?.startsWith('extra ') === true ? lines.slice(1) : lines;
  const index = Number(/^index (0|[1-9]\d{0,15})$/.exec(place)?.[1] ?? Number.NaN);
  if (!Number.isSafeInteger(index)) throw invalid('it names no index');
  if (rest.length > HASHES_MAX) throw invalid('it has too many hashes');
  const hashes = rest.map((line) => {
    const hash = Buffer.from(line, 'base64');
    if (hash.length !== HASH_BYTES || hash.toString('base64') !== line) throw invalid('a line is no hash');
    return hash;
  });
  return { index, hashes, note: text.slice(end + 2) };
}

/** Why the proof does not hold for this entry, or what it says. Every signer must have signed. */
export function checkProof(
  text: string,
  leaf: Uint8Array,
  signers: readonly NoteVerifier[],
): { readonly index: number; readonly origin: string; readonly size: number } | { readonly problem: string } {
  const { index, hashes, note: noteText } = parseProof(text);
  const note = parseNote(noteText);
  const missing = signers.find((signer) => verifyNote(note, signer) === undefined);
  if (missing !== undefined) return { problem: `the checkpoint has no signature of ${missing.name}` };
  const { origin, size, root } = parseCheckpoint(note.text);
  if (!verifyInclusion(leafHash(leaf), index, { size, root }, hashes)) {
    return { problem: `the entry is not at place ${index} of the tree of ${size} entries that was signed` };
  }
  return { index, origin, size };
}
