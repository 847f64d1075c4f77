/** A URL with a password in it. Offsets in bytes. */
export type UrlPassword = {
  readonly text: string;
  readonly password: string;
  readonly start: number;
  readonly end: number;
  readonly passwordStart: number;
};

/** The longest part between `://` and `@` that is looked at, and the longest host after it. Bytes. */
const CREDENTIALS_BYTES_MAX = 300;
const HOST_BYTES_MAX = 120;
const SCHEME_BYTES_MAX = 24;

/** What ends a URL in any text. */
const END = new Uint8Array(256);
for (const letter of ' \t\r\n"\'`<>\\^|,') END[letter.charCodeAt(0)] = 1;

/** Reads the URL whose `://` ends at `at`; nothing when it holds no password. */
export function urlAt(bytes: Buffer, at: number): UrlPassword | undefined {
  let colon = -1;
  let sign = -1;
  const limit = Math.min(bytes.length, at + CREDENTIALS_BYTES_MAX);
  for (let next = at; next < limit; next += 1) {
    const byte = bytes[next] ?? 0;
    if (END[byte] === 1) break;
    if (byte === 47 && sign === -1 && colon === -1) return undefined;
    if (byte === 58 && colon === -1) colon = next;
    if (byte === 64) sign = next;
    // A slash or a question mark ends the authority, unless the password holds it unescaped and an @ follows on.
    if ((byte === 47 || byte === 63 || byte === 35) && sign !== -1) break;
    if (byte === 47 && next + 1 < limit && bytes[next + 1] === 47) break;
  }
  if (colon === -1 || sign <= colon + 1) return undefined;
  let start = at - 3;
  while (start > 0 && at - start < SCHEME_BYTES_MAX && isScheme(bytes[start - 1] ?? 0)) start -= 1;
  if (start === at - 3) return undefined;
  let end = sign + 1;
  while (end < Math.min(bytes.length, sign + HOST_BYTES_MAX) && END[bytes[end] ?? 0] === 0 && bytes[end] !== 41)
    end += 1;
  const password = bytes.toString('latin1', colon + 1, sign);
  // `http://host:8080/path/@scope` has a port where a password would be.
  if (/^\d{1,5}\//.test(password) || password.includes('/') || end - sign < 3) return undefined;
  return { text: bytes.toString('latin1', start, end), password, start, end, passwordStart: colon + 1 };
}

function isScheme(byte: number): boolean {
  return (
    (byte >= 97 && byte <= 122) ||
    (byte >= 65 && byte <= 90) ||
    (byte >= 48 && byte <= 57) ||
    byte === 43 ||
    byte === 45 ||
    byte === 46
  );
}
