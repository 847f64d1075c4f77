import { type Edit, type FileView, type Finding, viewOf } from '../finding/index.ts';
import type { Tree } from '../source/index.ts';

/** Findings whose lines are read: what a person looks at. */
export const EXCERPTS_MAX = 200;
/** Lines of a fix that are shown. */
const CHANGE_LINES_MAX = 8;
/** Hard-coded credentials: their line is not shown, but what the finding says of it. */
const CREDENTIALS: ReadonlySet<number> = new Set([259, 321, 798]);

/** What a person sees of the code of a finding. */
export type Excerpt = {
  readonly line: string;
  /** Where the finding is in that line, in UTF-16 code units from 1; nothing when the line is told in other words. */
  readonly mark?: { readonly column: number; readonly endColumn: number };
  /** The lines that a fix takes out and puts in. */
  readonly change?: { readonly line: number; readonly removed: readonly string[]; readonly added: readonly string[] };
};

export type Sources = {
  /** A scanned file with a finding, as it was scanned. */
  readonly textOf: (file: string) => FileView | undefined;
  readonly excerptOf: (finding: Finding) => Excerpt | undefined;
};

/** Reads the files of the findings. What any finding says is a secret is masked in all that is shown of them. */
export async function readSources(
  tree: Tree,
  findings: readonly Finding[],
  suppressed: readonly Finding[],
): Promise<Sources> {
  const shown = findings.slice(0, EXCERPTS_MAX);
  const entries = new Map((await tree.list()).map((entry) => [entry.path, entry]));
  const views = new Map<string, FileView>();
  const edited = shown.flatMap(({ fix }) => (fix.kind === 'edit' ? fix.edits.map(({ file }) => file) : []));
  for (const file of new Set([...shown.map(({ place }) => place.file), ...edited])) {
    const entry = entries.get(file);
    const reading = entry === undefined ? undefined : await tree.read(entry);
    if (reading?.ok === true) views.set(file, viewOf(file, reading.bytes));
  }
  const secrets = Map.groupBy([...findings, ...suppressed].filter(isSecret), ({ place }) => place.file);
  return {
    textOf: (file) => views.get(file),
    excerptOf(finding) {
      // What is in the history is not at that place any more.
      if (finding.commit !== undefined) return undefined;
      const view = views.get(finding.place.file);
      return view === undefined ? undefined : excerptOf(finding, view, maskOf(view, secrets.get(view.path) ?? []));
    },
  };
}

function isSecret({ kind, cwe }: Finding): boolean {
  return kind === 'secrets' || (cwe !== undefined && CREDENTIALS.has(cwe));
}

/** The text with every known secret as asterisks, of the same length: places stay what they are. */
function maskOf(view: FileView, secrets: readonly Finding[]): string {
  let { text } = view;
  for (const { place } of secrets.filter(({ commit }) => commit === undefined)) {
    const start = view.offsetOfLine(place.line) + place.column - 1;
    const end = view.offsetOfLine(place.endLine) + place.endColumn - 1;
    text = text.slice(0, start) + text.slice(start, end).replaceAll(/[^\s]/g, '*') + text.slice(end);
  }
  return text;
}

function excerptOf(finding: Finding, view: FileView, masked: string): Excerpt {
  const { place, fix } = finding;
  const start = view.offsetOfLine(place.line);
  const line = lineAt(masked, start);
  const endColumn = place.endLine === place.line ? place.endColumn : line.length + 1;
  const change = fix.kind === 'edit' ? changeOf(masked, view, fix.edits) : undefined;
  return {
    ...(isSecret(finding)
      ? { line: finding.evidence }
      : { line, mark: { column: place.column, endColumn: Math.max(endColumn, place.column + 1) } }),
    ...(change === undefined ? {} : { change }),
  };
}

function lineAt(text: string, start: number): string {
  const end = text.indexOf('\n', start);
  return text.slice(start, end === -1 ? text.length : end).replace(/\r$/, '');
}

/** The lines around the edits of this file, before and after. Those that both have at either end are left out. */
function changeOf(text: string, view: FileView, edits: readonly Edit[]): Excerpt['change'] {
  const own = edits.filter(({ file }) => file === view.path).sort((a, b) => a.start - b.start);
  const [first] = own;
  const last = own.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const from = text.lastIndexOf('\n', first.start - 1) + 1;
  const next = text.indexOf('\n', last.end);
  const to = next === -1 ? text.length : next;
  let after = '';
  let at = from;
  for (const edit of own) {
    if (edit.start < at) return undefined;
    after += text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  const removed = text.slice(from, to).split('\n');
  const added = (after + text.slice(at, to)).split('\n');
  let line = view.placeAt(from, from).line;
  while (removed.length > 0 && added.length > 0 && removed[0] === added[0]) {
    removed.shift();
    added.shift();
    line += 1;
  }
  while (removed.length > 0 && added.length > 0 && removed.at(-1) === added.at(-1)) {
    removed.pop();
    added.pop();
  }
  return { line, removed: cut(removed), added: cut(added) };
}

function cut(lines: readonly string[]): readonly string[] {
  if (lines.length <= CHANGE_LINES_MAX) return lines;
  return [...lines.slice(0, CHANGE_LINES_MAX - 1), `… ${lines.length - CHANGE_LINES_MAX + 1} more lines`];
}
