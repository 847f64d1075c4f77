import { chown, mkdir, readdir, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommitContent } from '../actions/index.ts';
import { INSIDE } from '../sandbox/index.ts';
import { runInside } from './launch.ts';
import type { Session } from './session.ts';

/** Makes folders below a folder of the job that no process of the job has touched yet, with the same owner. */
export async function makeFolders(root: string, paths: readonly string[]): Promise<void> {
  const { uid, gid } = await stat(root);
  for (const path of paths) {
    let folder = root;
    for (const part of path.split('/')) {
      folder = join(folder, part);
      await mkdir(folder, { recursive: true });
      await chown(folder, uid, gid);
    }
  }
}

/** Shows the tools of the operator's tool cache, which is read-only, in the job's own, which is not. */
export async function linkTools(host: string, toolCache: string): Promise<void> {
  const { uid, gid } = await stat(toolCache);
  for (const tool of await readdir(host, { withFileTypes: true })) {
    if (!tool.isDirectory()) continue;
    const folder = join(toolCache, tool.name);
    await mkdir(folder);
    await chown(folder, uid, gid);
    for (const version of await readdir(join(host, tool.name))) {
      await symlink(`${INSIDE.toolCache}/${tool.name}/${version}`, join(folder, version));
    }
  }
}

/** Reads a file below the workspace inside; nothing when it is not there. */
export async function readWorkspace(session: Session, path: string, bytesMax: number): Promise<string | undefined> {
  const printed = await runInside(session, {
    step: session.currentStep ?? ':setup',
    program: 'read-file',
    args: ['--framed', path, String(bytesMax)],
    bytesMax: bytesMax + READ_FRAME_BYTES_MAX,
    env: { GITHUB_WORKSPACE: session.paths.workspace },
  });
  const end = printed.indexOf('\n');
  return printed.toString('utf8', 0, end) === 'found' ? printed.toString('utf8', end + 1) : undefined;
}

/** The line that `read-file --framed` puts before the bytes. */
const READ_FRAME_BYTES_MAX = 64;

/** Whether a folder of the workspace has the content that the commit of the run has there. */
export async function isCommitted(session: Session, commits: CommitContent, path: string): Promise<boolean> {
  const committed = await commits.digest(session.lease.git, path);
  if (committed === undefined) return false;
  const printed = await runInside(session, {
    step: session.currentStep ?? ':setup',
    program: 'tree-digest',
    args: [`${session.paths.workspace}/${path}`],
    bytesMax: 200,
    env: { GITHUB_WORKSPACE: session.paths.workspace },
  });
  return printed.toString('utf8').trim() === committed;
}
