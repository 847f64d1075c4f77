import { expect, test } from 'vitest';
import { isFault } from '../base/index.ts';
import { scanFiles } from '../finding/index.ts';
import { expandTemplates } from './fixture.ts';
import { createSecretsScanner, openConfigs, type SecretsSettings } from './index.ts';

const readConfig = await openConfigs();

function load(text: string, files: { readonly [path: string]: string } = {}) {
  return readConfig({ file: '.gitleaks.toml', text, read: (path) => files[path] });
}

function linesOf(
  config: string,
  text: string,
  options: { readonly path?: string; readonly settings?: SecretsSettings } = {},
): readonly string[] {
  const scanner = createSecretsScanner({ config: load(config), ...options.settings });
  const { findings } = scanFiles(scanner, { [options.path ?? 'app.txt']: text });
  return findings.map(({ rule, place }) => `${rule}:${place.line}`).sort();
}

const RULE = `[[rules]]
id = "internal"
description = "An internal token"
regex = '''\\b(int_[a-z0-9]{8})\\b'''
keywords = ["int_"]
`;

test('a rule of a configuration finds, and nothing else does', () => {
  expect(linesOf(RULE, expandTemplates('a\nint_abcd1234\nghp_x AKIAQ{{BASE32:15}}\n'))).toEqual(['internal:2']);
});

test.each([
  ['a rule without an id', '[[rules]]\nregex = "a"', 1],
  ['a rule that finds nothing', '[[rules]]\nid = "a"', 1],
  ['a group that there is not', '[[rules]]\nid = "a"\nregex = "(a)"\nsecretGroup = 2', 4],
  ['a pattern that Go refuses', '[[rules]]\nid = "a"\nregex = "(?=a)"', 3],
  ['a path that Go refuses', '[[rules]]\nid = "a"\nregex = "a"\npath = "("', 4],
  ['an empty allowlist', '[[rules]]\nid = "a"\nregex = "a"\n[[rules.allowlists]]\ndescription = "x"', 4],
  ['an empty allowlist for all', 'title = "x"\n\n[[allowlists]]\n', 3],
  ['both forms of allowlists', '[allowlist]\nregexes = ["a"]\n[[allowlists]]\nregexes = ["b"]', 1],
  ['a target that there is not', '[[allowlists]]\nregexTarget = "file"\nregexes = ["a"]', 2],
  ['a condition that there is not', '[[allowlists]]\ncondition = "XOR"\nregexes = ["a"]', 2],
  ['an allowlist for a rule that there is not', `${RULE}[[allowlists]]\ntargetRules = ["other"]\nregexes = ["a"]`, 7],
  ['a required rule that there is not', `${RULE}[[rules.required]]\nid = "other"`, 6],
  ['a base that cannot be read', '[extend]\npath = "base.toml"', 2],
  ['a base on the network', '[extend]\nurl = "https://corp.dev/base.toml"', 2],
  ['two bases at once', '[extend]\npath = "base.toml"\nuseDefault = true', 1],
  ['a wrong type', '[[rules]]\nid = "a"\nregex = "a"\nentropy = "high"', 4],
  ['a version that is none', 'minVersion = "latest"', 1],
  ['no TOML', 'title = "a"\n[[rules\n', 2],
  ['a filter with an unknown function', `${RULE}filter = '''shell("rm")'''`, 6],
])('%s is refused with its line', (_name, text, line) => {
  let thrown: unknown;
  try {
    load(text);
  } catch (error) {
    thrown = error;
  }

  expect(isFault(thrown) ? thrown.at?.line : thrown).toBe(line);
});

test('a configuration extends another: what it says counts, lists are joined, rules are turned off', () => {
  const base = `${RULE}tags = ["a"]\n[[rules]]\nid = "off"\nregex = "off_[a-z]+"\n`;
  const config = load(
    '[extend]\npath = "base.toml"\ndisabledRules = ["off"]\n[[rules]]\nid = "internal"\ntags = ["b"]\nkeywords = ["tok_"]',
    {
      'base.toml': base,
    },
  );

  expect(config.rules).toMatchObject([
    { id: 'internal', description: 'An internal token', tags: ['a', 'b'], keywords: ['int_', 'tok_'] },
  ]);
});

test('extending the default keeps our rules, but those that are turned off by our name or by that of gitleaks', () => {
  const text = expandTemplates('A={{github:ghp_}}\nB=glpat-{{base62:20}}\n');

  expect(linesOf('[extend]\nuseDefault = true\ndisabledRules = ["github-pat"]', text)).toEqual(['gitlab-pat:2']);
  expect(linesOf('[extend]\nuseDefault = true', text)).toEqual(['github-pat:1', 'gitlab-pat:2']);
});

test.each([
  ['by the secret', "regexes = ['''abcd''']", []],
  ['by the match', "regexTarget = 'match'\nregexes = ['''int_abcd''']", []],
  ['by the line', "regexTarget = 'line'\nregexes = ['''# fake''']", []],
  ['by the path', "paths = ['''app\\.txt''']", []],
  ['by a word', "stopwords = ['ABCD']", []],
  ['by all of several that hold', "condition = 'AND'\npaths = ['''app''']\nstopwords = ['abcd']", []],
  [
    'not when one of all does not hold',
    "condition = 'AND'\npaths = ['''other''']\nstopwords = ['abcd']",
    ['internal:1'],
  ],
  ['not by another word', "stopwords = ['efgh']", ['internal:1']],
])('an allowlist allows %s', (_name, list, expected) => {
  const text = 'int_abcd1234 # fake';

  expect(linesOf(`${RULE}[[rules.allowlists]]\n${list}\n`, text)).toEqual(expected);
  expect(linesOf(`${RULE}[[allowlists]]\n${list}\n`, text)).toEqual(expected);
  expect(linesOf(`${RULE}[[allowlists]]\ntargetRules = ["internal"]\n${list}\n`, text)).toEqual(expected);
});

test('a composite rule needs its other part near', () => {
  const config = `${RULE}[[rules.required]]\nid = "name"\nwithinLines = 2\n[[rules]]\nid = "name"\nregex = "user=[a-z]+"\nskipReport = true\n`;

  expect(linesOf(config, 'user=bob\nint_abcd1234')).toEqual(['internal:2']);
  expect(linesOf(config, 'user=bob\n\n\n\nint_abcd1234')).toEqual([]);
  expect(linesOf(config, 'int_abcd1234')).toEqual([]);
});

test('a rule with a path alone reports the file; with both, only in such files', () => {
  expect(linesOf('[[rules]]\nid = "file"\npath = "\\\\.keys$"', 'x', { path: 'a.keys' })).toEqual(['file:1']);
  expect(linesOf(`${RULE}path = "\\\\.env$"`, 'int_abcd1234')).toEqual([]);
  expect(linesOf(`${RULE}path = "\\\\.env$"`, 'int_abcd1234', { path: 'a.env' })).toEqual(['internal:1']);
});

test('entropy must be above the threshold', () => {
  expect(linesOf(`${RULE}entropy = 2.5`, 'int_aaaaaaaa\nint_a8f3k2z9')).toEqual(['internal:2']);
});

test.each(['gitleaks:allow', 'betterleaks:allow'])('%s on the line allows it', (mark) => {
  expect(linesOf(RULE, `int_abcd1234 # ${mark}\nint_abcd1235`)).toEqual(['internal:2']);
});

test.each([
  ['a fingerprint of a file', { ignore: 'app.txt:internal:1\n# a comment\n' }],
  ['a baseline', { baseline: '[{"RuleID": "internal", "File": "app.txt", "StartLine": 9, "Secret": "int_abcd1234"}]' }],
  [
    'a redacted baseline',
    { baseline: '[{"RuleID": "internal", "File": "app.txt", "StartLine": 1, "Secret": "REDACTED"}]' },
  ],
])('%s sets a finding aside', (_name, ignore) => {
  expect(linesOf(RULE, 'int_abcd1234\nint_abcd1235', { settings: { ignore } })).toEqual(['internal:2']);
});

test('a fingerprint with a commit holds in that commit only', () => {
  const scanner = createSecretsScanner({ config: load(RULE), ignore: { ignore: 'abc123:app.txt:internal:7' } });
  const scan = (sha: string) =>
    scanner
      .scanAdded({ path: 'app.txt', text: 'x\nint_abcd1234', lines: [3, 7], commit: { sha } })
      .matches.map(({ place }) => place.line);

  expect(scan('abc123')).toEqual([]);
  expect(scan('def456')).toEqual([7]);
});

test.each([
  ['entropy(finding["secret"]) <= 3.6', []],
  ['filter.entropy(finding["secret"]) <= 1.5', ['internal:1']],
  ['matchesAny(get(attributes, "path", ""), [`\\.txt$`])', []],
  ['attributes[?"path"].orValue("").endsWith(".txt")', []],
  ['containsAny(finding["line"], ["FAKE"]) && !(finding["secret"] == "x")', []],
  [
    'containsAny(finding["line"], ["fake"]) && (len(finding["secret"]) > 100 || finding["secret"] matches "^x")',
    ['internal:1'],
  ],
  ['let a = finding["secret"]; a[0:4] == "int_"', []],
  ['finding["rule_id"] in ["internal", "other"] ? true : false', []],
  ['attributes["git.sha"] == "x" or not (finding["secret"] startsWith "int_")', ['internal:1']],
])('the filter %s drops what it should', (filter, expected) => {
  expect(linesOf(`${RULE}filter = '''${filter}'''`, 'int_abcd1234 # fake')).toEqual(expected);
});

test.each([
  'entropy(',
  'a.b',
  'shell("x")',
  '"x',
  'matchesAny("a", ["("])',
  'entropy("a", "b")',
  '1 +',
  'let x 1; true',
  'finding.run()',
])('the filter %s is refused', (filter) => {
  expect(() => load(`${RULE}filter = '''${filter}'''`)).toThrow(/filter is invalid/);
});
