import { resolve } from 'node:path';
import type { CliDependencies } from './door.ts';
import { EXIT } from './errors.ts';
import { harmless } from './harmless.ts';
import { count, paintOf } from './terminal.ts';

export type AuditVerifyOptions = {
  readonly data?: string;
  readonly databaseUrl?: string;
  readonly keys?: string;
  readonly checkpoint: readonly string[];
  readonly json?: true;
};

/** `sallyport audit verify`: exit 1 when anything deviates. */
export async function auditVerify(options: AuditVerifyOptions, dependencies: CliDependencies): Promise<number> {
  const { cwd, terminal, commands } = dependencies;
  const path = (given: string | undefined) => (given === undefined ? undefined : resolve(cwd, given));
  const found = await commands.audit.verify({
    data: path(options.data),
    databaseUrl: options.databaseUrl,
    keys: path(options.keys),
    checkpoints: options.checkpoint.map((file) => resolve(cwd, file)),
  });
  const isWhole = found.deviations.length === 0;
  if (options.json === true) {
    terminal.write(`${JSON.stringify(found)}\n`);
    return isWhole ? EXIT.success : EXIT.failure;
  }
  const paint = paintOf(terminal.colors);
  for (const { position, problem } of found.deviations) {
    const place = position === undefined ? '' : `entry ${position}: `;
    terminal.write(`${paint('red', '✗')} ${place}${harmless(problem, false)}\n`);
  }
  const log = harmless(found.log, false);
  const facts = `${count(found.entries, 'entry').replace(/entrys$/, 'entries')}, ${count(found.checkpoints, 'checkpoint')} signed by ${log} and its witness, ${found.kept} kept elsewhere`;
  terminal.write(
    isWhole
      ? `${paint('green', '✓')} the log is whole: ${facts}\n`
      : `${paint('red', '✗')} the log was changed: ${facts}\n`,
  );
  for (const { position, backMs } of found.clockSteps) {
    const minutes = Math.round(backMs / 60_000);
    terminal.write(
      `${paint('yellow', '!')} entry ${position}: the clock was set back by ${count(minutes, 'minute')}; order is that of the entries, times around here are not to be trusted\n`,
    );
  }
  const young = found.unsigned + found.open;
  if (young > 0)
    terminal.write(
      `  ${count(young, 'entry').replace(/entrys$/, 'entries')} of the last moment have no signature yet\n`,
    );
  if (!isWhole) {
    terminal.writeError(
      'help: keep database and folders as they are; compare with a backup, and with checkpoints that others kept\n',
    );
  }
  return isWhole ? EXIT.success : EXIT.failure;
}
