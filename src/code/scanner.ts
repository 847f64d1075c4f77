import { digestOfValue } from '../base/index.ts';
import { decoded, endingOfScript, hasNoEnding, hasOtherLetters } from './decode.ts';
import type { FileOutcome, FileView, Gap, RulePack, Scanner } from '../finding/index.ts';
import { analyse } from './analyse.ts';
import { type CodeRule, compileRules, groupsOf, type LanguageRules } from './compile.ts';
import { type CodeFacts, factsOf, type PutOffFacts } from './facts.ts';
import type { FrontEnd } from './front-end.ts';
import { LANGUAGES_KNOWN } from './languages.ts';
import type { Model } from './model.ts';
import { type Linked, link } from './link.ts';
import { mentionsOf } from './mentions.ts';
import { parseRuleFile } from '../finding/index.ts';
import pack from './pack.json' with { type: 'json' };
import { interestSearch, ownSearch } from './prefilter.ts';
import { type Condition, ruleMatch } from './rule-schema.ts';
import { isSettingsFile, linkSettings, readSettings, type SettingsFacts } from './settings.ts';
import { loadParser, type Parse } from './tree.ts';

/** The largest file that is looked at, in bytes. Larger ones are told as gaps. */
export const CODE_BYTES_MAX = 1024 * 1024;

/** Goes up when the engine answers differently for the same rules: part of the key of cached results. */
const ENGINE_VERSION = 5;

export type CodeSettings = {
  /** Further rules. */
  readonly rules?: readonly CodeRule[];
  /** Rules that are not used, by id. */
  readonly disabled?: readonly string[];
};

/** Reads rules that a team wrote: path to text. Throws `finding/rule-invalid` with the place of what is wrong. */
export async function loadRules(files: { readonly [path: string]: string }): Promise<readonly CodeRule[]> {
  const sorted = Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1));
  return Promise.all(sorted.map(([file, text]) => parseRuleFile(text, { file, kind: 'code', match: ruleMatch })));
}

/** Written by `node scripts/rules.ts`, which has checked it. */
const shipped = pack as unknown as RulePack<CodeRule['match']>;

type LoadedLanguage = {
  readonly frontEnd: FrontEnd;
  readonly rules: LanguageRules;
  readonly hasWords: (bytes: Uint8Array) => boolean;
  /** Whether it may give something by itself. */
  readonly hasOwn: (bytes: Uint8Array) => boolean;
  readonly parsers: ReadonlyMap<string, Parse>;
};

type AnyFacts = CodeFacts | SettingsFacts | PutOffFacts;

/** Loads the grammars and gives a scanner of code. */
export async function createCodeScanner(settings: CodeSettings = {}): Promise<Scanner<AnyFacts>> {
  const disabled = new Set(settings.disabled);
  const rules = [...shipped.rules, ...(settings.rules ?? [])].filter(({ id }) => !disabled.has(id));
  const byEnding = new Map<string, { readonly loaded: LoadedLanguage; readonly parse: Parse }>();
  for (const { frontEnd, model } of LANGUAGES_KNOWN) {
    const loaded = await loadLanguage(frontEnd, model, rules);
    for (const [ending, grammar] of Object.entries(frontEnd.grammars)) {
      const parse = loaded.parsers.get(grammar);
      if (parse !== undefined) byEnding.set(ending, { loaded, parse });
    }
  }
  const asked = conditionsAsked(rules);
  const groups = followedGroups(rules);
  const find = (path: string) => byEnding.get(path.slice(path.lastIndexOf('.')));
  const findFor = ({ path, bytes }: FileView) =>
    hasNoEnding(path) ? byEnding.get(endingOfScript(bytes) ?? '') : find(path);
  return {
    kind: 'code',
    rules,
    settings: digestOfValue([ENGINE_VERSION, shipped.digest, rules.map(({ id }) => id), settings.rules ?? []]),
    wants: (path, bytes) =>
      bytes > 0 &&
      (find(path) !== undefined || isSettingsFile(path) || (hasNoEnding(path) && bytes <= CODE_BYTES_MAX)) &&
      !DECLARATIONS.test(path),
    scanFile(given, options) {
      if (isSettingsFile(given.path)) {
        const settingsFacts = readSettings(given, asked);
        return settingsFacts === undefined ? { matches: [] } : { matches: [], facts: settingsFacts };
      }
      const found = findFor(given);
      if (found === undefined) return { matches: [] };
      const file = decoded(given);
      const { hasWords, hasOwn, frontEnd } = found.loaded;
      const isWanted =
        file !== given || hasWords(file.bytes) || (frontEnd.language === 'python' && hasOtherLetters(file.bytes));
      if (!isWanted) return { matches: [] };
      if (file.bytes.length > CODE_BYTES_MAX) return { matches: [], gaps: [tooLarge(file)] };
      const isPutOff = options?.mayPutOff === true && file === given && !hasOwn(file.bytes);
      return isPutOff ? putOff(file, frontEnd.language) : scanOne(file, found);
    },
    finish(facts) {
      const { code, settings } = sorted(facts);
      const uses = new Map([...code].flatMap(([file, one]) => (one.settings ? [[file, one.settings]] : [])));
      const { matches, isSpent } = linkSorted(facts, groups);
      return {
        matches: [...matches, ...linkSettings(uses, settings)],
        ...(isSpent ? { gaps: [TOO_MANY_WAYS] } : {}),
      };
    },
    demands: (facts) => linkSorted(facts, groups).demands,
  };
}

/** What rules ask of values that files of settings may set. */
function conditionsAsked(rules: readonly CodeRule[]): readonly Condition[] {
  return rules.flatMap(({ match }) =>
    match.sinks.flatMap(({ when }) => (when ?? []).filter(({ setting }) => setting === true)),
  );
}

/** The groups of sources that rules follow, by language. */
function followedGroups(rules: readonly CodeRule[]): ReadonlyMap<string, ReadonlySet<string>> {
  const languages = new Set(rules.flatMap(({ match }) => match.languages));
  return new Map(
    [...languages].map((language) => [
      language,
      new Set(rules.filter(({ match }) => match.languages.includes(language)).flatMap(groupsOf)),
    ]),
  );
}

function putOff(file: FileView, language: CodeFacts['language']): FileOutcome<PutOffFacts> {
  return {
    matches: [],
    facts: { language: 'put-off', of: language, mentions: mentionsOf(file.bytes) },
    isPutOff: true,
  };
}

function sorted(facts: ReadonlyMap<string, AnyFacts>): {
  readonly code: ReadonlyMap<string, CodeFacts>;
  readonly settings: ReadonlyMap<string, SettingsFacts>;
  readonly putOff: ReadonlyMap<string, PutOffFacts>;
} {
  const code = new Map<string, CodeFacts>();
  const settings = new Map<string, SettingsFacts>();
  const waiting = new Map<string, PutOffFacts>();
  for (const [file, one] of facts) {
    if (one.language === 'properties') settings.set(file, one);
    else if (one.language === 'put-off') waiting.set(file, one);
    else code.set(file, one);
  }
  return { code, settings, putOff: waiting };
}

function linkSorted(facts: ReadonlyMap<string, AnyFacts>, groups: ReadonlyMap<string, ReadonlySet<string>>): Linked {
  const { code, putOff: waiting } = sorted(facts);
  const files = [...facts].flatMap(([file, { language }]) => (language === 'properties' ? [] : [file]));
  return link(code, { putOff: waiting, files: new Set(files), groups: (language) => groups.get(language) });
}

async function loadLanguage(frontEnd: FrontEnd, model: Model, rules: readonly CodeRule[]): Promise<LoadedLanguage> {
  const compiled = compileRules(rules, model);
  const parsers = new Map<string, Parse>();
  for (const grammar of new Set(Object.values(frontEnd.grammars))) parsers.set(grammar, await loadParser(grammar));
  const hasOwn = compiled.own === undefined ? () => true : ownSearch(compiled.own, frontEnd.language);
  return { frontEnd, rules: compiled, hasWords: interestSearch(compiled.interest), hasOwn, parsers };
}

function scanOne(
  file: FileView,
  { loaded, parse }: { readonly loaded: LoadedLanguage; readonly parse: Parse },
): FileOutcome<CodeFacts> {
  const { text } = file;
  // A byte order mark is no code; a line feed in its place keeps the offsets.
  const tree = parse(text.startsWith('\uFEFF') ? `\n${text.slice(1)}` : text);
  const analysis = analyse(file, loaded.frontEnd.lower(tree), loaded.rules);
  const gaps: Gap[] = [];
  if (tree.isCut || analysis.isSpent) {
    gaps.push({
      code: 'code-too-complex',
      file: file.path,
      reason: tree.isCut
        ? 'It is nested too deeply or too long to be looked at whole.'
        : 'Its control flow is too large to be gone through whole.',
      help: 'Split the file, or suppress it if it is generated.',
    });
  }
  const facts = factsOf(analysis.machine);
  return {
    matches: analysis.matches,
    ...(facts === undefined ? {} : { facts }),
    ...(gaps.length === 0 ? {} : { gaps }),
  };
}

const TOO_MANY_WAYS: Gap = {
  code: 'code-too-complex',
  reason: 'There are too many ways of values from file to file to go them all.',
  help: 'Scan parts of the tree by themselves: sallyport scan FOLDER.',
};

/** Types alone: nothing of them runs. */
const DECLARATIONS = /\.d\.[cm]?ts$/;

function tooLarge({ path, bytes }: FileView): Gap {
  return {
    code: 'file-too-large',
    file: path,
    reason: `It has ${bytes.length} bytes; flaws in code are looked for in files of at most ${CODE_BYTES_MAX}.`,
    help: 'Split the file; or, if a program wrote it, say so in its first lines (`@generated`).',
  };
}
