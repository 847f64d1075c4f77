import { constants } from 'node:fs';
import { lstat, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, type Digest, excerpt, Fault, isDigest, isFault, type Log } from '../base/index.ts';
import { type ContentFolders, contentFolders } from './content.ts';
import { nearestAction } from '../workflow/index.ts';
import { fault } from './faults.ts';
import { checkRepositoryName, isFullSha, pinKey, type RepositoryName } from './reference.ts';
import { commitRecords } from './records.ts';
import { remoteSource } from './remote.ts';
import { bestName, findInMirror, localSource, type Source } from './source.ts';
import type { ActionStore, ResolvedAction } from './store.ts';

/** What one action may be. Larger ones are refused, never cut. */
export const ACTION_LIMITS = {
  entriesMax: 50_000,
  bytesMax: 1024 * 1024 * 1024,
  fileBytesMax: 128 * 1024 * 1024,
} as const;
export type ActionLimits = { readonly [name in keyof typeof ACTION_LIMITS]: number };

export type ActionStoreOptions = {
  /** A folder with repositories as `<owner>/<repo>.git` or `<owner>/<repo>`. It is asked first, and never written. */
  readonly mirror?: string;
  /** The repository's own server. Not there yet. */
  readonly serverUrl?: undefined;
  /** Whether what the mirror lacks may be fetched from `remoteBaseUrl`. */
  readonly allowRemote: boolean;
  /** `https://github.com` when it is left out. */
  readonly remoteBaseUrl?: string;
  /** Variables for git on the network, as `https_proxy`. */
  readonly networkEnv?: { readonly [name: string]: string };
  /** Where content and fetched objects are kept. May be shared by processes and by runs. */
  readonly dir: string;
  /** The git program. */
  readonly git: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: Partial<ActionLimits>;
};

/** Opens the store of actions in a folder. Nothing is fetched before it is asked for. */
export async function openActionStore(options: ActionStoreOptions): Promise<ActionStore> {
  const limits: ActionLimits = { ...ACTION_LIMITS, ...options.limits };
  await mkdir(options.dir, { recursive: true });
  return makeStore(options, contentFolders(options.dir, options.git, limits));
}

function makeStore(options: ActionStoreOptions, content: ContentFolders): ActionStore {
  const { log, clock } = options;
  const records = commitRecords(options.dir);

  async function resolve(
    reference: RepositoryName & { readonly ref: string },
    pin?: { readonly commit: string; readonly digest?: string },
  ): Promise<ResolvedAction> {
    const { owner, repo, ref } = reference;
    checkRepositoryName(reference);
    const commit = pin === undefined ? await commitOf(reference) : pinnedCommit(reference, pin.commit);
    const digest = await present(reference, commit, pin === undefined ? undefined : pin.digest);
    const by = pin === undefined ? (isFullSha(ref) ? 'sha' : 'ref') : 'lock';
    log.debug('Action resolved', { action: pinKey(reference, ref), commit, digest, by });
    return { owner, repo, ref, commit, digest, by };
  }

  async function sourceOf(name: RepositoryName): Promise<Source> {
    const tried: string[] = [];
    if (options.mirror !== undefined) {
      const gitDir = await findInMirror(options.mirror, name);
      if (gitDir !== undefined) return localSource(gitDir, options.git);
      tried.push(`the mirror has no ${join(options.mirror, name.owner, `${name.repo}.git`)}`);
    }
    if (options.allowRemote) return remoteSource(options, name);
    tried.push('fetching is off');
    const hint = nearestAction(name);
    throw fault(
      'source-missing',
      `${name.owner}/${name.repo} is not there: ${tried.join(', ')}; \`sallyport mirror add ${name.owner}/${name.repo}\` adds it` +
        (hint === undefined ? '' : `. Did you mean ${hint}?`),
    );
  }

  async function commitOf(reference: RepositoryName & { readonly ref: string }): Promise<string> {
    const source = await sourceOf(reference);
    const { ref } = reference;
    const found = await source.find(ref);
    if (isFullSha(ref)) {
      // A branch that is named like a commit would be taken for it.
      if (found.length > 0)
        throw ambiguous(
          reference,
          source,
          found.map((item) => item.name),
        );
      return ref.toLowerCase();
    }
    const [first, ...others] = found;
    if (others.length > 0)
      throw ambiguous(
        reference,
        source,
        found.map((item) => `${item.name} (${item.commit})`),
      );
    if (first !== undefined) return first.commit;
    if (/^[0-9a-f]{7,39}$/i.test(ref)) {
      throw fault('sha-abbreviated', `${pinKey(reference, ref)} looks like an abbreviated commit`);
    }
    throw fault('ref-not-found', `${source.place} has no tag or branch ${JSON.stringify(excerpt(ref))}`);
  }

  function ambiguous(reference: RepositoryName & { readonly ref: string }, source: Source, found: readonly string[]) {
    return fault('ref-ambiguous', `${pinKey(reference, reference.ref)} is ${found.join(' and ')} in ${source.place}`);
  }

  /** Makes the content of a commit present and gives its digest, after asking whether its repository reaches it. */
  async function present(name: RepositoryName, commit: string, wanted: string | undefined): Promise<Digest> {
    if (wanted !== undefined && !isDigest(wanted)) throw fault('lock-invalid', `not a digest: ${excerpt(wanted)}`);
    const known = await records.read(name, commit);
    // A commit that was reached once stays usable when its tag moves: that is what a lock is for.
    const source = known === undefined ? await reachedSource(name, commit) : undefined;
    let digest = known?.digest;
    if (digest === undefined || (await content.find(digest)) === undefined) {
      const gitDir = await (source ?? (await sourceOf(name))).objectsOf(commit);
      digest = await content.extract(gitDir, commit).catch((problem: unknown) => {
        throw named(problem, `${name.owner}/${name.repo} at ${commit}`);
      });
      if (known !== undefined && known.digest !== digest) {
        throw fault(
          'digest-mismatch',
          `${name.owner}/${name.repo} at ${commit} had the content ${known.digest} before, now it has ${digest}`,
        );
      }
      await records.write(name, commit, { version: 1, digest, reachedAt: clock.now() });
    }
    if (wanted !== undefined && wanted !== digest) {
      throw fault(
        'digest-mismatch',
        `${name.owner}/${name.repo} at ${commit} has the content ${digest}, the lock says ${wanted}`,
      );
    }
    return digest;
  }

  async function reachedSource(name: RepositoryName, commit: string): Promise<Source> {
    const source = await sourceOf(name);
    const isReached = await source.reaches(commit);
    if (isReached === undefined) throw fault('commit-missing', `${source.place} has no commit ${commit}`);
    if (!isReached) {
      throw fault('impostor-commit', `no branch or tag of ${source.place} reaches ${commit}`);
    }
    return source;
  }

  async function folder(action: ResolvedAction): Promise<string> {
    const found = await content.find(action.digest);
    if (found !== undefined) return found;
    await present(action, action.commit, action.digest);
    const made = await content.find(action.digest);
    if (made === undefined) throw fault('digest-mismatch', `the content ${action.digest} could not be kept`);
    return made;
  }

  return {
    resolve,
    folder,
    readText: async (action, path, bytesMax) => readPlain(await folder(action), path, bytesMax),
    refOf: async (name, commit) => bestName(await (await sourceOf(name)).namesOf(commit)),
  };
}

/** Says of what the fault is: the reader of a tree does not know. */
function named(problem: unknown, title: string): unknown {
  return isFault(problem)
    ? new Fault(problem.code, problem, `${title}: ${problem.message}`, { cause: problem })
    : problem;
}

function pinnedCommit(reference: RepositoryName & { readonly ref: string }, commit: string): string {
  if (!isFullSha(commit)) {
    throw fault(
      'lock-invalid',
      `the lock of ${pinKey(reference, reference.ref)} names ${JSON.stringify(excerpt(commit))}`,
    );
  }
  if (isFullSha(reference.ref) && reference.ref.toLowerCase() !== commit.toLowerCase()) {
    throw fault('lock-invalid', `the lock of ${pinKey(reference, reference.ref)} names another commit, ${commit}`);
  }
  return commit.toLowerCase();
}

/** Reads a file below a folder, refusing every link on the way. Missing: nothing. */
export async function readPlain(folder: string, path: string, bytesMax: number): Promise<string | undefined> {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.length === 0 || parts.includes('..')) {
    throw fault('reference-invalid', `not a path in a repository: ${JSON.stringify(excerpt(path))}`);
  }
  let here = folder;
  for (const part of parts) {
    here = join(here, part);
    const stats = await lstat(here).catch(() => undefined);
    if (stats === undefined) return undefined;
    if (stats.isSymbolicLink()) throw fault('link-refused', `${JSON.stringify(path)} is, or lies behind, a link`);
    if (part === parts.at(-1) && here === join(folder, ...parts) && !stats.isFile()) return undefined;
  }
  const file = await open(here, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { size } = await file.stat();
    if (size > bytesMax) throw fault('too-large', `${JSON.stringify(path)} has ${size} bytes, more than ${bytesMax}`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}
