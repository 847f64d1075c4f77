import type { JobOutcome } from '../protocol/index.ts';
import type { JobRecord } from '../run/index.ts';
import {
  type ActiveDefinition,
  type ActiveInstance,
  type ActiveRun,
  type ActiveScope,
  runtimeKey,
  siblingOf,
} from './scope.ts';

/** What is looked at of the attempt before. */
export type EarlierJob = Pick<
  JobRecord,
  'key' | 'definition' | 'conclusion' | 'outputs' | 'influencedOutputs' | 'level' | 'taints'
>;

/**
 * The outcome of the attempt before, unless the job runs again. Without `only` everything that did not succeed does, and what needs
 * it; with `only` nothing but that job, all of its matrix, and what needs it.
 */
export function reusedOutcome(
  run: ActiveRun,
  instance: ActiveInstance,
  before: readonly EarlierJob[] | undefined,
  only?: string,
): JobOutcome | undefined {
  const old = before?.find(({ key }) => key === instance.key);
  if (before === undefined || old === undefined) return undefined;
  if (only === undefined && old.conclusion !== 'success') return undefined;
  const repeats =
    only === undefined
      ? (key: string) => before.some((job) => job.definition === key && job.conclusion !== 'success')
      : (key: string) => key === only;
  if (isRepeated(run, instance.definition, repeats)) return undefined;
  const { outputs, influencedOutputs, level, taints, conclusion } = old;
  return { conclusion, outputs, influencedOutputs, level, taints };
}

/** Whether a definition runs again: itself, or anything that it needs, near or far, inside of calls or around them. */
function isRepeated(run: ActiveRun, definition: ActiveDefinition, repeats: (key: string) => boolean): boolean {
  const seen = new Set<string>();
  const left = [definition];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (seen.has(next.key)) continue;
    seen.add(next.key);
    if (repeats(next.key)) return true;
    const { scope, job } = next;
    left.push(...needsOf(run, scope, job.needs));
    // The callers themselves are no reason: other jobs inside of them may run again without this one.
    for (let key = scope.key; key !== undefined; ) {
      const caller = run.instances.get(key)?.definition;
      if (caller !== undefined) left.push(...needsOf(run, caller.scope, caller.job.needs));
      key = caller?.scope.key;
    }
  }
  return false;
}

function needsOf(run: ActiveRun, scope: ActiveScope, ids: readonly string[]): readonly ActiveDefinition[] {
  return ids.flatMap((id) => {
    const need = siblingOf(run, scope, id);
    return need.job.kind === 'call' ? [need, ...insideOf(run, need)] : [need];
  });
}

/** The definitions of the workflows that a call has entered. */
function insideOf(run: ActiveRun, call: ActiveDefinition): readonly ActiveDefinition[] {
  const keys = (call.expansion?.instances ?? []).map(({ suffix }) => `${call.key}${suffix}`);
  return keys.flatMap((key) => {
    const scope = run.scopes.get(key);
    return (scope?.workflow.jobs ?? []).flatMap((job) => {
      const found = scope === undefined ? undefined : run.definitions.get(runtimeKey(scope, job.id));
      return found === undefined ? [] : [found];
    });
  });
}
