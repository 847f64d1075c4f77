import { fault } from './faults.ts';
import type { Position } from './model.ts';
import type { Problems } from './reader-problems.ts';
import type { LiteralToken } from './reader-tokens.ts';
import { literalText } from './reader-tokens.ts';

/** What the graph of jobs is made of. Ids are compared without regard to case. */
export type GraphJob = { readonly id: string; readonly needs: readonly string[] };

/** Notes unknown needs and circles, each at the place of the need. */
export function findNeedsProblems(
  jobs: readonly { readonly id: string; readonly needs: readonly LiteralToken[] }[],
  at: Position,
  problems: Problems,
): void {
  const known = new Set(jobs.map(({ id }) => id.toLowerCase()));
  const isKnown = (need: LiteralToken) => known.has(literalText(need).toLowerCase());
  // A misspelt need of the only job is told as such.
  if (jobs.every(({ needs }) => needs.length > 0 && needs.every(isKnown))) {
    problems.add('needs-no-start', at, 'The workflow must contain at least one job with no dependencies.');
    return;
  }
  const done = doneJobs(jobs.map(({ id, needs }) => ({ id, needs: needs.map(literalText) })));
  for (const { id, needs } of jobs) {
    for (const need of needs) {
      const name = literalText(need);
      if (done.has(name.toLowerCase())) continue;
      if (known.has(name.toLowerCase())) {
        const message = `Job '${id}' depends on job '${name}' which creates a cycle in the dependency graph.`;
        problems.add('needs-cycle', need.at, message);
      } else {
        problems.add('needs-unknown', need.at, `Job '${id}' depends on unknown job '${name}'.`);
      }
    }
  }
}

/** The ids (lower case) of the jobs whose needs can all be met, in an order in which each comes after its needs. */
function doneJobs(jobs: readonly GraphJob[]): ReadonlySet<string> {
  const dependents = new Map<string, string[]>();
  const open = new Map<string, number>();
  for (const { id, needs } of jobs) {
    const wanted = new Set(needs.map((need) => need.toLowerCase()));
    open.set(id.toLowerCase(), wanted.size);
    for (const need of wanted) {
      const list = dependents.get(need);
      if (list === undefined) dependents.set(need, [id.toLowerCase()]);
      else list.push(id.toLowerCase());
    }
  }
  const ready = [...open].filter(([, count]) => count === 0).map(([id]) => id);
  const done = new Set<string>();
  for (const id of ready) {
    done.add(id);
    for (const dependent of dependents.get(id) ?? []) {
      const left = (open.get(dependent) ?? 0) - 1;
      open.set(dependent, left);
      if (left === 0) ready.push(dependent);
    }
  }
  return done;
}

/**
 * The jobs in an order in which each comes after the jobs that it needs. Throws `workflow/needs-cycle` when there is no
 * such order, also because of a job that does not exist.
 */
export function jobOrder<Job extends GraphJob>(jobs: readonly Job[]): readonly Job[] {
  const done = doneJobs(jobs);
  const stuck = jobs.filter(({ id }) => !done.has(id.toLowerCase()));
  if (stuck.length > 0)
    throw fault('needs-cycle', `these jobs never become ready: ${stuck.map(({ id }) => id).join(', ')}`);
  const byId = new Map(jobs.map((job) => [job.id.toLowerCase(), job] as const));
  return [...done].flatMap((id) => byId.get(id) ?? []);
}

/** The ids (lower case) of all jobs that must end before this one, at any distance. */
export function ancestorsOf(jobs: readonly GraphJob[], id: string): ReadonlySet<string> {
  const byId = new Map(jobs.map((job) => [job.id.toLowerCase(), job] as const));
  const found = new Set<string>();
  const open = [id.toLowerCase()];
  for (let current = open.pop(); current !== undefined; current = open.pop()) {
    for (const need of byId.get(current)?.needs ?? []) {
      if (!found.has(need.toLowerCase())) {
        found.add(need.toLowerCase());
        open.push(need.toLowerCase());
      }
    }
  }
  return found;
}
