import { isFindingAllowed, isSourceAllowed, type Source } from './allowlist.ts';
import { basicAuthOf, isKnownPublic, isRandom, passesCheck } from './checks.ts';
import type { Encoding, GenericKind, KeywordPlace, Meaning, RuleSet, SecretRule } from './compile.ts';
import { entropyOf } from './entropy.ts';
import type { FileSort } from './file-sort.ts';
import { type Finder, type Found, MATCHES_MAX, WINDOW_MAX } from './finder.ts';
import { candidateAt } from './generic.ts';
import { offsetsOf } from './offsets.ts';
import type { Confidence } from '../finding/index.ts';
import { urlAt } from './url-password.ts';

/** A secret in a text. Offsets in UTF-16 code units. */
export type Hit = {
  readonly rule: SecretRule;
  readonly secret: string;
  readonly start: number;
  readonly end: number;
  /** The whole match of the pattern. */
  readonly matchStart: number;
  readonly matchEnd: number;
  readonly confidence: Confidence;
  /** The name that it is assigned to, where there is one. */
  readonly name?: string;
  /** How exact the rule is: a hit of a less exact one within it is dropped. */
  readonly exactness: number;
};

/** A stretch that may hold something encoded. Offsets in bytes. */
export type EncodedHit = { readonly encoding: Encoding; readonly start: number; readonly end: number };

export type TextOutcome = { readonly hits: readonly Hit[]; readonly encoded: readonly EncodedHit[] };

/** Hits on one stretch that are kept. */
const TOUCHING_MAX = 100;

/** Encoded stretches of one text that are looked into. */
const ENCODED_MAX = 2_000;

export type TextInput = {
  readonly bytes: Buffer;
  /** The same as text: asked for only when there is something to search. */
  readonly text: () => string;
  readonly source: Source;
  readonly sort: FileSort;
};

/** Searches one text: keywords over the bytes, then patterns around them. */
export function scanText(rules: RuleSet, input: TextInput): TextOutcome {
  const near = new Map<number, number[]>();
  const encoded: EncodedHit[] = [];
  const generic: Hit[] = [];
  let offsets: ((byte: number) => number) | undefined;
  const offsetOf = (byte: number) => (offsets ??= offsetsOf(input.bytes, input.text()))(byte);
  let nameEnd = 0;
  let urlEnd = 0;
  rules.automaton.scan(input.bytes, (keyword, end) => {
    const meaning = rules.meanings[keyword];
    if (meaning === undefined) return;
    for (const rule of meaning.rules) {
      if (!canBegin(rules.rules[rule]?.keywordAt, input.bytes, end - meaning.length, meaning)) continue;
      const ends = near.get(rule);
      if (ends === undefined) near.set(rule, [end]);
      else ends.push(end);
    }
    if (meaning.isName && end > nameEnd && generic.length < MATCHES_MAX) {
      const candidate = candidateAt(input.bytes, end - meaning.length, end, input.sort, rules.isNamed);
      if (candidate !== undefined) {
        nameEnd = candidate.nameEnd;
        const hit = hitOfCandidate(rules, candidate, input, offsetOf);
        if (hit !== undefined) generic.push(hit);
      }
    }
    if (meaning.isUrl && end > urlEnd && generic.length < MATCHES_MAX) {
      const url = urlAt(input.bytes, end);
      if (url !== undefined) {
        urlEnd = url.end;
        const hit = hitOfUrl(rules, url, input, offsetOf);
        if (hit !== undefined) generic.push(hit);
      }
    }
    if (meaning.encoding !== undefined && encoded.length < ENCODED_MAX) {
      encoded.push({ encoding: meaning.encoding, start: end - meaning.length, end });
    }
  });
  const hits: Hit[] = [];
  for (const index of [...near.keys(), ...rules.always].sort((a, b) => a - b)) {
    const rule = rules.rules[index];
    const finder = rule?.finder?.();
    if (rule === undefined || finder === undefined || rule.path?.(input.source.path) === false) continue;
    if (isSourceAllowed(rule.allowlists, input.source)) continue;
    const ends = (near.get(index) ?? []).map(offsetOf);
    hits.push(...searchRule(rule, finder, ends, input));
  }
  return { hits: [...hits, ...generic], encoded };
}

/** Whether a keyword of a rule can be one where it stands: in its case, at the start of a word. Ends most hits. */
function canBegin(place: KeywordPlace | undefined, bytes: Buffer, start: number, meaning: Meaning): boolean {
  if (place === undefined) return true;
  if (place.isExact && !meaning.spellings.some((spelling) => isAt(bytes, start, spelling))) return false;
  return !place.isFirst || start === 0 || !isWordByte(bytes[start - 1] ?? 0);
}

function isAt(bytes: Buffer, start: number, spelling: string): boolean {
  for (let at = 0; at < spelling.length; at += 1) if (bytes[start + at] !== spelling.charCodeAt(at)) return false;
  return true;
}

function isWordByte(byte: number): boolean {
  return (byte >= 97 && byte <= 122) || (byte >= 65 && byte <= 90) || (byte >= 48 && byte <= 57) || byte === 95;
}

/** All matches of one rule: in the windows around its keywords, or in the whole text. */
export function searchRule(
  rule: SecretRule,
  finder: Finder,
  ends: readonly number[],
  input: TextInput,
): readonly Hit[] {
  const text = input.text();
  const hits: Hit[] = [];
  const isNear = finder.isLocal && ends.length > 0;
  if (isNear && rule.keywordAt?.isFirst === true) {
    const starts = rule.keywords.map((keyword) => keyword.length);
    let next = 0;
    for (const end of ends) {
      const found = starts
        .map((length) => (end - length >= next ? finder.matchAt?.(text, end - length) : undefined))
        .find((one) => one !== undefined);
      const hit = found === undefined ? undefined : hitOfMatch(rule, found, 0, input);
      if (found !== undefined) next = found.end;
      if (hit !== undefined) hits.push(hit);
      if (hits.length >= MATCHES_MAX) break;
    }
    return hits;
  }
  const windows = isNear ? windowsOf(ends, finder.width, text.length) : [[0, text.length] as const];
  for (const [from, to] of windows) {
    const part = from === 0 && to === text.length ? text : text.slice(from, to);
    for (const found of finder.findAll(part)) {
      const hit = hitOfMatch(rule, found, from, input);
      if (hit !== undefined) hits.push(hit);
      if (hits.length >= MATCHES_MAX) return hits;
    }
  }
  return hits;
}

/** Stretches of the text in which a match with one of the keywords can lie, those that touch joined. */
function windowsOf(ends: readonly number[], width: number, length: number): readonly (readonly [number, number])[] {
  const windows: [number, number][] = [];
  const reach = Math.min(width, WINDOW_MAX) + 1;
  for (const end of ends) {
    const from = Math.max(0, end - reach);
    const to = Math.min(length, end + reach);
    const last = windows.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
    else windows.push([from, to]);
  }
  return windows;
}

function hitOfMatch(rule: SecretRule, found: Found, offset: number, input: TextInput): Hit | undefined {
  const match = (found.groups[0] ?? '').replace(/^\n+|\n+$/g, '');
  const matchStart = offset + found.start + (found.groups[0] ?? '').indexOf(match);
  const secret =
    rule.secretGroup > 0
      ? (found.groups[rule.secretGroup] ?? '')
      : (found.groups.slice(1).find((group) => group !== undefined && group !== '') ?? match);
  if (secret === '') return undefined;
  const entropy = rule.entropyMin === undefined ? undefined : entropyOf(secret);
  if (entropy !== undefined && entropy <= (rule.entropyMin ?? 0)) return undefined;
  let { confidence } = rule.rule;
  if (rule.check !== undefined && !passesCheck(rule.check, secret, match)) {
    // Made of random letters but for the check digits: made up by somebody who wanted it to look real, or cut.
    if (!rule.isDoubtOnly || !isRandom(secret)) return undefined;
    confidence = confidence === 'high' ? 'medium' : 'low';
  }
  const start = matchStart + Math.max(0, match.indexOf(secret));
  if (rule.check === 'url-password' && LOCAL_HOST.test(match)) confidence = 'low';
  if (!rule.isForeign) {
    if (isKnownPublic(secret) || isInBlob(input.text(), start, start + secret.length)) return undefined;
    confidence = inSample(confidence, rule, input.sort);
  }
  const hit = {
    rule,
    secret,
    start,
    end: start + secret.length,
    matchStart,
    matchEnd: matchStart + match.length,
    confidence,
    exactness: rule.exactness,
  };
  return isFindingAllowed(rule, hit, input) ? undefined : hit;
}

/** A server that only this machine reaches. */
const LOCAL_HOST = /@(?:localhost|127\.\d|\[::1\]|0\.0\.0\.0|host\.docker\.internal)/;

/** How far a run of base64 is followed on each side, in characters, and how much of it makes the hit a piece of data. */
const BLOB_REACH = 48;

/** Whether a hit is only a stretch of something longer in base64, a picture or a certificate, in which anything occurs. */
function isInBlob(text: string, start: number, end: number): boolean {
  const before = /[A-Za-z0-9+/]*$/.exec(text.slice(Math.max(0, start - BLOB_REACH), start))?.[0] ?? '';
  const after = /^[A-Za-z0-9+/]*/.exec(text.slice(end, end + BLOB_REACH))?.[0] ?? '';
  return [before, after].some(
    (run) => run.length >= 32 && /[a-z]/.test(run) && /[A-Z]/.test(run) && /[0-9+]/.test(run),
  );
}

/** Kinds that tests make by the dozen. */
const TEST_KINDS = new Set([
  'private-key',
  'jwk-private-key',
  'jwt',
  'htpasswd-hash',
  'shadow-hash',
  'putty-private-key',
  'wireguard-private-key',
]);

/** In tests and examples a secret is less likely one; a check of its format that holds outweighs that. */
function inSample(confidence: Confidence, rule: SecretRule, sort: FileSort): Confidence {
  if (!sort.isSample) return confidence;
  if (TEST_KINDS.has(rule.rule.id)) return 'low';
  if (rule.check === 'github-checksum' || confidence === 'low') return confidence;
  return confidence === 'high' ? 'medium' : 'low';
}

type Candidate = NonNullable<ReturnType<typeof candidateAt>>;

/** A named rule when the name and the whole value fit one, else the generic rule when the value is judged to be a secret. */
function hitOfCandidate(
  rules: RuleSet,
  candidate: Candidate,
  input: TextInput,
  offsetOf: (byte: number) => number,
): Hit | undefined {
  if (isKnownPublic(candidate.value)) return undefined;
  const name = candidate.name.toLowerCase();
  const place = () => {
    const start = offsetOf(candidate.start);
    return {
      secret: candidate.value,
      start,
      end: start + candidate.value.length,
      matchStart: start,
      matchEnd: start + candidate.value.length,
    };
  };
  if (candidate.value.length >= 12 && !input.sort.isGenerated) {
    const named = rules.namedFor(name).find(({ value }) => value().test(candidate.value));
    if (
      named !== undefined &&
      (named.rule.check === undefined || passesCheck(named.rule.check, candidate.value, candidate.value))
    ) {
      const confidence = inSample(named.rule.rule.confidence, named.rule, input.sort);
      return { rule: named.rule, ...place(), confidence, name: candidate.name, exactness: 2 };
    }
  }
  const kind: GenericKind = candidate.credential;
  const rule = rules.generic.get(kind);
  if (rule === undefined) return undefined;
  const basic = kind === 'auth' ? basicAuthOf(candidate.value) : undefined;
  const confidence = basic === undefined ? candidate.confidence : input.sort.isSample ? 'low' : 'medium';
  if (confidence === undefined) return undefined;
  return { rule, ...place(), confidence, name: candidate.name, exactness: 1 };
}

function hitOfUrl(
  rules: RuleSet,
  url: NonNullable<ReturnType<typeof urlAt>>,
  input: TextInput,
  offsetOf: (byte: number) => number,
): Hit | undefined {
  const rule = rules.generic.get('url');
  if (rule === undefined || input.sort.isGenerated || !passesCheck('url-password', url.password, url.text))
    return undefined;
  const start = offsetOf(url.passwordStart);
  const doubt = input.sort.isSample || LOCAL_HOST.test(url.text);
  return {
    rule,
    secret: url.password,
    start,
    end: start + url.password.length,
    matchStart: offsetOf(url.start),
    matchEnd: offsetOf(url.end),
    confidence: doubt ? 'low' : 'medium',
    name: url.text.slice(0, url.text.indexOf('://')),
    exactness: 1,
  };
}

/** Drops what a more exact hit covers, and the second of two equal ones. */
export function mostExact(hits: readonly Hit[]): readonly Hit[] {
  const sorted = [...hits].sort((a, b) => a.start - b.start || a.end - b.end);
  const kept: Hit[] = [];
  let group: Hit[] = [];
  let groupEnd = -1;
  for (const hit of sorted) {
    if (hit.start >= groupEnd) {
      kept.push(...mostExactOf(group));
      group = [];
    }
    group.push(hit);
    groupEnd = Math.max(groupEnd, hit.end);
  }
  kept.push(...mostExactOf(group));
  return kept;
}

/** The same among hits that touch each other: few, but for input that is made to have many. */
function mostExactOf(group: readonly Hit[]): readonly Hit[] {
  if (group.length < 2) return group;
  const kept: Hit[] = [];
  for (const hit of [...group].sort((a, b) => b.exactness - a.exactness || a.start - b.start || b.end - a.end)) {
    const isCovered = kept.some(
      (other) =>
        other.start < hit.end &&
        hit.start < other.end &&
        // Rules of others all count, as in the tools that they were written for; a generic one gives way.
        (!hit.rule.isForeign || other.rule === hit.rule || (hit.exactness < 2 && other.exactness > hit.exactness)),
    );
    if (!isCovered) kept.push(hit);
    if (kept.length >= TOUCHING_MAX) break;
  }
  return kept.sort((a, b) => a.start - b.start);
}
