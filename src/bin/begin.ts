import { join } from 'node:path';
import { silentLog, systemClock } from '../base/index.ts';
import { beginRun, type Snapshot } from '../engine/index.ts';
import { createReader, type WorkflowReader } from '../workflow/index.ts';
import { gitEnvironment } from './environment.ts';
import { findProgram } from './programs.ts';
import type { Machine } from './commands.ts';

/** What a run reads first, on its way. */
export type Begun = {
  /** Starts a worker, which loads its own code meanwhile. */
  readonly reader: WorkflowReader;
  /** See `beginRun`. Its failure is met by whoever waits for it. */
  readonly snapshot: Promise<Snapshot | undefined>;
};

/** Begins to read the folder while the code of the run is still to be loaded. */
export function begin({ env, places }: Machine, directory: string): Begun {
  const compileCache = env['NODE_COMPILE_CACHE'];
  const reader = createReader(compileCache === undefined ? {} : { compileCache });
  const git = findProgram(env, 'git');
  const deps = { git, gitEnv: gitEnvironment(env), stateDir: join(places.state, 'engine'), clock: systemClock };
  const snapshot = beginRun({ folder: directory, files: [] }, { ...deps, log: silentLog });
  snapshot.catch(() => undefined);
  return { reader, snapshot };
}
