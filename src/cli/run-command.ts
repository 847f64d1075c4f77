import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { unreachable } from '../base/index.ts';
import type { Diagnostic } from '../workflow/index.ts';
import { renderDiagnostics, sourceOf } from './diagnostics.ts';
import type { CliDependencies, RunRequest, RunResult } from './door.ts';
import { EXIT } from './errors.ts';
import { fault } from './faults.ts';
import { parsePairs, readEnvFiles, readSecrets } from './inputs.ts';
import { LearnedEgress, printProposal } from './learn.ts';
import { printList } from './plan-command.ts';
import type { RunOptions } from './program.ts';
import { createRenderer, type OutputForm } from './renderer.ts';
import { count, paintOf } from './terminal.ts';

/** `sallyport run`. Answers the exit code. */
export async function run(
  files: readonly string[],
  options: RunOptions & { readonly debug?: true },
  dependencies: CliDependencies,
): Promise<number> {
  const { terminal } = dependencies;
  const directory = resolve(dependencies.cwd, options.directory ?? '.');
  if (options.list === true) return printList(files, directory, options, dependencies);
  if (options.json === true && options.quiet === true) throw fault('usage', '--json and --quiet exclude each other');
  if (options.shell === true && !terminal.canAsk) {
    throw fault('usage', '--shell needs a terminal; --keep keeps the workspace of a failed job without one');
  }

  const request = await readRequest(files, directory, options, dependencies);
  const result = await runShown(request, options, dependencies);
  switch (result.kind) {
    case 'refused':
      printRefusal(result.errors, directory, options, dependencies);
      return EXIT.usage;
    case 'nothing':
      return explainNothing(result, directory, options, dependencies);
    case 'finished':
      for (const remark of result.remarks) terminal.writeError(`${remark}\n`);
      if (result.conclusion === 'success' || result.conclusion === 'skipped') return EXIT.success;
      return result.conclusion === 'cancelled' ? EXIT.cancelled : EXIT.failure;
    default:
      return unreachable(result);
  }
}

async function runShown(
  request: RunRequest,
  options: RunOptions,
  { terminal, clock, commands, interrupt }: CliDependencies,
): Promise<RunResult> {
  const renderer = createRenderer(formOf(options, terminal.isInteractive), terminal, {
    clock,
    command: repeatedOptions(options),
  });
  const learned = request.learn ? new LearnedEgress() : undefined;
  const stop = interrupt.onInterrupt((state) => {
    if (state === 'cancel') renderer.cancelling();
  });
  try {
    const result = await commands.run(
      request,
      (event) => {
        learned?.look(event);
        renderer.onEvent(event);
      },
      interrupt,
    );
    if (learned !== undefined && result.kind === 'finished') {
      renderer.close();
      const diff = await commands.proposeEgress(learned.records, request.directory);
      printProposal(diff, learned.leftOut, options, terminal);
    }
    return result;
  } finally {
    stop();
    renderer.close();
  }
}

function formOf(options: RunOptions, isInteractive: boolean): OutputForm {
  if (options.json === true) return 'json';
  if (options.quiet === true) return 'quiet';
  return isInteractive && options.shell !== true ? 'live' : 'plain';
}

/** The options that a repeated run of one job needs to be the same run. Values of secrets are not among them. */
function repeatedOptions(options: RunOptions): readonly string[] {
  const pairs = (flag: string, values: readonly string[]) => values.flatMap((value) => [flag, value]);
  return [
    ...(options.directory === undefined ? [] : ['-C', options.directory]),
    ...(options.eventName === undefined ? [] : ['--event-name', options.eventName]),
    ...(options.event === undefined ? [] : ['--event', options.event]),
    ...pairs('--input', options.input),
    ...pairs('--var', options.var),
    ...pairs('--var-file', options.varFile),
    ...pairs('--secret', options.secret),
    ...pairs('--secret-file', options.secretFile),
    ...pairs('--require', options.require),
    ...pairs('--allow-private', options.allowPrivate),
    ...pairs('--tools', options.tools),
    ...(options.actionsMirror === undefined ? [] : ['--actions-mirror', options.actionsMirror]),
    ...(options.builtin ? [] : ['--no-builtin']),
    ...(options.skipUnrunnable === true ? ['--skip-unrunnable'] : []),
  ];
}

async function readRequest(
  files: readonly string[],
  directory: string,
  options: RunOptions & { readonly debug?: true },
  { cwd, terminal, environment }: CliDependencies,
): Promise<RunRequest> {
  const path = (text: string | undefined) => (text === undefined ? undefined : resolve(cwd, text));
  const ask = terminal.canAsk ? (name: string) => askSecret(name) : undefined;
  return {
    directory,
    files: files.map((file) => fileIn(file, directory, cwd)),
    jobs: options.job,
    eventName: options.eventName,
    eventFile: path(options.event),
    matrix: parsePairs(options.matrix, '--matrix'),
    inputs: parsePairs(options.input, '--input'),
    vars: { ...(await readEnvFiles(options.varFile)), ...parsePairs(options.var, '--var') },
    secrets: await readSecrets(options.secret, options.secretFile, { environment, ask }),
    keep: options.keep === true,
    shell: options.shell === true,
    artifactsTo: path(options.artifacts),
    failed: options.failed === true,
    learn: options.learn === true,
    require: options.require,
    actionsMirror: path(options.actionsMirror),
    builtin: options.builtin,
    skipUnrunnable: options.skipUnrunnable === true,
    allowPrivate: options.allowPrivate,
    tools: options.tools.map((folder) => resolve(cwd, folder)),
    jobsAtOnce: options.jobs,
    debug: options.debug === true,
  };
}

/** A workflow file is named from the current folder, or from the repository that `-C` names. */
function fileIn(file: string, directory: string, cwd: string): string {
  const here = resolve(cwd, file);
  return existsSync(here) ? here : resolve(directory, file);
}

async function askSecret(name: string): Promise<string> {
  const { isCancel, password } = await import('@clack/prompts');
  const answer = await password({
    message: `Secret ${name}`,
    output: process.stderr,
    validate: (value) =>
      value === undefined || value === '' ? 'It is empty: give a value, or Ctrl-C to stop' : undefined,
  });
  if (isCancel(answer)) throw fault('cancelled', `the secret ${name} was not given`);
  return answer;
}

function printRefusal(
  errors: readonly Diagnostic[],
  directory: string,
  options: RunOptions,
  { terminal }: CliDependencies,
): void {
  if (options.json === true) {
    for (const error of errors) terminal.write(`${JSON.stringify({ kind: 'diagnostic', ...error })}\n`);
    return;
  }
  const lines = renderDiagnostics(errors, {
    paint: paintOf(terminal.colors),
    columns: Math.max(40, terminal.columns()),
    source: (file) => sourceOf(directory, file),
  });
  terminal.writeError(`${lines.join('\n')}\n${count(errors.length, 'error')}: nothing ran\n`);
}

async function explainNothing(
  { reason, message }: Extract<RunResult, { kind: 'nothing' }>,
  directory: string,
  options: RunOptions,
  dependencies: CliDependencies,
): Promise<number> {
  const { terminal } = dependencies;
  if (options.json === true) {
    terminal.write(`${JSON.stringify({ kind: 'nothing', reason, message })}\n`);
    return EXIT.usage;
  }
  terminal.writeError(`${message}\n`);
  if (reason === 'no-match') {
    terminal.writeError('help: sallyport run -l lists the workflows and their triggers\n');
    return EXIT.usage;
  }
  terminal.writeError('Workflows are files as GitHub Actions has them, in .github/workflows.\n');
  if (terminal.canAsk && (await askToInit())) {
    const { init } = await import('./init-command.ts');
    return init({ directory }, dependencies);
  }
  terminal.writeError('help: sallyport init writes a first one for what it finds here\n');
  return EXIT.usage;
}

async function askToInit(): Promise<boolean> {
  const { confirm } = await import('@clack/prompts');
  const answer = await confirm({ message: 'Write a first workflow now?', output: process.stderr });
  return answer === true;
}
