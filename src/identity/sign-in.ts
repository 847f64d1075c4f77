import { createHash } from 'node:crypto';
import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from '@simplewebauthn/server';
import { generateAuthenticationOptions } from '@simplewebauthn/server';
import { canonicalJson, isFault, type Secret } from '../base/index.ts';
import { CHALLENGE_MS, makeChallenge, takeChallenge } from './challenge.ts';
import type { ClientMark } from './client.ts';
import { claimCode, personOfCode } from './codes.ts';
import { fault } from './faults.ts';
import {
  handleOf,
  insertPasskey,
  newHandle,
  type PasskeyDeps,
  type PasskeyInfo,
  registrationOptions,
  relyingPartyOf,
  verifyAssertion,
  verifyRegistration,
} from './passkeys.ts';
import type { Principal } from './principal.ts';
import { claimRecoveryCode, countRecoveryCodes, makeRecoveryCodes } from './recovery.ts';
import { insertSession, type MadeSession, replaceSession } from './session.ts';
import type { IdentityTables } from './tables.ts';
import { accountOf, networkOf, noteFailure, requireUnblocked } from './throttle.ts';
import type { User } from './user.ts';
import { findUser, requireFreeName, userById } from './users.ts';

/** The browser that signs in, and the session that it had. */
export type SignInFrom = {
  readonly mark: ClientMark;
  readonly address: string;
  /** What its cookie holds. It ends, and is never taken over. */
  readonly cookie?: string;
};

export type SignedIn = { readonly user: User; readonly session: MadeSession };

/** Attempts that fail are counted for the address, and for the account where one was named. */
async function counted<Result>(
  deps: PasskeyDeps,
  { address, account }: { readonly address: string; readonly account?: string },
  work: () => Promise<Result>,
): Promise<Result> {
  const keys = [networkOf(address), ...(account === undefined ? [] : [accountOf(account)])];
  await requireUnblocked(deps, keys);
  try {
    return await work();
  } catch (thrown) {
    if (isFault(thrown) && thrown.status === 401) await noteFailure(deps, keys);
    throw thrown;
  }
}

/** What a browser is asked to sign in with: any passkey that it has for this server. */
export async function passkeySignInOptions(deps: PasskeyDeps): Promise<PublicKeyCredentialRequestOptionsJSON> {
  const { id } = relyingPartyOf(deps);
  const challenge = await makeChallenge(deps, { purpose: 'sign-in' });
  return generateAuthenticationOptions({
    rpID: id,
    challenge: new Uint8Array(challenge),
    timeout: CHALLENGE_MS,
    userVerification: 'required',
  });
}

/** Signs in with a passkey. Throws `identity/passkey-invalid`, `-late`, `-copied`. */
export async function signInWithPasskey(
  deps: PasskeyDeps,
  response: AuthenticationResponseJSON,
  from: SignInFrom,
): Promise<SignedIn> {
  return counted(deps, from, async () => {
    const { text } = await takeChallenge(deps, 'sign-in', response.response.clientDataJSON);
    const { userId } = await verifyAssertion(deps, response, text);
    return start(deps, userId, 'passkey', from);
  });
}

async function start(
  deps: PasskeyDeps,
  userId: number,
  method: 'passkey' | 'recovery',
  from: SignInFrom,
): Promise<SignedIn> {
  const user = await userById(deps.db, userId);
  if (user === undefined) throw fault('passkey-invalid', 'whoever this was is not a member any more');
  return deps.db.transaction(async (tx) => {
    await replaceSession(deps, tx, from.cookie);
    return { user, session: await insertSession(deps, tx, user, { method, ...from }) };
  });
}

/** Signs in with a recovery code, once. The person adds a passkey then. */
export async function signInWithRecoveryCode(
  deps: PasskeyDeps,
  { name, code }: { readonly name: string; readonly code: string },
  from: SignInFrom,
): Promise<SignedIn> {
  return counted(deps, { address: from.address, account: name }, async () => {
    const user = await findUser(deps.db, name);
    const invalid = () => fault('recovery-invalid', 'the recovery code is not valid, or was used');
    if (user === undefined) throw invalid();
    return deps.db.transaction(async (tx) => {
      const { address } = from;
      if (!(await claimRecoveryCode(deps, tx, { userId: user.id, code, address }))) throw invalid();
      await replaceSession(deps, tx, from.cookie);
      return { user, session: await insertSession(deps, tx, user, { method: 'recovery', ...from }) };
    });
  });
}

const hashOf = (text: string) => createHash('sha256').update(text).digest('base64url');

/** For whoever holds a code: what a browser is asked to make a passkey with. The code stays valid until the passkey is there. */
export async function codeRegistrationOptions(
  deps: PasskeyDeps,
  { code, name }: { readonly code: string; readonly name?: string },
  { address }: { readonly address: string },
): Promise<PublicKeyCredentialCreationOptionsJSON> {
  relyingPartyOf(deps);
  return counted(deps, { address }, async () => {
    const found = await personOfCode(deps, code);
    if (found === undefined) throw fault('code-invalid', 'the code is not valid, or was used, or is too old');
    const { user } = found;
    if (user === undefined) {
      if (name === undefined) throw fault('name-needed', 'this code makes a new owner, who needs a name');
      await requireFreeName(deps.db, name);
    }
    const handle = user === undefined ? newHandle(deps) : await handleOf(deps, user.id);
    const called = user?.name ?? name ?? '';
    const challenge = await makeChallenge(deps, {
      purpose: 'register',
      ...(user === undefined ? {} : { userId: user.id }),
      subject: { code: hashOf(code), name: called, handle: handle.toString('base64url') },
    });
    return registrationOptions(deps, {
      name: called,
      handle,
      challenge,
      ...(user === undefined ? {} : { userId: user.id }),
    });
  });
}

export type Registered = SignedIn & {
  readonly passkey: PasskeyInfo;
  /** Told once; nothing when the person has some. */
  readonly recoveryCodes: readonly Secret[];
};

/** A code becomes a person with a passkey who is signed in: all of it or nothing. */
export async function registerWithCode(
  deps: PasskeyDeps,
  asked: { readonly code: string; readonly passkeyName: string; readonly response: RegistrationResponseJSON },
  from: SignInFrom,
): Promise<Registered> {
  const { code, response } = asked;
  return counted(deps, from, async () => {
    const { text, subject } = await takeChallenge(deps, 'register', response.response.clientDataJSON);
    const about = subjectOf(subject);
    if (about?.code !== hashOf(code)) throw fault('passkey-late', 'this was asked for with another code');
    const passkey = await verifyRegistration(deps, response, text);
    return deps.db.transaction(async (tx) => {
      const { address } = from;
      const user = await claimCode(deps, tx, { code, name: about.name, address });
      if (user === undefined) throw fault('code-invalid', 'the code is not valid, or was used, or is too old');
      await tx
        .as<IdentityTables>()
        .updateTable('identity_user')
        .set({ handle: Buffer.from(about.handle, 'base64url') })
        .where('id', '=', String(user.id))
        .where('handle', 'is', null)
        .execute();
      const principal: Principal = { kind: 'user', id: String(user.id), name: user.name };
      const made = await insertPasskey(deps, tx, principal, { userId: user.id, name: asked.passkeyName, passkey });
      const hasCodes = (await countRecoveryCodes(tx, user.id)) > 0;
      const recoveryCodes = hasCodes ? [] : await makeRecoveryCodes(deps, tx, principal, user.id);
      await replaceSession(deps, tx, from.cookie);
      const session = await insertSession(deps, tx, user, { method: 'passkey', ...from });
      return { user, passkey: made, recoveryCodes, session };
    });
  });
}

function subjectOf(text: string | undefined): { code: string; name: string; handle: string } | undefined {
  if (text === undefined) return undefined;
  const { code, name, handle }: { [key: string]: unknown } = JSON.parse(text);
  const isWhole = typeof code === 'string' && typeof name === 'string' && typeof handle === 'string';
  return isWhole ? { code, name, handle } : undefined;
}

/** For somebody who is signed in: what a browser is asked to make a further passkey with. */
export async function addPasskeyOptions(
  deps: PasskeyDeps,
  { name, token }: Principal,
): Promise<PublicKeyCredentialCreationOptionsJSON> {
  if (token === undefined) throw fault('not-allowed', 'only a person has passkeys');
  const { userId } = token;
  const handle = await handleOf(deps, userId);
  const challenge = await makeChallenge(deps, { purpose: 'register', userId, subject: { user: userId } });
  return registrationOptions(deps, { name, handle, challenge, userId });
}

/** Adds what was made with it. Whether it may be is the caller's question. */
export async function addPasskey(
  deps: PasskeyDeps,
  principal: Principal,
  { name, response }: { readonly name: string; readonly response: RegistrationResponseJSON },
): Promise<PasskeyInfo> {
  const taken = await takeChallenge(deps, 'register', response.response.clientDataJSON);
  const userId = principal.token?.userId;
  // One that was asked for with a code is for the person of the code.
  const isOwn = userId !== undefined && taken.userId === userId && taken.subject === canonicalJson({ user: userId });
  if (!isOwn) throw fault('passkey-late', 'this was asked for by somebody else');
  const passkey = await verifyRegistration(deps, response, taken.text);
  return deps.db.transaction((tx) => insertPasskey(deps, tx, principal, { userId, name, passkey }));
}

/** New recovery codes for the one who asks, in place of those before. */
export async function makeOwnRecoveryCodes(deps: PasskeyDeps, principal: Principal): Promise<readonly Secret[]> {
  const { token } = principal;
  if (token === undefined) throw fault('not-allowed', 'only a person has recovery codes');
  return deps.db.transaction((tx) => makeRecoveryCodes(deps, tx, principal, token.userId));
}
