import { stat } from 'node:fs/promises';
import { excerpt } from '../base/index.ts';
import { fault } from './faults.ts';
import { createGit } from './git.ts';
import type { LocalRunDeps, LocalRunOptions } from './options.ts';
import { type Snapshot, takeSnapshot } from './snapshot.ts';
import { hasWorkflowsAround } from './workflows.ts';

/**
 * What a run begins with, and what needs nothing but the folder: it may be begun while the code of the rest is loaded.
 * Answers nothing for a folder without workflows, unless files are named.
 */
export async function beginRun(
  options: Pick<LocalRunOptions, 'folder' | 'files'>,
  deps: Pick<LocalRunDeps, 'git' | 'gitEnv' | 'stateDir' | 'clock' | 'log'>,
): Promise<Snapshot | undefined> {
  await refuseMissingFolder(options.folder);
  // Before the snapshot: a folder that is no project may be a whole home.
  if (options.files.length === 0 && !(await hasWorkflowsAround(options.folder))) return undefined;
  return takeSnapshot({
    folder: options.folder,
    stateDir: deps.stateDir,
    git: createGit(deps.git, deps.gitEnv),
    now: deps.clock.now(),
    log: deps.log,
  });
}

async function refuseMissingFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory() !== true) throw fault('folder-missing', `there is no folder ${excerpt(folder)}`);
}
