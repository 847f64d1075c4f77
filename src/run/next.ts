import type { Conclusion } from '../protocol/index.ts';
import type { Status } from '../workflow/index.ts';
import { cancellationOfScope, cancelOfScope, resultOf } from './apply.ts';
import { decideConcurrency } from './concurrency.ts';
import type { Action, DefinitionState, InstanceState, RunState, Schedule } from './state.ts';

/**
 * What has to be done now, in order: a pure function of the schedule and the time. Ask again after every happening: an
 * action that was not answered is in the answer again.
 */
export function nextActions(schedule: Schedule, now: number): readonly Action[] {
  const actions: Action[] = [];
  for (const run of schedule.runs) {
    if (run.status !== 'open') continue;
    const ofRun = [...definitionActions(run), ...instanceActions(run, now)];
    actions.push(...ofRun);
    if (run.definitions.every(({ status }) => status === 'done')) {
      actions.push({ kind: 'end-run', run: run.run, conclusion: conclusionOf(run) });
    }
  }
  actions.push(...decideConcurrency(schedule));
  const busy = schedule.runs.reduce(
    (sum, run) => sum + run.instances.filter(({ status }) => status === 'running').length,
    0,
  );
  let free = schedule.parallelMax - busy;
  for (const action of actions.filter(({ kind }) => kind === 'start')) {
    if (free > 0) free -= 1;
    else actions.splice(actions.indexOf(action), 1);
  }
  return actions;
}

/** How a run ends whose definitions are all done. */
function conclusionOf(run: RunState): Conclusion {
  const result = resultOf(
    run.definitions
      .filter(({ scope }) => scope === undefined)
      .map(({ result }) => (result ? { conclusion: result } : {})),
  );
  return run.cancel !== 'none' && result !== 'failure' ? 'cancelled' : result;
}

function definitionActions(run: RunState): readonly Action[] {
  const byKey = new Map(run.definitions.map((definition) => [definition.key, definition]));
  const entered = enteredDefinitions(run);
  const actions: Action[] = [];
  for (const definition of run.definitions) {
    if (definition.status === 'done') continue;
    const cancel = cancelOfScope(run, definition.scope);
    const status = statusOf(definition, byKey, cancel !== 'none');
    const name = { run: run.run, definition: definition.key };
    if (definition.status === 'waiting') {
      if (cancel === 'force') actions.push({ kind: 'drop', ...name });
      else if (status !== undefined) actions.push({ kind: 'decide', ...name, status });
    } else if (cancel === 'force' && definition.status === 'accepted') {
      actions.push({ kind: 'drop', ...name });
    } else if (cancel === 'cancel' && definition.survives === undefined && !entered.has(definition.key)) {
      actions.push({ kind: 'decide', ...name, status: 'cancelled' });
    } else if (definition.status === 'accepted') {
      actions.push({ kind: 'expand', ...name });
    }
  }
  return actions;
}

/** A call that has begun is not judged itself by a cancellation: the jobs inside are. */
function enteredDefinitions(run: RunState): ReadonlySet<string> {
  return new Set(run.instances.filter(({ status }) => status === 'open').map(({ definition }) => definition));
}

/**
 * What the status functions of a job's condition see, or nothing while a need goes on. GitHub looks at all ancestors, not
 * only at the direct needs: after a skipped job everything is skipped that does not say `always()` or the like.
 */
function statusOf(
  definition: DefinitionState,
  byKey: ReadonlyMap<string, DefinitionState>,
  cancelled: boolean,
): Status | undefined {
  if (definition.needs.some((key) => byKey.get(key)?.status !== 'done')) return undefined;
  if (cancelled) return 'cancelled';
  const results = new Set<Conclusion | undefined>();
  const seen = new Set<string>();
  const left = [...definition.needs];
  for (let key = left.pop(); key !== undefined; key = left.pop()) {
    if (seen.has(key)) continue;
    seen.add(key);
    const ancestor = byKey.get(key);
    results.add(ancestor?.result);
    left.push(...(ancestor?.needs ?? []));
  }
  if (results.has('failure')) return 'failure';
  return results.has('cancelled') || results.has('skipped') ? 'skipped' : 'success';
}

function instanceActions(run: RunState, now: number): readonly Action[] {
  const actions: Action[] = [];
  const byDefinition = Map.groupBy(run.instances, ({ definition }) => definition);
  const entered = enteredDefinitions(run);
  for (const definition of run.definitions) {
    if (definition.status !== 'expanded') continue;
    const instances = byDefinition.get(definition.key) ?? [];
    const undecided =
      cancelOfScope(run, definition.scope) !== 'none' &&
      definition.survives === undefined &&
      !entered.has(definition.key);
    const failed = definition.failFast
      ? instances.find((instance) => instance.conclusion === 'failure' && !instance.continueOnError)
      : undefined;
    const ending = endingOf(run, definition, failed);
    let running = instances.filter(({ status }) => status === 'running' || status === 'open').length;
    for (const instance of instances) {
      if (instance.status === 'done') continue;
      const name = { run: run.run, instance: instance.key };
      if (instance.status === 'queued') {
        if (ending !== undefined || instance.cancel !== 'none') {
          const reason = ending?.reason ?? instance.cancelReason ?? 'cancelled before it started';
          actions.push({ kind: 'end', ...name, conclusion: 'cancelled', reason });
        } else if (!undecided && (definition.instancesMax === undefined || running < definition.instancesMax)) {
          running += 1;
          if (instance.concurrency === undefined || instance.admitted) {
            actions.push({ kind: definition.kind === 'call' ? 'enter' : 'start', ...name });
          }
        }
      } else actions.push(...runningActions(run, instance, ending, now));
    }
  }
  return actions;
}

type Ending = { readonly force: boolean; readonly reason: string };

function endingOf(run: RunState, definition: DefinitionState, failed: InstanceState | undefined): Ending | undefined {
  const { cancel, reason } = cancellationOfScope(run, definition.scope);
  if (cancel === 'force') return { force: true, reason };
  if (cancel === 'cancel' && definition.survives === false) return { force: false, reason };
  if (failed !== undefined) return { force: false, reason: `cancelled: \`${failed.key}\` failed and fail-fast is on` };
  return undefined;
}

function runningActions(
  run: RunState,
  instance: InstanceState,
  ending: Ending | undefined,
  now: number,
): readonly Action[] {
  const name = { run: run.run, instance: instance.key };
  if (instance.status === 'open') {
    const inside = run.definitions.filter(({ scope }) => scope === instance.key);
    if (inside.every(({ status }) => status === 'done')) {
      const conclusion = resultOf(inside.map(({ result }) => (result === undefined ? {} : { conclusion: result })));
      return [{ kind: 'leave', ...name, conclusion }];
    }
  }
  if (ending !== undefined) {
    const wanted = ending.force ? 'force' : 'cancel';
    const reached = instance.cancel === 'force' || instance.cancel === wanted;
    if (!reached) return [{ kind: 'cancel', ...name, ...ending }];
  }
  if (instance.status !== 'running') return [];
  if (instance.deadlineAt !== undefined && now >= instance.deadlineAt && instance.cancel === 'none') {
    return [{ kind: 'cancel', ...name, force: false, reason: 'cancelled: it reached its time limit' }];
  }
  if (instance.forceAt !== undefined && now >= instance.forceAt && instance.cancel === 'cancel') {
    return [{ kind: 'cancel', ...name, force: true, reason: 'ended by force: it did not end after it was cancelled' }];
  }
  return [];
}

/** The next time at which the answer changes without a happening. */
export function nextTime(schedule: Schedule): number | undefined {
  let earliest: number | undefined;
  for (const run of schedule.runs) {
    for (const instance of run.instances) {
      if (instance.status !== 'running') continue;
      const time = instance.cancel === 'none' ? instance.deadlineAt : instance.forceAt;
      if (instance.cancel !== 'force' && time !== undefined && (earliest === undefined || time < earliest)) {
        earliest = time;
      }
    }
  }
  return earliest;
}
