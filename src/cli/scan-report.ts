import { type Finding, SEVERITIES, type Severity } from '../finding/index.ts';
import type { Excerpt, ScanResult } from '../scan/index.ts';
import { harmless } from './harmless.ts';
import { count, fit, formatDuration, type Paint, widthOf } from './terminal.ts';

/** Findings that are shown with their code; the others, which are less urgent, with one line each. */
const DETAILS_MAX = 50;
/** Things that were not scanned, of which each is told. */
const GAPS_MAX = 20;
/** The widest that text is set. */
const TEXT_COLUMNS_MAX = 110;
/** What is kept of a long line before its place. */
const CONTEXT_COLUMNS = 24;

export type ScanReportOptions = {
  readonly paint: Paint;
  readonly columns: number;
  readonly durationMs: number;
  /** Findings of at least this severity fail the scan. */
  readonly failOn: Severity;
};

/** What a person sees of a scan: the findings by severity and file, what could not be looked at, and what to do next. */
export function renderScanReport(result: ScanResult, options: ScanReportOptions): readonly string[] {
  const lines: string[] = [];
  const shown = new Set(result.findings.slice(0, DETAILS_MAX));
  const told = new Set<string>();
  for (const severity of listedSeverities(options.failOn)) {
    const findings = result.findings.filter((finding) => finding.severity === severity);
    if (findings.length === 0) continue;
    lines.push('', headingOf(severity, findings.length, options.paint));
    for (const [file, list] of Map.groupBy(findings, ({ place }) => place.file)) {
      lines.push('', `  ${options.paint('bold', fit(harmless(file, false), options.columns - 2))}`);
      for (const finding of list) {
        lines.push(
          ...(shown.has(finding) ? renderFinding(finding, { result, told, options }) : renderShort(finding, options)),
        );
      }
    }
  }
  return [...lines.slice(1), ...(lines.length === 0 ? [] : ['']), ...renderEnd(result, options)];
}

/** What does not fail the scan is counted, not listed: the short list is what a person reads. */
function listedSeverities(failOn: Severity): readonly Severity[] {
  return SEVERITIES.slice(0, SEVERITIES.indexOf(failOn) + 1);
}

const COLOURS = { critical: 'magenta', high: 'red', medium: 'yellow', low: 'cyan', info: 'gray' } as const;

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

function renderShort(finding: Finding, options: ScanReportOptions): readonly string[] {
  const { paint, columns } = options;
  const place = `${finding.place.line}:${finding.place.column}`;
  const text = `${paint(COLOURS[finding.severity], place)}  ${harmless(finding.message, false)}  ${paint('dim', finding.rule)}`;
  return [`    ${fit(text, columns - 5)}`];
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
  const why = told.has(finding.rule) ? undefined : result.rules.get(finding.rule)?.why;
  told.add(finding.rule);
  const note = (label: string, text: string) => lines.push(...renderNote(label, text, options));
  if (why !== undefined) note('why', firstSentence(why));
  lines.push(...renderFix(finding, excerpt, options));
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

/** The part of a line that has the place in it, and the columns before the place. */
function windowOf(text: string, column: number, columns: number): { readonly shown: string; readonly before: number } {
  const head = harmless(text.slice(0, Math.max(0, column - 1)), false);
  const before = widthOf(head);
  if (before < columns - CONTEXT_COLUMNS) return { shown: fit(harmless(text, false), columns), before };
  const room = Math.max(0, Math.floor(columns / 2) - 1);
  const kept = Array.from(head).slice(-room);
  while (widthOf(kept.join('')) > room) kept.shift();
  const tail = harmless(text.slice(Math.max(0, column - 1)), false);
  return { shown: fit(`…${kept.join('')}${tail}`, columns), before: widthOf(`…${kept.join('')}`) };
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
  const line = (sign: string, text: string) =>
    `        ${sign} ${fit(harmless(text, false), Math.max(20, columns - 12))}`;
  return [
    ...renderNote('fix', fix.title, options),
    ...change.removed.map((text) => paint('red', line('-', text))),
    ...change.added.map((text) => paint('green', line('+', text))),
    ...followUp,
  ];
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
  lines.push(...wrapStyled(`${verdict} · ${rest.join(' · ')}`, columns), ...nextOf(findings, options));
  const unlisted = findings.filter(({ severity }) => SEVERITIES.indexOf(severity) > limit).length;
  if (unlisted > 0)
    lines.push(
      paint('dim', fit(`      ${unlisted} below ${failOn} are not listed: --fail-on info lists all`, columns)),
    );
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
function nextOf(findings: readonly Finding[], { paint, columns }: ScanReportOptions): readonly string[] {
  const [first] = findings;
  if (first === undefined) return [];
  const fixable = findings.filter(({ fix }) => fix.kind !== 'none').length;
  const command = (text: string) => paint('bold', text);
  const lines = [
    ...(fixable === 0
      ? []
      : [
          `${command('sallyport scan --fix')}  ${fixable === findings.length ? 'fixes them' : `fixes ${fixable} of them`}; each fix is verified first`,
        ]),
    ...(first.tool === undefined
      ? [`${command(`sallyport scan --explain ${harmless(first.rule, false)}`)}  tells more of the first`]
      : []),
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

/** Breaks at blanks; a word that is longer than a line is cut into lines. */
function wrap(text: string, columns: number): readonly string[] {
  const width = Math.max(16, columns);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (widthOf(longer) <= width) {
      line = longer;
      continue;
    }
    if (line !== '') lines.push(line);
    let rest = word;
    for (; widthOf(rest) > width && !rest.includes('\u001b'); rest = rest.slice(width))
      lines.push(rest.slice(0, width));
    line = rest;
  }
  lines.push(line);
  return lines;
}

function sizeOf(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB'];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}
