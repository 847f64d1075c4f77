import { cancellationOfScope, definitionOf, type Schedule } from '../run/index.ts';
import { type Contexts, evaluateCondition } from '../workflow/index.ts';
import { type ActiveDefinition, type ActiveRun, siblingOf } from './scope.ts';

/** Names in a reason, before the rest is left out. */
const REASON_NAMES_MAX = 3;

/** Why a job whose condition was asked does not run: its own condition, or what became of the jobs that it needs. */
export async function reasonOfRefusal(
  run: ActiveRun,
  definition: ActiveDefinition,
  { contexts, accepted }: { readonly contexts: Contexts; readonly accepted: boolean },
): Promise<string> {
  if (accepted) return '';
  // A condition that is false whatever became of the needs is the reason itself. One that can't be told is not.
  const isOwn = await evaluateCondition(definition.job.definition.if, { contexts, status: 'success' }).then(
    (isTrue) => !isTrue,
    () => false,
  );
  return isOwn ? 'its condition is false' : reasonOfSkip(run, definition);
}

/** Which jobs of those that it needs, near or far, keep a job from running. */
function reasonOfSkip(run: ActiveRun, { scope, job }: ActiveDefinition): string {
  const seen = new Set<ActiveDefinition>();
  const left = [...job.needs];
  for (let id = left.pop(); id !== undefined; id = left.pop()) {
    const need = siblingOf(run, scope, id);
    if (!seen.has(need)) left.push(...need.job.needs);
    seen.add(need);
  }
  const kinds = [
    ['failure', 'failed'],
    ['cancelled', 'was cancelled'],
    ['skipped', 'was skipped'],
  ] as const;
  for (const [result, word] of kinds) {
    const names = [...seen].filter((need) => need.result === result).map(({ job: { id } }) => `\`${id}\``);
    const more = names.length > REASON_NAMES_MAX ? ` and ${names.length - REASON_NAMES_MAX} more` : '';
    if (names.length > 0) return `it needs ${names.slice(0, REASON_NAMES_MAX).join(', ')}${more}, which ${word}`;
  }
  return 'its condition is false';
}

/** Why the jobs of a definition are cancelled. */
export function reasonOfCancel(schedule: Schedule, runId: number, key: string): string {
  const run = schedule.runs.find((candidate) => candidate.run === runId);
  const scope = definitionOf(schedule, runId, key)?.scope;
  return run === undefined ? 'the run was cancelled' : cancellationOfScope(run, scope).reason;
}
