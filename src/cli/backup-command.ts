import { resolve } from 'node:path';
import type { BackupReport, CliDependencies } from './door.ts';
import { EXIT } from './errors.ts';
import { harmless } from './harmless.ts';
import { count, paintOf } from './terminal.ts';

type Common = { readonly data?: string; readonly databaseUrl?: string; readonly json?: true };
export type BackupOptions = Common & { readonly output: string; readonly recipient: readonly string[] };
export type RestoreOptions = Common & { readonly identity: string };

/** `sallyport backup`. */
export async function backup(options: BackupOptions, dependencies: CliDependencies): Promise<number> {
  const { cwd, commands } = dependencies;
  const output = resolve(cwd, options.output);
  const report = await commands.backup({ ...commonOf(options, dependencies), output, recipients: options.recipient });
  return tell(report, options, dependencies, [
    `wrote ${output}, ${megabytes(report.bytes)}`,
    'Keep the identity of its recipient somewhere else: whoever has both has everything.',
  ]);
}

/** `sallyport restore FILE`. */
export async function restore(file: string, options: RestoreOptions, dependencies: CliDependencies): Promise<number> {
  const { cwd, commands } = dependencies;
  const report = await commands.restore({
    ...commonOf(options, dependencies),
    input: resolve(cwd, file),
    identityFile: resolve(cwd, options.identity),
  });
  return tell(report, options, dependencies, [
    `restored, and the audit log proves itself: ${report.entries} entries`,
    'Start it with sallyport up. What was done after the backup is gone; witnesses elsewhere will say so.',
  ]);
}

function commonOf(options: Common, { cwd, terminal }: CliDependencies) {
  return {
    data: options.data === undefined ? undefined : resolve(cwd, options.data),
    databaseUrl: options.databaseUrl,
    onProgress: (what: string) => {
      if (options.json !== true) terminal.writeError(`  ${harmless(what, false)}\n`);
    },
  };
}

function tell(
  report: BackupReport,
  options: Common,
  { terminal }: CliDependencies,
  [first, next]: readonly [string, string],
): number {
  if (options.json === true) {
    terminal.write(`${JSON.stringify(report)}\n`);
    return EXIT.success;
  }
  const paint = paintOf(terminal.colors);
  const repositories = report.repositories === 1 ? '1 repository' : `${report.repositories} repositories`;
  terminal.write(`${paint('green', '✓')} ${harmless(first, false)}\n`);
  terminal.write(`  ${repositories}, ${count(report.rows, 'row')}, ${count(report.files, 'file')}\n  ${next}\n`);
  return EXIT.success;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
