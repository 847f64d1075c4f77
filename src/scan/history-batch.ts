import { reasonOf } from '../base/index.ts';
import { type Gap, type Match, type Place, type Scanner, viewOf } from '../finding/index.ts';
import { type CommitLines, type DiffFile, readAddedLines } from '../source/index.ts';

/** What was found in the lines of some commits. Plain data: it crosses threads. */
export type HistoryResult = {
  /** Commits with what they added; one without anything is not named. */
  readonly found: readonly { readonly commit: string; readonly matches: readonly Match[] }[];
  readonly gaps: readonly Gap[];
  readonly bytes: number;
  /** Contents that are no text. */
  readonly binaries: number;
};

/** A scanner that tells lines that follow each other from those that do not. */
type HistoryScanner = Scanner & {
  scanAdded?(added: {
    readonly path: string;
    readonly text: string;
    readonly lines: readonly number[];
    readonly commit: { readonly sha: string };
  }): { readonly matches: readonly Match[] };
};

/** Lets a scanner look at the lines that commits added. */
export async function scanCommits(request: CommitLines, scanner: HistoryScanner): Promise<HistoryResult> {
  const found = new Map<string, Match[]>();
  const gaps: Gap[] = [];
  let bytes = 0;
  let binaries = 0;
  await readAddedLines(request, (file) => {
    if (file.isBinary) binaries += 1;
    bytes += file.added.length;
    if (file.isCut) gaps.push(gapOf(file, 'it added more than is looked at of one file'));
    if (file.added.length === 0 || !scanner.wants(file.path, file.added.length)) return;
    try {
      const added = matchesOf(file, scanner);
      if (added.length === 0) return;
      const matches = found.get(file.commit) ?? [];
      found.set(file.commit, matches);
      matches.push(...added);
    } catch (thrown) {
      gaps.push(gapOf(file, `the scanner failed: ${reasonOf(thrown).slice(0, 300)}`));
    }
  });
  return { found: [...found].map(([commit, matches]) => ({ commit, matches })), gaps, bytes, binaries };
}

function matchesOf(file: DiffFile, scanner: HistoryScanner): readonly Match[] {
  const { path, added, lines, commit } = file;
  if (scanner.scanAdded === undefined) {
    return scanner.scanFile(viewOf(path, added)).matches.map((match) => relocated(match, file));
  }
  return scanner.scanAdded({ path, text: decoder.decode(added), lines, commit: { sha: commit } }).matches;
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

function gapOf({ commit, path }: DiffFile, reason: string): Gap {
  return { code: 'history-incomplete', file: path, reason: `${path} in commit ${commit.slice(0, 12)}: ${reason}` };
}

/** From the lines that were added to those of the file. What is in the history can't be edited any more. */
function relocated(match: Match, { lines }: DiffFile): Match {
  const { place, fix } = match;
  const line = lines[place.line - 1] ?? 0;
  const moved: Place = { ...place, line, endLine: Math.max(line, lines[place.endLine - 1] ?? 0) };
  const followUp =
    fix.followUp ?? 'Revoke it where it was issued; taking it out of the history does not make it unknown.';
  return { ...match, place: moved, trace: [], fix: { kind: 'none', reason: 'it is in the history', followUp } };
}
