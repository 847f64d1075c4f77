import type { JobOutcome } from '../protocol/index.ts';
import type { JobRecord } from '../run/index.ts';
import { type ActiveInstance, type ActiveRun, siblingOf } from './scope.ts';

/** What is looked at of the attempt before. */
export type EarlierJob = Pick<
  JobRecord,
  'key' | 'definition' | 'conclusion' | 'outputs' | 'influencedOutputs' | 'level' | 'taints'
>;

/** The outcome of the attempt before, when the job and all that it needs succeeded then. */
export function reusedOutcome(
  run: ActiveRun,
  instance: ActiveInstance,
  before: readonly EarlierJob[] | undefined,
): JobOutcome | undefined {
  const old = before?.find(({ key }) => key === instance.key);
  if (before === undefined || old === undefined || old.conclusion !== 'success') return undefined;
  const { scope, job } = instance.definition;
  const succeeded = (key: string) =>
    before.filter(({ definition }) => definition === key).every(({ conclusion }) => conclusion === 'success');
  const seen = new Set<string>();
  const left = [...job.needs];
  for (let id = left.pop(); id !== undefined; id = left.pop()) {
    const need = siblingOf(run, scope, id);
    if (seen.has(need.key)) continue;
    seen.add(need.key);
    if (!succeeded(need.key)) return undefined;
    left.push(...need.job.needs);
  }
  const { outputs, influencedOutputs, level, taints, conclusion } = old;
  return { conclusion, outputs, influencedOutputs, level, taints };
}
