import { type Finding, SEVERITIES } from '../finding/index.ts';
import type { ReportContext } from './render-report.ts';
import type { ScanResult } from './run-scan.ts';

/** Annotations that GitHub shows of one step and type; more are said with their number. */
const ANNOTATIONS_MAX = 50;
/** Findings of a table in Markdown: a comment on a change request has 65,536 characters. */
const TABLE_ROWS_MAX = 100;

/** JUnit: a suite for each kind, a case for each rule and place that failed; what could not be looked at is an error. */
export function renderJunit({ findings, suppressed, gaps, scanners }: ScanResult, _context: ReportContext): string {
  const suites = scanners.map(({ kind }) => {
    const failed = findings.filter((finding) => finding.kind === kind);
    const skipped = suppressed.filter(({ finding }) => finding.kind === kind);
    const cases = [
      ...failed.map((finding) => {
        const body = `${finding.message}\n${placeOf(finding)}\n${finding.evidence}\n${finding.page}`;
        return `  <testcase name="${xml(nameOf(finding))}" classname="${xml(finding.rule)}" file="${xml(finding.place.file)}" line="${finding.place.line}"><failure type="${finding.severity}" message="${xml(finding.message)}">${xml(body)}</failure></testcase>\n`;
      }),
      ...skipped.map(
        ({ finding, reason }) =>
          `  <testcase name="${xml(nameOf(finding))}" classname="${xml(finding.rule)}"><skipped message="${xml(reason)}"/></testcase>\n`,
      ),
      ...(failed.length + skipped.length === 0 ? [`  <testcase name="no findings" classname="${kind}"/>\n`] : []),
    ];
    return ` <testsuite name="sallyport ${kind}" tests="${cases.length}" failures="${failed.length}" errors="0" skipped="${skipped.length}">\n${cases.join('')} </testsuite>\n`;
  });
  const errors = gaps.map(
    ({ code, reason, file }) =>
      `  <testcase name="${xml(file ?? code)}" classname="${xml(code)}"><error type="${xml(code)}" message="${xml(reason)}"/></testcase>\n`,
  );
  if (errors.length > 0) {
    suites.push(
      ` <testsuite name="sallyport not scanned" tests="${errors.length}" failures="0" errors="${errors.length}" skipped="0">\n${errors.join('')} </testsuite>\n`,
    );
  }
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="sallyport scan">\n${suites.join('')}</testsuites>\n`;
}

function nameOf(finding: Finding): string {
  return `${placeOf(finding)} ${finding.title}`;
}

function placeOf({ place }: Finding): string {
  return `${place.file}:${place.line}:${place.column}`;
}

/** Text for XML 1.0: what it can't hold at all becomes U+FFFD. */
function xml(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll(/[\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Markdown for a summary or a comment: counts, a table, what could not be looked at. */
export function renderMarkdown(
  { findings, suppressed, gaps, notes, files }: ScanResult,
  _context: ReportContext,
): string {
  const counts = SEVERITIES.flatMap((severity) => {
    const number = findings.filter((finding) => finding.severity === severity).length;
    return number === 0 ? [] : [`${number} ${severity}`];
  });
  const rows = findings.slice(0, TABLE_ROWS_MAX).map((finding) => {
    const weakness = finding.cwe === undefined ? '' : ` (CWE-${finding.cwe})`;
    const fix = finding.fix.kind === 'none' ? (finding.fix.followUp ?? finding.fix.reason) : finding.fix.title;
    return `| ${finding.severity} | ${code(`${finding.place.file}:${finding.place.line}`)} | ${cell(finding.message)} | ${code(finding.rule)}${weakness} | ${cell(fix)} |`;
  });
  const more = findings.length - TABLE_ROWS_MAX;
  return `${[
    `## Sallyport scan: ${findings.length === 0 ? (gaps.length === 0 ? 'no findings' : 'not complete') : counts.join(', ')}`,
    ...(rows.length === 0
      ? []
      : [['| severity | place | what is wrong | rule | fix |', '|---|---|---|---|---|', ...rows].join('\n')]),
    ...(more > 0 ? [`and ${more} more`] : []),
    ...(gaps.length === 0
      ? []
      : [
          '### Not scanned',
          gaps.map(({ reason, help }) => `- ${cell(help === undefined ? reason : `${reason}. ${help}`)}`).join('\n'),
        ]),
    [
      `${files} files`,
      ...(suppressed.length === 0 ? [] : [`${suppressed.length} suppressed`]),
      ...notes.map(cell),
    ].join(' · '),
  ].join('\n\n')}\n`;
}

/** Text from files in a table: no markup of it counts, no mention of a person is made. */
function cell(text: string): string {
  return text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[\\`*_{}[\]()#+!|<>~&]/g, (mark) => `\\${mark}`)
    .replaceAll('@', '@\u200B');
}

function code(text: string): string {
  const plain = text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|');
  return plain.includes('`') ? cell(text) : `\`${plain}\``;
}

/** Workflow commands that annotate the lines of a change. */
export function renderGithub({ findings, gaps }: ScanResult, _context: ReportContext): string {
  const lines = findings.slice(0, ANNOTATIONS_MAX).map((finding) => {
    const { place, severity } = finding;
    const level =
      severity === 'critical' || severity === 'high' ? 'error' : severity === 'medium' ? 'warning' : 'notice';
    const where = `file=${property(place.file)},line=${place.line},endLine=${place.endLine},col=${place.column}`;
    return `::${level} ${where},title=${property(`${finding.rule}: ${finding.title}`)}::${data(`${finding.message}\n${finding.page}`)}\n`;
  });
  const more = findings.length - ANNOTATIONS_MAX;
  if (more > 0) lines.push(`::notice::${more} more findings are in the report\n`);
  for (const { reason } of gaps) lines.push(`::error title=not scanned::${data(reason)}\n`);
  return lines.join('');
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
