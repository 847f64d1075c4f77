import {
  type CallJob,
  type Condition,
  type Job,
  type Maybe,
  type NormalJob,
  type Permissions,
  type Position,
  type Step,
  type Template,
  templateExpression,
  type Tree,
  type Trigger,
  type WorkflowTree,
} from '../../src/workflow/index.ts';

/** A value of a golden document. Tokens are `{type, …}`; fixed ones without source stand bare. */
export type Golden = null | boolean | number | string | readonly Golden[] | { readonly [key: string]: Golden };

/** Our model in the form of the golden documents. Positions are given where the model has them. */
export function goldenOf(tree: WorkflowTree, withEvents: boolean): Golden {
  const { workflow } = tree;
  return drop({
    ...(withEvents ? { events: eventsOf(workflow.on) } : {}),
    // The documents with events come from the parser that has no such list.
    'input-types': withEvents ? undefined : inputTypesOf(workflow.on),
    permissions: permissionsOf(workflow.permissions),
    env: workflow.env === undefined ? undefined : token(workflow.env),
    defaults: defaultsOf(workflow.defaults),
    concurrency: concurrencyOf(workflow.concurrency),
    jobs: workflow.jobs.map((job) => jobOf(job, tree, workflow.permissions)),
  });
}

type Fields = { readonly [key: string]: Golden | undefined };

function drop(fields: Fields): Golden {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const])),
  );
}

function token(tree: Tree, at?: Position): Golden {
  if (typeof tree === 'number' && !Number.isFinite(tree)) return String(tree);
  if (tree === null || typeof tree !== 'object') return at === undefined ? tree : { lit: tree, ...source(at) };
  switch (tree.kind) {
    case 'template':
      return expression(tree);
    case 'sequence':
      return { type: 1, seq: tree.items.map((item) => token(item)) };
    default:
      return mapping(
        tree.entries.map(({ key, insert, value, at: place }) => [
          insert === true
            ? { type: 4, directive: 'insert', ...source(place) }
            : typeof key === 'string'
              ? { lit: key, ...source(place) }
              : expression(key),
          token(value),
        ]),
      );
  }
}

function mapping(entries: readonly (readonly [Golden, Golden])[]): Golden {
  return { type: 2, map: entries.map(([Key, Value]) => ({ Key, Value })) };
}

function fields(values: { readonly [key: string]: Golden | undefined }): Golden {
  return mapping(
    Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const])),
  );
}

function expression(template: Template): Golden {
  return { type: 3, expr: templateExpression(template), ...source(template.at) };
}

function source(at: Position): { readonly line: number; readonly col: number } {
  return { line: at.line, col: at.column };
}

function maybe(value: Maybe<string | number | boolean> | undefined): Golden | undefined {
  return typeof value === 'object' ? expression(value) : value;
}

function condition(value: Condition): Golden {
  return { type: 3, expr: value.expression };
}

function permissionsOf(permissions: Permissions | undefined): Golden | undefined {
  if (permissions === undefined) return undefined;
  return Object.fromEntries(Object.entries(permissions).filter(([, access]) => access !== 'none'));
}

function defaultsOf(defaults: NormalJob['defaults']): Golden | undefined {
  if (defaults === undefined) return undefined;
  const run = fields({ shell: maybe(defaults.shell), 'working-directory': maybe(defaults.workingDirectory) });
  return fields({ run });
}

function concurrencyOf(concurrency: Job['concurrency']): Golden | undefined {
  if (concurrency === undefined) return undefined;
  return fields({
    group: maybe(concurrency.group),
    'cancel-in-progress': maybe(concurrency.cancelInProgress),
    queue: concurrency.queue,
  });
}

function jobOf(job: Job, tree: WorkflowTree, inherited: Permissions | undefined): Golden {
  const permissions = job.permissions ?? inherited;
  const common = {
    type: job.kind === 'job' ? 'job' : 'reusableWorkflowJob',
    id: token(job.id, job.at),
    name: maybe(job.name) ?? job.id,
    if: condition(job.if),
    permissions: permissionsOf(permissions),
    concurrency: concurrencyOf(job.concurrency),
    strategy: strategyOf(job.strategy),
  };
  return job.kind === 'job' ? normalJobOf(job, common) : callJobOf(job, common, tree, permissions);
}

function strategyOf(strategy: Job['strategy']): Golden | undefined {
  if (strategy === undefined) return undefined;
  return fields({
    'fail-fast': maybe(strategy.failFast),
    'max-parallel': maybe(strategy.maxParallel),
    matrix: strategy.matrix === undefined ? undefined : token(strategy.matrix),
  });
}

function normalJobOf(job: NormalJob, common: Fields): Golden {
  const { group, labels, at } = job.runsOn;
  return drop({
    ...common,
    needs: job.needs.length === 0 ? undefined : job.needs,
    'runs-on':
      group === undefined
        ? token(labels, typeof labels === 'string' ? at : undefined)
        : fields({ group: maybe(group), labels: labels === null ? undefined : token(labels) }),
    env: job.env === undefined ? undefined : token(job.env),
    defaults: defaultsOf(job.defaults),
    environment:
      job.environment === undefined
        ? undefined
        : fields({
            name: maybe(job.environment.name),
            url: maybe(job.environment.url),
            deployment: job.environment.deployment,
          }),
    outputs:
      job.outputs.length === 0
        ? undefined
        : fields(Object.fromEntries(job.outputs.map(({ name, value }) => [name, maybe(value)]))),
    'timeout-minutes': numberOf(job.timeoutMinutes),
    'cancel-timeout-minutes': numberOf(job.cancelTimeoutMinutes),
    'continue-on-error': maybe(job.continueOnError),
    container: job.container === undefined ? undefined : token(job.container.value),
    services: job.services === undefined ? undefined : token(job.services.value),
    snapshot: job.snapshot === undefined ? undefined : token(job.snapshot.value),
    steps: job.steps.length === 0 ? undefined : job.steps.map(stepOf),
  });
}

function numberOf(value: Maybe<number> | undefined): Golden | undefined {
  if (typeof value !== 'number' || Number.isFinite(value)) return maybe(value);
  return String(value);
}

function callJobOf(job: CallJob, common: Fields, tree: WorkflowTree, permissions: Permissions | undefined): Golden {
  const called = tree.calls.get(job.id);
  const trigger = called?.workflow.on.find(({ event }) => event === 'workflow_call');
  const inner = called?.workflow.permissions ?? permissions;
  return drop({
    ...common,
    needs: job.needs,
    ref: token(job.uses, job.usesAt),
    permissions: permissionsOf(inner),
    'input-definitions':
      trigger?.inputs === undefined
        ? undefined
        : fields(
            Object.fromEntries(
              trigger.inputs.map((input) => [
                input.name,
                fields({
                  type: input.type,
                  required: input.required,
                  description: input.description,
                  default: input.default === undefined ? undefined : token(input.default),
                }),
              ]),
            ),
          ),
    'input-values':
      job.with.length === 0
        ? undefined
        : fields(Object.fromEntries(job.with.map(({ name, value }) => [name, token(value)]))),
    'secret-definitions':
      trigger?.secrets === undefined
        ? undefined
        : fields(
            Object.fromEntries(
              trigger.secrets.map(({ name, required, description }) => [name, fields({ required, description })]),
            ),
          ),
    'secret-values':
      job.secrets === 'inherit' || job.secrets.length === 0
        ? undefined
        : fields(Object.fromEntries(job.secrets.map(({ name, value }) => [name, maybe(value)]))),
    'inherit-secrets': job.secrets === 'inherit' ? true : undefined,
    outputs:
      trigger?.outputs === undefined
        ? undefined
        : fields(
            Object.fromEntries(
              trigger.outputs.map(({ name, value, description }) => [
                name,
                fields({ value: maybe(value), description }),
              ]),
            ),
          ),
    defaults: defaultsOf(called?.workflow.defaults),
    env: called?.workflow.env === undefined ? undefined : token(called.workflow.env),
    'embedded-concurrency': concurrencyOf(called?.workflow.concurrency),
    jobs: called === undefined ? [] : called.workflow.jobs.map((nested) => jobOf(nested, called, inner)),
  });
}

function stepOf(step: Step): Golden {
  const common = { id: step.id, name: maybe(step.name) };
  switch (step.kind) {
    case 'wait':
      return drop({ ...common, name: common.name ?? 'Wait', wait: step.steps });
    case 'wait-all':
      return drop({ ...common, name: common.name ?? 'Wait for all', 'wait-all': true });
    case 'cancel':
      return drop({ ...common, name: common.name ?? 'Cancel', cancel: step.step });
    case 'parallel':
      return drop({ ...common, parallel: step.steps.map(stepOf) });
    default:
      break;
  }
  const executed = {
    ...common,
    if: condition(step.if),
    'continue-on-error': maybe(step.continueOnError),
    'timeout-minutes': numberOf(step.timeoutMinutes),
    env: step.env === undefined ? undefined : token(step.env),
    background: step.background ? true : undefined,
  };
  if (step.kind === 'uses') {
    return drop({
      ...executed,
      uses: token(step.uses, step.usesAt),
      with: step.with === undefined ? undefined : token(step.with),
    });
  }
  return drop({
    ...executed,
    'working-directory': maybe(step.workingDirectory),
    shell: maybe(step.shell),
    run: typeof step.run === 'string' ? token(step.run, step.runAt) : expression(step.run),
  });
}

function inputTypesOf(triggers: readonly Trigger[]): Golden | undefined {
  const inputs = triggers.find(({ event }) => event === 'workflow_dispatch')?.inputs ?? [];
  return inputs.length === 0 ? undefined : Object.fromEntries(inputs.map(({ name, type }) => [name, type]));
}

function eventsOf(triggers: readonly Trigger[]): Golden {
  return Object.fromEntries(triggers.map((trigger) => [trigger.event, eventOf(trigger)]));
}

function eventOf(trigger: Trigger): Golden {
  if (trigger.schedule !== undefined) return trigger.schedule;
  return drop({
    types: trigger.types,
    branches: trigger.branches,
    'branches-ignore': trigger.branchesIgnore,
    tags: trigger.tags,
    'tags-ignore': trigger.tagsIgnore,
    paths: trigger.paths,
    'paths-ignore': trigger.pathsIgnore,
    workflows: trigger.workflows,
    names: trigger.names,
    versions: trigger.versions,
    inputs:
      trigger.inputs === undefined
        ? undefined
        : Object.fromEntries(
            trigger.inputs.map((input) => [
              input.name,
              drop({
                type: input.type,
                required: input.required,
                description: input.description,
                default: input.default === undefined ? undefined : token(input.default),
                options: input.options,
              }),
            ]),
          ),
    secrets:
      trigger.secrets === undefined
        ? undefined
        : Object.fromEntries(
            trigger.secrets.map(({ name, required, description }) => [name, drop({ required, description })]),
          ),
  });
}
