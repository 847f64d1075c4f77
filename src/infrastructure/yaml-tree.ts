import { parseDocument } from 'yaml';
import { foldYaml, type YamlBuilder, type YamlEntry, YamlLimit } from '../positioned/index.ts';
import { DEPTH_MAX, type Entry, type MapTree, type Scalar, type Span, type Tree, UNKNOWN_PART } from './tree.ts';

export type YamlDocument = {
  readonly root: Tree;
  /** Where it begins in the file. */
  readonly start: number;
};

export type YamlReading = { readonly documents: readonly YamlDocument[]; readonly problem?: string };

/** Aliases are followed this often in one document; more is an attack on whoever reads it. */
const ALIASES_MAX = 200;
/** Nodes that one document may grow to with its aliases written out. */
const NODES_MAX = 200_000;
const LIMITS = { depthMax: DEPTH_MAX, nodesMax: NODES_MAX, aliasesMax: ALIASES_MAX };

/**
 * Reads YAML (and JSON, which is YAML) into trees. Documents are cut at their markers first, so that those that nobody asks for
 * cost no parsing; `wants` sees the text of each.
 */
export function readYaml(
  text: string,
  wants: (document: string) => boolean,
  { isOpen = false }: { readonly isOpen?: boolean } = {},
): YamlReading {
  const documents: YamlDocument[] = [];
  let problem: string | undefined;
  for (const { start, end } of documentSpans(text)) {
    const part = text.slice(start, end);
    if (!wants(part)) continue;
    const root = readDocument(part, start, isOpen);
    if (typeof root === 'string') problem ??= root;
    else documents.push({ root, start });
  }
  return problem === undefined ? { documents } : { documents, problem };
}

/** A `---` in the first column always divides documents: inside a block scalar it would be indented. */
function* documentSpans(text: string): Generator<{ start: number; end: number }> {
  const marker = /^---(?=\s|$)/gm;
  let start = 0;
  for (let found = marker.exec(text); found !== null; found = marker.exec(text)) {
    if (found.index > start) yield { start, end: found.index };
    start = found.index + 3;
  }
  if (start < text.length) yield { start, end: text.length };
}

function readDocument(text: string, offset: number, isOpen: boolean): Tree | string {
  try {
    const document = parseDocument(text, { uniqueKeys: false, strict: false, logLevel: 'silent', stringKeys: false });
    const [error] = document.errors;
    if (error !== undefined) return error.message.split('\n')[0] ?? 'not YAML';
    if (document.contents === null) return { kind: 'scalar', value: null, start: offset, end: offset };
    return foldYaml(document.contents, builderOf(text, offset, isOpen), LIMITS);
  } catch (error) {
    // The parser recurses: what nests thousands deep ends its stack. That is the file's fault and one finding-free file.
    if (error instanceof YamlLimit) return error.message;
    return error instanceof RangeError ? 'nests too deep' : 'not YAML';
  }
}

/** `offset`: of the document in the file. With `isOpen`, templates may add entries to any map. */
function builderOf(text: string, offset: number, isOpen: boolean): YamlBuilder<Tree> {
  const moved = ({ start, end }: Span): Span => ({ start: offset + start, end: offset + end });
  return {
    scalar: ({ value: written, style, ...at }) => {
      const value = scalarOf(written);
      if (typeof value === 'string' && value.includes(UNKNOWN_PART))
        return { kind: 'unknown', partial: value, ...moved(at) };
      const isBlock = style === 'literal' || style === 'folded';
      return { kind: 'scalar', value, ...moved(at), ...(isBlock ? { isBlock } : {}) };
    },
    sequence: (items, at) => ({ kind: 'list', items, ...moved(at) }),
    mapping: (entries, at) => mapOf(entries, { text, moved, isOpen, at }),
    alias: (at) => ({ kind: 'unknown', ...moved(at) }),
  };
}

function mapOf(
  pairs: readonly YamlEntry<Tree>[],
  {
    text,
    moved,
    at,
    ...outer
  }: {
    readonly text: string;
    readonly moved: (span: Span) => Span;
    readonly isOpen: boolean;
    readonly at: Span & { readonly isFlow: boolean };
  },
): MapTree {
  const own = new Set(pairs.map(({ key }) => key?.value));
  const entries: Entry[] = [];
  let { isOpen } = outer;
  for (const { key, keySpan, value, alias } of pairs) {
    const name = key === undefined ? '' : String(key.value);
    if (name === '<<') {
      for (const merged of value.kind === 'list' ? value.items : [value]) {
        if (merged.kind === 'map') entries.push(...merged.entries.filter((entry) => !own.has(entry.key)));
        else isOpen = true;
      }
      continue;
    }
    if (name.includes(UNKNOWN_PART)) isOpen = true;
    const place = moved(keySpan);
    const end = Math.max(place.end, alias === undefined ? value.end : moved(alias).end);
    entries.push({ key: name, start: place.start, keyEnd: place.end, end, value });
  }
  const span = moved(at);
  const isJson = at.isFlow && /^\{\s*"/.test(text.slice(at.start, at.start + 80));
  return {
    kind: 'map',
    entries,
    form: at.isFlow ? (isJson ? 'json' : 'yaml-flow') : 'yaml-block',
    ...span,
    ...(at.isFlow ? { inner: { start: span.start + 1, end: span.end - 1 } } : {}),
    ...(isOpen ? { isOpen } : {}),
  };
}

function scalarOf(value: unknown): Scalar {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value;
  return typeof value === 'bigint' ? value.toString() : JSON.stringify(value);
}
