import { harmless } from './harmless.ts';
import { fit, paintOf, type Terminal, widthOf } from './terminal.ts';

/** One column. Its texts come from outside; `paint` colours them after they were made harmless. */
export type Column<Row> = {
  readonly title: string;
  text(row: Row): string;
  paint?(text: string, row: Row): string;
  /** May be cut when the line is too long. */
  readonly isWide?: true;
};

const GAP = '  ';
const WIDE_COLUMNS_MIN = 10;

/** A table on a terminal is cut to its width; in a file or another program it is whole. */
export function renderTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  terminal: Terminal,
): readonly string[] {
  const paint = paintOf(terminal.colors);
  const cells = rows.map((row) => columns.map((column) => harmless(column.text(row).replaceAll('\n', ' '), false)));
  const widths = columns.map(({ title }, at) =>
    Math.max(widthOf(title), ...cells.map((row) => widthOf(row[at] ?? ''))),
  );
  const wide = columns.findIndex(({ isWide }) => isWide === true);
  if (terminal.isInteractive && wide !== -1) {
    const whole = widths.reduce((sum, width) => sum + width, 0) + GAP.length * (columns.length - 1);
    const over = Math.max(0, whole - terminal.columns());
    widths[wide] = Math.max(WIDE_COLUMNS_MIN, (widths[wide] ?? 0) - over);
  }
  const pad = (text: string, at: number) => {
    const shown = fit(text, widths[at] ?? 0);
    return {
      shown,
      blanks: at === columns.length - 1 ? '' : ' '.repeat(Math.max(0, (widths[at] ?? 0) - widthOf(shown))),
    };
  };
  const head = columns.map(({ title }, at) => {
    const { shown, blanks } = pad(title, at);
    return `${paint('dim', shown)}${blanks}`;
  });
  const lines = rows.map((row, line) =>
    columns.map((column, at) => {
      const { shown, blanks } = pad(cells[line]?.[at] ?? '', at);
      return `${column.paint?.(shown, row) ?? shown}${blanks}`;
    }),
  );
  return [head, ...lines].map((parts) => parts.join(GAP).trimEnd());
}

/** The rows as `--json` prints them, or a table, or a word when there are none. */
export function printRows<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  { terminal, json, none }: { readonly terminal: Terminal; readonly json: boolean; readonly none: string },
): void {
  if (json) terminal.write(`${JSON.stringify(rows)}\n`);
  else if (rows.length === 0) terminal.write(`${none}\n`);
  else terminal.write(`${renderTable(rows, columns, terminal).join('\n')}\n`);
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** `3 minutes ago`, `in 29 days`. */
export function fromNow(time: string | undefined, now: number): string {
  if (time === undefined) return 'never';
  const ms = Date.parse(time) - now;
  if (Number.isNaN(ms)) return '?';
  const size = Math.abs(ms);
  const [amount, unit] =
    size < MINUTE_MS
      ? [0, '']
      : size < HOUR_MS
        ? [Math.round(size / MINUTE_MS), 'minute']
        : size < DAY_MS
          ? [Math.round(size / HOUR_MS), 'hour']
          : [Math.round(size / DAY_MS), 'day'];
  if (amount === 0) return 'now';
  const words = `${amount} ${unit}${amount === 1 ? '' : 's'}`;
  return ms < 0 ? `${words} ago` : `in ${words}`;
}
