import { type Digest, digestOfValue } from '../base/index.ts';
import type { LateExpansion, Plan, PlannedJob, PlannedWorkflow } from './plan.ts';

/**
 * The digest of a plan: over its canonical JSON without positions. Only the parts that were read from a file have
 * positions; values that somebody computed (matrix, inputs) are taken whole, whatever their members are named.
 */
export function digestOfPlan(plan: Plan): Digest {
  return digestOfValue({ ...plan, root: workflowOf(plan.root) });
}

export function digestOfExpansion(expansion: LateExpansion): Digest {
  return digestOfValue(expansion);
}

function workflowOf(workflow: PlannedWorkflow): unknown {
  const { env, defaults, concurrency, inputs, secrets, outputs, jobs, ...rest } = workflow;
  return {
    ...rest,
    read: withoutPositions({ env, defaults, concurrency, inputs, secrets, outputs }),
    jobs: jobs.map(jobOf),
  };
}

function jobOf(job: PlannedJob): unknown {
  const definition = withoutPositions(job.definition);
  if (job.kind === 'call') {
    return { ...job, definition, ...(job.callee === undefined ? {} : { callee: workflowOf(job.callee) }) };
  }
  return { ...job, definition, refusals: job.refusals.map(({ code }) => code) };
}

const POSITION_KEYS: ReadonlySet<string> = new Set(['at', 'usesAt', 'runAt']);

/** Copies a value of the workflow model without its positions. */
export function withoutPositions(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutPositions(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, member]) => !(POSITION_KEYS.has(key) && isPosition(member)))
      .map(([key, member]) => [key, withoutPositions(member)]),
  );
}

function isPosition(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const entries = Object.entries(value);
  return (
    entries.length === 2 &&
    entries.every(([key, member]) => (key === 'line' || key === 'column') && typeof member === 'number')
  );
}
