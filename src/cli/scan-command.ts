import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { reasonOf } from '../base/index.ts';
import { SEVERITIES } from '../finding/index.ts';
import { renderReport, type ScanMode, type ScanResult } from '../scan/index.ts';
import type { CliDependencies, ScanCommandRequest } from './door.ts';
import { EXIT } from './errors.ts';
import { fault } from './faults.ts';
import { placeOfPaths } from './scan-paths.ts';
import { type ScanOptions, SCANNED_KINDS } from './scan-options.ts';

/** `sallyport scan`. Answers the exit code. */
export async function scan(
  paths: readonly string[],
  options: ScanOptions & { readonly debug?: true },
  dependencies: CliDependencies,
): Promise<number> {
  const { terminal, commands, interrupt } = dependencies;
  const request = readRequest(paths, options, dependencies);
  const result = await commands.scan(request, () => {}, interrupt);
  const format = options.json === true ? 'json' : (options.format ?? 'text');
  const report = format === 'text' ? textOf(result) : renderReport(format, result, { version: dependencies.version });
  if (options.output === undefined) terminal.write(report);
  else writeReport(resolve(dependencies.cwd, options.output), report);
  if (format !== 'text' || options.output !== undefined) tellGaps(result, dependencies);
  return exitCodeOf(result, options);
}

function textOf({ findings }: ScanResult): string {
  return findings.map(({ place, rule, message }) => `${place.file}:${place.line}: ${rule}: ${message}\n`).join('');
}

/** 1 before 3: what was found is to be mended whether or not all was looked at. */
function exitCodeOf({ findings, gaps }: ScanResult, { failOn }: ScanOptions): number {
  const limit = SEVERITIES.indexOf(failOn);
  if (findings.some(({ severity }) => SEVERITIES.indexOf(severity) <= limit)) return EXIT.failure;
  return gaps.length > 0 ? EXIT.incomplete : EXIT.success;
}

function tellGaps({ gaps, notes }: ScanResult, { terminal }: CliDependencies): void {
  for (const { reason, help } of gaps)
    terminal.writeError(`not scanned: ${reason}${help === undefined ? '' : `\nhelp: ${help}`}\n`);
  for (const note of notes) terminal.writeError(`note: ${note}\n`);
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

function writeReport(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (thrown) {
    throw fault('file-unwritable', `${file}: ${reasonOf(thrown)}`, { cause: thrown });
  }
}
