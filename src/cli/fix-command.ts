import { SEVERITIES } from '../finding/index.ts';
import type { CliDependencies, FixReport, ScanCommandRequest } from './door.ts';
import { EXIT } from './errors.ts';
import { fault } from './faults.ts';
import { renderFixReport } from './fix-report.ts';
import type { ScanOptions } from './scan-options.ts';
import { createScanProgress } from './scan-progress.ts';
import { paintOf } from './terminal.ts';

/** `sallyport scan --fix`. Answers the exit code: that of a scan of what is left. */
export async function fix(
  request: ScanCommandRequest,
  options: ScanOptions,
  dependencies: CliDependencies,
): Promise<number> {
  const { terminal, clock, commands, interrupt } = dependencies;
  if (request.mode.kind === 'staged' || request.mode.kind === 'change') {
    throw fault('usage', `--fix changes files of the folder: it does not go with --${request.mode.kind}`);
  }
  const progress = createScanProgress(terminal, clock);
  const paint = paintOf(terminal.colors);
  const report = await commands
    .scanAndFix(
      request,
      {
        dryRun: options.dryRun === true,
        runTests: options.tests,
        ...(options.testCommand === undefined ? {} : { testCommand: options.testCommand }),
        ...(options.actionsMirror === undefined ? {} : { actionsMirror: options.actionsMirror }),
        onProgress: (step) => progress.show(step),
        onNote: (text) => {
          progress.close();
          terminal.writeError(`${paint('dim', text)}\n`);
        },
      },
      interrupt,
    )
    .finally(() => progress.close());
  await write(report, options, dependencies);
  const limit = SEVERITIES.indexOf(options.failOn);
  if (report.after.findings.some(({ severity }) => SEVERITIES.indexOf(severity) <= limit)) return EXIT.failure;
  return report.after.gaps.length > 0 ? EXIT.incomplete : EXIT.success;
}

async function write(report: FixReport, options: ScanOptions, { terminal }: CliDependencies): Promise<void> {
  if (options.json === true) {
    terminal.write(`${JSON.stringify(jsonOf(report), null, 2)}\n`);
    return;
  }
  const columns = terminal.isInteractive ? Math.max(40, terminal.columns()) : 110;
  const lines = renderFixReport(report, {
    paint: paintOf(terminal.colors),
    columns,
    isDryRun: options.dryRun === true,
  });
  if (options.dryRun === true) {
    // The patch alone is the output, so that it can be piped into `git apply`.
    const { renderPatch } = await import('../fix/index.ts');
    terminal.write(renderPatch(report.changes));
    terminal.writeError(`${lines.join('\n')}\n`);
    return;
  }
  terminal.write(`${lines.join('\n')}\n`);
}

/** The form of `--fix --json`. */
function jsonOf(report: FixReport): unknown {
  const place = ({ finding }: FixReport['mended'][number] | FixReport['explained'][number]) => ({
    rule: finding.rule,
    file: finding.place.file,
    line: finding.place.line,
    fingerprint: finding.fingerprint,
  });
  return {
    before: report.before.findings.length,
    after: report.after.findings.length,
    mended: report.mended.map((one) => ({ ...place(one), title: one.title, followUp: one.followUp ?? null })),
    explained: report.explained.map((one) => ({ ...place(one), reason: one.reason, followUp: one.followUp ?? null })),
    files: report.changes.map(({ path }) => path),
    tests: report.tests,
    gaps: report.after.gaps,
  };
}
