import { isAlias, isMap, isScalar, isSeq, type Pair, type Scalar } from 'yaml';

/** Where something stands in the text that was parsed: offsets in UTF-16 code units, the end exclusive. */
type Span = { readonly start: number; readonly end: number };

export type YamlScalar = Span & {
  /** As the schema of the parser reads it; nothing at all is `null`. */
  readonly value: unknown;
  /** As it is written, without quotes. */
  readonly source: string | undefined;
  readonly style: 'plain' | 'single' | 'double' | 'literal' | 'folded';
};

export type YamlEntry<Tree> = {
  readonly keySpan: Span;
  /** Nothing for a key that is no scalar. */
  readonly key: YamlScalar | undefined;
  readonly value: Tree;
  /** Where the alias stands that the value is taken from. */
  readonly alias: Span | undefined;
};

/** What is made of each part, from the inside out. */
export type YamlBuilder<Tree> = {
  scalar(scalar: YamlScalar): Tree;
  sequence(items: readonly Tree[], at: Span & { readonly isFlow: boolean }): Tree;
  mapping(entries: readonly YamlEntry<Tree>[], at: Span & { readonly isFlow: boolean }): Tree;
  /** An alias that is not followed: to nothing, to what it stands in, or beyond the limit. */
  alias(at: Span): Tree;
};

export type YamlLimits = {
  readonly depthMax: number;
  readonly nodesMax: number;
  /** Aliases that are followed; those beyond are left to the builder. */
  readonly aliasesMax: number;
};

/** What is too large or too deep to be looked at. */
export class YamlLimit extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/**
 * Makes a tree of what the library has parsed. Each alias is followed to what its name stood for last before it, never into what it
 * stands in itself. Throws `YamlLimit`; what aliases multiply counts as often as it is there.
 */
export function foldYaml<Tree>(root: unknown, builder: YamlBuilder<Tree>, limits: YamlLimits): Tree {
  const walk: Walk<Tree> = { builder, limits, anchors: new Map(), open: new Set(), nodes: 0, aliases: 0 };
  return fold(root, walk, { depth: 0, from: { start: 0, end: 0 } });
}

type Walk<Tree> = {
  readonly builder: YamlBuilder<Tree>;
  readonly limits: YamlLimits;
  readonly anchors: Map<string, unknown>;
  /** Nodes that the walk is inside of. */
  readonly open: Set<unknown>;
  nodes: number;
  aliases: number;
};

/** `from`: the place of what has none of its own, as a value that is not written. */
type At = { readonly depth: number; readonly from: Span };

function fold<Tree>(node: unknown, walk: Walk<Tree>, { depth, from }: At): Tree {
  const { builder, limits } = walk;
  const span = spanOf(node) ?? from;
  walk.nodes += 1;
  if (walk.nodes > limits.nodesMax) throw new YamlLimit(`has more than ${limits.nodesMax} YAML nodes`, span.start);
  if (depth > limits.depthMax) throw new YamlLimit(`is nested deeper than ${limits.depthMax} levels`, span.start);
  if (isAlias(node)) {
    walk.aliases += 1;
    const target = walk.anchors.get(node.source);
    if (target === undefined || walk.open.has(target) || walk.aliases > limits.aliasesMax) return builder.alias(span);
    return fold(target, walk, { depth: depth + 1, from: span });
  }
  if ((isScalar(node) || isMap(node) || isSeq(node)) && node.anchor !== undefined) walk.anchors.set(node.anchor, node);
  if (isScalar(node)) return builder.scalar(scalarOf(node, span));
  if (!isSeq(node) && !isMap(node)) return builder.scalar({ value: null, source: undefined, style: 'plain', ...span });
  walk.open.add(node);
  const place = { ...span, isFlow: node.flow === true };
  const inner = { depth: depth + 1, from: { start: span.start, end: span.start } };
  const made = isSeq(node)
    ? builder.sequence(
        node.items.map((item) => fold(item, walk, inner)),
        place,
      )
    : builder.mapping(
        node.items.map((pair) => entryOf(pair, walk, inner)),
        place,
      );
  walk.open.delete(node);
  return made;
}

function entryOf<Tree>(pair: Pair, walk: Walk<Tree>, { depth, from }: At): YamlEntry<Tree> {
  walk.nodes += 1;
  const keySpan = spanOf(pair.key) ?? from;
  const named = isAlias(pair.key) ? walk.anchors.get(pair.key.source) : pair.key;
  if (isScalar(pair.key) && pair.key.anchor !== undefined) walk.anchors.set(pair.key.anchor, pair.key);
  return {
    keySpan,
    key: isScalar(named) ? scalarOf(named, keySpan) : undefined,
    value: fold(pair.value, walk, { depth, from: { start: keySpan.end, end: keySpan.end } }),
    alias: isAlias(pair.value) ? spanOf(pair.value) : undefined,
  };
}

const STYLES: { readonly [type: string]: YamlScalar['style'] } = {
  QUOTE_DOUBLE: 'double',
  QUOTE_SINGLE: 'single',
  BLOCK_LITERAL: 'literal',
  BLOCK_FOLDED: 'folded',
};

function scalarOf(node: Scalar, span: Span): YamlScalar {
  return { value: node.value, source: node.source, style: STYLES[node.type ?? ''] ?? 'plain', ...span };
}

function spanOf(node: unknown): Span | undefined {
  const range: unknown = typeof node === 'object' && node !== null && 'range' in node ? node.range : undefined;
  const [start, end]: readonly unknown[] = Array.isArray(range) ? range : [];
  return typeof start === 'number' && typeof end === 'number' ? { start, end } : undefined;
}
