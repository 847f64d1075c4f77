import { appendRefusal } from '../auditlog/index.ts';
import type { LeaseKey } from '../queue/index.ts';
import type { RunnerDoorDeps } from './runner-door.ts';

/** A lie of a runner about a job that it holds. */
export async function recordRefusal(deps: RunnerDoorDeps, key: LeaseKey, what: string): Promise<void> {
  await deps.db.transaction((tx) =>
    appendRefusal(
      tx,
      {
        actor: { type: 'runner', id: String(key.runnerId) },
        action: 'runner.refuse',
        resource: { type: 'job', id: String(key.jobId) },
        outcome: 'deny',
        detail: { what },
      },
      deps,
    ),
  );
}
