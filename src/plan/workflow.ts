import type { DataObject, Digest } from '../base/index.ts';
import { checkDispatchInputs, type Event } from '../event/index.ts';
import type { PinnedAction } from '../protocol/index.ts';
import {
  type Diagnostic,
  evaluateText,
  expressionReferences,
  type Influence,
  type InputDefinition,
  parseUses,
  type Workflow,
} from '../workflow/index.ts';
import { buildWorkflow, flatSteps, JOBS_MAX, problem, type ReadWorkflow } from './build.ts';
import { digestOfPlan } from './digest.ts';
import { diagnosticOf, evaluateConcurrency, expandJob, isAnyInfluenced } from './expand.ts';
import { rootInfluence, scriptRefusals } from './influence.ts';
import { expressionsOf } from './mentions.ts';
import type { Expansion, Plan, PlannedConcurrency, PlannedJob, PlannedWorkflow } from './plan.ts';

export type PlanOptions = {
  readonly event: Event;
  readonly workflow: Workflow;
  /** The `github` context. */
  readonly github: DataObject;
  readonly vars: DataObject;
  readonly readWorkflow: ReadWorkflow;
  readonly pins: { readonly [reference: string]: PinnedAction };
  readonly locked: boolean;
  /**
   * The values of the event, inputs and variables stand for others (`sallyport plan` without an event): what can't be
   * evaluated with them is left for later, not refused.
   */
  readonly tentative?: boolean;
};

export type Planning =
  | {
      readonly ok: true;
      readonly plan: Plan;
      readonly digest: Digest;
      /** `run-name`, evaluated; '' without one. Not part of the plan: it may name the run. */
      readonly runName: string;
      /** The `github` context of the run: `github.event.inputs` holds the checked inputs as texts. */
      readonly github: DataObject;
      readonly notes: readonly string[];
    }
  | { readonly ok: false; readonly errors: readonly Diagnostic[] };

/**
 * Plans one workflow for one event. Everything that is fixed before the first job starts is evaluated; jobs whose matrix or
 * other keys depend on outputs have no expansion yet. Reusable workflows stand inside the jobs that call them.
 */
export async function planWorkflow(options: PlanOptions): Promise<Planning> {
  const { event, workflow } = options;
  const errors: Diagnostic[] = [];
  const notes: string[] = [];
  const inputs = dispatchInputs(options, errors);
  const root = await buildWorkflow(workflow, {
    readWorkflow: options.readWorkflow,
    level: event.level,
    errors,
    notes,
  });
  const github = withInputTexts(options.github, event, inputs.texts);
  const contexts = { github, inputs: inputs.inputs, vars: options.vars };
  const influence = rootInfluence(event.name, event.level);
  const expander = new Expander(options.tentative === true, errors);
  const jobs = await expander.expandAll(root, contexts, influence);
  const concurrency = await rootConcurrency(options, contexts, errors);
  const runName = await rootRunName(options, contexts, errors);
  if (errors.length > 0) return { ok: false, errors: sorted(errors) };
  const plan: Plan = {
    version: 1,
    workflow: { path: workflow.path, name: root.name },
    event: {
      name: event.name,
      ...(event.action === undefined ? {} : { action: event.action }),
      ref: event.ref,
      sha: event.sha,
      repository: event.repository.fullName,
    },
    level: event.level,
    taints: event.taints,
    ...(concurrency === undefined ? {} : { concurrency }),
    inputs: inputs.inputs,
    pins: { ...options.pins, ...ownPins(root) },
    locked: options.locked,
    root: { ...root, jobs },
  };
  return { ok: true, plan, digest: digestOfPlan(plan), runName, github, notes };
}

type RootContexts = { readonly github: DataObject; readonly inputs: DataObject; readonly vars: DataObject };

function dispatchInputs(
  { event, workflow, tentative }: PlanOptions,
  errors: Diagnostic[],
): { readonly inputs: DataObject; readonly texts: { readonly [name: string]: string } } {
  const trigger = workflow.on.find((candidate) => candidate.event === 'workflow_dispatch');
  if (event.name !== 'workflow_dispatch' || trigger === undefined) return { inputs: {}, texts: {} };
  const definitions = trigger.inputs ?? [];
  const relaxed: readonly InputDefinition[] =
    tentative === true ? definitions.map((definition) => ({ ...definition, required: false })) : definitions;
  const checked = checkDispatchInputs(relaxed, event.inputs ?? {});
  if (checked.ok) return checked;
  for (const { input, message } of checked.problems) {
    const at = definitions.find(({ name }) => name === input)?.at ?? trigger.at;
    errors.push(problem(workflow.path, at, 'input-invalid', message));
  }
  return { inputs: {}, texts: {} };
}

/** `github.event.inputs` holds the checked inputs as texts, with the defaults of those that were not given. */
function withInputTexts(github: DataObject, event: Event, texts: { readonly [name: string]: string }): DataObject {
  if (event.name !== 'workflow_dispatch') return github;
  return { ...github, event: { ...event.payload, inputs: texts } };
}

async function rootConcurrency(
  { workflow }: PlanOptions,
  contexts: RootContexts,
  errors: Diagnostic[],
): Promise<PlannedConcurrency | undefined> {
  if (workflow.concurrency === undefined) return undefined;
  try {
    const concurrency = await evaluateConcurrency(workflow.concurrency, { contexts });
    return concurrency.group === '' ? undefined : concurrency;
  } catch (thrown) {
    errors.push(diagnosticOf(thrown, workflow.path, workflow.concurrency.at));
    return undefined;
  }
}

async function rootRunName({ workflow }: PlanOptions, contexts: RootContexts, errors: Diagnostic[]): Promise<string> {
  if (workflow.runName === undefined) return '';
  try {
    return (await evaluateText(workflow.runName, { contexts })).trim();
  } catch (thrown) {
    const at = typeof workflow.runName === 'string' ? { line: 1, column: 1 } : workflow.runName.at;
    errors.push(diagnosticOf(thrown, workflow.path, at));
    return '';
  }
}

/** Expands everything that does not wait for outputs, counts it, and looks for scripts that can't be made safe. */
class Expander {
  readonly #tentative: boolean;
  readonly #errors: Diagnostic[];
  #count = 0;

  constructor(tentative: boolean, errors: Diagnostic[]) {
    this.#tentative = tentative;
    this.#errors = errors;
  }

  async expandAll(
    workflow: PlannedWorkflow,
    contexts: { readonly github: DataObject; readonly inputs: DataObject | undefined; readonly vars: DataObject },
    influence: Influence,
  ): Promise<readonly PlannedJob[]> {
    const jobs: PlannedJob[] = [];
    for (const job of workflow.jobs) {
      if (job.kind === 'job') this.#errors.push(...scriptRefusals(job, workflow, { ...influence, matrix: false }));
      const expansion = await this.#expand(job, workflow, contexts, influence);
      const expanded = expansion === undefined ? job : { ...job, expansion };
      jobs.push(expanded.kind === 'call' ? await this.#inside(expanded, contexts, influence) : expanded);
    }
    return jobs;
  }

  async #expand(
    job: PlannedJob,
    workflow: PlannedWorkflow,
    contexts: { readonly github: DataObject; readonly inputs: DataObject | undefined; readonly vars: DataObject },
    influence: Influence,
  ): Promise<Expansion | undefined> {
    const { github, inputs, vars } = contexts;
    if (dependsOnOutputs(job) || (inputs === undefined && readsContext(job, 'inputs'))) return undefined;
    const expanded = await expandJob({
      job,
      path: workflow.path,
      contexts: { github, vars, inputs: inputs ?? {}, needs: {} },
      influence,
    });
    if (!expanded.ok) {
      if (!this.#tentative || !dependsOnValues(job)) this.#errors.push(...expanded.errors);
      return undefined;
    }
    this.#count += expanded.value.instances.length;
    if (this.#count > JOBS_MAX && this.#count - expanded.value.instances.length <= JOBS_MAX) {
      const message = `the matrices make more than ${JOBS_MAX} jobs of the workflow`;
      this.#errors.push(problem(workflow.path, job.definition.at, 'jobs-exceeded', message));
    }
    return expanded.value;
  }

  /** The jobs of a called workflow are expanded here when one set of known inputs is all they can get. */
  async #inside(
    job: Extract<PlannedJob, { kind: 'call' }>,
    contexts: { readonly github: DataObject; readonly vars: DataObject },
    influence: Influence,
  ): Promise<PlannedJob> {
    if (job.callee === undefined) return job;
    const instances = job.expansion?.instances ?? [];
    const [only] = instances;
    const inputs = instances.length === 1 ? only?.inputs : undefined;
    const foreseen: Influence = { ...influence, matrix: true, needs: new Set(['*']) };
    const given = new Map(job.definition.with.map(({ name, value }) => [name.toLowerCase(), value]));
    const influenced = new Set(
      job.callee.inputs
        .map(({ name, default: standard }) => ({ name: name.toLowerCase(), standard }))
        .filter(({ name, standard }) => isAnyInfluenced(given.get(name) ?? standard, foreseen))
        .map(({ name }) => name),
    );
    const inner: Influence = { ...influence, env: new Set(), inputs: influenced, matrix: false };
    const jobs = await this.expandAll(job.callee, { ...contexts, inputs }, inner);
    return { ...job, callee: { ...job.callee, jobs } };
  }
}

/** The keys of a job that are evaluated before it starts. */
function earlyKeys(job: PlannedJob): readonly unknown[] {
  const { definition } = job;
  const shared = [definition.name, definition.strategy, definition.concurrency];
  if (definition.kind === 'call') return [...shared, definition.with];
  const { runsOn, environment, timeoutMinutes, cancelTimeoutMinutes, continueOnError } = definition;
  return [...shared, runsOn, environment?.name, timeoutMinutes, cancelTimeoutMinutes, continueOnError];
}

function readsContext(job: PlannedJob, ...contexts: readonly string[]): boolean {
  return earlyKeys(job)
    .flatMap(expressionsOf)
    .flatMap(expressionReferences)
    .some(({ context }) => context === '*' || contexts.includes(context));
}

function dependsOnOutputs(job: PlannedJob): boolean {
  return readsContext(job, 'needs');
}

function dependsOnValues(job: PlannedJob): boolean {
  return readsContext(job, 'github', 'inputs', 'vars', 'secrets', 'needs');
}

/** Pins of the repositories that called workflows come from, by commit: what `$/` in them was written out to. */
function ownPins(workflow: PlannedWorkflow): { readonly [reference: string]: PinnedAction } {
  const pins: Record<string, PinnedAction> = {};
  for (const job of workflow.jobs) {
    if (job.kind !== 'call' || job.callee === undefined) continue;
    const { source } = job.callee;
    if (source !== undefined) {
      pins[`${source.owner}/${source.repo}@${source.commit}`] = { ref: source.commit, commit: source.commit };
    }
    Object.assign(pins, ownPins(job.callee));
  }
  return pins;
}

/** `owner/repo@ref` of all actions that the jobs name themselves, in order. */
export function remoteUses(workflow: PlannedWorkflow): readonly {
  readonly reference: string;
  readonly owner: string;
  readonly repo: string;
  readonly path: string;
  readonly ref: string;
}[] {
  return workflow.jobs.flatMap((job) => {
    if (job.kind === 'call') return job.callee === undefined ? [] : remoteUses(job.callee);
    return flatSteps(job.definition.steps).flatMap((step) => {
      const reference = step.kind === 'uses' ? parseUses(step.uses) : undefined;
      if (reference?.kind !== 'remote') return [];
      const { owner, repo, path, ref } = reference;
      return [{ reference: `${owner}/${repo}@${ref}`, owner, repo, path, ref }];
    });
  });
}

function sorted(errors: readonly Diagnostic[]): readonly Diagnostic[] {
  const unique = new Map(errors.map((error) => [JSON.stringify(error), error]));
  return [...unique.values()].sort(
    (a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.line - b.line || a.column - b.column,
  );
}
