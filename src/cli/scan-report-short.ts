import type { Finding } from '../finding/index.ts';
import type { ScanResult } from '../scan/index.ts';
import { harmless } from './harmless.ts';
import { COLOURS, type ScanReportOptions, windowOf } from './scan-report-parts.ts';
import { fit, widthOf } from './terminal.ts';

/** Findings of one rule that are shown with their code; of the others, the places. */
const FINDINGS_EACH = 3;
/** Rules whose findings are shown with their code; of the others, which are less urgent, the places. */
const RULES_MAX = 25;

/** Findings of one severity by rule, the most urgent first: three lines for each, and one for those that are like them. */
export function renderRules(
  findings: readonly Finding[],
  result: ScanResult,
  options: ScanReportOptions,
): readonly string[] {
  const lines: string[] = [];
  let rules = 0;
  for (const list of Map.groupBy(findings, ruleOf).values()) {
    const shown = rules < RULES_MAX ? FINDINGS_EACH : 0;
    rules += 1;
    lines.push('', headOf(list, result, options));
    for (const finding of list.slice(0, shown)) lines.push(...renderFinding(finding, list, { result, options }));
    const rest = list.slice(shown);
    if (rest.length > 0) lines.push(restOf(rest, shown > 0, options));
  }
  return lines;
}

/** Whether some of these findings are not shown one by one. */
export function hasMore(findings: readonly Finding[]): boolean {
  const groups = Map.groupBy(findings, (finding) => `${finding.severity} ${ruleOf(finding)}`);
  return groups.size > RULES_MAX || [...groups.values()].some((list) => list.length > FINDINGS_EACH);
}

function ruleOf({ rule, tool }: Finding): string {
  return tool === undefined ? rule : `${rule} (${tool})`;
}

/** `a-rule  What it is  ×12` */
function headOf(list: readonly Finding[], { rules }: ScanResult, { paint, columns }: ScanReportOptions): string {
  const [first] = list;
  if (first === undefined) return '';
  const number = list.length === 1 ? '' : `  ×${list.length}`;
  const title = rules.get(first.rule)?.title ?? '';
  const name = harmless(ruleOf(first), false);
  const room = columns - 4 - widthOf(name) - number.length;
  const said = room < 12 ? '' : `  ${fit(harmless(title, false), room)}`;
  return `  ${paint('bold', fit(name, columns - 2 - number.length))}${paint('dim', said)}${number}`;
}

function renderFinding(
  finding: Finding,
  list: readonly Finding[],
  { result, options }: { readonly result: ScanResult; readonly options: ScanReportOptions },
): readonly string[] {
  const { paint, columns } = options;
  const place = fit(placeOf(finding), Math.max(20, Math.floor(columns * 0.6)));
  const room = columns - 6 - widthOf(place);
  const message = room < 12 ? '' : `  ${fit(harmless(finding.message, false), room)}`;
  const lines = [`    ${paint(COLOURS[finding.severity], place)}${message}`, ...codeOf(finding, { result, options })];
  const { label, text } = fixOf(finding);
  // What is the same as for the one above is said once.
  const above = list[list.indexOf(finding) - 1];
  if (above !== undefined && fixOf(above).text === text) return lines;
  return [...lines, `      ${fit(`${paint('cyan', label)} ${text}`, columns - 6)}`];
}

function placeOf({ place, commit }: Finding): string {
  const at = `${harmless(place.file, false)}:${place.line}:${place.column}`;
  return commit === undefined ? at : `${at} in ${commit.id.slice(0, 12)}`;
}

/** The line of the code, the place in it underlined where that can be seen. */
function codeOf(
  finding: Finding,
  { result, options: { paint, columns } }: { readonly result: ScanResult; readonly options: ScanReportOptions },
): readonly string[] {
  const excerpt = result.sources.excerptOf(finding);
  const text = (excerpt?.line ?? finding.evidence).split('\n', 1)[0] ?? '';
  if (text.trim() === '') return [];
  const room = Math.max(20, columns - 9);
  const bar = `      ${paint('dim', '│')} `;
  const indent = /^\s*/.exec(text)?.[0].length ?? 0;
  if (excerpt?.mark === undefined) return [`${bar}${fit(harmless(text.slice(indent), false), room)}`];
  const { column, endColumn } = excerpt.mark;
  const from = Math.min(indent, column - 1);
  const { shown, before } = windowOf(text.slice(from), column - from, room);
  const marked = harmless(text.slice(column - 1, endColumn - 1), false);
  const at = indexOfColumn(shown, before);
  if (marked === '' || !shown.startsWith(marked, at)) return [`${bar}${shown}`];
  const end = at + marked.length;
  return [`${bar}${shown.slice(0, at)}${paint('underline', shown.slice(at, end))}${shown.slice(end)}`];
}

function indexOfColumn(text: string, column: number): number {
  let width = 0;
  let at = 0;
  for (const letter of text) {
    if (width >= column) break;
    width += widthOf(letter);
    at += letter.length;
  }
  return at;
}

function fixOf({ fix, priority }: Finding): { readonly label: string; readonly text: string } {
  const plain = (text: string) => harmless(text.replaceAll(/\s+/g, ' ').trim(), false);
  // What the rule alone says of how urgent it is stands in the heading.
  const isPlain = /^\w+ severity, \w+ confidence$/.test(priority.reason);
  const first = isPlain ? '' : `${plain(priority.reason)}; `;
  if (fix.kind !== 'none') return { label: 'fix', text: `${first}${plain(fix.title)}` };
  return fix.followUp === undefined
    ? { label: 'no fix', text: `${first}${plain(fix.reason)}` }
    : { label: 'fix', text: `${first}${plain(fix.followUp)}` };
}

/** `and 9 more: a.ts:3, b.ts:8, …` */
function restOf(rest: readonly Finding[], isMore: boolean, { paint, columns }: ScanReportOptions): string {
  const places = rest.slice(0, 20).map(({ place }) => `${harmless(place.file, false)}:${place.line}`);
  const head = isMore ? `and ${rest.length} more: ` : '';
  return paint('dim', fit(`    ${head}${places.join(', ')}${rest.length > 20 ? ', …' : ''}`, columns));
}
