import type { Of } from '../shell/api.ts';

/** Where the time of a run went: for each job how long it waited, was set up, and each step took. */
export type FlameBar = {
  readonly kind: 'queue' | 'setup' | 'step' | 'rest';
  readonly label: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly state: string;
};
export type FlameRow = { readonly id: number; readonly name: string; readonly bars: readonly FlameBar[] };
export type Flame = { readonly fromMs: number; readonly toMs: number; readonly rows: readonly FlameRow[] };

/** Bars of one row; the shortest go first into what is left. */
const BARS_MAX = 200;

export function flameOf(
  jobs: readonly Of<'Job'>[],
  steps: ReadonlyMap<number, readonly Of<'Step'>[]>,
  now: number,
): Flame {
  const rows = jobs.flatMap((job): FlameRow[] => {
    const bars = barsOf(job, steps.get(job.id) ?? [], now);
    return bars.length === 0 ? [] : [{ id: job.id, name: job.name, bars }];
  });
  const times = rows.flatMap(({ bars }) => bars);
  if (times.length === 0) return { fromMs: now, toMs: now, rows };
  return {
    fromMs: Math.min(...times.map(({ fromMs }) => fromMs)),
    toMs: Math.max(...times.map(({ toMs }) => toMs)),
    rows,
  };
}

function barsOf(job: Of<'Job'>, steps: readonly Of<'Step'>[], now: number): readonly FlameBar[] {
  const queued = ms(job.queuedAt);
  const started = ms(job.startedAt);
  const end = ms(job.finishedAt) ?? now;
  const state = job.conclusion ?? job.state;
  const bars: FlameBar[] = [];
  // One that was skipped or reused neither waited nor ran.
  if (started === undefined && job.state === 'finished') return bars;
  const waitsUntil = started ?? (job.state === 'queued' ? now : undefined);
  if (queued !== undefined && waitsUntil !== undefined && waitsUntil > queued) {
    bars.push({ kind: 'queue', label: 'Waiting for a runner', fromMs: queued, toMs: waitsUntil, state: 'queued' });
  }
  if (started === undefined) return bars;
  const outer = steps.filter(({ id }) => !id.includes('/')).map((step) => stepBar(step, { started, end }));
  const kept = outer.length <= BARS_MAX ? outer : longest(outer);
  let at = started;
  for (const bar of kept) {
    if (bar.fromMs > at) bars.push({ kind: 'rest', label: 'Between steps', fromMs: at, toMs: bar.fromMs, state });
    bars.push(bar);
    at = Math.max(at, bar.toMs);
  }
  if (end > at)
    bars.push({ kind: 'rest', label: steps.length === 0 ? job.name : 'After the steps', fromMs: at, toMs: end, state });
  return bars;
}

function stepBar(step: Of<'Step'>, job: { readonly started: number; readonly end: number }): FlameBar {
  const within = (value: number) => Math.min(Math.max(value, job.started), job.end);
  const fromMs = within(Date.parse(step.startedAt));
  return {
    kind: step.id.startsWith(':') ? 'setup' : 'step',
    label: step.name,
    fromMs,
    // Clocks of machines differ a little: nothing ends before it begins, or after its job.
    toMs: Math.max(fromMs, within(ms(step.finishedAt) ?? job.end)),
    state: step.conclusion ?? (step.finishedAt === undefined ? 'running' : 'success'),
  };
}

function longest(bars: readonly FlameBar[]): readonly FlameBar[] {
  const chosen = new Set(bars.toSorted((a, b) => b.toMs - b.fromMs - (a.toMs - a.fromMs)).slice(0, BARS_MAX));
  return bars.filter((bar) => chosen.has(bar));
}

const ms = (time: string | undefined) => (time === undefined ? undefined : Date.parse(time));

/** Round times for an axis: at most so many between the ends. Milliseconds from the start. */
export function ticksOf(spanMs: number, countMax = 6): readonly number[] {
  const steps = [
    100, 200, 500, 1e3, 2e3, 5e3, 1e4, 15e3, 3e4, 6e4, 12e4, 3e5, 6e5, 9e5, 18e5, 36e5, 72e5, 144e5, 432e5, 864e5,
  ];
  const step = steps.find((one) => spanMs / one <= countMax) ?? 864e5 * Math.ceil(spanMs / 864e5 / countMax);
  return Array.from({ length: Math.floor(spanMs / step) + 1 }, (_, at) => at * step);
}
