import { digestOfValue } from '../base/index.ts';
import type { FileOutcome, FileView, Gap, RulePack, Scanner } from '../finding/index.ts';
import { analyse } from './analyse.ts';
import { type CodeRule, compileRules, type LanguageRules } from './compile.ts';
import { type CodeFacts, factsOf } from './facts.ts';
import type { FrontEnd } from './front-end.ts';
import { LANGUAGES_KNOWN } from './languages.ts';
import type { Model } from './model.ts';
import { link } from './link.ts';
import { parseRuleFile } from '../finding/index.ts';
import pack from './pack.json' with { type: 'json' };
import { wordSearch } from './prefilter.ts';
import { ruleMatch } from './rule-schema.ts';
import { loadParser, type Parse } from './tree.ts';

/** The largest file that is looked at, in bytes. Larger ones are generated. */
export const CODE_BYTES_MAX = 1024 * 1024;

/** A line this long, on the average, is not written by hand: minified or generated. UTF-16 code units. */
const LINE_LENGTH_MAX = 400;

/** Goes up when the engine answers differently for the same rules: part of the key of cached results. */
const ENGINE_VERSION = 1;

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
  readonly parsers: ReadonlyMap<string, Parse>;
};

/** Loads the grammars and gives a scanner of code. */
export async function createCodeScanner(settings: CodeSettings = {}): Promise<Scanner<CodeFacts>> {
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
  const find = (path: string) => byEnding.get(path.slice(path.lastIndexOf('.')));
  return {
    kind: 'code',
    rules,
    settings: digestOfValue([ENGINE_VERSION, shipped.digest, rules.map(({ id }) => id), settings.rules ?? []]),
    wants: (path, bytes) => bytes > 0 && bytes <= CODE_BYTES_MAX && find(path) !== undefined && !isGenerated(path),
    scanFile(file) {
      const found = find(file.path);
      return found === undefined || !found.loaded.hasWords(file.bytes) ? { matches: [] } : scanOne(file, found);
    },
    finish: (facts) => ({ matches: link(facts) }),
  };
}

async function loadLanguage(frontEnd: FrontEnd, model: Model, rules: readonly CodeRule[]): Promise<LoadedLanguage> {
  const compiled = compileRules(rules, model);
  const parsers = new Map<string, Parse>();
  for (const grammar of new Set(Object.values(frontEnd.grammars))) parsers.set(grammar, await loadParser(grammar));
  return { frontEnd, rules: compiled, hasWords: wordSearch(compiled.words), parsers };
}

function scanOne(
  file: FileView,
  { loaded, parse }: { readonly loaded: LoadedLanguage; readonly parse: Parse },
): FileOutcome<CodeFacts> {
  const { text } = file;
  if (isMinified(text)) return { matches: [] };
  const tree = parse(text);
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

/** Built, bundled and vendored files: their authors are elsewhere. */
function isGenerated(path: string): boolean {
  return /(?:^|\/)(?:node_modules|bower_components|vendor|site-packages|\.venv|venv)\/|\.min\.[cm]?js$|[.-]bundle\.js$|\.d\.[cm]?ts$|_pb2(?:_grpc)?\.py$|\.pb\.go$/.test(
    path,
  );
}

function isMinified(text: string): boolean {
  if (text.length < 5_000) return false;
  let lines = 1;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines += 1;
  return text.length / lines > LINE_LENGTH_MAX;
}
