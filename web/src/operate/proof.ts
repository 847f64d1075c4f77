/**
 * Checks in the browser that the audit log has an entry: the same checks as `sallyport audit check-proof`, with WebCrypto alone. Formats:
 * C2SP tlog-proof, tlog-checkpoint, signed-note and tlog-cosignature; the tree is that of RFC 6962, the walk that of RFC 9162, 2.1.3.2.
 */
const HEAD = 'c2sp.org/tlog-proof@v1';
const HASH_BYTES = 32;
const HASHES_MAX = 53;
const KEY_ID_BYTES = 4;
const STAMP_BYTES = 8;
const ED25519 = 0x01;
const COSIGNATURE_V1 = 0x04;

type Bytes = Uint8Array<ArrayBuffer>;

/** One node of the way from the entry to the root. */
export type ProofStep = {
  /** On which side the hash of the proof stands. */
  readonly side: 'left' | 'right';
  readonly sibling: string;
  readonly result: string;
};

export type Signer = { readonly name: string; readonly key: string; readonly kind: 'log' | 'witness' };
export type SignatureCheck = { readonly name: string; readonly isValid: boolean; readonly at?: Date };

export type ProofCheck = {
  readonly index: number;
  readonly size: number;
  readonly origin: string;
  readonly leafHash: string;
  readonly steps: readonly ProofStep[];
  readonly root: string;
  readonly signedRoot: string;
  readonly isIncluded: boolean;
  readonly signatures: readonly SignatureCheck[];
};

/** Throws an `Error` when it can't be read at all. */
export async function checkProof(leaf: string, proof: string, signers: readonly Signer[]): Promise<ProofCheck> {
  const { index, hashes, note } = parseProof(proof);
  const { text, signatures } = parseNote(note);
  const [origin = '', sizeText = '', signedRoot = ''] = text.split('\n');
  const size = Number(sizeText);
  if (!Number.isSafeInteger(size) || bytesOf(signedRoot).length !== HASH_BYTES) throw new Error('no checkpoint');
  const first = await sha256(joined(Uint8Array.of(0), bytesOf(leaf)));
  const walked = await walk(first, { index, size, hashes });
  return {
    index,
    size,
    origin,
    leafHash: base64(first),
    steps: walked?.steps ?? [],
    root: walked === undefined ? '' : base64(walked.root),
    signedRoot,
    isIncluded: walked !== undefined && base64(walked.root) === signedRoot,
    signatures: await Promise.all(signers.map((signer) => checkSignature(signer, text, signatures))),
  };
}

function parseProof(text: string): {
  readonly index: number;
  readonly hashes: readonly Bytes[];
  readonly note: string;
} {
  const end = text.indexOf('\n\n');
  const [head, ...lines] = text.slice(0, Math.max(0, end)).split('\n');
  if (head !== HEAD) throw new Error(`the first line is not ${HEAD}`);
  const [place = '', ...rest] = lines[0]?.startsWith('extra ') === true ? lines.slice(1) : lines;
  const index = Number(/^index (0|[1-9]\d{0,15})$/.exec(place)?.[1] ?? Number.NaN);
  if (!Number.isSafeInteger(index) || rest.length > HASHES_MAX) throw new Error('the proof has another form');
  const hashes = rest.map(bytesOf);
  if (hashes.some((hash) => hash.length !== HASH_BYTES)) throw new Error('a line is no hash');
  return { index, hashes, note: text.slice(end + 2) };
}

type NoteSignature = { readonly name: string; readonly id: Bytes; readonly bytes: Bytes };

function parseNote(note: string): { readonly text: string; readonly signatures: readonly NoteSignature[] } {
  const at = note.lastIndexOf('\n\n');
  if (at === -1) throw new Error('the checkpoint is not signed');
  const signatures = note
    .slice(at + 2)
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [, name = '', encoded = ''] = /^\u2014 (\S+) ([A-Za-z0-9+/]+={0,2})$/.exec(line) ?? [];
      const bytes = bytesOf(encoded);
      return { name, id: bytes.slice(0, KEY_ID_BYTES), bytes: bytes.slice(KEY_ID_BYTES) };
    });
  return { text: note.slice(0, at + 1), signatures };
}

/** Nothing when the proof is longer or shorter than the tree. */
async function walk(
  leaf: Bytes,
  { index, size, hashes }: { readonly index: number; readonly size: number; readonly hashes: readonly Bytes[] },
): Promise<{ readonly root: Bytes; readonly steps: readonly ProofStep[] } | undefined> {
  if (index >= size) return undefined;
  // As numbers of any length: shifts of JavaScript's own end at 32 bits.
  let place = BigInt(index);
  let last = BigInt(size - 1);
  let root = leaf;
  const steps: ProofStep[] = [];
  for (const sibling of hashes) {
    if (last === 0n) return undefined;
    const isRight = place % 2n === 1n || place === last;
    root = isRight ? await node(sibling, root) : await node(root, sibling);
    steps.push({ side: isRight ? 'left' : 'right', sibling: base64(sibling), result: base64(root) });
    if (isRight) {
      while (place % 2n === 0n && place !== 0n) {
        place /= 2n;
        last /= 2n;
      }
    }
    place /= 2n;
    last /= 2n;
  }
  return last === 0n ? { root, steps } : undefined;
}

const node = (left: Bytes, right: Bytes) => sha256(joined(Uint8Array.of(1), left, right));

async function checkSignature(
  signer: Signer,
  text: string,
  signatures: readonly NoteSignature[],
): Promise<SignatureCheck> {
  const raw = bytesOf(signer.key);
  const type = Uint8Array.of(signer.kind === 'log' ? ED25519 : COSIGNATURE_V1);
  const id = (await sha256(joined(encoded(`${signer.name}\n`), type, raw))).slice(0, KEY_ID_BYTES);
  const key = await crypto.subtle.importKey('raw', raw, { name: 'Ed25519' }, false, ['verify']);
  for (const one of signatures) {
    if (one.name !== signer.name || base64(one.id) !== base64(id)) continue;
    if (signer.kind === 'log') {
      const isValid = await crypto.subtle.verify('Ed25519', key, one.bytes, encoded(text));
      return { name: signer.name, isValid };
    }
    const seconds = new DataView(one.bytes.buffer, 0, STAMP_BYTES).getBigUint64(0);
    const signed = encoded(`cosignature/v1\ntime ${seconds}\n${text}`);
    const isValid = await crypto.subtle.verify('Ed25519', key, one.bytes.slice(STAMP_BYTES), signed);
    return { name: signer.name, isValid, at: new Date(Number(seconds) * 1000) };
  }
  return { name: signer.name, isValid: false };
}

const encoded = (text: string): Bytes => new Uint8Array(new TextEncoder().encode(text));

function joined(...parts: readonly Bytes[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

async function sha256(bytes: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

/** The bytes of a text in base64; none when it is not. */
export function bytesOf(text: string): Bytes {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    // Not base64: whoever asked finds the length wrong.
    return new Uint8Array();
  }
}

function base64(bytes: Bytes): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}
