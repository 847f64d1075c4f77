import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { excerpt, reasonOf } from '../base/index.ts';
import { fault } from './faults.ts';

/** Where tokens are kept, below the state folder. */
export const CREDENTIALS_FILE = 'credentials.json';
const VERSION = 1;
const OTHERS = 0o077;
const SERVERS_MAX = 100;

/** One server that somebody signed in to. */
export type Credential = {
  /** `https://ci.example.org`: the token goes there and nowhere else. */
  readonly origin: string;
  readonly user: string;
  readonly token: string;
  readonly tokenId: number;
  readonly expiresAt: string;
};

/** Newest first. A file that others can read is refused: its tokens are theirs by now. */
export async function readCredentials(state: string): Promise<readonly Credential[]> {
  const path = join(state, CREDENTIALS_FILE);
  let text: string;
  try {
    const { mode } = await stat(path);
    if ((mode & OTHERS) !== 0) {
      throw fault('credentials-open', `${path} can be read by others (mode ${(mode & 0o777).toString(8)})`);
    }
    text = await readFile(path, 'utf8');
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return [];
    throw thrown;
  }
  try {
    const { version, servers }: { version?: unknown; servers?: unknown } = JSON.parse(text);
    if (version !== VERSION || !Array.isArray(servers)) throw new TypeError('it has another form');
    return servers.filter(isCredential);
  } catch (thrown) {
    throw fault('credentials-broken', `${path}: ${excerpt(reasonOf(thrown))}`, { cause: thrown });
  }
}

function isCredential(value: unknown): value is Credential {
  const has = (name: string, type: string) =>
    typeof value === 'object' && value !== null && typeof Reflect.get(value, name) === type;
  return ['origin', 'user', 'token', 'expiresAt'].every((name) => has(name, 'string')) && has('tokenId', 'number');
}

export async function keepCredential(state: string, credential: Credential): Promise<void> {
  const others = (await readCredentials(state)).filter(({ origin }) => origin !== credential.origin);
  await write(state, [credential, ...others].slice(0, SERVERS_MAX));
}

export async function dropCredential(state: string, origin: string): Promise<void> {
  await write(
    state,
    (await readCredentials(state)).filter((one) => one.origin !== origin),
  );
}

/** The whole file takes the place of the old one: who reads meanwhile sees one of both, and nobody else any. */
async function write(state: string, servers: readonly Credential[]): Promise<void> {
  await mkdir(state, { recursive: true, mode: 0o700 });
  const path = join(state, CREDENTIALS_FILE);
  const next = `${path}.${process.pid}`;
  await rm(next, { force: true });
  try {
    // Fails when somebody put something there meanwhile, also a link.
    await writeFile(next, `${JSON.stringify({ version: VERSION, servers }, undefined, 2)}\n`, {
      mode: 0o600,
      flag: 'wx',
    });
    await chmod(next, 0o600);
    await rename(next, path);
  } finally {
    await rm(next, { force: true });
  }
}
