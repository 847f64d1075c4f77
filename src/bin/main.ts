/**
 * The start of the `sallyport` command. `bin` reads the environment, the clock, randomness and the network, and passes
 * them on; no other folder does. What a command does not need is not loaded: `--version` must cost little more than
 * the start of Node.
 */
import { readFileSync } from 'node:fs';

// Everything is closed and written when the command answers; a handle that lingers must not keep the process.
process.exit(await start(process.argv.slice(2)));

async function start(argv: readonly string[]): Promise<number> {
  if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
    process.stdout.write(`${readVersion()}\n`);
    return 0;
  }
  const { runCommand } = await import('./command.ts');
  return runCommand(argv, readVersion());
}

/** The version of this package. Sources and emitted code lie equally deep below package.json. */
function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return /"version": "([^"]+)"/.exec(text)?.[1] ?? 'unknown';
}
