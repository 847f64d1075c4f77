import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { askGit, type GitProgram, splitNul } from './git.ts';
import { objectsPlace } from './repository.ts';
import { folderTree } from './folder-tree.ts';
import { type OpenRepository, sizesOf } from './object-tree.ts';
import type { TreeEntry } from './tree.ts';
import { type Side, treeChanges } from './tree-changes.ts';

/** A file that a change touches. Paths are below the folder that was named. */
export type FileChange = {
  /** As it is afterwards; nothing when it is removed. */
  readonly head?: TreeEntry;
  /** As it was before, where it was: another path for one that moved; nothing when it is new. */
  readonly base?: TreeEntry;
};

/** What a change goes to. */
export type ChangeEnd =
  | { readonly kind: 'commit'; readonly commit: string }
  | { readonly kind: 'index' }
  | { readonly kind: 'folder'; readonly root: string };

/** Similar files among the added and removed ones that are compared to find moved ones. */
const RENAMES_MAX = 400;

/** The files that differ between a commit and something later, with moved ones found. Submodules and links are left out. */
export async function listChanges(
  opened: OpenRepository,
  { base, head }: { readonly base: string; readonly head: ChangeEnd },
): Promise<readonly FileChange[]> {
  if (head.kind === 'folder') return folderChanges(opened, base, head.root);
  if (head.kind === 'commit') {
    const raw = await treeChanges(opened.objects, { base, head: head.commit });
    if (raw !== undefined) return changesOf(opened, raw);
  }
  const command = head.kind === 'commit' ? ['diff-tree', '-r'] : ['diff-index', '--cached'];
  const ends = head.kind === 'commit' ? [base, head.commit] : [base];
  return rawChanges(opened, [...command, '--raw', '-z', '--no-abbrev', '-M', `-l${RENAMES_MAX}`, ...ends]);
}

async function rawChanges(opened: OpenRepository, command: readonly string[]): Promise<readonly FileChange[]> {
  const { stdout } = await askGit(opened.git, objectsPlace(opened.repository), command);
  return changesOf(opened, [...parseRaw(splitNul(stdout))]);
}

async function changesOf(
  { objects, repository }: OpenRepository,
  raw: readonly { readonly from: Side; readonly to: Side }[],
): Promise<readonly FileChange[]> {
  const sides = raw.flatMap(({ from, to }) => [from, to]).filter(({ mode }) => kindOf(mode) !== undefined);
  const sizes = await sizesOf(
    objects,
    sides.map(({ blob }) => blob),
  );
  return raw.flatMap(({ from, to }) => {
    const [base, head] = [from, to].map(({ path, mode, blob }): TreeEntry | undefined => {
      const kind = kindOf(mode);
      if (kind === undefined || !path.startsWith(repository.prefix)) return undefined;
      return { path: path.slice(repository.prefix.length), kind, bytes: sizes.get(blob) ?? 0, blob };
    });
    if (base === undefined && head === undefined) return [];
    return [{ ...(base === undefined ? {} : { base }), ...(head === undefined ? {} : { head }) }];
  });
}

function kindOf(mode: string): 'file' | 'symlink' | undefined {
  return mode.startsWith('100') ? 'file' : mode === '120000' ? 'symlink' : undefined;
}

/** `:<mode> <mode> <object> <object> <status>` and one path, or two for a moved file. */
function* parseRaw(fields: readonly string[]): Generator<{ readonly from: Side; readonly to: Side }> {
  for (let at = 0; at < fields.length; ) {
    const [fromMode = '', toMode = '', fromBlob = '', toBlob = '', status = ''] = (fields[at] ?? '')
      .slice(1)
      .split(' ');
    const isMoved = /^[RC]/.test(status);
    const from = fields[at + 1] ?? '';
    const to = isMoved ? (fields[at + 2] ?? '') : from;
    at += isMoved ? 3 : 2;
    yield {
      // A copy has not taken its source away, but what it brings is as old as that.
      from: { path: from, mode: fromMode, blob: fromBlob },
      to: { path: to, mode: toMode, blob: toBlob },
    };
  }
}

/**
 * Between a commit and the work tree. git is not asked to compare files itself: to do that it would run the filters that the
 * repository configures. What is unchanged in the index is unchanged; the rest is told apart by content when it is scanned.
 */
async function folderChanges(opened: OpenRepository, base: string, root: string): Promise<readonly FileChange[]> {
  const { git, repository } = opened;
  const place = { gitDir: repository.gitDir, workTree: repository.top ?? root, cwd: root };
  const [staged, dirty, listed] = await Promise.all([
    rawChanges(opened, ['diff-index', '--cached', '--raw', '-z', '--no-abbrev', '-M', `-l${RENAMES_MAX}`, base]),
    dirtyPaths(git, place),
    folderTree(root, { git, repository }).list(),
  ]);
  const present = new Map(
    listed.filter(({ kind }) => kind === 'file' || kind === 'symlink').map((entry) => [entry.path, entry]),
  );
  const changes = new Map<string, FileChange>();
  for (const change of staged) {
    const path = change.head?.path ?? change.base?.path ?? '';
    const head = change.head === undefined ? undefined : present.get(change.head.path);
    changes.set(path, {
      ...(change.base === undefined ? {} : { base: change.base }),
      ...(head === undefined ? {} : { head }),
    });
  }
  const rest = [...dirty].filter((path) => !changes.has(path));
  const before = await entriesAt(opened, base, rest);
  for (const path of rest) {
    const head = present.get(path);
    const was = before.get(path);
    if (head === undefined && was === undefined) continue;
    changes.set(path, { ...(was === undefined ? {} : { base: was }), ...(head === undefined ? {} : { head }) });
  }
  return [...changes.values()];
}

/** Paths whose files are, or may be, other than staged: by their times and sizes, and those that nobody has added. */
async function dirtyPaths(
  git: GitProgram,
  place: { readonly gitDir: string; readonly workTree: string; readonly cwd: string },
): Promise<ReadonlySet<string>> {
  const [staged, untracked] = await Promise.all([
    // Not `diff-files`: where times differ it compares contents, through the filters that the repository configures.
    askGit(git, place, ['ls-files', '-z', '--debug']),
    askGit(git, place, ['ls-files', '-z', '--others', '--exclude-standard']),
  ]);
  const index = lstatSync(join(place.gitDir, 'index'), { throwIfNoEntry: false });
  const dirty = [...stagedTimes(staged.stdout.toString('utf8'))]
    .filter((entry) => isDirty(join(place.cwd, entry.path), entry, index?.mtimeMs ?? 0))
    .map(({ path }) => path);
  return new Set([...dirty, ...splitNul(untracked.stdout)]);
}

type StagedTime = { readonly path: string; readonly mtimeMs: number; readonly bytes: number };

/** The path, a NUL, and lines of what the index knows of the file. */
function* stagedTimes(text: string): Generator<StagedTime> {
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\0', at);
    const size = text.indexOf('  size: ', end);
    const next = size === -1 ? -1 : text.indexOf('\n', size);
    if (end === -1 || next === -1) return;
    const facts = text.slice(end, next);
    const [, seconds = '', nanoseconds = ''] = /mtime: (\d+):(\d+)/.exec(facts) ?? [];
    const mtimeMs = Number(seconds) * 1000 + Number(nanoseconds) / 1e6;
    yield { path: text.slice(at, end), mtimeMs, bytes: Number(/size: (\d+)/.exec(facts)?.[1]) };
    at = next + 1;
  }
}

/** The time of a file, milliseconds, is known to less than this. */
const TIME_MS = 0.002;

function statOf(path: string) {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    // A folder on the way that can't be entered: what is listed tells it.
    return undefined;
  }
}

/** A file as young as the index may have been changed after it was added, as git itself has it. */
function isDirty(path: string, { mtimeMs, bytes }: StagedTime, indexMs: number): boolean {
  const stat = statOf(path);
  if (stat === undefined || !stat.isFile() || stat.size !== bytes) return true;
  return Math.abs(stat.mtimeMs - mtimeMs) > TIME_MS || stat.mtimeMs >= indexMs;
}

/** What holds a name that can't be asked for counts as new. */
async function entriesAt(
  { objects, repository }: OpenRepository,
  commit: string,
  paths: readonly string[],
): Promise<ReadonlyMap<string, TreeEntry>> {
  const infos = await Promise.all(paths.map((path) => objects.info(`${commit}:${repository.prefix}${path}`)));
  return new Map(
    paths.flatMap((path, at) => {
      const info = infos[at];
      return info?.type === 'blob' ? [[path, { path, kind: 'file', bytes: info.bytes, blob: info.id }]] : [];
    }),
  );
}
