import { once } from 'node:events';
import { systemClock } from '../base/index.ts';
import { type CliDependencies, type Interrupt, main, type Terminal } from '../cli/index.ts';
import { lazyCommands } from './commands.ts';
import type { EarlyStart } from './early.ts';
import { machineOf } from './machine.ts';

/**
 * Runs one command line with what this process has. Answers the exit code once all output is written.
 *
 * @param ahead what was begun for this command line before it was read
 */
export async function runCommand(
  argv: readonly string[],
  version: string,
  ahead: EarlyStart | undefined,
): Promise<number> {
  const signals = new Signals();
  const machine = machineOf(argv);
  const dependencies: CliDependencies = {
    version,
    terminal: processTerminal(argv, signals),
    clock: systemClock,
    cwd: process.cwd(),
    environment: (name) => process.env[name],
    input: () => process.stdin,
    places: machine.places,
    commands: lazyCommands(machine, version, ahead),
    interrupt: signals,
  };
  const exitCode = await main(argv, dependencies);
  await flush(process.stdout);
  await flush(process.stderr);
  return exitCode;
}

/** Ended by the person. */
const EXIT_INTERRUPTED = 130;

/**
 * Ctrl-C and the like: the first asks for the end, the second forces it, the third does not wait. A command that does not listen ends at once,
 * as it would have without a handler.
 */
class Signals implements Interrupt {
  readonly #callbacks = new Set<(state: 'cancel' | 'force') => void>();
  #signals = 0;

  constructor() {
    process.on('SIGINT', () => this.#on());
    process.on('SIGTERM', () => this.#on());
    // The terminal is gone: nobody would see what an orderly end still prints.
    process.on('SIGHUP', () => this.force());
  }

  onInterrupt(callback: (state: 'cancel' | 'force') => void): () => void {
    this.#callbacks.add(callback);
    return () => this.#callbacks.delete(callback);
  }

  force(): void {
    this.#tell('force');
  }

  #on(): void {
    this.#signals += 1;
    // Whatever it is that does not end: the kernel takes the sandboxes down with this process.
    if (this.#signals > 2) process.exit(EXIT_INTERRUPTED);
    this.#tell(this.#signals > 1 ? 'force' : 'cancel');
  }

  #tell(state: 'cancel' | 'force'): void {
    if (this.#callbacks.size === 0) process.exit(EXIT_INTERRUPTED);
    for (const callback of this.#callbacks) callback(state);
  }
}

function processTerminal(argv: readonly string[], signals: Signals): Terminal {
  const { stdout, stderr, stdin } = process;
  let isOpen = true;
  // `sallyport run | head`: the reader is gone, so is the reason to go on. The sandboxes are still taken down.
  stdout.on('error', (error) => {
    if (!('code' in error) || error.code !== 'EPIPE') throw error;
    isOpen = false;
    signals.force();
  });
  stderr.on('error', () => {
    // There is no other place to say so.
  });
  const isDumb = process.env['TERM'] === 'dumb';
  return {
    write: (text) => {
      if (isOpen) stdout.write(text);
    },
    writeError: (text) => {
      stderr.write(text);
    },
    isInteractive: stdout.isTTY && !isDumb,
    canAsk: stdin.isTTY && stderr.isTTY && !isDumb,
    colors: wantsColors(argv, stdout.isTTY && !isDumb),
    columns: () => stdout.columns || 80,
    rows: () => stdout.rows || 24,
    onResize: (callback) => {
      stdout.on('resize', callback);
      return () => stdout.off('resize', callback);
    },
  };
}

/** https://no-color.org: set and not empty, whatever its value. */
function wantsColors(argv: readonly string[], isTerminal: boolean): boolean {
  const has = (name: string) => (process.env[name] ?? '') !== '';
  if (argv.includes('--no-color') || has('NO_COLOR')) return false;
  return isTerminal || (has('FORCE_COLOR') && process.env['FORCE_COLOR'] !== '0');
}

async function flush(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.writableLength > 0 && !stream.destroyed) {
    await Promise.race([once(stream, 'drain'), once(stream, 'close'), once(stream, 'error')]);
  }
}
