import { z } from '@hono/zod-openapi';
import type { EgressReport, JobReport, RunAttempt, StepReport, TrustEvent } from '../runs/index.ts';
import { conclusion, iso, isoOf, levelSchema, time } from './schema.ts';

/** Schemas of what is told of a run beside the run itself, and how our values become that. */

const stepSchema = z
  .strictObject({
    /** `outer/inner` for steps of a composite action, `:setup`, `:end`, `id:pre`, `id:post`. */
    id: z.string(),
    name: z.string(),
    startedAt: time,
    finishedAt: time.optional(),
    outcome: conclusion.optional(),
    conclusion: conclusion.optional(),
    exitCode: z.int().optional(),
    lines: z.int(),
  })
  .openapi('Step');
const annotationSchema = z
  .strictObject({
    level: z.enum(['notice', 'warning', 'error']),
    message: z.string(),
    title: z.string().optional(),
    file: z.string().optional(),
    line: z.int().optional(),
    endLine: z.int().optional(),
    column: z.int().optional(),
    endColumn: z.int().optional(),
    step: z.string(),
    /** How many lines were logged before it. */
    logLine: z.int(),
  })
  .openapi('Annotation');
const egressSchema = z
  .strictObject({
    via: z.enum(['dns', 'transparent', 'connect', 'http', 'socks5', 'udp', 'gateway']),
    host: z.string(),
    port: z.int(),
    verdict: z.enum(['allowed', 'denied']),
    reason: z.string().optional(),
    address: z.string().optional(),
    step: z.string().optional(),
    process: z.string().optional(),
    bytesSent: z.number().optional(),
    bytesReceived: z.number().optional(),
    count: z.int(),
    firstAt: time,
    lastAt: time,
  })
  .openapi('EgressAttempts');
const summarySchema = z.strictObject({ step: z.string(), markdown: z.string() }).openapi('StepSummary');
const reportShape = {
  lines: z.int(),
  runner: z.string().optional(),
  startedAt: time.optional(),
  finishedAt: time.optional(),
  steps: z.array(stepSchema),
  annotations: z.array(annotationSchema),
  summaries: z.array(summarySchema),
  egress: z.array(egressSchema),
  /** What is beyond the bounds of a report, and only in the log. */
  leftOut: z.int(),
};
export const jobReportSchema = z
  .strictObject({
    ...reportShape,
    /** The byte behind what is told here: with it as `Last-Event-ID` the stream of the log goes on without a gap. */
    next: z.int(),
    segments: z.array(z.strictObject({ step: z.string(), from: z.int(), count: z.int() })),
    groups: z.array(z.strictObject({ from: z.int(), to: z.int(), title: z.string() })),
  })
  .openapi('JobReport');
const trustEventSchema = z
  .strictObject({
    level: levelSchema,
    cause: z.string(),
    source: z.string(),
    job: z.string().optional(),
    step: z.string().optional(),
    at: time.optional(),
  })
  .openapi('TrustEvent');
export const runReportSchema = z
  .strictObject({
    jobs: z.array(z.strictObject({ ...reportShape, id: z.int(), key: z.string() }).openapi('RunReportJob')),
    trust: z.array(trustEventSchema),
    /** Jobs beyond those of one answer: ask for each. */
    jobsLeftOut: z.int(),
  })
  .openapi('RunReport');
export const linesSchema = z
  .strictObject({
    total: z.int(),
    /** The byte behind the last of them: where the stream of the log goes on. */
    next: z.int(),
    lines: z.array(
      z.strictObject({
        number: z.int(),
        time,
        step: z.string(),
        text: z.string(),
        style: z.enum(['group', 'endgroup', 'command', 'notice', 'warning', 'error', 'debug']).optional(),
        /** Characters that are only in the log itself. */
        cut: z.int().optional(),
      }),
    ),
  })
  .openapi('LogLines');
export const searchSchema = z
  .strictObject({
    total: z.int(),
    matches: z.array(z.int()),
    /** The line to go on with, when not all were looked at. */
    next: z.int().optional(),
  })
  .openapi('LogMatches');
const actor = z.strictObject({ type: z.string(), id: z.string(), name: z.string() });
export const attemptSchema = z
  .strictObject({
    attempt: z.int(),
    actor,
    startedAt: time,
    finishedAt: time.optional(),
    conclusion: conclusion.optional(),
    kept: z.enum(['nothing', 'successful', 'all but one']),
    only: z.string().optional(),
  })
  .openapi('Attempt');
export const planSchema = z
  .strictObject({
    digest: z.string(),
    locked: z.boolean(),
    level: levelSchema,
    pins: z.array(
      z.strictObject({ reference: z.string(), ref: z.string(), commit: z.string(), digest: z.string().optional() }),
    ),
    inputs: z.array(z.strictObject({ name: z.string(), value: z.string() })),
    concurrency: z.strictObject({ group: z.string(), cancelInProgress: z.boolean() }).optional(),
    jobs: z.array(
      z
        .strictObject({
          key: z.string(),
          kind: z.enum(['job', 'call']),
          uses: z.string().optional(),
          needs: z.array(z.string()),
          level: levelSchema,
          permissions: z.record(z.string(), z.string()),
          secrets: z.array(z.string()),
          runsOn: z.array(z.string()),
          environment: z.string().optional(),
          timeoutMinutes: z.number().optional(),
          instances: z.int().optional(),
          refusals: z.array(z.string()),
        })
        .openapi('PlannedJob'),
    ),
  })
  .openapi('Plan');
const comparedShape = {
  durationMs: z.number().optional(),
  baseMs: z.number().optional(),
  conclusion: conclusion.optional(),
  baseConclusion: conclusion.optional(),
};
export const comparisonSchema = z
  .strictObject({
    /** The newest green run of the same workflow and ref before it. Absent: there is none. */
    base: z
      .strictObject({ id: z.int(), number: z.int(), commit: z.string(), createdAt: time, finishedAt: time.optional() })
      .optional(),
    jobs: z.array(
      z
        .strictObject({
          ...comparedShape,
          key: z.string(),
          name: z.string(),
          steps: z.array(z.strictObject({ ...comparedShape, id: z.string(), name: z.string() })),
        })
        .openapi('ComparedJob'),
    ),
  })
  .openapi('RunComparison');
export const workflowsSchema = z
  .strictObject({
    commit: z.string().optional(),
    workflows: z.array(
      z
        .strictObject({
          path: z.string(),
          name: z.string(),
          events: z.array(z.string()),
          /** What `workflow_dispatch` asks for. Absent: it is not started by hand. */
          inputs: z
            .array(
              z.strictObject({
                name: z.string(),
                type: z.enum(['string', 'boolean', 'number', 'choice', 'environment']),
                description: z.string().optional(),
                required: z.boolean(),
                default: z.string().optional(),
                options: z.array(z.string()).optional(),
              }),
            )
            .optional(),
          problems: z.array(
            z.strictObject({
              file: z.string(),
              line: z.int(),
              column: z.int(),
              code: z.string(),
              message: z.string(),
              remedy: z.string().optional(),
            }),
          ),
        })
        .openapi('Workflow'),
    ),
    leftOut: z.int(),
  })
  .openapi('Workflows');
export const cacheSchema = z
  .strictObject({
    id: z.int(),
    key: z.string(),
    version: z.string(),
    ref: z.string(),
    level: levelSchema,
    bytes: z.int(),
    digest: z.string(),
    createdAt: time,
    usedAt: time,
  })
  .openapi('Cache');

/** Times of runners are any numbers: what is no time is the beginning of time. */
const DATE_MS_MAX = 8.64e15;
export const isoOfMs = (ms: number) => new Date(Math.abs(ms) <= DATE_MS_MAX ? ms : 0).toISOString();
const maybe = <Name extends string>(name: Name, ms: number | undefined) =>
  isoOf(name, ms === undefined ? undefined : new Date(isoOfMs(ms)));

const stepOf = ({ startedAt, finishedAt, ...step }: StepReport) => ({
  ...step,
  startedAt: isoOfMs(startedAt),
  ...maybe('finishedAt', finishedAt),
});

const egressOf = ({ firstAt, lastAt, ...record }: EgressReport) => ({
  ...record,
  firstAt: isoOfMs(firstAt),
  lastAt: isoOfMs(lastAt),
});

export function jobReportOf(report: JobReport) {
  return { ...partsOf(report), next: report.bytes, segments: report.segments, groups: report.groups };
}

export function partsOf({ lines, runner, annotations, summaries, leftOut, ...report }: JobReport) {
  return {
    lines,
    ...(runner === undefined ? {} : { runner }),
    ...maybe('startedAt', report.startedAt),
    ...maybe('finishedAt', report.finishedAt),
    steps: report.steps.map(stepOf),
    annotations,
    summaries,
    egress: report.egress.map(egressOf),
    leftOut,
  };
}

export const trustEventOf = ({ at, ...event }: TrustEvent) => ({ ...event, ...isoOf('at', at) });

export const attemptOf = ({ startedAt, finishedAt, ...attempt }: RunAttempt) => ({
  ...attempt,
  startedAt: iso(startedAt),
  ...isoOf('finishedAt', finishedAt),
});
