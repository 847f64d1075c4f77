import { createHash, createPrivateKey } from 'node:crypto';
import { checksumOf } from '../base/index.ts';
import { entropyOf, wordinessOf } from './entropy.ts';
import type { CheckName } from './rule-schema.ts';
import { isStandIn, judgeValue } from './values.ts';

/** The longest key whose structure is looked into, in characters. */
const KEY_LENGTH_MAX = 32 * 1024;

/** Whether a secret passes the check of its format. What is made up by hand seldom does. */
export function passesCheck(check: CheckName, secret: string, match: string): boolean {
  switch (check) {
    case 'github-checksum':
      return hasGithubChecksum(secret);
    case 'aws-key-id':
      return isAwsKeyId(secret);
    case 'jwt':
      return isJwt(secret);
    case 'pem-private-key':
      return isPrivateKey(secret);
    case 'base64-32':
      return base64Bytes(secret) === 32;
    case 'base64-64':
      return base64Bytes(secret) === 64;
    case 'macaroon-pypi':
      return isPypiMacaroon(secret);
    case 'basic-auth':
      return basicAuthOf(secret) !== undefined;
    case 'json-key':
      return !isStandIn(secret, { credential: 'key', name: '' });
    case 'url-password':
      return isUrlPassword(secret, match);
    case 'password':
      return judgeValue(secret, { credential: 'password', name: '', isQuoted: true, isProse: false }) !== undefined;
    case 'random':
      return isRandom(secret);
  }
}

/** A checksum of the random part as six base-62 digits at the end: GitHub's tokens since 2021, and npm's. */
export function hasGithubChecksum(token: string): boolean {
  const body = token.slice(token.lastIndexOf('_') + 1);
  return body.length > 6 && checksumOf(body.slice(0, -6)) === body.slice(-6);
}

/** The id of an AWS key holds the number of its account in base 32; numbers of accounts have at most 12 digits. */
function isAwsKeyId(id: string): boolean {
  if (/EXAMPLE|XXXX|0000$/.test(id)) return false;
  let bits = 0n;
  for (const letter of id.slice(4)) {
    const digit = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter);
    // Keys from before 2019 were drawn from all digits and hold no account.
    if (digit === -1) return entropyOf(id) > 2.8;
    bits = bits * 32n + BigInt(digit);
  }
  // 80 bits; the account is in the 40 that follow the first.
  const account = (bits >> 39n) & ((1n << 40n) - 1n);
  return account < 1_000_000_000_000n && entropyOf(id) > 2.6;
}

/** A header that is JSON with an algorithm, and a payload that is JSON. */
function isJwt(token: string): boolean {
  const [header = '', payload = ''] = token.split('.');
  const first = jsonOf(header);
  return first !== undefined && 'alg' in first && (jsonOf(payload) !== undefined || payload === '');
}

function jsonOf(part: string): object | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    // Not base64 or not JSON: then it is no token.
    return undefined;
  }
}

/** Whether a PEM block holds a key: decodes to the ASN.1, OpenSSH or PGP structure that its label promises. */
function isPrivateKey(block: string): boolean {
  if (block.length > KEY_LENGTH_MAX) return false;
  const plain = block.replaceAll(/\\r|\\n|\\t/g, '\n').replaceAll(/["'+,;\\]/g, ' ');
  const label = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(plain)?.[1] ?? '';
  const body = plain
    .replace(/-----BEGIN [A-Z0-9 ]+-----/, '')
    .replace(/-----END [\s\S]*$/, '')
    .replaceAll(/^[\s>#*/]*[A-Za-z-]+:[^\n]*$/gm, '')
    .replaceAll(/[^A-Za-z0-9+/=]/g, '');
  if (body.length < 40 || distinct(body) < 12) return false;
  const bytes = Buffer.from(body, 'base64');
  if (label.includes('OPENSSH')) return bytes.subarray(0, 14).toString('latin1') === 'openssh-key-v1';
  if (label.includes('PGP')) return body.length > 200;
  if (/Proc-Type|ENCRYPTED/.test(plain)) return body.length > 100;
  // A sequence whose length fits what follows; a cut block still begins like one.
  return bytes[0] === 0x30 && (bytes.length >= 40 || isReadable(plain));
}

function isReadable(pem: string): boolean {
  try {
    createPrivateKey(pem);
    return true;
  } catch {
    // Not a key that OpenSSL knows.
    return false;
  }
}

function distinct(text: string): number {
  return new Set(text).size;
}

function base64Bytes(text: string): number {
  return /^[A-Za-z0-9+/_-]+={0,2}$/.test(text) ? Buffer.from(text, 'base64').length : -1;
}

/** A macaroon of the second version whose location is the index's host. */
function isPypiMacaroon(token: string): boolean {
  const bytes = Buffer.from(token.slice('pypi-'.length), 'base64url').toString('latin1');
  return bytes.startsWith('\u0002\u0001') && /pypi\.org/.test(bytes.slice(0, 24));
}

/** The user and password of a `Basic` header; nothing when it does not decode to them. */
export function basicAuthOf(text: string): { readonly user: string; readonly password: string } | undefined {
  if (!/^[A-Za-z0-9+/]{8,}={0,2}$/.test(text)) return undefined;
  const plain = Buffer.from(text, 'base64').toString('latin1');
  const colon = plain.indexOf(':');
  if (colon < 0 || !/^[\x20-\x7e]+$/.test(plain)) return undefined;
  const password = plain.slice(colon + 1);
  if (password.length < 3 || isStandIn(password, { credential: 'password', name: '' })) return undefined;
  return { user: plain.slice(0, colon), password };
}

function isUrlPassword(password: string, url: string): boolean {
  let plain = password;
  try {
    plain = decodeURIComponent(password);
  } catch {
    // Not percent-encoded: as it stands.
  }
  if (/^\d{1,5}$/.test(plain)) return false;
  if (/@(?:example|host|hostname|server|domain|your|my[-_]|some|foo|bar|ip|addr|<|\[?\$|%s)/i.test(url)) return false;
  if (
    /:\/\/(?:user|username|usr|u|foo|x|a|me|someone|your|<)[\w-]*:(?:p|pw|pass|password|passwd|pwd|secret|bar|token)\w{0,3}@/i.test(
      url,
    )
  )
    return false;
  if (/[<>{}$*…\s]|^%|\.\.\.|^\(|^:/.test(plain)) return false;
  const user = /:\/\/([^:@/]*):/.exec(url)?.[1] ?? '';
  if (plain.length < 4 || isStandIn(plain, { credential: 'password', name: '' })) return false;
  return plain !== user || /\d/.test(plain);
}

/** Random letters and digits rather than words: judged by the longest stretch, since prefixes are words. */
export function isRandom(text: string): boolean {
  let run = '';
  for (const part of text.match(/[A-Za-z0-9+/]+/g) ?? []) if (part.length > run.length) run = part;
  if (run.length < 5) return entropyOf(text) > 2.5;
  const isMadeUp =
    /example|placeholder|your|xxxx|dummy|sample|redacted|changeme|insert|replace|12345678|abcdefgh|00000000/i.test(
      text,
    );
  if (isMadeUp || entropyOf(run) <= Math.min(2.9, Math.log2(run.length) * 0.72)) return false;
  // Letters of hexadecimal digits read like words, and so may any few letters among digits.
  if (/^[A-Za-z]{0,3}[0-9a-f]{8,}$/i.test(run) && /\d/.test(run)) return true;
  return wordinessOf(run) < (/\d.*\d/.test(run) ? 0.82 : 0.72);
}

/**
 * Keys that their makers publish for everybody: those of the emulators of Azure's storage and Cosmos DB, the tokens of examples
 * on jwt.io. As digests, so that no scanner finds them here.
 */
const KNOWN_PUBLIC: ReadonlySet<string> = new Set([
  'acbd399005aaffa2c87000d4',
  '7ed3b089a695b841678a2e88',
  '95101a7241f31cdf0e04b077',
  'a386ff9b48f8046bfe993630',
  'da6aa2239028650f29449239',
  '879287e1c36ecca49c54b0cc',
]);

export function isKnownPublic(secret: string): boolean {
  return KNOWN_PUBLIC.has(digestOfSecret(secret));
}

/** What tells one secret from another without saying it. Only for what cannot be guessed. */
export function digestOfSecret(secret: string): string {
  return createHash('sha256').update(`secret 1\n${secret}`).digest('hex').slice(0, 24);
}
