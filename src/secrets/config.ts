import { parse, TomlError } from 'smol-toml';
import { type Fault, isFault, reasonOf } from '../base/index.ts';
import type { AllowlistSettings } from './allowlist.ts';
import { configSchema, type RawAllowlist, type RawConfig, type RawRule } from './config-schema.ts';
import { fault } from './faults.ts';
import { compileFilter } from './filter-expression.ts';
import { parsePattern } from './pattern-parse.ts';
import { type TomlPlaces, tomlPlacesOf } from './toml-places.ts';

/** The largest configuration that is read, in characters, the most rules, and how many may extend each other. */
export const CONFIG_LENGTH_MAX = 8 * 1024 * 1024;
const RULES_MAX = 10_000;
export const EXTENDS_MAX = 2;

/** A rule of a configuration. Plain data: it crosses threads. */
export type ConfigRule = {
  readonly id: string;
  readonly description: string;
  readonly regex?: string;
  readonly path?: string;
  readonly secretGroup: number;
  readonly entropy: number;
  readonly keywords: readonly string[];
  readonly tags: readonly string[];
  readonly isSilent: boolean;
  readonly required: readonly { readonly id: string; readonly withinLines?: number; readonly withinColumns?: number }[];
  readonly allowlists: readonly AllowlistSettings[];
  readonly filter?: string;
};

/** A configuration with all that it extends put in. Plain data: it crosses threads. */
export type SecretsConfig = {
  readonly file: string;
  readonly title: string;
  readonly rules: readonly ConfigRule[];
  readonly allowlists: readonly AllowlistSettings[];
  /** Whether it extends the rules that come with this scanner. */
  readonly usesOwn: boolean;
  /** Ids of rules of ours that it turns off: our own or gitleaks' names. */
  readonly disabled: readonly string[];
  readonly filter?: string;
  readonly prefilter?: string;
  /** What was read and does not count, one sentence each. */
  readonly notes: readonly string[];
};

export type ConfigInput = {
  readonly file: string;
  readonly text: string;
  /** The text of a file that it extends, by the path as it is written there; nothing when there is none. */
  readonly read: (path: string) => string | undefined;
  /** Whether a rule of ours has this id or alias. */
  readonly isOwnRule: (id: string) => boolean;
};

/**
 * Reads a `.gitleaks.toml` or `.betterleaks.toml`. What gitleaks refuses is refused, with the line:
 * `secrets/config-invalid`, `secrets/pattern-invalid`, `secrets/filter-invalid`.
 */
export function loadConfig(input: ConfigInput): SecretsConfig {
  const { config, places, targets } = loadOne(input, 0);
  const refuse = refuserOf(input.file, places);
  for (const [index, rule] of config.rules.entries()) {
    const isOwn = config.usesOwn && input.isOwnRule(rule.id);
    const from = rule.origin ?? index;
    if (rule.regex === undefined && rule.path === undefined && !isOwn) {
      throw refuse(['rules', from], `the rule ${rule.id} has neither a regex nor a path`);
    }
    if (rule.regex !== undefined && rule.secretGroup > parsePattern(rule.regex).groups) {
      throw refuse(['rules', from, 'secretGroup'], `the rule ${rule.id} has no group ${rule.secretGroup} in its regex`);
    }
    for (const [at, { id }] of rule.required.entries()) {
      if (!config.rules.some((other) => other.id === id) && !(config.usesOwn && input.isOwnRule(id))) {
        throw refuse(['rules', from, 'required', at], `the rule ${rule.id} requires ${id}, which there is not`);
      }
    }
  }
  let { rules } = config;
  for (const { ids, list, path } of targets) {
    for (const id of ids) {
      const isOwn = config.usesOwn && input.isOwnRule(id);
      if (!rules.some((rule) => rule.id === id)) {
        if (!isOwn) throw refuse(path, `the allowlist targets the rule ${id}, which there is not`);
        rules = [...rules, emptyRule(id)];
      }
      rules = rules.map((rule) => (rule.id === id ? { ...rule, allowlists: [...rule.allowlists, list] } : rule));
    }
  }
  return { ...config, rules: rules.map(withoutOrigin) };
}

type DraftRule = ConfigRule & { readonly origin?: number };
type Draft = Omit<SecretsConfig, 'rules'> & { readonly rules: readonly DraftRule[] };
type Target = {
  readonly ids: readonly string[];
  readonly list: AllowlistSettings;
  readonly path: readonly (string | number)[];
};
type Refuse = (path: readonly (string | number)[], message: string) => Fault;
type Loaded = { readonly config: Draft; readonly places: TomlPlaces; readonly targets: readonly Target[] };

function emptyRule(id: string): DraftRule {
  return {
    id,
    description: '',
    secretGroup: 0,
    entropy: 0,
    keywords: [],
    tags: [],
    isSilent: false,
    required: [],
    allowlists: [],
  };
}

/** Where a rule stood in its own file says nothing in another. */
function withoutOrigin(rule: DraftRule): ConfigRule {
  const { origin, ...rest } = rule;
  return origin === undefined ? rule : rest;
}

function refuserOf(file: string, places: TomlPlaces): Refuse {
  return (path, message) => fault('config-invalid', message, { at: { file, ...places(path) } });
}

function loadOne(input: ConfigInput, depth: number): Loaded {
  const { file, text } = input;
  if (text.length > CONFIG_LENGTH_MAX) {
    throw fault('config-invalid', `it is larger than ${CONFIG_LENGTH_MAX} characters`, {
      at: { file, line: 1, column: 1 },
    });
  }
  const value = parseToml(file, text);
  const places = tomlPlacesOf(text);
  const refuse = refuserOf(file, places);
  const result = configSchema.safeParse(lowerKeys(value));
  if (!result.success) {
    const [issue] = result.error.issues;
    const path = (issue?.path ?? []).map((part) => (typeof part === 'number' ? part : String(part)));
    throw refuse(path, `${path.join('.') || 'the file'}: ${issue?.message ?? 'invalid'}`);
  }
  const raw = result.data;
  checkVersion(raw, refuse);
  const rules = readRules(raw, refuse);
  const { lists, targets } = readGlobalLists(raw, refuse);
  for (const key of ['filter', 'prefilter'] as const) checkFilter(raw[key], [key], refuse);
  const draft: Draft = {
    file,
    title: raw.title ?? '',
    rules,
    allowlists: lists,
    usesOwn: raw.extend?.usedefault === true,
    disabled: [],
    ...(raw.filter === undefined ? {} : { filter: raw.filter }),
    ...(raw.prefilter === undefined ? {} : { prefilter: raw.prefilter }),
    notes: [],
  };
  return { config: extend(draft, raw, input, { depth, refuse }), places, targets };
}

function parseToml(file: string, text: string): unknown {
  try {
    return parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    const at = error instanceof TomlError ? { line: error.line, column: error.column } : { line: 1, column: 1 };
    throw fault('config-invalid', reasonOf(error).split('\n')[0] ?? '', { at: { file, ...at } });
  }
}

/** gitleaks reads keys in any case. */
function lowerKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(lowerKeys);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key.toLowerCase(), lowerKeys(member)]));
}

function checkVersion(raw: RawConfig, refuse: Refuse): void {
  for (const key of ['minversion', 'betterleaksminversion'] as const) {
    const version = raw[key];
    if (version !== undefined && version !== '' && !/^v?\d+(?:\.\d+){0,2}(?:-[\w.-]+)?(?:\+[\w.-]+)?$/.test(version)) {
      throw refuse([key], `${JSON.stringify(version.slice(0, 40))} is no version`);
    }
  }
}

function checkPattern(source: string, path: readonly (string | number)[], refuse: Refuse): void {
  try {
    parsePattern(source);
  } catch (error) {
    throw refuse(path, `the pattern is invalid: ${reasonOf(error)}`);
  }
}

function checkFilter(source: string | undefined, path: readonly (string | number)[], refuse: Refuse): void {
  if (source === undefined) return;
  try {
    compileFilter(source);
  } catch (error) {
    if (!isFault(error)) throw error;
    throw refuse(path, `the filter is invalid: ${error.message}`);
  }
}

function readRules(raw: RawConfig, refuse: Refuse): readonly DraftRule[] {
  const rules = new Map<string, DraftRule>();
  if ((raw.rules?.length ?? 0) > RULES_MAX) throw refuse(['rules'], `there are more than ${RULES_MAX} rules`);
  for (const [index, rule] of (raw.rules ?? []).entries()) {
    const made = readRule(rule, index, refuse);
    // The last of two with one id counts, as in gitleaks.
    rules.set(made.id, made);
  }
  return [...rules.values()];
}

function readRule(rule: RawRule, index: number, refuse: Refuse): DraftRule {
  const path = ['rules', index];
  const id = (rule.id ?? '').trim();
  if (id === '') throw refuse(path, 'a rule has no id');
  if (rule.allowlist !== undefined && rule.allowlists !== undefined) {
    throw refuse([...path, 'allowlist'], `the rule ${id} has both [rules.allowlist] and [[rules.allowlists]]`);
  }
  const isText = (text: string | undefined) => text !== undefined && text !== '';
  if (isText(rule.regex)) checkPattern(rule.regex ?? '', [...path, 'regex'], refuse);
  if (isText(rule.path)) checkPattern(rule.path ?? '', [...path, 'path'], refuse);
  for (const key of ['filter', 'prefilter'] as const) checkFilter(rule[key], [...path, key], refuse);
  const own = rule.allowlist === undefined ? [] : [readAllowlist(rule.allowlist, [...path, 'allowlist'], refuse)];
  const lists = (rule.allowlists ?? []).map((list, at) => readAllowlist(list, [...path, 'allowlists', at], refuse));
  const required = (rule.required ?? []).map((one, at) => {
    const requiredId = (one.id ?? '').trim();
    if (requiredId === '') throw refuse([...path, 'required', at], `the rule ${id} requires a rule without an id`);
    return {
      id: requiredId,
      ...(one.withinlines === undefined ? {} : { withinLines: one.withinlines }),
      ...(one.withincolumns === undefined ? {} : { withinColumns: one.withincolumns }),
    };
  });
  return {
    id,
    description: rule.description ?? '',
    ...(isText(rule.regex) ? { regex: rule.regex ?? '' } : {}),
    ...(isText(rule.path) ? { path: rule.path ?? '' } : {}),
    secretGroup: rule.secretgroup ?? rule.valuegroup ?? 0,
    entropy: rule.entropy ?? 0,
    keywords: (rule.keywords ?? []).map((keyword) => keyword.toLowerCase()).filter((keyword) => keyword !== ''),
    tags: rule.tags ?? [],
    isSilent: rule.skipreport ?? false,
    required,
    allowlists: [...own, ...lists],
    ...(rule.filter === undefined ? {} : { filter: rule.filter }),
    origin: index,
  };
}

function readAllowlist(list: RawAllowlist, path: readonly (string | number)[], refuse: Refuse): AllowlistSettings {
  const condition = (list.condition ?? '').toUpperCase();
  if (!['', 'OR', '||', 'AND', '&&'].includes(condition)) {
    throw refuse([...path, 'condition'], `the condition ${JSON.stringify(list.condition)} is neither AND nor OR`);
  }
  const target = list.regextarget ?? '';
  if (target !== '' && target !== 'secret' && target !== 'match' && target !== 'line') {
    throw refuse(
      [...path, 'regexTarget'],
      `the regexTarget ${JSON.stringify(target)} is none of secret, match and line`,
    );
  }
  const { commits = [], paths = [], regexes = [], stopwords = [] } = list;
  if (commits.length + paths.length + regexes.length + stopwords.length === 0) {
    throw refuse(path, 'an allowlist needs commits, paths, regexes or stopwords');
  }
  for (const source of regexes) checkPattern(source, [...path, 'regexes'], refuse);
  for (const source of paths) checkPattern(source, [...path, 'paths'], refuse);
  return {
    isAnd: condition === 'AND' || condition === '&&',
    commits,
    paths,
    regexes,
    regexTarget: target === 'match' || target === 'line' ? target : 'secret',
    stopwords,
  };
}

function readGlobalLists(
  raw: RawConfig,
  refuse: Refuse,
): { readonly lists: readonly AllowlistSettings[]; readonly targets: readonly Target[] } {
  if (raw.allowlist !== undefined && raw.allowlists !== undefined) {
    throw refuse(['allowlist'], 'there are both [allowlist] and [[allowlists]]');
  }
  const lists: AllowlistSettings[] = [];
  const targets: Target[] = [];
  const all = raw.allowlist === undefined ? (raw.allowlists ?? []) : [raw.allowlist];
  for (const [at, one] of all.entries()) {
    const path = raw.allowlist === undefined ? ['allowlists', at] : ['allowlist'];
    const list = readAllowlist(one, path, refuse);
    if (one.targetrules === undefined || one.targetrules.length === 0) lists.push(list);
    else targets.push({ ids: one.targetrules, list, path: [...path, 'targetRules'] });
  }
  return { lists, targets };
}

function extend(
  draft: Draft,
  raw: RawConfig,
  input: ConfigInput,
  at: { readonly depth: number; readonly refuse: Refuse },
): Draft {
  const { path = '', url = '', usedefault = false, disabledrules = [] } = raw.extend ?? {};
  if (url !== '')
    throw at.refuse(
      ['extend', 'url'],
      'extending from a URL is not supported: nothing is fetched while a scan is set up',
    );
  if (path !== '' && usedefault) throw at.refuse(['extend'], 'extend.path and extend.useDefault cannot stand together');
  if (usedefault) return { ...draft, disabled: disabledrules };
  if (path === '') return draft;
  if (at.depth >= EXTENDS_MAX)
    return {
      ...draft,
      notes: [...draft.notes, `${path} is not read: no more than ${EXTENDS_MAX} files extend each other`],
    };
  const text = input.read(path);
  if (text === undefined) throw at.refuse(['extend', 'path'], `${path.slice(0, 200)} cannot be read`);
  const base = loadOne({ ...input, file: path, text }, at.depth + 1).config;
  const rules = new Map<string, DraftRule>(draft.rules.map((rule) => [rule.id, rule]));
  for (const rule of base.rules.map(withoutOrigin)) {
    if (disabledrules.includes(rule.id)) continue;
    const own = rules.get(rule.id);
    rules.set(rule.id, own === undefined ? rule : mergeRules(rule, own));
  }
  return {
    ...draft,
    rules: [...rules.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
    allowlists: [...draft.allowlists, ...base.allowlists],
    usesOwn: base.usesOwn,
    disabled: [...base.disabled, ...disabledrules],
    ...(draft.filter === undefined && base.filter !== undefined ? { filter: base.filter } : {}),
    ...(draft.prefilter === undefined && base.prefilter !== undefined ? { prefilter: base.prefilter } : {}),
    notes: [...draft.notes, ...base.notes],
  };
}

/** What the extending rule says counts; lists are joined. */
export function mergeRules(base: ConfigRule, over: DraftRule): DraftRule {
  return {
    ...base,
    ...(over.description === '' ? {} : { description: over.description }),
    ...(over.entropy === 0 ? {} : { entropy: over.entropy }),
    ...(over.secretGroup === 0 ? {} : { secretGroup: over.secretGroup }),
    ...(over.regex === undefined ? {} : { regex: over.regex }),
    ...(over.path === undefined ? {} : { path: over.path }),
    ...(over.filter === undefined ? {} : { filter: over.filter }),
    tags: [...base.tags, ...over.tags],
    keywords: [...base.keywords, ...over.keywords],
    allowlists: [...base.allowlists, ...over.allowlists],
    required: [...base.required, ...over.required],
    ...(over.origin === undefined ? {} : { origin: over.origin }),
  };
}
