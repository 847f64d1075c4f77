import type { Figures } from '../api/index.ts';
import { type Sequencer, sizeOf, unsequenced } from '../auditlog/index.ts';
import type { IdentityDeps } from '../identity/index.ts';
import { countsOf } from '../queue/index.ts';
import { countRuns } from '../runs/index.ts';
import { runnersOf } from './server-runner.ts';

/** Runs are counted by looking at all of them. */
const RUNS_MS = 60_000;

/** The figures of `/metrics`, from the tables. */
export function figuresOf(deps: IdentityDeps & { readonly sequencer: Sequencer }): () => Promise<Figures> {
  const { db, sequencer } = deps;
  const runners = runnersOf(deps);
  let counted: { readonly at: number; readonly runs: Figures['runs'] } | undefined;
  return async () => {
    if (counted === undefined || deps.now() - counted.at > RUNS_MS) {
      counted = { at: deps.now(), runs: await countRuns(db) };
    }
    const states = { idle: 0, busy: 0, draining: 0, lost: 0 };
    for (const { state } of await runners.list()) states[state] += 1;
    return {
      queue: await countsOf(db),
      runners: states,
      runs: counted.runs,
      audit: {
        entries: await sizeOf(db),
        unsigned: await unsequenced(db),
        isSigned: sequencer.problem() === undefined,
      },
      residentBytes: process.memoryUsage.rss(),
    };
  };
}
