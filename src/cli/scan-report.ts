import { type Finding, SEVERITIES, type Severity } from '../finding/index.ts';
import type { Excerpt, ScanResult } from '../scan/index.ts';
import { harmless } from './harmless.ts';
import {
  COLOURS,
  CONTEXT_COLUMNS,
  type ScanReportOptions,
  TEXT_COLUMNS_MAX,
  windowOf,
  wrap,
} from './scan-report-parts.ts';
import { hasMore, renderRules } from './scan-report-short.ts';
import { count, fit, formatDuration, type Paint, widthOf } from './terminal.ts';

/** Things that were not scanned, of which each is told. */
const GAPS_MAX = 20;
/** What a person sees of a scan: the findings by severity and file, what could not be looked at, and what to do next. */
export function renderScanReport(result: ScanResult, options: ScanReportOptions): readonly string[] {
  const lines: string[] = [];
  const told = new Set<string>();
  for (const severity of listedSeverities(options.failOn)) {
    const findings = result.findings.filter((finding) => finding.severity === severity);
    if (findings.length === 0) continue;
    lines.push('', headingOf(severity, findings.length, options.paint));
    if (!options.verbose) {
      lines.push(...renderRules(findings, result, options));
      continue;
    }
    for (const [file, list] of Map.groupBy(findings, ({ place }) => place.file)) {
      lines.push('', `  ${options.paint('bold', fit(harmless(file, false), options.columns - 2))}`);
      for (const finding of list) lines.push(...renderFinding(finding, { result, told, options }));
    }
  }
  return [...lines.slice(1), ...(lines.length === 0 ? [] : ['']), ...renderEnd(result, options)];
}

/** What does not fail the scan is counted, not listed: the short list is what a person reads. */
function listedSeverities(failOn: Severity): readonly Severity[] {
  return SEVERITIES.slice(0, SEVERITIES.indexOf(failOn) + 1);
}

function headingOf(severity: Severity, number: number, paint: Paint): string {
  return paint(['bold', COLOURS[severity]], `${severity.toUpperCase()}  ${number}`);
}

/** `12:5  message  rule` */
function titleOf(finding: Finding, { paint, columns }: ScanReportOptions): readonly string[] {
  const place = `${finding.place.line}:${finding.place.column}`;
  const tool = finding.tool === undefined ? '' : ` (${finding.tool})`;
  const rule = paint('dim', harmless(`${finding.rule}${tool}`, false));
  const message = wrap(harmless(finding.message, false), Math.min(columns, TEXT_COLUMNS_MAX) - 6);
  const [first = '', ...rest] = message;
  const room = columns - 6 - place.length - widthOf(first);
  const head = `    ${paint(COLOURS[finding.severity], place)}  ${first}`;
  if (message.length === 1 && room > widthOf(rule) + 2) return [`${head}  ${rule}`];
  return [
    `    ${paint(COLOURS[finding.severity], place)}  ${rule}`,
    ...[first, ...rest].map((line) => `      ${line}`),
  ];
}

function renderFinding(
  finding: Finding,
  {
    result,
    told,
    options,
  }: { readonly result: ScanResult; readonly told: Set<string>; readonly options: ScanReportOptions },
): readonly string[] {
  const { paint, columns } = options;
  const excerpt = result.sources.excerptOf(finding);
  const lines = [...titleOf(finding, options), ...renderCode(finding, excerpt, options)];
  for (const { place, message } of finding.trace.length > 1 ? finding.trace : []) {
    const where = place.file === finding.place.file ? `${place.line}` : `${place.file}:${place.line}`;
    lines.push(`      ${paint('dim', fit(`→ ${harmless(`${where}  ${message}`, false)}`, columns - 8))}`);
  }
  const isOurs = finding.tool === undefined;
  const why = told.has(finding.rule) || !isOurs ? undefined : result.rules.get(finding.rule)?.why;
  told.add(finding.rule);
  const note = (label: string, text: string) => lines.push(...renderNote(label, text, options));
  if (why !== undefined) note('why', firstSentence(why));
  if (isOurs || finding.fix.followUp !== undefined) lines.push(...renderFix(finding, excerpt, options));
  if (finding.commit !== undefined) {
    const { id, author, date } = finding.commit;
    note('from', `commit ${id.slice(0, 12)} of ${date} by ${author}; see it with git show ${id.slice(0, 12)}`);
  }
  // What the rule alone says is in the heading already.
  if (!/^\w+ severity, \w+ confidence$/.test(finding.priority.reason)) note('first', finding.priority.reason);
  return lines;
}

function renderNote(label: string, text: string, { paint, columns }: ScanReportOptions): readonly string[] {
  const indent = ' '.repeat(7 + label.length);
  const plain = harmless(text.replaceAll(/\s+/g, ' ').trim(), false);
  const lines = wrap(plain, Math.min(columns, TEXT_COLUMNS_MAX) - indent.length - 1);
  return lines.map((line, at) => (at === 0 ? `      ${paint('cyan', label)} ${line}` : `${indent}${line}`));
}

/** The line of the code, and below it where in it. */
function renderCode(
  finding: Finding,
  excerpt: Excerpt | undefined,
  { paint, columns }: ScanReportOptions,
): readonly string[] {
  const text = excerpt?.line ?? finding.evidence;
  if (text.trim() === '') return [];
  const bar = paint('dim', '│');
  const room = Math.max(20, columns - 10);
  if (excerpt?.mark === undefined)
    return text
      .split('\n')
      .slice(0, 3)
      .map((line) => `      ${bar} ${fit(harmless(line, false), room)}`);
  const { column, endColumn } = excerpt.mark;
  const indent = /^\s*/.exec(text)?.[0].length ?? 0;
  const from = Math.min(indent, column - 1);
  const { shown, before } = windowOf(text.slice(from), column - from, room);
  const marked = harmless(text.slice(column - 1, endColumn - 1), false);
  const width = Math.max(1, Math.min(widthOf(marked), room - before));
  return [
    `      ${bar} ${shown}`,
    `      ${bar} ${' '.repeat(before)}${paint(COLOURS[finding.severity], '^'.repeat(width))}`,
  ];
}

function renderFix({ fix }: Finding, excerpt: Excerpt | undefined, options: ScanReportOptions): readonly string[] {
  const { paint, columns } = options;
  const followUp = fix.followUp === undefined ? [] : renderNote('then', fix.followUp, options);
  if (fix.kind === 'none')
    return fix.followUp === undefined
      ? renderNote('no fix', fix.reason, options)
      : renderNote('fix', fix.followUp, options);
  const change = excerpt?.change;
  if (fix.kind === 'request' || change === undefined) return [...renderNote('fix', fix.title, options), ...followUp];
  const room = Math.max(20, columns - 12);
  const from = firstDifference(change.removed, change.added, room);
  const line = (sign: string, text: string) =>
    `        ${sign} ${fit(harmless(from === 0 ? text : `…${text.slice(from)}`, false), room)}`;
  return [
    ...renderNote('fix', fix.title, options),
    ...change.removed.map((text) => paint('red', line('-', text))),
    ...change.added.map((text) => paint('green', line('+', text))),
    ...followUp,
  ];
}

/** Where to begin to show a long line of which one place is changed: shortly before that place; else at its start. */
function firstDifference(removed: readonly string[], added: readonly string[], room: number): number {
  const [before, after] = [removed[0] ?? '', added[0] ?? ''];
  if (removed.length !== 1 || added.length !== 1) return 0;
  let at = 0;
  while (at < before.length && before[at] === after[at]) at += 1;
  return at < room - CONTEXT_COLUMNS ? 0 : at - Math.floor(room / 4);
}

function renderEnd(result: ScanResult, options: ScanReportOptions): readonly string[] {
  const { findings, suppressed, gaps, notes, files, commits, bytes } = result;
  const { paint, columns, durationMs, failOn } = options;
  const limit = SEVERITIES.indexOf(failOn);
  const isFailed = findings.some(({ severity }) => SEVERITIES.indexOf(severity) <= limit);
  const counts = SEVERITIES.flatMap((severity) => {
    const number = findings.filter((finding) => finding.severity === severity).length;
    return number === 0 ? [] : [paint(COLOURS[severity], `${number} ${severity}`)];
  });
  const verdict =
    findings.length > 0
      ? `${isFailed ? paint('red', '✗') : paint('green', '✓')} ${count(findings.length, 'finding')}: ${counts.join(', ')}`
      : gaps.length > 0
        ? `${paint('yellow', '!')} nothing found, but not everything was scanned`
        : `${paint('green', '✓')} nothing found`;
  const rest = [
    `${count(files, 'file')}${commits === 0 ? '' : `, ${count(commits, 'commit')}`}, ${sizeOf(bytes)} in ${formatDuration(durationMs)}`,
    ...(suppressed.length === 0 ? [] : [`${suppressed.length} suppressed`]),
    ...(result.baselined === 0 ? [] : [`${result.baselined} in the baseline`]),
  ];
  const lines: string[] = [];
  lines.push(...renderGaps(gaps, options));
  for (const note of notes) lines.push(...hanging(paint('dim', 'note: '), note, columns));
  lines.push(...wrapStyled(`${verdict} · ${rest.join(' · ')}`, columns));
  const unlisted = findings.filter(({ severity }) => SEVERITIES.indexOf(severity) > limit).length;
  if (unlisted > 0)
    lines.push(
      paint('dim', fit(`      ${unlisted} below ${failOn} are not listed: --fail-on info lists all`, columns)),
    );
  const listed = findings.filter(({ severity }) => SEVERITIES.indexOf(severity) <= limit);
  lines.push(...nextOf(findings, listed, options));
  return lines;
}

/** What could not be looked at; the same way out is told once. */
function renderGaps(gaps: ScanResult['gaps'], { paint, columns }: ScanReportOptions): readonly string[] {
  const lines: string[] = [];
  const told = new Set<string>();
  for (const { file, line, reason, help } of gaps.slice(0, GAPS_MAX)) {
    const place = file === undefined || reason.includes(file) ? '' : `${file}${line === undefined ? '' : `:${line}`}: `;
    lines.push(...hanging(paint('yellow', 'not scanned: '), `${place}${reason}`, columns));
    if (help === undefined || told.has(help)) continue;
    told.add(help);
    lines.push(...hanging(`  ${paint('cyan', 'help: ')}`, help, columns));
  }
  const more = gaps.length - GAPS_MAX;
  if (more > 0) lines.push(paint('yellow', `… and ${more} more, which --sarif FILE names`));
  return lines;
}

/** What to do now, in one or two lines. */
function nextOf(
  findings: readonly Finding[],
  listed: readonly Finding[],
  { paint, columns, verbose }: ScanReportOptions,
): readonly string[] {
  const [first] = findings;
  if (first === undefined) return [];
  const fixable = findings.filter(({ fix }) => fix.kind !== 'none').length;
  const command = (text: string) => paint('bold', text);
  const explain = () =>
    `${command(`sallyport scan --explain ${harmless(first.rule, false)}`)}  tells more of the first`;
  const whole = hasMore(listed) ? 'lists all of them, each with its way' : 'shows each with its way';
  const lines = [
    ...(fixable === 0
      ? []
      : [
          `${command('sallyport scan --fix')}  ${fixable === findings.length ? 'fixes them' : `fixes ${fixable} of them`}; each fix is verified first`,
        ]),
    ...(verbose || listed.length === 0
      ? first.tool === undefined
        ? [explain()]
        : []
      : [`${command('sallyport scan --verbose')}  ${whole} and why it matters`]),
  ];
  return lines.map((line, at) => fit(`${at === 0 ? paint('cyan', 'next:') : '     '} ${line}`, columns));
}

function firstSentence(text: string): string {
  const plain = text.replaceAll(/\s+/g, ' ').trim();
  const end = /[.!?](?= [A-Z`"])/.exec(plain);
  return end === null ? plain : plain.slice(0, end.index + 1);
}

function hanging(label: string, text: string, columns: number): readonly string[] {
  const width = widthOf(label);
  return wrap(harmless(text, false), Math.min(columns, TEXT_COLUMNS_MAX) - width).map((line, at) =>
    at === 0 ? `${label}${line}` : `${' '.repeat(width)}${line}`,
  );
}

function wrapStyled(text: string, columns: number): readonly string[] {
  return widthOf(text) <= columns ? [text] : wrap(text, columns);
}

function sizeOf(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB'];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}
