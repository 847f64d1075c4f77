import { isFault } from '../base/index.ts';
import { splitNul } from '../source/index.ts';
import { fault } from './faults.ts';
import { type Ask, DIFF_MS_MAX, EMPTY_TREE, requireId, requirePath } from './read-ground.ts';
import { ZERO } from './rules.ts';

/** Of one diff: more files are only counted. */
export const DIFF_FILES_MAX = 1000;
/** Of the hunks together. Above, they are told for one path at a time. */
export const DIFF_BYTES_MAX = 2 * 1024 * 1024;
/** Of one file. Above, its hunks are told when that path alone is asked for. */
const FILE_LINES_MAX = 2000;
const LIST_BYTES_MAX = 16 * 1024 * 1024;
/** Above, git does not look for renames: it compares each removed file with each added one. */
const RENAMES_MAX = 1000;

export type Hunk = {
  readonly oldStart: number;
  readonly newStart: number;
  /** What git thinks it is in: the name of a function, for example. */
  readonly section: string;
  /** Each with its first character: blank, plus, minus, or a backslash for git's own remark. */
  readonly lines: readonly string[];
};

export type FileDiff = {
  readonly path: string;
  /** Where it was before, when it was moved or copied. */
  readonly oldPath?: string;
  readonly status: 'added' | 'modified' | 'deleted' | 'renamed' | 'copied' | 'retyped';
  /** When they differ. */
  readonly oldMode?: string;
  readonly newMode?: string;
  /** Lines; nothing for a file that is no text. */
  readonly additions?: number;
  readonly deletions?: number;
  /** Missing when there are too many to tell with the others: ask for the path alone. */
  readonly hunks?: readonly Hunk[];
};

export type Diff = {
  readonly files: readonly FileDiff[];
  /** Of all, also of those that are not told. */
  readonly count: number;
};

const OPTIONS = [
  '-r',
  `-l${RENAMES_MAX}`,
  '--find-renames',
  '--no-color',
  // Nothing that a repository names is run.
  '--no-ext-diff',
  '--no-textconv',
  '--ignore-submodules=none',
];

/**
 * What differs between two commits; from `ZERO` everything is added. With a path, only what is at it (a folder: below it), with all its
 * hunks. Throws `repo/too-large` when even the list of files is too long.
 */
export async function readDiff(
  ask: Ask,
  { base, head, path }: { readonly base: string; readonly head: string; readonly path?: string },
): Promise<Diff> {
  if (path !== undefined) requirePath(path);
  const places = [
    '--end-of-options',
    base === ZERO ? EMPTY_TREE : requireId(base),
    requireId(head),
    ...(path === undefined ? [] : ['--', path]),
  ];
  const { code, stdout } = await ask(['diff-tree', '-z', '--raw', '--numstat', '--no-abbrev', ...OPTIONS, ...places], {
    accept: [128, 137],
    msMax: DIFF_MS_MAX,
    bytesMax: LIST_BYTES_MAX,
  });
  if (code === 128) throw fault('revision-unknown', `${base} or ${head} is not there`);
  if (code !== 0) throw fault('too-large', `the paths between ${base} and ${head} are too many to list`);
  const files = parseFiles(splitNul(stdout));
  const patches = await readPatches(ask, places);
  const all = files.map((file, at): FileDiff => {
    const hunks = patches === undefined ? undefined : parseHunks(patches[at] ?? '');
    const isLong = (hunks?.reduce((sum, { lines }) => sum + lines.length, 0) ?? 0) > FILE_LINES_MAX;
    return hunks === undefined || (isLong && path === undefined) ? file : { ...file, hunks };
  });
  return { files: all.slice(0, DIFF_FILES_MAX), count: all.length };
}

/** The patch of each file, in the order of the list; nothing when they are too much. */
async function readPatches(ask: Ask, places: readonly string[]): Promise<readonly string[] | undefined> {
  try {
    const { code, stdout } = await ask(['diff-tree', '--patch', '--full-index', ...OPTIONS, ...places], {
      accept: [137],
      msMax: DIFF_MS_MAX,
      bytesMax: DIFF_BYTES_MAX,
    });
    if (code !== 0) return undefined;
    // Lines of content begin with a blank, a plus, a minus or a backslash: none looks like the head of a file.
    return `\n${stdout.toString('utf8')}`.split('\ndiff --git ').slice(1);
  } catch (thrown) {
    if (isFault(thrown, 'repo/too-large')) return undefined;
    throw thrown;
  }
}

const STATUSES: { readonly [letter: string]: FileDiff['status'] } = {
  A: 'added',
  C: 'copied',
  D: 'deleted',
  M: 'modified',
  R: 'renamed',
  T: 'retyped',
};

/** First the raw lines of all files, then the counts of all, in the same order. */
function parseFiles(fields: readonly string[]): readonly FileDiff[] {
  const files: FileDiff[] = [];
  let at = 0;
  while (fields[at]?.startsWith(':') === true) {
    const [, oldMode = '', newMode = '', letter = ''] =
      /^:(\d{6}) (\d{6}) [0-9a-f]+ [0-9a-f]+ ([A-Z])\d*$/.exec(fields[at] ?? '') ?? [];
    const isPair = letter === 'R' || letter === 'C';
    const path = fields[at + (isPair ? 2 : 1)] ?? '';
    const modes = oldMode === newMode ? {} : { oldMode, newMode };
    const oldPath = isPair ? { oldPath: fields[at + 1] ?? '' } : {};
    files.push({ path, ...oldPath, status: STATUSES[letter] ?? 'modified', ...modes });
    at += isPair ? 3 : 2;
  }
  return files.map((file) => {
    const [, additions = '', deletions = '', name = ''] = /^(\d+|-)\t(\d+|-)\t(.*)$/s.exec(fields[at] ?? '') ?? [];
    // The paths of a pair are fields of their own.
    at += name === '' ? 3 : 1;
    return additions === '' || additions === '-'
      ? file
      : { ...file, additions: Number(additions), deletions: Number(deletions) };
  });
}

/** The hunks of one file's patch. */
export function parseHunks(patch: string): readonly Hunk[] {
  const hunks: { oldStart: number; newStart: number; section: string; lines: string[] }[] = [];
  for (const line of patch.split('\n')) {
    const [, oldStart, newStart, section] = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@ ?(.*)$/s.exec(line) ?? [];
    if (oldStart !== undefined && newStart !== undefined) {
      hunks.push({ oldStart: Number(oldStart), newStart: Number(newStart), section: section ?? '', lines: [] });
    } else if (line !== '') hunks.at(-1)?.lines.push(line);
  }
  return hunks;
}
