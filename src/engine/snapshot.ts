import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, mkdir, readdir, realpath, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { digestOf, excerpt, type Log } from '../base/index.ts';
import type { HeadFacts } from '../event/index.ts';
import { fault } from './faults.ts';
import type { Git, GitAnswer } from './git.ts';
import { isRepository, type Place, refuseForeign, refuseForeignObjects } from './place.ts';

/** Snapshots of a folder older than this are removed when the next one is made. */
export const SNAPSHOT_AGE_MS_MAX = 24 * 60 * 60_000;
/** At most so many snapshots of a folder stay, whatever their age. */
export const SNAPSHOTS_KEPT_MAX = 8;
/** A younger one may be in use by another process that has just started: it is left alone. */
const SNAPSHOT_USE_MS = 60 * 60_000;
/** A repository with more refs than this is served with its newest by name cut off: it is refused instead. */
export const REFS_MAX = 100_000;

/** The work tree of a person as a commit, in a bare repository of our own that borrows the objects of theirs. */
export type Snapshot = {
  /** Our bare repository. */
  readonly gitDir: string;
  readonly commit: string;
  /** It differs from HEAD, or there is no HEAD. */
  readonly dirty: boolean;
  /** The folder that the paths are relative to: the top of the work tree. */
  readonly folder: string;
  /** Full ref name to commit: the branches (also those only known of `origin`) and tags. */
  readonly refs: { readonly [ref: string]: string };
  readonly head?: HeadFacts;
  readonly branch?: string;
  readonly tag?: string;
  readonly defaultBranch: string;
  /** URL of `origin`, without its credentials, or nothing. */
  readonly remote?: string;
  readonly git: boolean;
};

export type SnapshotOptions = {
  /** Where the person stands. */
  readonly folder: string;
  /** `<state>/snapshots` is ours. */
  readonly stateDir: string;
  readonly git: Git;
  readonly now: number;
  readonly log: Log;
};

/**
 * Makes the snapshot: tracked and untracked-unignored files. Nothing is written into the person's repository, and nothing
 * that its configuration names (hooks, filters, monitors) is started: every command that touches files runs with our own
 * repository as GIT_DIR. A clean work tree is HEAD itself.
 */
export async function takeSnapshot(options: SnapshotOptions): Promise<Snapshot> {
  const { place, facts, refs } = await findPlace(options);
  const own = await openOwn(place, options);
  const tree = await writeAllowedTree(place, own, facts, options.git);
  const head = facts.head;
  const clean = head !== undefined && head.tree === tree;
  const commit = clean ? head.commit : await commitTree(tree, head, own, options.git);
  const branch = facts.branch;
  const defaultBranch = defaultBranchOf(facts.originHead, branch, refs);
  const tag = branch === undefined && head !== undefined ? tagOf(refs, head.commit) : undefined;
  return {
    gitDir: own,
    commit,
    dirty: !clean,
    folder: place.top,
    refs: place.gitDir === undefined ? {} : refs,
    ...(head === undefined ? {} : { head }),
    ...(branch === undefined ? {} : { branch }),
    ...(tag === undefined ? {} : { tag }),
    defaultBranch,
    ...(facts.remote === undefined ? {} : { remote: facts.remote }),
    git: place.gitDir !== undefined,
  };
}

/**
 * Writes the refs that a job may fetch into our repository, as one packed-refs file. What is not written here can't be
 * fetched by name.
 */
export async function publishRefs(
  gitDir: string,
  refs: { readonly [ref: string]: string },
  head: string,
): Promise<void> {
  const lines = Object.entries(refs)
    .filter(([ref, commit]) => /^refs\/[^\0-\x20\x7f]+$/.test(ref) && /^[0-9a-f]{40,64}$/.test(commit))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([ref, commit]) => `${commit} ${ref}\n`);
  await writeFile(join(gitDir, 'packed-refs'), `# pack-refs with: sorted \n${lines.join('')}`);
  await writeFile(join(gitDir, 'HEAD'), `ref: ${head}\n`);
}

const REV_PARSE = [
  'rev-parse',
  '--path-format=absolute',
  '--show-object-format',
  '--git-dir',
  '--git-common-dir',
  '--is-bare-repository',
  '--show-toplevel',
];

/** What `factsOf` and `refsOf` read, and the answers that they may end with. */
const FACTS = [
  {
    args: [
      'log',
      '-1',
      '--no-show-signature',
      '--format=%H%x00%T%x00%P%x00%an%x00%ae%x00%cn%x00%ce%x00%cI%x00%B',
      'HEAD',
    ],
    accept: [0, 128],
  },
  { args: ['symbolic-ref', '--quiet', 'HEAD'], accept: [0, 1, 128] },
  { args: ['symbolic-ref', '--quiet', 'refs/remotes/origin/HEAD'], accept: [0, 1, 128] },
  { args: ['config', '--null', '--list'], accept: [0, 1] },
  {
    args: [
      'for-each-ref',
      `--count=${REFS_MAX + 1}`,
      '--format=%(objectname) %(refname)',
      'refs/heads',
      'refs/tags',
      'refs/remotes/origin',
    ],
    accept: [0],
  },
] as const;

type Found = { readonly place: Place; readonly facts: Facts; readonly refs: Snapshot['refs'] };

/** Finds the top of the work tree, and what git knows of it. A folder that is no repository is taken as it is. */
async function findPlace({ folder, git }: SnapshotOptions): Promise<Found> {
  const start = await realpath(folder).catch(() => undefined);
  if (start === undefined || !(await stat(start)).isDirectory()) {
    throw fault('folder-missing', `there is no folder ${excerpt(folder)}`);
  }
  const [found, ...answers] = await git.each([REV_PARSE, ...FACTS.map(({ args }) => args)], { cwd: start });
  const { code, stdout } = found ?? { code: 255, stdout: '' };
  if (code === 0) {
    const [format = '', gitDir = '', commonDir = '', , top = start] = stdout.split('\n');
    await refuseForeign({ top, gitDir, commonDir }, git);
    const place: Place = { top, gitDir, commonDir, format: format === 'sha256' ? 'sha256' : 'sha1' };
    for (const [index, { args, accept }] of FACTS.entries()) {
      // Asked again by itself, so that the fault carries its reason.
      if (!accept.some((one) => one === answers[index]?.code)) await git(args, { cwd: top });
    }
    return { place, facts: factsOf(answers), refs: refsOf(answers[4]?.stdout ?? '') };
  }
  if (code !== 128) await git(REV_PARSE, { cwd: start, accept: [128] });
  if (await isRepository(start)) {
    // git names its reason only on standard error: ask again so that the fault carries it.
    await git(['rev-parse', '--show-toplevel'], { cwd: start });
  }
  return { place: { top: start, format: 'sha1' }, facts: { settings: [] }, refs: {} };
}

/** A new bare repository below the state folder that borrows the person's objects; old ones are swept. */
async function openOwn(place: Place, { stateDir, now, log }: SnapshotOptions): Promise<string> {
  const key = digestOf(place.top).slice('sha256:'.length, 'sha256:'.length + 20);
  const parent = join(stateDir, 'snapshots', key);
  await mkdir(parent, { recursive: true, mode: 0o700 });
  await sweepSnapshots(parent, now, log);
  const own = join(parent, `${now.toString(36)}-${randomUUID().slice(0, 8)}.git`);
  for (const folder of ['objects/info', 'objects/pack', 'refs/heads', 'refs/tags', 'info']) {
    await mkdir(join(own, folder), { recursive: true, mode: 0o700 });
  }
  const extension = place.format === 'sha256' ? '[extensions]\n\tobjectformat = sha256\n' : '';
  await writeFile(
    join(own, 'config'),
    `[core]\n\trepositoryformatversion = ${place.format === 'sha256' ? 1 : 0}\n\tbare = true\n\tlooseCompression = 1\n${extension}` +
      '[uploadpack]\n\tallowReachableSHA1InWant = true\n\tallowFilter = true\n[gc]\n\tauto = 0\n',
  );
  await writeFile(join(own, 'HEAD'), 'ref: refs/heads/main\n');
  if (place.commonDir !== undefined) {
    await writeFile(join(own, 'objects/info/alternates'), `${join(place.commonDir, 'objects')}\n`);
    await copyIfThere(join(place.commonDir, 'shallow'), join(own, 'shallow'));
    await copyIfThere(join(place.commonDir, 'info/exclude'), join(own, 'info/exclude'));
  }
  return own;
}

/** Removes old snapshots of one folder: by age, and by number among those that can't be in use any more. */
async function sweepSnapshots(parent: string, now: number, log: Log): Promise<void> {
  const names = (await readdir(parent)).filter((name) => name.endsWith('.git'));
  const aged = await Promise.all(
    names.map(async (name) => {
      const made = Number.parseInt(name.split('-')[0] ?? '', 36);
      return { name, age: Number.isFinite(made) ? now - made : Number.POSITIVE_INFINITY };
    }),
  );
  const old = aged
    .sort((a, b) => a.age - b.age)
    .filter(({ age }, index) => age > SNAPSHOT_AGE_MS_MAX || (index >= SNAPSHOTS_KEPT_MAX && age > SNAPSHOT_USE_MS));
  for (const { name } of old) {
    await rm(join(parent, name), { recursive: true, force: true });
    log.debug('Snapshot swept', { snapshot: name });
  }
}

type Facts = {
  readonly head?: HeadFacts;
  readonly branch?: string;
  readonly originHead?: string;
  readonly remote?: string;
  readonly settings: readonly string[];
};

/** Settings of the person's repository that change what a work tree's files are as blobs. Others are not read. */
const CONTENT_SETTINGS: ReadonlySet<string> = new Set([
  'core.autocrlf',
  'core.eol',
  'core.filemode',
  'core.ignorecase',
  'core.precomposeunicode',
  'core.safecrlf',
  'core.symlinks',
]);

function factsOf([log, branch, originHead, config]: readonly GitAnswer[]): Facts {
  const settings = new Map<string, string>();
  for (const entry of (config?.stdout ?? '').split('\0')) {
    const end = entry.indexOf('\n');
    if (end > 0) settings.set(entry.slice(0, end), entry.slice(end + 1));
  }
  const remote = withoutCredentials(settings.get('remote.origin.url'));
  const head = log?.code === 0 ? headOf(log.stdout) : undefined;
  const branchRef = branch?.stdout.trim() ?? '';
  return {
    ...(head === undefined ? {} : { head }),
    ...(branchRef.startsWith('refs/heads/') ? { branch: branchRef.slice('refs/heads/'.length) } : {}),
    ...(originHead?.code === 0 ? { originHead: originHead.stdout.trim() } : {}),
    ...(remote === undefined ? {} : { remote }),
    settings: [...settings]
      .filter(([name]) => CONTENT_SETTINGS.has(name))
      .flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  };
}

function headOf(text: string): HeadFacts {
  const [commit = '', tree = '', parents = '', an = '', ae = '', cn = '', ce = '', timestamp = '', message = ''] =
    text.split('\0');
  const parent = parents.split(' ')[0];
  return {
    commit,
    tree,
    ...(parent === undefined || parent === '' ? {} : { parent }),
    message: message.trimEnd(),
    timestamp,
    author: { name: an, email: ae },
    committer: { name: cn, email: ce },
  };
}

function withoutCredentials(url: string | undefined): string | undefined {
  return url?.replace(/^([a-z+]+:\/\/)[^/@]*@/, '$1');
}

/** Branches and tags; a branch that only `origin` has stands as `refs/heads/x` too, as it would on the server. */
function refsOf(stdout: string): { readonly [ref: string]: string } {
  const lines = stdout.split('\n').filter((line) => line !== '');
  if (lines.length > REFS_MAX) throw fault('snapshot-too-large', `the repository has more than ${REFS_MAX} refs`);
  const refs: Record<string, string> = Object.create(null);
  const remote: [string, string][] = [];
  for (const line of lines) {
    const [commit = '', ref = ''] = line.split(' ', 2);
    if (!ref.startsWith('refs/remotes/origin/')) refs[ref] = commit;
    else if (ref !== 'refs/remotes/origin/HEAD') {
      remote.push([`refs/heads/${ref.slice('refs/remotes/origin/'.length)}`, commit]);
    }
  }
  for (const [ref, commit] of remote) refs[ref] ??= commit;
  return refs;
}

/** Looks at the repository's objects while git works on the tree. Both are over when this is: git may still write before. */
async function writeAllowedTree(place: Place, own: string, facts: Facts, git: Git): Promise<string> {
  const [written, objects] = await Promise.allSettled([writeTree(place, own, facts, git), refuseForeignObjects(place)]);
  if (objects.status === 'rejected') throw objects.reason;
  if (written.status === 'rejected') throw written.reason;
  return written.value;
}

/**
 * Stages the work tree into a copy of the person's index, which knows what is unchanged, and writes the tree.
 *
 * `git add` must not see repositories inside: to tell whether a staged one is dirty it runs `git status` in there, under
 * that repository's own configuration, whose filters are programs. `update-index` takes their commit and starts nothing.
 */
async function writeTree(place: Place, own: string, facts: Facts, git: Git): Promise<string> {
  const index = join(own, 'index');
  const usable = place.gitDir !== undefined && (await copyIndex(place.gitDir, own));
  const options = { cwd: place.top, env: { GIT_DIR: own, GIT_WORK_TREE: place.top, GIT_INDEX_FILE: index } };
  const settings = [...facts.settings, '-c', 'core.bare=false', '-c', 'advice.addEmbeddedRepo=false'];
  if (!usable && facts.head !== undefined) await git(['read-tree', facts.head.commit], options);
  const inner = innerRepositories((await git(['ls-files', '--stage', '-z'], options)).stdout);
  const tree =
    (inner.length === 0 ? await addPlainly(settings, options, git) : undefined) ??
    (await addAround(inner, settings, { options, git }));
  await rm(index, { force: true });
  return tree;
}

type Staging = { readonly cwd: string; readonly env: { readonly [name: string]: string } };

/** The usual case by one shell. Nothing when a command fails: asked by itself it tells why. */
async function addPlainly(settings: readonly string[], options: Staging, git: Git): Promise<string | undefined> {
  const [added, written] = await git.each([[...settings, 'add', '--all', '--', '.'], ['write-tree']], options);
  return added?.code === 0 && written?.code === 0 ? written.stdout.trim() : undefined;
}

async function addAround(
  inner: readonly string[],
  settings: readonly string[],
  { options, git }: { readonly options: Staging; readonly git: Git },
): Promise<string> {
  const paths = ['.', ...inner.map((path) => `:(exclude,top,literal)${path}`)];
  await git([...settings, 'add', '--all', '--pathspec-from-file=-', '--pathspec-file-nul'], {
    ...options,
    input: paths.join('\0'),
  });
  if (inner.length > 0) {
    const update = [...settings, 'update-index', '-z', '--add', '--remove', '--stdin'];
    await git(update, { ...options, input: inner.map((path) => `${path}\0`).join('') });
  }
  return (await git(['write-tree'], options)).stdout.trim();
}

/** Paths of submodules and the like in the answer of `ls-files --stage -z`: `<mode> <object> <stage>\t<path>`. */
function innerRepositories(listing: string): readonly string[] {
  const paths = listing.split('\0').flatMap((entry) => {
    return entry.startsWith('160000 ') ? [entry.slice(entry.indexOf('\t') + 1)] : [];
  });
  // It could not be excluded by a name that is not what git has, and git would go inside.
  const unnamed = paths.find((path) => path.includes('\uFFFD'));
  if (unnamed !== undefined) throw fault('file-unreadable', `the name of the submodule ${unnamed} is not UTF-8`);
  return [...new Set(paths)];
}

/** Copies the index; its times are kept, since git distrusts entries that are as young as the index. */
async function copyIndex(gitDir: string, own: string): Promise<boolean> {
  const from = join(gitDir, 'index');
  const times = await stat(from).catch(() => undefined);
  // A pipe in its place would be waited for.
  if (times?.isFile() !== true) return false;
  await copyFile(from, join(own, 'index'), constants.COPYFILE_FICLONE);
  await utimes(join(own, 'index'), times.atime, times.mtime);
  for (const name of await readdir(gitDir)) {
    if (name.startsWith('sharedindex.')) await copyFile(join(gitDir, name), join(own, name));
  }
  return true;
}

/** The same content on the same HEAD gives the same commit: its date is HEAD's. */
async function commitTree(tree: string, head: HeadFacts | undefined, own: string, git: Git): Promise<string> {
  const date = head?.timestamp ?? '2000-01-01T00:00:00Z';
  const person = { NAME: 'Sallyport snapshot', EMAIL: 'snapshot@sallyport.localhost', DATE: date };
  const env: Record<string, string> = { GIT_DIR: own };
  for (const [key, value] of Object.entries(person)) {
    env[`GIT_AUTHOR_${key}`] = value;
    env[`GIT_COMMITTER_${key}`] = value;
  }
  const parent = head === undefined ? [] : ['-p', head.commit];
  const message = 'Snapshot of the work tree';
  const { stdout } = await git(['-c', 'commit.gpgSign=false', 'commit-tree', tree, ...parent, '-m', message], {
    cwd: own,
    env,
  });
  return stdout.trim();
}

function defaultBranchOf(
  originHead: string | undefined,
  branch: string | undefined,
  refs: { readonly [ref: string]: string },
): string {
  if (originHead?.startsWith('refs/remotes/origin/') === true) return originHead.slice('refs/remotes/origin/'.length);
  for (const name of ['main', 'master', 'trunk']) if (refs[`refs/heads/${name}`] !== undefined) return name;
  return branch ?? 'main';
}

function tagOf(refs: { readonly [ref: string]: string }, commit: string): string | undefined {
  const ref = Object.keys(refs).find((name) => name.startsWith('refs/tags/') && refs[name] === commit);
  return ref?.slice('refs/tags/'.length);
}

async function copyIfThere(from: string, to: string): Promise<void> {
  const isFile = await stat(from).then(
    (entry) => entry.isFile(),
    () => false,
  );
  if (isFile) await copyFile(from, to);
}

/** `owner/name` of the remote, or `local/<folder>`. */
export function repositoryName(snapshot: Pick<Snapshot, 'remote' | 'folder'>): {
  readonly owner: string;
  readonly name: string;
} {
  const path = /^(?:[a-z+]+:\/\/[^/]+\/|[^/@:]+@?[^/:]*:)(.+?)(?:\.git)?\/?$/.exec(snapshot.remote ?? '')?.[1];
  const [name, owner] = (path ?? '').split('/').reverse();
  if (isName(owner) && isName(name)) return { owner, name };
  return { owner: 'local', name: nameOf(basename(snapshot.folder)) };
}

function isName(text: string | undefined): text is string {
  return text !== undefined && /^[A-Za-z0-9_.-]{1,100}$/.test(text) && text !== '.' && text !== '..';
}

function nameOf(folder: string): string {
  const name = folder.replaceAll(/[^A-Za-z0-9_.-]+/g, '-').slice(0, 100);
  return isName(name) ? name : 'repository';
}
