import { type KeyObject, sign, verify } from 'node:crypto';
import { type Data, isDataObject } from '../base/index.ts';

/** The longest time that a token of a kind lives, seconds. */
export const TOKEN_SECONDS_MAX = { 'runner-session': 15 * 60 } as const;
export type TokenUse = keyof typeof TOKEN_SECONDS_MAX;

/** What a token says. Times are seconds since 1970. */
export type TokenClaims = {
  readonly use: TokenUse;
  /** The installation that made it. */
  readonly issuer: string;
  readonly subject: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
};

const HEADER = Buffer.from(JSON.stringify({ alg: 'EdDSA', typ: 'JWT' })).toString('base64url');
const TOKEN_CHARACTERS_MAX = 2048;
/** A JSON Web Token (RFC 7519) with an Ed25519 signature (RFC 8037). Its audience is its use, so that none can stand for another. */
export function signToken(token: TokenClaims, key: KeyObject): string {
  const { issuer: iss, use: aud, subject: sub, issuedAt: iat, expiresAt: exp } = token;
  const body = Buffer.from(JSON.stringify({ iss, aud, sub, iat, exp })).toString('base64url');
  const signed = `${HEADER}.${body}`;
  return `${signed}.${sign(null, Buffer.from(signed), key).toString('base64url')}`;
}

/** The subject of a valid token, or nothing: for all other ones the answer is the same. `now` in seconds. */
export function subjectOfToken(
  token: string,
  wanted: { readonly use: TokenUse; readonly issuer: string; readonly key: KeyObject; readonly now: number },
): string | undefined {
  const [header, body = '', signature = '', more] = token.length > TOKEN_CHARACTERS_MAX ? [] : token.split('.');
  // One header and no other: the algorithm is ours to choose, not the token's.
  if (header !== HEADER || more !== undefined) return undefined;
  const bytes = Buffer.from(signature, 'base64url');
  if (bytes.toString('base64url') !== signature) return undefined;
  if (!verify(null, Buffer.from(`${header}.${body}`), wanted.key, bytes)) return undefined;
  const said: Data = JSON.parse(Buffer.from(body, 'base64url').toString('utf8'));
  if (!isDataObject(said)) return undefined;
  const { iss, aud, sub, iat, exp } = said;
  if (typeof iat !== 'number' || typeof exp !== 'number' || typeof sub !== 'string') return undefined;
  const isFit =
    iss === wanted.issuer && aud === wanted.use && iat <= wanted.now + CLOCK_SECONDS_MAX && exp > wanted.now;
  return isFit && exp - iat <= TOKEN_SECONDS_MAX[wanted.use] ? sub : undefined;
}

/** Keeper and server read the same clock; it may be set between the two. */
const CLOCK_SECONDS_MAX = 60;
