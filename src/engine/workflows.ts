import { readFile, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative } from 'node:path';
import type { ActionStore } from '../actions/index.ts';
import { excerpt, isFault } from '../base/index.ts';
import type { ReadWorkflow } from '../plan/index.ts';
import type { PinnedAction } from '../protocol/index.ts';
import type { Diagnostic, Reading, Workflow, WorkflowReader } from '../workflow/index.ts';
import { type CommitFiles, FILE_BYTES_MAX } from './commit-files.ts';
import { fault } from './faults.ts';

/** Folders that are looked at upwards. */
const DEPTH_MAX = 100;

/** Whether this folder or one around it has `.github/workflows`. */
export async function hasWorkflowsAround(folder: string): Promise<boolean> {
  for (let place = folder, depth = 0; depth < DEPTH_MAX; depth += 1) {
    const found = await stat(join(place, '.github/workflows')).catch(() => undefined);
    if (found?.isDirectory() === true) return true;
    const parent = dirname(place);
    if (parent === place) return false;
    place = parent;
  }
  return false;
}

/** A workflow file of the repository, read. */
export type WorkflowFile = { readonly path: string; readonly reading: Reading<Workflow> };

/** Reads the workflow files of a commit: all below `.github/workflows`, or those that were named. */
export async function readWorkflows(
  files: readonly string[],
  folder: string,
  commit: string,
  deps: { readonly files: CommitFiles; readonly reader: WorkflowReader },
): Promise<readonly WorkflowFile[]> {
  if (files.length === 0) {
    const paths = await deps.files.listWorkflows(commit);
    return Promise.all(paths.map((path) => readOne(path, path, commit, deps)));
  }
  return Promise.all(files.map((file) => readOne(pathIn(folder, file), file, commit, deps)));
}

async function readOne(
  path: string,
  file: string,
  commit: string,
  { files, reader }: { readonly files: CommitFiles; readonly reader: WorkflowReader },
): Promise<WorkflowFile> {
  const text = (await files.readText(commit, path)) ?? (isAbsolute(file) ? await readPlain(file) : undefined);
  if (text === undefined) throw fault('workflow-missing', `there is no workflow file ${excerpt(path)}`);
  return { path, reading: await reader.readWorkflow(path, text) };
}

/** A file that the person named although it is ignored or lies elsewhere: theirs to choose. */
async function readPlain(file: string): Promise<string | undefined> {
  // A pipe or a device is never opened: that could wait, or read, for ever.
  const found = await stat(file).catch(() => undefined);
  if (found?.isFile() !== true || found.size > FILE_BYTES_MAX) return undefined;
  return readFile(file, 'utf8').catch(() => undefined);
}

/** The path in the repository, or the absolute one of a file outside. */
export function pathIn(folder: string, file: string): string {
  const path = isAbsolute(file) ? relative(folder, file) : file;
  return path.startsWith('..') ? file : path;
}

/** Finds called workflows: in the commit of the run, or in the store of actions. */
export function calledWorkflows(deps: {
  readonly files: CommitFiles;
  readonly reader: WorkflowReader;
  readonly commit: string;
  readonly actions: ActionStore;
  readonly pins: { readonly [reference: string]: PinnedAction };
  readonly locked: boolean;
}): ReadWorkflow {
  return async (source, path) => {
    if (source.kind === 'run') {
      const text = await deps.files.readText(deps.commit, path);
      if (text === undefined) return { missing: `there is no file ${path} in this commit` };
      return { reading: await deps.reader.readWorkflow(path, text), source };
    }
    const { owner, repo, ref } = source;
    const name = `${owner}/${repo}@${ref}`;
    const known = source.commit === undefined ? deps.pins[name] : { ref, commit: source.commit };
    if (known === undefined && deps.locked) return { missing: `${name} is not in the lock; sallyport lock adds it` };
    try {
      const action = await deps.actions.resolve({ owner, repo, ref }, known);
      const text = await deps.actions.readText(action, path, FILE_BYTES_MAX);
      if (text === undefined) return { missing: `${name} has no file ${path}` };
      const reading = await deps.reader.readWorkflow(`${owner}/${repo}/${path}`, text);
      return { reading, source: { ...source, commit: action.commit } };
    } catch (thrown) {
      if (!isFault(thrown)) throw thrown;
      return { missing: `${thrown.message}. ${thrown.help}` };
    }
  };
}

/** All errors of all files that could not be read. */
export function readingErrors(files: readonly WorkflowFile[]): readonly Diagnostic[] {
  return files.flatMap(({ reading }) => (reading.ok ? [] : reading.errors));
}
