import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { excerpt } from '../base/index.ts';
import { fault } from './faults.ts';
import { GIT_FETCH_MS_MAX, type GitOptions, runGit, tryGit } from './git.ts';
import { checkRepositoryName, isFullSha, type RepositoryName } from './reference.ts';
import { isReached, namesIn, refCandidates, type Source, type SourceRef } from './source.ts';

/** Tries of one fetch, and the pause before the next, times the number of the try. */
const FETCH_ATTEMPTS_MAX = 4;
const FETCH_PAUSE_MS = 250;

/** Where actions come from when no mirror has them. */
export const REMOTE_BASE_URL = 'https://github.com';

export type RemoteOptions = {
  readonly dir: string;
  readonly git: string;
  readonly remoteBaseUrl?: string;
  readonly networkEnv?: { readonly [name: string]: string };
};

/**
 * A repository on a server, fetched by git into two bare repositories of this folder: `objects.git` holds single commits
 * with their files, `history.git` holds commits only and answers whether a branch or tag reaches one. A server that
 * keeps forks in one object store serves commits of any fork by id, so being served proves nothing.
 */
export function remoteSource(options: RemoteOptions, name: RepositoryName): Source {
  checkRepositoryName(name);
  const base = options.remoteBaseUrl ?? REMOTE_BASE_URL;
  const url = `${base.replace(/\/$/, '')}/${name.owner}/${name.repo}`;
  const folder = join(options.dir, 'remotes', name.owner.toLowerCase(), name.repo.toLowerCase());
  const network: GitOptions = {
    git: options.git,
    protocols: [protocolOf(url)],
    timeoutMs: GIT_FETCH_MS_MAX,
    ...(options.networkEnv === undefined ? {} : { networkEnv: options.networkEnv }),
  };
  let tips: Promise<readonly SourceRef[]> | undefined;
  const listTips = () => (tips ??= listRefs(network, url));

  async function bare(kind: 'objects.git' | 'history.git'): Promise<GitOptions & { readonly gitDir: string }> {
    const gitDir = join(folder, kind);
    await mkdir(folder, { recursive: true });
    await runGit({ git: options.git }, ['init', '--quiet', '--bare', '--template=', gitDir]);
    return { ...network, gitDir };
  }

  async function find(ref: string): Promise<readonly SourceRef[]> {
    const candidates = refCandidates(ref);
    return (await listTips()).filter((tip) => candidates.includes(tip.name));
  }

  /** All commits that branches and tags reach, without files. */
  async function historyOf(): Promise<GitOptions> {
    const history = await bare('history.git');
    const refspecs = ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*'];
    const fetch = ['fetch', '--quiet', '--prune', '--no-tags', '--filter=tree:0', '--end-of-options', url];
    await runGit(history, [...fetch, ...refspecs]);
    return { git: options.git, gitDir: history.gitDir };
  }

  async function reaches(commit: string): Promise<boolean | undefined> {
    if ((await listTips()).some((tip) => tip.commit === commit)) return true;
    // A commit that is in no ref's history is simply not here: on the server it may well be.
    return (await isReached(await historyOf(), commit)) ?? false;
  }

  async function namesOf(commit: string) {
    const at = (await listTips()).filter((tip) => tip.commit === commit).map((tip) => tip.name);
    const tags = at.filter((name) => name.startsWith('refs/tags/')).map((name) => name.slice('refs/tags/'.length));
    return tags.length > 0 ? { tags, branches: [] } : namesIn(await historyOf(), commit);
  }

  async function objectsOf(commit: string): Promise<string> {
    const objects = await bare('objects.git');
    const local: GitOptions = { git: options.git, gitDir: objects.gitDir };
    const isThere = async () =>
      (await tryGit(local, ['rev-parse', '--verify', '--quiet', `refs/kept/${commit}^{tree}`])).code === 0;
    const refspec = `${commit}:refs/kept/${commit}`;
    const fetch = ['fetch', '--quiet', '--no-tags', '--depth=1', '--end-of-options', url, refspec];
    let stderr = '';
    for (let attempt = 0; attempt < FETCH_ATTEMPTS_MAX; attempt += 1) {
      if (await isThere()) return objects.gitDir;
      // A second process that fetches here at the same time holds git's own locks for a moment.
      if (attempt > 0) await sleep(FETCH_PAUSE_MS * attempt);
      stderr = (await tryGit(objects, fetch)).stderr;
    }
    if (await isThere()) return objects.gitDir;
    throw fault('git-failed', `${url} did not give ${commit}: ${excerpt(stderr.trim(), 300)}`);
  }

  return { place: url, find, reaches, namesOf, objectsOf };
}

/** `https`; `http` and `file` serve tests and private servers that were named on purpose. */
export function protocolOf(url: string): string {
  const match = /^(https|http|file):\/\//.exec(url);
  if (match?.[1] === undefined) throw fault('source-missing', `not an address of a git server: ${excerpt(url)}`);
  return match[1];
}

/** Branches and tags of a server, tags peeled. */
async function listRefs(network: GitOptions, url: string): Promise<readonly SourceRef[]> {
  const listed = await tryGit(network, ['ls-remote', '--quiet', '--heads', '--tags', '--end-of-options', url]);
  if (listed.code !== 0) {
    throw fault('source-missing', `${url} could not be read: ${excerpt(listed.stderr.trim(), 300)}`);
  }
  const commits = new Map<string, string>();
  for (const line of listed.stdout.toString('utf8').split('\n')) {
    const [commit = '', name = ''] = line.split('\t');
    // The peeled line of an annotated tag follows the tag's own.
    if (isFullSha(commit) && name !== '') commits.set(name.replace(/\^\{\}$/, ''), commit);
  }
  return [...commits].map(([name, commit]) => ({ name, commit }));
}
