import type { Severity } from '../finding/index.ts';
import { harmless } from './harmless.ts';
import { fit, type Paint, widthOf } from './terminal.ts';

/** The widest that text is set. */
export const TEXT_COLUMNS_MAX = 110;
/** What is kept of a long line before its place. */
export const CONTEXT_COLUMNS = 24;

export type ScanReportOptions = {
  readonly paint: Paint;
  readonly columns: number;
  readonly durationMs: number;
  /** Findings of at least this severity fail the scan. */
  readonly failOn: Severity;
  /** Each finding whole, with its way and why it matters. */
  readonly verbose: boolean;
};

export const COLOURS = { critical: 'magenta', high: 'red', medium: 'yellow', low: 'cyan', info: 'gray' } as const;

/** The part of a line that has the place in it, and the columns before the place. */
export function windowOf(
  text: string,
  column: number,
  columns: number,
): { readonly shown: string; readonly before: number } {
  const head = harmless(text.slice(0, Math.max(0, column - 1)), false);
  const before = widthOf(head);
  if (before < columns - CONTEXT_COLUMNS) return { shown: fit(harmless(text, false), columns), before };
  const room = Math.max(0, Math.floor(columns / 2) - 1);
  const kept = Array.from(head).slice(-room);
  while (widthOf(kept.join('')) > room) kept.shift();
  const tail = harmless(text.slice(Math.max(0, column - 1)), false);
  return { shown: fit(`…${kept.join('')}${tail}`, columns), before: widthOf(`…${kept.join('')}`) };
}

/** Breaks at blanks; a word that is longer than a line is cut into lines. */
export function wrap(text: string, columns: number): readonly string[] {
  const width = Math.max(16, columns);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (widthOf(longer) <= width) {
      line = longer;
      continue;
    }
    if (line !== '') lines.push(line);
    let rest = word;
    for (; widthOf(rest) > width && !rest.includes('\u001b'); rest = rest.slice(width))
      lines.push(rest.slice(0, width));
    line = rest;
  }
  lines.push(line);
  return lines;
}
