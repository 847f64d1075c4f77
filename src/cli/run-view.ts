import { type Taint, type TrustLevel, unreachable } from '../base/index.ts';
import type { EngineEvent, JobSummary } from '../engine/index.ts';
import type { Annotation, Conclusion, EgressRecord, JobEvent } from '../protocol/index.ts';

/** Lines of a step's log that are kept, to be shown when the step fails. */
export const TAIL_LINES_MAX = 40;
/** Annotations of a job that are shown; what is over is counted and said. */
export const ANNOTATIONS_MAX = 100;
/** Different hosts of a job that are kept; what is over is counted and said. */
export const EGRESS_HOSTS_MAX = 500;

export type StepView = {
  readonly id: string;
  readonly name: string;
  /** 0 for a step of the job, 1 and more inside composite actions. */
  readonly depth: number;
  /** Wall clock, milliseconds. */
  readonly startedAt: number;
  state: 'running' | Conclusion;
  /** Failed, but `continue-on-error` let the job go on. */
  tolerated: boolean;
  durationMs: number;
  exitCode: number | undefined;
  /** The last lines as they came, not yet harmless. */
  readonly tail: string[];
  lines: number;
};

/** What was reached, or not, at one place. */
export type EgressView = {
  readonly host: string;
  /** 0: a name that was only asked for. */
  readonly port: number;
  readonly verdict: EgressRecord['verdict'];
  readonly reason: string | undefined;
  /** Names of steps. */
  readonly steps: Set<string>;
  count: number;
};

export type JobView = {
  readonly key: string;
  readonly name: string;
  readonly needs: readonly string[];
  /** Its failure does not fail the run. */
  readonly continueOnError: boolean;
  state: 'queued' | 'running' | Conclusion;
  /** Failed, but `continue-on-error` let the run go on. */
  tolerated: boolean;
  startedAt: number;
  durationMs: number;
  /** Why it ended without running, or was cancelled. */
  reason: string | undefined;
  readonly steps: Map<string, StepView>;
  readonly annotations: Annotation[];
  annotationsLeftOut: number;
  readonly summaries: string[];
  readonly taints: Taint[];
  readonly egress: Map<string, EgressView>;
  egressLeftOut: number;
};

/** One run as a person sees it, folded from its events. */
export type RunView = {
  readonly runId: number;
  readonly path: string;
  readonly name: string;
  readonly event: string;
  readonly level: TrustLevel;
  readonly notes: readonly string[];
  readonly taints: readonly Taint[];
  readonly jobs: Map<string, JobView>;
  conclusion: Conclusion | undefined;
  durationMs: number;
};

/** Folds the events of one or several runs. */
export class RunViews {
  readonly #runs = new Map<number, RunView>();

  get all(): readonly RunView[] {
    return [...this.#runs.values()];
  }

  run(runId: number): RunView | undefined {
    return this.#runs.get(runId);
  }

  apply(event: EngineEvent): void {
    if (event.kind === 'run-planned') {
      this.#runs.set(event.runId, runOf(event));
      return;
    }
    const run = this.#runs.get(event.runId);
    if (run === undefined) return;
    switch (event.kind) {
      case 'jobs-added':
        replacePlaceholders(run, event.jobs);
        return;
      case 'job':
        applyJobEvent(jobOf(run, event.job), event.event);
        return;
      case 'job-cancelling':
        jobOf(run, event.job).reason ??= event.reason;
        return;
      case 'job-ended': {
        const job = jobOf(run, event.job);
        job.state = event.conclusion;
        job.tolerated = event.tolerated === true;
        job.reason = event.reason;
        return;
      }
      case 'run-finished':
        run.conclusion = event.conclusion;
        run.durationMs = event.durationMs;
        for (const { key, conclusion, durationMs, tolerated, reason } of event.jobs) {
          const job = jobOf(run, key);
          job.state = conclusion;
          job.tolerated = tolerated === true;
          job.durationMs = durationMs;
          job.reason = reason ?? (conclusion === 'success' ? undefined : job.reason);
        }
        return;
      default:
        unreachable(event);
    }
  }
}

function runOf(event: Extract<EngineEvent, { kind: 'run-planned' }>): RunView {
  return {
    runId: event.runId,
    path: event.workflow.path,
    name: event.runName === '' ? event.workflow.name : event.runName,
    event: event.event,
    level: event.level,
    notes: event.notes,
    taints: event.taints,
    jobs: new Map(event.jobs.map((job) => [job.key, newJob(job)])),
    conclusion: undefined,
    durationMs: 0,
  };
}

function newJob({ key, name, needs, continueOnError }: JobSummary): JobView {
  return {
    key,
    name,
    needs,
    continueOnError: continueOnError === true,
    state: 'queued',
    tolerated: false,
    startedAt: 0,
    durationMs: 0,
    reason: undefined,
    steps: new Map(),
    annotations: [],
    annotationsLeftOut: 0,
    summaries: [],
    taints: [],
    egress: new Map(),
    egressLeftOut: 0,
  };
}

function jobOf(run: RunView, key: string): JobView {
  const known = run.jobs.get(key);
  if (known !== undefined) return known;
  const job = newJob({ key, name: key, needs: [] });
  run.jobs.set(key, job);
  return job;
}

/** `build` stood for its matrix until that was known; now `build (18)` and `build (20)` stand there. */
function replacePlaceholders(run: RunView, jobs: readonly JobSummary[]): void {
  for (const job of jobs) {
    for (const [key, known] of run.jobs) {
      const stoodFor = key !== job.key && (job.key.startsWith(`${key} (`) || job.key.startsWith(`${key} / `));
      if (stoodFor && known.state === 'queued' && known.steps.size === 0) run.jobs.delete(key);
    }
    run.jobs.set(job.key, newJob(job));
  }
}

function applyJobEvent(job: JobView, event: JobEvent): void {
  switch (event.kind) {
    case 'job-started':
      job.state = 'running';
      job.startedAt = event.time;
      return;
    case 'step-started':
      job.steps.set(event.step, newStep(event.step, event.name, event.time));
      return;
    case 'log': {
      const step = job.steps.get(event.step);
      if (step === undefined || event.style === 'endgroup') return;
      step.lines += 1;
      step.tail.push(event.text);
      if (step.tail.length > TAIL_LINES_MAX) step.tail.shift();
      return;
    }
    case 'annotation':
      if (job.annotations.length < ANNOTATIONS_MAX) job.annotations.push(event.annotation);
      else job.annotationsLeftOut += 1;
      return;
    case 'summary':
      job.summaries.push(event.markdown);
      return;
    case 'egress':
      addEgress(job, event.record);
      return;
    case 'taint':
      job.taints.push(event.taint);
      return;
    case 'step-finished': {
      const step = job.steps.get(event.step) ?? newStep(event.step, event.step, event.time - event.durationMs);
      job.steps.set(event.step, step);
      step.state = event.outcome;
      step.tolerated = event.outcome === 'failure' && event.conclusion === 'success';
      step.durationMs = event.durationMs;
      step.exitCode = event.exitCode;
      return;
    }
    case 'job-finished':
      job.state = event.conclusion;
      job.tolerated = event.conclusion === 'failure' && job.continueOnError;
      job.durationMs = event.durationMs;
      return;
    default:
      unreachable(event);
  }
}

function newStep(id: string, name: string, startedAt: number): StepView {
  return {
    id,
    name,
    depth: id.split('/').length - 1,
    startedAt,
    state: 'running',
    tolerated: false,
    durationMs: 0,
    exitCode: undefined,
    tail: [],
    lines: 0,
  };
}

function addEgress(job: JobView, record: EgressRecord): void {
  if (record.via === 'gateway') return;
  // A query for a name that is listed is followed by its connection, which tells more.
  if (record.via === 'dns' && record.verdict === 'allowed') return;
  // A refused name was never dialled: which port it was for is not known.
  const port = record.via === 'dns' ? 0 : record.port;
  const key = `${record.verdict} ${record.host}:${port}`;
  const known = job.egress.get(key);
  if (known === undefined && job.egress.size >= EGRESS_HOSTS_MAX) {
    job.egressLeftOut += 1;
    return;
  }
  const view = known ?? {
    host: record.host,
    port,
    verdict: record.verdict,
    reason: record.reason,
    steps: new Set<string>(),
    count: 0,
  };
  view.count += 1;
  if (record.step !== undefined) view.steps.add(job.steps.get(record.step)?.name ?? record.step);
  job.egress.set(key, view);
}
