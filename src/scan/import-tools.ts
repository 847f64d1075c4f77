import { createHash } from 'node:crypto';
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

/** A reader of one tool's own form: nothing when the report is of another. */
type ReadReport = (report: Value) => readonly Imported[] | undefined;

const readSemgrep: ReadReport = (report) => {
  const results = list(report, 'results');
  if (at(report, 'results') === undefined || (results.length > 0 && text(results[0], 'check_id') === ''))
    return undefined;
  if (at(report, 'errors') === undefined || at(report, 'paths') === undefined) return undefined;
  return results
    .filter((one) => at(one, 'extra', 'is_ignored') !== true)
    .map((one) => {
      const metadata = at(one, 'extra', 'metadata');
      const cwe = cweOf(text(metadata, 'cwe'), ...list(metadata, 'cwe').map((entry) => text(entry)));
      const rule = text(one, 'check_id');
      const fingerprint = text(one, 'extra', 'fingerprint');
      return {
        tool:
          at(report, 'engine_kind') === undefined && /opengrep/i.test(text(report, 'tool')) ? 'opengrep' : 'semgrep',
        rule,
        kind: 'code',
        title: rule,
        message: text(one, 'extra', 'message') || rule,
        severity: severityOf(text(one, 'extra', 'severity')),
        confidence: confidenceOf(text(metadata, 'confidence')),
        ...(cwe === undefined ? {} : { cwe }),
        file: text(one, 'path'),
        ...placeOf(
          number(one, 'start', 'line'),
          number(one, 'start', 'col'),
          number(one, 'end', 'line'),
          number(one, 'end', 'col'),
        ),
        evidence: text(one, 'extra', 'lines'),
        ...(fingerprint === '' || fingerprint === 'requires login' ? {} : { identity: fingerprint }),
      } satisfies Imported;
    });
};

const readLeaks: ReadReport = (report) => {
  if (!Array.isArray(report) || (report.length > 0 && text(report[0], 'RuleID') === '')) return undefined;
  return list(report).map((one) => {
    const secret = text(one, 'Secret');
    return {
      tool: 'gitleaks',
      rule: text(one, 'RuleID'),
      kind: 'secrets',
      title: text(one, 'Description') || text(one, 'RuleID'),
      message: text(one, 'Description') || 'a secret',
      severity: 'high',
      confidence: 'medium',
      cwe: 798,
      file: text(one, 'File'),
      ...placeOf(
        number(one, 'StartLine'),
        number(one, 'StartColumn'),
        number(one, 'EndLine'),
        number(one, 'EndColumn'),
      ),
      evidence: '',
      ...(secret === '' ? {} : { identity: createHash('sha256').update(secret).digest('hex').slice(0, 32) }),
    } satisfies Imported;
  });
};

const readTrivy: ReadReport = (report) => {
  if (at(report, 'SchemaVersion') === undefined) return undefined;
  return list(report, 'Results').flatMap((result) => {
    const file = text(result, 'Target');
    const shared = { tool: 'trivy', file, confidence: 'high' } as const;
    const vulnerable = list(result, 'Vulnerabilities').map((one): Imported => {
      const cwe = cweOf(...list(one, 'CweIDs').map((entry) => text(entry)));
      return packageFinding(one, {
        ...shared,
        rule: text(one, 'VulnerabilityID'),
        name: text(one, 'PkgName'),
        version: text(one, 'InstalledVersion'),
        fixed: text(one, 'FixedVersion'),
        purl: text(one, 'PkgIdentifier', 'PURL'),
        summary: text(one, 'Title'),
        severity: text(one, 'Severity'),
        aliases: [],
        ...(cwe === undefined ? {} : { cwe }),
      });
    });
    const wrong = list(result, 'Misconfigurations')
      .filter((one) => text(one, 'Status') !== 'PASS')
      .map(
        (one): Imported => ({
          ...shared,
          rule: text(one, 'AVDID') || text(one, 'ID'),
          kind: 'infrastructure',
          title: text(one, 'Title'),
          message: text(one, 'Message') || text(one, 'Title'),
          severity: severityOf(text(one, 'Severity')),
          ...placeOf(number(one, 'CauseMetadata', 'StartLine'), 1, number(one, 'CauseMetadata', 'EndLine')),
          evidence: '',
          identity: `${text(one, 'CauseMetadata', 'Resource')} ${text(one, 'Message')}`,
          remedy: text(one, 'Resolution'),
        }),
      );
    const secrets = list(result, 'Secrets').map(
      (one): Imported => ({
        ...shared,
        rule: text(one, 'RuleID'),
        kind: 'secrets',
        title: text(one, 'Title'),
        message: text(one, 'Title'),
        severity: severityOf(text(one, 'Severity')),
        cwe: 798,
        ...placeOf(number(one, 'StartLine'), 1, number(one, 'EndLine')),
        evidence: '',
      }),
    );
    return [...vulnerable, ...wrong, ...secrets];
  });
};

type PackageFacts = {
  readonly tool: string;
  readonly file: string;
  readonly rule: string;
  readonly name: string;
  readonly version: string;
  readonly fixed: string;
  readonly purl: string;
  readonly summary: string;
  readonly severity: string;
  readonly aliases: readonly string[];
  readonly cwe?: number;
};

function packageFinding(_one: Value, facts: PackageFacts): Imported {
  const { tool, file, rule, name, version, fixed, purl, summary, severity, aliases, cwe } = facts;
  return {
    tool,
    file,
    rule,
    kind: 'dependencies',
    title: summary || rule,
    message: `${name} ${version} is affected by ${rule}${summary === '' ? '' : `: ${summary}`}`,
    severity: severityOf(severity),
    confidence: 'high',
    ...(cwe === undefined ? {} : { cwe }),
    ...placeOf(1),
    evidence: `${name}@${version}`,
    identity: `${name}@${version} ${rule}`,
    ...(purl === '' ? {} : { purl }),
    advisories: [rule, ...aliases],
    ...(fixed === '' ? {} : { remedy: `Raise it to ${fixed}.` }),
  };
}

const readGrype: ReadReport = (report) => {
  if (at(report, 'matches') === undefined) return undefined;
  return list(report, 'matches').map((one) =>
    packageFinding(one, {
      tool: 'grype',
      file: text(one, 'artifact', 'locations', 0, 'path'),
      rule: text(one, 'vulnerability', 'id'),
      name: text(one, 'artifact', 'name'),
      version: text(one, 'artifact', 'version'),
      fixed: list(one, 'vulnerability', 'fix', 'versions')
        .map((version) => text(version))
        .join(', '),
      purl: text(one, 'artifact', 'purl'),
      summary: '',
      severity: text(one, 'vulnerability', 'severity'),
      aliases: list(one, 'relatedVulnerabilities').map((related) => text(related, 'id')),
    }),
  );
};

const readOsv: ReadReport = (report) => {
  const results = list(report, 'results');
  if (at(report, 'results') === undefined || (results.length > 0 && at(results[0], 'packages') === undefined))
    return undefined;
  if (results.length === 0 && at(report, 'experimental_config') === undefined) return undefined;
  return results.flatMap((result) =>
    list(result, 'packages').flatMap((one) =>
      list(one, 'vulnerabilities').map((vulnerability) => {
        const id = text(vulnerability, 'id');
        const group = list(one, 'groups').find((entry) => list(entry, 'ids').some((other) => text(other) === id));
        const score = Number.parseFloat(text(group, 'max_severity'));
        const cwe = cweOf(...list(vulnerability, 'database_specific', 'cwe_ids').map((entry) => text(entry)));
        return packageFinding(vulnerability, {
          tool: 'osv-scanner',
          file: text(result, 'source', 'path'),
          rule: id,
          name: text(one, 'package', 'name'),
          version: text(one, 'package', 'version'),
          fixed: '',
          purl: '',
          summary: text(vulnerability, 'summary'),
          severity: Number.isFinite(score)
            ? severityOfScore(score)
            : text(vulnerability, 'database_specific', 'severity'),
          aliases: list(vulnerability, 'aliases').map((alias) => text(alias)),
          ...(cwe === undefined ? {} : { cwe }),
        });
      }),
    ),
  );
};

const readZizmor: ReadReport = (report) => {
  if (!Array.isArray(report) || report.length === 0 || text(report[0], 'ident') === '') return undefined;
  return list(report)
    .filter((one) => at(one, 'ignored') !== true)
    .map((one) => {
      const places = list(one, 'locations');
      const main = places.find((place) => text(place, 'symbolic', 'kind') === 'Primary') ?? places[0];
      const key = at(main, 'symbolic', 'key');
      const where = at(main, 'concrete', 'location');
      const row = (point: string, part: string) => {
        const found = at(where, point, part);
        return typeof found === 'number' ? found + 1 : undefined;
      };
      return {
        tool: 'zizmor',
        rule: text(one, 'ident'),
        kind: 'workflows',
        title: text(one, 'desc'),
        message: [text(one, 'desc'), text(main, 'symbolic', 'annotation')].filter((part) => part !== '').join(': '),
        severity: severityOf(text(one, 'determinations', 'severity')),
        confidence: confidenceOf(text(one, 'determinations', 'confidence')),
        file: text(key, 'Local', 'given_path') || text(key, 'Remote', 'path'),
        ...placeOf(
          row('start_point', 'row'),
          row('start_point', 'column'),
          row('end_point', 'row'),
          row('end_point', 'column'),
        ),
        evidence: text(main, 'concrete', 'feature'),
      } satisfies Imported;
    });
};

const readPoutine: ReadReport = (report) => {
  const rules = at(report, 'rules');
  if (at(report, 'findings') === undefined || typeof rules !== 'object') return undefined;
  return list(report, 'findings').map((one) => {
    const rule = text(one, 'rule_id');
    const title = text(rules, rule, 'title') || rule;
    const details = text(one, 'meta', 'details');
    return {
      tool: 'poutine',
      rule,
      kind: 'workflows',
      title,
      message: details === '' ? title : `${title}: ${details}`,
      severity: severityOf(text(rules, rule, 'level')),
      confidence: 'medium',
      file: text(one, 'meta', 'path'),
      ...placeOf(number(one, 'meta', 'line')),
      evidence: '',
      identity: [text(one, 'meta', 'job'), text(one, 'meta', 'step'), details].join(' '),
    } satisfies Imported;
  });
};

const readCheckov: ReadReport = (report) => {
  const parts = Array.isArray(report) ? list(report) : [report];
  if (parts.length === 0 || text(parts[0], 'check_type') === '') return undefined;
  return parts.flatMap((part) => {
    const type = text(part, 'check_type');
    return list(part, 'results', 'failed_checks').map(
      (one) =>
        ({
          tool: 'checkov',
          rule: text(one, 'check_id'),
          kind:
            type === 'secrets'
              ? 'secrets'
              : /github|gitlab|circleci|azure_pipelines|bitbucket/.test(type)
                ? 'workflows'
                : 'infrastructure',
          title: text(one, 'check_name'),
          message: text(one, 'check_name'),
          severity: severityOf(text(one, 'severity')),
          confidence: 'medium',
          ...(type === 'secrets' ? { cwe: 798 } : {}),
          file: text(one, 'file_path'),
          ...placeOf(number(one, 'file_line_range', 0), 1, number(one, 'file_line_range', 1)),
          evidence: '',
          identity: text(one, 'resource'),
          remedy: text(one, 'guideline'),
        }) satisfies Imported,
    );
  });
};

const readBandit: ReadReport = (report) => {
  const results = list(report, 'results');
  if (at(report, 'results') === undefined || at(report, 'generated_at') === undefined) return undefined;
  return results.map((one) => {
    const cwe = number(one, 'issue_cwe', 'id');
    const lines = list(one, 'line_range').map((line) => number(line) ?? 1);
    const column = at(one, 'col_offset');
    return {
      tool: 'bandit',
      rule: text(one, 'test_id'),
      kind: 'code',
      title: text(one, 'test_name'),
      message: text(one, 'issue_text'),
      severity: severityOf(text(one, 'issue_severity')),
      confidence: confidenceOf(text(one, 'issue_confidence')),
      ...(cwe === undefined ? {} : { cwe }),
      file: text(one, 'filename'),
      ...placeOf(
        number(one, 'line_number'),
        typeof column === 'number' ? column + 1 : 1,
        Math.max(1, ...lines.slice(0, 1000)),
      ),
      evidence: text(one, 'code'),
    } satisfies Imported;
  });
};

const readGosec: ReadReport = (report) => {
  if (at(report, 'Issues') === undefined) return undefined;
  return list(report, 'Issues')
    .filter((one) => at(one, 'nosec') !== true)
    .map((one) => {
      const cwe = number(one, 'cwe', 'id');
      const [first = '', last = ''] = text(one, 'line').split('-');
      return {
        tool: 'gosec',
        rule: text(one, 'rule_id'),
        kind: 'code',
        title: text(one, 'details'),
        message: text(one, 'details'),
        severity: severityOf(text(one, 'severity')),
        confidence: confidenceOf(text(one, 'confidence')),
        ...(cwe === undefined ? {} : { cwe }),
        file: text(one, 'file'),
        ...placeOf(number(first), number(one, 'column'), number(last)),
        evidence: text(one, 'code'),
      } satisfies Imported;
    });
};

/** The forms in which tools print JSON of their own, the plainest to tell first. */
const READERS: readonly ReadReport[] = [
  readTrivy,
  readGrype,
  readPoutine,
  readGosec,
  readCheckov,
  readZizmor,
  readLeaks,
  readBandit,
  readOsv,
  readSemgrep,
];

export function readToolReport(report: Value): readonly Imported[] | undefined {
  for (const read of READERS) {
    const found = read(report);
    if (found !== undefined) return found;
  }
  return undefined;
}
