import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { z } from 'zod';
import { digestOfValue } from '../../src/base/index.ts';
import { KINDS, type Kind, pageOf, parseRuleFile, type RulePack } from '../../src/finding/index.ts';
import { renderRulePage, renderRulesIndex } from './page.ts';

/** The folder of the scanner of each kind. Its `rule-schema.ts` exports `ruleMatch`, the schema of `match`. */
export const SCANNER_FOLDERS = {
  secrets: 'secrets',
  code: 'code',
  dependencies: 'dependencies',
  workflows: 'audit',
  infrastructure: 'infrastructure',
  suppressions: 'scan',
} as const satisfies { readonly [kind in Kind]: string };

/** A generated file: path below the root to its text. */
export type Generated = ReadonlyMap<string, string>;

/** Reads every rule file and gives what is generated of them: a pack for each kind and a page for each rule. */
export async function generateRules(root: string): Promise<Generated> {
  const generated = new Map<string, string>();
  const packs: RulePack[] = [];
  for (const kind of KINDS) {
    const pack = await readPack(root, kind);
    if (pack === undefined) continue;
    packs.push(pack);
    const { rules, ...rest } = pack;
    const shipped = rules.map((rule) => ({ ...rule, examples: [] }));
    generated.set(
      `src/${SCANNER_FOLDERS[kind]}/pack.json`,
      `${JSON.stringify({ ...rest, rules: shipped }, null, 1)}\n`,
    );
    for (const rule of rules) generated.set(pageOf(rule), renderRulePage(rule));
  }
  generated.set('docs/rules/index.md', renderRulesIndex(packs));
  return generated;
}

/** The pack of a kind with its examples, from the rule files; nothing when the kind has no scanner yet. */
export async function readPack(root: string, kind: Kind): Promise<RulePack | undefined> {
  const schema = join(root, 'src', SCANNER_FOLDERS[kind], 'rule-schema.ts');
  if (!existsSync(schema)) return undefined;
  const { ruleMatch }: { ruleMatch: z.ZodType } = await import(pathToFileURL(schema).href);
  const folder = join(root, 'rules', kind);
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.yml'))
    .sort();
  const rules = await Promise.all(
    names.map(async (name) => {
      const rule = await parseRuleFile(readFileSync(join(folder, name), 'utf8'), {
        file: `rules/${kind}/${name}`,
        kind,
        match: ruleMatch,
      });
      if (`${rule.id}.yml` !== name) throw new Error(`rules/${kind}/${name} has the id ${rule.id}`);
      return rule;
    }),
  );
  const digest = digestOfValue(rules.map((rule) => ({ ...rule, examples: [] })));
  return { kind, digest, rules };
}
