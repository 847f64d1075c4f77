import { pageOf, type Rule, type RuleExample, type RulePack } from '../../src/finding/index.ts';

/** The page of one rule: why, a bad and a good example, what a reviewer looks for, how it is mended. */
export function renderRulePage(rule: Rule): string {
  const facts = [
    `\`${rule.id}\``,
    `severity ${rule.severity}`,
    `confidence ${rule.confidence}`,
    ...(rule.cwe === undefined ? [] : [`[CWE-${rule.cwe}](https://cwe.mitre.org/data/definitions/${rule.cwe}.html)`]),
  ];
  const bad = rule.examples.find((example) => example.lines.length > 0);
  const good = rule.examples.find((example) => example.lines.length === 0);
  return `${[
    `# ${rule.title}`,
    facts.join(' · '),
    rule.why.trim(),
    ...(bad === undefined ? [] : ['## Bad', renderExample(bad)]),
    ...(good === undefined ? [] : ['## Good', renderExample(good)]),
    '## What a reviewer should look for',
    rule.lesson.trim(),
    '## How it is mended',
    rule.remedy.trim(),
    ...(rule.prevention === undefined
      ? []
      : ['## When it runs here', `${rule.prevention.control}: ${rule.prevention.how.trim()}`]),
    ...(rule.aliases.length === 0
      ? []
      : ['## Names elsewhere', rule.aliases.map((alias) => `\`${alias}\``).join(', ')]),
    ...(rule.references.length === 0 ? [] : ['## More', rule.references.map((url) => `- <${url}>`).join('\n')]),
  ].join('\n\n')}\n`;
}

function renderExample(example: RuleExample): string {
  const text = example.text.replace(/\n$/, '');
  const fence = text.includes('```') ? '~~~~' : '```';
  const place = example.file === undefined ? '' : `\`${example.file}\`\n\n`;
  return `${place}${fence}${languageOf(example.file)}\n${text}\n${fence}`;
}

function languageOf(file: string | undefined): string {
  if (file === undefined) return '';
  const name = file.slice(file.lastIndexOf('/') + 1);
  if (/^(Dockerfile|Containerfile)/.test(name)) return 'dockerfile';
  return name.includes('.') ? name.slice(name.lastIndexOf('.') + 1) : '';
}

/** The list of all rules, one table a kind. */
export function renderRulesIndex(packs: readonly RulePack[]): string {
  return `${[
    '# Rules',
    'Written by `node scripts/rules.ts` from `rules/`.',
    ...packs.flatMap(({ kind, rules }) => [
      `## ${kind} (${rules.length})`,
      [
        '| rule | what is wrong | severity | CWE |',
        '|---|---|---|---|',
        ...rules.map(
          (rule) =>
            `| [\`${rule.id}\`](${pageOf(rule).slice('docs/rules/'.length)}) | ${rule.title.replaceAll('|', '\\|')} | ${rule.severity} | ${rule.cwe ?? ''} |`,
        ),
      ].join('\n'),
    ]),
  ].join('\n\n')}\n`;
}
