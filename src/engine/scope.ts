import {
  assert,
  type Data,
  type DataObject,
  type Digest,
  type Secret,
  type Taint,
  type TrustLevel,
} from '../base/index.ts';
import type { Event } from '../event/index.ts';
import type { Permit } from '../gate/index.ts';
import type { Expansion, Plan, PlannedInstance, PlannedJob, PlannedWorkflow } from '../plan/index.ts';
import type { Conclusion, JobOutcome } from '../protocol/index.ts';
import type { NewDefinition } from '../run/index.ts';
import type { CancelSource } from './cancel.ts';
import type { JobEnd } from './event.ts';
import { fault } from './faults.ts';

/** A run that goes on: the plan, and what became of it so far. */
export type ActiveRun = {
  readonly runId: number;
  readonly runNumber: number;
  readonly attempt: number;
  readonly plan: Plan;
  readonly planDigest: string;
  readonly permit: Permit;
  readonly event: Event;
  readonly github: DataObject;
  /** Variables as they were when the run began. */
  readonly vars: DataObject;
  readonly startedAt: number;
  readonly scopes: Map<string | undefined, ActiveScope>;
  readonly definitions: Map<string, ActiveDefinition>;
  readonly instances: Map<string, ActiveInstance>;
  /** Keys of jobs that were announced. */
  readonly announced: Set<string>;
  /** Jobs that are over, run or not, by key, in the order in which they ended. */
  readonly ended: Map<string, JobEnd & { readonly durationMs: number }>;
};

/** A workflow in its place: the one that was started, or a called one. */
export type ActiveScope = {
  /** Key of the calling instance. */
  readonly key: string | undefined;
  readonly workflow: PlannedWorkflow;
  readonly inputs: DataObject;
  readonly influencedInputs: readonly string[];
  /** The level and taints that the caller had when it called. */
  readonly level: TrustLevel;
  readonly taints: readonly Taint[];
  /** A secret as this workflow sees it, by upper-case name. */
  readonly secret: (name: string) => Promise<Secret | undefined>;
};

export type ActiveDefinition = {
  readonly key: string;
  readonly scope: ActiveScope;
  readonly job: PlannedJob;
  expansion?: Expansion;
  /** Outputs of its instances together, once they are done. */
  readonly outputs: Record<string, string>;
  readonly influencedOutputs: Set<string>;
  result?: Conclusion;
  /** The lowest that its instances ended at. */
  level: TrustLevel;
  taints: readonly Taint[];
};

export type ActiveInstance = {
  readonly key: string;
  readonly definition: ActiveDefinition;
  readonly planned: PlannedInstance;
  readonly cancel: CancelSource;
  /** Why it was told to end. */
  cancelReason?: string;
  /** The number of its attempt, once it was started. */
  jobId?: number;
  startedAt?: number;
  endedAt?: number;
  outcome?: JobOutcome;
};

/** The definition of a job of the same workflow. Ids are compared without case. */
export function siblingOf(run: ActiveRun, scope: ActiveScope, id: string): ActiveDefinition {
  const name = id.toLowerCase();
  const job = scope.workflow.jobs.find((candidate) => candidate.id.toLowerCase() === name);
  const found = job === undefined ? undefined : run.definitions.get(runtimeKey(scope, job.id));
  assert(found !== undefined, `job ${id} is not in ${scope.key ?? 'the workflow'}`);
  return found;
}

/** `build`, `call (a) / build`. */
export function runtimeKey(scope: Pick<ActiveScope, 'key'>, id: string): string {
  return scope.key === undefined ? id : `${scope.key} / ${id}`;
}

/** The `needs` context of a job. */
export function needsContext(run: ActiveRun, { scope, job }: ActiveDefinition): DataObject {
  const needs: Record<string, Data> = {};
  for (const id of job.needs) {
    const need = siblingOf(run, scope, id);
    needs[need.job.id] = { result: need.result ?? 'skipped', outputs: { ...need.outputs } };
  }
  return needs;
}

/** What a job's expressions see before it starts. */
export function contextsOf(run: ActiveRun, definition: ActiveDefinition): { [name: string]: Data } {
  return { github: run.github, vars: run.vars, inputs: definition.scope.inputs, needs: needsContext(run, definition) };
}

/** Registers the jobs of a workflow that is entered, and gives them as the state machine wants them. */
export function enterScope(run: ActiveRun, scope: ActiveScope): readonly NewDefinition[] {
  run.scopes.set(scope.key, scope);
  return scope.workflow.jobs.map((job) => {
    const key = runtimeKey(scope, job.id);
    const definition: ActiveDefinition = {
      key,
      scope,
      job,
      outputs: {},
      influencedOutputs: new Set(),
      level: scope.level,
      taints: [],
    };
    run.definitions.set(key, definition);
    return {
      key,
      ...(scope.key === undefined ? {} : { scope: scope.key }),
      kind: job.kind,
      needs: job.needs.map((id) => runtimeKey(scope, idOf(scope.workflow, id))),
    };
  });
}

function idOf(workflow: PlannedWorkflow, id: string): string {
  return workflow.jobs.find((job) => job.id.toLowerCase() === id.toLowerCase())?.id ?? id;
}

/** A run before its first job. The permit has to be for this plan, and for now. Fault: `engine/not-permitted`. */
export function activeRun(
  numbers: { readonly runId: number; readonly runNumber: number; readonly attempt: number },
  planned: {
    readonly plan: Plan;
    readonly digest: Digest;
    readonly event: Event;
    readonly github: DataObject;
    readonly vars: DataObject;
  },
  { permit, now, startedAt = now }: { readonly permit: Permit; readonly now: number; readonly startedAt?: number },
): ActiveRun {
  const { plan, digest, event, github, vars } = planned;
  if (!permit.covers(digest, now)) throw fault('not-permitted', 'the permit is for another plan, or its time is over');
  return {
    ...numbers,
    plan,
    planDigest: digest,
    permit,
    event,
    github,
    vars,
    startedAt,
    scopes: new Map(),
    definitions: new Map(),
    instances: new Map(),
    announced: new Set(),
    ended: new Map(),
  };
}
