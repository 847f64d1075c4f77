import { z } from '@hono/zod-openapi';
import type { ArtifactInfo, RunJob, RunSummary, RunView } from './ports.ts';
import { conclusion, iso, isoOf, levelSchema, time } from './schema.ts';

export const state = z.enum(['waiting', 'queued', 'running', 'finished']);
const summaryShape = {
  id: z.int(),
  number: z.int(),
  attempt: z.int(),
  workflow: z.strictObject({ path: z.string(), name: z.string() }),
  name: z.string(),
  event: z.string(),
  ref: z.string(),
  commit: z.string(),
  level: levelSchema,
  state,
  conclusion: conclusion.optional(),
  actor: z.strictObject({ type: z.string(), id: z.string(), name: z.string().optional() }),
  createdAt: time,
  startedAt: time.optional(),
  finishedAt: time.optional(),
};
export const runSchema = z.strictObject(summaryShape).openapi('Run');
const taintSchema = z
  .strictObject({ level: levelSchema, cause: z.string(), step: z.string().optional(), source: z.string() })
  .openapi('Taint');
const diagnosticSchema = z
  .strictObject({
    file: z.string(),
    line: z.int(),
    column: z.int(),
    code: z.string(),
    message: z.string(),
    remedy: z.string().optional(),
  })
  .openapi('Diagnostic');
const jobSchema = z
  .strictObject({
    id: z.int(),
    key: z.string(),
    name: z.string(),
    state,
    conclusion: conclusion.optional(),
    reason: z.string().optional(),
    level: levelSchema,
    taints: z.array(taintSchema),
    needs: z.array(z.string()),
    runner: z.string().optional(),
    /** Its key without what a matrix adds. */
    definition: z.string().optional(),
    queuedAt: time.optional(),
    startedAt: time.optional(),
    finishedAt: time.optional(),
  })
  .openapi('Job');
export const runViewSchema = z
  .strictObject({
    ...summaryShape,
    jobs: z.array(jobSchema),
    notes: z.array(z.string()),
    taints: z.array(taintSchema),
    diagnostics: z.array(diagnosticSchema),
    lastEvent: z.int(),
  })
  .openapi('RunView');
export const artifactSchema = z
  .strictObject({
    id: z.int(),
    runId: z.int(),
    name: z.string(),
    bytes: z.int(),
    digest: z.string(),
    level: levelSchema,
    createdAt: time,
    expiresAt: time.optional(),
  })
  .openapi('Artifact');

export function summaryOf<Run extends RunSummary>({ createdAt, startedAt, finishedAt, ...run }: Run) {
  return {
    ...run,
    createdAt: iso(createdAt),
    ...isoOf('startedAt', startedAt),
    ...isoOf('finishedAt', finishedAt),
  };
}

function jobOf({ queuedAt, startedAt, finishedAt, ...job }: RunJob) {
  return {
    ...job,
    ...isoOf('queuedAt', queuedAt),
    ...isoOf('startedAt', startedAt),
    ...isoOf('finishedAt', finishedAt),
  };
}

export function runViewOf({ jobs, ...run }: RunView) {
  return { ...summaryOf(run), jobs: jobs.map(jobOf) };
}

export const artifactOf = ({ createdAt, expiresAt, ...artifact }: ArtifactInfo) => ({
  ...artifact,
  createdAt: iso(createdAt),
  ...isoOf('expiresAt', expiresAt),
});
