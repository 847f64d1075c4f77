import { RE2JS } from 're2js';
import type { Rule } from '../finding/index.ts';
import type { Language } from './ir.ts';
import type { CleanModel, EntryModel, GuardModel, Model, SourceModel } from './model.ts';
import { anchorOf, expandBraces, PatternIndex } from './pattern.ts';
import type { ArgumentSpec, PropagatorSpec, RuleMatch, SinkSpec } from './rule-schema.ts';

export type CodeRule = Rule & { readonly match: RuleMatch };

export type CompiledSink = {
  readonly rule: CodeRule;
  readonly sink: SinkSpec;
  readonly groups: readonly string[];
  readonly flaw: string;
};
export type CompiledSource = { readonly group: string; readonly label: string };
export type CompiledClean = CleanModel & { readonly arg?: ArgumentSpec | undefined };

/** Rules and models of one language, ready to be looked up by paths. */
export type LanguageRules = {
  readonly language: Language;
  readonly calls: PatternIndex<CompiledSink>;
  readonly assigns: PatternIndex<CompiledSink>;
  readonly named: readonly { readonly words: readonly string[]; readonly sink: CompiledSink }[];
  readonly returned: readonly CompiledSink[];
  readonly reads: PatternIndex<CompiledSource>;
  readonly results: PatternIndex<CompiledSource>;
  readonly cleans: PatternIndex<CompiledClean>;
  readonly guards: PatternIndex<GuardModel>;
  readonly propagators: PatternIndex<PropagatorSpec>;
  readonly silent: PatternIndex<true>;
  readonly exits: PatternIndex<true>;
  readonly types: PatternIndex<string>;
  readonly callbacks: PatternIndex<EntryModel>;
  readonly decorators: PatternIndex<EntryModel>;
  readonly entries: readonly EntryModel[];
  readonly cleanTypes: ReadonlySet<string>;
  readonly words: readonly string[];
  /** Roots of modules that the models and rules know: calls into them are not looked for in the tree. */
  readonly modules: ReadonlySet<string>;
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
    types: new PatternIndex<string>(),
    callbacks: new PatternIndex<EntryModel>(),
    decorators: new PatternIndex<EntryModel>(),
  };
  const named: { words: readonly string[]; sink: CompiledSink }[] = [];
  const returned: CompiledSink[] = [];
  const words = new Set<string>();
  const note = (patterns: readonly string[]) => patterns.flatMap(anchorOf).forEach((word) => words.add(word));

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
      if (match.words === undefined) note([...listOf(source.read), ...listOf(source.call)]);
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
      if (match.words === undefined) note([...listOf(sink.call), ...listOf(sink.assign)]);
    }
    for (const word of match.words ?? []) words.add(word);
  }
  return {
    language: model.language,
    ...compiled,
    named,
    returned,
    entries: model.entries.filter(({ callback, decorator }) => callback === undefined && decorator === undefined),
    cleanTypes: new Set(model.cleanTypes),
    words: [...words],
    modules: modulesOf(model, own),
  };
}

type Indexes = Omit<LanguageRules, 'language' | 'named' | 'returned' | 'entries' | 'cleanTypes' | 'words' | 'modules'>;

function addModel(indexes: Indexes, model: Model): void {
  for (const source of model.sources) {
    const value: CompiledSource = { group: source.group, label: source.label };
    for (const one of source.read ?? []) indexes.reads.add(one, value);
    for (const one of source.call ?? []) indexes.results.add(one, value);
  }
  for (const clean of model.cleans) for (const one of clean.call) indexes.cleans.add(one, clean);
  for (const guard of model.guards) for (const one of guard.call) indexes.guards.add(one, guard);
  for (const propagator of model.propagators) {
    for (const one of listOf(propagator.call)) indexes.propagators.add(one, propagator);
  }
  for (const one of model.silent) indexes.silent.add(one, true);
  for (const one of model.exits) indexes.exits.add(one, true);
  for (const [pattern, path] of model.types) indexes.types.add(pattern, path);
  for (const entry of model.entries) {
    for (const one of entry.callback ?? []) indexes.callbacks.add(one, entry);
    for (const one of entry.decorator ?? []) indexes.decorators.add(one, entry);
  }
}

/** The groups of sources that a rule follows; its own are a group of their own. */
function groupsOf({ id, match }: CodeRule): readonly string[] {
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
