import { lstatSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import type { ObjectReader } from './cat-file.ts';
import { fault } from './faults.ts';
import { askGit, type GitPlace, type GitProgram } from './git.ts';
import { chainOf } from './tree-changes.ts';

/** Folders above the start that are looked at for a `.git`. */
const DEPTH_MAX = 200;
/** A file `.git`, `HEAD`, `commondir`: one line. */
const POINTER_BYTES_MAX = 4096;

/** A repository that a folder lies in. Plain data. */
export type Repository = {
  readonly gitDir: string;
  /** Where objects and refs are: another than `gitDir` for a linked work tree. */
  readonly commonDir: string;
  /** Top of the work tree; nothing for a bare repository. */
  readonly top?: string;
  /** The folder that was named, below the top, with `/` at its end; '' for the top itself. */
  readonly prefix: string;
  readonly isShallow: boolean;
};

/**
 * Finds the repository that a folder lies in, by looking for `.git` itself: no git runs, so that neither its ownership check nor
 * a configured work tree decides what is scanned. What somebody else's repository could do by its configuration is switched off in
 * every command.
 */
export function findRepository(folder: string): Repository | undefined {
  const start = realpathSync(folder);
  if (isGitDir(start) && lstatOf(join(start, '.git')) === undefined) return repositoryAt(start, undefined, '');
  for (let top = start, depth = 0; depth < DEPTH_MAX; depth += 1) {
    const gitDir = gitDirOf(top);
    if (gitDir !== undefined) {
      const below = relative(top, start);
      return repositoryAt(gitDir, top, below === '' ? '' : `${below}/`);
    }
    const parent = dirname(top);
    if (parent === top) return undefined;
    top = parent;
  }
  return undefined;
}

function repositoryAt(gitDir: string, top: string | undefined, prefix: string): Repository {
  const named = pointerIn(join(gitDir, 'commondir'));
  const commonDir = named === undefined ? gitDir : resolve(gitDir, named);
  const isShallow = lstatOf(join(commonDir, 'shallow')) !== undefined;
  return { gitDir, commonDir, ...(top === undefined ? {} : { top }), prefix, isShallow };
}

/** `.git` of a folder: itself, or what the file of a linked work tree or submodule names. */
function gitDirOf(top: string): string | undefined {
  const place = join(top, '.git');
  const entry = lstatOf(place);
  if (entry === undefined) return undefined;
  if (entry.isFile()) {
    const named = /^gitdir: (.+)$/.exec(pointerIn(place) ?? '')?.[1];
    const gitDir = named === undefined ? undefined : isAbsolute(named) ? named : resolve(top, named);
    return gitDir !== undefined && isGitDir(gitDir) ? gitDir : undefined;
  }
  return isGitDir(place) ? realpathSync(place) : undefined;
}

function isGitDir(folder: string): boolean {
  const head = lstatOf(join(folder, 'HEAD'));
  if (head === undefined || head.isDirectory()) return false;
  return lstatOf(join(folder, 'objects')) !== undefined || lstatOf(join(folder, 'commondir')) !== undefined;
}

function lstatOf(path: string) {
  return lstatSync(path, { throwIfNoEntry: false });
}

/** The line of a small regular file. A pipe is never opened. */
function pointerIn(path: string): string | undefined {
  const entry = lstatOf(path);
  if (entry === undefined || !entry.isFile() || entry.size > POINTER_BYTES_MAX) return undefined;
  return readFileSync(path, 'utf8').trim();
}

/** Where commands about objects work: bare, so that no attributes of the work tree change what is shown. */
export function objectsPlace(repository: Repository): GitPlace {
  return { gitDir: repository.gitDir };
}

/** The commit that a name means. A name is never taken as an option. */
export async function resolveCommit({ objects }: { readonly objects: ObjectReader }, name: string): Promise<string> {
  const info = await objects.info(`${name}^{commit}`);
  if (info?.type !== 'commit') {
    throw fault('revision-unknown', `there is no commit ${JSON.stringify(name.slice(0, 200))} here`);
  }
  return info.id;
}

/** The commit that a change began at: where both have a common past, else the base itself. */
export async function mergeBase(
  {
    git,
    repository,
    objects,
  }: { readonly git: GitProgram; readonly repository: Repository; readonly objects: ObjectReader },
  [base, head]: readonly [base: string, head: string],
): Promise<string> {
  if ((await chainOf(objects, { base, head })) !== undefined) return base;
  const { code, stdout } = await askGit(git, objectsPlace(repository), ['merge-base', base, head], { accept: [1] });
  const commit = stdout.toString('utf8').trim().split('\n')[0] ?? '';
  return code === 0 && commit !== '' ? commit : base;
}
