import type { Confidence } from '../finding/index.ts';
import { assignedTo, REST_BYTES_MAX } from './assignment.ts';
import type { FileSort } from './file-sort.ts';
import { type Credential, credentialOf } from './names.ts';
import { judgeValue } from './values.ts';

/** What the names of credentials are found by. */
export const NAME_KEYWORDS = [
  'pass',
  'pwd',
  'secret',
  'token',
  'key',
  'cred',
  'auth',
  '_pat',
  'jwt',
  'bearer',
] as const;

/** A value that a name gives away. Offsets in bytes. */
export type Candidate = {
  readonly credential: Credential;
  readonly name: string;
  readonly value: string;
  readonly start: number;
  readonly end: number;
  readonly isQuoted: boolean;
  readonly confidence: Confidence | undefined;
};

/** A name longer than this is none. Bytes. */
const NAME_BYTES_MAX = 80;
/** How far back the start of a line is looked for. Bytes. */
const LINE_BYTES_MAX = 300;

const NAME_BYTE = new Uint8Array(256);
for (const letter of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-')
  NAME_BYTE[letter.charCodeAt(0)] = 1;
/** What can follow a name that has a value: most words of prose and most identifiers are out after one look. */
const FOLLOW_BYTE = new Uint8Array(256);
for (const letter of '"\'`= \t:([]>\\?|!{}+,-\r\n<).') FOLLOW_BYTE[letter.charCodeAt(0)] = 1;
const AFTER_SPACE = new Uint8Array(256);
for (const letter of '=:?"\'`|+<-{!\\,') AFTER_SPACE[letter.charCodeAt(0)] = 1;

/**
 * Looks at the name around a hit of a keyword and at what follows it. Works on bytes until there is a name with something
 * like a value: nine hits in ten end before a string is made.
 */
export function candidateAt(
  bytes: Buffer,
  hit: number,
  end: number,
  sort: FileSort,
  isNamed: (name: string) => boolean,
): (Candidate & { readonly nameEnd: number }) | undefined {
  let nameEnd = end;
  const endMax = Math.min(bytes.length, end + NAME_BYTES_MAX);
  while (nameEnd < endMax && NAME_BYTE[bytes[nameEnd] ?? 0] === 1) nameEnd += 1;
  const next = bytes[nameEnd] ?? 0;
  if (FOLLOW_BYTE[next] === 0) return undefined;
  if (next === 32 || next === 9) {
    let at = nameEnd + 1;
    while (bytes[at] === 32 || bytes[at] === 9) at += 1;
    // A word after a word: only a flag, a line of a Dockerfile or SQL, or a Go declaration goes on like this.
    if (AFTER_SPACE[bytes[at] ?? 0] === 0 && !isDeclaration(bytes, hit, at)) return undefined;
  }
  let nameStart = hit;
  const startMin = Math.max(0, hit - NAME_BYTES_MAX);
  while (nameStart > startMin && (NAME_BYTE[bytes[nameStart - 1] ?? 0] === 1 || isInnerDot(bytes, nameStart - 1)))
    nameStart -= 1;
  while (nameStart < hit && bytes[nameStart] === 45) nameStart += 1;
  const whole = bytes.toString('latin1', nameStart, nameEnd);
  // `setPassword("…")` gives a password its value; without the parenthesis it is the name of a function.
  const name = next === 40 ? whole.replace(/^(?:.*\.)?(?:set|with|add|use|Set|With|Add|Use)_?(?=[A-Z_])/, '') : whole;
  const sure = credentialOf(name);
  // `RAPIDAPI_KEY`: a key of whom it says, which is enough for the rule of that one and for nothing else.
  const credential = sure ?? (/keys?\d?$/i.test(name) && isNamed(name) ? 'key' : undefined);
  if (credential === undefined) return undefined;
  const lineMin = Math.max(0, nameStart - LINE_BYTES_MAX);
  let lineStart = nameStart;
  while (lineStart > lineMin && bytes[lineStart - 1] !== 10) lineStart -= 1;
  const rest = bytes.toString('latin1', nameEnd, Math.min(bytes.length, nameEnd + REST_BYTES_MAX));
  const line = bytes.toString('latin1', lineStart, nameStart);
  const found = assignedTo(rest, {
    syntax: sort.syntax,
    before: line.at(-1) ?? '',
    name,
    line,
    isSetter: name !== whole || line.endsWith('.'),
  });
  if (found === undefined) return undefined;
  const value = credential === 'auth' ? { ...found, ...afterScheme(found) } : found;
  return {
    credential,
    name,
    value: value.value,
    start: nameEnd + value.start,
    end: nameEnd + value.end,
    isQuoted: value.isQuoted,
    confidence:
      sure === undefined ? undefined : judge(value.value, { credential, name, isQuoted: value.isQuoted, sort }),
    nameEnd,
  };
}

/** `spring.datasource.password`: a dot between letters belongs to the name. */
function isInnerDot(bytes: Buffer, at: number): boolean {
  return bytes[at] === 46 && at > 0 && NAME_BYTE[bytes[at - 1] ?? 0] === 1;
}

function isDeclaration(bytes: Buffer, hit: number, at: number): boolean {
  const line = bytes.toString('latin1', Math.max(0, hit - 60), hit);
  const word = bytes.toString('latin1', at, at + 8);
  return (
    /(?:^|\s)--?[\w-]*$|^\s*(?:ENV|ARG|set)\s|\n\s*(?:ENV|ARG|setenv|set)\s[\w.]*$/.test(line) ||
    /^(?:string\s|string=|\*?string|\[\]byte)/.test(word)
  );
}

/** `Bearer abc` and `Basic abc`: the scheme is not part of the value. */
function afterScheme(found: { readonly value: string; readonly start: number }): {
  readonly value: string;
  readonly start: number;
} {
  const scheme =
    /^(?:Bearer|Basic|Token|token|bearer|basic|ApiKey|Apikey|OAuth|Digest|Splunk|GenieKey|Bot|SSWS)[ =:]+/.exec(
      found.value,
    )?.[0] ?? '';
  return { value: found.value.slice(scheme.length), start: found.start + scheme.length };
}

function judge(
  value: string,
  context: {
    readonly credential: Credential;
    readonly name: string;
    readonly isQuoted: boolean;
    readonly sort: FileSort;
  },
): Confidence | undefined {
  const { credential, name, isQuoted, sort } = context;
  if (sort.isGenerated) return undefined;
  const confidence = judgeValue(value, { credential, name, isQuoted, isProse: sort.syntax === 'prose' });
  if (confidence === undefined) return undefined;
  if (sort.isLocale && confidence !== 'high') return undefined;
  if (sort.syntax === 'prose' && !isQuoted && confidence === 'low') return undefined;
  if (!sort.isSample) return confidence;
  return confidence === 'high' ? 'medium' : confidence === 'medium' ? 'low' : undefined;
}
