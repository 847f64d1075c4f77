import { chown, mkdir, readdir, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommitContent } from '../actions/index.ts';
import { excerpt } from '../base/index.ts';
import { INSIDE, type Pod } from '../sandbox/index.ts';
import { fault } from './faults.ts';
import { runInside } from './launch.ts';
import type { Session } from './session.ts';

/** Places below the work folder that every job finds: folders, and links to what is read-only elsewhere inside. */
export type Places = {
  readonly folders: readonly string[];
  readonly links: readonly { readonly path: string; readonly target: string }[];
};

/**
 * The tools of the operator's tool cache, which is read-only, shown in the job's own below `folder`, which is not.
 * `host` is the operator's folder.
 */
export async function toolPlaces(host: string, folder: string): Promise<Places> {
  const folders: string[] = [];
  const links: { path: string; target: string }[] = [];
  for (const tool of await readdir(host, { withFileTypes: true })) {
    if (!tool.isDirectory()) continue;
    folders.push(`${folder}/${tool.name}`);
    for (const version of await readdir(join(host, tool.name))) {
      const path = `${tool.name}/${version}`;
      links.push({ path: `${folder}/${path}`, target: `${INSIDE.toolCache}/${path}` });
    }
  }
  return { folders, links };
}

/** Makes places below the work folder. No process of the job has run yet: from the host the folder is still ours. */
export async function makePlaces(pod: Pod, places: Places): Promise<void> {
  const root = pod.folders.workspace;
  const owner = await stat(root).catch(() => undefined);
  // A disk of fixed size is mounted in the job's own namespace only.
  if (owner === undefined) return makePlacesInside(pod, places);
  for (const path of places.folders) {
    let folder = root;
    for (const part of path.split('/')) {
      folder = join(folder, part);
      await mkdir(folder, { recursive: true });
      await chown(folder, owner.uid, owner.gid);
    }
  }
  for (const { path, target } of places.links) await symlink(target, join(root, path));
}

/** Paths and targets come as arguments, in pairs after the folders: none of them is read as a script. */
const MAKE_PLACES = `
while [ "$1" != -- ]; do mkdir -p -- "$1" || exit 1; shift; done; shift
while [ $# -gt 1 ]; do ln -s -- "$2" "$1" || exit 1; shift 2; done`;

async function makePlacesInside(pod: Pod, places: Places): Promise<void> {
  const links = places.links.flatMap(({ path, target }) => [path, target]);
  const process = pod.start({
    command: ['/bin/sh', '-c', MAKE_PLACES, 'sh', ...places.folders, '--', ...links],
    env: { PATH: '/usr/bin:/bin' },
    cwd: INSIDE.work,
    isolation: 'per-job',
  });
  let complaint = '';
  process.stdout.resume();
  process.stderr.on('data', (chunk: Buffer) => {
    complaint = excerpt(complaint + chunk.toString('utf8'));
  });
  const { code } = await process.exited;
  if (code !== 0) throw fault('inside-program', `the folders of the job can't be made: ${complaint.trim()}`);
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
  const { gitDir = '', commit } = session.lease.git;
  const committed = await commits.digest({ gitDir, commit }, path);
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
