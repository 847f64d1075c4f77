import type { Kind } from '../finding/index.ts';
import {
  at,
  confidenceOf,
  cweOf,
  type Imported,
  list,
  number,
  placeOf,
  severityOf,
  severityOfScore,
  text,
  type Value,
} from './import-model.ts';

const KIND_OF: readonly (readonly [RegExp, Kind])[] = [
  [/leaks|trufflehog|detect-secrets|kingfisher/, 'secrets'],
  [/grype|osv|snyk|dependency|npm-audit|pip-audit/, 'dependencies'],
  [/zizmor|poutine|actionlint|octoscan/, 'workflows'],
  [/checkov|kics|tfsec|terrascan|hadolint|kube|trivy/, 'infrastructure'],
];

export function kindOf(tool: string): Kind {
  return KIND_OF.find(([pattern]) => pattern.test(tool))?.[1] ?? 'code';
}

export function isSarif(report: Value): boolean {
  return Array.isArray(at(report, 'runs')) && text(report, 'version').startsWith('2.');
}

/** SARIF 2.1.0 of any tool. What is suppressed in it, or passed, is no finding. */
export function readSarif(report: Value): readonly Imported[] {
  return list(report, 'runs').flatMap((run) => {
    const tool = toolOf(run);
    const rules = rulesOf(run);
    return list(run, 'results').flatMap((result) => {
      const kind = text(result, 'kind');
      if (list(result, 'suppressions').length > 0 || (kind !== '' && kind !== 'fail')) return [];
      const one = resultOf(result, { tool, rules, run });
      return one === undefined ? [] : [one];
    });
  });
}

function toolOf(run: Value): string {
  const name = text(run, 'tool', 'driver', 'name').toLowerCase();
  const known =
    /semgrep|opengrep|gitleaks|betterleaks|trivy|grype|osv-scanner|zizmor|poutine|checkov|bandit|gosec|codeql/.exec(
      name,
    )?.[0];
  return (
    known ??
    (name
      .replaceAll(/[^a-z0-9.-]+/g, '-')
      .replaceAll(/^-+|-+$/g, '')
      .slice(0, 60) ||
      'other')
  );
}

function rulesOf(run: Value): ReadonlyMap<string, Value> {
  const parts = [at(run, 'tool', 'driver'), ...list(run, 'tool', 'extensions')];
  return new Map(parts.flatMap((part) => list(part, 'rules')).map((rule) => [text(rule, 'id'), rule]));
}

function resultOf(
  result: Value,
  { tool, rules, run }: { readonly tool: string; readonly rules: ReadonlyMap<string, Value>; readonly run: Value },
): Imported | undefined {
  const index = at(result, 'ruleIndex');
  const indexed = typeof index === 'number' ? at(run, 'tool', 'driver', 'rules', index) : undefined;
  const id = text(result, 'ruleId') || text(result, 'rule', 'id') || text(indexed, 'id');
  const rule = rules.get(id) ?? indexed;
  const place = at(result, 'locations', 0, 'physicalLocation');
  const file = text(place, 'artifactLocation', 'uri');
  if (id === '' || file === '') return undefined;
  const region = at(place, 'region');
  const score = Number.parseFloat(
    text(rule, 'properties', 'security-severity') || text(result, 'properties', 'security-severity'),
  );
  const level = text(result, 'level') || text(rule, 'defaultConfiguration', 'level') || 'warning';
  const tags = list(rule, 'properties', 'tags').map((tag) => text(tag));
  const weaknesses = [
    ...list(result, 'taxa').map((one) => text(one, 'id')),
    ...list(rule, 'relationships').map((one) => text(one, 'target', 'id')),
  ].filter((one) => /cwe|^\d+$/i.test(one));
  const cwe = cweOf(
    ...weaknesses,
    ...tags.filter((tag) => /cwe/i.test(tag)),
    ...list(rule, 'properties', 'cwe').map((one) => text(one)),
  );
  const title = text(rule, 'shortDescription', 'text') || text(rule, 'name') || id;
  const fingerprints = at(result, 'partialFingerprints') ?? at(result, 'fingerprints');
  return {
    tool,
    rule: id,
    kind: tags.includes('secret') ? 'secrets' : kindOf(tool),
    title,
    message: text(result, 'message', 'text') || title,
    severity: Number.isFinite(score) ? severityOfScore(score) : severityOf(level),
    confidence: confidenceOf(text(rule, 'properties', 'precision') || text(result, 'properties', 'confidence')),
    ...(cwe === undefined ? {} : { cwe }),
    file,
    ...placeOf(
      number(region, 'startLine'),
      number(region, 'startColumn'),
      number(region, 'endLine'),
      number(region, 'endColumn'),
    ),
    evidence: text(region, 'snippet', 'text'),
    ...(fingerprints === undefined
      ? {}
      : { identity: `${id} ${text(fingerprints, Object.keys(fingerprints as object).sort()[0] ?? '')}` }),
  };
}
