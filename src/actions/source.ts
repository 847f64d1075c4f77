import { access, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fault } from './faults.ts';
import { type GitOptions, runGit, tryGit } from './git.ts';
import { checkRef, isFullSha, type RepositoryName } from './reference.ts';

/** Refs that belong to the repository itself. Not `refs/pull/*`: commits of forks are there. */
const OWN_REFS = ['refs/heads/', 'refs/tags/', 'refs/remotes/origin/', 'refs/kept/'] as const;

/** One ref of a source, with tags peeled to their commit. */
export type SourceRef = { readonly name: string; readonly commit: string };

/** A repository that content is taken from. */
export type Source = {
  /** For people: the folder or address. */
  readonly place: string;
  /** Branches and tags of this name. */
  find(ref: string): Promise<readonly SourceRef[]>;
  /** Whether a branch or tag reaches the commit. A commit that is not there at all is `undefined`. */
  reaches(commit: string): Promise<boolean | undefined>;
  /** Names of tags at the commit, then of branches that reach it, without `refs/…/`. */
  namesOf(commit: string): Promise<{ readonly tags: readonly string[]; readonly branches: readonly string[] }>;
  /** A git directory in which all objects of the commit are. */
  objectsOf(commit: string): Promise<string>;
};

/** The git directory of a repository in a mirror folder, or nothing. Names compare without case, as on GitHub. */
export async function findInMirror(mirror: string, name: RepositoryName): Promise<string | undefined> {
  const ownerFolder = await childOf(mirror, [name.owner]);
  if (ownerFolder === undefined) return undefined;
  const folder = await childOf(ownerFolder, [`${name.repo}.git`, name.repo]);
  if (folder === undefined) return undefined;
  for (const candidate of [folder, join(folder, '.git')]) {
    if (await isGitDir(candidate)) return candidate;
  }
  return undefined;
}

async function childOf(folder: string, names: readonly string[]): Promise<string | undefined> {
  const entries = await readdir(folder).catch(() => []);
  for (const name of names) {
    const found =
      entries.find((entry) => entry === name) ?? entries.find((entry) => entry.toLowerCase() === name.toLowerCase());
    if (found !== undefined) return join(folder, found);
  }
  return undefined;
}

async function isGitDir(folder: string): Promise<boolean> {
  try {
    await access(join(folder, 'HEAD'));
    return (await stat(join(folder, 'objects'))).isDirectory();
  } catch {
    return false;
  }
}

/** A repository on this machine, read and never written. */
export function localSource(gitDir: string, git: string): Source {
  const options: GitOptions = { git, gitDir };
  return {
    place: gitDir,
    find: (ref) => findRefs(options, ref),
    reaches: (commit) => isReached(options, commit),
    namesOf: (commit) => namesIn(options, commit),
    objectsOf: async () => gitDir,
  };
}

/** Names under which a ref as written can be found, the full form being one name only. */
export function refCandidates(ref: string): readonly string[] {
  checkRef(ref);
  if (ref.startsWith('refs/')) {
    if (!/^refs\/(?:heads|tags)\/./.test(ref)) {
      throw fault('reference-invalid', `${JSON.stringify(ref)} is neither a branch nor a tag`);
    }
    return [ref];
  }
  return [`refs/tags/${ref}`, `refs/heads/${ref}`, `refs/remotes/origin/${ref}`];
}

async function findRefs(options: GitOptions, ref: string): Promise<readonly SourceRef[]> {
  const candidates = refCandidates(ref);
  const output = await runGit(options, ['for-each-ref', '--format=%(refname)', ...candidates]);
  // A pattern of for-each-ref also matches what lies below a name.
  const names = output.split('\n').filter((name) => candidates.includes(name));
  const found: SourceRef[] = [];
  for (const name of names) {
    const peeled = await tryGit(options, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`]);
    const commit = peeled.stdout.toString('utf8').trim();
    if (peeled.code !== 0 || !isFullSha(commit)) {
      throw fault('ref-not-found', `${name} of ${options.gitDir} does not name a commit`);
    }
    found.push({ name, commit });
  }
  return withoutShadowed(found);
}

/** A non-bare clone shows one branch as its own and as the remote's: the own one counts. */
function withoutShadowed(refs: readonly SourceRef[]): readonly SourceRef[] {
  const names = new Set(refs.map((ref) => ref.name));
  return refs.filter(
    (ref) =>
      !names.has(ref.name.replace(/^refs\/remotes\/origin\//, 'refs/heads/')) || !ref.name.startsWith('refs/remotes/'),
  );
}

/** Asks git which refs contain the commit; it stops at the first. */
export async function isReached(options: GitOptions, commit: string): Promise<boolean | undefined> {
  const kind = await tryGit(options, ['cat-file', '-t', commit]);
  if (kind.code !== 0 || kind.stdout.toString('utf8').trim() !== 'commit') return undefined;
  const output = await runGit(options, [
    'for-each-ref',
    '--count=1',
    '--format=%(refname)',
    `--contains=${commit}`,
    ...OWN_REFS,
  ]);
  return output.trim() !== '';
}

/** Branches are capped: one is enough for a name. */
const NAMES_MAX = 100;

export async function namesIn(
  options: GitOptions,
  commit: string,
): Promise<{ readonly tags: readonly string[]; readonly branches: readonly string[] }> {
  const list = async (filter: string, spaces: readonly string[]) => {
    const output = await runGit(options, [
      'for-each-ref',
      `--count=${NAMES_MAX}`,
      '--format=%(refname)',
      filter,
      ...spaces,
    ]);
    return output
      .split('\n')
      .filter((name) => name !== '')
      .map((name) => name.replace(/^refs\/(?:heads|tags|remotes\/origin)\//, ''));
  };
  return {
    tags: await list(`--points-at=${commit}`, ['refs/tags/']),
    branches: await list(`--contains=${commit}`, ['refs/heads/', 'refs/remotes/origin/']),
  };
}

/** The best name of a commit. Source: the order in github/actions-lockfile, schema of `ref`. */
export function bestName(names: {
  readonly tags: readonly string[];
  readonly branches: readonly string[];
}): string | undefined {
  const versions = names.tags.filter((tag) => /^v?\d+\.\d+\.\d+$/.test(tag)).sort(byVersion);
  const common = ['main', 'master'].find((branch) => names.branches.includes(branch));
  return versions.at(-1) ?? names.tags.toSorted()[0] ?? common ?? names.branches.toSorted()[0];
}

function byVersion(a: string, b: string): number {
  const numbers = (text: string) => text.replace(/^v/, '').split('.').map(Number);
  const [left, right] = [numbers(a), numbers(b)];
  for (const [at, number] of left.entries()) {
    if (number !== right[at]) return number - (right[at] ?? 0);
  }
  return a < b ? -1 : 1;
}
