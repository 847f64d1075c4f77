import type { Edit } from '../finding/index.ts';

/** Texts by path: those that differ from the tree. */
export type Overlay = ReadonlyMap<string, string>;

/** Whether two edits can't both be applied. Equal edits can: two findings may be mended by one change. */
export function isConflict(a: Edit, b: Edit): boolean {
  if (a.file !== b.file || isEqual(a, b)) return false;
  // Two insertions at one place have no order, and an insertion at the edge of a replaced range does not touch it.
  if (a.start === a.end && b.start === b.end) return a.start === b.start;
  return a.start < b.end && b.start < a.end;
}

function isEqual(a: Edit, b: Edit): boolean {
  return a.file === b.file && a.start === b.start && a.end === b.end && a.text === b.text;
}

/**
 * Applies edits of one file to its text. Answers nothing when one lies outside of the text, ends before it starts or conflicts
 * with another: such a fix was made for another text.
 */
export function applyEdits(text: string, edits: readonly Edit[]): string | undefined {
  const ordered = [...edits].sort((a, b) => a.start - b.start || a.end - b.end);
  const parts: string[] = [];
  let at = 0;
  let last: Edit | undefined;
  for (const edit of ordered) {
    if (last !== undefined && isEqual(last, edit)) continue;
    if (edit.start > edit.end || edit.end > text.length || edit.start < at) return undefined;
    if (last !== undefined && isConflict(last, edit)) return undefined;
    parts.push(text.slice(at, edit.start), edit.text);
    at = edit.end;
    last = edit;
  }
  parts.push(text.slice(at));
  return parts.join('');
}
