import { type Digest, isFault } from '../base/index.ts';
import { digestOfPlan, type Plan, remoteUses } from '../plan/index.ts';
import type { PinnedAction } from '../protocol/index.ts';
import type { LocalRunDeps } from './options.ts';

/**
 * Without a lock: looks the tags of the jobs' own actions up once, so that all jobs of the run use the same commit. What
 * can't be found fails the job that uses it, not the run.
 */
export async function pinDirectUses(
  plan: Plan,
  notes: string[],
  deps: Pick<LocalRunDeps, 'actions' | 'isBuiltin'> & { readonly builtin: boolean },
): Promise<{ plan: Plan; digest: Digest } | undefined> {
  if (plan.locked) return undefined;
  const uses = new Map(remoteUses(plan.root).map((action) => [action.reference, action]));
  const pins: Record<string, PinnedAction> = { ...plan.pins };
  const moving: string[] = [];
  await Promise.all(
    [...uses.values()].map(async (action) => {
      if (pins[action.reference] !== undefined || (deps.builtin && deps.isBuiltin(action))) return;
      try {
        const { ref, commit, digest, by } = await deps.actions.resolve(action);
        pins[action.reference] = { ref, commit, digest };
        if (by === 'ref') moving.push(`${action.reference} is ${commit.slice(0, 12)}`);
      } catch (thrown) {
        if (!isFault(thrown)) throw thrown;
        notes.push(`${action.reference} can't be had: ${thrown.message}`);
      }
    }),
  );
  if (moving.length > 0) {
    notes.push(
      `No lock: tags and branches were looked up now (${moving.sort().join(', ')}). sallyport lock pins them.`,
    );
  }
  const pinned: Plan = { ...plan, pins: Object.fromEntries(Object.entries(pins).sort(([x], [y]) => (x < y ? -1 : 1))) };
  return { plan: pinned, digest: digestOfPlan(pinned) };
}
