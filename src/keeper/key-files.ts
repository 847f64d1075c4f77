import { createPrivateKey, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { chmod, mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { reasonOf } from '../base/index.ts';
import { fault } from './faults.ts';

/** Reads an Ed25519 key, or makes it at the very first start. `isNew` says whether there may be no key yet. */
export async function readOrMakeKey(path: string, isNew: boolean): Promise<KeyObject> {
  const text = await readFile(path, 'utf8').catch((thrown: unknown) => {
    if (isNew && codeOf(thrown) === 'ENOENT') return undefined;
    throw fault('keys-broken', `${path}: ${reasonOf(thrown)}`, { cause: thrown });
  });
  if (text === undefined) return makeKey(path);
  try {
    const key = createPrivateKey(text);
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch (thrown) {
    throw fault('keys-broken', `${path} is no private key`, { cause: thrown });
  }
  throw fault('keys-broken', `${path} is no Ed25519 key`);
}

async function makeKey(path: string): Promise<KeyObject> {
  const { privateKey } = generateKeyPairSync('ed25519');
  await writeDurably(path, privateKey.export({ format: 'pem', type: 'pkcs8' }).toString());
  return privateKey;
}

/** A folder that only its owner enters. */
export async function privateFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  await chmod(path, 0o700);
}

/** Written whole and on the disk, or not at all. */
export async function writeDurably(path: string, text: string): Promise<void> {
  const fresh = join(dirname(path), `.${randomUUID()}.new`);
  const file = await open(fresh, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(fresh, path);
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

export function codeOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;
}
