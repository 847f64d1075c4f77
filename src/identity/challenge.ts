import { createHash } from 'node:crypto';
import { canonicalJson } from '../base/index.ts';
import { fault } from './faults.ts';
import type { IdentityDeps } from './principal.ts';
import type { IdentityTables } from './tables.ts';
import type { ChallengePurpose } from './tables-session.ts';

const CHALLENGE_BYTES = 32;
/** How long an authenticator may take to answer. */
export const CHALLENGE_MS = 5 * 60_000;
/** So long after its end one can still be seen. */
const FORGET_MS = 24 * 3_600_000;
const CLIENT_DATA_BYTES_MAX = 4096;
/** Keeps what is signed here apart from everything else that the same key may sign. */
const APPROVE_CONTEXT = 'sallyport/approve/v1\n';

export type Challenge = {
  readonly userId: number | undefined;
  readonly sessionId: number | undefined;
  /** Canonical JSON. */
  readonly subject: string | undefined;
};

const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();

/** What an authenticator signs to approve something: the SHA-256 of it, so that its signature says what was approved. */
export function approvalChallenge(subject: string): Buffer {
  return hashOf(Buffer.from(`${APPROVE_CONTEXT}${subject}`));
}

/** Makes a challenge that is answered once, within five minutes. One to approve is the digest of its subject; others are random. */
export async function makeChallenge(
  deps: IdentityDeps,
  of: {
    readonly purpose: ChallengePurpose;
    readonly userId?: number;
    readonly sessionId?: number;
    readonly subject?: unknown;
  },
): Promise<Buffer> {
  const { purpose, userId, sessionId } = of;
  const subject = of.subject === undefined ? undefined : canonicalJson(of.subject);
  const challenge =
    purpose === 'approve' && subject !== undefined
      ? approvalChallenge(subject)
      : Buffer.from(deps.random(CHALLENGE_BYTES));
  const now = deps.now();
  await deps.db
    .as<IdentityTables>()
    .insertInto('identity_challenge')
    .values({
      purpose,
      hash: hashOf(challenge),
      user_id: userId === undefined ? null : String(userId),
      session_id: sessionId === undefined ? null : String(sessionId),
      subject: subject ?? null,
      created_at: new Date(now),
      expires_at: new Date(now + CHALLENGE_MS),
      used_at: null,
    })
    .execute();
  return challenge;
}

/**
 * Uses up the challenge that was signed, whether or not the signature is right: a statement of its own. Throws `identity/passkey-late`.
 *
 * @param clientData `clientDataJSON` of the answer, in base64url
 * @returns the challenge in base64url, as it must have been signed, and what it is about
 */
export async function takeChallenge(
  deps: IdentityDeps,
  purpose: ChallengePurpose,
  clientData: string,
): Promise<Challenge & { readonly text: string }> {
  const text = challengeIn(clientData);
  const now = new Date(deps.now());
  const row =
    text === undefined
      ? undefined
      : await deps.db
          .as<IdentityTables>()
          .updateTable('identity_challenge')
          .set({ used_at: now })
          .where('hash', '=', hashOf(Buffer.from(text, 'base64url')))
          .where('purpose', '=', purpose)
          .where('used_at', 'is', null)
          .where('expires_at', '>', now)
          .returning(['user_id', 'session_id', 'subject'])
          .executeTakeFirst();
  if (row === undefined || text === undefined)
    throw fault('passkey-late', 'this was not asked for, or answered before');
  return {
    text,
    userId: row.user_id === null ? undefined : Number(row.user_id),
    sessionId: row.session_id === null ? undefined : Number(row.session_id),
    subject: row.subject ?? undefined,
  };
}

function challengeIn(clientData: string): string | undefined {
  if (clientData.length > CLIENT_DATA_BYTES_MAX) return undefined;
  try {
    const parsed: unknown = JSON.parse(Buffer.from(clientData, 'base64url').toString('utf8'));
    if (typeof parsed !== 'object' || parsed === null || !('challenge' in parsed)) return undefined;
    const { challenge } = parsed;
    return typeof challenge === 'string' && /^[A-Za-z0-9_-]{43}$/.test(challenge) ? challenge : undefined;
  } catch {
    // Not JSON: nobody's answer.
    return undefined;
  }
}

/** Takes away what nobody can answer any more. */
export async function forgetChallenges(deps: IdentityDeps): Promise<void> {
  await deps.db
    .as<IdentityTables>()
    .deleteFrom('identity_challenge')
    .where('expires_at', '<', new Date(deps.now() - FORGET_MS))
    .execute();
}
