import type {
  Concurrency,
  Condition,
  Defaults,
  Job,
  Maybe,
  Permissions,
  Step,
  Strategy,
  Template,
  Tree,
  Trigger,
  Workflow,
} from '../../src/workflow/index.ts';

/** A plain value, as a YAML parser gives it. */
export type Plain = null | boolean | number | string | readonly Plain[] | { readonly [key: string]: Plain | undefined };

/**
 * Writes a workflow back as the YAML that it was read from would be parsed, in the longest form of each key. It knows the
 * model only, nothing of the reader: what the reader has dropped is not in here.
 */
export function sourceOfWorkflow(workflow: Workflow): Plain {
  return {
    name: workflow.name,
    description: workflow.description,
    'run-name': maybe(workflow.runName),
    on: Object.fromEntries(
      workflow.on.map((trigger) => [trigger.event, trigger.schedule ? schedule(trigger) : sourceOfTrigger(trigger)]),
    ),
    permissions: permissions(workflow.permissions),
    env: tree(workflow.env),
    defaults: defaults(workflow.defaults),
    concurrency: concurrency(workflow.concurrency),
    jobs: Object.fromEntries(workflow.jobs.map((job) => [job.id, sourceOfJob(job)])),
  };
}

/** A value of the model that is evaluated later, as it stands in the file. */
export function tree(value: Tree | undefined): Plain | undefined {
  if (value === undefined || value === null || typeof value !== 'object') return value;
  if (value.kind === 'template') return templateText(value);
  if (value.kind === 'sequence') return value.items.map((item) => tree(item) ?? null);
  return Object.fromEntries(
    value.entries.map((entry) => [
      entry.insert === true ? '${{ insert }}' : typeof entry.key === 'string' ? entry.key : templateText(entry.key),
      tree(entry.value),
    ]),
  );
}

export function templateText({ parts }: Template): string {
  return parts.map((part) => ('literal' in part ? part.literal : `\${{ ${part.expression} }}`)).join('');
}

function maybe(value: Maybe<string | number | boolean> | undefined): Plain | undefined {
  return typeof value === 'object' ? templateText(value) : value;
}

function schedule({ schedule: entries }: Trigger): Plain {
  return (entries ?? []).map(({ cron, timezone }) => ({ cron, timezone }));
}

function sourceOfTrigger(trigger: Trigger): Plain {
  return {
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
    inputs: byName(trigger.inputs, (input) => ({
      type: input.type,
      description: input.description,
      required: input.required,
      default: tree(input.default),
      options: input.options,
    })),
    secrets: byName(trigger.secrets, ({ required, description }) => ({ required, description })),
    outputs: byName(trigger.outputs, ({ description, value }) => ({ description, value: maybe(value) })),
  };
}

function byName<T extends { readonly name: string }>(
  entries: readonly T[] | undefined,
  write: (entry: T) => Plain,
): Plain | undefined {
  return entries === undefined ? undefined : Object.fromEntries(entries.map((entry) => [entry.name, write(entry)]));
}

function permissions(value: Permissions | undefined): Plain | undefined {
  return value === undefined ? undefined : { ...value };
}

function defaults(value: Defaults | undefined): Plain | undefined {
  if (value === undefined) return undefined;
  return { run: { shell: maybe(value.shell), 'working-directory': maybe(value.workingDirectory) } };
}

function concurrency(value: Concurrency | undefined): Plain | undefined {
  if (value === undefined) return undefined;
  return { group: maybe(value.group), 'cancel-in-progress': maybe(value.cancelInProgress), queue: value.queue };
}

function strategy(value: Strategy | undefined): Plain | undefined {
  if (value === undefined) return undefined;
  return { matrix: tree(value.matrix), 'fail-fast': maybe(value.failFast), 'max-parallel': maybe(value.maxParallel) };
}

function condition(value: Condition): Plain {
  return value.expression;
}

function sourceOfJob(job: Job): Plain {
  const shared = {
    name: maybe(job.name),
    needs: job.needs,
    if: condition(job.if),
    permissions: permissions(job.permissions),
    concurrency: concurrency(job.concurrency),
    strategy: strategy(job.strategy),
  };
  if (job.kind === 'call') {
    return {
      ...shared,
      uses: job.uses,
      with: byName(job.with, ({ value }) => tree(value) ?? null),
      secrets: job.secrets === 'inherit' ? 'inherit' : byName(job.secrets, ({ value }) => maybe(value) ?? null),
    };
  }
  const labels = tree(job.runsOn.labels);
  return {
    ...shared,
    'runs-on': job.runsOn.group === undefined ? labels : { group: maybe(job.runsOn.group), labels },
    env: tree(job.env),
    defaults: defaults(job.defaults),
    environment: job.environment && {
      name: maybe(job.environment.name),
      url: maybe(job.environment.url),
      deployment: job.environment.deployment,
    },
    outputs: byName(job.outputs, ({ value }) => maybe(value) ?? null),
    'timeout-minutes': maybe(job.timeoutMinutes),
    'cancel-timeout-minutes': maybe(job.cancelTimeoutMinutes),
    'continue-on-error': maybe(job.continueOnError),
    container: tree(job.container?.value),
    services: tree(job.services?.value),
    snapshot: tree(job.snapshot?.value),
    steps: job.steps.map(sourceOfStep),
  };
}

function sourceOfStep(step: Step): Plain {
  const shared = { id: step.id, name: maybe(step.name) };
  switch (step.kind) {
    case 'wait':
      return { ...shared, wait: step.steps };
    case 'wait-all':
      return { ...shared, 'wait-all': true };
    case 'cancel':
      return { ...shared, cancel: step.step };
    case 'parallel':
      return { ...shared, parallel: step.steps.map(sourceOfStep) };
    default: {
      const executed = {
        ...shared,
        if: condition(step.if),
        env: tree(step.env),
        'continue-on-error': maybe(step.continueOnError),
        'timeout-minutes': maybe(step.timeoutMinutes),
        background: step.background,
      };
      if (step.kind === 'uses') return { ...executed, uses: step.uses, with: tree(step.with) };
      return {
        ...executed,
        run: maybe(step.run),
        shell: maybe(step.shell),
        'working-directory': maybe(step.workingDirectory),
      };
    }
  }
}
