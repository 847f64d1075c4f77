import type { Secret } from '../base/index.ts';
import type { Conclusion } from '../protocol/index.ts';
import { emptySchedule, type Ids } from '../run/index.ts';
import { runAttempt } from './attempt.ts';
import { Driver, type DriverPort, type Start } from './driver.ts';
import type { LocalRunDeps, LocalRunOptions } from './options.ts';
import { placeJob } from './runs-on.ts';
import type { ActiveRun } from './scope.ts';

/** One sleep, before the time is looked at again. */
const SLEEP_MS_MAX = 60 * 60_000;

export type LocalDriverDeps = Pick<DriverPort, 'gitFor' | 'egressFor' | 'reuse' | 'onFinished'> & {
  readonly options: LocalRunOptions;
  readonly deps: LocalRunDeps;
  readonly ids: Ids;
};

/** Drives runs whose jobs run in this process, and waits for them. */
export class LocalDriver {
  readonly #d: LocalDriverDeps;
  readonly #driver: Driver;
  readonly #conclusions: Conclusion[] = [];
  /** What happened since the loop last looked. */
  readonly #arrived: (() => void)[] = [];
  #wake: (() => void) | undefined;

  constructor(d: LocalDriverDeps) {
    const { options, deps, ids } = d;
    this.#d = d;
    this.#driver = new Driver(
      {
        clock: deps.clock,
        random: deps.random,
        log: deps.log,
        onEvent: (event) => deps.onEvent(event),
        takeJobId: () => ids.take('job'),
        wanted: options,
        lease: { builtin: options.builtin, debug: options.debug },
        waitMsMax: 0,
        secret: async (name) => givenSecret(options, name),
        gitFor: d.gitFor,
        egressFor: d.egressFor,
        reuse: d.reuse,
        unplaced: (planned) => unplaced(planned, d),
        start: (start) => this.#start(start),
        cancel: ({ cancel }, { force }) => cancel.cancel(force ? 'force' : 'cancel'),
        onFinished: (record, run) => {
          this.#conclusions.push(record.conclusion);
          return d.onFinished(record, run);
        },
      },
      emptySchedule(options.parallelMax),
    );
  }

  /** Adds a planned and permitted run. The caller has announced it. */
  add(run: ActiveRun): void {
    this.#driver.add(run);
  }

  /** Runs everything to its end. Gives the conclusion of all runs together. */
  async drive(): Promise<Conclusion> {
    const { signal } = this.#d.deps;
    const stop = signal.onChange((state) => this.#onCancel(state));
    if (signal.state !== 'none') this.#onCancel(signal.state);
    try {
      while (this.#driver.schedule.runs.some(({ status }) => status !== 'done')) {
        for (const arrive of this.#arrived.splice(0)) arrive();
        const changed = await this.#driver.turn();
        if (!changed && this.#arrived.length === 0) await this.#sleep();
      }
    } finally {
      stop();
    }
    if (this.#conclusions.includes('failure')) return 'failure';
    if (this.#conclusions.includes('cancelled')) return 'cancelled';
    return this.#conclusions.every((conclusion) => conclusion === 'skipped') ? 'skipped' : 'success';
  }

  #arrive(happened: () => void): void {
    this.#arrived.push(happened);
    this.#wake?.();
  }

  #onCancel(state: 'cancel' | 'force'): void {
    const force = state === 'force';
    const reason = force ? 'the run was cancelled by force' : 'the run was cancelled';
    this.#arrive(() => {
      for (const { run } of this.#driver.schedule.runs) this.#driver.cancelRun(run, { force, reason });
    });
  }

  #start({ run, instance, lease, secrets }: Start): void {
    const deps = { ...this.#d.deps, continueOnError: instance.planned.continueOnError };
    void runAttempt(lease, secrets, instance.cancel.signal, deps).then((outcome) => {
      this.#arrive(() => this.#driver.finish(run.runId, instance.key, outcome));
    });
  }

  /** Waits for a job to end, a cancellation, or the next deadline. */
  #sleep(): Promise<void> {
    const time = this.#driver.nextTime();
    const { promise, resolve } = Promise.withResolvers<void>();
    const wait = time === undefined ? undefined : Math.max(10, time - this.#d.deps.clock.monotonic());
    // Longer waits than a timer can hold are slept in parts.
    const timer = wait === undefined ? undefined : setTimeout(resolve, Math.min(wait, SLEEP_MS_MAX));
    this.#wake = resolve;
    return promise.finally(() => {
      clearTimeout(timer);
      this.#wake = undefined;
    });
  }
}

function unplaced(
  planned: Parameters<DriverPort['unplaced']>[0],
  { options, deps }: LocalDriverDeps,
): ReturnType<DriverPort['unplaced']> {
  const placement = placeJob(planned.runsOn, { arch: deps.arch, labels: options.labels });
  if (placement.here) return undefined;
  return options.skipUnrunnable
    ? { conclusion: 'skipped', reason: `skipped: ${placement.reason}` }
    : { conclusion: 'failure', reason: placement.reason };
}

function givenSecret({ secrets }: LocalRunOptions, name: string): Secret | undefined {
  return Object.entries(secrets).find(([given]) => given.toUpperCase() === name)?.[1];
}
