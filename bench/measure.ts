import { spawn } from 'node:child_process';

/** One figure of a report. */
export type Figure = {
  readonly name: string;
  /** `not measured` with the reason in `note`. */
  readonly value: number | undefined;
  readonly unit: '%' | '% of a core' | '1/s' | 'MB' | 'MB/s' | 'files/s' | 'jobs/s' | 'ms' | 's' | 'x';
  /** What the design asks for. A judged figure that misses it fails the run; another one is only marked. */
  readonly bar?: { readonly atMost: number } | { readonly atLeast: number };
  readonly judged: boolean;
  readonly note?: string;
};

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** The value that a share of them does not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

export type Command = {
  readonly command: readonly [string, ...string[]];
  readonly cwd?: string;
  readonly env?: { readonly [name: string]: string | undefined };
  /** A command that never ends is ended. */
  readonly timeoutMs?: number;
};

/** Wall time of one run, milliseconds. A failing command is an error: its time would mean nothing. */
export async function timeOnce({ command, cwd, env, timeoutMs = 120_000 }: Command): Promise<number> {
  const [file, ...args] = command;
  const started = performance.now();
  const child = spawn(file, args, {
    cwd,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'], ...env },
  });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2000);
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  clearTimeout(timer);
  if (code !== 0) throw new Error(`${command.join(' ').slice(0, 200)} ended with ${code}: ${complaint}`);
  return performance.now() - started;
}

/** Runs the commands in turn, A B A B …, after one uncounted round, so that a machine that changes pace is fair to all. */
export async function timeInTurn(commands: readonly Command[], rounds: number): Promise<number[][]> {
  const times: number[][] = commands.map(() => []);
  for (let round = -1; round < rounds; round += 1) {
    for (const [index, command] of commands.entries()) {
      const elapsed = await timeOnce(command);
      if (round >= 0) times[index]?.push(elapsed);
    }
  }
  return times;
}

export function holds(figure: Figure): boolean | undefined {
  if (figure.value === undefined || figure.bar === undefined) return undefined;
  return 'atMost' in figure.bar ? figure.value <= figure.bar.atMost : figure.value >= figure.bar.atLeast;
}

/** Prints the table and the last line; returns the exit code: 0 when every judged figure that was measured holds. */
export function report(figures: readonly Figure[]): number {
  const width = Math.max(...figures.map((figure) => figure.name.length));
  for (const figure of figures) process.stdout.write(`${figure.name.padEnd(width)}  ${describe(figure)}\n`);
  const judged = figures.filter((figure) => figure.judged);
  const measured = judged.filter((figure) => figure.value !== undefined);
  const held = measured.filter((figure) => holds(figure) === true);
  process.stdout.write(
    `bench: ${held.length}/${measured.length} bars hold, ${judged.length - measured.length} not measured\n`,
  );
  return held.length === measured.length ? 0 : 1;
}

function describe(figure: Figure): string {
  const note = figure.note === undefined ? '' : `  (${figure.note})`;
  if (figure.value === undefined) return `not measured${note}`;
  const value = `${figure.value.toFixed(figure.unit === 'x' ? 2 : 1)} ${figure.unit}`.padStart(14);
  if (figure.bar === undefined) return `${value}${note}`;
  const bar = 'atMost' in figure.bar ? `<= ${figure.bar.atMost}` : `>= ${figure.bar.atLeast}`;
  return `${value}  bar ${bar} ${figure.unit}: ${holds(figure) === true ? 'holds' : 'MISSED'}${note}`;
}
