import { type Kind, type Match, matchKey, type Scanner } from '../finding/index.ts';
import type { FileChange, Tree, TreeEntry } from '../source/index.ts';
import type { FileScanner } from './file-scan.ts';
import { finishScan, type Outcomes } from './finish.ts';
import { type Found, joined } from './found.ts';

/**
 * Sources beside the changed ones that are read for what flows between files, bytes: the nearest ones, always the same for the
 * same change. A change request must not wait for a whole tree.
 */
const CONTEXT_BYTES_MAX = 768 * 1024;

/** Kinds that need all their files to say something of one; their files are few. */
const WHOLE: ReadonlySet<Kind> = new Set(['dependencies', 'workflows']);

/** Scans the changed files as they were and as they are, and says which findings are new. */
export async function compareScans(
  tree: Tree,
  base: { readonly tree: Tree; readonly changes: readonly FileChange[] },
  {
    fileScanner,
    isChosen,
    scanners,
  }: {
    readonly fileScanner: FileScanner;
    readonly isChosen: (path: string) => boolean;
    readonly scanners: ReadonlyMap<Kind, Scanner>;
  },
): Promise<Found> {
  const changes = base.changes.filter(({ head, base: was }) => isChosen(head?.path ?? was?.path ?? ''));
  const heads = changes.flatMap(({ head }) => (head === undefined ? [] : [head]));
  const bases = changes.flatMap(({ base: was }) => (was === undefined ? [] : [was]));
  const context = await contextScan(tree, changes, { fileScanner, scanners });
  const now = await fileScanner.scan(tree, heads);
  const before = await fileScanner.scan(base.tree, bases);
  const earlier = finishScan(scanners, joined(context.outcomes, before.outcomes));
  const moved = new Map(
    changes.flatMap(({ head, base: was }) =>
      head !== undefined && was !== undefined && head.path !== was.path ? [[was.path, head.path]] : [],
    ),
  );
  const known = earlier.matches.map((match) => relocate(match, moved));
  const scanned = new Set(heads.map(({ path }) => path));
  return {
    outcomes: joined(context.outcomes, now.outcomes),
    gaps: now.gaps,
    notes: [...context.notes, ...passedOver(heads, fileScanner)],
    isScanned: (path) => scanned.has(path),
    reporter(matches) {
      const places = newPlaces(matches, known);
      return (place) => places.has(place);
    },
    files: now.files,
    bytes: now.bytes,
  };
}

/** Outcomes of the files around the change. What was found in them alone is on both sides and cancels out. */
async function contextScan(
  tree: Tree,
  changes: readonly FileChange[],
  { fileScanner, scanners }: { readonly fileScanner: FileScanner; readonly scanners: ReadonlyMap<Kind, Scanner> },
): Promise<{ readonly outcomes: Outcomes; readonly notes: readonly string[] }> {
  const kinds = [...scanners].filter(([, scanner]) => scanner.finish !== undefined).map(([kind]) => kind);
  if (kinds.length === 0) return { outcomes: new Map(), notes: [] };
  const changed = new Set(changes.flatMap(({ head, base }) => [head?.path, base?.path]));
  const rest = (await tree.list()).filter(({ path, kind }) => kind === 'file' && !changed.has(path));
  const whole = await fileScanner.scan(tree, rest, { kinds: new Set(kinds.filter((kind) => WHOLE.has(kind))) });
  const others = new Set(kinds.filter((kind) => !WHOLE.has(kind)));
  if (others.size === 0) return { outcomes: whole.outcomes, notes: [] };
  const { entries, isCut } = nearby(rest, changes, (entry) => fileScanner.wants(entry, others));
  const near = await fileScanner.scan(tree, entries, { kinds: others });
  return {
    outcomes: joined(whole.outcomes, near.outcomes),
    notes: isCut
      ? ['the tree is large: flows between files were followed among the changed files and those near them']
      : [],
  };
}

function nearby(
  rest: readonly TreeEntry[],
  changes: readonly FileChange[],
  isWanted: (entry: TreeEntry) => boolean,
): { readonly entries: readonly TreeEntry[]; readonly isCut: boolean } {
  const wanted = rest.filter(isWanted);
  if (sizeOf(wanted) <= CONTEXT_BYTES_MAX) return { entries: wanted, isCut: false };
  const folders = [...new Set(changes.map(({ head, base }) => folderOf(head?.path ?? base?.path ?? '')))];
  const near = wanted
    .map((entry) => ({
      entry,
      distance: Math.min(...folders.map((folder) => distanceOf(folderOf(entry.path), folder))),
    }))
    .sort((a, b) => a.distance - b.distance);
  const entries: TreeEntry[] = [];
  let bytes = 0;
  for (const { entry } of near) {
    if (bytes + entry.bytes > CONTEXT_BYTES_MAX) continue;
    bytes += entry.bytes;
    entries.push(entry);
  }
  return { entries, isCut: true };
}

/** Steps up and down from one folder to another. */
function distanceOf(from: string, to: string): number {
  const [left, right] = [from, to].map((folder) => (folder === '' ? [] : folder.split('/')));
  if (left === undefined || right === undefined) return 0;
  let shared = 0;
  while (shared < left.length && left[shared] === right[shared]) shared += 1;
  return left.length + right.length - 2 * shared;
}

/** What a change brings where nobody looks at code may be what it is about: it is named. */
function passedOver(heads: readonly TreeEntry[], fileScanner: FileScanner): readonly string[] {
  const paths = heads.filter((entry) => fileScanner.passesOver(entry, 'code')).map(({ path }) => path);
  if (paths.length === 0) return [];
  const named = `${paths.slice(0, 3).join(', ')}${paths.length > 3 ? ` and ${paths.length - 3} more` : ''}`;
  return [`code was not looked at where it is installed, vendored or generated: ${named}; --everything looks at it`];
}

function sizeOf(entries: readonly TreeEntry[]): number {
  return entries.reduce((sum, { bytes }) => sum + bytes, 0);
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** A finding of a moved file is as old as the file. It must have been one where the file was: a move into view is none. */
function relocate(match: Match, moved: ReadonlyMap<string, string>): Match {
  const file = moved.get(match.place.file);
  return file === undefined ? match : { ...match, place: { ...match.place, file } };
}

/** Of equal matches as many are new as there are more than before: the last ones. */
function newPlaces(after: readonly Match[], before: readonly Match[]): ReadonlySet<Match['place']> {
  const counts = new Map<string, number>();
  for (const match of before) counts.set(matchKey(match), (counts.get(matchKey(match)) ?? 0) + 1);
  const sorted = [...after].sort((a, b) => a.place.line - b.place.line || a.place.column - b.place.column);
  const places = new Set<Match['place']>();
  for (const match of sorted) {
    const key = matchKey(match);
    const left = counts.get(key) ?? 0;
    if (left > 0) counts.set(key, left - 1);
    else places.add(match.place);
  }
  return places;
}
