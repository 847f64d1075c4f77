import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Diagnostic } from '../workflow/index.ts';
import { harmless } from './harmless.ts';
import { fit, type Paint, widthOf } from './terminal.ts';

/** Errors of one file that are printed; what is over is said with its number. */
const DIAGNOSTICS_PER_FILE_MAX = 50;

/** What is kept of a long line after the place that is wrong. */
const CONTEXT_COLUMNS = 24;

/** A larger file is not read for the one line that is shown of it. */
const SOURCE_BYTES_MAX = 4 * 1024 * 1024;

export type DiagnosticOptions = {
  readonly paint: Paint;
  readonly columns: number;
  /** The text of a file, or nothing when it can't be read: then the line is not shown. */
  readonly source: (file: string) => string | undefined;
};

/**
 * Prints what is wrong with files as compilers do: place, rule and message in one line that editors understand, then the
 * line itself with a caret, then the remedy.
 */
export function renderDiagnostics(diagnostics: readonly Diagnostic[], options: DiagnosticOptions): readonly string[] {
  const files = Map.groupBy(diagnostics, ({ file }) => file);
  return [...files].flatMap(([file, all]) => {
    const lines = options.source(file)?.split(/\r?\n/);
    const shown = all.slice(0, DIAGNOSTICS_PER_FILE_MAX).flatMap((one) => renderDiagnostic(one, lines, options));
    const more = all.length - DIAGNOSTICS_PER_FILE_MAX;
    return more > 0 ? [...shown, `${file}: and ${more} more`, ''] : shown;
  });
}

function renderDiagnostic(
  { file, line, column, code, message, remedy }: Diagnostic,
  lines: readonly string[] | undefined,
  { paint, columns }: DiagnosticOptions,
): readonly string[] {
  const place = paint('bold', `${harmless(file, false)}:${line}:${column}:`);
  const out = [`${place} ${paint(['red', 'bold'], `error[${code}]`)}: ${harmless(message, false)}`];
  const text = lines?.[line - 1];
  if (text !== undefined && text.trim() !== '') {
    const gutter = String(line);
    const { shown, before } = windowOf(text, column, columns - gutter.length - 4);
    out.push(` ${paint('blue', `${gutter} |`)} ${shown}`);
    out.push(` ${' '.repeat(gutter.length)} ${paint('blue', '|')} ${' '.repeat(before)}${paint('red', '^')}`);
  }
  if (remedy !== undefined && remedy !== '') out.push(`   ${paint('cyan', 'help:')} ${harmless(remedy, false)}`);
  return [...out, ''];
}

/** The part of a line that has the place in it, and the columns before the place. */
function windowOf(text: string, column: number, columns: number): { readonly shown: string; readonly before: number } {
  // The caret stands below the character as shown, so what precedes it is measured as shown.
  const head = harmless(text.slice(0, Math.max(0, column - 1)), false);
  const before = widthOf(head);
  if (before < columns - CONTEXT_COLUMNS) return { shown: fit(harmless(text, false), columns), before };
  const room = Math.max(0, columns - CONTEXT_COLUMNS - 1);
  const kept = Array.from(head).slice(-room);
  while (widthOf(kept.join('')) > room) kept.shift();
  const tail = harmless(text.slice(Math.max(0, column - 1)), false);
  return { shown: fit(`…${kept.join('')}${tail}`, columns), before: widthOf(`…${kept.join('')}`) };
}

/** The text of a file that a diagnostic names, for its line. A file that can't be read is shown without it. */
export function sourceOf(directory: string, file: string): string | undefined {
  try {
    // A pipe or a device is never opened: that could wait, or read, for ever.
    const found = statSync(resolve(directory, file));
    if (!found.isFile() || found.size > SOURCE_BYTES_MAX) return undefined;
    return readFileSync(resolve(directory, file), 'utf8');
  } catch {
    // The place and the message are printed all the same.
    return undefined;
  }
}
