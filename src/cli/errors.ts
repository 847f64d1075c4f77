import { AssertionFailure, Fault, reasonOf } from '../base/index.ts';
import { harmless } from './harmless.ts';
import type { Paint } from './terminal.ts';

/** The exit codes of every command. */
export const EXIT = {
  success: 0,
  /** A job failed. */
  failure: 1,
  /** The command line is wrong, or a plan was refused. */
  usage: 2,
  /** This machine can't raise a wall that is needed. */
  wall: 3,
  /** A scan could not look at everything. */
  incomplete: 3,
  /** Ended by the person. */
  cancelled: 130,
} as const;

/** The exit code that a failure ends the command with. */
export function exitCodeOf(thrown: unknown): number {
  if (!(thrown instanceof Fault)) return EXIT.failure;
  if (thrown.status === 499) return EXIT.cancelled;
  if (isWallFault(thrown)) return EXIT.wall;
  return thrown.status >= 400 && thrown.status < 500 ? EXIT.usage : EXIT.failure;
}

/** The folders that raise walls answer 503 when this machine can't. */
function isWallFault({ code, status }: Fault): boolean {
  return /^(sandbox|egress)\//.test(code) && status === 503;
}

export type ErrorOptions = { readonly paint: Paint; readonly debug: boolean };

/** What failed and what to do next. A failure that nobody foresaw says that it is our error. */
export function renderError(thrown: unknown, { paint, debug }: ErrorOptions): readonly string[] {
  const lines: string[] = [];
  if (thrown instanceof Fault) {
    const { at } = thrown;
    const place =
      at === undefined ? '' : `${[at.file, at.line, at.column].filter((part) => part !== undefined).join(':')}: `;
    const [first, ...rest] = thrown.message.split('\n').map((line) => harmless(line, false));
    lines.push(`${harmless(place, false)}${paint(['red', 'bold'], `error[${thrown.code}]`)}: ${first ?? ''}`, ...rest);
    if (thrown.help !== '') lines.push(`${paint('cyan', 'help:')} ${harmless(thrown.help, false)}`);
  } else {
    const kind = thrown instanceof AssertionFailure ? 'an assertion of Sallyport failed' : 'an unexpected failure';
    lines.push(
      `${paint(['red', 'bold'], 'error')}: ${kind}: ${harmless(reasonOf(thrown).split('\n')[0] ?? '', false)}`,
      `${paint('cyan', 'help:')} this is an error of Sallyport; please report it with the output of the same command and --debug`,
    );
  }
  if (debug && thrown instanceof Error) lines.push(...stackOf(thrown).map((line) => paint('dim', line)));
  return lines;
}

function stackOf(error: Error, depth = 0): readonly string[] {
  const own = (error.stack ?? '').split('\n').map((line) => harmless(line, false));
  if (!(error.cause instanceof Error) || depth > 5) return own;
  return [...own, 'caused by:', ...stackOf(error.cause, depth + 1)];
}
