import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type OpenBundle, openBundle } from './bundle.ts';
import { type BundleSigner, signerOf } from './signing.ts';

/**
 * The advisories of this installation: a folder below the state folder with the bundle and the key that signs it. The key is
 * made at first use and never leaves; a bundle from elsewhere is signed anew when it is imported.
 */
export type AdvisoryFolder = { readonly directory: string };

const BUNDLE = 'advisories.bundle';
const KEY = 'signing-key.pem';

export function advisoryFolder(state: string): AdvisoryFolder {
  return { directory: join(state, 'advisories') };
}

/** The bundle that was made last, its signature checked; nothing when there is none yet. */
export function loadBundle(folder: AdvisoryFolder): OpenBundle | undefined {
  const bytes = readIfThere(join(folder.directory, BUNDLE));
  if (bytes === undefined) return undefined;
  const key = readIfThere(join(folder.directory, KEY));
  return openBundle(bytes, key === undefined ? [] : [signerOf(key.toString('utf8')).publicKey]);
}

/** The key of this installation; made when there is none. */
export function openSigner(folder: AdvisoryFolder): BundleSigner {
  const path = join(folder.directory, KEY);
  const known = readIfThere(path);
  if (known !== undefined) return signerOf(known.toString('utf8'));
  mkdirSync(folder.directory, { recursive: true, mode: 0o700 });
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  try {
    // `wx`: of two that start at once, one makes the key and the other takes it.
    writeFileSync(path, pem, { mode: 0o600, flag: 'wx' });
    return signerOf(pem);
  } catch (thrown) {
    if (!isCode(thrown, 'EEXIST')) throw thrown;
    return signerOf(readFileSync(path, 'utf8'));
  }
}

/** Puts a bundle in the place of the one that was there, whole or not at all. */
export function saveBundle(folder: AdvisoryFolder, bytes: Uint8Array, draftName: string): void {
  mkdirSync(folder.directory, { recursive: true, mode: 0o700 });
  const draft = join(folder.directory, `${BUNDLE}.${draftName}.new`);
  writeFileSync(draft, bytes, { mode: 0o600 });
  renameSync(draft, join(folder.directory, BUNDLE));
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (thrown) {
    if (isCode(thrown, 'ENOENT')) return undefined;
    throw thrown;
  }
}

function isCode(thrown: unknown, code: string): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === code;
}
