import { type DataObject, isDataObject, lowestLevel, type Secret, type Taint, type TrustLevel } from '../base/index.ts';
import type { PlannedNormalJob } from '../plan/index.ts';
import type { EgressPolicy, GitSource, JobLease, JobSecrets } from '../protocol/index.ts';
import type { Influence } from '../workflow/index.ts';
import { type ActiveDefinition, type ActiveInstance, type ActiveRun, contextsOf, siblingOf } from './scope.ts';

export type LeaseParts = {
  readonly run: ActiveRun;
  readonly instance: ActiveInstance;
  readonly job: PlannedNormalJob;
  readonly jobId: number;
  readonly leaseId: string;
  readonly egress: EgressPolicy;
  readonly git: GitSource;
  readonly builtin: boolean;
  readonly debug: boolean;
  readonly secrets: JobSecrets;
};

/** The lease of one job attempt. */
export function makeLease(parts: LeaseParts): JobLease {
  const { run, instance, job } = parts;
  const { definition, planned } = instance;
  const { scope } = definition;
  const { level, taints } = levelOf(run, instance);
  const holdsPower = Object.keys(parts.secrets).length > 0 || job.permissions['id-token'] === 'write';
  const siblings = definition.expansion;
  return {
    version: 1,
    id: parts.leaseId,
    runId: run.runId,
    runNumber: run.runNumber,
    attempt: run.attempt,
    job: {
      id: parts.jobId,
      key: instance.key,
      definitionId: job.id,
      name: planned.name,
      definition: job.definition,
    },
    level,
    taints,
    ...(scope.workflow.env === undefined ? {} : { workflowEnv: scope.workflow.env }),
    ...(scope.workflow.defaults === undefined ? {} : { workflowDefaults: scope.workflow.defaults }),
    workflowPath: scope.workflow.path,
    contexts: {
      ...objectContexts(contextsOf(run, definition)),
      matrix: planned.matrix,
      strategy: {
        'fail-fast': siblings?.failFast ?? true,
        'job-index': planned.index,
        'job-total': planned.total,
        'max-parallel': siblings?.parallelMax ?? planned.total,
      },
    },
    permissions: job.permissions,
    influenced: {
      inputs: scope.influencedInputs,
      needs: job.needs
        .map((id) => siblingOf(run, scope, id))
        .filter((need) => need.influencedOutputs.size > 0)
        .map((need) => need.job.id.toLowerCase()),
      matrix: planned.influenced.matrix,
    },
    egress: parts.egress,
    isolation: holdsPower ? 'per-step' : 'per-job',
    git: parts.git,
    readableRefs: readableRefs(run),
    actions: run.plan.pins,
    locked: run.plan.locked,
    builtin: parts.builtin,
    debug: parts.debug,
  };
}

/** The default branch, and the base of a change (K6). */
function readableRefs({ event }: ActiveRun): readonly string[] {
  const branches = [event.baseRef, event.repository.defaultBranch].filter((name) => name !== undefined);
  return [...new Set(branches.map((name) => `refs/heads/${name}`))].filter((ref) => ref !== event.ref);
}

function objectContexts(contexts: ReturnType<typeof contextsOf>): { readonly [name: string]: DataObject } {
  const objects: Record<string, DataObject> = {};
  for (const [name, value] of Object.entries(contexts)) {
    if (isDataObject(value)) objects[name] = value;
  }
  return objects;
}

/** The level that a job attempt starts at: the permit's, the caller's and that of all it needs, whichever is lowest (K1). */
export function levelOf(
  run: ActiveRun,
  { definition }: Pick<ActiveInstance, 'definition'>,
): { readonly level: TrustLevel; readonly taints: readonly Taint[] } {
  const { scope, job } = definition;
  let level = lowestLevel(run.permit.level, run.plan.level, scope.level);
  const taints: Taint[] = [...scope.taints];
  for (const id of job.needs) {
    const need = siblingOf(run, scope, id);
    if (lowestLevel(level, need.level) === level) continue;
    level = need.level;
    const first = need.taints.find((taint) => taint.level === need.level) ?? need.taints[0];
    const why = first === undefined ? '' : `: ${first.source}`;
    taints.push({ level, cause: 'needs', source: `the job ${need.key} ended at ${level}${why}` });
  }
  return { level, taints };
}

/** The secrets of one job: those it names, that were given, that the permit releases; none at `untrusted`. */
export async function secretsFor(run: ActiveRun, instance: ActiveInstance, job: PlannedNormalJob): Promise<JobSecrets> {
  if (levelOf(run, instance).level === 'untrusted') return {};
  const secrets: Record<string, Secret> = {};
  for (const name of job.secrets) {
    const secret = await instance.definition.scope.secret(name);
    if (secret !== undefined) secrets[name] = secret;
  }
  return secrets;
}

/** What an outsider can influence of what a job's expressions see before it starts. */
export function influenceOf(run: ActiveRun, definition: ActiveDefinition): Influence {
  const { scope, job } = definition;
  const needs = job.needs.map((id) => siblingOf(run, scope, id)).filter((need) => need.influencedOutputs.size > 0);
  return {
    level: levelOf(run, { definition }).level,
    env: new Set(),
    inputs: new Set(scope.influencedInputs),
    steps: new Set(),
    needs: new Set(needs.map((need) => need.job.id.toLowerCase())),
    matrix: false,
  };
}
