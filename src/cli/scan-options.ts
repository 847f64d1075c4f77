import { type Command, InvalidArgumentError, Option } from 'commander';
import { KINDS, type Kind, SEVERITIES, type Severity } from '../finding/index.ts';
import type { ReportFormat } from '../scan/index.ts';
import { collect } from './options.ts';

/** What can be asked for with `--only`. Suppressions are always judged. */
export const SCANNED_KINDS = KINDS.filter((kind) => kind !== 'suppressions');
const FORMATS: readonly ('text' | ReportFormat)[] = ['text', 'json', 'sarif', 'junit', 'markdown', 'github'];
const THREADS_MAX = 64;

/** What commander hands over for `sallyport scan`. */
export type ScanOptions = {
  readonly only: readonly Kind[];
  readonly history?: true;
  readonly staged?: true;
  readonly since?: string;
  readonly change?: string;
  readonly gate?: string;
  readonly baseline?: string;
  readonly writeBaseline?: string;
  readonly failOn: Severity;
  readonly verbose?: true;
  readonly json?: true;
  readonly format?: 'text' | ReportFormat;
  readonly output?: string;
  readonly sarif?: string;
  readonly cache: boolean;
  readonly threads?: number;
  readonly everything?: true;
  readonly sbom?: string;
  readonly vex?: string;
  readonly sbomFormat?: 'cyclonedx' | 'spdx';
  readonly import: readonly string[];
  readonly with: readonly string[];
  readonly explain?: string;
  readonly allowMissing: readonly string[];
  readonly secretsConfig?: string;
  readonly rules?: string;
  readonly fix?: true;
  readonly dryRun?: true;
  readonly tests: boolean;
  readonly testCommand?: string;
  readonly actionsMirror?: string;
};

/** The options of `sallyport scan`, by what they are about. */
export function addScanOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--only <kind>', `scan only for this: ${SCANNED_KINDS.join(', ')}; may be repeated`)
        .argParser(collectKind)
        .default([], 'all'),
    )
    .optionsGroup('What is scanned:')
    .option('--history', 'look for secrets in every line that the git history added')
    .option('--staged', 'what is staged, and only what is new in it: for a pre-commit hook')
    .option('--since <ref>', 'only what is new in this folder since it left that commit or branch')
    .option('--change <base..head>', 'only what is new between two commits')
    .option('--gate <ref>', 'read all settings and suppressions at that commit, not in what is scanned')
    .option('--everything', 'also files that are vendored, installed or generated')
    .optionsGroup('What counts:')
    .addOption(
      new Option('--fail-on <severity>', 'exit 1 for findings from this severity on')
        .choices(SEVERITIES)
        .default('low'),
    )
    .option('--baseline <file>', 'leave out what that file lists')
    .option('--write-baseline <file>', 'write what is found to that file')
    .option('--allow-missing <what>', 'go on without it, as without `advisories`', collect, [])
    .option('--secrets-config <file>', 'a configuration as .gitleaks.toml, instead of the repository’s')
    .option('--rules <dir>', 'rules of your own, as docs/rules/README.md describes them')
    .optionsGroup('Other tools:')
    .option('--import <file>', 'findings of another tool: SARIF, or its JSON', collect, [])
    .option('--with <tool,...>', 'run these tools, too, in the sandbox', collectList, [])
    .optionsGroup('Output:')
    .option('--verbose', 'each finding whole: the way to it, why it matters, the change that mends it')
    .option('--json', 'one array of findings')
    .addOption(new Option('--format <format>', 'the form of the report (default: text)').choices(FORMATS))
    .option('--output <file>', 'write the report there')
    .option('--sarif <file>', 'write a SARIF report there, too')
    .option('--sbom <file>', 'write the inventory of dependencies there')
    .addOption(
      new Option('--sbom-format <format>', 'with --sbom: its form (default: cyclonedx)').choices(['cyclonedx', 'spdx']),
    )
    .option('--vex <file>', 'write what is known of their flaws there, as OpenVEX')
    .option('--explain <rule>', 'print the page of a rule, and scan nothing')
    .optionsGroup('Fixing:')
    .option('--fix', 'apply the fixes that a new scan approves')
    .option('--dry-run', 'with --fix: print them as a patch, and change nothing')
    .option('--no-tests', 'with --fix: do not run the tests of the repository')
    .option('--test-command <command>', 'with --fix: run this as the tests, instead of those that are detected')
    .option('--actions-mirror <dir>', 'with --fix: pin actions from bare repositories in this folder')
    .optionsGroup('Options:')
    .option('--no-cache', 'find everything out again')
    .option('--threads <n>', 'threads (default: processors)', parseThreads);
}

function collectKind(value: string, previous: readonly Kind[]): readonly Kind[] {
  const kinds = value.split(',').map((name) => SCANNED_KINDS.find((kind) => kind === name.trim()));
  const known = kinds.filter((kind) => kind !== undefined);
  if (known.length < kinds.length) throw new InvalidArgumentError(`Kinds are: ${SCANNED_KINDS.join(', ')}.`);
  return [...previous, ...known];
}

function collectList(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, ...value.split(',').map((name) => name.trim())];
}

function parseThreads(text: string): number {
  const threads = Number(text);
  if (!Number.isInteger(threads) || threads < 1 || threads > THREADS_MAX) {
    throw new InvalidArgumentError(`It is a whole number from 1 to ${THREADS_MAX}.`);
  }
  return threads;
}
