import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { fault } from './faults.ts';

/** An Ed25519 key as text: base64 of its 32 bytes. */
export type PublicKey = string;

/** What stands before the 32 bytes of an Ed25519 key in DER (SubjectPublicKeyInfo). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const KEY_BYTES = 32;

/** The key that signs the bundles of this installation. */
export type BundleSigner = { readonly publicKey: PublicKey; sign(bytes: Uint8Array): Buffer };

export function signerOf(privateKeyPem: string): BundleSigner {
  const key = createPrivateKey(privateKeyPem);
  if (key.asymmetricKeyType !== 'ed25519')
    throw fault('key-invalid', `the key is of the type ${key.asymmetricKeyType}`);
  return { publicKey: publicKeyOf(createPublicKey(key)), sign: (bytes) => sign(null, bytes, key) };
}

/** Reads a public key: PEM, or its 32 bytes in base64. */
export function parsePublicKey(text: string): PublicKey {
  const trimmed = text.trim();
  try {
    if (trimmed.includes('-----BEGIN')) return publicKeyOf(createPublicKey(trimmed));
  } catch (thrown) {
    throw fault('key-invalid', 'the PEM text holds no public key', { cause: thrown });
  }
  const bytes = Buffer.from(trimmed, 'base64');
  if (bytes.length !== KEY_BYTES || bytes.toString('base64') !== trimmed) {
    throw fault('key-invalid', `not the base64 of ${KEY_BYTES} bytes: ${trimmed.slice(0, 60)}`);
  }
  return trimmed;
}

export function isSigned(bytes: Uint8Array, signature: Uint8Array, key: PublicKey): boolean {
  const der = Buffer.concat([SPKI_PREFIX, Buffer.from(key, 'base64')]);
  return verify(null, bytes, createPublicKey({ key: der, format: 'der', type: 'spki' }), signature);
}

export function keyFingerprint(key: PublicKey): string {
  return createHash('sha256').update(Buffer.from(key, 'base64')).digest('hex').slice(0, 16);
}

function publicKeyOf(key: KeyObject): PublicKey {
  const der = key.export({ format: 'der', type: 'spki' });
  if (key.asymmetricKeyType !== 'ed25519' || der.length !== SPKI_PREFIX.length + KEY_BYTES) {
    throw fault('key-invalid', `the key is of the type ${key.asymmetricKeyType}, not Ed25519`);
  }
  return der.subarray(SPKI_PREFIX.length).toString('base64');
}
