import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type Clock, reasonOf } from '../base/index.ts';
import { type CapabilityRecord, registerResponse, RUNNER_PROTOCOL_VERSION } from '../protocol/index.ts';
import { openConnection } from './connection.ts';
import { fault } from './faults.ts';

const membershipFile = z.strictObject({
  version: z.literal(1),
  url: z.string(),
  runnerId: z.int().positive(),
  name: z.string(),
  ephemeral: z.boolean(),
  ca: z.string().exactOptional(),
});

/** What a runner knows of its server, and the key by which the server knows it. */
export type Membership = Readonly<Omit<z.infer<typeof membershipFile>, 'version'>> & { readonly key: KeyObject };

export type JoinRequest = {
  /** Holds the key: nobody else enters it. */
  readonly folder: string;
  readonly url: string;
  readonly token: string;
  readonly name: string;
  readonly labels: readonly string[];
  readonly ephemeral: boolean;
  readonly ca?: string;
  readonly capability: CapabilityRecord;
  readonly clock: Clock;
  readonly random: (bytes: number) => Buffer;
};

/** Makes a key, registers it with a token that works once, and keeps both. The key leaves this machine never. */
export async function joinServer(request: JoinRequest): Promise<Membership> {
  const { folder, name, ephemeral, ca } = request;
  const connection = openConnection({
    url: request.url,
    ...(ca === undefined ? {} : { ca }),
    clock: request.clock,
    random: request.random,
  });
  try {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const { x = '' } = publicKey.export({ format: 'jwk' });
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await chmod(folder, 0o700);
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    await write(join(folder, 'runner.key'), pem);
    const { value } = await connection.ask('POST', '/register', {
      json: {
        version: RUNNER_PROTOCOL_VERSION,
        registrationToken: request.token,
        name,
        labels: request.labels,
        publicKey: Buffer.from(x, 'base64url').toString('base64'),
        capability: request.capability,
        ephemeral,
      },
    });
    const { runnerId } = registerResponse.parse(value);
    const kept = { url: connection.url.origin, runnerId, name, ephemeral, ...(ca === undefined ? {} : { ca }) };
    await write(join(folder, 'runner.json'), `${JSON.stringify({ version: 1, ...kept })}\n`);
    return { ...kept, key: privateKey };
  } finally {
    connection.close();
  }
}

async function write(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { mode: 0o600, flush: true });
  await rename(`${path}.new`, path);
}

/** Nothing when this machine has not joined. Throws `remote/membership-broken`. */
export async function readMembership(folder: string): Promise<Membership | undefined> {
  const text = await readFile(join(folder, 'runner.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const { version: _version, ...kept } = membershipFile.parse(JSON.parse(text));
    const key = createPrivateKey(await readFile(join(folder, 'runner.key'), 'utf8'));
    createPublicKey(key);
    return { ...kept, key };
  } catch (thrown) {
    throw fault('membership-broken', `${folder}: ${reasonOf(thrown)}`, { cause: thrown });
  }
}
