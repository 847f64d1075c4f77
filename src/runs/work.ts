import type { EngineEvent } from '../engine/index.ts';
import type { Batch } from './batch.ts';
import type { ServerEngineDeps } from './deps.ts';
import type { Lane } from './lane.ts';
import type { Prepared } from './prepare.ts';
import type { RepositoryDriver } from './repository-driver.ts';

/** What everything that starts runs works with. */
export type Work = {
  readonly deps: ServerEngineDeps;
  /** Steps of a repository. Fault: `runs/stopped`. */
  lane(repositoryId: number): Lane;
};

/** Puts a prepared run into a step. */
export function begin(driver: RepositoryDriver, batch: Batch, prepared: Prepared): void {
  batch.writes.push((tx) => prepared.write(tx));
  batch.entries.push(...prepared.entries);
  if (prepared.started === undefined) {
    batch.refused.push(prepared.runId);
    prepared.events.forEach((event: EngineEvent, at) => batch.events.push({ event, attempt: 1, seq: at + 1 }));
    return;
  }
  driver.add(batch, prepared.started.run, { planned: prepared.started.planned, nextEvent: 1 });
}
