import type { Place } from './model.ts';

/** One file as scanners see it. Text and lines are computed when the first scanner asks. */
export type FileView = {
  /** Path below the scanned root, with `/`. */
  readonly path: string;
  readonly bytes: Uint8Array;
  /** UTF-8; what is not UTF-8 becomes U+FFFD. A byte order mark stays, so that offsets fit. */
  readonly text: string;
  /** The place from offset `start` to `end` of `text`, in UTF-16 code units. */
  placeAt(start: number, end: number): Place;
  /** The offset at which a line begins; lines count from 1. */
  offsetOfLine(line: number): number;
  /** The text of a line without its end. */
  lineText(line: number): string;
};

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export function viewOf(path: string, content: Uint8Array | string): FileView {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  let text: string | undefined = typeof content === 'string' ? content : undefined;
  let starts: readonly number[] | undefined;
  const textOf = () => (text ??= decoder.decode(bytes));
  const startsOf = () => (starts ??= lineStarts(textOf()));
  return {
    path,
    bytes,
    get text() {
      return textOf();
    },
    placeAt(start, end) {
      const from = positionAt(startsOf(), start);
      const to = positionAt(startsOf(), Math.max(start, end));
      return { file: path, line: from.line, column: from.column, endLine: to.line, endColumn: to.column };
    },
    offsetOfLine: (line) => startsOf()[line - 1] ?? textOf().length,
    lineText(line) {
      const start = startsOf()[line - 1];
      if (start === undefined) return '';
      return textOf()
        .slice(start, startsOf()[line] ?? textOf().length)
        .replace(/\r?\n$/, '');
    },
  };
}

function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** Binary search: files have many lines and findings come in any order. */
function positionAt(starts: readonly number[], offset: number): { line: number; column: number } {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
}
