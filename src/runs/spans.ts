import { createHash } from 'node:crypto';
import type { JobEvent } from '../protocol/index.ts';
import type { RunJob, RunView } from './read.ts';

/**
 * A run as spans of OTLP (JSON), by the semantic conventions for CI/CD: the run, its jobs, their steps. Of what jobs print, get and give
 * nothing is in it: names, times and conclusions, as every reader of the run sees them.
 */
export type TracedRun = {
  readonly run: RunView;
  readonly repository: { readonly owner: string; readonly name: string };
  /** Of this server: the same run is the same trace, whenever it is sent. */
  readonly origin: string;
  /** Steps by the number of their job. */
  readonly steps: ReadonlyMap<number, readonly StepSpan[]>;
};

export type StepSpan = {
  readonly id: string;
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly conclusion: string;
};

type Attribute = { readonly key: string; readonly value: { readonly stringValue: string } };
type Span = { readonly traceId: string; readonly spanId: string; readonly [field: string]: unknown };

const KIND_INTERNAL = 1;
const KIND_SERVER = 2;
const STATUS_OK = 1;
const STATUS_ERROR = 2;
/** Words of the conventions for how something ended. */
const RESULTS = { success: 'success', failure: 'failure', cancelled: 'cancellation', skipped: 'skip' } as const;
const NAME_LENGTH_MAX = 200;
/** Steps of one job that become spans. */
const STEPS_MAX = 1000;

/** What `POST /v1/traces` takes. */
export function tracesOf(runs: readonly TracedRun[], version: string): object {
  const resource = { attributes: attributesOf({ 'service.name': 'sallyport', 'service.version': version }) };
  const spans = runs.flatMap(spansOf);
  return { resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'sallyport', version }, spans }] }] };
}

function spansOf(traced: TracedRun): readonly Span[] {
  const { run, repository, origin, steps } = traced;
  const trace = `${origin}/runs/${run.id}/${run.attempt}`;
  const traceId = hex(trace, 16);
  const runSpan = hex(`${trace}/run`, 8);
  const url = `${origin}/api/v1/repositories/${repository.owner}/${repository.name}/runs/${run.id}`;
  const span = (asked: SpanOf) => spanOf({ ...asked, traceId });
  const ended = run.jobs.filter((job) => job.startedAt !== undefined && job.finishedAt !== undefined);
  const begun = run.attempt === 1 ? run.createdAt : (firstOf(ended) ?? run.finishedAt ?? run.createdAt);
  return [
    span({
      spanId: runSpan,
      name: `RUN ${run.workflow.name}`,
      kind: KIND_SERVER,
      startMs: begun.getTime(),
      endMs: (run.finishedAt ?? run.createdAt).getTime(),
      conclusion: run.conclusion,
      attributes: {
        'cicd.pipeline.action.name': 'RUN',
        'cicd.pipeline.name': run.workflow.name,
        'cicd.pipeline.run.id': `${run.id}`,
        'cicd.pipeline.run.url.full': url,
        'cicd.pipeline.result': resultOf(run.conclusion),
        'vcs.repository.name': `${repository.owner}/${repository.name}`,
        'vcs.ref.head.name': run.ref.replace(/^refs\/(heads|tags)\//, ''),
        'vcs.ref.head.type': run.ref.startsWith('refs/tags/') ? 'tag' : 'branch',
        'vcs.ref.head.revision': run.commit,
        'sallyport.event': run.event,
        'sallyport.trust.level': run.level,
        'sallyport.attempt': `${run.attempt}`,
      },
    }),
    ...ended.flatMap((job) => {
      const spanId = hex(`${trace}/${job.id}`, 8);
      const own = steps.get(job.id) ?? [];
      return [
        span(jobSpan(job, { spanId, parentSpanId: runSpan, url })),
        ...own.map((step) =>
          span({
            spanId: hex(`${trace}/${job.id}/${step.id}`, 8),
            parentSpanId: spanId,
            name: step.name,
            kind: KIND_INTERNAL,
            startMs: step.startMs,
            endMs: step.endMs,
            conclusion: step.conclusion,
            attributes: { 'sallyport.step.id': step.id, 'sallyport.step.conclusion': step.conclusion },
          }),
        ),
      ];
    }),
  ];
}

function jobSpan(
  job: RunJob,
  { url, ...ids }: { readonly spanId: string; readonly parentSpanId: string; readonly url: string },
): SpanOf {
  return {
    ...ids,
    name: `RUN ${job.name}`,
    kind: KIND_INTERNAL,
    startMs: job.startedAt?.getTime() ?? 0,
    endMs: job.finishedAt?.getTime() ?? 0,
    conclusion: job.conclusion,
    attributes: {
      'cicd.pipeline.task.name': job.name,
      'cicd.pipeline.task.run.id': `${job.id}`,
      'cicd.pipeline.task.run.url.full': `${url}/jobs/${job.id}`,
      'cicd.pipeline.task.run.result': resultOf(job.conclusion),
      ...(job.runner === undefined ? {} : { 'cicd.worker.name': job.runner }),
      'sallyport.trust.level': job.level,
    },
  };
}

type SpanOf = {
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly conclusion: string | undefined;
  readonly attributes: { readonly [key: string]: string };
};

function spanOf({
  startMs,
  endMs,
  conclusion,
  attributes,
  name,
  ...rest
}: SpanOf & { readonly traceId: string }): Span {
  const isFailure = conclusion === 'failure';
  return {
    ...rest,
    name: name.slice(0, NAME_LENGTH_MAX),
    startTimeUnixNano: nanos(startMs),
    endTimeUnixNano: nanos(Math.max(startMs, endMs)),
    attributes: attributesOf({ ...attributes, ...(isFailure ? { 'error.type': 'failure' } : {}) }),
    status: { code: isFailure ? STATUS_ERROR : STATUS_OK },
  };
}

function attributesOf(attributes: { readonly [key: string]: string }): readonly Attribute[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: { stringValue: value } }));
}

const resultOf = (conclusion: string | undefined) =>
  Object.entries(RESULTS).find(([word]) => word === conclusion)?.[1] ?? 'error';
const nanos = (milliseconds: number) => `${BigInt(Math.max(0, Math.round(milliseconds))) * 1_000_000n}`;
const hex = (text: string, bytes: number) =>
  createHash('sha256')
    .update(text)
    .digest('hex')
    .slice(0, bytes * 2);

function firstOf(jobs: readonly RunJob[]): Date | undefined {
  return jobs.flatMap(({ startedAt }) => startedAt ?? []).toSorted((a, b) => a.getTime() - b.getTime())[0];
}

/** The steps that a job's log tells of, and nothing else of it. Lines that are no events are passed over. */
export function stepsOf(lines: Iterable<string>): readonly StepSpan[] {
  const names = new Map<string, string>();
  const steps: StepSpan[] = [];
  for (const line of lines) {
    // Most lines are what programs print: they are not even parsed.
    if (steps.length === STEPS_MAX) break;
    if (!line.includes('"kind":"step-')) continue;
    const event = eventOf(line);
    if (event?.kind === 'step-started') names.set(event.step, event.name);
    if (event?.kind !== 'step-finished') continue;
    const { step: id, time: endMs, durationMs, outcome: conclusion } = event;
    steps.push({ id, name: names.get(id) ?? id, startMs: endMs - durationMs, endMs, conclusion });
  }
  return steps;
}

/** From a runner, which may lie: what is no event of a step is nothing. */
function eventOf(line: string): Extract<JobEvent, { kind: 'step-started' | 'step-finished' }> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isStepEvent(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isStepEvent(value: unknown): value is Extract<JobEvent, { kind: 'step-started' | 'step-finished' }> {
  if (typeof value !== 'object' || value === null || !('kind' in value) || !('step' in value)) return false;
  if (typeof value.step !== 'string') return false;
  if (value.kind === 'step-started') return 'name' in value && typeof value.name === 'string';
  return (
    value.kind === 'step-finished' &&
    ['time', 'durationMs'].every((name) => Number.isSafeInteger(Reflect.get(value, name))) &&
    typeof Reflect.get(value, 'outcome') === 'string'
  );
}
