import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkExamples } from '../../test/rules/examples.ts';
import { readPack } from '../../test/rules/packs.ts';
import { compileFinder } from './finder.ts';
import { expandExample } from './fixture.ts';
import { createSecretsScanner } from './index.ts';
import { ruleMatch } from './rule-schema.ts';

const pack = await readPack(join(import.meta.dirname, '../..'), 'secrets');
const rules = (pack?.rules ?? []).map((rule) => ({ ...rule, match: ruleMatch.parse(rule.match) }));
const scanner = createSecretsScanner();

describe('every rule of secrets', () => {
  test('there are at least 220', () => {
    expect(rules.length).toBeGreaterThan(220);
  });

  test.each(rules.map((rule) => [rule.id, rule] as const))('%s finds its examples', (_id, rule) => {
    checkExamples(
      { ...rule, examples: rule.examples.map((example) => expandExample(example, rule.id)) },
      scanner,
      'app.env',
    );
  });

  test('names keywords that every match of its pattern holds', () => {
    const loose = rules.filter(
      ({ match }) =>
        match.regex !== undefined && !compileFinder(match.regex, match.keywords, { isTrusted: true }).isLocal,
    );

    expect(loose.map(({ id }) => id)).toEqual([]);
  });

  test('has exactly one way to be found', () => {
    const ways = rules.filter(
      ({ match }) =>
        [
          match.regex !== undefined || (match.path !== undefined && match.value === undefined),
          match.value !== undefined,
          match.generic !== undefined,
        ].filter(Boolean).length !== 1,
    );

    expect(ways.map(({ id }) => id)).toEqual([]);
  });

  test('writes no secret into its file', () => {
    const files = Object.fromEntries(rules.map((rule) => [rule.id, rule.examples.map(({ text }) => text).join('\n')]));
    const found = Object.entries(files).filter(
      ([, text]) => scanner.scanAdded({ path: 'rule.yml', text, lines: 1 }).matches.length > 0,
    );

    expect(found.map(([id]) => id)).toEqual([]);
  });
});
