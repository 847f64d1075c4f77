import type { Edit, Finding, Place, Rule, Severity, TraceStep } from '../finding/index.ts';
import type { ReportContext } from './render-report.ts';
import type { ScanResult } from './run-scan.ts';
import type { SuppressedFinding } from './suppress.ts';

/** The version of CWE that the taxonomy names. */
const CWE_VERSION = '4.16';
const CWE_GUID = 'a5a9b9a4-9cb7-4bb0-9b71-6fcb8ee1a4f2';

/** A SARIF 2.1.0 log with one run. The same result gives the same text: no times, no ids by chance, no machine's paths. */
export function renderSarif(result: ScanResult, { version, textOf }: ReportContext): string {
  const reported = [...result.findings.map((finding) => ({ finding })), ...result.suppressed];
  const used = [...new Set(reported.map(({ finding }) => finding.rule))].sort();
  const indexes = new Map(used.map((id, at) => [id, at]));
  const rules = used.map((id) =>
    descriptorOf(id, result.rules.get(id), reported.find(({ finding }) => finding.rule === id)?.finding),
  );
  const weaknesses = [...new Set(reported.flatMap(({ finding }) => finding.cwe ?? []))].sort((a, b) => a - b);
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'Sallyport',
            semanticVersion: version,
            rules,
            ...(weaknesses.length === 0 ? {} : { supportedTaxonomies: [{ name: 'CWE', index: 0, guid: CWE_GUID }] }),
          },
        },
        columnKind: 'utf16CodeUnits',
        originalUriBaseIds: { ROOT: { description: { text: 'The folder that was scanned.' } } },
        invocations: [
          {
            executionSuccessful: result.gaps.length === 0,
            toolExecutionNotifications: result.gaps.map(({ code, reason, help, file, line }) => ({
              descriptor: { id: code },
              level: 'error',
              message: { text: help === undefined ? reason : `${reason}. ${help}` },
              ...(file === undefined ? {} : { locations: [locationOf(wholeLine(file, line ?? 1))] }),
            })),
          },
        ],
        ...(weaknesses.length === 0 ? {} : { taxonomies: [taxonomyOf(weaknesses)] }),
        results: reported.map((one) => resultOf(one, indexes, textOf)),
        properties: { scanners: Object.fromEntries(result.scanners.map(({ kind, settings }) => [kind, settings])) },
      },
    ],
  };
  return `${JSON.stringify(log, undefined, 1)}\n`;
}

function taxonomyOf(weaknesses: readonly number[]): unknown {
  return {
    name: 'CWE',
    version: CWE_VERSION,
    guid: CWE_GUID,
    organization: 'MITRE',
    informationUri: 'https://cwe.mitre.org/data/',
    shortDescription: { text: 'The MITRE Common Weakness Enumeration' },
    isComprehensive: false,
    taxa: weaknesses.map((cwe) => ({
      id: `CWE-${cwe}`,
      helpUri: cweUri(cwe),
    })),
  };
}

function descriptorOf(id: string, rule: Rule | undefined, finding: Finding | undefined): unknown {
  const title = rule?.title ?? finding?.title ?? id;
  const severity = rule?.severity ?? finding?.severity ?? 'medium';
  const cwe = rule?.cwe ?? finding?.cwe;
  const helpUri = rule?.references[0] ?? (cwe === undefined ? undefined : cweUri(cwe));
  const help = rule === undefined ? title : helpOf(rule);
  return {
    id,
    name: id,
    shortDescription: { text: title },
    fullDescription: { text: rule === undefined ? title : rule.why.trim() },
    ...(helpUri === undefined ? {} : { helpUri }),
    help: { text: help, markdown: help },
    defaultConfiguration: { level: levelOf(severity) },
    ...(cwe === undefined ? {} : { relationships: [{ target: weaknessOf(cwe), kinds: ['superset'] }] }),
    properties: {
      precision: { high: 'very-high', medium: 'high', low: 'medium' }[
        rule?.confidence ?? finding?.confidence ?? 'medium'
      ],
      'security-severity': scoreOf(severity),
      tags: [
        'security',
        ...(finding === undefined ? [] : [finding.kind]),
        ...(cwe === undefined ? [] : [`external/cwe/cwe-${String(cwe).padStart(3, '0')}`]),
      ],
    },
  };
}

function helpOf({ why, lesson, remedy, references }: Rule): string {
  const more = references.length === 0 ? [] : ['## More', references.map((url) => `- <${url}>`).join('\n')];
  return [
    why.trim(),
    '## What a reviewer should look for',
    lesson.trim(),
    '## How it is mended',
    remedy.trim(),
    ...more,
  ].join('\n\n');
}

function cweUri(cwe: number): string {
  return `https://cwe.mitre.org/data/definitions/${cwe}.html`;
}

function weaknessOf(cwe: number): unknown {
  return { id: `CWE-${cwe}`, toolComponent: { name: 'CWE', guid: CWE_GUID } };
}

function levelOf(severity: Severity): string {
  return severity === 'critical' || severity === 'high' ? 'error' : severity === 'medium' ? 'warning' : 'note';
}

/** What GitHub orders alerts by, in the bands that it draws: over 9 is critical, from 7 high, from 4 medium. */
function scoreOf(severity: Severity): string {
  return { critical: '9.5', high: '8.0', medium: '5.5', low: '2.5', info: '0.5' }[severity];
}

function resultOf(
  reported: { readonly finding: Finding } | SuppressedFinding,
  indexes: ReadonlyMap<string, number>,
  textOf: ReportContext['textOf'],
): unknown {
  const { finding } = reported;
  const { place, fix } = finding;
  const fixes = fix.kind === 'edit' ? fixOf(fix.title, fix.edits, textOf) : undefined;
  return {
    ruleId: finding.rule,
    ruleIndex: indexes.get(finding.rule) ?? -1,
    kind: 'fail',
    level: levelOf(finding.severity),
    message: { text: finding.message },
    locations: [locationOf(place, finding.evidence)],
    partialFingerprints: { 'sallyport/v1': finding.fingerprint },
    ...(finding.trace.length === 0 ? {} : { codeFlows: [flowOf(finding.trace)] }),
    ...(finding.cwe === undefined ? {} : { taxa: [weaknessOf(finding.cwe)] }),
    ...(fixes === undefined ? {} : { fixes: [fixes] }),
    ...('by' in reported ? { suppressions: [suppressionOf(reported)] } : {}),
    properties: {
      severity: finding.severity,
      confidence: finding.confidence,
      priority: finding.priority.reason,
      ...(finding.subject === undefined ? {} : { purl: finding.subject.purl, advisories: finding.subject.advisories }),
      ...(finding.tool === undefined ? {} : { tool: finding.tool }),
      ...(finding.commit === undefined ? {} : { commit: finding.commit }),
      fix: fix.kind === 'none' ? fix.reason : fix.title,
    },
  };
}

function suppressionOf({ reason, owner, expires, by }: SuppressedFinding): unknown {
  return {
    kind: by === 'comment' ? 'inSource' : 'external',
    status: 'accepted',
    justification: reason,
    properties: { owner, expires },
  };
}

function locationOf(place: Place, snippet?: string): unknown {
  return {
    physicalLocation: {
      artifactLocation: { uri: uriOf(place.file), uriBaseId: 'ROOT' },
      region: { ...regionOf(place), ...(snippet === undefined ? {} : { snippet: { text: snippet } }) },
    },
  };
}

function regionOf({ line, column, endLine, endColumn }: Place) {
  return {
    startLine: line,
    startColumn: column,
    endLine,
    endColumn: Math.max(endColumn, endLine === line ? column : 1),
  };
}

function wholeLine(file: string, line: number): Place {
  return { file, line, column: 1, endLine: line, endColumn: 1 };
}

/** A path as a relative reference: each part escaped, so that a name such as `a%20b` or `a b` stays itself. */
function uriOf(path: string): string {
  return path
    .toWellFormed()
    .split('/')
    .map(encodeURIComponent)
    .join('/')
    .replace(/^([^/]*:)/, './$1');
}

function flowOf(trace: readonly TraceStep[]): unknown {
  return {
    threadFlows: [
      {
        locations: trace.map(({ place, message }) => ({
          location: { ...(locationOf(place) as object), message: { text: message } },
        })),
      },
    ],
  };
}

/** Edits by line and column, when the text that they were made for is known. */
function fixOf(title: string, edits: readonly Edit[], textOf: ReportContext['textOf']): unknown {
  const files = [...Map.groupBy(edits, ({ file }) => file)];
  const changes = files.map(([file, list]) => {
    const view = textOf?.(file);
    if (view === undefined) return undefined;
    return {
      artifactLocation: { uri: uriOf(file), uriBaseId: 'ROOT' },
      replacements: list.map(({ start, end, text }) => ({
        deletedRegion: regionOf(view.placeAt(start, end)),
        insertedContent: { text },
      })),
    };
  });
  if (changes.length === 0 || changes.includes(undefined)) return undefined;
  return { description: { text: title }, artifactChanges: changes };
}
