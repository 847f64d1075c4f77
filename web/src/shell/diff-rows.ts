/** A part of a diff as git tells it: lines begin with a blank, a plus, a minus, or a backslash for a remark. */
export type DiffHunk = {
  readonly oldStart: number;
  readonly newStart: number;
  readonly section: string;
  readonly lines: readonly string[];
};

export type DiffLine = {
  readonly kind: 'same' | 'added' | 'removed' | 'remark';
  readonly text: string;
  readonly old?: number;
  readonly new?: number;
  /** Where the line differs from the one beside it: from and to, in characters. */
  readonly changed?: readonly [number, number];
};

/** Lines above this are not compared letter by letter. */
const COMPARED_LENGTH_MAX = 500;

/** The lines of a hunk with their numbers; a removed and an added one that stand for each other know where they differ. */
export function linesOf({ oldStart, newStart, lines }: DiffHunk): readonly DiffLine[] {
  let [oldLine, newLine] = [oldStart, newStart];
  const rows: DiffLine[] = [];
  for (const line of lines) {
    const text = line.slice(1);
    if (line.startsWith('+')) rows.push({ kind: 'added', text, new: newLine++ });
    else if (line.startsWith('-')) rows.push({ kind: 'removed', text, old: oldLine++ });
    else if (line.startsWith('\\')) rows.push({ kind: 'remark', text: text.trim() });
    else rows.push({ kind: 'same', text, old: oldLine++, new: newLine++ });
  }
  return withChanges(rows);
}

function withChanges(rows: readonly DiffLine[]): readonly DiffLine[] {
  const changed = [...rows];
  for (const { removed, added } of blocksOf(rows)) {
    if (removed.length !== added.length) continue;
    for (const [at, index] of removed.entries()) {
      const other = added[at] ?? -1;
      const [one, two] = [rows[index], rows[other]];
      const spans = one === undefined || two === undefined ? undefined : spansOf(one.text, two.text);
      if (spans === undefined || one === undefined || two === undefined) continue;
      changed[index] = { ...one, changed: spans[0] };
      changed[other] = { ...two, changed: spans[1] };
    }
  }
  return changed;
}

/** Removed lines with the added ones that follow them, as places in the list. */
function blocksOf(rows: readonly DiffLine[]): readonly { readonly removed: number[]; readonly added: number[] }[] {
  const blocks: { removed: number[]; added: number[] }[] = [];
  let before: DiffLine['kind'] = 'same';
  for (const [at, { kind }] of rows.entries()) {
    if (kind === 'removed') {
      if (before !== 'removed') blocks.push({ removed: [], added: [] });
      blocks.at(-1)?.removed.push(at);
    } else if (kind === 'added') {
      if (before === 'same') blocks.push({ removed: [], added: [] });
      blocks.at(-1)?.added.push(at);
    }
    if (kind !== 'remark') before = kind;
  }
  return blocks;
}

/** What two lines have not in common: what is between their same beginning and their same end. */
function spansOf(one: string, two: string): readonly [[number, number], [number, number]] | undefined {
  const max = Math.min(one.length, two.length);
  if (Math.max(one.length, two.length) > COMPARED_LENGTH_MAX) return undefined;
  let start = 0;
  while (start < max && one[start] === two[start]) start += 1;
  let end = 0;
  while (end < max - start && one[one.length - 1 - end] === two[two.length - 1 - end]) end += 1;
  // Lines with little in common are no versions of each other.
  if (start + end < max / 3) return undefined;
  return [
    [start, one.length - end],
    [start, two.length - end],
  ];
}

/** Rows of two columns: what was, and what is. */
export function sideBySide(
  rows: readonly DiffLine[],
): readonly (readonly [DiffLine | undefined, DiffLine | undefined])[] {
  const pairs: [DiffLine | undefined, DiffLine | undefined][] = [];
  const waiting: { removed: DiffLine[]; added: DiffLine[] } = { removed: [], added: [] };
  const flush = () => {
    for (let at = 0; at < Math.max(waiting.removed.length, waiting.added.length); at += 1) {
      pairs.push([waiting.removed[at], waiting.added[at]]);
    }
    waiting.removed = [];
    waiting.added = [];
  };
  for (const row of rows) {
    if (row.kind === 'removed') {
      if (waiting.added.length > 0) flush();
      waiting.removed.push(row);
    } else if (row.kind === 'added') waiting.added.push(row);
    else if (row.kind === 'same') {
      flush();
      pairs.push([row, row]);
    }
  }
  flush();
  return pairs;
}
