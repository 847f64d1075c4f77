import type { TrustLevel } from '../base/index.ts';
import {
  type CallJob,
  checkCall,
  type Diagnostic,
  type Job,
  jobPermissions,
  type NormalJob,
  parseUses,
  type Permissions,
  type Position,
  type Reading,
  type Step,
  type Workflow,
} from '../workflow/index.ts';
import { PLAN_ERRORS } from './faults.ts';
import { secretsOf } from './mentions.ts';
import type { PlannedJob, PlannedWorkflow } from './plan.ts';

/** Levels of called workflows below the one that was started; GitHub's bound. */
export const CALL_DEPTH_MAX = 10;
/** Entries under `jobs:` of a workflow and all that it calls, before matrices. */
export const JOBS_MAX = 512;

/** Where a reusable workflow is read from: the commit of the run, or the repository of the file that calls it. */
export type WorkflowSource =
  | { readonly kind: 'run' }
  | {
      readonly kind: 'remote';
      readonly owner: string;
      readonly repo: string;
      readonly ref: string;
      /** Known once it was read. */
      readonly commit?: string;
    };

/** A called workflow as it was found. */
export type FoundWorkflow = {
  readonly reading: Reading<Workflow>;
  readonly source: WorkflowSource;
};

/**
 * Reads a workflow file of a source. `missing`: it is not there, and the text says why. `unknown`: this plan is made
 * without the repositories of others.
 */
export type ReadWorkflow = (
  source: WorkflowSource,
  path: string,
) => Promise<FoundWorkflow | { readonly missing: string } | 'unknown'>;

export type BuildOptions = {
  readonly readWorkflow: ReadWorkflow;
  readonly level: TrustLevel;
  readonly errors: Diagnostic[];
  readonly notes: string[];
};

type Place = {
  readonly workflow: Workflow;
  readonly source: WorkflowSource;
  /** Keys of the calls around it. */
  readonly prefix: string;
  /** The most that a job here may have; nothing at the top. */
  readonly permissionsMax?: Permissions;
  /** Files around this one, to find circles. */
  readonly around: readonly string[];
};

/** Builds the static part of a plan: jobs, and in their place the workflows that they call. */
export async function buildWorkflow(workflow: Workflow, options: BuildOptions): Promise<PlannedWorkflow> {
  const counter = { jobs: 0 };
  const source: WorkflowSource = { kind: 'run' };
  const place: Place = { workflow, source, prefix: '', around: [nameOf(source, workflow.path)] };
  return build(place, options, counter);
}

async function build(place: Place, options: BuildOptions, counter: { jobs: number }): Promise<PlannedWorkflow> {
  const { workflow, source } = place;
  const call = workflow.on.find(({ event }) => event === 'workflow_call');
  const jobs: PlannedJob[] = [];
  for (const job of workflow.jobs) {
    counter.jobs += 1;
    if (counter.jobs > JOBS_MAX) {
      if (counter.jobs === JOBS_MAX + 1) {
        const message = `the workflow and those that it calls have more than ${JOBS_MAX} jobs`;
        options.errors.push(problem(workflow.path, job.at, 'jobs-exceeded', message));
      }
      break;
    }
    jobs.push(await buildJob(job, place, options, counter));
  }
  return {
    path: workflow.path,
    name: workflow.name ?? workflow.path,
    ...(source.kind === 'remote' && source.commit !== undefined
      ? { source: { owner: source.owner, repo: source.repo, commit: source.commit } }
      : {}),
    ...(workflow.env === undefined ? {} : { env: workflow.env }),
    ...(workflow.defaults === undefined ? {} : { defaults: workflow.defaults }),
    ...(workflow.concurrency === undefined ? {} : { concurrency: workflow.concurrency }),
    inputs: call?.inputs ?? [],
    secrets: call?.secrets ?? [],
    outputs: call?.outputs ?? [],
    jobs,
  };
}

async function buildJob(job: Job, place: Place, options: BuildOptions, counter: { jobs: number }): Promise<PlannedJob> {
  const { workflow, prefix, permissionsMax } = place;
  const base = {
    key: `${prefix}${job.id}`,
    id: job.id,
    needs: job.needs,
    permissions: jobPermissions(job, workflow, permissionsMax),
    level: options.level,
  };
  if (job.kind === 'call') {
    const callee = await buildCall(job, place, base.permissions, options, counter);
    return { ...base, kind: 'call', definition: job, ...(callee === undefined ? {} : { callee }) };
  }
  const secrets = secretsOf(job, workflow.env);
  const refusals = containerRefusals(job, workflow.path);
  return {
    ...base,
    kind: 'job',
    definition: place.source.kind === 'run' ? job : { ...job, steps: job.steps.map(ownedSteps(place.source)) },
    secrets: secrets.names,
    readsSecretsByComputedName: secrets.computed,
    refusals,
  };
}

async function buildCall(
  job: CallJob,
  place: Place,
  permissions: Permissions,
  options: BuildOptions,
  counter: { jobs: number },
): Promise<PlannedWorkflow | undefined> {
  const { path } = place.workflow;
  const fail = (code: keyof typeof PLAN_ERRORS, message: string): undefined => {
    options.errors.push(problem(path, job.usesAt, code, message));
    return undefined;
  };
  const reference = parseUses(job.uses);
  if (reference === undefined || reference.kind === 'docker') {
    return fail('call-missing', `uses: ${job.uses} names no workflow`);
  }
  const source: WorkflowSource =
    reference.kind === 'remote'
      ? { kind: 'remote', owner: reference.owner, repo: reference.repo, ref: reference.ref }
      : place.source;
  if (place.around.length > CALL_DEPTH_MAX) {
    return fail('call-missing', `reusable workflows are nested more than ${CALL_DEPTH_MAX} levels deep`);
  }
  const name = nameOf(source, reference.path);
  if (place.around.includes(name)) return fail('call-circle', `${name} calls itself: ${place.around.join(' > ')}`);
  const found = await options.readWorkflow(source, reference.path);
  if (found === 'unknown') {
    options.notes.push(`${path}:${job.usesAt.line}: ${job.uses} was not looked up: its jobs are not in this plan.`);
    return undefined;
  }
  if ('missing' in found) return fail('call-missing', `uses: ${job.uses}: ${found.missing}`);
  if (!found.reading.ok) {
    options.errors.push(...found.reading.errors);
    return fail('call-invalid', `${job.uses} has errors`);
  }
  const callee = found.reading.value;
  const problems = checkCall(job, callee, { callerPath: path, permissions });
  if (problems.length > 0) {
    options.errors.push(...problems);
    return undefined;
  }
  return build(
    {
      workflow: callee,
      source: found.source,
      prefix: `${place.prefix}${job.id} / `,
      permissionsMax: permissions,
      around: [...place.around, name],
    },
    options,
    counter,
  );
}

/**
 * `$/path` in a workflow of another repository means that repository at that commit. A runner only knows the repository of
 * the run, so it is written out.
 */
function ownedSteps(source: Extract<WorkflowSource, { kind: 'remote' }>): (step: Step) => Step {
  const rewrite = (step: Step): Step => {
    if (step.kind === 'parallel') return { ...step, steps: step.steps.map(rewrite) };
    const reference = step.kind === 'uses' ? parseUses(step.uses) : undefined;
    if (step.kind !== 'uses' || reference?.kind !== 'self') return step;
    const path = reference.path === '' ? '' : `/${reference.path}`;
    return { ...step, uses: `${source.owner}/${source.repo}${path}@${source.commit ?? source.ref}` };
  };
  return rewrite;
}

function nameOf(source: WorkflowSource, path: string): string {
  return source.kind === 'run' ? path : `${source.owner}/${source.repo}/${path}@${source.commit ?? source.ref}`;
}

/** What needs an image: planned, and refused when the job is to run. */
function containerRefusals(job: NormalJob, file: string): readonly Diagnostic[] {
  const refusals: Diagnostic[] = [];
  const add = (at: Position, what: string) =>
    refusals.push(problem(file, at, 'container-unsupported', `${what} needs an image, and images can't be run yet`));
  if (job.container !== undefined) add(job.container.at, `container: of the job ${job.id}`);
  if (job.services !== undefined) add(job.services.at, `services: of the job ${job.id}`);
  if (job.snapshot !== undefined) add(job.snapshot.at, `snapshot: of the job ${job.id}`);
  for (const step of flatSteps(job.steps)) {
    if (step.kind === 'uses' && step.uses.startsWith('docker://')) add(step.usesAt, `uses: ${step.uses}`);
  }
  return refusals;
}

/** All steps, also those inside `parallel:`. */
export function flatSteps(steps: readonly Step[]): readonly Step[] {
  return steps.flatMap((step) => (step.kind === 'parallel' ? [step, ...flatSteps(step.steps)] : [step]));
}

export function problem(file: string, at: Position, code: keyof typeof PLAN_ERRORS, message: string): Diagnostic {
  return { file, line: at.line, column: at.column, code: `plan/${code}`, message, remedy: PLAN_ERRORS[code].help };
}
