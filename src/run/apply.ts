import { assert, unreachable } from '../base/index.ts';
import type { Conclusion } from '../protocol/index.ts';
import type {
  CancelState,
  DefinitionState,
  Happening,
  InstanceState,
  NewDefinition,
  RunState,
  Schedule,
} from './state.ts';

/** A schedule without runs. `parallelMax`: jobs that run at once, at least 1. */
export function emptySchedule(parallelMax: number): Schedule {
  assert(Number.isInteger(parallelMax) && parallelMax >= 1, `parallelMax is ${parallelMax}`);
  return { parallelMax, nextOrder: 1, runs: [] };
}

/** The schedule after a happening. Pure. A happening that names what is not there is a programmer's error. */
export function applyHappening(schedule: Schedule, happening: Happening): Schedule {
  if (happening.kind === 'run-added') return addRun(schedule, happening);
  const run = schedule.runs.find((candidate) => candidate.run === happening.run);
  assert(run !== undefined, `run ${happening.run} is not in the schedule`);
  const [changed, nextOrder] = changeRun(run, happening, schedule.nextOrder);
  return {
    ...schedule,
    nextOrder,
    runs: schedule.runs.map((candidate) => (candidate.run === happening.run ? settle(changed) : candidate)),
  };
}

function addRun(schedule: Schedule, added: Extract<Happening, { kind: 'run-added' }>): Schedule {
  assert(!schedule.runs.some(({ run }) => run === added.run), `run ${added.run} is there already`);
  const run: RunState = {
    run: added.run,
    order: schedule.nextOrder,
    status: 'waiting',
    ...(added.concurrency === undefined ? {} : { concurrency: added.concurrency }),
    cancel: 'none',
    definitions: added.definitions.map(newDefinition),
    instances: [],
  };
  return { ...schedule, nextOrder: schedule.nextOrder + 1, runs: [...schedule.runs, run] };
}

type OfRun = Exclude<Happening, { kind: 'run-added' }>;

function changeRun(run: RunState, happening: OfRun, order: number): readonly [RunState, number] {
  switch (happening.kind) {
    case 'run-opened':
      return [{ ...run, status: 'open' }, order];
    case 'run-ended':
      return [{ ...run, status: 'done', conclusion: happening.conclusion }, order];
    case 'run-cancelled':
      return [{ ...run, cancel: happening.force ? 'force' : 'cancel', cancelReason: happening.reason }, order];
    case 'decided':
      return [decided(run, happening.definition, happening.accepted), order];
    case 'expanded': {
      const instances = happening.instances.map(
        (instance, index): InstanceState => ({
          ...instance,
          definition: happening.definition,
          status: 'queued',
          admitted: false,
          cancel: 'none',
          order: order + index,
        }),
      );
      for (const { key } of instances) {
        assert(!run.instances.some((other) => other.key === key), `instance ${key} is there already`);
      }
      const max = happening.instancesMax;
      const changed = withDefinition(run, happening.definition, {
        status: 'expanded',
        failFast: happening.failFast,
        ...(max === undefined ? {} : { instancesMax: max }),
      });
      return [{ ...changed, instances: [...changed.instances, ...instances] }, order + instances.length];
    }
    case 'expansion-failed':
      return [withDefinition(run, happening.definition, { status: 'done', result: happening.conclusion }), order];
    case 'admitted':
      return [withInstance(run, happening.instance, { admitted: true }), order];
    case 'started':
      return [
        withInstance(run, happening.instance, {
          status: 'running',
          ...(happening.deadlineAt === undefined ? {} : { deadlineAt: happening.deadlineAt }),
        }),
        order,
      ];
    case 'entered': {
      const entered = withInstance(run, happening.instance, { status: 'open' });
      return [
        { ...entered, definitions: [...entered.definitions, ...happening.definitions.map(newDefinition)] },
        order,
      ];
    }
    case 'ended':
      return [withInstance(run, happening.instance, { status: 'done', conclusion: happening.conclusion }), order];
    case 'cancel-requested':
      return [
        withInstance(run, happening.instance, {
          cancel: happening.force ? 'force' : 'cancel',
          cancelReason: happening.reason,
          ...(happening.forceAt === undefined ? {} : { forceAt: happening.forceAt }),
        }),
        order,
      ];
    default:
      return unreachable(happening);
  }
}

/** A condition was evaluated: the first time it opens or skips the job, after a cancellation it spares or ends it. */
function decided(run: RunState, key: string, accepted: boolean): RunState {
  const definition = run.definitions.find((candidate) => candidate.key === key);
  assert(definition !== undefined, `definition ${key} is not in run ${run.run}`);
  const cancelled = cancelOfScope(run, definition.scope) !== 'none';
  if (definition.status === 'waiting') {
    if (accepted) return withDefinition(run, key, { status: 'accepted', ...(cancelled ? { survives: true } : {}) });
    return withDefinition(run, key, { status: 'done', result: cancelled ? 'cancelled' : 'skipped' });
  }
  if (definition.status === 'accepted' && !accepted) {
    return withDefinition(run, key, { status: 'done', result: 'cancelled' });
  }
  return withDefinition(run, key, { survives: accepted });
}

/** What is known of one `jobs:` entry of a run. */
export function definitionOf(schedule: Schedule, run: number, key: string): DefinitionState | undefined {
  return schedule.runs
    .find((candidate) => candidate.run === run)
    ?.definitions.find((definition) => definition.key === key);
}

/** Ends every definition whose instances have all ended. */
function settle(run: RunState): RunState {
  const byDefinition = new Map<string, InstanceState[]>();
  for (const instance of run.instances) {
    const group = byDefinition.get(instance.definition);
    if (group === undefined) byDefinition.set(instance.definition, [instance]);
    else group.push(instance);
  }
  let changed = false;
  const definitions = run.definitions.map((definition) => {
    if (definition.status !== 'expanded') return definition;
    const instances = byDefinition.get(definition.key) ?? [];
    if (instances.some(({ status }) => status !== 'done')) return definition;
    changed = true;
    return { ...definition, status: 'done' as const, result: resultOf(instances) };
  });
  return changed ? { ...run, definitions } : run;
}

/** The result of several: a failure that may not be (`continue-on-error`) outweighs all, then a cancellation. */
export function resultOf(
  parts: readonly { readonly conclusion?: Conclusion; readonly continueOnError?: boolean }[],
): Conclusion {
  const conclusions = parts.map((part) =>
    part.conclusion === 'failure' && part.continueOnError === true ? 'success' : part.conclusion,
  );
  if (conclusions.includes('failure')) return 'failure';
  if (conclusions.includes('cancelled')) return 'cancelled';
  if (conclusions.length > 0 && conclusions.every((conclusion) => conclusion === 'skipped')) return 'skipped';
  return 'success';
}

/** Whether the run, or a call around this scope, is being cancelled. */
export function cancelOfScope(run: RunState, scope: string | undefined): 'none' | 'cancel' | 'force' {
  return cancellationOfScope(run, scope).cancel;
}

/** The strongest cancellation of the run and the calls around this scope, with its reason. */
export function cancellationOfScope(
  run: RunState,
  scope: string | undefined,
): { readonly cancel: CancelState; readonly reason: string } {
  let strongest: Pick<RunState, 'cancel' | 'cancelReason'> = run;
  let key = scope;
  for (let depth = 0; key !== undefined && depth <= run.instances.length; depth += 1) {
    const instance = run.instances.find((candidate) => candidate.key === key);
    assert(instance !== undefined, `instance ${key} is not in run ${run.run}`);
    if (instance.cancel === 'force' || (instance.cancel === 'cancel' && strongest.cancel === 'none'))
      strongest = instance;
    const { definition } = instance;
    key = run.definitions.find((candidate) => candidate.key === definition)?.scope;
  }
  return { cancel: strongest.cancel, reason: strongest.cancelReason ?? 'the run was cancelled' };
}

function newDefinition(definition: NewDefinition): DefinitionState {
  return { ...definition, status: 'waiting', failFast: true };
}

function withDefinition(run: RunState, key: string, change: Partial<DefinitionState>): RunState {
  assert(
    run.definitions.some((definition) => definition.key === key),
    `definition ${key} is not in run ${run.run}`,
  );
  return {
    ...run,
    definitions: run.definitions.map((definition) =>
      definition.key === key ? { ...definition, ...change } : definition,
    ),
  };
}

function withInstance(run: RunState, key: string, change: Partial<InstanceState>): RunState {
  assert(
    run.instances.some((instance) => instance.key === key),
    `instance ${key} is not in run ${run.run}`,
  );
  return {
    ...run,
    instances: run.instances.map((instance) => (instance.key === key ? { ...instance, ...change } : instance)),
  };
}
