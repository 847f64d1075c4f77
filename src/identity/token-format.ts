import { createHash } from 'node:crypto';
import { checksumOf, randomDigits, Secret } from '../base/index.ts';

/**
 * Our own tokens by their first characters: of a person, of a job (dies with it), of a runner that registers (once), of somebody who
 * signs in (once). Whoever finds one, push protection among them, knows it without asking a server.
 */
export const TOKEN_PREFIXES = { user: 'spt_', job: 'spj_', runner: 'spr_', code: 'sps_' } as const;
export type TokenKind = keyof typeof TOKEN_PREFIXES;

/** 178 bits. */
const RANDOM_DIGITS = 30;
const FORM = /^(sp[tjrs]_)([0-9A-Za-z]{30})([0-9A-Za-z]{6})$/;
const HINT_DIGITS = 4;

/** A new token. It is shown once; what is kept is its hash. */
export function makeToken(kind: TokenKind, source: { random(bytes: number): Uint8Array }): Secret {
  const digits = randomDigits(RANDOM_DIGITS, source);
  return new Secret(`${TOKEN_PREFIXES[kind]}${digits}${checksumOf(digits)}`);
}

/** Which kind of token a text is; nothing when its form or its checksum is wrong: then no table needs to be asked. */
export function tokenKindOf(text: string): TokenKind | undefined {
  const [, prefix, digits, checksum] = FORM.exec(text) ?? [];
  if (digits === undefined || checksumOf(digits) !== checksum) return undefined;
  switch (prefix) {
    case TOKEN_PREFIXES.user:
      return 'user';
    case TOKEN_PREFIXES.job:
      return 'job';
    case TOKEN_PREFIXES.runner:
      return 'runner';
    default:
      return 'code';
  }
}

/** A token has more bits than anybody can guess: a plain hash keeps it as well as a slow one would. */
export function hashOfToken(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** What is shown of a token, to tell it from others. */
export function hintOf(text: string): string {
  return text.slice(-HINT_DIGITS);
}
