import { RE2JS } from 're2js';
import type { Rule } from '../finding/index.ts';
import type { Language } from './ir.ts';
import type { CleanModel, EntryModel, GuardModel, Model, SourceModel } from './model.ts';
import { expandBraces, PatternIndex } from './pattern.ts';
import type { Interest } from './prefilter.ts';
import { sourceGroupsOf, wordGroupsOf } from './words.ts';
import type { ArgumentSpec, PropagatorSpec, RuleMatch, SinkSpec } from './rule-schema.ts';

export type CodeRule = Rule & { readonly match: RuleMatch };

export type CompiledSink = {
  readonly rule: CodeRule;
  readonly sink: SinkSpec;
  readonly groups: readonly string[];
  readonly flaw: string;
};
export type CompiledSource = Pick<SourceModel, 'group' | 'label' | 'fills' | 'isRoute' | 'isAddress'>;
/** A sink that is a comparison, with what its one side is known by. */
export type ComparedSink = {
  readonly sink: CompiledSink;
  readonly paths: PatternIndex<true>;
  readonly words: readonly string[];
};
export type CompiledClean = Omit<CleanModel, 'arg'> & { readonly arg?: ArgumentSpec | undefined };

/** Rules and models of one language, ready to be looked up by paths. */
export type LanguageRules = {
  readonly language: Language;
  readonly calls: PatternIndex<CompiledSink>;
  readonly assigns: PatternIndex<CompiledSink>;
  readonly named: readonly { readonly words: readonly string[]; readonly sink: CompiledSink }[];
  readonly returned: readonly CompiledSink[];
  readonly compared: readonly ComparedSink[];
  readonly hidden: PatternIndex<CompiledSink>;
  readonly routes: readonly CompiledSink[];
  readonly reads: PatternIndex<CompiledSource>;
  readonly results: PatternIndex<CompiledSource>;
  readonly cleans: PatternIndex<CompiledClean>;
  readonly guards: PatternIndex<GuardModel>;
  readonly propagators: PatternIndex<PropagatorSpec>;
  readonly silent: PatternIndex<true>;
  readonly exits: PatternIndex<true>;
  readonly objects: PatternIndex<true>;
  readonly types: PatternIndex<string>;
  readonly callbacks: PatternIndex<EntryModel>;
  readonly decorators: PatternIndex<EntryModel>;
  readonly entries: readonly EntryModel[];
  readonly cleanTypes: ReadonlySet<string>;
  readonly byId: ReadonlyMap<string, CodeRule>;
  readonly interest: Interest;
  /** What a file must have to give something by itself; nothing where all that are of interest may. */
  readonly own: OwnInterest | undefined;
  /** Roots of modules that the models and rules know: calls into them are not looked for in the tree. */
  readonly modules: ReadonlySet<string>;
  readonly libraries: readonly string[];
};

/** A file without any of these may only hand on what comes from others. */
export type OwnInterest = {
  readonly groups: readonly (readonly string[])[];
  /** Parts of names, in lower case. */
  readonly names: readonly string[];
};

export function compileRules(rules: readonly CodeRule[], model: Model): LanguageRules {
  const own = rules.filter(({ match }) => match.languages.includes(model.language));
  const compiled = {
    calls: new PatternIndex<CompiledSink>(),
    assigns: new PatternIndex<CompiledSink>(),
    reads: new PatternIndex<CompiledSource>(),
    results: new PatternIndex<CompiledSource>(),
    cleans: new PatternIndex<CompiledClean>(),
    guards: new PatternIndex<GuardModel>(),
    propagators: new PatternIndex<PropagatorSpec>(),
    silent: new PatternIndex<true>(),
    exits: new PatternIndex<true>(),
    objects: new PatternIndex<true>(),
    types: new PatternIndex<string>(),
    callbacks: new PatternIndex<EntryModel>(),
    decorators: new PatternIndex<EntryModel>(),
    hidden: new PatternIndex<CompiledSink>(),
  };
  const compared: ComparedSink[] = [];
  const routes: CompiledSink[] = [];
  const named: { words: readonly string[]; sink: CompiledSink }[] = [];
  const returned: CompiledSink[] = [];
  const interest = new InterestBuilder(model.language);

  addModel(compiled, model);
  for (const rule of own) {
    const { match } = rule;
    const groups = groupsOf(rule);
    const flaw = match.flaw ?? rule.id;
    for (const source of match.sources ?? []) {
      if (typeof source === 'string') continue;
      const value = { group: `rule:${rule.id}`, label: source.label };
      for (const one of listOf(source.read)) compiled.reads.add(one, value);
      for (const one of listOf(source.call)) compiled.results.add(one, value);
      interest.add({ calls: listOf(source.call), others: listOf(source.read) }, rule);
    }
    for (const { call, when, arg } of match.sanitizers ?? []) {
      const value: CompiledClean = { call: [], flaws: [flaw], arg, ...(when === undefined ? {} : { when }) };
      for (const one of listOf(call)) compiled.cleans.add(one, value);
    }
    for (const propagator of match.propagators ?? []) {
      for (const one of listOf(propagator.call)) compiled.propagators.add(one, propagator);
    }
    for (const sink of match.sinks) {
      const value = { rule, sink, groups, flaw };
      for (const one of listOf(sink.call)) compiled.calls.add(one, value);
      for (const one of listOf(sink.assign)) compiled.assigns.add(one, value);
      if (sink.named !== undefined) named.push({ words: sink.named.map((word) => word.toLowerCase()), sink: value });
      if (sink.returns !== undefined) returned.push(value);
      if (sink.compares !== undefined) compared.push(comparedSink(value, sink.compares));
      for (const one of listOf(sink.hidden)) compiled.hidden.add(one, value);
      if (sink.route !== undefined) routes.push(value);
      const others = [sink.assign, sink.hidden, sink.compares?.paths].flatMap(listOf);
      interest.add({ calls: listOf(sink.call), others }, rule);
    }
    interest.addWords(match);
  }
  return {
    language: model.language,
    ...compiled,
    named,
    returned,
    compared,
    routes,
    entries: model.entries.filter(({ callback, decorator }) => callback === undefined && decorator === undefined),
    cleanTypes: new Set(model.cleanTypes),
    byId: new Map(own.map((rule) => [rule.id, rule])),
    interest: interest.build(model),
    own: model.handsOn === true ? ownInterest(own, model) : undefined,
    modules: modulesOf(model, own),
    libraries: model.libraries ?? [],
  };
}

function comparedSink(sink: CompiledSink, { paths, named }: NonNullable<SinkSpec['compares']>): ComparedSink {
  const index = new PatternIndex<true>();
  for (const one of listOf(paths)) index.add(one, true);
  return { sink, paths: index, words: (named ?? []).map((word) => word.toLowerCase()) };
}

/** A word that stands alone says something from this length on. */
const TELLING_LENGTH = 12;

type Patterns = { readonly calls: readonly string[]; readonly others: readonly string[] };

/** Gathers what files are of interest: by the words of the patterns, or those that a rule names itself. */
class InterestBuilder {
  readonly #language: Language;
  readonly #groups = new Map<string, readonly string[]>();
  readonly #common = new Map<string, readonly string[]>();

  constructor(language: Language) {
    this.#language = language;
  }

  /** A flow through one plain name (`open`, `.send`) is looked for only where something comes in. */
  add(patterns: Patterns, { match: { words, sources }, severity }: CodeRule): void {
    if (words !== undefined) return;
    const isGrave = severity === 'critical' || severity === 'high';
    const groups = [
      ...patterns.calls.flatMap((one) => wordGroupsOf(one, this.#language, true)),
      ...patterns.others.flatMap((one) => wordGroupsOf(one, this.#language, false)),
    ];
    for (const group of groups) {
      const isTelling =
        sources === undefined ||
        (isGrave &&
          (group.length > 1 || group[0]?.includes('.') === true || (group[0]?.length ?? 0) >= TELLING_LENGTH));
      (isTelling ? this.#groups : this.#common).set(group.join(' '), group);
    }
  }

  addWords({ words, sources }: RuleMatch): void {
    for (const word of words ?? []) (sources === undefined ? this.#groups : this.#common).set(word, [word]);
  }

  build(model: Model): Interest {
    return {
      groups: [...this.#groups.values(), ...model.sourceGroups],
      common: [...this.#common.values()],
      sources: model.sourceWords,
    };
  }
}

/** What flaws that are plain from one file name, and what comes in from outside: by the patterns themselves. */
function ownInterest(rules: readonly CodeRule[], model: Model): OwnInterest {
  const { language, sources, entries, sourceWords } = model;
  const made = model.types.map(([, path]) => path);
  const groups: (readonly string[])[] = sourceWords.map((word) => [word]);
  const from = (patterns: readonly string[]) =>
    groups.push(...patterns.flatMap((pattern) => sourceGroupsOf(pattern, language, made)));
  const followed = new Set(rules.flatMap(groupsOf));
  for (const { group, read, call } of sources) if (followed.has(group)) from([...(read ?? []), ...(call ?? [])]);
  for (const { decorator, callback } of entries) from([...(decorator ?? []), ...(callback ?? [])]);
  const names: string[] = [];
  for (const { match } of rules) {
    const { words, sinks } = match;
    for (const source of match.sources ?? [])
      if (typeof source !== 'string') from([...listOf(source.read), ...listOf(source.call)]);
    if (match.sources !== undefined) continue;
    names.push(...sinks.flatMap(({ named }) => named ?? []).map((name) => name.toLowerCase()));
    if (words === undefined) {
      const calls = sinks.flatMap(({ call }) => listOf(call));
      const others = sinks.flatMap((sink) => [sink.assign, sink.hidden, sink.compares?.paths].flatMap(listOf));
      groups.push(
        ...calls.flatMap((one) => wordGroupsOf(one, language, true)),
        ...others.flatMap((one) => wordGroupsOf(one, language, false)),
      );
    } else groups.push(...words.map((word) => [word]));
  }
  return { groups, names };
}

type Indexes = Omit<
  LanguageRules,
  | 'language'
  | 'named'
  | 'returned'
  | 'compared'
  | 'routes'
  | 'entries'
  | 'cleanTypes'
  | 'byId'
  | 'interest'
  | 'own'
  | 'modules'
  | 'libraries'
>;

function addModel(indexes: Indexes, model: Model): void {
  for (const source of model.sources) {
    for (const one of source.read ?? []) indexes.reads.add(one, source);
    for (const one of source.call ?? []) indexes.results.add(one, source);
  }
  for (const clean of model.cleans) for (const one of clean.call) indexes.cleans.add(one, clean);
  for (const guard of model.guards) for (const one of guard.call) indexes.guards.add(one, guard);
  for (const propagator of model.propagators) {
    for (const one of listOf(propagator.call)) indexes.propagators.add(one, propagator);
  }
  for (const one of model.silent) indexes.silent.add(one, true);
  for (const one of model.exits) indexes.exits.add(one, true);
  for (const one of model.objects ?? []) indexes.objects.add(one, true);
  for (const [pattern, path] of model.types) indexes.types.add(pattern, path);
  for (const entry of model.entries) {
    for (const one of entry.callback ?? []) indexes.callbacks.add(one, entry);
    for (const one of entry.decorator ?? []) indexes.decorators.add(one, entry);
  }
}

/** The groups of sources that a rule follows; its own are a group of their own. */
export function groupsOf({ id, match }: CodeRule): readonly string[] {
  return (match.sources ?? []).map((source) => (typeof source === 'string' ? source : `rule:${id}`));
}

function modulesOf(model: Model, rules: readonly CodeRule[]): ReadonlySet<string> {
  const patterns = [
    ...model.sources.flatMap((source: SourceModel) => [...(source.read ?? []), ...(source.call ?? [])]),
    ...model.cleans.flatMap(({ call }) => call),
    ...rules.flatMap(({ match }) => match.sinks.flatMap((sink) => [...listOf(sink.call), ...listOf(sink.assign)])),
  ];
  const roots = patterns
    .flatMap(expandBraces)
    .map((pattern) => /^[\w@/-]+/.exec(pattern)?.[0])
    .filter((root) => root !== undefined);
  return new Set(roots);
}

export function listOf<T extends string>(value: T | readonly T[] | undefined): readonly T[] {
  return value === undefined ? [] : typeof value === 'string' ? [value] : value;
}

const regexes = new Map<string, RE2JS>();

/** Tests with a regular expression of a rule, in linear time whatever it says. */
export function testPattern(source: string, text: string): boolean {
  let regex = regexes.get(source);
  if (regex === undefined) {
    regex = RE2JS.compile(source);
    regexes.set(source, regex);
  }
  return regex.matcher(text.slice(0, PATTERN_TEXT_MAX)).find();
}

/** How much of a text conditions look at, in UTF-16 code units. */
const PATTERN_TEXT_MAX = 2_000;
