import type { PlannedWorkflow } from '../plan/index.ts';
import type { JobSummary } from './event.ts';
import { isWanted, type Wanted } from './wanted.ts';

/** A workflow in its place, and the name of the job that calls it. */
type Place = { readonly key: string | undefined; readonly name: string; readonly workflow: PlannedWorkflow };

/** What is known of the jobs before anything ran: matrix jobs by their keys. */
export function summariesOf(place: Place, wanted: Wanted): readonly JobSummary[] {
  const prefix = place.key === undefined ? '' : `${place.key} / `;
  const namePrefix = place.key === undefined ? '' : `${place.name} / `;
  return place.workflow.jobs.flatMap((job): readonly JobSummary[] => {
    // A definition that is not expanded yet is announced when it is.
    const instances = (job.expansion?.instances ?? []).filter((instance) => isWanted(wanted, place, job, instance));
    return instances.flatMap((instance): readonly JobSummary[] => {
      const { suffix, name } = instance;
      const key = `${prefix}${job.id}${suffix}`;
      const shown = `${namePrefix}${name}`;
      const tolerant = instance.continueOnError ? ({ continueOnError: true } as const) : {};
      const needs = job.needs.map((id) => `${prefix}${id}`);
      if (job.kind === 'job') return [{ key, name: shown, needs, ...tolerant }];
      if (job.callee === undefined) return [];
      return summariesOf({ key, name: shown, workflow: job.callee }, wanted);
    });
  });
}
