import { mkdir, readdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { excerpt } from '../base/index.ts';
import { withDraft } from './drafts.ts';
import { fault } from './faults.ts';
import { type GitOptions, runGit, tryGit } from './git.ts';
import { checkRepositoryName, type RepositoryName } from './reference.ts';
import { protocolOf, REMOTE_BASE_URL } from './remote.ts';

/** Repositories of one mirror. */
const REPOSITORIES_MAX = 10_000;

export type MirrorOptions = {
  readonly git: string;
  /** `https://github.com` when it is left out. */
  readonly remoteBaseUrl?: string;
  readonly networkEnv?: { readonly [name: string]: string };
};

/** What a sync did with one repository. */
export type Synced = { readonly name: string; readonly moved: readonly string[]; readonly problem?: string };

/**
 * Copies `owner/repo` into the mirror as the bare repository `<owner>/<repo>.git`: branches and tags only, never the
 * refs of pull requests, in which commits of forks live. Twice is a sync. Fault: `actions/source-missing`.
 */
export async function mirrorAdd(name: RepositoryName, dir: string, options: MirrorOptions): Promise<Synced> {
  checkRepositoryName(name);
  const gitDir = join(dir, name.owner, `${name.repo}.git`);
  const title = `${name.owner}/${name.repo}`;
  if ((await readdir(gitDir).catch(() => undefined)) !== undefined) return syncOne(title, gitDir, options);
  return withDraft(dir, async (draft) => {
    const fresh = join(draft, 'mirror.git');
    await runGit({ git: options.git }, ['init', '--quiet', '--bare', '--template=', fresh]);
    await fetchRefs(fresh, title, options);
    await mkdir(dirname(gitDir), { recursive: true });
    await rename(fresh, gitDir);
    return { name: title, moved: [] };
  });
}

/**
 * Fetches every repository of the mirror again. A commit that a moved tag or branch leaves behind stays reachable by
 * `refs/kept/<commit>`: what a lock names can still be run. One that fails does not keep the others from being synced.
 */
export async function mirrorSync(dir: string, options: MirrorOptions): Promise<readonly Synced[]> {
  const done: Synced[] = [];
  const children = async (folder: string) =>
    (await readdir(folder, { withFileTypes: true }))
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map((entry) => entry.name)
      .sort();
  for (const owner of await children(dir)) {
    for (const folder of await children(join(dir, owner))) {
      if (!folder.endsWith('.git')) continue;
      if (done.length >= REPOSITORIES_MAX)
        throw fault('too-large', `${dir} has more than ${REPOSITORIES_MAX} repositories`);
      const name = `${owner}/${folder.slice(0, -'.git'.length)}`;
      done.push(
        await syncOne(name, join(dir, owner, folder), options).catch((problem: unknown) => ({
          name,
          moved: [],
          problem: problem instanceof Error ? problem.message : String(problem),
        })),
      );
    }
  }
  return done;
}

async function syncOne(name: string, gitDir: string, options: MirrorOptions): Promise<Synced> {
  const before = await refsOf(gitDir, options.git);
  for (const commit of new Set(before.values())) {
    await runGit({ git: options.git, gitDir }, ['update-ref', `refs/kept/${commit}`, commit]);
  }
  await fetchRefs(gitDir, name, options);
  const after = await refsOf(gitDir, options.git);
  for (const commit of new Set(after.values())) {
    await runGit({ git: options.git, gitDir }, ['update-ref', '-d', `refs/kept/${commit}`]);
  }
  const moved = [...before].filter(([ref, commit]) => after.get(ref) !== commit).map(([ref]) => ref);
  return { name, moved: moved.sort() };
}

/** Branches and tags with the objects that they name. */
async function refsOf(gitDir: string, git: string): Promise<ReadonlyMap<string, string>> {
  const output = await runGit({ git, gitDir }, [
    'for-each-ref',
    '--format=%(objectname) %(refname)',
    'refs/heads/',
    'refs/tags/',
  ]);
  const lines = output.split('\n').filter((line) => line !== '');
  return new Map(lines.map((line) => [line.slice(line.indexOf(' ') + 1), line.slice(0, line.indexOf(' '))]));
}

async function fetchRefs(gitDir: string, name: string, options: MirrorOptions): Promise<void> {
  const url = `${(options.remoteBaseUrl ?? REMOTE_BASE_URL).replace(/\/$/, '')}/${name}`;
  const network: GitOptions = {
    git: options.git,
    gitDir,
    protocols: [protocolOf(url)],
    ...(options.networkEnv === undefined ? {} : { networkEnv: options.networkEnv }),
  };
  const refspecs = ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*'];
  const fetched = await tryGit(network, [
    'fetch',
    '--quiet',
    '--prune',
    '--no-tags',
    '--end-of-options',
    url,
    ...refspecs,
  ]);
  if (fetched.code !== 0) {
    throw fault('source-missing', `${url} could not be fetched: ${excerpt(fetched.stderr.trim(), 300)}`);
  }
}
