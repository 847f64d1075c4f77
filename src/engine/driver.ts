import { isFault, type Log, lowestLevel, type Secret, unreachable } from '../base/index.ts';
import {
  digestOfExpansion,
  type Expansion,
  expandJob,
  type LateExpansion,
  type PlannedInstance,
} from '../plan/index.ts';
import type { Conclusion, EgressPolicy, GitSource, JobLease, JobOutcome, JobSecrets } from '../protocol/index.ts';
import { type Action, nextActions, nextTime, type RunRecord, type Schedule } from '../run/index.ts';
import { evaluateCondition, type Status } from '../workflow/index.ts';
import type { Act } from './act.ts';
import { Announcer, recordsOf } from './announce.ts';
import { calleeOutputs } from './callee.ts';
import type { EngineEvent } from './event.ts';
import { influenceOf, levelOf, makeLease, secretsFor } from './lease.ts';
import { Machine } from './machine.ts';
import { reasonOfCancel, reasonOfRefusal } from './reasons.ts';
import { type ActiveDefinition, type ActiveInstance, type ActiveRun, contextsOf, siblingOf } from './scope.ts';
import { isWanted, type Wanted } from './wanted.ts';

/** A job without `timeout-minutes`. */
const JOB_MINUTES_DEFAULT = 360;
/** How long `always()` steps may run after a cancellation. */
const CANCEL_MINUTES_DEFAULT = 5;
/** The runner ends a job at its limits itself; the engine only where the runner does not. */
const BACKSTOP_MS = 60_000;
/** Jobs of one run with all late expansions. */
const RUN_JOBS_MAX = 5_000;

/** An attempt that is to run. */
export type Start = {
  readonly run: ActiveRun;
  readonly instance: ActiveInstance;
  readonly lease: JobLease;
  readonly secrets: JobSecrets;
};

/** What a driver reaches outwards. Locally jobs run in this process; the server hands them to its queue. */
export type DriverPort = {
  readonly clock: { now(): number; monotonic(): number };
  readonly random: (bytes: number) => Buffer;
  readonly log: Log;
  readonly onEvent: (event: EngineEvent) => void;
  /** A number for an attempt that nobody else gets. */
  readonly takeJobId: (run: ActiveRun, instance: ActiveInstance) => Promise<number>;
  /** Why a lease can't be handed to anybody. */
  readonly refusal?: (lease: JobLease) => string | undefined;
  readonly wanted: Wanted;
  readonly lease: { readonly builtin: boolean; readonly debug: boolean };
  /** How long a job may wait for a runner after its start was asked for. */
  readonly waitMsMax: number;
  readonly secret: (name: string) => Promise<Secret | undefined>;
  readonly gitFor: (run: ActiveRun) => GitSource;
  /** The egress list of a job, by the level it starts at. */
  readonly egressFor: (
    run: ActiveRun,
    job: { readonly id: string; readonly environment?: string },
    trusted: boolean,
  ) => Promise<EgressPolicy>;
  /** Outcomes of an earlier attempt that are taken over instead of running again. */
  readonly reuse: (run: ActiveRun, instance: ActiveInstance) => JobOutcome | undefined;
  /** Why no machine can run it, and how it ends then. */
  readonly unplaced: (
    planned: PlannedInstance,
  ) => { readonly conclusion: Conclusion; readonly reason: string } | undefined;
  readonly start: (start: Start) => void;
  readonly cancel: (instance: ActiveInstance, cancel: { readonly force: boolean; readonly reason: string }) => void;
  readonly onFinished: (record: Pick<RunRecord, 'conclusion' | 'jobs' | 'finishedAt'>, run: ActiveRun) => Promise<void>;
  /** Called with each act and the next place in line before it, before it is applied. */
  readonly onAct?: (act: Act, nextOrder: number) => void;
};

/**
 * Drives planned runs: asks the state machine what comes next, evaluates what that needs, and applies it as an act. What arrives
 * from outside (an outcome, a cancellation, the time) comes in by its methods; `turn` does all that follows.
 */
export class Driver {
  readonly #port: DriverPort;
  readonly #machine: Machine;

  constructor(port: DriverPort, schedule: Schedule) {
    this.#port = port;
    this.#machine = new Machine({ announce: new Announcer(port), secret: port.secret }, schedule);
  }

  /** To bring back what acts that were kept tell. */
  get machine(): Machine {
    return this.#machine;
  }

  get schedule(): Schedule {
    return this.#machine.schedule;
  }

  /** Adds a planned and permitted run. The caller has announced it. */
  add(run: ActiveRun): void {
    this.#machine.register(run);
    this.#apply({ kind: 'added', run: run.runId });
  }

  cancelRun(runId: number, { force, reason }: { readonly force: boolean; readonly reason: string }): void {
    const run = this.schedule.runs.find((candidate) => candidate.run === runId);
    if (run === undefined || run.status === 'done' || run.cancel === 'force') return;
    this.#apply({ kind: 'run-cancelled', run: runId, force, reason });
  }

  /** The outcome of an attempt. `reason`: why no runner told of its end. Only the first one counts. */
  finish(
    runId: number,
    key: string,
    outcome: JobOutcome,
    how: { readonly reason?: string; readonly startedAt?: number } = {},
  ): boolean {
    const run = this.#machine.runs.get(runId);
    const instance = run?.instances.get(key);
    if (run === undefined || instance === undefined || instance.outcome !== undefined) return false;
    const { reason, startedAt } = how;
    this.#finish(run, instance, outcome, {
      ...(reason === undefined ? {} : { told: { reason, inside: false } }),
      ...(startedAt === undefined ? {} : { startedAt }),
    });
    return true;
  }

  /** Does all that there is to do now. Whether anything changed. */
  async turn(): Promise<boolean> {
    let changed = false;
    for (const action of nextActions(this.schedule, this.#port.clock.monotonic())) {
      changed = (await this.#act(action)) || changed;
    }
    return changed;
  }

  /** The next time at which there is something to do. */
  nextTime(): number | undefined {
    return nextTime(this.schedule);
  }

  #apply(act: Act): void {
    this.#port.onAct?.(act, this.schedule.nextOrder);
    this.#machine.apply(act);
  }

  /** Does one action. Whether it changed the schedule. */
  async #act(action: Action): Promise<boolean> {
    const run = this.#machine.runs.get(action.run);
    if (run === undefined) return false;
    const { runId } = run;
    switch (action.kind) {
      case 'open-run':
        this.#apply({ kind: 'opened', run: runId });
        return true;
      case 'end-run':
        await this.#endRun(run, action.conclusion, action.reason);
        return true;
      case 'cancel-run':
        this.#apply({ kind: 'run-cancelled', run: runId, force: false, reason: action.reason });
        return true;
      case 'drop': {
        const reason = reasonOfCancel(this.schedule, runId, action.definition);
        this.#apply({ kind: 'decided', run: runId, definition: action.definition, accepted: false, reason });
        return true;
      }
      case 'decide':
        await this.#decide(run, action.definition, action.status);
        return true;
      case 'expand':
        await this.#expand(run, action.definition);
        return true;
      case 'admit':
        this.#apply({ kind: 'admitted', run: runId, instance: action.instance });
        return true;
      case 'start':
        await this.#start(run, this.#machine.instance(run, action.instance));
        return true;
      case 'enter':
        this.#enter(run, this.#machine.instance(run, action.instance));
        return true;
      case 'leave':
        await this.#leave(run, this.#machine.instance(run, action.instance), action.conclusion);
        return true;
      case 'end':
        this.#endUnrun(run, this.#machine.instance(run, action.instance), action.conclusion, action.reason);
        return true;
      case 'cancel':
        this.#cancel(run, this.#machine.instance(run, action.instance), action);
        return true;
      default:
        return unreachable(action);
    }
  }

  async #decide(run: ActiveRun, key: string, status: Status): Promise<void> {
    const definition = this.#machine.definition(run, key);
    const condition = definition.job.definition.if;
    try {
      const contexts = contextsOf(run, definition);
      const accepted = await evaluateCondition(condition, { contexts, status });
      const reason =
        status === 'cancelled'
          ? reasonOfCancel(this.schedule, run.runId, key)
          : await reasonOfRefusal(run, definition, { contexts, accepted });
      this.#apply({ kind: 'decided', run: run.runId, definition: key, accepted, reason });
    } catch (thrown) {
      if (!isFault(thrown)) throw thrown;
      const { line, column } = thrown.at ?? condition.at;
      this.#refuse(
        run,
        definition,
        'failure',
        `${definition.scope.workflow.path}:${line}:${column}: if: ${thrown.message}`,
      );
    }
  }

  /** The definition ends without instances. */
  #refuse(run: ActiveRun, { key }: ActiveDefinition, conclusion: Conclusion, reason: string): void {
    this.#apply({ kind: 'not-expanded', run: run.runId, definition: key, conclusion, reason });
  }

  async #expand(run: ActiveRun, key: string): Promise<void> {
    const definition = this.#machine.definition(run, key);
    const expansion = definition.job.expansion ?? (await this.#expandLate(run, definition));
    if (typeof expansion === 'string') {
      this.#refuse(run, definition, 'failure', expansion);
      return;
    }
    const { scope, job } = definition;
    const wanted = expansion.instances.filter((instance) => isWanted(this.#port.wanted, scope, job, instance));
    if (wanted.length === 0) {
      this.#refuse(run, definition, 'skipped', 'none of its jobs was asked for by -j and --matrix');
      return;
    }
    if (run.instances.size + wanted.length > RUN_JOBS_MAX) {
      this.#refuse(run, definition, 'failure', `the run has more than ${RUN_JOBS_MAX} jobs`);
      return;
    }
    const suffixes = wanted.map(({ suffix }) => suffix);
    this.#apply({ kind: 'expanded', run: run.runId, definition: key, expansion, suffixes });
  }

  /** Evaluates what depended on outputs, or says where that failed. */
  async #expandLate(run: ActiveRun, definition: ActiveDefinition): Promise<Expansion | string> {
    const expanded = await expandJob({
      job: definition.job,
      path: definition.scope.workflow.path,
      contexts: contextsOf(run, definition),
      influence: influenceOf(run, definition),
    });
    if (!expanded.ok) {
      const [error] = expanded.errors;
      return error === undefined ? '' : `${error.file}:${error.line}:${error.column}: ${error.message}`;
    }
    const { key } = definition;
    const late: LateExpansion = { version: 1, planDigest: run.planDigest, definition: key, expansion: expanded.value };
    this.#port.log.info('Jobs expanded', { run: run.runId, definition: key, digest: digestOfExpansion(late) });
    return expanded.value;
  }

  async #start(run: ActiveRun, instance: ActiveInstance): Promise<void> {
    const { job } = instance.definition;
    if (job.kind !== 'job') return;
    const reused = this.#port.reuse(run, instance);
    if (reused !== undefined) {
      const reason = 'it succeeded in the attempt before: its outputs are taken over';
      this.#finish(run, instance, reused, { told: { reason, inside: true } });
      return;
    }
    const [refusal] = job.refusals;
    if (refusal !== undefined) {
      const { file, line, column, message, remedy } = refusal;
      const reason = `${file}:${line}:${column}: ${message}. ${remedy ?? ''}`.trim();
      this.#endUnrun(run, instance, 'failure', reason);
      return;
    }
    const unplaced = this.#port.unplaced(instance.planned);
    if (unplaced !== undefined) {
      this.#endUnrun(run, instance, unplaced.conclusion, unplaced.reason);
      return;
    }
    await this.#startJob(run, instance);
  }

  async #startJob(run: ActiveRun, instance: ActiveInstance): Promise<void> {
    const { definition, planned } = instance;
    const { job } = definition;
    if (job.kind !== 'job') return;
    const port = this.#port;
    let start: Start;
    let jobId: number;
    try {
      const trusted = levelOf(run, instance).level !== 'untrusted';
      const environment = planned.environment?.name;
      const egress = await port.egressFor(
        run,
        { id: job.id, ...(environment === undefined ? {} : { environment }) },
        trusted,
      );
      const secrets = await secretsFor(run, instance, job);
      jobId = await port.takeJobId(run, instance);
      const leaseId = port.random(16).toString('hex');
      const git = port.gitFor(run);
      const lease = makeLease({ run, instance, job, jobId, leaseId, egress, git, secrets, ...port.lease });
      start = { run, instance, lease, secrets };
    } catch (thrown) {
      if (!isFault(thrown)) throw thrown;
      this.#endUnrun(run, instance, 'failure', `${thrown.message} (${thrown.code}): ${thrown.help}`);
      return;
    }
    const refusal = port.refusal?.(start.lease);
    if (refusal !== undefined) {
      this.#endUnrun(run, instance, 'failure', refusal);
      return;
    }
    const startedAt = port.clock.monotonic();
    const deadlineAt = startedAt + port.waitMsMax + limitOf(instance);
    this.#apply({ kind: 'started', run: run.runId, instance: instance.key, jobId, startedAt, deadlineAt });
    port.start(start);
  }

  #endUnrun(run: ActiveRun, instance: ActiveInstance, conclusion: Conclusion, reason: string): void {
    const { level, taints } = levelOf(run, instance);
    const outcome: JobOutcome = { conclusion, outputs: {}, influencedOutputs: [], level, taints, reason };
    this.#finish(run, instance, outcome, { told: { reason, inside: true } });
  }

  #finish(
    run: ActiveRun,
    instance: ActiveInstance,
    outcome: JobOutcome,
    how: Pick<Extract<Act, { kind: 'finished' }>, 'told' | 'startedAt'>,
  ): void {
    this.#apply({
      kind: 'finished',
      run: run.runId,
      instance: instance.key,
      outcome,
      endedAt: this.#port.clock.monotonic(),
      ...how,
    });
  }

  #enter(run: ActiveRun, instance: ActiveInstance): void {
    const { job } = instance.definition;
    if (job.kind !== 'call' || job.callee === undefined) {
      this.#endUnrun(run, instance, 'failure', `${job.key}: the called workflow is not there`);
      return;
    }
    this.#apply({ kind: 'entered', run: run.runId, instance: instance.key });
  }

  /** All that a called workflow hands back. */
  async #leave(run: ActiveRun, instance: ActiveInstance, conclusion: Conclusion): Promise<void> {
    const scope = run.scopes.get(instance.key);
    if (scope === undefined) return;
    const handed = await calleeOutputs(run, scope, influenceOf(run, instance.definition));
    const inside = scope.workflow.jobs.map((job) => siblingOf(run, scope, job.id));
    const outcome: JobOutcome = {
      conclusion: handed.reason === undefined ? conclusion : 'failure',
      outputs: handed.outputs,
      influencedOutputs: handed.influencedOutputs,
      level: inside.reduce((lowest, { level }) => lowestLevel(lowest, level), scope.level),
      taints: inside.flatMap(({ taints }) => taints),
      ...(handed.reason === undefined ? {} : { reason: handed.reason }),
    };
    const told = handed.reason === undefined ? {} : { told: { reason: handed.reason, inside: false } };
    this.#finish(run, instance, outcome, told);
  }

  #cancel(
    run: ActiveRun,
    instance: ActiveInstance,
    { force, reason }: { readonly force: boolean; readonly reason: string },
  ): void {
    const minutes = instance.planned.cancelTimeoutMinutes ?? CANCEL_MINUTES_DEFAULT;
    const forceAt = this.#port.clock.monotonic() + minutes * 60_000 + BACKSTOP_MS;
    this.#apply({ kind: 'cancelling', run: run.runId, instance: instance.key, force, reason, forceAt });
    this.#port.cancel(instance, { force, reason });
  }

  async #endRun(run: ActiveRun, conclusion: Conclusion, reason: string | undefined): Promise<void> {
    const finishedAt = this.#port.clock.now();
    this.#apply({
      kind: 'run-ended',
      run: run.runId,
      conclusion,
      finishedAt,
      ...(reason === undefined ? {} : { reason }),
    });
    await this.#port.onFinished({ conclusion, finishedAt, jobs: recordsOf(run) }, run);
  }
}

/** From the start of a job to the time at which the engine ends it. */
function limitOf({ planned }: ActiveInstance): number {
  return (planned.timeoutMinutes ?? JOB_MINUTES_DEFAULT) * 60_000 + BACKSTOP_MS;
}
