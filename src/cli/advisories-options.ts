import { Command } from 'commander';
import type { AdvisoriesOptions } from './advisories-command.ts';
import type { CliDependencies } from './door.ts';
import { child, collect } from './options.ts';

/** Adds `sallyport advisories` with its commands. */
export function addAdvisories(program: Command, dependencies: CliDependencies, exit: (code: number) => void): void {
  const group = child(program, 'advisories', 'fetch or import what is known of flawed and malicious packages');
  const sync = child(group, 'sync', 'fetch the advisories of all ecosystems, or what changed since the last time')
    .option('--from <url>', 'address below which the dumps lie, as <url>/<ECOSYSTEM>/all.zip (default: that of OSV)')
    .option('--ecosystem <name>', 'only this one, as OSV spells it', collect, [])
    .option('--epss <url>', 'address of the EPSS scores, CSV or gzip of it')
    .option('--exploited <url>', 'address of the catalogue of exploited vulnerabilities, JSON as CISA publishes it')
    .option('--full', 'fetch everything anew')
    .option('--json', 'the result as one object')
    .action(async (options: AdvisoriesOptions) => {
      const { syncAdvisories } = await import('./advisories-command.ts');
      exit(await syncAdvisories(options, dependencies));
    });
  sync.addHelpText('after', '\nExample:\n  $ sallyport advisories sync --ecosystem npm --ecosystem PyPI');
  const load = child(group, 'import', 'take advisories from files: OSV records, archives or folders of them, a bundle')
    .argument('<file...>', 'files or folders: OSV JSON or YAML, zip, EPSS CSV, exploited JSON, a bundle')
    .option('--trust-key <key>', 'the public key of who made the bundle: a PEM file, or base64')
    .option('--replace', 'keep nothing of what was there')
    .option('--json', 'the result as one object')
    .action(async (paths: string[], options: AdvisoriesOptions) => {
      const { importAdvisories } = await import('./advisories-command.ts');
      exit(await importAdvisories(paths, options, dependencies));
    });
  load.addHelpText('after', '\nExample:\n  $ sallyport advisories import npm.zip epss_scores.csv.gz');
  const status = child(group, 'status', 'say which advisories are on this machine, and how old they are')
    .option('--json', 'the result as one object')
    .action(async (options: AdvisoriesOptions) => {
      const { showAdvisories } = await import('./advisories-command.ts');
      exit(await showAdvisories(options, dependencies));
    });
  status.addHelpText('after', '\nExample:\n  $ sallyport advisories status');
}
