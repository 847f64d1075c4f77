import type { Rule } from '../finding/index.ts';
import type { Allowlist } from './allowlist.ts';
import { type Automaton, buildAutomaton } from './automaton.ts';
import { compileFinder, type Finder } from './finder.ts';
import { NAME_KEYWORDS } from './generic.ts';
import type { Filter } from './filter-expression.ts';
import type { CheckName } from './rule-schema.ts';

/** A rule ready to search with. */
export type SecretRule = {
  readonly rule: Rule;
  readonly provider: string;
  readonly rotate: string;
  readonly keywords: readonly string[];
  /** What else is known of where its keywords stand; nothing of rules of others. */
  readonly keywordAt?: KeywordPlace;
  /** Compiled when it is first needed: most rules never are in a small scan. */
  readonly finder?: () => Finder;
  readonly path?: (path: string) => boolean;
  /** 0: the first group that took part. */
  readonly secretGroup: number;
  readonly entropyMin?: number;
  readonly check?: CheckName;
  readonly isDoubtOnly: boolean;
  readonly allowlists: readonly Allowlist[];
  readonly filter?: Filter;
  readonly required: readonly RequiredRule[];
  /** Found only for other rules that require it. */
  readonly isSilent: boolean;
  /** Which of two hits on one text counts: the one whose form says more. */
  readonly exactness: number;
  /** Written by others, in which case what it says is not doubted. */
  readonly isForeign: boolean;
};

export type RequiredRule = { readonly id: string; readonly withinLines?: number; readonly withinColumns?: number };

/** A rule that goes by the name that a value is assigned to. */
export type NamedRule = { readonly rule: SecretRule; readonly names: readonly string[]; readonly value: () => Finder };

export type GenericKind = 'password' | 'secret' | 'token' | 'key' | 'auth' | 'url';

/** `isExact`: in this case only. `isFirst`: every match begins with one, at the start of a word. */
export type KeywordPlace = { readonly isExact: boolean; readonly isFirst: boolean };

/** Everything that a scan looks for. */
export type RuleSet = {
  readonly rules: readonly SecretRule[];
  readonly named: readonly NamedRule[];
  /** Those for a name in lower case. */
  readonly namedFor: (name: string) => readonly NamedRule[];
  /** Whether a name holds the word of any of them. */
  readonly isNamed: (name: string) => boolean;
  /** The rule that each kind of generic finding is reported under; empty when a configuration of others is in use. */
  readonly generic: ReadonlyMap<GenericKind, SecretRule>;
  readonly automaton: Automaton;
  /** What each keyword of the automaton means. */
  readonly meanings: readonly Meaning[];
  /** Rules without a keyword: they see every text. */
  readonly always: readonly number[];
  readonly allowlists: readonly Allowlist[];
  readonly filter?: Filter;
  readonly prefilter?: Filter;
};

/** Whose keyword it is: rules by their index, the detector of names, that of URLs, or an encoded word. */
export type Meaning = {
  readonly length: number;
  /** The word in every case in which a rule writes it, in Latin-1. */
  readonly spellings: readonly string[];
  readonly rules: readonly number[];
  readonly isName: boolean;
  readonly isUrl: boolean;
  readonly encoding?: Encoding;
};
type Draft = { spellings: string[]; rules: number[]; isName: boolean; isUrl: boolean; encoding?: Encoding };
export type Encoding = 'base64' | 'hex' | 'percent';

/** What is looked for in encoded layers, beside all keywords of rules that are long enough to mean something there. */
const ENCODED_WORDS = [
  'password',
  'passwd',
  'secret',
  'api_key',
  'apikey',
  '_token',
  'token=',
  'token"',
  'PASSWORD',
  'SECRET',
  'API_KEY',
  '_TOKEN',
  '-----BEGIN ',
  'private_key',
  '://',
];
/** Rules whose keywords are looked for in encoded form. */
const ENCODED_RULES_MAX = 120;
/** An encoded keyword shorter than this occurs by chance. */
const ENCODED_LENGTH_MIN = 6;

/** Puts rules together with one automaton for all keywords. */
export function compileRules(parts: Omit<RuleSet, 'automaton' | 'meanings' | 'always'>): RuleSet {
  const meanings = new Map<string, Draft>();
  const meaningOf = (word: string) => {
    const key = word.toLowerCase();
    const known = meanings.get(key);
    if (known !== undefined) return known;
    const made: Draft = { spellings: [], rules: [], isName: false, isUrl: false };
    meanings.set(key, made);
    return made;
  };
  for (const [index, { keywords, finder }] of parts.rules.entries()) {
    if (finder === undefined) continue;
    for (const keyword of new Set(keywords)) {
      const meaning = meaningOf(keyword);
      if (meaning.rules.at(-1) !== index) meaning.rules.push(index);
      const spelling = Buffer.from(keyword).toString('latin1');
      if (!meaning.spellings.includes(spelling)) meaning.spellings.push(spelling);
    }
  }
  if (parts.generic.size > 0) {
    for (const word of NAME_KEYWORDS) meaningOf(word).isName = true;
    meaningOf('://').isUrl = true;
  }
  // Of all keywords only those of what is worst: each adds up to four, and the table has to stay in the cache.
  const worst = parts.rules.filter(({ rule, isForeign }) => rule.severity === 'critical' || isForeign);
  const words = new Set([...ENCODED_WORDS, ...worst.slice(0, ENCODED_RULES_MAX).flatMap(({ keywords }) => keywords)]);
  for (const word of words) {
    for (const { text, encoding } of encodedForms(word)) {
      // Where a form is a keyword already, the plain meaning wins: it is looked at anyway.
      const meaning = meaningOf(text);
      if (meaning.rules.length === 0 && !meaning.isName) meaning.encoding = encoding;
    }
  }
  return {
    ...parts,
    automaton: buildAutomaton([...meanings.keys()]),
    meanings: [...meanings].map(([word, meaning]) => ({ length: Buffer.byteLength(word), ...meaning })),
    always: parts.rules.flatMap(({ keywords, finder }, index) =>
      keywords.length === 0 && finder !== undefined ? [index] : [],
    ),
  };
}

/** How a word reads within base64, at each of the three alignments, and in hexadecimal. */
function encodedForms(word: string): readonly { readonly text: string; readonly encoding: Encoding }[] {
  const forms: { text: string; encoding: Encoding }[] = [];
  for (let shift = 0; shift < 3; shift += 1) {
    // Only the letters that the word alone decides: those that share bits with a neighbour are cut off.
    const bytes = Buffer.concat([Buffer.alloc(shift), Buffer.from(word)]);
    const from = Math.ceil((shift * 8) / 6);
    const to = Math.floor((bytes.length * 8) / 6);
    const text = bytes.toString('base64').slice(from, to);
    if (text.length >= ENCODED_LENGTH_MIN) forms.push({ text, encoding: 'base64' });
  }
  const hex = Buffer.from(word).toString('hex');
  if (hex.length >= 2 * ENCODED_LENGTH_MIN) forms.push({ text: hex, encoding: 'hex' });
  if (word === '://') forms.push({ text: '%3a%2f%2f', encoding: 'percent' });
  return forms;
}

/** Compiles a pattern when it is first used. */
export function lazily(
  source: string,
  keywords: readonly string[],
  options: { readonly isTrusted: boolean },
): () => Finder {
  let finder: Finder | undefined;
  return () => (finder ??= compileFinder(source, keywords, options));
}
