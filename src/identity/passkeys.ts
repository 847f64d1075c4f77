import {
  type AuthenticationResponseJSON,
  type PublicKeyCredentialCreationOptionsJSON,
  type RegistrationResponseJSON,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import { isIP } from 'node:net';
import { append } from '../auditlog/index.ts';
import { excerpt } from '../base/index.ts';
import type { Database, Transaction } from '../database/index.ts';
import { CHALLENGE_MS } from './challenge.ts';
import { fault } from './faults.ts';
import { actorOf, type IdentityDeps, type Principal } from './principal.ts';
import type { IdentityTables } from './tables.ts';

/** Passkeys of one person. */
const PASSKEYS_MAX = 20;
const HANDLE_BYTES = 32;
const NAME = /^[^\p{C}]{1,60}$/u;
const UNIQUE_VIOLATION = '23505';
/** Algorithms of COSE that every authenticator has one of: EdDSA, ES256, RS256. */
const ALGORITHMS = [-8, -7, -257];

export type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server';

/** What passkeys need besides: where people reach the server, `https://ci.example.org`. */
export type PasskeyDeps = IdentityDeps & { readonly origin: string };

export type PasskeyInfo = {
  readonly id: number;
  readonly name: string;
  /** Whether a provider keeps copies of it on several devices. */
  readonly synced: boolean;
  readonly createdAt: Date;
  readonly lastUsedAt?: Date;
};

/** Authenticators bind a passkey to this name. Throws `identity/passkey-origin` where browsers offer no passkeys. */
export function relyingPartyOf({ origin }: { readonly origin: string }): {
  readonly id: string;
  readonly origin: string;
} {
  const url = new URL(origin);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(host) !== 0) throw fault('passkey-origin', `passkeys do not work at the bare address ${url.origin}`);
  if (url.protocol !== 'https:' && host !== 'localhost' && !host.endsWith('.localhost')) {
    throw fault('passkey-origin', `browsers offer passkeys over https or at localhost, not at ${url.origin}`);
  }
  return { id: host, origin: url.origin };
}

/** What a browser is asked to make a passkey with. */
export async function registrationOptions(
  deps: PasskeyDeps,
  who: { readonly name: string; readonly handle: Buffer; readonly challenge: Buffer; readonly userId?: number },
): Promise<PublicKeyCredentialCreationOptionsJSON> {
  const own = who.userId === undefined ? [] : await passkeysOf(deps.db, who.userId);
  return generateRegistrationOptions({
    rpName: 'Sallyport',
    rpID: relyingPartyOf(deps).id,
    userName: who.name,
    userDisplayName: who.name,
    userID: new Uint8Array(who.handle),
    challenge: new Uint8Array(who.challenge),
    timeout: CHALLENGE_MS,
    attestationType: 'none',
    excludeCredentials: own.map(({ credential, transports }) => ({
      id: credential.toString('base64url'),
      transports,
    })),
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    supportedAlgorithmIDs: ALGORITHMS,
  });
}

/** What a person's passkeys are filed under; made when the first one is. */
export async function handleOf(deps: IdentityDeps, userId: number): Promise<Buffer> {
  const tables = deps.db.as<IdentityTables>();
  const made = Buffer.from(deps.random(HANDLE_BYTES));
  await tables
    .updateTable('identity_user')
    .set({ handle: made })
    .where('id', '=', String(userId))
    .where('handle', 'is', null)
    .execute();
  const row = await tables
    .selectFrom('identity_user')
    .select('handle')
    .where('id', '=', String(userId))
    .executeTakeFirstOrThrow();
  return row.handle ?? made;
}

export const newHandle = (deps: IdentityDeps) => Buffer.from(deps.random(HANDLE_BYTES));

export type VerifiedPasskey = {
  readonly credential: Buffer;
  readonly publicKey: Buffer;
  readonly counter: number;
  readonly transports: readonly string[];
  readonly synced: boolean;
};

/** Checks what an authenticator answered. Throws `identity/passkey-invalid`. */
export async function verifyRegistration(
  deps: PasskeyDeps,
  response: RegistrationResponseJSON,
  challenge: string,
): Promise<VerifiedPasskey> {
  const party = relyingPartyOf(deps);
  const verified = await verifyRegistrationResponse({
    response,
    expectedChallenge: challenge,
    expectedOrigin: party.origin,
    expectedRPID: party.id,
    requireUserVerification: true,
    supportedAlgorithmIDs: ALGORITHMS,
  }).catch((thrown: unknown) => {
    throw fault('passkey-invalid', 'the answer of the authenticator does not hold', { cause: thrown });
  });
  if (!verified.verified) throw fault('passkey-invalid', 'the answer of the authenticator does not hold');
  const { credential, credentialBackedUp } = verified.registrationInfo;
  return {
    credential: Buffer.from(credential.id, 'base64url'),
    publicKey: Buffer.from(credential.publicKey),
    counter: credential.counter,
    transports: (credential.transports ?? []).map((name) => name.slice(0, 20)).slice(0, 10),
    synced: credentialBackedUp,
  };
}

/** The row and its entry. */
export async function insertPasskey(
  deps: IdentityDeps,
  tx: Transaction,
  actor: Principal,
  made: { readonly userId: number; readonly name: string; readonly passkey: VerifiedPasskey },
): Promise<PasskeyInfo> {
  const { userId, passkey } = made;
  const name = requireName(made.name);
  const tables = tx.as<IdentityTables>();
  const { count } = await tables
    .selectFrom('identity_passkey')
    .select((all) => all.fn.countAll<string>().as('count'))
    .where('user_id', '=', String(userId))
    .where('removed_at', 'is', null)
    .executeTakeFirstOrThrow();
  if (Number(count) >= PASSKEYS_MAX) throw fault('too-many', `a person has at most ${PASSKEYS_MAX} passkeys`);
  const row = await tables
    .insertInto('identity_passkey')
    .values({
      user_id: String(userId),
      credential: passkey.credential,
      public_key: passkey.publicKey,
      counter: String(passkey.counter),
      transports: [...passkey.transports],
      name,
      synced: passkey.synced,
      created_at: new Date(deps.now()),
      last_used_at: null,
      removed_at: null,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
    .catch((thrown: unknown) => {
      if (thrown instanceof Error && 'code' in thrown && thrown.code === UNIQUE_VIOLATION) {
        throw fault('passkey-known', 'this passkey is registered already', { cause: thrown });
      }
      throw thrown;
    });
  await record(deps, tx, actor, { action: 'passkey.add', id: row.id, user: userId });
  return infoOf(row);
}

function requireName(name: string): string {
  if (!NAME.test(name)) throw fault('name-invalid', JSON.stringify(excerpt(name, 100)));
  return name;
}

/**
 * Who signed this challenge, with a passkey of the server. The counter moves on, or the passkey is refused as a copy. Throws
 * `identity/passkey-invalid`, `identity/passkey-copied`.
 */
export async function verifyAssertion(
  deps: PasskeyDeps,
  response: AuthenticationResponseJSON,
  challenge: string,
): Promise<{ readonly userId: number; readonly userName: string; readonly passkeyId: number }> {
  const party = relyingPartyOf(deps);
  const row = await deps.db
    .as<IdentityTables>()
    .selectFrom('identity_passkey')
    .innerJoin('identity_user', 'identity_user.id', 'identity_passkey.user_id')
    .selectAll('identity_passkey')
    .select(['identity_user.name as user_name', 'identity_user.handle'])
    .where('credential', '=', Buffer.from(response.id, 'base64url'))
    .where('identity_passkey.removed_at', 'is', null)
    .where('identity_user.removed_at', 'is', null)
    .executeTakeFirst();
  if (row === undefined) throw fault('passkey-invalid', 'this passkey is not known here');
  const { userHandle } = response.response;
  if (userHandle !== undefined && !Buffer.from(userHandle, 'base64url').equals(row.handle ?? Buffer.alloc(0))) {
    throw fault('passkey-invalid', 'this passkey is of somebody else');
  }
  const verified = await verifyAuthenticationResponse({
    response,
    expectedChallenge: challenge,
    expectedOrigin: party.origin,
    expectedRPID: party.id,
    requireUserVerification: true,
    // The counter is looked at below, where nobody else moves it.
    credential: { id: row.credential.toString('base64url'), publicKey: new Uint8Array(row.public_key), counter: 0 },
  }).catch((thrown: unknown) => {
    throw fault('passkey-invalid', 'the signature of the passkey does not hold', { cause: thrown });
  });
  if (!verified.verified) throw fault('passkey-invalid', 'the signature of the passkey does not hold');
  const isMoved = await moveCounter(deps, row.id, verified.authenticationInfo.newCounter);
  const userId = Number(row.user_id);
  if (!isMoved) {
    await deps.db.transaction((tx) => recordCopy(deps, tx, { id: row.id, user: userId }));
    throw fault('passkey-copied', `the counter of the passkey ${row.id} went back`);
  }
  return { userId, userName: row.user_name, passkeyId: Number(row.id) };
}

/** Authenticators without a counter always say 0. */
async function moveCounter(deps: IdentityDeps, id: string, counter: number): Promise<boolean> {
  const moved = await deps.db
    .as<IdentityTables>()
    .updateTable('identity_passkey')
    .set({ counter: String(counter), last_used_at: new Date(deps.now()) })
    .where('id', '=', id)
    .where((is) =>
      is.or([is('counter', '<', String(counter)), is.and([is('counter', '=', '0'), is.val(counter === 0)])]),
    )
    .returning('id')
    .executeTakeFirst();
  return moved !== undefined;
}

function recordCopy(deps: IdentityDeps, tx: Transaction, of: { readonly id: string; readonly user: number }) {
  return append(
    tx,
    {
      actor: { type: 'system', id: 'identity' },
      action: 'passkey.refuse',
      resource: { type: 'passkey', id: of.id },
      outcome: 'deny',
      detail: { why: 'counter', user: of.user },
    },
    deps,
  );
}

export function passkeysOf(db: Database, userId: number) {
  return db
    .as<IdentityTables>()
    .selectFrom('identity_passkey')
    .selectAll()
    .where('user_id', '=', String(userId))
    .where('removed_at', 'is', null)
    .orderBy('id')
    .execute();
}

export async function listPasskeys(db: Database, userId: number): Promise<readonly PasskeyInfo[]> {
  return (await passkeysOf(db, userId)).map(infoOf);
}

export async function renamePasskey(
  deps: IdentityDeps,
  principal: Principal,
  { userId, id, name }: { readonly userId: number; readonly id: number; readonly name: string },
): Promise<PasskeyInfo> {
  requireName(name);
  return deps.db.transaction(async (tx) => {
    const row = await tx
      .as<IdentityTables>()
      .updateTable('identity_passkey')
      .set({ name })
      .where('id', '=', String(id))
      .where('user_id', '=', String(userId))
      .where('removed_at', 'is', null)
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) throw fault('not-found', `there is no passkey ${id}`);
    await record(deps, tx, principal, { action: 'passkey.rename', id: row.id, user: userId });
    return infoOf(row);
  });
}

/** The last one stays: nothing else signs in for good. */
export async function removePasskey(
  deps: IdentityDeps,
  principal: Principal,
  { userId, id }: { readonly userId: number; readonly id: number },
): Promise<void> {
  await deps.db.transaction(async (tx) => {
    const tables = tx.as<IdentityTables>();
    const rows = await tables
      .selectFrom('identity_passkey')
      .select('id')
      .where('user_id', '=', String(userId))
      .where('removed_at', 'is', null)
      .orderBy('id')
      .forUpdate()
      .execute();
    if (!rows.some((row) => Number(row.id) === id)) throw fault('not-found', `there is no passkey ${id}`);
    if (rows.length === 1) throw fault('passkey-last', 'this is the last passkey');
    await removeWithin(deps, tx, principal, { userId, id });
  });
}

/** In the transaction of something larger: one passkey, or all of a person. */
export async function removeWithin(
  deps: IdentityDeps,
  tx: Transaction,
  principal: Principal,
  { userId, id }: { readonly userId: number; readonly id?: number },
): Promise<void> {
  let query = tx
    .as<IdentityTables>()
    .updateTable('identity_passkey')
    .set({ removed_at: new Date(deps.now()) })
    .where('user_id', '=', String(userId))
    .where('removed_at', 'is', null);
  if (id !== undefined) query = query.where('id', '=', String(id));
  const removed = await query.returning('id').execute();
  for (const row of removed) await record(deps, tx, principal, { action: 'passkey.remove', id: row.id, user: userId });
}

function record(
  deps: IdentityDeps,
  tx: Transaction,
  actor: Principal,
  of: {
    readonly action: 'passkey.add' | 'passkey.rename' | 'passkey.remove';
    readonly id: string;
    readonly user: number;
  },
): Promise<void> {
  const resource = { type: 'passkey', id: of.id };
  const told = {
    actor: actorOf(actor),
    action: of.action,
    resource,
    outcome: 'allow',
    detail: { user: of.user },
  } as const;
  return append(tx, told, deps);
}

function infoOf(row: {
  readonly id: string;
  readonly name: string;
  readonly synced: boolean;
  readonly created_at: Date;
  readonly last_used_at: Date | null;
}): PasskeyInfo {
  return {
    id: Number(row.id),
    name: row.name,
    synced: row.synced,
    createdAt: row.created_at,
    ...(row.last_used_at === null ? {} : { lastUsedAt: row.last_used_at }),
  };
}
