import { readdirSync } from 'node:fs';
import { lstat, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { excerpt } from '../base/index.ts';
import { fault } from './faults.ts';
import type { Git } from './git.ts';

/** The work tree around a folder, and its repository, if it has one. */
export type Place = {
  readonly top: string;
  readonly gitDir?: string;
  readonly commonDir?: string;
  readonly format: 'sha1' | 'sha256';
};

/** Folders above the start that are looked at. */
const DEPTH_MAX = 100;
/** A `.git` file, a back-link, a list of alternates. */
const LINK_BYTES_MAX = 64 * 1024;

/** Whether git should have found a repository here: then its refusal is a failure, not "no repository". */
export async function isRepository(start: string): Promise<boolean> {
  for (let folder = start, depth = 0; depth < DEPTH_MAX; depth += 1) {
    if ((await stat(join(folder, '.git')).catch(() => undefined)) !== undefined) return true;
    const parent = dirname(folder);
    if (parent === folder) return false;
    folder = parent;
  }
  return false;
}

type Found = { readonly top: string; readonly gitDir: string; readonly commonDir: string };

/**
 * A folder that somebody packed can hold a `.git` that names another repository of the person who unpacks it: jobs would be
 * served its objects. What leads out of the folder is therefore believed only when the place it leads to says so too.
 */
export async function refuseForeign({ top, gitDir, commonDir }: Found, git: Git): Promise<void> {
  const link = join(top, '.git');
  const entry = await lstat(link).catch(() => undefined);
  const [own, common] = await Promise.all([realpath(gitDir), realpath(commonDir)]);
  const named = entry === undefined ? undefined : await targetOf(link, entry.isFile());
  if (named === undefined || (await realpath(named).catch(() => undefined)) !== own) {
    throw fault(
      'repository-foreign',
      `${gitDir} names ${top} as its work tree (core.worktree), which does not name it`,
    );
  }
  if (!isBelow(own, top) && !(await isLinkedBack(own, { top, link }, git))) {
    throw fault('repository-foreign', `${link} leads to ${gitDir}, which does not know this work tree`);
  }
  // The layout of every linked work tree: the repository that it belongs to made the folder.
  if (common !== own && dirname(own) !== join(common, 'worktrees')) {
    throw fault(
      'repository-foreign',
      `${join(gitDir, 'commondir')} leads to ${commonDir}, which does not know this work tree`,
    );
  }
}

/** Where `.git` leads: itself, what a link names, or what a file names. */
async function targetOf(link: string, isFile: boolean): Promise<string | undefined> {
  if (!isFile) return link;
  const named = /^gitdir: (.+?)\n*$/.exec((await readLink(link)) ?? '')?.[1];
  return named === undefined ? undefined : resolve(dirname(link), named);
}

/** Whether a repository elsewhere names this work tree: `gitdir` of a linked one, `core.worktree` of a submodule. */
async function isLinkedBack(own: string, { top, link }: { top: string; link: string }, git: Git): Promise<boolean> {
  const back = (await readLink(join(own, 'gitdir')))?.trim();
  if (back !== undefined && (await isSame(resolve(own, back), link))) return true;
  // `config.worktree` when it was made sparse.
  for (const file of ['config', 'config.worktree']) {
    const get = ['config', '--file', join(own, file), '--get', 'core.worktree'];
    const worktree = (await git(get, { cwd: own, accept: [1] })).stdout.trim();
    if (worktree !== '' && (await isSame(resolve(own, worktree), top))) return true;
  }
  return false;
}

/** Whether two paths are the same entry of a folder; the last part is not followed. */
async function isSame(one: string, other: string): Promise<boolean> {
  const placeOf = async (path: string) => join(await realpath(dirname(path)), basename(path));
  const [a, b] = await Promise.all([one, other].map((path) => placeOf(path).catch(() => undefined)));
  return a !== undefined && a === b;
}

/** The text of a small file of a repository, or nothing. A pipe in its place is not waited for. */
async function readLink(path: string): Promise<string | undefined> {
  const entry = await stat(path).catch(() => undefined);
  if (entry?.isFile() !== true) return undefined;
  if (entry.size > LINK_BYTES_MAX) throw fault('repository-foreign', `${path} has more than ${LINK_BYTES_MAX} bytes`);
  return readFile(path, 'utf8');
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`);
}

/** How often a list of alternates may lead to another. git follows five. */
const ALTERNATES_DEPTH_MAX = 5;

/**
 * Refuses objects that are not in the repository itself: other folders that it borrows from (`alternates`), and links in the
 * place of its folders and files. Legitimate ones exist (`git clone --reference`), and can't be told from those that somebody
 * packed: nothing in the other repository knows of them.
 */
export async function refuseForeignObjects({ top, commonDir }: Place): Promise<void> {
  if (commonDir === undefined) return;
  const roots = [top, await realpath(commonDir)];
  const left = [{ objects: join(commonDir, 'objects'), depth: 0 }];
  for (let item = left.pop(); item !== undefined; item = left.pop()) {
    const { objects, depth } = item;
    await refuseLink(objects);
    refuseLinksIn(objects);
    const list = join(objects, 'info/alternates');
    for (const line of ((await readLink(list)) ?? '').split('\n')) {
      if (line === '' || line.startsWith('#')) continue;
      const other = await realpath(resolve(objects, line)).catch(() => undefined);
      // git leaves out what is not there.
      if (other === undefined && !line.startsWith('"')) continue;
      if (other === undefined || depth >= ALTERNATES_DEPTH_MAX || !roots.some((root) => isBelow(other, root))) {
        throw fault('repository-foreign', `${list} borrows the objects of ${excerpt(line)}`);
      }
      left.push({ objects: other, depth: depth + 1 });
    }
  }
}

async function refuseLink(path: string): Promise<void> {
  if ((await lstat(path)).isSymbolicLink()) throw fault('repository-foreign', `${path} is a link to other objects`);
}

/** At once and not in turns: 258 small folders, while git is busy with other things. */
function refuseLinksIn(objects: string): void {
  for (const folder of readdirSync(objects, { withFileTypes: true })) {
    const path = join(objects, folder.name);
    const inside = folder.isDirectory() ? readdirSync(path, { withFileTypes: true }) : [];
    const link = folder.isSymbolicLink() ? folder : inside.find((entry) => entry.isSymbolicLink());
    if (link === undefined) continue;
    throw fault('repository-foreign', `${join(link.parentPath, link.name)} is a link to other objects`);
  }
}
