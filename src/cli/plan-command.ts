import { resolve } from 'node:path';
import { renderDiagnostics, sourceOf } from './diagnostics.ts';
import type { CliDependencies, PlannedFile } from './door.ts';
import { EXIT } from './errors.ts';
import { harmless } from './harmless.ts';
import { count, type Paint, paintOf } from './terminal.ts';

type PlanOptions = { readonly eventName?: string; readonly event?: string; readonly json?: true };

/** `sallyport plan`: exit code 2 when a file is refused. */
export async function plan(
  paths: readonly string[],
  options: PlanOptions,
  dependencies: CliDependencies,
): Promise<number> {
  const { cwd, terminal } = dependencies;
  const files = await dependencies.commands.plan({
    directory: cwd,
    paths: paths.map((path) => resolve(cwd, path)),
    eventName: options.eventName,
    eventFile: options.event === undefined ? undefined : resolve(cwd, options.event),
  });
  if (options.json === true)
    terminal.write(
      `${JSON.stringify(
        files.map(({ json }) => json),
        undefined,
        2,
      )}\n`,
    );
  else printPlans(files, cwd, dependencies);
  return files.every(({ ok }) => ok) ? EXIT.success : EXIT.usage;
}

/** `sallyport run -l`. */
export async function printList(
  files: readonly string[],
  directory: string,
  options: { readonly json?: true },
  dependencies: CliDependencies,
): Promise<number> {
  const { terminal, commands, cwd } = dependencies;
  const planned = await commands.plan({
    directory,
    paths: files.map((file) => resolve(cwd, file)),
    eventName: undefined,
    eventFile: undefined,
  });
  if (options.json === true)
    terminal.write(
      `${JSON.stringify(
        planned.map(({ json }) => json),
        undefined,
        2,
      )}\n`,
    );
  else if (planned.length === 0)
    terminal.writeError('no workflows in .github/workflows\nhelp: sallyport init writes a first one\n');
  else printPlans(planned, directory, dependencies);
  return planned.length > 0 && planned.every(({ ok }) => ok) ? EXIT.success : EXIT.usage;
}

function printPlans(files: readonly PlannedFile[], directory: string, { terminal }: CliDependencies): void {
  const paint = paintOf(terminal.colors);
  for (const file of files) terminal.write(`${renderPlanned(file, paint).join('\n')}\n`);
  const errors = files.flatMap((file) => file.errors);
  if (errors.length === 0) return;
  const lines = renderDiagnostics(errors, {
    paint,
    columns: Math.max(40, terminal.columns()),
    source: (file) => sourceOf(directory, file),
  });
  const refused = files.filter(({ ok }) => !ok).length;
  terminal.writeError(`${lines.join('\n')}\n${count(refused, 'file')} of ${files.length} refused\n`);
}

function renderPlanned({ file, ok, name, on, jobs }: PlannedFile, paint: Paint): readonly string[] {
  const symbol = ok ? paint('green', '✓') : paint('red', '✗');
  // A workflow without a name, or one that can't be read, goes by its path.
  const path = name === file ? '' : `  ${paint('dim', harmless(file, false))}`;
  const title = `${symbol} ${paint('bold', harmless(name, false))}${path}`;
  if (!ok) return [title];
  const lines = jobs.map((job) => {
    const label = job.name === '' || job.name === job.id ? job.id : `${job.id}  ${paint('dim', job.name)}`;
    const needs = job.needs.length === 0 ? '' : paint('dim', `  after ${job.needs.join(', ')}`);
    return `    ${harmless(label, true)}${harmless(needs, true)}`;
  });
  return [title, `  ${paint('dim', `on ${on.join(', ')}`)}`, ...lines];
}
