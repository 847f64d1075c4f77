import { accessSync, constants, statSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { reasonOf } from '../base/index.ts';
import { SEVERITIES } from '../finding/index.ts';
import type { ReportFormat, ScanMode, ScanResult } from '../scan/index.ts';
import type { CliDependencies, ScanCommandRequest } from './door.ts';
import { EXIT } from './errors.ts';
import { fault } from './faults.ts';
import { harmless, withoutCommands } from './harmless.ts';
import { renderMarkdown } from './markdown.ts';
import { type ScanOptions, SCANNED_KINDS } from './scan-options.ts';
import { placeOfPaths } from './scan-paths.ts';
import { createScanProgress } from './scan-progress.ts';
import { renderScanReport } from './scan-report.ts';
import { paintOf } from './terminal.ts';

/** The widest that a report is set when nobody knows the width. */
const PLAIN_COLUMNS = 110;

/** `sallyport scan`. Answers the exit code. */
export async function scan(
  paths: readonly string[],
  options: ScanOptions & { readonly debug?: true },
  dependencies: CliDependencies,
): Promise<number> {
  const { terminal, commands, interrupt, clock } = dependencies;
  if (options.explain !== undefined) return explain(options.explain, dependencies);
  await checkOptions(options, dependencies.cwd);
  const request = readRequest(paths, options, dependencies);
  if (options.fix === true) {
    const { fix } = await import('./fix-command.ts');
    return fix(request, options, dependencies);
  }
  const started = clock.monotonic();
  const progress = createScanProgress(terminal, clock);
  const result = await commands.scan(request, (step) => progress.show(step), interrupt).finally(() => progress.close());
  const isWritten = await writeFiles(result, options, dependencies);
  await writeReport(result, { ...options, durationMs: clock.monotonic() - started }, dependencies);
  const code = exitCodeOf(result, options);
  return code === EXIT.success && !isWritten ? EXIT.incomplete : code;
}

/** Found before incomplete: what was found is to be mended whether or not all was looked at. */
export function exitCodeOf({ findings, gaps }: Pick<ScanResult, 'findings' | 'gaps'>, { failOn }: ScanOptions): number {
  const limit = SEVERITIES.indexOf(failOn);
  if (findings.some(({ severity }) => SEVERITIES.indexOf(severity) <= limit)) return EXIT.failure;
  return gaps.length > 0 ? EXIT.incomplete : EXIT.success;
}

async function explain(rule: string, { commands, terminal }: CliDependencies): Promise<number> {
  const answer = await commands.explain(rule);
  if (!('page' in answer)) {
    const like = answer.similar.length === 0 ? '' : `; there is ${answer.similar.join(', ')}`;
    throw fault('rule-unknown', `there is no rule ${JSON.stringify(rule.slice(0, 100))}${like}`);
  }
  if (!terminal.isInteractive) {
    terminal.write(answer.page);
    return EXIT.success;
  }
  const columns = Math.min(terminal.columns(), PLAIN_COLUMNS);
  terminal.write(`${renderMarkdown(answer.page, { paint: paintOf(terminal.colors), columns }).join('\n')}\n`);
  return EXIT.success;
}

async function checkOptions(options: ScanOptions, cwd: string): Promise<void> {
  if (options.json === true && options.format !== undefined && options.format !== 'json') {
    throw fault('usage', `--json and --format ${options.format} exclude each other`);
  }
  const fixing = [
    ['--dry-run', options.dryRun],
    ['--no-tests', options.tests ? undefined : true],
    ['--test-command', options.testCommand],
    ['--actions-mirror', options.actionsMirror],
  ] as const;
  const alone = fixing.find(([, value]) => value !== undefined && options.fix !== true);
  if (alone !== undefined) throw fault('usage', `${alone[0]} belongs to --fix`);
  if (options.testCommand !== undefined && !options.tests)
    throw fault('usage', '--test-command and --no-tests exclude each other');
  if (options.sbomFormat !== undefined && options.sbom === undefined)
    throw fault('usage', '--sbom-format belongs to --sbom');
  await checkMissing(options.allowMissing);
  checkWritable(options, cwd);
}

async function checkMissing(allowed: readonly string[]): Promise<void> {
  if (allowed.length === 0) return;
  const { GAP_CODES, isOfGap } = await import('../finding/index.ts');
  const unknown = allowed.find((name) => !GAP_CODES.some((code) => isOfGap(name, code)));
  if (unknown === undefined) return;
  const names = [...new Set(GAP_CODES.flatMap((code) => [code.replace(/-.*/, ''), code]))];
  throw fault('usage', `--allow-missing knows no ${JSON.stringify(unknown)}: ${names.join(', ')}`);
}

/** A scan may take minutes: that its report has no place is told before. */
function checkWritable({ output, sarif, sbom, vex, writeBaseline }: ScanOptions, cwd: string): void {
  for (const named of [output, sarif, sbom, vex, writeBaseline]) {
    if (named === undefined) continue;
    const file = resolve(cwd, named);
    try {
      accessSync(statSync(file, { throwIfNoEntry: false }) === undefined ? dirname(file) : file, constants.W_OK);
      if (statSync(file, { throwIfNoEntry: false })?.isDirectory() === true) throw new Error('it is a folder');
    } catch (thrown) {
      throw fault('file-unwritable', `${file}: ${reasonOf(thrown)}`, { cause: thrown });
    }
  }
}

/** Writes what stands beside the report. Answers whether all of it could be said. */
async function writeFiles(result: ScanResult, options: ScanOptions, dependencies: CliDependencies): Promise<boolean> {
  const { version, cwd, terminal } = dependencies;
  if (options.sarif !== undefined) {
    const { renderReport } = await import('../scan/index.ts');
    write(resolve(cwd, options.sarif), renderReport('sarif', result, { version, textOf: result.sources.textOf }));
  }
  if (options.sbom !== undefined) {
    const text = await result.renderInventory({ format: options.sbomFormat ?? 'cyclonedx', toolVersion: version });
    write(resolve(cwd, options.sbom), text);
  }
  if (options.writeBaseline !== undefined) {
    const { formatBaseline } = await import('../scan/index.ts');
    write(resolve(cwd, options.writeBaseline), formatBaseline(result.findings));
  }
  if (options.vex === undefined) return true;
  const text = await result.renderVex({ toolVersion: version });
  if (text !== undefined) write(resolve(cwd, options.vex), text);
  else terminal.writeError('not written: without advisories nothing is known of flaws, so there is no VEX document\n');
  return text !== undefined;
}

async function writeReport(
  result: ScanResult,
  options: ScanOptions & { readonly durationMs: number },
  { terminal, version, cwd }: CliDependencies,
): Promise<void> {
  const format = options.json === true ? 'json' : (options.format ?? 'text');
  const isFile = options.output !== undefined;
  const report =
    format === 'text'
      ? textOf(result, options, isFile ? undefined : terminal)
      : await formatted(format, result, version);
  if (options.output === undefined) terminal.write(report);
  else write(resolve(cwd, options.output), report);
  // A report for a program may have no place for these, and a person may not look into it.
  if (format === 'text' && !isFile) return;
  const tell = (line: string) => terminal.writeError(`${withoutCommands(harmless(line, false))}\n`);
  for (const { reason, help } of result.gaps) {
    tell(`not scanned: ${reason}`);
    if (help !== undefined) tell(`help: ${help}`);
  }
  for (const note of result.notes) tell(`note: ${note}`);
}

async function formatted(format: ReportFormat, result: ScanResult, version: string): Promise<string> {
  const { renderReport } = await import('../scan/index.ts');
  return renderReport(format, result, { version, textOf: result.sources.textOf });
}

function textOf(
  result: ScanResult,
  options: ScanOptions & { readonly durationMs: number },
  terminal: CliDependencies['terminal'] | undefined,
): string {
  const lines = renderScanReport(result, {
    paint: paintOf(terminal?.colors === true),
    columns: terminal?.isInteractive === true ? Math.max(40, terminal.columns()) : PLAIN_COLUMNS,
    durationMs: options.durationMs,
    failOn: options.failOn,
    verbose: options.verbose === true,
  });
  return withoutCommands(`${lines.join('\n')}\n`);
}

function readRequest(paths: readonly string[], options: ScanOptions, { cwd }: CliDependencies): ScanCommandRequest {
  const path = (text: string | undefined) => (text === undefined ? undefined : resolve(cwd, text));
  return {
    ...placeOfPaths(paths, cwd),
    kinds: options.only.length === 0 ? SCANNED_KINDS : SCANNED_KINDS.filter((kind) => options.only.includes(kind)),
    mode: modeOf(options),
    gate: options.gate,
    everything: options.everything === true,
    history: options.history === true,
    cache: options.cache,
    threads: options.threads,
    baseline: path(options.baseline),
    imports: options.import.map((file) => resolve(cwd, file)),
    tools: options.with,
    secretsConfig: path(options.secretsConfig),
    rules: path(options.rules),
    allowMissing: options.allowMissing,
  };
}

function modeOf({ staged, since, change }: ScanOptions): ScanMode {
  const given = [staged, since, change].filter((option) => option !== undefined);
  if (given.length > 1) throw fault('usage', '--staged, --since and --change exclude each other');
  if (staged === true) return { kind: 'staged' };
  if (since !== undefined) return { kind: 'since', since };
  if (change === undefined) return { kind: 'tree' };
  const [base = '', head = ''] = change.split(/\.\.\.?/);
  if (base === '' || head === '') throw fault('usage', `--change takes BASE..HEAD, not ${JSON.stringify(change)}`);
  return { kind: 'change', base, head };
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (thrown) {
    throw fault('file-unwritable', `${file}: ${reasonOf(thrown)}`, { cause: thrown });
  }
}
