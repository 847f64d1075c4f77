import { harmless } from './harmless.ts';
import { fit, type Paint, widthOf } from './terminal.ts';

/** Lines of a job summary that are shown; what is over is said with its number. */
export const SUMMARY_LINES_MAX = 200;

export type MarkdownOptions = { readonly paint: Paint; readonly columns: number };

/**
 * Renders the Markdown of a job summary for a terminal: headings, lists, tables, quotes, code, emphasis, links. It is
 * text from outside: each line is made harmless first, HTML is shown without its tags, and a link shows where it leads.
 */
export function renderMarkdown(markdown: string, { paint, columns }: MarkdownOptions): readonly string[] {
  const source = markdown.split(/\r?\n/);
  const shown = source.slice(0, SUMMARY_LINES_MAX).map((line) => harmless(line, false));
  const out: string[] = [];
  let fence: string | undefined;
  let table: string[] = [];
  const endTable = () => {
    if (table.length > 0) out.push(...renderTable(table, paint, columns));
    table = [];
  };
  for (const line of shown) {
    const mark = /^\s{0,3}(`{3,}|~{3,})/.exec(line)?.[1];
    if (fence !== undefined) {
      if (mark !== undefined && mark.startsWith(fence)) fence = undefined;
      else out.push(fit(`  ${paint('dim', line)}`, columns));
    } else if (mark !== undefined) {
      endTable();
      fence = mark;
    } else if (/^\s*\|/.test(line)) {
      table.push(line);
    } else {
      endTable();
      out.push(...renderLine(line, paint, columns));
    }
  }
  endTable();
  if (source.length > SUMMARY_LINES_MAX) {
    out.push(paint('dim', `… ${source.length - SUMMARY_LINES_MAX} more lines`));
  }
  return out;
}

function renderLine(line: string, paint: Paint, columns: number): readonly string[] {
  const heading = /^\s{0,3}(#{1,6})\s+(.*?)\s*#*$/.exec(line);
  if (heading !== null) {
    const style = heading[1]?.length === 1 ? 'underline' : 'bold';
    return [
      paint(
        ['bold', style],
        renderInline(heading[2] ?? '', (_style, text) => text),
      ),
    ];
  }
  if (/^\s{0,3}([-*_])(\s*\1){2,}\s*$/.test(line)) return [paint('dim', '─'.repeat(Math.min(columns, 40)))];
  const quote = /^\s{0,3}>\s?(.*)$/.exec(line);
  if (quote !== null) return wrap(renderInline(quote[1] ?? '', paint), columns, paint('dim', '│ '));
  const item = /^(\s*)([-*+]|\d{1,9}[.)])\s+(?:\[([ xX])\]\s+)?(.*)$/.exec(line);
  if (item !== null) {
    const box = item[3] === undefined ? '' : item[3] === ' ' ? '☐ ' : '☑ ';
    const bullet = /\d/.test(item[2] ?? '') ? `${item[2]} ` : '• ';
    const indent = ' '.repeat(Math.min((item[1] ?? '').length, 20));
    return wrap(`${bullet}${box}${renderInline(item[4] ?? '', paint)}`, columns, indent, '  ');
  }
  return wrap(renderInline(line, paint), columns, '');
}

function renderTable(rows: readonly string[], paint: Paint, columns: number): readonly string[] {
  const cells = rows
    .map((row) =>
      row
        .trim()
        .replace(/^\|/, '')
        .replace(/\|$/, '')
        .split(/(?<!\\)\|/)
        .map((cell) => renderInline(cell.trim().replaceAll('\\|', '|'), paint)),
    )
    .filter((row, at) => !(at === 1 && row.every((cell) => /^:?-+:?$/.test(cell))));
  const hasHeader = rows.length > cells.length;
  const count = Math.max(...cells.map((row) => row.length));
  const share = Math.max(8, Math.floor(columns / Math.max(1, count)) - 2);
  const widths = Array.from({ length: count }, (_, column) =>
    Math.min(share, Math.max(...cells.map((row) => widthOf(row[column] ?? '')))),
  );
  const lines = cells.map((row, at) => {
    const line = widths
      .map((width, column) => {
        const cell = fit(row[column] ?? '', width);
        return cell + ' '.repeat(Math.max(0, width - widthOf(cell)));
      })
      .join('  ')
      .trimEnd();
    return fit(at === 0 && hasHeader ? paint('bold', line) : line, columns);
  });
  if (hasHeader) lines.splice(1, 0, paint('dim', fit(widths.map((width) => '─'.repeat(width)).join('  '), columns)));
  return lines;
}

/** Emphasis, code, links, images and HTML tags within a line. Every pattern is bounded, so that no line is slow. */
function renderInline(text: string, paint: Paint): string {
  return text
    .split(/(`[^`]{1,500}`)/)
    .map((part) => {
      if (part.length > 2 && part.startsWith('`') && part.endsWith('`')) return paint('cyan', part.slice(1, -1));
      return part
        .replaceAll(/<\/?[a-zA-Z][^<>]{0,500}>|<!--[^<>]{0,500}-->/g, '')
        .replaceAll(
          /!\[([^\][]{0,300})\]\(([^()\s]{0,500})[^()]{0,100}\)/g,
          (_all, alt: string) => `[${alt || 'image'}]`,
        )
        .replaceAll(/\[([^\][]{1,300})\]\(([^()\s]{0,500})[^()]{0,100}\)/g, (_all, label: string, target: string) =>
          label === target ? paint('underline', target) : `${paint('underline', label)} (${target})`,
        )
        .replaceAll(/(\*\*|__)([^*_]{1,500})\1/g, (_all, _mark: string, inner: string) => paint('bold', inner))
        .replaceAll(/(?<![\w*])\*([^*\s][^*]{0,500})\*(?!\w)/g, (_all, inner: string) => paint('italic', inner))
        .replaceAll(/~~([^~]{1,500})~~/g, (_all, inner: string) => paint('strikethrough', inner))
        .replaceAll('&lt;', '<')
        .replaceAll('&gt;', '>')
        .replaceAll('&nbsp;', ' ')
        .replaceAll('&amp;', '&');
    })
    .join('');
}

/** Breaks a text at blanks. A word longer than the line is cut by the terminal, not by us, so that it can be copied. */
function wrap(text: string, columns: number, indent: string, hanging = ''): readonly string[] {
  const room = Math.max(20, columns - widthOf(indent) - hanging.length);
  if (widthOf(text) <= room) return [`${indent}${text}`];
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > room) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  lines.push(line);
  return lines.map((each, at) => `${indent}${at === 0 ? '' : hanging}${each}`);
}
