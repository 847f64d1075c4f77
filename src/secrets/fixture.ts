import { createHash } from 'node:crypto';
import type { RuleExample } from '../finding/index.ts';
import { checksumOf } from '../base/index.ts';

const ALPHABETS: { readonly [name: string]: string } = {
  base62: '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
  base64: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
  base64url: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_',
  base58: '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz',
  base32: 'abcdefghijklmnopqrstuvwxyz234567',
  BASE32: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567',
  bech32: 'QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L',
  hex: '0123456789abcdef',
  HEX: '0123456789ABCDEF',
  upper: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789',
  lower: 'abcdefghijklmnopqrstuvwxyz0123456789',
  alpha: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
  digits: '123456789',
};

/**
 * Secrets in examples are written as templates, `ghp_{{base62:36}}`, so that no file of this project holds anything that
 * looks like one. This makes of a template what a scanner meets: the same text for the same template and seed, and the secret
 * of nobody.
 */
export function expandTemplates(text: string, seed = ''): string {
  let count = 0;
  return text.replaceAll(/\{\{(\w+)(?::([\w ]+))?\}\}/g, (template, kind: string, argument: string | undefined) => {
    count += 1;
    const draw = (alphabet: string, length: number) =>
      drawn(ALPHABETS[alphabet] ?? '', length, `${seed} ${template} ${count}`);
    return expand(kind, argument, draw) ?? template;
  });
}

export function expandExample(example: RuleExample, seed: string): RuleExample {
  return { ...example, text: expandTemplates(example.text, seed) };
}

function expand(
  kind: string,
  argument: string | undefined,
  draw: (alphabet: string, length: number) => string,
): string | undefined {
  const length = Number(argument ?? 0);
  if (ALPHABETS[kind] !== undefined) return draw(kind, length);
  switch (kind) {
    case 'github': {
      const random = draw('base62', 30);
      return `${argument ?? ''}${random}${checksumOf(random)}`;
    }
    case 'awsid':
      // The account's number is in the first letters: a small one is always valid.
      return `${argument ?? ''}Q${draw('BASE32', 15)}`;
    case 'uuid': {
      const hex = draw('hex', 32);
      return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20)].join(
        '-',
      );
    }
    case 'bytes':
      return Buffer.from(draw('base64', length)).toString('base64');
    case 'strong':
      return `${draw('base62', 7)}!${draw('base62', 4)}7x`;
    case 'basic':
      return Buffer.from(`deploy:${draw('base62', 14)}`).toString('base64');
    case 'alpha4':
      return [0, 4, 8, 12]
        .map((at) =>
          draw('alpha', 16)
            .toLowerCase()
            .slice(at, at + 4),
        )
        .join('-');
    case 'pypi':
      return `pypi-AgEIcHlwaS5vcmc${draw('base62', 120)}`;
    case 'jwt': {
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
      return `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: draw('digits', 8), iat: 1_700_000_000 })}.${draw('base64url', 43)}`;
    }
    case 'pem':
    case 'pemjson':
    case 'pempublic': {
      const label = kind === 'pem' ? 'RSA PRIVATE KEY' : kind === 'pemjson' ? 'PRIVATE KEY' : 'PUBLIC KEY';
      const body = `MIIEpAIBAAKCAQEA${draw('base64', 1_600 - 16)}`.match(/.{1,64}/g) ?? [];
      const dashes = '-'.repeat(5);
      return [`${dashes}BEGIN ${label}${dashes}`, ...body, `${dashes}END ${label}${dashes}`].join(
        kind === 'pemjson' ? '\\n' : '\n',
      );
    }
    case 'ppk':
      return `PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: key\nPublic-Lines: 2\n${draw('base64', 108)}\nPrivate-Lines: 1\n${draw('base64', 48)}\n`;
    default:
      return undefined;
  }
}

/** Letters that a digest of the seed decides. */
function drawn(alphabet: string, length: number, seed: string): string {
  let text = '';
  for (let block = 0; text.length < length; block += 1) {
    for (const byte of createHash('sha512').update(`${seed} ${block}`).digest())
      text += alphabet[byte % alphabet.length] ?? '';
  }
  return text.slice(0, length);
}
