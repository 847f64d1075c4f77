import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { fault } from './faults.ts';

const NOTE_BYTES_MAX = 1024 * 1024;
const SIGNATURES_MAX = 100;
const KEY_ID_BYTES = 4;
const TIMESTAMP_BYTES = 8;
/** Types of keys in C2SP signed-note: a checkpoint's own signature, and a witness's cosignature. */
const ED25519 = 0x01;
const COSIGNATURE_V1 = 0x04;

/** What a log says of itself at one moment. C2SP tlog-checkpoint. */
export type Checkpoint = { readonly origin: string; readonly size: number; readonly root: Buffer };

/** Somebody whose signature of a note is known: 32 bytes of an Ed25519 public key under a name. */
export type NoteVerifier = { readonly name: string; readonly publicKey: Buffer; readonly kind: 'log' | 'witness' };

export type NoteSignature = { readonly name: string; readonly keyId: Buffer; readonly bytes: Buffer };

/** A note with its signatures. `text` ends with a line end. */
export type Note = { readonly text: string; readonly signatures: readonly NoteSignature[] };

/** The body of a checkpoint: origin, size, root, a line each. */
export function checkpointText({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${root.toString('base64')}\n`;
}

export function parseCheckpoint(text: string): Checkpoint {
  const [origin = '', sizeText = '', rootText = ''] = text.split('\n');
  const root = Buffer.from(rootText, 'base64');
  const size = Number(sizeText);
  const isWhole = /^(0|[1-9]\d{0,15})$/.test(sizeText) && Number.isSafeInteger(size);
  if (origin === '' || !isWhole || root.length !== 32 || root.toString('base64') !== rootText || !text.endsWith('\n')) {
    throw fault('note-invalid', 'these are not the lines of a checkpoint');
  }
  return { origin, size, root };
}

/** Key id of a note's signature: the first bytes of SHA-256(name LF type key). C2SP signed-note. */
export function keyId({ name, publicKey, kind }: NoteVerifier): Buffer {
  const type = Buffer.from([kind === 'log' ? ED25519 : COSIGNATURE_V1]);
  const digest = createHash('sha256').update(`${name}\n`).update(type).update(publicKey).digest();
  return digest.subarray(0, KEY_ID_BYTES);
}

/** Reads a signed note: text, an empty line, signature lines. Throws `attest/note-invalid`. */
export function parseNote(note: string): Note {
  const at = note.lastIndexOf('\n\n');
  if (note.length > NOTE_BYTES_MAX || at === -1 || !note.endsWith('\n'))
    throw fault('note-invalid', 'no signatures follow the text');
  const lines = note.slice(at + 2, -1).split('\n');
  if (lines.length > SIGNATURES_MAX) throw fault('note-invalid', `more than ${SIGNATURES_MAX} signatures`);
  const signatures = lines.map((line) => {
    const match = /^\u2014 ([^\s+]+) ([A-Za-z0-9+/]+={0,2})$/.exec(line);
    const bytes = Buffer.from(match?.[2] ?? '', 'base64');
    if (match === null || bytes.length <= KEY_ID_BYTES)
      throw fault('note-invalid', 'a signature line has another form');
    return { name: match[1] ?? '', keyId: bytes.subarray(0, KEY_ID_BYTES), bytes: bytes.subarray(KEY_ID_BYTES) };
  });
  return { text: note.slice(0, at + 1), signatures };
}

export function renderNote({ text, signatures }: Note): string {
  const lines = signatures.map(
    ({ name, keyId: id, bytes }) => `\u2014 ${name} ${Buffer.concat([id, bytes]).toString('base64')}\n`,
  );
  return `${text}\n${lines.join('')}`;
}

/** Signs the text of a checkpoint as its log. `key` is an Ed25519 private key. */
export function signNote(text: string, name: string, key: KeyObject): NoteSignature {
  const verifier: NoteVerifier = { name, publicKey: rawPublicKey(key), kind: 'log' };
  return { name, keyId: keyId(verifier), bytes: sign(null, Buffer.from(text), key) };
}

/** Signs as a witness at a time, seconds since 1970. C2SP tlog-cosignature. */
export function cosignNote(text: string, name: string, key: KeyObject, time: number): NoteSignature {
  const verifier: NoteVerifier = { name, publicKey: rawPublicKey(key), kind: 'witness' };
  const stamp = Buffer.alloc(TIMESTAMP_BYTES);
  stamp.writeBigUInt64BE(BigInt(time));
  return { name, keyId: keyId(verifier), bytes: Buffer.concat([stamp, sign(null, cosigned(text, time), key)]) };
}

function cosigned(text: string, time: number): Buffer {
  return Buffer.from(`cosignature/v1\ntime ${time}\n${text}`);
}

/** Whether the note carries this signer's valid signature; for a witness, with its time. */
export function verifyNote(note: Note, signer: NoteVerifier): { readonly time?: number } | undefined {
  const id = keyId(signer);
  const key = publicKeyOf(signer.publicKey);
  for (const { name, keyId: found, bytes } of note.signatures) {
    if (name !== signer.name || !found.equals(id)) continue;
    if (signer.kind === 'log') {
      if (verify(null, Buffer.from(note.text), key, bytes)) return {};
    } else if (bytes.length > TIMESTAMP_BYTES) {
      const time = Number(bytes.readBigUInt64BE(0));
      if (verify(null, cosigned(note.text, time), key, bytes.subarray(TIMESTAMP_BYTES))) return { time };
    }
  }
  return undefined;
}

/** The 32 bytes of the public half of an Ed25519 key. */
export function rawPublicKey(key: KeyObject): Buffer {
  const { x } = createPublicKey(
    key.type === 'private' ? createPrivateKey(key.export({ format: 'pem', type: 'pkcs8' })) : key,
  ).export({ format: 'jwk' });
  return Buffer.from(x ?? '', 'base64url');
}

export function publicKeyOf(raw: Buffer): KeyObject {
  return createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') } });
}
