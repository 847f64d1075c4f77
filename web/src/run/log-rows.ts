/**
 * Which rows a log has on the screen: headers of steps and of groups, and lines, without what is folded. It is computed from where steps
 * and groups begin, never from the lines: those of a long log are not there.
 */
export type Segment = { readonly step: string; readonly from: number; readonly count: number };
export type GroupSpan = { readonly from: number; readonly to: number; readonly title: string };

export type Row =
  | { readonly kind: 'step'; readonly step: string; readonly isFolded: boolean; readonly lines: number }
  | { readonly kind: 'group'; readonly line: number; readonly title: string; readonly isFolded: boolean }
  | { readonly kind: 'line'; readonly line: number };

export type LogShape = {
  readonly segments: readonly Segment[];
  readonly groups: readonly GroupSpan[];
  /** Outer steps in their order, also those that have not logged. */
  readonly steps: readonly string[];
  readonly isStepFolded: (step: string) => boolean;
  readonly isGroupFolded: (firstLine: number) => boolean;
};

export type LogRows = {
  readonly count: number;
  at(row: number): Row | undefined;
  /** The row of a line; that of the header that hides it, when it is folded. */
  rowOf(line: number): number;
  rowOfStep(step: string): number;
};

/** Rows that are of one kind and follow each other. */
type Block = {
  readonly row: number;
  readonly rows: number;
  /** First line and how many it stands for, also hidden ones. */
  readonly from: number;
  readonly lines: number;
  readonly row0: Row;
};

/** `build` of `build/inner`: steps of composite actions are shown as part of theirs. */
export const outerStep = (step: string): string => step.split('/', 1)[0] ?? step;

export function logRows(shape: LogShape): LogRows {
  const blocks: Block[] = [];
  const headers = new Map<string, number>();
  let row = 0;
  const add = (row0: Row, from: number, lines: number, rows: number) => {
    if (rows === 0) return;
    blocks.push({ row, rows, from, lines, row0 });
    row += rows;
  };
  const groups = new GroupWalk(shape.groups);
  for (const part of inOrder(shape)) {
    const isFolded = shape.isStepFolded(part.step);
    if (!headers.has(part.step)) headers.set(part.step, row);
    const lines = part.count;
    add({ kind: 'step', step: part.step, isFolded, lines }, part.from, isFolded ? lines : 0, 1);
    if (!isFolded) addLines(part, { groups, shape, add });
  }
  return {
    count: row,
    at: (wanted) => rowAt(blocks, wanted),
    rowOf: (line) => rowOfLine(blocks, line),
    rowOfStep: (step) => headers.get(step) ?? 0,
  };
}

type Part = { readonly step: string; readonly from: number; readonly count: number };

/** Segments by outer step, neighbours together, with a header for each step that has no line at its place among the others. */
function inOrder({ segments, steps }: LogShape): readonly Part[] {
  const parts: { step: string; from: number; count: number }[] = [];
  for (const { step, from, count } of segments) {
    const outer = outerStep(step);
    const last = parts.at(-1);
    if (last?.step === outer) last.count += count;
    else parts.push({ step: outer, from, count });
  }
  const known = new Set(parts.map(({ step }) => step));
  const silent = steps.filter((step) => !known.has(step));
  for (const step of silent) {
    const before = steps.slice(0, steps.indexOf(step)).toReversed();
    const at = parts.findLastIndex((part) => before.includes(part.step));
    const previous = at === -1 ? undefined : parts[at];
    parts.splice(at + 1, 0, { step, from: previous === undefined ? 0 : previous.from + previous.count, count: 0 });
  }
  return parts;
}

class GroupWalk {
  readonly #groups: readonly GroupSpan[];
  #at = 0;

  constructor(groups: readonly GroupSpan[]) {
    this.#groups = groups;
  }

  /** The next group that begins in these lines. Asked for in order. */
  next(from: number, end: number): GroupSpan | undefined {
    while ((this.#groups[this.#at]?.from ?? Number.POSITIVE_INFINITY) < from) this.#at += 1;
    const group = this.#groups[this.#at];
    return group !== undefined && group.from < end ? group : undefined;
  }
}

function addLines(
  part: Part,
  how: {
    readonly groups: GroupWalk;
    readonly shape: LogShape;
    readonly add: (row: Row, from: number, lines: number, rows: number) => void;
  },
): void {
  const { groups, shape, add } = how;
  const end = part.from + part.count;
  for (let at = part.from; at < end; ) {
    const group = groups.next(at, end);
    const plain = (group?.from ?? end) - at;
    add({ kind: 'line', line: at }, at, plain, plain);
    at += plain;
    if (group === undefined) break;
    const isFolded = shape.isGroupFolded(group.from);
    const inside = Math.min(group.to, end - 1) - group.from;
    add({ kind: 'group', line: group.from, title: group.title, isFolded }, group.from, isFolded ? inside + 1 : 1, 1);
    at += 1;
    if (isFolded) at += inside;
  }
}

function rowAt(blocks: readonly Block[], row: number): Row | undefined {
  const block = blocks[lastAtMost(blocks, row, (one) => one.row)];
  if (block === undefined || row < 0 || row >= block.row + block.rows) return undefined;
  return block.row0.kind === 'line' ? { kind: 'line', line: block.row0.line + row - block.row } : block.row0;
}

function rowOfLine(blocks: readonly Block[], line: number): number {
  for (let at = lastAtMost(blocks, line, ({ from }) => from); at >= 0; at -= 1) {
    const block = blocks[at];
    if (block === undefined || block.lines === 0) continue;
    if (line >= block.from + block.lines) return block.row + block.rows - 1;
    return block.row0.kind === 'line' ? block.row + line - block.from : block.row;
  }
  return 0;
}

/** The last whose key is not above; the keys go up. */
function lastAtMost(blocks: readonly Block[], value: number, keyOf: (block: Block) => number): number {
  let low = 0;
  let high = blocks.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const block = blocks[middle];
    if (block !== undefined && keyOf(block) <= value) low = middle + 1;
    else high = middle - 1;
  }
  return high;
}
