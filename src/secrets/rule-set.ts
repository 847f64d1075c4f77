import type { Rule, RulePack } from '../finding/index.ts';
import { compileAllowlist } from './allowlist.ts';
import {
  compileRules,
  type GenericKind,
  type KeywordPlace,
  lazily,
  type NamedRule,
  type RuleSet,
  type SecretRule,
} from './compile.ts';
import { type ConfigRule, mergeRules, type SecretsConfig } from './config.ts';
import { compileFilter } from './filter-expression.ts';
import { compileFinder } from './finder.ts';
import { mustBegin } from './pattern-facts.ts';
import { parsePattern } from './pattern-parse.ts';
import type { RuleMatch } from './rule-schema.ts';

type PackRule = RulePack<RuleMatch>['rules'][number];

/** What a rule of somebody's configuration says of itself, where the configuration says nothing. */
const FOREIGN = {
  why: 'Whoever reads the repository, its history or a copy of it can use the secret until it is revoked.',
  lesson: 'Look for values that should come from the environment or a vault.',
  remedy: 'Revoke the secret, issue a new one and keep that outside the repository.',
  rotate: 'Revoke it where it was issued and issue a new one.',
} as const;

/** Checks that look into a structure: what passes is what the rule says. */
const STRUCTURAL: ReadonlySet<string> = new Set([
  'github-checksum',
  'aws-key-id',
  'jwt',
  'pem-private-key',
  'macaroon-pypi',
  'base64-64',
  'url-password',
]);

/** Whether a rule of the pack has this id, or another tool knows it under it. */
export function isNamed(rule: Rule, id: string): boolean {
  return rule.id === id || rule.aliases.includes(`gitleaks/${id}`) || rule.aliases.includes(`betterleaks/${id}`);
}

/** Compiles the rules of a pack, those of a configuration, or both together. */
export function ruleSetOf(pack: RulePack<RuleMatch>, config: SecretsConfig | undefined): RuleSet {
  const own =
    config === undefined || config.usesOwn
      ? pack.rules.filter((rule) => !(config?.disabled ?? []).some((id) => isNamed(rule, id)))
      : [];
  const rules: SecretRule[] = [];
  const named: NamedRule[] = [];
  const generic = new Map<GenericKind, SecretRule>();
  const merged = new Set<string>();
  for (const packed of own) {
    const over = config?.rules.find(({ id }) => isNamed(packed, id));
    if (over !== undefined) merged.add(over.id);
    // A rule that brings its own pattern replaces ours.
    if (over?.regex !== undefined) {
      rules.push(foreignRule(mergeRules({ ...emptyOf(packed) }, over)));
      continue;
    }
    const rule = ownRule(packed, over);
    const { match } = packed;
    if (match.generic !== undefined) generic.set(match.generic, rule);
    if (match.value !== undefined && match.names.length > 0)
      named.push({ rule, names: match.names, value: lazily(`^(?:${match.value})$`, [], { isTrusted: true }) });
    if (match.regex !== undefined || match.path !== undefined) rules.push(rule);
  }
  for (const rule of config?.rules ?? [])
    if (!merged.has(rule.id) && (rule.regex !== undefined || rule.path !== undefined)) rules.push(foreignRule(rule));
  const namedWords = new RegExp(
    [...new Set(named.flatMap(({ names }) => names))].map((word) => word.replaceAll('-', '\\-')).join('|') || '(?!)',
    'i',
  );
  return compileRules({
    rules,
    isNamed: (name) => namedWords.test(name),
    named,
    namedFor: chooserOf(named),
    generic,
    allowlists: (config?.allowlists ?? []).map(compileAllowlist),
    ...(config?.filter === undefined ? {} : { filter: compileFilter(config.filter) }),
    ...(config?.prefilter === undefined ? {} : { prefilter: compileFilter(config.prefilter) }),
  });
}

/** Names whose rules are remembered. */
const NAMES_KEPT_MAX = 1000;

/** The rules of a name, the narrowest form first: a token of 42 letters is not the secret of 40 to 64. */
function chooserOf(named: readonly NamedRule[]): (name: string) => readonly NamedRule[] {
  const kept = new Map<string, readonly NamedRule[]>();
  return (name) => {
    const known = kept.get(name);
    if (known !== undefined) return known;
    const chosen = named
      .filter(({ names }) => names.some((word) => name.includes(word)))
      .sort((a, b) => a.value().width - b.value().width);
    if (kept.size < NAMES_KEPT_MAX) kept.set(name, chosen);
    return chosen;
  };
}

/** Every rule that a set may report, each once. */
export function rulesOf(set: RuleSet): readonly Rule[] {
  const all = [...set.rules, ...set.named.map(({ rule }) => rule), ...set.generic.values()].map(({ rule }) => rule);
  return [...new Map(all.map((rule) => [rule.id, rule])).values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

function ownRule(packed: PackRule, over: ConfigRule | undefined): SecretRule {
  const { match, ...rule } = packed;
  const entropy = over?.entropy === undefined || over.entropy === 0 ? match.entropy : over.entropy;
  return {
    rule,
    provider: match.provider,
    rotate: match.rotate,
    keywords: match.keywords,
    ...(match.regex === undefined ? {} : { keywordAt: keywordPlaceOf(match.regex, match.keywords) }),
    ...(match.regex === undefined ? {} : { finder: lazily(match.regex, match.keywords, { isTrusted: true }) }),
    ...(match.path === undefined ? {} : { path: pathTest(match.path, true) }),
    secretGroup: 0,
    ...(entropy === undefined ? {} : { entropyMin: entropy }),
    ...(match.check === undefined ? {} : { check: match.check }),
    isDoubtOnly: match.unchecked === 'doubt',
    allowlists: (over?.allowlists ?? []).map(compileAllowlist),
    ...(over?.filter === undefined ? {} : { filter: compileFilter(over.filter) }),
    required: over?.required ?? [],
    isSilent: over?.isSilent ?? false,
    exactness:
      (match.regex === undefined ? 2 : STRUCTURAL.has(match.check ?? '') ? 4 : 3) +
      Math.min(20, ...match.keywords.map(({ length }) => length)) / 100,
    isForeign: false,
  };
}

/** Whether every match begins with a keyword at the start of a word: then it is tried where they stand and nowhere else. */
function beginsWith(regex: string, keywords: readonly string[]): boolean {
  return regex.startsWith('\\b') && mustBegin(parsePattern(regex).root, keywords);
}

/** Reading the pattern waits until one of the keywords is met: most never are in a small scan. */
function keywordPlaceOf(regex: string, keywords: readonly string[]): KeywordPlace {
  let isFirst: boolean | undefined;
  return {
    isExact: !regex.includes('(?i'),
    get isFirst() {
      return (isFirst ??= beginsWith(regex, keywords));
    },
  };
}

function emptyOf(packed: PackRule): ConfigRule {
  return {
    id: packed.id,
    description: packed.title,
    secretGroup: 0,
    entropy: 0,
    keywords: packed.match.keywords,
    tags: [],
    isSilent: false,
    required: [],
    allowlists: [],
  };
}

function foreignRule(config: ConfigRule): SecretRule {
  const title = config.description.trim().split('\n')[0] ?? '';
  return {
    rule: {
      id: config.id,
      kind: 'secrets',
      title: title === '' ? `A secret is in the repository (${config.id})` : title.slice(0, 200),
      severity: 'high',
      confidence: /generic/i.test(config.id) ? 'medium' : 'high',
      cwe: 798,
      why: FOREIGN.why,
      lesson: FOREIGN.lesson,
      remedy: FOREIGN.remedy,
      aliases: [`gitleaks/${config.id}`],
      references: [],
      examples: [],
    },
    provider: 'the issuer',
    rotate: FOREIGN.rotate,
    keywords: config.keywords,
    ...(config.regex === undefined ? {} : { finder: lazily(config.regex, config.keywords, { isTrusted: false }) }),
    ...(config.path === undefined ? {} : { path: pathTest(config.path, false) }),
    secretGroup: config.secretGroup,
    ...(config.entropy === 0 ? {} : { entropyMin: config.entropy }),
    isDoubtOnly: false,
    allowlists: config.allowlists.map(compileAllowlist),
    ...(config.filter === undefined ? {} : { filter: compileFilter(config.filter) }),
    required: config.required,
    isSilent: config.isSilent,
    exactness: /generic/i.test(config.id) ? 1 : 3,
    isForeign: true,
  };
}

function pathTest(source: string, isTrusted: boolean): (path: string) => boolean {
  if (!isTrusted) {
    // What cannot be used is told when the configuration is read, not at the first file.
    const finder = compileFinder(source, [], { isTrusted });
    return (path) => finder.test(path);
  }
  const finder = lazily(source, [], { isTrusted });
  return (path) => finder().test(path);
}
