import type { KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { rawPublicKey, renderNote, signNote, signToken, TOKEN_SECONDS_MAX } from '../attest/index.ts';
import { type Clock, reasonOf, unreachable } from '../base/index.ts';
import { type KeeperRequest, keeperRequest } from '../protocol/index.ts';
import { fault } from './faults.ts';
import { codeOf, privateFolder, readOrMakeKey, writeDurably } from './key-files.ts';
import { openSeen, type Seen } from './seen.ts';

const identityFile = z.strictObject({ version: z.literal(1), origin: z.string().regex(/^[\w.:/-]{1,200}$/) });

export type KeeperOptions = {
  /** Holds the keys; nobody else enters it. Made at the very first start. */
  readonly folder: string;
  /** Name of the log, and of this installation. Kept from the first start on: a later other name changes nothing. */
  readonly origin: string;
  readonly clock: Clock;
};

type Keeper = {
  readonly origin: string;
  readonly logKey: KeyObject;
  readonly tokenKey: KeyObject;
  readonly seen: Seen;
  readonly clock: Clock;
};

/** Opens the keys and gives what answers requests. Faults: `keeper/keys-broken`. */
export async function openKeeper(options: KeeperOptions): Promise<(request: unknown) => Promise<unknown>> {
  const { folder, clock } = options;
  await privateFolder(folder);
  const known = await readIdentity(join(folder, 'keeper.json'));
  const isNew = known === undefined;
  const keeper: Keeper = {
    origin: known?.origin ?? options.origin,
    logKey: await readOrMakeKey(join(folder, 'log.key'), isNew),
    tokenKey: await readOrMakeKey(join(folder, 'token.key'), isNew),
    seen: await openSeen(folder, isNew),
    clock,
  };
  // Written last: from now on, a key that is missing is a loss and not a beginning.
  if (isNew)
    await writeDurably(join(folder, 'keeper.json'), `${JSON.stringify({ version: 1, origin: keeper.origin })}\n`);
  return async (request) => answer(keeper, keeperRequest.parse(request));
}

async function readIdentity(path: string): Promise<{ readonly origin: string } | undefined> {
  try {
    return identityFile.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return undefined;
    throw fault('keys-broken', `${path}: ${reasonOf(thrown)}`, { cause: thrown });
  }
}

async function answer(keeper: Keeper, request: KeeperRequest): Promise<object> {
  switch (request.kind) {
    case 'identify':
      return {
        origin: keeper.origin,
        logKey: rawPublicKey(keeper.logKey).toString('base64'),
        tokenKey: rawPublicKey(keeper.tokenKey).toString('base64'),
      };
    case 'sign-checkpoint': {
      const { text, proof } = request;
      await keeper.seen.advance(keeper.origin, { text, proof: proof.map((hash) => Buffer.from(hash, 'base64')) });
      return { note: renderNote({ text, signatures: [signNote(text, keeper.origin, keeper.logKey)] }) };
    }
    case 'sign-token': {
      const { use, subject, issuedAt, expiresAt } = request;
      const now = Math.floor(keeper.clock.now() / 1000);
      if (expiresAt <= now || expiresAt - Math.min(issuedAt, now) > TOKEN_SECONDS_MAX[use]) {
        throw fault('token-refused', `a ${use} token lives at most ${TOKEN_SECONDS_MAX[use]} seconds`);
      }
      return { token: signToken({ use, issuer: keeper.origin, subject, issuedAt, expiresAt }, keeper.tokenKey) };
    }
    default:
      return unreachable(request);
  }
}
