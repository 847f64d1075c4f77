import { Command, CommanderError, Help, InvalidArgumentError, Option } from 'commander';
import { WALLS } from '../protocol/index.ts';
import { addAdvisories } from './advisories-options.ts';
import { addClient } from './client-options.ts';
import { renderCompletion, SHELLS } from './completion.ts';
import type { CliDependencies } from './door.ts';
import { EXIT, exitCodeOf, renderError } from './errors.ts';
import { addAuditVerify, addBackup, addRunnerJoin, addServer } from './server-options.ts';
import { child, collect, examples, wholeNumber } from './options.ts';
import { addScanOptions, type ScanOptions } from './scan-options.ts';
import { paintOf } from './terminal.ts';

/** Jobs at the same time that may be asked for. */
const JOBS_AT_ONCE_MAX = 64;

/** What commander hands over for `sallyport run`. Options that repeat are lists. */
export type RunOptions = {
  readonly directory?: string;
  readonly job: readonly string[];
  readonly eventName?: string;
  readonly event?: string;
  readonly list?: true;
  readonly matrix: readonly string[];
  readonly input: readonly string[];
  readonly var: readonly string[];
  readonly varFile: readonly string[];
  readonly secret: readonly string[];
  readonly secretFile: readonly string[];
  readonly keep?: true;
  readonly shell?: true;
  readonly artifacts?: string;
  readonly failed?: true;
  readonly learn?: true;
  readonly require: readonly string[];
  readonly actionsMirror?: string;
  readonly builtin: boolean;
  readonly skipUnrunnable?: true;
  readonly allowPrivate: readonly string[];
  readonly tools: readonly string[];
  readonly jobs?: number;
  readonly json?: true;
  readonly quiet?: true;
};

/** Runs one command line and answers its exit code. Nothing is thrown: what fails is printed. */
export async function main(argv: readonly string[], dependencies: CliDependencies): Promise<number> {
  const { terminal } = dependencies;
  let exitCode: number = EXIT.success;
  const program = createProgram(
    dependencies,
    (code) => {
      exitCode = code;
    },
    argv[0],
  );
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (thrown) {
    // Commander has printed its message and the way to the help by itself.
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.success : EXIT.usage;
    const paint = paintOf(terminal.colors);
    const lines = renderError(thrown, { paint, debug: argv.includes('--debug') });
    if (argv.includes('--json')) terminal.write(`${JSON.stringify(errorEvent(thrown))}\n`);
    terminal.writeError(`${lines.join('\n')}\n`);
    return exitCodeOf(thrown);
  }
}

/** The last line of a `--json` output of a command that failed. */
function errorEvent(thrown: unknown): unknown {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unexpected';
  const help = thrown instanceof Error && 'help' in thrown ? String(thrown.help) : undefined;
  return { kind: 'error', code, message: thrown instanceof Error ? thrown.message : String(thrown), help };
}

/**
 * The tree of commands. Each loads its own code when it runs.
 *
 * @param first the command that is called, when it is known: a run begins without the thirty commands that talk to a server
 */
export function createProgram(dependencies: CliDependencies, exit: (code: number) => void, first = ''): Command {
  const { terminal } = dependencies;
  const program = new Command('sallyport')
    .description(
      'Runs GitHub Actions workflows here, each job in a locked-down sandbox with a network that denies; finds and fixes flaws.',
    )
    .version(dependencies.version, '-V, --version')
    .option('--debug', 'more in the logs, and the stack of an error')
    .option('--no-color', 'no colours (so does the variable NO_COLOR)')
    .configureOutput({
      writeOut: (text) => terminal.write(text),
      writeErr: (text) => terminal.writeError(text),
      getOutHelpWidth: () => Math.min(terminal.columns(), 110),
      getErrHelpWidth: () => Math.min(terminal.columns(), 110),
      getOutHasColors: () => terminal.colors,
      getErrHasColors: () => terminal.colors,
    })
    .configureHelp({ optionDescription })
    .showHelpAfterError('help: --help lists commands, arguments and options')
    .exitOverride()
    .helpCommand(true);
  program.addHelpText('after', '\nExample:\n  $ sallyport run            run what a push of this repository would run');

  addRun(program, dependencies, exit);
  addScan(program, dependencies, exit);
  addPlan(program, dependencies, exit);
  addAdvisories(program, dependencies, exit);
  addLock(program, dependencies, exit);
  addMirror(program, dependencies, exit);
  addHousehold(program, dependencies, exit);
  if (first !== 'run') {
    addServer(program, dependencies, exit);
    addBackup(program, dependencies, exit);
    addRunnerJoin(child(program, 'runner', 'machines that run the jobs of a server'), dependencies, exit);
    addAuditVerify(child(program, 'audit', 'the tamper-evident log of what was done'), dependencies, exit);
    addClient(program, dependencies, exit);
  }
  return program;
}

type Exit = (code: number) => void;

/** As commander describes an option; of one that may be given several times it would print an empty list as the default. */
function optionDescription(option: Option): string {
  return new Help()
    .optionDescription(option)
    .replace(/ \(default: \[\]\)$/, ' (repeatable)')
    .replace(/, default: \[\]\)$/, '; repeatable)');
}

function addRun(program: Command, dependencies: CliDependencies, exit: Exit): void {
  const command = child(program, 'run', 'run workflows in sandboxes on this machine')
    .argument('[file...]', 'workflow files; without one, those that the event triggers')
    .option('-C, --directory <dir>', 'the repository, instead of the current folder')
    .option('-j, --job <job>', 'run this job and what it needs: its id, or its key as `build (18, linux)`', collect, [])
    .option('--event-name <name>', 'the event (default: push)')
    .option('--event <file>', 'the event as GitHub sends it: the JSON of a webhook')
    .option('-l, --list', 'list workflows, their jobs and triggers, and run nothing')
    .option('--matrix <key=value>', 'only matrix children with this value', collect, [])
    .option('--input <key=value>', 'an input of workflow_dispatch', collect, [])
    .option('--var <key=value>', 'a variable of the `vars` context', collect, [])
    .option('--var-file <file>', 'variables in dotenv form', collect, [])
    .option('--secret <name>', 'a secret: NAME asks, NAME=@FILE reads a file, NAME=env:VAR a variable', collect, [])
    .option('--secret-file <file>', 'secrets in dotenv form', collect, [])
    .option('--keep', 'keep the workspace of a failed job and say where')
    .option('--shell', 'open a shell in the sandbox of a job that failed')
    .option('--artifacts <dir>', 'copy the artifacts of the run into this folder')
    .option('--failed', 'only what failed the last time, and what needs it')
    .option('--learn', 'allow every public host, and propose the list for .sallyport/egress.yml')
    .addOption(
      new Option('--require <wall>', 'refuse to run when this wall is not hard (see doctor)')
        .choices(WALLS)
        .argParser(collectWall)
        .default([]),
    )
    .option('--actions-mirror <dir>', 'take actions from bare repositories in this folder')
    .option('--no-builtin', 'fetch the official actions instead of using the built-in ones')
    .option('--skip-unrunnable', 'skip jobs for systems that this machine is not, instead of refusing')
    .option('--tools <dir>', 'show jobs this folder of tools too, read-only, at the same place', collect, [])
    .option('--allow-private <host>', 'let jobs reach this host though its address is private', collect, [])
    .option('--jobs <n>', 'jobs at the same time (default: processors)', wholeNumber(JOBS_AT_ONCE_MAX))
    .option('--json', 'one event a line, see docs/reference/events.md')
    .option('--quiet', 'print only what failed')
    .action(async (files: string[], options: RunOptions) => {
      const { run } = await import('./run-command.ts');
      exit(await run(files, { ...program.opts(), ...options }, dependencies));
    });
  examples(
    command,
    'sallyport run                                what a push would run',
    'sallyport run -j test --matrix node=20       one child of one job',
    'sallyport run --event pr.json --event-name pull_request',
  );
}

function addScan(program: Command, dependencies: CliDependencies, exit: Exit): void {
  const command = child(
    program,
    'scan',
    'find and fix flaws: code, secrets, dependencies, workflows, infrastructure',
  ).argument('[path...]', 'a folder, or files; without one, the current folder');
  addScanOptions(command).action(async (paths: string[], options: ScanOptions) => {
    const { scan } = await import('./scan-command.ts');
    exit(await scan(paths, { ...program.opts(), ...options }, dependencies));
  });
  examples(
    command,
    'sallyport scan                               what is wrong in this folder',
    'sallyport scan --fix --dry-run               the fixes, as a patch',
    'sallyport scan --since main                  only what this branch brings',
    'sallyport scan --staged --only secrets       in a pre-commit hook',
    'sallyport scan --history --only secrets      every line that was ever committed',
  );
}

function addPlan(program: Command, dependencies: CliDependencies, exit: Exit): void {
  const command = child(program, 'plan', 'read and check workflow files, and print what would run')
    .argument('[path...]', 'files or folders; without one, the workflows of this repository')
    .option('--event-name <name>', 'the event that the plan is for')
    .option('--event <file>', 'the event as GitHub sends it')
    .option('--json', 'one array with an object for each file')
    .action(async (paths: string[], options: { eventName?: string; event?: string; json?: true }) => {
      const { plan } = await import('./plan-command.ts');
      exit(await plan(paths, options, dependencies));
    });
  examples(command, 'sallyport plan .github/workflows --json');
}

function addLock(program: Command, dependencies: CliDependencies, exit: Exit): void {
  const command = child(program, 'lock', 'pin every action that the workflows use, to commit and content')
    .option('-C, --directory <dir>', 'the repository, instead of the current folder')
    .option('--update [owner/repo]', 'look this action up anew, or all of them', collectUpdate, [])
    .option('--check', 'write nothing; exit 1 when the lock does not name all that is used')
    .option('--actions-mirror <dir>', 'take actions from bare repositories in this folder')
    .option('--json', 'the result as one object')
    .action(
      async (options: { directory?: string; update: string[]; check?: true; actionsMirror?: string; json?: true }) => {
        const { lock } = await import('./household.ts');
        exit(await lock(options, dependencies));
      },
    );
  examples(command, 'sallyport lock', 'sallyport lock --update actions/setup-node');
}

function addMirror(program: Command, dependencies: CliDependencies, exit: Exit): void {
  const mirror = child(program, 'mirror', 'fill a folder with bare repositories of actions');
  const add = child(mirror, 'add', 'fetch repositories into the mirror')
    .argument('<dir>', 'the folder of the mirror')
    .argument('<owner/repo...>', 'what to fetch')
    .option('--json', 'the result as one object')
    .action(async (folder: string, references: string[], options: { json?: true }) => {
      const { mirrorAdd } = await import('./household.ts');
      exit(await mirrorAdd(folder, references, options, dependencies));
    });
  examples(add, 'sallyport mirror add /srv/actions actions/setup-node actions/setup-python');
  const sync = child(mirror, 'sync', 'fetch what is new of every repository in the mirror')
    .argument('<dir>', 'the folder of the mirror')
    .option('--json', 'the result as one object')
    .action(async (folder: string, options: { json?: true }) => {
      const { mirrorSync } = await import('./household.ts');
      exit(await mirrorSync(folder, options, dependencies));
    });
  examples(sync, 'sallyport mirror sync /srv/actions');
}

function addHousehold(program: Command, dependencies: CliDependencies, exit: Exit): void {
  const init = child(program, 'init', 'write a first workflow for what this folder holds')
    .option('-C, --directory <dir>', 'the project, instead of the current folder')
    .addOption(
      new Option('--language <language...>', 'instead of looking').choices(['node', 'python', 'go', 'rust', 'java']),
    )
    .option('--json', 'the result as one object')
    .action(async (options: { directory?: string; language?: string[]; json?: true }) => {
      const { init: write } = await import('./init-command.ts');
      exit(await write(options, dependencies));
    });
  examples(init, 'sallyport init');

  const clean = child(program, 'clean', 'remove caches, fetched actions and the records of runs')
    .option('--caches', 'only what is made again by itself')
    .option('--json', 'the result as one object')
    .action(async (options: { caches?: true; json?: true }) => {
      const { clean: remove } = await import('./household.ts');
      exit(await remove(options, dependencies));
    });
  examples(clean, 'sallyport clean --caches');

  const doctor = child(program, 'doctor', 'say which walls stand on this machine, and what mends the others')
    .option('--server', 'say what a server here would run as whom, and which settings weaken it')
    .option('--config <file>', 'with --server: its settings (default: sallyport.yml in the folder of the data)')
    .option('--json', 'the capability record; with --server the facts')
    .action(async (options: { json?: true; server?: true; config?: string }) => {
      const { doctor: examine, serverDoctor } = await import('./doctor.ts');
      exit(await (options.server === true ? serverDoctor : examine)(options, dependencies));
    });
  examples(doctor, 'sallyport doctor --json');

  const completion = child(program, 'completion', 'print the completion script of a shell')
    .argument('<shell>', SHELLS.join(', '))
    .action((shell: string) => {
      dependencies.terminal.write(renderCompletion(program, shell));
    });
  examples(completion, 'sallyport completion bash > ~/.local/share/bash-completion/completions/sallyport');
}

function collectUpdate(value: string | true, previous: readonly string[]): readonly string[] {
  return [...previous, value === true ? 'all' : value];
}

function collectWall(value: string, previous: readonly string[]): readonly string[] {
  if (!WALLS.some((wall) => wall === value)) throw new InvalidArgumentError(`Walls are: ${WALLS.join(', ')}.`);
  return [...previous, value];
}
