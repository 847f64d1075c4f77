import { lowestLevel, type Secret, unreachable } from '../base/index.ts';
import { rootInfluence } from '../plan/index.ts';
import type { JobOutcome } from '../protocol/index.ts';
import { applyHappening, definitionOf, type Happening, type Schedule } from '../run/index.ts';
import type { Act } from './act.ts';
import { type Announcer, announcedKeys, endOf, keysInside } from './announce.ts';
import { calleeSecret } from './callee.ts';
import { createCancelSource } from './cancel.ts';
import { newInstance } from './instances.ts';
import { levelOf } from './lease.ts';
import { type ActiveDefinition, type ActiveInstance, type ActiveRun, type ActiveScope, enterScope } from './scope.ts';

type Of<Kind extends Act['kind']> = Extract<Act, { readonly kind: Kind }>;

/**
 * Runs that go on. `apply` is the only way in which they change: it evaluates nothing, draws no number and looks at no clock, so
 * that the same acts give the same state. It tells people of what changes.
 */
export class Machine {
  readonly #announce: Announcer;
  readonly #secret: (name: string) => Promise<Secret | undefined>;
  readonly #runs = new Map<number, ActiveRun>();
  #schedule: Schedule;

  constructor(
    deps: { readonly announce: Announcer; readonly secret: (name: string) => Promise<Secret | undefined> },
    schedule: Schedule,
  ) {
    this.#announce = deps.announce;
    this.#secret = deps.secret;
    this.#schedule = schedule;
  }

  get schedule(): Schedule {
    return this.#schedule;
  }

  get runs(): ReadonlyMap<number, ActiveRun> {
    return this.#runs;
  }

  /** Makes a planned and permitted run known. The act `added` begins it. */
  register(run: ActiveRun): void {
    this.#runs.set(run.runId, run);
  }

  /** Places in lines of concurrency groups go on from here. They only ever grow. */
  resumeOrder(nextOrder: number): void {
    this.#schedule = { ...this.#schedule, nextOrder: Math.max(nextOrder, this.#schedule.nextOrder) };
  }

  /** Forgets a run that is over. */
  forget(runId: number): void {
    this.#runs.delete(runId);
    this.#schedule = { ...this.#schedule, runs: this.#schedule.runs.filter(({ run }) => run !== runId) };
  }

  apply(act: Act): void {
    const run = this.#runs.get(act.run);
    if (run === undefined) return unreachable(act.run as never);
    switch (act.kind) {
      case 'added':
        return this.#add(run);
      case 'opened':
        return this.#happen({ kind: 'run-opened', run: run.runId });
      case 'run-cancelled':
        return this.#happen({ kind: 'run-cancelled', run: run.runId, force: act.force, reason: act.reason });
      case 'run-ended':
        return this.#endRun(run, act);
      case 'decided':
        return this.#settle(run, act, { kind: 'decided', accepted: act.accepted });
      case 'not-expanded':
        return this.#settle(run, act, { kind: 'expansion-failed', conclusion: act.conclusion });
      case 'expanded':
        return this.#expand(run, act);
      case 'admitted':
        return this.#happen({ kind: 'admitted', run: run.runId, instance: act.instance });
      case 'started':
        return this.#start(run, act);
      case 'entered':
        return this.#enter(run, this.instance(run, act.instance));
      case 'cancelling':
        return this.#cancel(run, act);
      case 'finished':
        return this.#finish(run, act);
      default:
        return unreachable(act);
    }
  }

  instance(run: ActiveRun, key: string): ActiveInstance {
    const found = run.instances.get(key);
    if (found === undefined) return unreachable(key as never);
    return found;
  }

  definition(run: ActiveRun, key: string): ActiveDefinition {
    const found = run.definitions.get(key);
    if (found === undefined) return unreachable(key as never);
    return found;
  }

  #happen(happening: Happening): void {
    this.#schedule = applyHappening(this.#schedule, happening);
  }

  #add(run: ActiveRun): void {
    const root: ActiveScope = {
      key: undefined,
      workflow: run.plan.root,
      inputs: run.plan.inputs,
      influencedInputs: [...rootInfluence(run.plan.event.name, run.plan.level).inputs],
      level: run.plan.level,
      taints: run.plan.taints,
      secret: async (name) => (run.permit.releases(name) ? this.#secret(name) : undefined),
    };
    const definitions = enterScope(run, root);
    const claim = run.plan.concurrency;
    this.#happen({
      kind: 'run-added',
      run: run.runId,
      ...(claim === undefined ? {} : { concurrency: claim }),
      definitions,
    });
  }

  /** A definition may have ended without instances: then people are told why. */
  #settle(
    run: ActiveRun,
    { definition: key, reason }: { readonly definition: string; readonly reason: string },
    what:
      | Pick<Extract<Happening, { kind: 'decided' }>, 'kind' | 'accepted'>
      | Pick<Extract<Happening, { kind: 'expansion-failed' }>, 'kind' | 'conclusion'>,
  ): void {
    const was = definitionOf(this.#schedule, run.runId, key);
    this.#happen({ ...what, run: run.runId, definition: key });
    const is = definitionOf(this.#schedule, run.runId, key);
    if (is?.status !== 'done' || was?.status === 'done' || is.result === undefined) return;
    const definition = this.definition(run, key);
    definition.result = is.result;
    for (const name of announcedKeys(run, definition)) {
      this.#announce.ended(run, name, { conclusion: is.result }, reason);
    }
  }

  #expand(run: ActiveRun, { definition: key, expansion, suffixes }: Of<'expanded'>): void {
    const definition = this.definition(run, key);
    definition.expansion = expansion;
    const wanted = new Set(suffixes);
    const instances = expansion.instances.filter(({ suffix }) => wanted.has(suffix));
    const added = instances.map((planned): ActiveInstance => {
      return { key: `${definition.key}${planned.suffix}`, definition, planned, cancel: createCancelSource() };
    });
    for (const instance of added) run.instances.set(instance.key, instance);
    this.#announce.added(run, added);
    this.#happen({
      kind: 'expanded',
      run: run.runId,
      definition: key,
      instances: instances.map((instance) => newInstance(key, instance)),
      failFast: expansion.failFast,
      ...(expansion.parallelMax === undefined ? {} : { instancesMax: expansion.parallelMax }),
    });
  }

  #start(run: ActiveRun, act: Of<'started'>): void {
    const instance = this.instance(run, act.instance);
    instance.jobId = act.jobId;
    instance.startedAt = act.startedAt;
    this.#happen({ kind: 'started', run: run.runId, instance: instance.key, deadlineAt: act.deadlineAt });
  }

  #enter(run: ActiveRun, instance: ActiveInstance): void {
    const { definition, planned } = instance;
    const { job } = definition;
    if (job.kind !== 'call' || job.callee === undefined) return unreachable(job as never);
    const { level, taints } = levelOf(run, instance);
    const scope: ActiveScope = {
      key: instance.key,
      workflow: job.callee,
      inputs: planned.inputs ?? {},
      influencedInputs: planned.influenced.inputs,
      level,
      taints,
      secret: (name) => calleeSecret(run, instance, name),
    };
    const definitions = enterScope(run, scope);
    this.#happen({ kind: 'entered', run: run.runId, instance: instance.key, definitions });
  }

  #cancel(run: ActiveRun, { instance: key, force, reason, forceAt }: Of<'cancelling'>): void {
    const instance = this.instance(run, key);
    // The first reason stays: what is not over in time is then ended by force.
    instance.cancelReason ??= reason;
    if (instance.definition.job.kind === 'job') this.#announce.cancelling(run, key, force, reason);
    this.#happen({ kind: 'cancel-requested', run: run.runId, instance: key, force, reason, forceAt });
  }

  #finish(run: ActiveRun, { instance: key, outcome, endedAt, startedAt, told }: Of<'finished'>): void {
    const instance = this.instance(run, key);
    if (startedAt !== undefined) instance.startedAt = startedAt;
    this.#takeOver(run, instance, { outcome, endedAt });
    if (told === undefined) return;
    const end = endOf(instance, outcome.conclusion);
    const keys = told.inside && instance.definition.job.kind === 'call' ? keysInside(run, key) : [key];
    for (const name of keys) this.#announce.ended(run, name, end, told.reason);
  }

  /** Takes an outcome over into the definition: outputs, level, taints, result. */
  #takeOver(
    run: ActiveRun,
    instance: ActiveInstance,
    { outcome, endedAt }: { readonly outcome: JobOutcome; readonly endedAt: number },
  ): void {
    instance.outcome = outcome;
    instance.endedAt = endedAt;
    const { definition } = instance;
    if (definition.job.kind === 'job') {
      const durationMs = instance.startedAt === undefined ? 0 : endedAt - instance.startedAt;
      run.ended.set(instance.key, { ...endOf(instance, outcome.conclusion), durationMs });
    }
    for (const [name, value] of Object.entries(outcome.outputs)) {
      // Of several matrix jobs the last one that has something to say wins, as at GitHub.
      if (value !== '' || definition.outputs[name] === undefined) definition.outputs[name] = value;
    }
    for (const name of outcome.influencedOutputs) definition.influencedOutputs.add(name);
    definition.level = lowestLevel(definition.level, outcome.level);
    definition.taints = [...definition.taints, ...outcome.taints];
    this.#happen({ kind: 'ended', run: run.runId, instance: instance.key, conclusion: outcome.conclusion });
    const state = definitionOf(this.#schedule, run.runId, definition.key);
    if (state?.status === 'done' && state.result !== undefined) definition.result = state.result;
  }

  #endRun(run: ActiveRun, { conclusion, reason, finishedAt }: Of<'run-ended'>): void {
    if (reason !== undefined) this.#announce.endedWithRun(run, conclusion, reason);
    this.#happen({ kind: 'run-ended', run: run.runId, conclusion });
    this.#announce.finished(run, conclusion, finishedAt);
  }
}
