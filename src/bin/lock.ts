import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  DIGESTS_PATH,
  LOCK_PATH,
  type LockChange,
  lockWorkflows,
  openActionStore,
  readDigests,
  readLock,
  writeDigests,
  writeLock,
} from '../actions/index.ts';
import { Fault, silentLog, systemClock } from '../base/index.ts';
import type { LockRequest, LockResult } from '../cli/index.ts';
import { builtinFor } from '../runner/index.ts';
import { createReader, type Workflow, type WorkflowReader } from '../workflow/index.ts';
import type { Machine } from './commands.ts';
import { networkEnvironment } from './environment.ts';
import { findProgram } from './programs.ts';
import { fault } from './faults.ts';
import { isFolder } from './toolchains.ts';

/** A workflow, a lock, an action's manifest. */
const FILE_BYTES_MAX = 16 * 1024 * 1024;
const WORKFLOWS = '.github/workflows';

/** `sallyport lock`: reads the workflows as they lie on the disk and writes the lock beside them, whole or not at all. */
export async function lock(machine: Machine, request: LockRequest): Promise<LockResult> {
  const { env, places } = machine;
  const { directory, actionsMirror } = request;
  if (actionsMirror !== undefined && !isFolder(actionsMirror)) {
    throw fault('folder-missing', `--actions-mirror ${actionsMirror} is not a folder`);
  }
  const store = await openActionStore({
    dir: join(places.cache, 'actions'),
    allowRemote: true,
    git: findProgram(env, 'git'),
    clock: systemClock,
    log: silentLog,
    networkEnv: networkEnvironment(env),
    ...(actionsMirror === undefined ? {} : { mirror: actionsMirror }),
  });
  const reader = createReader();
  try {
    const [lockText, digestsText] = await Promise.all([readIn(directory, LOCK_PATH), readIn(directory, DIGESTS_PATH)]);
    const previous =
      lockText === undefined
        ? undefined
        : { lock: readLock(lockText), digests: digestsText === undefined ? {} : readDigests(digestsText) };
    const result = await lockWorkflows({
      workflows: await readWorkflows(directory, reader),
      reader,
      store,
      localAction: (path) => readLocalAction(directory, path),
      isBuiltin: ({ owner, repo, path, ref }) => builtinFor(owner, repo, path, ref) !== undefined,
      ...(previous === undefined ? {} : { previous }),
      ...(request.update.length === 0 ? {} : { update: request.update.includes('all') ? 'all' : request.update }),
    });
    const texts = [
      { path: LOCK_PATH, before: lockText, after: writeLock(result.lock) },
      { path: DIGESTS_PATH, before: digestsText, after: writeDigests(result.digests) },
    ];
    const changed = texts.filter(({ before, after }) => before !== after);
    if (!request.verify) for (const { path, after } of changed) await replaceFile(join(directory, path), after);
    return {
      upToDate: changed.length === 0,
      written: request.verify ? [] : changed.map(({ path }) => path),
      changes: result.changes.map(lineOf),
      remarks: result.remarks,
    };
  } finally {
    await reader.close();
  }
}

function lineOf(change: LockChange): string {
  switch (change.kind) {
    case 'added':
      return `+ ${change.key} ${change.commit}`;
    case 'removed':
      return `- ${change.key} ${change.commit}`;
    case 'moved':
      return `~ ${change.key} ${change.from} -> ${change.to}`;
  }
}

/** The workflows of a repository on the disk. One that is wrong stops the lock: it would miss what that one uses. */
async function readWorkflows(directory: string, reader: WorkflowReader): Promise<readonly Workflow[]> {
  const names = await readdir(join(directory, WORKFLOWS)).catch(() => []);
  const workflows: Workflow[] = [];
  for (const name of names.filter((each) => /\.ya?ml$/.test(each)).sort()) {
    const path = `${WORKFLOWS}/${name}`;
    const reading = await reader.readWorkflow(path, (await readIn(directory, path)) ?? '');
    if (!reading.ok) {
      const [first] = reading.errors;
      const at = { file: path, line: first?.line ?? 1, column: first?.column ?? 1 };
      throw fault('workflow-invalid', first?.message ?? `${path} can't be read`, { at });
    }
    workflows.push(reading.value);
  }
  if (workflows.length === 0) throw fault('workflow-missing', `${directory} has no workflows in ${WORKFLOWS}`);
  return workflows;
}

async function readLocalAction(directory: string, path: string): Promise<string | undefined> {
  if (path.split('/').includes('..')) return undefined;
  return (await readIn(directory, join(path, 'action.yml'))) ?? (await readIn(directory, join(path, 'action.yaml')));
}

async function readIn(directory: string, path: string): Promise<string | undefined> {
  try {
    // A pipe or a device is never opened: that could wait, or read, for ever.
    const found = await stat(join(directory, path));
    if (!found.isFile() || found.size > FILE_BYTES_MAX) {
      throw fault('file-unreadable', `${path} is no file, or has more than ${FILE_BYTES_MAX} bytes`);
    }
    return await readFile(join(directory, path), 'utf8');
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && (thrown.code === 'ENOENT' || thrown.code === 'ENOTDIR')) {
      return undefined;
    }
    throw thrown instanceof Fault ? thrown : fault('file-unreadable', `${path} can't be read`, { cause: thrown });
  }
}

async function replaceFile(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}.new`;
  // `wx`: whoever made the repository could have put a link to a file of the person at that name.
  await writeFile(draft, text, { flag: 'wx' });
  await rename(draft, path);
}
