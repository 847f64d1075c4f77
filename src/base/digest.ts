import { createHash } from 'node:crypto';
import { faultsOf } from './fault.ts';

const fault = faultsOf('base', {
  'digest-invalid': { status: 400, help: 'Write a digest as sha256: followed by 64 lower-case hexadecimal digits.' },
  'json-not-canonical': {
    status: 500,
    help: 'Only finite numbers, strings, booleans, null, arrays and objects have a canonical form.',
  },
});

/** `sha256:` and 64 lower-case hexadecimal digits. */
export type Digest = `sha256:${string}`;

export function digestOf(bytes: string | Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

export function isDigest(text: string): text is Digest {
  return /^sha256:[0-9a-f]{64}$/.test(text);
}

export function parseDigest(text: string): Digest {
  if (!isDigest(text)) throw fault('digest-invalid', `not a digest: ${JSON.stringify(text.slice(0, 100))}`);
  return text;
}

/** Canonical JSON, RFC 8785: keys sorted by UTF-16 code units, ECMAScript numbers, no white space. */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw fault('json-not-canonical', `the number ${value}`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item)).join(',')}]`;
  if (typeof value === 'object') {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
    return `{${members.join(',')}}`;
  }
  throw fault('json-not-canonical', `a value of type ${typeof value}`);
}

/** The digest of a plain value: over its canonical JSON. */
export function digestOfValue(value: unknown): Digest {
  return digestOf(canonicalJson(value));
}
