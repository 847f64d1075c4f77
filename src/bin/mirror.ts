import { mirrorAdd as add, type MirrorOptions, mirrorSync as sync, type Synced } from '../actions/index.ts';
import { excerpt } from '../base/index.ts';
import type { Machine } from './commands.ts';
import { networkEnvironment } from './environment.ts';
import { findProgram } from './programs.ts';
import { fault } from './faults.ts';

/** `sallyport mirror add`. Stops at the first that can't be had; what was added stays. */
export async function mirrorAdd(
  machine: Machine,
  folder: string,
  references: readonly string[],
): Promise<readonly string[]> {
  const names = references.map(parseName);
  const lines: string[] = [];
  for (const name of names) lines.push(lineOf(await add(name, folder, optionsOf(machine))));
  return lines;
}

/** `sallyport mirror sync`. Each repository is tried; when one failed, the command does. */
export async function mirrorSync(machine: Machine, folder: string): Promise<readonly string[]> {
  const done = await sync(folder, optionsOf(machine));
  const failed = done.filter(({ problem }) => problem !== undefined);
  if (failed.length > 0) throw fault('mirror-incomplete', failed.map(lineOf).join('\n'));
  return done.map(lineOf);
}

function parseName(text: string): { readonly owner: string; readonly repo: string } {
  const [owner, repo, ...rest] = text.split('@')[0]?.split('/') ?? [];
  if (owner === undefined || repo === undefined || rest.length > 0) {
    throw fault('name-invalid', `${JSON.stringify(excerpt(text))} is not of the form owner/repo`);
  }
  return { owner, repo };
}

function optionsOf({ env }: Machine): MirrorOptions {
  return { git: findProgram(env, 'git'), networkEnv: networkEnvironment(env) };
}

function lineOf({ name, moved, problem }: Synced): string {
  if (problem !== undefined) return `${name}: ${problem}`;
  return moved.length === 0 ? name : `${name}: moved ${moved.join(', ')}`;
}
