/**
 * The start of the `sallyport` command. `bin` reads the environment, the clock, randomness and the network, and passes
 * them on; no other folder does. What a command does not need is not loaded: `--version` must cost little more than
 * the start of Node.
 */
import { readFileSync } from 'node:fs';
import type { EarlyStart } from './early.ts';

// Everything is closed and written when the command answers; a handle that lingers must not keep the process.
process.exit(await start(process.argv.slice(2)));

async function start(argv: readonly string[]): Promise<number> {
  if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
    process.stdout.write(`${readVersion()}\n`);
    return 0;
  }
  const ahead = isRun(argv) ? await startAhead(argv) : undefined;
  try {
    const { runCommand } = await import('./command.ts');
    return await runCommand(argv, readVersion(), ahead);
  } finally {
    await ahead?.close();
  }
}

/** Whether these arguments most likely run something. When they do not, what was begun is taken back. */
function isRun(argv: readonly string[]): boolean {
  return argv[0] === 'run' && !argv.some((argument) => /^(?:-h|--help|-l|--list)$/.test(argument));
}

/** What takes time outside of this process is begun before the code that reads the arguments is loaded. */
async function startAhead(argv: readonly string[]): Promise<EarlyStart | undefined> {
  const { beginEarly } = await import('./early.ts');
  return beginEarly(argv);
}

/** The version of this package. Sources and emitted code lie equally deep below package.json. */
function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return /"version": "([^"]+)"/.exec(text)?.[1] ?? 'unknown';
}
