import { type DataObject, isFault, lowestLevel, type Secret, unreachable } from '../base/index.ts';
import {
  digestOfExpansion,
  expandJob,
  type LateExpansion,
  type PlannedInstance,
  rootInfluence,
} from '../plan/index.ts';
import type { Conclusion, EgressPolicy, GitSource, JobOutcome, JobSecrets } from '../protocol/index.ts';
import {
  type Action,
  applyHappening,
  definitionOf,
  type Happening,
  type Ids,
  nextActions,
  nextTime,
  type RunRecord,
  type Schedule,
} from '../run/index.ts';
import { evaluateCondition, type Status } from '../workflow/index.ts';
import { Announcer, announcedKeys, endOf, keysInside, recordsOf } from './announce.ts';
import { runAttempt } from './attempt.ts';
import { calleeOutputs, calleeSecret } from './callee.ts';
import { createCancelSource } from './cancel.ts';
import { newInstance } from './instances.ts';
import { influenceOf, levelOf, makeLease, secretsFor } from './lease.ts';
import type { LocalRunDeps, LocalRunOptions } from './options.ts';
import { reasonOfCancel, reasonOfRefusal } from './reasons.ts';
import { placeJob } from './runs-on.ts';
import {
  type ActiveDefinition,
  type ActiveInstance,
  type ActiveRun,
  type ActiveScope,
  contextsOf,
  enterScope,
  siblingOf,
} from './scope.ts';
import { isWanted } from './wanted.ts';

/** A job without `timeout-minutes`. */
const JOB_MINUTES_DEFAULT = 360;
/** How long `always()` steps may run after a cancellation. */
const CANCEL_MINUTES_DEFAULT = 5;
/** The runner ends a job at its limits itself; the engine only where the runner does not. */
const BACKSTOP_MS = 60_000;
/** One sleep, before the time is looked at again. */
const SLEEP_MS_MAX = 60 * 60_000;
/** Jobs of one run with all late expansions. */
const RUN_JOBS_MAX = 5_000;

export type DriverDeps = {
  readonly options: LocalRunOptions;
  readonly deps: LocalRunDeps;
  readonly ids: Ids;
  readonly vars: DataObject;
  readonly gitFor: (run: ActiveRun) => GitSource;
  /** The egress list of a job, by the level it starts at. */
  readonly egressFor: (
    run: ActiveRun,
    job: { readonly id: string; readonly environment?: string },
    trusted: boolean,
  ) => Promise<EgressPolicy>;
  /** Outcomes of an earlier attempt that are taken over instead of running again, by instance key. */
  readonly reuse: (run: ActiveRun, instance: ActiveInstance) => JobOutcome | undefined;
  readonly onFinished: (record: Pick<RunRecord, 'conclusion' | 'jobs' | 'finishedAt'>, run: ActiveRun) => Promise<void>;
};

/** Drives planned runs to their end: asks the state machine what comes next, does it, tells it what happened. */
export class Driver {
  readonly #d: DriverDeps;
  readonly #announce: Announcer;
  readonly #runs = new Map<number, ActiveRun>();
  readonly #conclusions: Conclusion[] = [];
  #schedule: Schedule;
  /** Happenings of jobs that ended, until the loop takes them. */
  readonly #arrived: (() => Promise<void>)[] = [];
  #wake: (() => void) | undefined;

  constructor(d: DriverDeps, schedule: Schedule) {
    this.#d = d;
    this.#announce = new Announcer(d.deps);
    this.#schedule = schedule;
  }

  /** Adds a planned and permitted run. The caller has announced it. */
  add(run: ActiveRun): void {
    this.#runs.set(run.runId, run);
    const root: ActiveScope = {
      key: undefined,
      workflow: run.plan.root,
      inputs: run.plan.inputs,
      influencedInputs: [...rootInfluence(run.plan.event.name, run.plan.level).inputs],
      level: run.plan.level,
      taints: run.plan.taints,
      secret: async (name) => (run.permit.releases(name) ? this.#givenSecret(name) : undefined),
    };
    const definitions = enterScope(run, root);
    const claim = run.plan.concurrency;
    this.#apply({
      kind: 'run-added',
      run: run.runId,
      ...(claim === undefined ? {} : { concurrency: claim }),
      definitions,
    });
  }

  /** Runs everything to its end. Gives the conclusion of all runs together. */
  async drive(): Promise<Conclusion> {
    const stop = this.#d.deps.signal.onChange((state) => this.#onCancel(state));
    if (this.#d.deps.signal.state !== 'none') this.#onCancel(this.#d.deps.signal.state);
    try {
      while (this.#schedule.runs.some(({ status }) => status !== 'done')) {
        for (const arrive of this.#arrived.splice(0)) await arrive();
        const actions = nextActions(this.#schedule, this.#d.deps.clock.monotonic());
        let changed = false;
        for (const action of actions) changed = (await this.#act(action)) || changed;
        if (!changed && this.#arrived.length === 0) await this.#sleep();
      }
    } finally {
      stop();
    }
    if (this.#conclusions.includes('failure')) return 'failure';
    if (this.#conclusions.includes('cancelled')) return 'cancelled';
    return this.#conclusions.every((conclusion) => conclusion === 'skipped') ? 'skipped' : 'success';
  }

  #apply(happening: Happening): void {
    this.#schedule = applyHappening(this.#schedule, happening);
  }

  #onCancel(state: 'cancel' | 'force'): void {
    this.#arrived.push(async () => {
      for (const { run, status } of this.#schedule.runs) {
        const force = state === 'force';
        const reason = force ? 'the run was cancelled by force' : 'the run was cancelled';
        if (status !== 'done') this.#apply({ kind: 'run-cancelled', run, force, reason });
      }
    });
    this.#wake?.();
  }

  /** Waits for a job to end, a cancellation, or the next deadline. */
  #sleep(): Promise<void> {
    const time = nextTime(this.#schedule);
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

  /** Does one action. Whether it changed the schedule. */
  async #act(action: Action): Promise<boolean> {
    const run = this.#runs.get(action.run);
    if (run === undefined) return false;
    switch (action.kind) {
      case 'open-run':
        this.#apply({ kind: 'run-opened', run: run.runId });
        return true;
      case 'end-run':
        await this.#endRun(run, action.conclusion, action.reason);
        return true;
      case 'cancel-run':
        this.#apply({ kind: 'run-cancelled', run: run.runId, force: false, reason: action.reason });
        return true;
      case 'drop':
        this.#decided(run, action.definition, false, reasonOfCancel(this.#schedule, run.runId, action.definition));
        return true;
      case 'decide':
        await this.#decide(run, action.definition, action.status);
        return true;
      case 'expand':
        await this.#expand(run, action.definition);
        return true;
      case 'admit':
        this.#apply({ kind: 'admitted', run: run.runId, instance: action.instance });
        return true;
      case 'start':
        await this.#start(run, this.#instance(run, action.instance));
        return true;
      case 'enter':
        await this.#enter(run, this.#instance(run, action.instance));
        return true;
      case 'leave':
        await this.#leave(run, this.#instance(run, action.instance), action.conclusion);
        return true;
      case 'end':
        this.#endUnrun(run, this.#instance(run, action.instance), action.conclusion, action.reason);
        return true;
      case 'cancel':
        this.#cancel(run, this.#instance(run, action.instance), action);
        return true;
      default:
        return unreachable(action);
    }
  }

  #instance(run: ActiveRun, key: string): ActiveInstance {
    const found = run.instances.get(key);
    if (found === undefined) return unreachable(key as never);
    return found;
  }

  #definition(run: ActiveRun, key: string): ActiveDefinition {
    const found = run.definitions.get(key);
    if (found === undefined) return unreachable(key as never);
    return found;
  }

  async #decide(run: ActiveRun, key: string, status: Status): Promise<void> {
    const definition = this.#definition(run, key);
    const condition = definition.job.definition.if;
    try {
      const contexts = contextsOf(run, definition, this.#d.vars);
      const accepted = await evaluateCondition(condition, { contexts, status });
      const reason =
        status === 'cancelled'
          ? reasonOfCancel(this.#schedule, run.runId, key)
          : await reasonOfRefusal(run, definition, { contexts, accepted });
      this.#decided(run, key, accepted, reason);
    } catch (thrown) {
      if (!isFault(thrown)) throw thrown;
      const { line, column } = thrown.at ?? condition.at;
      const reason = `${definition.scope.workflow.path}:${line}:${column}: if: ${thrown.message}`;
      this.#failDefinition(run, definition, reason);
    }
  }

  #decided(run: ActiveRun, key: string, accepted: boolean, reason: string): void {
    const before = this.#schedule;
    this.#apply({ kind: 'decided', run: run.runId, definition: key, accepted });
    this.#tellSkipped(run, before, this.#definition(run, key), reason);
  }

  /** Tells of a definition that has ended without instances. */
  #tellSkipped(run: ActiveRun, before: Schedule, definition: ActiveDefinition, reason: string): void {
    const was = definitionOf(before, run.runId, definition.key);
    const is = definitionOf(this.#schedule, run.runId, definition.key);
    if (is?.status !== 'done' || was?.status === 'done' || is.result === undefined) return;
    definition.result = is.result;
    for (const key of announcedKeys(run, definition)) this.#announce.ended(run, key, { conclusion: is.result }, reason);
  }

  #failDefinition(run: ActiveRun, definition: ActiveDefinition, reason: string): void {
    const before = this.#schedule;
    this.#apply({ kind: 'expansion-failed', run: run.runId, definition: definition.key, conclusion: 'failure' });
    this.#tellSkipped(run, before, definition, reason);
  }

  async #expand(run: ActiveRun, key: string): Promise<void> {
    const definition = this.#definition(run, key);
    let expansion = definition.job.expansion;
    if (expansion === undefined) {
      const expanded = await expandJob({
        job: definition.job,
        path: definition.scope.workflow.path,
        contexts: contextsOf(run, definition, this.#d.vars),
        influence: influenceOf(run, definition),
      });
      if (!expanded.ok) {
        const [error] = expanded.errors;
        const where = error === undefined ? '' : `${error.file}:${error.line}:${error.column}: ${error.message}`;
        this.#failDefinition(run, definition, where);
        return;
      }
      expansion = expanded.value;
      const late: LateExpansion = { version: 1, planDigest: run.planDigest, definition: key, expansion };
      this.#d.deps.log.info('Jobs expanded', { run: run.runId, definition: key, digest: digestOfExpansion(late) });
    }
    definition.expansion = expansion;
    const instances = expansion.instances.filter((instance) => this.#isWanted(definition, instance));
    if (instances.length === 0) {
      this.#endFiltered(run, definition);
      return;
    }
    if (run.instances.size + instances.length > RUN_JOBS_MAX) {
      this.#failDefinition(run, definition, `the run has more than ${RUN_JOBS_MAX} jobs`);
      return;
    }
    this.#addInstances(run, definition, instances);
    this.#apply({
      kind: 'expanded',
      run: run.runId,
      definition: key,
      instances: instances.map((instance) => newInstance(key, instance)),
      failFast: expansion.failFast,
      ...(expansion.parallelMax === undefined ? {} : { instancesMax: expansion.parallelMax }),
    });
  }

  #addInstances(run: ActiveRun, definition: ActiveDefinition, instances: readonly PlannedInstance[]): void {
    const added = instances.map((planned): ActiveInstance => {
      const key = `${definition.key}${planned.suffix}`;
      return { key, definition, planned, cancel: createCancelSource() };
    });
    for (const instance of added) run.instances.set(instance.key, instance);
    this.#announce.added(run, added);
  }

  #isWanted({ scope, job }: ActiveDefinition, instance: PlannedInstance): boolean {
    return isWanted(this.#d.options, scope, job, instance);
  }

  /** `-j` and `--matrix` left nothing of it: it counts as skipped. */
  #endFiltered(run: ActiveRun, definition: ActiveDefinition): void {
    const before = this.#schedule;
    this.#apply({ kind: 'expansion-failed', run: run.runId, definition: definition.key, conclusion: 'skipped' });
    this.#tellSkipped(run, before, definition, 'none of its jobs was asked for by -j and --matrix');
  }

  async #start(run: ActiveRun, instance: ActiveInstance): Promise<void> {
    const { definition, planned } = instance;
    const { job } = definition;
    if (job.kind !== 'job') return;
    const reused = this.#d.reuse(run, instance);
    if (reused !== undefined) {
      this.#finish(run, instance, reused);
      this.#announce.ended(
        run,
        instance.key,
        { conclusion: reused.conclusion },
        'it succeeded in the attempt before: its outputs are taken over',
      );
      return;
    }
    const [refusal] = job.refusals;
    if (refusal !== undefined) {
      const reason =
        `${refusal.file}:${refusal.line}:${refusal.column}: ${refusal.message}. ${refusal.remedy ?? ''}`.trim();
      this.#endUnrun(run, instance, 'failure', reason);
      return;
    }
    const placement = placeJob(planned.runsOn, { arch: this.#d.deps.arch, labels: this.#d.options.labels });
    if (!placement.here) {
      const skip = this.#d.options.skipUnrunnable;
      this.#endUnrun(
        run,
        instance,
        skip ? 'skipped' : 'failure',
        skip ? `skipped: ${placement.reason}` : placement.reason,
      );
      return;
    }
    await this.#startJob(run, instance);
  }

  async #startJob(run: ActiveRun, instance: ActiveInstance): Promise<void> {
    const { definition, planned } = instance;
    const { job } = definition;
    if (job.kind !== 'job') return;
    const { clock, random } = this.#d.deps;
    const timeout = (planned.timeoutMinutes ?? JOB_MINUTES_DEFAULT) * 60_000;
    let lease: ReturnType<typeof makeLease>;
    let secrets: JobSecrets;
    try {
      const trusted = levelOf(run, instance).level !== 'untrusted';
      const environment = planned.environment?.name;
      const egress = await this.#d.egressFor(
        run,
        { id: job.id, ...(environment === undefined ? {} : { environment }) },
        trusted,
      );
      secrets = await secretsFor(run, instance, job);
      lease = makeLease({
        run,
        instance,
        job,
        jobId: await this.#d.ids.take('job'),
        leaseId: random(16).toString('hex'),
        vars: this.#d.vars,
        egress,
        git: this.#d.gitFor(run),
        builtin: this.#d.options.builtin,
        debug: this.#d.options.debug,
        secrets,
      });
    } catch (thrown) {
      if (!isFault(thrown)) throw thrown;
      this.#endUnrun(run, instance, 'failure', `${thrown.message} (${thrown.code}): ${thrown.help}`);
      return;
    }
    instance.startedAt = clock.monotonic();
    this.#apply({
      kind: 'started',
      run: run.runId,
      instance: instance.key,
      deadlineAt: instance.startedAt + timeout + BACKSTOP_MS,
    });
    const deps = { ...this.#d.deps, continueOnError: planned.continueOnError };
    void runAttempt(lease, secrets, instance.cancel.signal, deps).then((outcome) => {
      this.#arrived.push(async () => {
        this.#finish(run, instance, outcome);
      });
      this.#wake?.();
    });
  }

  #endUnrun(run: ActiveRun, instance: ActiveInstance, conclusion: Conclusion, reason: string): void {
    const { level, taints } = levelOf(run, instance);
    this.#finish(run, instance, { conclusion, outputs: {}, influencedOutputs: [], level, taints, reason });
    const keys = instance.definition.job.kind === 'call' ? keysInside(run, instance.key) : [instance.key];
    for (const key of keys) this.#announce.ended(run, key, endOf(instance, conclusion), reason);
  }

  /** Takes an outcome over into the definition: outputs, level, taints, result. */
  #finish(run: ActiveRun, instance: ActiveInstance, outcome: JobOutcome): void {
    instance.outcome = outcome;
    instance.endedAt = this.#d.deps.clock.monotonic();
    const { definition } = instance;
    if (definition.job.kind === 'job') {
      const durationMs = instance.startedAt === undefined ? 0 : instance.endedAt - instance.startedAt;
      run.ended.set(instance.key, { ...endOf(instance, outcome.conclusion), durationMs });
    }
    for (const [name, value] of Object.entries(outcome.outputs)) {
      // Of several matrix jobs the last one that has something to say wins, as at GitHub.
      if (value !== '' || definition.outputs[name] === undefined) definition.outputs[name] = value;
    }
    for (const name of outcome.influencedOutputs) definition.influencedOutputs.add(name);
    definition.level = lowestLevel(definition.level, outcome.level);
    definition.taints = [...definition.taints, ...outcome.taints];
    this.#apply({ kind: 'ended', run: run.runId, instance: instance.key, conclusion: outcome.conclusion });
    const state = definitionOf(this.#schedule, run.runId, definition.key);
    if (state?.status === 'done' && state.result !== undefined) definition.result = state.result;
  }

  async #enter(run: ActiveRun, instance: ActiveInstance): Promise<void> {
    const { definition, planned } = instance;
    const { job } = definition;
    if (job.kind !== 'call' || job.callee === undefined) {
      this.#endUnrun(run, instance, 'failure', `${job.key}: the called workflow is not there`);
      return;
    }
    const { level, taints } = levelOf(run, instance);
    const scope: ActiveScope = {
      key: instance.key,
      workflow: job.callee,
      inputs: planned.inputs ?? {},
      influencedInputs: planned.influenced.inputs,
      level,
      taints,
      secret: (name) => calleeSecret(run, instance, name, this.#d.vars),
    };
    const definitions = enterScope(run, scope);
    this.#apply({ kind: 'entered', run: run.runId, instance: instance.key, definitions });
  }

  /** All that a called workflow hands back. */
  async #leave(run: ActiveRun, instance: ActiveInstance, conclusion: Conclusion): Promise<void> {
    const scope = run.scopes.get(instance.key);
    if (scope === undefined) return;
    const handed = await calleeOutputs(run, scope, influenceOf(run, instance.definition), this.#d.vars);
    if (handed.reason !== undefined) {
      this.#announce.ended(run, instance.key, { conclusion: 'failure' }, handed.reason);
    }
    const inside = scope.workflow.jobs.map((job) => siblingOf(run, scope, job.id));
    this.#finish(run, instance, {
      conclusion: handed.reason === undefined ? conclusion : 'failure',
      outputs: handed.outputs,
      influencedOutputs: handed.influencedOutputs,
      level: inside.reduce((lowest, { level }) => lowestLevel(lowest, level), scope.level),
      taints: inside.flatMap(({ taints }) => taints),
      ...(handed.reason === undefined ? {} : { reason: handed.reason }),
    });
  }

  #givenSecret(name: string): Secret | undefined {
    const found = Object.entries(this.#d.options.secrets).find(([given]) => given.toUpperCase() === name);
    return found?.[1];
  }

  #cancel(
    run: ActiveRun,
    instance: ActiveInstance,
    { force, reason }: { readonly force: boolean; readonly reason: string },
  ): void {
    // The first reason stays: what is not over in time is then ended by force.
    instance.cancelReason ??= reason;
    if (instance.definition.job.kind === 'job') this.#announce.cancelling(run, instance.key, force, reason);
    const minutes = instance.planned.cancelTimeoutMinutes ?? CANCEL_MINUTES_DEFAULT;
    this.#apply({
      kind: 'cancel-requested',
      run: run.runId,
      instance: instance.key,
      force,
      reason,
      forceAt: this.#d.deps.clock.monotonic() + minutes * 60_000 + BACKSTOP_MS,
    });
    instance.cancel.cancel(force ? 'force' : 'cancel');
  }

  async #endRun(run: ActiveRun, conclusion: Conclusion, reason: string | undefined): Promise<void> {
    if (reason !== undefined) this.#announce.endedWithRun(run, conclusion, reason);
    this.#apply({ kind: 'run-ended', run: run.runId, conclusion });
    this.#conclusions.push(conclusion);
    const finishedAt = this.#announce.finished(run, conclusion);
    await this.#d.onFinished({ conclusion, finishedAt, jobs: recordsOf(run) }, run);
  }
}
