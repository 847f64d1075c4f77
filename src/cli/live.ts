import { harmless } from './harmless.ts';
import { headline, row } from './report.ts';
import type { JobView, RunView, StepView } from './run-view.ts';
import { SPINNER, symbolOf } from './symbols.ts';
import { fit, formatDuration, type Paint, type Terminal, widthOf } from './terminal.ts';

/** Time between two frames: at most 15 a second. */
export const FRAME_MS = 70;
/** Last log lines of a running step in the tree. */
const TREE_TAIL_LINES = 3;

export type FrameOptions = {
  readonly paint: Paint;
  readonly colors: boolean;
  readonly columns: number;
  readonly rows: number;
  /** Wall clock, milliseconds. */
  readonly now: number;
  readonly cancelling: boolean;
};

/** One frame of the live tree: at most `rows - 1` lines, none wider than `columns - 1`. */
export function renderFrame(runs: readonly RunView[], size: FrameOptions): readonly string[] {
  const linesMax = Math.max(1, size.rows - 1);
  // The last column stays free: a terminal that wraps there would make two rows of a line.
  const options = { ...size, columns: size.columns - 1 };
  // From the most telling frame to the shortest: a small window leaves out log lines first, then steps, then jobs.
  for (const detail of [
    { tail: TREE_TAIL_LINES, steps: 'all' },
    { tail: 1, steps: 'all' },
    { tail: 1, steps: 'running' },
    { tail: 0, steps: 'running' },
    { tail: 0, steps: 'none' },
  ] as const) {
    const lines = renderRuns(runs, detail, options);
    if (lines.length <= linesMax) return lines.map((line) => fit(line, options.columns));
  }
  return renderShort(runs, linesMax, options).map((line) => fit(line, options.columns));
}

type Detail = { readonly tail: number; readonly steps: 'all' | 'running' | 'none' };

function renderRuns(runs: readonly RunView[], detail: Detail, options: FrameOptions): readonly string[] {
  const lines: string[] = [];
  for (const run of runs) {
    if (run.conclusion !== undefined) continue;
    lines.push(headline(run, options.paint));
    for (const job of run.jobs.values()) lines.push(...renderJob(job, detail, options));
  }
  if (options.cancelling)
    lines.push(options.paint('yellow', 'cancelling: steps with always() still run; Ctrl-C again ends at once'));
  return lines;
}

function renderJob(job: JobView, detail: Detail, options: FrameOptions): readonly string[] {
  const { paint, now } = options;
  const name = harmless(job.key, false);
  if (job.state === 'queued') {
    const wait = job.needs.length === 0 ? '' : `  waits for ${harmless(job.needs.join(', '), false)}`;
    return [paint('dim', `· ${name}${wait}`)];
  }
  const time = formatDuration(job.state === 'running' ? now - job.startedAt : job.durationMs);
  const symbol = job.state === 'running' ? spinner(options) : symbolOf(job.state, paint, job.tolerated);
  const lines = [row(`${symbol} ${name}`, time, options)];
  if (job.reason !== undefined) lines.push(`    ${paint('dim', harmless(job.reason, false))}`);
  if (job.state !== 'running' || detail.steps === 'none') return lines;
  for (const step of job.steps.values()) lines.push(...renderStep(step, detail, options));
  return lines;
}

function renderStep(step: StepView, detail: Detail, options: FrameOptions): readonly string[] {
  const { paint, colors, now } = options;
  if (step.state === 'skipped') return [];
  if (step.state !== 'running' && (detail.steps === 'running' || step.depth > 0)) return [];
  const indent = '  '.repeat(step.depth + 1);
  const symbol = step.state === 'running' ? spinner(options) : symbolOf(step.state, paint, step.tolerated);
  const time = formatDuration(step.state === 'running' ? now - step.startedAt : step.durationMs);
  const lines = [row(`${indent}${symbol} ${harmless(step.name, false)}`, time, options)];
  if (step.state !== 'running' || detail.tail === 0) return lines;
  for (const line of step.tail.slice(-detail.tail)) {
    lines.push(`${indent}  ${paint('dim', '│')} ${harmless(line, colors)}`);
  }
  return lines;
}

function renderShort(runs: readonly RunView[], linesMax: number, options: FrameOptions): readonly string[] {
  const jobs = runs.filter((run) => run.conclusion === undefined).flatMap((run) => [...run.jobs.values()]);
  const running = jobs.filter((job) => job.state === 'running');
  const shown = running.slice(0, Math.max(0, linesMax - 1));
  const ended = jobs.filter((job) => job.state !== 'running' && job.state !== 'queued').length;
  const line = `${spinner(options)} ${ended} of ${jobs.length} jobs ended, ${running.length} running`;
  return [...shown.flatMap((job) => renderJob(job, { tail: 0, steps: 'none' }, options)), line];
}

function spinner({ paint, now }: FrameOptions): string {
  return paint('cyan', SPINNER[Math.floor(now / FRAME_MS / 1.5) % SPINNER.length] ?? '·');
}

const SYNC_START = '\u001b[?2026h';
const SYNC_END = '\u001b[?2026l';
const CURSOR_HIDE = '\u001b[?25l';
const CURSOR_SHOW = '\u001b[?25h';
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

/**
 * Keeps some lines at the bottom of a terminal and redraws them in place. After a resize the terminal has wrapped the
 * old lines anew, so their rows are counted for the new width before the cursor goes up.
 */
export class LiveRegion {
  readonly #terminal: Terminal;
  #shown: readonly string[] = [];
  #hidden = false;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  draw(lines: readonly string[]): void {
    const hide = this.#hidden ? '' : CURSOR_HIDE;
    this.#hidden = true;
    // Each line is written over the old one. Clearing the whole window first would flicker, and some terminals keep
    // what is cleared in their history.
    const text = lines.map((line) => `${line}${CLEAR_LINE}\n`).join('');
    this.#terminal.write(`${SYNC_START}${hide}${this.#up()}${text}${CLEAR_BELOW}${SYNC_END}`);
    this.#shown = lines;
  }

  /** Takes the region away and shows the cursor again. May be called twice. */
  clear(): void {
    if (!this.#hidden) return;
    const up = this.#up();
    const blank = `${CLEAR_LINE}\n`.repeat(this.#rows());
    this.#terminal.write(`${up}${blank}${up}${CURSOR_SHOW}`);
    this.#shown = [];
    this.#hidden = false;
  }

  /** Rows that are shown now, and can be reached: those above the window can't. */
  #rows(): number {
    const columns = Math.max(1, this.#terminal.columns());
    const rows = this.#shown.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / columns)), 0);
    return Math.min(rows, Math.max(0, this.#terminal.rows() - 1));
  }

  #up(): string {
    const rows = this.#rows();
    return rows === 0 ? '' : `\r\u001b[${rows}A`;
  }
}
