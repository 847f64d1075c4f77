import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { type DiffFile, DiffParser } from './diff-parser.ts';
import { askGit, endOf, gitFailure, type GitProgram, startGit } from './git.ts';
import type { OpenRepository } from './object-tree.ts';
import { objectsPlace, type Repository } from './repository.ts';
import { chainOf } from './tree-changes.ts';

/** Of what git says on standard error. */
const ERRORS_CHARACTERS_MAX = 2000;

/** Which commits: all that any ref or HEAD reaches, or those of `head` that `base` has not. */
export type HistoryRange = { readonly base: string; readonly head: string } | undefined;

/** Ids of commits, the oldest first: whoever added something first stands first. */
export async function listCommits(
  { git, repository, objects }: OpenRepository,
  range: HistoryRange,
): Promise<readonly string[]> {
  const chain = range === undefined || repository.isShallow ? undefined : await chainOf(objects, range);
  if (chain !== undefined) return chain.toReversed();
  const place = objectsPlace(repository);
  const order = ['rev-list', '--topo-order', '--reverse'];
  const all = async () => ['--all', ...((await objects.info('HEAD^{commit}')) === undefined ? [] : ['HEAD'])];
  const from = range === undefined ? await all() : [range.head, `^${range.base}`];
  const { stdout } = await askGit(git, place, [...order, ...from]);
  return stdout
    .toString('latin1')
    .split('\n')
    .filter((line) => line !== '');
}

/** Whether this clone lacks contents that its history names: asking for them would need the network. */
export async function isPartialClone(git: GitProgram, repository: Repository): Promise<boolean> {
  if (!mayBePartial(repository)) return false;
  const { code } = await askGit(
    git,
    objectsPlace(repository),
    ['config', '--get-regexp', '^(extensions\\.partialclone|remote\\..*\\.(promisor|partialclonefilter))$'],
    { accept: [1] },
  );
  return code === 0;
}

/** Only a file with one of these words, or one that names another file, can say so: git is asked only then. */
function mayBePartial({ gitDir, commonDir }: Repository): boolean {
  return [join(commonDir, 'config'), join(gitDir, 'config.worktree')].some((file) => {
    try {
      return /promisor|partialclone|include/i.test(readFileSync(file, 'utf8'));
    } catch {
      // What is not there says nothing; of what can't be read git has to say more.
      return file.endsWith('/config');
    }
  });
}

export type CommitLines = {
  readonly git: GitProgram;
  readonly gitDir: string;
  /** Below which folder of the repository paths are looked at. */
  readonly prefix: string;
  readonly commits: readonly string[];
};

/**
 * Reads the lines that commits added, file by file: of a merge those that none of its parents had.
 */
export async function readAddedLines(request: CommitLines, onFile: (file: DiffFile) => void): Promise<void> {
  const { git, gitDir, prefix, commits } = request;
  const command = [
    'diff-tree',
    '--stdin',
    '--root',
    '-r',
    '-p',
    '--cc',
    '-U0',
    '-M',
    '-l200',
    '--no-color',
    '--no-ext-diff',
    '--no-textconv',
    '--ignore-submodules=all',
    '--src-prefix=a/',
    '--dst-prefix=b/',
    ...(prefix === '' ? [] : [`--relative=${prefix}`]),
  ];
  const child = startGit(git, { gitDir, withoutIndex: true }, command);
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    if (errors.length < ERRORS_CHARACTERS_MAX) errors += chunk.toString('utf8');
  });
  child.stdin.on('error', () => {});
  child.stdin.end(commits.map((commit) => `${commit}\n`).join(''));
  const ended = endOf(child);
  // Told below, once the output is read.
  ended.catch(() => {});
  try {
    const parser = new DiffParser(onFile);
    for await (const chunk of child.stdout as Readable & AsyncIterable<Buffer>) parser.push(chunk);
    parser.end();
    const code = await ended;
    if (code !== 0) throw gitFailure(command, code, errors);
  } finally {
    child.kill('SIGKILL');
  }
}

/** Who made commits, and on which day. */
export async function readCommitFacts(
  git: GitProgram,
  repository: Repository,
  commits: ReadonlySet<string>,
): Promise<ReadonlyMap<string, { readonly author: string; readonly date: string }>> {
  if (commits.size === 0) return new Map();
  const { stdout } = await askGit(
    git,
    objectsPlace(repository),
    ['log', '--no-walk=unsorted', '--stdin', '--no-show-signature', '--format=%H%x00%an <%ae>%x00%as'],
    { input: [...commits].map((commit) => `${commit}\n`).join('') },
  );
  const lines = stdout
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');
  return new Map(
    lines.map((line) => {
      const [id = '', author = '', date = ''] = line.split('\0');
      return [id, { author, date }];
    }),
  );
}
