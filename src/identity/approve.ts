import type { AuthenticationResponseJSON, PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/server';
import { generateAuthenticationOptions } from '@simplewebauthn/server';
import { append } from '../auditlog/index.ts';
import { type Digest, digestOf } from '../base/index.ts';
import type { Database } from '../database/index.ts';
import { approvalChallenge, CHALLENGE_MS, makeChallenge, takeChallenge } from './challenge.ts';
import { fault } from './faults.ts';
import { listPasskeys, type PasskeyDeps, passkeysOf, relyingPartyOf, verifyAssertion } from './passkeys.ts';
import { actorOf, type Principal } from './principal.ts';
import type { IdentityTables } from './tables.ts';

const NONCE_BYTES = 16;
/** Whoever came without a passkey makes one in so short a time after they signed in. */
const FRESH_MS = 10 * 60_000;

/** One request to the API: nothing else is approved. */
export type Act = {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** Of its canonical JSON. */
  readonly body: Digest | null;
};

/** Who approved what, so that anybody can verify it: the signature is over authenticator data and the SHA-256 of the client data. */
export type ApprovalEvidence = {
  readonly id: number;
  readonly user: { readonly id: number; readonly name: string };
  /** Canonical JSON. The challenge in the client data is the SHA-256 of `sallyport/approve/v1`, a line feed and this. */
  readonly subject: string;
  readonly credential: Buffer;
  /** COSE_Key. */
  readonly publicKey: Buffer;
  readonly authenticatorData: Buffer;
  readonly clientData: Buffer;
  readonly signature: Buffer;
  readonly createdAt: Date;
};

export type Approval = { readonly id: number; readonly subject: Digest };

/** What is signed, as it is kept: whoever has the public key can see later who approved what. */
type Subject = {
  readonly v: 1;
  readonly origin: string;
  readonly user: number;
  readonly session: number;
  readonly act: Act;
  readonly nonce: string;
  readonly expires: string;
};

/**
 * Whether an act of this kind needs a passkey's approval from the one who asks. A token is bounded by its scopes, and there is nobody at
 * a keyboard; a session is a cookie, which may have been stolen.
 *
 * @param kind `passkey`: to add one, which somebody does who has none yet, or came with a recovery code a moment ago
 */
export async function needsApproval(
  deps: PasskeyDeps,
  { token }: Principal,
  kind: 'act' | 'passkey',
): Promise<boolean> {
  if (token?.source !== 'session') return false;
  if (kind === 'act') return true;
  if (deps.now() - token.rootedAt.getTime() > FRESH_MS) return true;
  const session = await deps.db
    .as<IdentityTables>()
    .selectFrom('identity_session')
    .select('method')
    .where('id', '=', String(token.id))
    .executeTakeFirstOrThrow();
  return session.method !== 'recovery' && (await listPasskeys(deps.db, token.userId)).length > 0;
}

/** What a browser is asked to sign, to approve one request within five minutes. Throws `identity/passkey-needed`. */
export async function approvalOptions(
  deps: PasskeyDeps,
  principal: Principal,
  act: Act,
): Promise<PublicKeyCredentialRequestOptionsJSON> {
  const { id } = relyingPartyOf(deps);
  const { token } = principal;
  if (token?.source !== 'session') throw fault('not-allowed', 'a token needs no approval');
  const own = await passkeysOf(deps.db, token.userId);
  if (own.length === 0) throw fault('passkey-needed', 'you have no passkey yet');
  const subject: Subject = {
    v: 1,
    origin: new URL(deps.origin).origin,
    user: token.userId,
    session: token.id,
    act,
    nonce: Buffer.from(deps.random(NONCE_BYTES)).toString('hex'),
    expires: new Date(deps.now() + CHALLENGE_MS).toISOString(),
  };
  const challenge = await makeChallenge(deps, {
    purpose: 'approve',
    userId: token.userId,
    sessionId: token.id,
    subject,
  });
  return generateAuthenticationOptions({
    rpID: id,
    challenge: new Uint8Array(challenge),
    timeout: CHALLENGE_MS,
    userVerification: 'required',
    allowCredentials: own.map(({ credential, transports }) => ({ id: credential.toString('base64url'), transports })),
  });
}

/**
 * Checks that this very request was approved by this person in this session, uses the approval up, and keeps it as evidence. Throws
 * `identity/approval-other`, and what a passkey that does not hold throws.
 */
export async function useApproval(
  deps: PasskeyDeps,
  principal: Principal,
  act: Act,
  response: AuthenticationResponseJSON,
): Promise<Approval> {
  const { authenticatorData, clientDataJSON, signature } = response.response;
  const taken = await takeChallenge(deps, 'approve', clientDataJSON);
  const { token } = principal;
  const { subject } = taken;
  if (subject === undefined || taken.userId !== token?.userId || taken.sessionId !== token?.id) {
    throw fault('approval-other', 'it was approved in another session');
  }
  const { act: approved }: Subject = JSON.parse(subject);
  if (approved.method !== act.method || approved.path !== act.path || approved.body !== act.body) {
    throw fault('approval-other', 'another request was approved');
  }
  const { userId, passkeyId } = await verifyAssertion(deps, response, approvalChallenge(subject).toString('base64url'));
  if (userId !== taken.userId) throw fault('approval-other', 'somebody else approved it');
  const digest = digestOf(subject);
  return deps.db.transaction(async (tx) => {
    const { id } = await tx
      .as<IdentityTables>()
      .insertInto('identity_approval')
      .values({
        user_id: String(userId),
        passkey_id: String(passkeyId),
        subject,
        authenticator_data: Buffer.from(authenticatorData, 'base64url'),
        client_data: Buffer.from(clientDataJSON, 'base64url'),
        signature: Buffer.from(signature, 'base64url'),
        created_at: new Date(deps.now()),
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    await append(
      tx,
      {
        actor: actorOf(principal),
        action: 'approval.use',
        resource: { type: 'approval', id },
        outcome: 'allow',
        detail: { subject: digest, passkey: passkeyId, method: act.method, path: act.path.slice(0, 500) },
      },
      deps,
    );
    return { id: Number(id), subject: digest };
  });
}

/** The evidence of an approval that was used. Throws `identity/not-found`. */
export async function approvalEvidence(db: Database, id: number): Promise<ApprovalEvidence> {
  const row = await db
    .as<IdentityTables>()
    .selectFrom('identity_approval')
    .innerJoin('identity_passkey', 'identity_passkey.id', 'identity_approval.passkey_id')
    .innerJoin('identity_user', 'identity_user.id', 'identity_approval.user_id')
    .selectAll('identity_approval')
    .select(['identity_passkey.credential', 'identity_passkey.public_key', 'identity_user.name as user_name'])
    .where('identity_approval.id', '=', String(id))
    .executeTakeFirst();
  if (row === undefined) throw fault('not-found', `there is no approval ${id}`);
  return {
    id: Number(row.id),
    user: { id: Number(row.user_id), name: row.user_name },
    subject: row.subject,
    credential: row.credential,
    publicKey: row.public_key,
    authenticatorData: row.authenticator_data,
    clientData: row.client_data,
    signature: row.signature,
    createdAt: row.created_at,
  };
}
