import type { SourceSpot } from '../base/index.ts';

/** Where each key of a TOML document stands: `rules.3.regex` to line and column. Keys in lower case. */
export type TomlPlaces = (path: readonly (string | number)[]) => Required<Pick<SourceSpot, 'line' | 'column'>>;

/**
 * Finds the places of tables and keys in a document that a parser has accepted: the parser gives values without places.
 * A path that is not there has the place of the nearest that is.
 */
export function tomlPlacesOf(source: string): TomlPlaces {
  const places = new Map<string, { line: number; column: number }>([['', { line: 1, column: 1 }]]);
  const counts = new Map<string, number>();
  let table: string[] = [];
  const lines = source.split('\n');
  let open: Open = { quote: '', depth: 0 };
  for (const [index, text] of lines.entries()) {
    const column = text.length - text.trimStart().length + 1;
    if (open.quote === '' && open.depth === 0) {
      const header = /^\s*\[(\[?)\s*([^\]]+?)\s*\]/.exec(text);
      if (header !== null) {
        table = tableOf(partsOf(header[2] ?? ''), header[1] === '[', counts);
        places.set(table.join('.'), { line: index + 1, column });
        continue;
      }
      const key = /^\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=/.exec(text);
      if (key === null) continue;
      places.set([...table, ...partsOf(key[1] ?? '')].join('.'), { line: index + 1, column });
      open = scanLine(text.slice(key[0].length), open);
    } else open = scanLine(text, open);
  }
  return (path) => {
    const parts = path.map((part) => String(part).toLowerCase());
    for (let length = parts.length; length >= 0; length -= 1) {
      const place = places.get(parts.slice(0, length).join('.'));
      if (place !== undefined) return place;
    }
    return { line: 1, column: 1 };
  };
}

function partsOf(key: string): string[] {
  return (key.match(/"[^"]*"|'[^']*'|[\w-]+/g) ?? []).map((part) => part.replaceAll(/^["']|["']$/g, '').toLowerCase());
}

/** The path of a table with the indices of the arrays on its way. */
function tableOf(parts: readonly string[], isArray: boolean, counts: Map<string, number>): string[] {
  const path: string[] = [];
  for (const [at, part] of parts.entries()) {
    path.push(part);
    const key = path.join('.');
    const count = counts.get(key);
    if (isArray && at === parts.length - 1) {
      const next = count === undefined ? 0 : count + 1;
      counts.set(key, next);
      path.push(String(next));
    } else if (count !== undefined) path.push(String(count));
  }
  return path;
}

type Open = { readonly quote: string; readonly depth: number };

/** What is still open at the end of a line: a text of many lines, an array. */
function scanLine(text: string, open: Open): Open {
  let { quote, depth } = open;
  for (let at = 0; at < text.length; at += 1) {
    if (quote !== '') {
      if (quote.startsWith('"') && text[at] === '\\') at += 1;
      else if (text.startsWith(quote, at)) {
        at += quote.length - 1;
        quote = '';
      }
      continue;
    }
    const letter = text[at] ?? '';
    if (letter === '#') break;
    if (letter === '"' || letter === "'") {
      quote = text.startsWith(letter.repeat(3), at) ? letter.repeat(3) : letter;
      at += quote.length - 1;
    } else if (letter === '[' || letter === '{') depth += 1;
    else if (letter === ']' || letter === '}') depth -= 1;
  }
  return { quote: quote.length === 1 ? '' : quote, depth: Math.max(0, depth) };
}
