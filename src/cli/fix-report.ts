import type { FixReport } from './door.ts';
import { harmless } from './harmless.ts';
import { count, fit, type Paint } from './terminal.ts';

/** Findings that are listed one by one; there may be thousands. */
const LISTED_MAX = 60;
const TAIL_LINES = 15;

export type FixReportOptions = { readonly paint: Paint; readonly columns: number; readonly isDryRun: boolean };

/** What was mended, what was not and why, what a person still has to do, and what the tests say. */
export function renderFixReport(report: FixReport, options: FixReportOptions): readonly string[] {
  return [
    ...mendedLines(report, options),
    ...followUpLines(report, options),
    ...explainedLines(report, options),
    ...testLines(report, options),
    ...endLines(report, options),
  ];
}

function mendedLines({ mended }: FixReport, { paint, columns }: FixReportOptions): readonly string[] {
  const lines: string[] = [];
  for (const [file, list] of Map.groupBy(mended, ({ finding }) => finding.place.file)) {
    lines.push(paint('bold', fit(harmless(file, false), columns)));
    for (const { finding, title } of list) {
      const text = `${paint('green', '✓')} ${finding.place.line}  ${harmless(title, false)}  ${paint('dim', finding.rule)}`;
      lines.push(`  ${fit(text, columns - 3)}`);
    }
  }
  return lines.length > LISTED_MAX
    ? [...lines.slice(0, LISTED_MAX), paint('dim', `  … and ${lines.length - LISTED_MAX} more lines`), '']
    : [...lines, ...(lines.length === 0 ? [] : [''])];
}

/** What only a person can do: a key that was in a file is known to whoever has the file. */
function followUpLines({ mended }: FixReport, { paint, columns }: FixReportOptions): readonly string[] {
  const todo = new Map<string, string>();
  for (const { finding, followUp } of mended) {
    if (followUp !== undefined) todo.set(`${finding.place.file}:${finding.place.line}`, followUp);
  }
  if (todo.size === 0) return [];
  return [
    paint(['bold', 'yellow'], 'Still to be done by you'),
    ...[...todo].map(
      ([place, text]) => `  ${fit(`${paint('bold', harmless(place, false))}  ${harmless(text, false)}`, columns - 3)}`,
    ),
    '',
  ];
}

function explainedLines({ explained }: FixReport, { paint, columns }: FixReportOptions): readonly string[] {
  if (explained.length === 0) return [];
  const lines = explained.slice(0, LISTED_MAX).flatMap(({ finding, reason, followUp }) => {
    const place = `${harmless(finding.place.file, false)}:${finding.place.line}`;
    return [
      `  ${fit(`${paint('yellow', '•')} ${place}  ${paint('dim', finding.rule)}`, columns - 3)}`,
      `    ${fit(harmless(reason, false), columns - 5)}`,
      ...(followUp === undefined
        ? []
        : [`    ${fit(`${paint('cyan', 'instead')} ${harmless(followUp, false)}`, columns - 5)}`]),
    ];
  });
  const rest = explained.length - LISTED_MAX;
  return [
    paint('bold', `Not mended: ${explained.length}`),
    ...lines,
    ...(rest > 0 ? [paint('dim', `  … and ${rest} more`)] : []),
    '',
  ];
}

function testLines({ tests }: FixReport, { paint, columns }: FixReportOptions): readonly string[] {
  switch (tests.kind) {
    case 'not-needed':
      return [];
    case 'none':
      return [
        `${paint('yellow', '!')} no tests were found: the fixes are verified by a new scan only (--test-command names yours)`,
      ];
    case 'not-run':
      return [`${paint('yellow', '!')} the tests were not run: ${tests.reason}`];
    case 'failed-before':
      return [
        `${paint('yellow', '!')} ${tests.name} failed before anything was changed: the fixes are verified by a new scan only`,
        ...tests.tail.slice(-TAIL_LINES).map((line) => paint('dim', `    ${fit(harmless(line, false), columns - 5)}`)),
      ];
    case 'passed':
      return [
        `${paint('green', '✓')} ${tests.name} passed before and after`,
        ...(tests.leftOut === undefined || tests.leftOut.length === 0
          ? []
          : [`  left out, since the tests failed with them: ${tests.leftOut.join(', ')}`]),
      ];
  }
}

function endLines({ mended, after, changes }: FixReport, { paint, isDryRun }: FixReportOptions): readonly string[] {
  if (mended.length === 0)
    return [`${paint('yellow', '!')} nothing could be mended · ${count(after.findings.length, 'finding')} left`];
  const verb = isDryRun ? 'would be mended' : 'mended';
  const lines = [
    `${paint('green', '✓')} ${count(mended.length, 'finding')} ${verb} in ${count(changes.length, 'file')} · ${after.findings.length} left`,
  ];
  if (!isDryRun) lines.push(`${paint('cyan', 'next:')} ${paint('bold', 'git diff')}  shows what was changed`);
  return lines;
}
