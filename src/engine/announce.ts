import type { Clock } from '../base/index.ts';
import type { Conclusion, JobOutcome } from '../protocol/index.ts';
import type { RunRecord } from '../run/index.ts';
import type { EngineEvent, JobEnd } from './event.ts';
import { type ActiveDefinition, type ActiveInstance, type ActiveRun, runtimeKey } from './scope.ts';

/** Tells people of jobs by the keys that they know, each once, and remembers what it told in the run. */
export class Announcer {
  readonly #clock: Clock;
  readonly #onEvent: (event: EngineEvent) => void;

  constructor(deps: { readonly clock: Clock; readonly onEvent: (event: EngineEvent) => void }) {
    this.#clock = deps.clock;
    this.#onEvent = (event) => deps.onEvent(event);
  }

  /** Jobs that come up now. Calls are not told of: their jobs are. */
  added(run: ActiveRun, instances: readonly ActiveInstance[]): void {
    const jobs = instances.filter(({ key, definition }) => definition.job.kind === 'job' && !run.announced.has(key));
    if (jobs.length === 0) return;
    for (const { key } of jobs) run.announced.add(key);
    this.#onEvent({
      kind: 'jobs-added',
      time: this.#clock.now(),
      runId: run.runId,
      jobs: jobs.map(({ key, definition, planned }) => ({
        key,
        name: displayName(run, definition, planned.name),
        needs: definition.job.needs.map((id) => runtimeKey(definition.scope, id)),
        ...(planned.continueOnError ? { continueOnError: true } : {}),
      })),
    });
  }

  /** A job that runs is told to end. */
  cancelling(run: ActiveRun, job: string, force: boolean, reason: string): void {
    this.#onEvent({ kind: 'job-cancelling', time: this.#clock.now(), runId: run.runId, job, force, reason });
  }

  /** Jobs that nothing was told of yet end with a run that ends before it started. */
  endedWithRun(run: ActiveRun, conclusion: Conclusion, reason: string): void {
    for (const job of run.announced) if (!run.ended.has(job)) this.ended(run, job, { conclusion }, reason);
  }

  /** A job that ended without having run. */
  ended(run: ActiveRun, job: string, end: JobEnd, reason: string): void {
    const time = this.#clock.now();
    run.ended.set(job, { ...end, reason, durationMs: 0 });
    if (!run.announced.has(job)) {
      // It ended before it was expanded: people hear of it by its id.
      run.announced.add(job);
      this.#onEvent({ kind: 'jobs-added', time, runId: run.runId, jobs: [{ key: job, name: job, needs: [] }] });
    }
    this.#onEvent({ kind: 'job-ended', time, runId: run.runId, job, ...end, reason });
  }

  /** The run is over. */
  finished(run: ActiveRun, conclusion: Conclusion, time: number): void {
    this.#onEvent({
      kind: 'run-finished',
      time,
      runId: run.runId,
      conclusion,
      durationMs: time - run.startedAt,
      jobs: [...run.ended].map(([key, end]) => ({ key, ...end })),
    });
  }
}

/** Keys under which a definition was announced: its instances, the jobs inside a call, or itself. */
export function announcedKeys(run: ActiveRun, definition: ActiveDefinition): readonly string[] {
  const own = definition.job.expansion?.instances.map(({ suffix }) => `${definition.key}${suffix}`) ?? [definition.key];
  const keys = [...run.announced].filter((key) =>
    own.some((name) => key === name || (definition.job.kind === 'call' && key.startsWith(`${name} / `))),
  );
  return keys.length > 0 ? keys : [definition.key];
}

/** Keys of the jobs that were announced inside a call, or the call's own. */
export function keysInside(run: ActiveRun, key: string): readonly string[] {
  const inside = [...run.announced].filter((name) => name.startsWith(`${key} / `));
  return inside.length > 0 ? inside : [key];
}

/** What is kept of the jobs of a run, for `--failed`. */
export function recordsOf(run: ActiveRun): RunRecord['jobs'] {
  const ran = [...run.instances.values()].filter((instance) => instance.definition.job.kind === 'job');
  return ran.map(({ key, definition, outcome, cancelReason }) => ({
    key,
    definition: definition.key,
    conclusion: outcome?.conclusion ?? 'cancelled',
    ...reasonOfRecord(outcome, cancelReason),
    outputs: { ...outcome?.outputs },
    influencedOutputs: [...(outcome?.influencedOutputs ?? [])],
    level: outcome?.level ?? definition.level,
    taints: [...(outcome?.taints ?? [])],
  }));
}

function reasonOfRecord(outcome: JobOutcome | undefined, cancelReason: string | undefined): { reason?: string } {
  if (outcome?.conclusion === 'success') return {};
  const reason = outcome?.reason ?? cancelReason;
  return reason === undefined ? {} : { reason };
}

/** How an instance ended: a failure that its `continue-on-error` lets pass is told as such, a cancellation with its reason. */
export function endOf({ planned, cancelReason }: ActiveInstance, conclusion: Conclusion): JobEnd {
  return {
    conclusion,
    ...(conclusion === 'failure' && planned.continueOnError ? { tolerated: true } : {}),
    ...(conclusion !== 'success' && cancelReason !== undefined ? { reason: cancelReason } : {}),
  };
}

/** `caller name / job name`. */
function displayName(run: ActiveRun, definition: ActiveDefinition, name: string): string {
  const caller = definition.scope.key === undefined ? undefined : run.instances.get(definition.scope.key);
  return caller === undefined ? name : `${displayName(run, caller.definition, caller.planned.name)} / ${name}`;
}
