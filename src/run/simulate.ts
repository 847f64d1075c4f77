import type { Conclusion } from '../protocol/index.ts';
import { applyHappening, emptySchedule } from './apply.ts';
import { nextActions } from './next.ts';
import type { Action, ConcurrencyClaim, Happening, Schedule } from './state.ts';

/** Turns of one simulation: more means that the machine does not come to rest. */
const TURNS_MAX = 10_000;

/** A job of a simulated workflow. Everything defaults to a job without needs that succeeds. */
export type SimulatedJob = {
  readonly needs?: readonly string[];
  /** What the condition asks for. */
  readonly if?: 'success' | 'always' | 'failure' | 'cancelled' | 'never';
  /** How each instance ends, by the suffix of its key; `hang` only ends when it is told to. */
  readonly instances?: { readonly [suffix: string]: Conclusion | 'hang' };
  readonly failFast?: boolean;
  readonly maxParallel?: number;
  readonly continueOnError?: boolean;
  readonly concurrency?: ConcurrencyClaim;
  /** A call: the jobs inside. */
  readonly jobs?: { readonly [id: string]: SimulatedJob };
};

export type SimulatedRun = {
  readonly concurrency?: ConcurrencyClaim;
  readonly jobs: { readonly [id: string]: SimulatedJob };
};

export type Simulation = {
  readonly schedule: Schedule;
  /** `start build`, `end build cancelled`, … in order. */
  readonly trace: readonly string[];
  readonly results: { readonly [key: string]: string };
  /** Why instances were cancelled or never ran, by key: what was told first. */
  readonly reasons: { readonly [key: string]: string };
  readonly conclusions: readonly (Conclusion | undefined)[];
};

/** Drives workflows through the state machine without running anything: for tests. `onTrace` may cancel. */
export function simulate(
  runs: readonly SimulatedRun[],
  options: {
    readonly parallelMax?: number;
    /** How instances end, by their whole key, before what their job says. */
    readonly ends?: { readonly [key: string]: Conclusion | 'hang' };
    readonly onTrace?: (line: string) => { readonly cancel: number; readonly force?: boolean } | undefined;
  } = {},
): Simulation {
  const trace: string[] = [];
  const reasons: Record<string, string> = {};
  const pending: Happening[] = [];
  const jobs = new Map<string, SimulatedJob>();
  let schedule = emptySchedule(options.parallelMax ?? 100);
  const apply = (happening: Happening) => {
    schedule = applyHappening(schedule, happening);
  };
  const say = (line: string) => {
    trace.push(line);
    const order = options.onTrace?.(line);
    if (order !== undefined)
      apply({ kind: 'run-cancelled', run: order.cancel, force: order.force === true, reason: 'asked for' });
  };
  const define = (run: number, scope: string | undefined, group: SimulatedRun['jobs']) =>
    Object.entries(group).map(([id, job]) => {
      const prefix = scope === undefined ? '' : `${scope} / `;
      jobs.set(`${run}:${prefix}${id}`, job);
      return {
        key: `${prefix}${id}`,
        ...(scope === undefined ? {} : { scope }),
        kind: job.jobs === undefined ? ('job' as const) : ('call' as const),
        needs: (job.needs ?? []).map((need) => `${prefix}${need}`),
      };
    });
  const jobOf = (run: number, key: string): SimulatedJob => jobs.get(`${run}:${key}`) ?? {};
  const definitionOf = (run: number, instance: string): string =>
    schedule.runs.find((one) => one.run === run)?.instances.find(({ key }) => key === instance)?.definition ?? '';
  const isOpen = (run: number, instance: string): boolean =>
    schedule.runs.find((one) => one.run === run)?.instances.find(({ key }) => key === instance)?.status === 'open';
  runs.forEach((run, index) => {
    const definitions = define(index + 1, undefined, run.jobs);
    const claim = run.concurrency === undefined ? {} : { concurrency: run.concurrency };
    apply({ kind: 'run-added', run: index + 1, ...claim, definitions });
  });

  const act = (action: Action): void => {
    const { run } = action;
    switch (action.kind) {
      case 'open-run':
        say(`open ${run}`);
        return apply({ kind: 'run-opened', run });
      case 'end-run':
        say(`done ${run} ${action.conclusion}`);
        return apply({ kind: 'run-ended', run, conclusion: action.conclusion });
      case 'cancel-run':
        say(`cancel-run ${run}`);
        return apply({ kind: 'run-cancelled', run, force: false, reason: action.reason });
      case 'drop':
        return apply({ kind: 'decided', run, definition: action.definition, accepted: false });
      case 'decide': {
        const wanted = jobOf(run, action.definition).if ?? 'success';
        const accepted = wanted === 'always' || wanted === action.status;
        if (!accepted) say(`skip ${action.definition}`);
        return apply({ kind: 'decided', run, definition: action.definition, accepted });
      }
      case 'expand': {
        const job = jobOf(run, action.definition);
        return apply({
          kind: 'expanded',
          run,
          definition: action.definition,
          instances: Object.keys(job.instances ?? { '': 'success' }).map((suffix) => ({
            key: `${action.definition}${suffix}`,
            continueOnError: job.continueOnError === true,
            ...(job.concurrency === undefined ? {} : { concurrency: job.concurrency }),
          })),
          failFast: job.failFast ?? true,
          ...(job.maxParallel === undefined ? {} : { instancesMax: job.maxParallel }),
        });
      }
      case 'admit':
        return apply({ kind: 'admitted', run, instance: action.instance });
      case 'start': {
        const definition = definitionOf(run, action.instance);
        const end =
          options.ends?.[action.instance] ??
          jobOf(run, definition).instances?.[action.instance.slice(definition.length)] ??
          'success';
        apply({ kind: 'started', run, instance: action.instance });
        say(`start ${action.instance}`);
        if (end !== 'hang') pending.push({ kind: 'ended', run, instance: action.instance, conclusion: end });
        return;
      }
      case 'enter': {
        const inside = jobOf(run, definitionOf(run, action.instance)).jobs ?? {};
        return apply({
          kind: 'entered',
          run,
          instance: action.instance,
          definitions: define(run, action.instance, inside),
        });
      }
      case 'leave':
        return apply({ kind: 'ended', run, instance: action.instance, conclusion: action.conclusion });
      case 'end':
        say(`end ${action.instance} ${action.conclusion}`);
        reasons[action.instance] ??= action.reason;
        return apply({ kind: 'ended', run, instance: action.instance, conclusion: action.conclusion });
      case 'cancel':
        say(`${action.force ? 'kill' : 'cancel'} ${action.instance}`);
        reasons[action.instance] ??= action.reason;
        apply({
          kind: 'cancel-requested',
          run,
          instance: action.instance,
          force: action.force,
          reason: action.reason,
        });
        // A call ends when the jobs inside have ended.
        if (!isOpen(run, action.instance)) {
          pending.push({ kind: 'ended', run, instance: action.instance, conclusion: 'cancelled' });
        }
    }
  };

  for (let turn = 0; turn < TURNS_MAX && schedule.runs.some(({ status }) => status !== 'done'); turn += 1) {
    const actions = nextActions(schedule, 0);
    for (const action of actions) act(action);
    if (actions.length > 0) continue;
    const next = pending.shift();
    if (next === undefined) {
      trace.push('stuck');
      break;
    }
    if (next.kind === 'ended') {
      const instance = schedule.runs
        .find(({ run }) => run === next.run)
        ?.instances.find(({ key }) => key === next.instance);
      if (instance?.status === 'done') continue;
    }
    apply(next);
  }
  const results: Record<string, string> = {};
  for (const run of schedule.runs) for (const { key, result } of run.definitions) results[key] = result ?? 'open';
  return { schedule, trace, results, reasons, conclusions: schedule.runs.map(({ conclusion }) => conclusion) };
}
