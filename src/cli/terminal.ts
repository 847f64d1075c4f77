import { styleText } from 'node:util';
import truncatedWidth from 'fast-string-truncated-width';

/** Where the command writes. Made in `bin` from the process's own streams. */
export type Terminal = {
  /** Standard output: results. */
  write(text: string): void;
  /** Standard error: what went wrong, and prompts. */
  writeError(text: string): void;
  /** Standard output is a terminal that can move its cursor. */
  readonly isInteractive: boolean;
  /** Standard input and output are both a terminal: questions can be asked. */
  readonly canAsk: boolean;
  readonly colors: boolean;
  /** Asked at each use, since a window may be resized. */
  columns(): number;
  rows(): number;
  onResize(callback: () => void): () => void;
};

type Style = Parameters<typeof styleText>[0];

/** Colours a text of ours. */
export type Paint = (style: Style, text: string) => string;

export function paintOf(colors: boolean): Paint {
  return colors ? (style, text) => styleText(style, text, { validateStream: false }) : (_style, text) => text;
}

/** Columns that a text takes. Colour sequences take none. */
export function widthOf(text: string): number {
  return truncatedWidth(text).width;
}

/** Cuts a text to the columns, with `…` when something was cut; colours are ended. */
export function fit(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  const end = text.includes('\u001b[') ? '\u001b[0m' : '';
  // The library's place can be one character late after a symbol: asked again for less, it is right.
  for (let limit = columns - 1; limit > 0; limit -= 1) {
    const cut = `${text.slice(0, truncatedWidth(text, { limit }).index)}…`;
    if (widthOf(cut) <= columns) return `${cut}${end}`;
  }
  return columns < 1 ? '' : '…';
}

/** `0.4s`, `12.3s`, `2m 05s`, `1h 02m`. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 59.95) return `${seconds.toFixed(1)}s`;
  const whole = Math.round(seconds);
  const pad = (value: number) => String(value).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${pad(whole % 60)}s`;
  return `${Math.floor(whole / 3600)}h ${pad(Math.floor((whole % 3600) / 60))}m`;
}

/** `1 job`, `3 jobs`. */
export function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}
