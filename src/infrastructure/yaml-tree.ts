import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, parseDocument } from 'yaml';
import { DEPTH_MAX, type Entry, type MapTree, type Scalar, type Tree, UNKNOWN_PART } from './tree.ts';

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
    const anchors = new Map<string, Node>();
    const state = { offset, text, anchors, isOpen, aliases: 0, nodes: 0 };
    return convert(document.contents, state, 0) ?? 'nests too deep';
  } catch (error) {
    // The parser recurses: what nests thousands deep ends its stack. That is the file's fault and one finding-free file.
    return error instanceof RangeError ? 'nests too deep' : 'not YAML';
  }
}

type State = {
  readonly offset: number;
  readonly text: string;
  readonly anchors: Map<string, Node>;
  /** Templates may add entries to any map. */
  readonly isOpen: boolean;
  aliases: number;
  nodes: number;
};

function convert(node: unknown, state: State, depth: number): Tree | undefined {
  state.nodes += 1;
  if (depth > DEPTH_MAX || state.nodes > NODES_MAX) return undefined;
  if (isAlias(node)) {
    state.aliases += 1;
    const target = state.anchors.get(node.source);
    const span = spanOf(node, state);
    if (target === undefined || state.aliases > ALIASES_MAX) return { kind: 'unknown', ...span };
    return convert(target, state, depth + 1);
  }
  if (isScalar(node)) {
    if (node.anchor !== undefined) state.anchors.set(node.anchor, node);
    const value = scalarOf(node.value);
    const span = spanOf(node, state);
    if (typeof value === 'string' && value.includes(UNKNOWN_PART)) return { kind: 'unknown', partial: value, ...span };
    const isBlock = node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED';
    return { kind: 'scalar', value, ...span, ...(isBlock ? { isBlock } : {}) };
  }
  if (isSeq(node)) {
    if (node.anchor !== undefined) state.anchors.set(node.anchor, node);
    const items: Tree[] = [];
    for (const item of node.items) {
      const tree = convert(item, state, depth + 1);
      if (tree === undefined) return undefined;
      items.push(tree);
    }
    return { kind: 'list', items, ...spanOf(node, state) };
  }
  if (isMap(node)) {
    if (node.anchor !== undefined) state.anchors.set(node.anchor, node);
    return convertMap(node.items, { ...spanOf(node, state), isFlow: node.flow === true }, state, depth);
  }
  return { kind: 'scalar', value: null, start: state.offset, end: state.offset };
}

function convertMap(
  pairs: readonly Pair[],
  place: { readonly start: number; readonly end: number; readonly isFlow: boolean },
  state: State,
  depth: number,
): MapTree | undefined {
  const entries: Entry[] = [];
  let isOpen = state.isOpen;
  for (const pair of pairs) {
    const key = isScalar(pair.key) ? pair.key : undefined;
    const keySpan = spanOf(pair.key, state);
    const value =
      pair.value === null
        ? ({ kind: 'scalar', value: null, start: keySpan.end, end: keySpan.end } as const)
        : convert(pair.value, state, depth + 1);
    if (value === undefined) return undefined;
    const name = key === undefined ? '' : String(key.value);
    if (name === '<<') {
      for (const merged of value.kind === 'list' ? value.items : [value]) {
        if (merged.kind === 'map') entries.push(...merged.entries.filter((entry) => !has(pairs, entry.key)));
        else isOpen = true;
      }
      continue;
    }
    if (name.includes(UNKNOWN_PART)) isOpen = true;
    const end = Math.max(keySpan.end, isScalarAlias(pair.value) ? spanOf(pair.value, state).end : value.end);
    entries.push({ key: name, start: keySpan.start, keyEnd: keySpan.end, end, value });
  }
  const isJson =
    place.isFlow && /^\{\s*"/.test(state.text.slice(place.start - state.offset, place.start - state.offset + 80));
  return {
    kind: 'map',
    entries,
    form: place.isFlow ? (isJson ? 'json' : 'yaml-flow') : 'yaml-block',
    start: place.start,
    end: place.end,
    ...(place.isFlow ? { inner: { start: place.start + 1, end: place.end - 1 } } : {}),
    ...(isOpen ? { isOpen } : {}),
  };
}

function isScalarAlias(node: unknown): boolean {
  return isAlias(node);
}

function has(pairs: readonly Pair[], key: string): boolean {
  return pairs.some((pair) => isScalar(pair.key) && pair.key.value === key);
}

function scalarOf(value: unknown): Scalar {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value;
  return typeof value === 'bigint' ? value.toString() : JSON.stringify(value);
}

function spanOf(node: unknown, state: State): { start: number; end: number } {
  const range = typeof node === 'object' && node !== null && 'range' in node ? node.range : undefined;
  const [start, end] = Array.isArray(range) ? range : [0, 0];
  return typeof start === 'number' && typeof end === 'number'
    ? { start: state.offset + start, end: state.offset + end }
    : { start: state.offset, end: state.offset };
}
