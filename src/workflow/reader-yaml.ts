import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { excerpt, reasonOf } from '../base/index.ts';
import type { Position } from './model.ts';
import type { FileLimits } from './limits.ts';
import { Problem } from './reader-problems.ts';

/** A YAML scalar with the type that GitHub's reader gives it. */
export type YamlScalar = {
  readonly kind: 'null' | 'boolean' | 'number' | 'string';
  readonly value: null | boolean | number | string;
  readonly at: Position;
  /** Where the `${{` of the value stand in the file: the function gives one after the other. */
  readonly expressionPlaces: () => () => Position;
};
export type YamlNode =
  | YamlScalar
  | { readonly kind: 'sequence'; readonly items: readonly YamlNode[]; readonly at: Position }
  | {
      readonly kind: 'mapping';
      readonly entries: readonly { readonly key: YamlScalar; readonly value: YamlNode }[];
      readonly at: Position;
    };

type Reading = {
  readonly text: string;
  readonly lines: LineCounter;
  readonly limits: FileLimits;
  nodes: number;
};

/**
 * Reads YAML as GitHub does: YAML 1.2 with its core types, anchors but no merge keys, no other tags, at most 50,000
 * nodes and 50 levels. Throws a `Problem`.
 */
export function readYaml(text: string, limits: FileLimits): YamlNode {
  const bytes = Buffer.byteLength(text);
  if (bytes > limits.bytesMax) {
    const message = `The maximum file size of ${limits.bytesMax} characters has been exceeded`;
    throw new Problem('file-too-large', { line: 1, column: 1 }, message);
  }
  const lines = new LineCounter();
  const document = parseYaml(text, lines);
  const reading: Reading = { text, lines, limits, nodes: 0 };
  const root = document.contents;
  if (root === null) throw new Problem('file-empty', { line: 1, column: 1 }, 'The file is empty');
  return convertNode(root, { reading, depth: 0, anchors: new Map(), open: new Set() });
}

/** What GitHub's YAML reader lets pass: a comment without a space before it, as in `[one]# two`. */
const TOLERATED = /^Comments must be separated from other tokens/;

function parseYaml(text: string, lines: LineCounter) {
  const document = (() => {
    try {
      return parseDocument(text, {
        lineCounter: lines,
        keepSourceTokens: true,
        uniqueKeys: false,
        version: '1.2',
        schema: 'failsafe',
        prettyErrors: false,
        // Not `silent`: it would hide that a second document follows, which nobody would read.
        logLevel: 'error',
      });
    } catch (thrown) {
      // Very deep nesting overflows the parser's stack: the same refusal as any other unreadable text.
      throw new Problem('yaml-invalid', { line: 1, column: 1 }, `The YAML is nested too deeply: ${reasonOf(thrown)}`);
    }
  })();
  const first = document.errors.find(({ message }) => !TOLERATED.test(message));
  if (first !== undefined) {
    const { line, col } = lines.linePos(first.pos[0]);
    // The parser's stack overflows in very deep nesting; it notes that as an error at the place.
    if (/call stack/.test(first.message)) {
      throw new Problem('yaml-depth-exceeded', { line, column: col }, 'Maximum object depth exceeded');
    }
    throw new Problem('yaml-invalid', { line, column: col }, excerpt(first.message));
  }
  return document;
}

type Walk = {
  readonly reading: Reading;
  readonly depth: number;
  readonly anchors: Map<string, Node>;
  /** Anchored nodes that we are inside of: an alias to one of them would never end. */
  readonly open: Set<Node>;
};

function convertNode(node: Node, walk: Walk): YamlNode {
  const at = positionOf(node, walk.reading);
  walk.reading.nodes++;
  if (walk.reading.nodes > walk.reading.limits.nodesMax) {
    throw new Problem('yaml-nodes-exceeded', at, 'Maximum YAML nodes exceeded');
  }
  if (isAlias(node)) return convertAlias(node.source, at, walk);
  if (isScalar(node)) {
    if (node.anchor !== undefined) walk.anchors.set(node.anchor, node);
    return convertScalar(node, at, walk.reading);
  }
  if (!isSeq(node) && !isMap(node)) throw new Problem('yaml-invalid', at, 'An unknown kind of YAML node');
  if (walk.depth >= walk.reading.limits.depthMax)
    throw new Problem('yaml-depth-exceeded', at, 'Maximum object depth exceeded');
  if (node.anchor !== undefined) walk.anchors.set(node.anchor, node);
  walk.open.add(node);
  const deeper = { ...walk, depth: walk.depth + 1 };
  const result = isSeq(node) ? convertSequence(node, at, deeper) : convertMapping(node, at, deeper);
  walk.open.delete(node);
  return result;
}

function convertAlias(name: string, at: Position, walk: Walk): YamlNode {
  const target = walk.anchors.get(name);
  if (target === undefined) throw new Problem('yaml-invalid', at, `Unknown anchor '${excerpt(name)}'`);
  if (walk.open.has(target))
    throw new Problem('yaml-invalid', at, `The alias '${excerpt(name)}' stands inside of what it names`);
  return convertNode(target, walk);
}

function convertSequence(node: YAMLSeq, at: Position, walk: Walk): YamlNode {
  const items: YamlNode[] = [];
  for (const item of node.items) {
    items.push(isNode(item) ? convertNode(item, walk) : nullScalar(at));
  }
  return { kind: 'sequence', items, at };
}

function convertMapping(node: YAMLMap, at: Position, walk: Walk): YamlNode {
  const entries: { key: YamlScalar; value: YamlNode }[] = [];
  for (const pair of node.items as readonly Pair[]) {
    const key = isNode(pair.key) ? convertNode(pair.key, walk) : nullScalar(at);
    if (key.kind === 'sequence' || key.kind === 'mapping') {
      throw new Problem('yaml-invalid', key.at, 'A key of a mapping must be a plain value');
    }
    if (isMergeKey(pair)) {
      const message = "YAML merge keys ('<<') are not supported; anchors and aliases are";
      throw new Problem('merge-key-unsupported', key.at, message);
    }
    const value = isNode(pair.value) ? convertNode(pair.value, walk) : nullScalar(key.at);
    entries.push({ key, value });
  }
  return { kind: 'mapping', entries, at };
}

/**
 * `<<: *base`. GitHub takes `<<` for an ordinary key, which no place of a workflow has, or, in `env`, for a variable that is
 * no text: three errors at other places for one mistake. With a plain value it stays an ordinary key.
 */
function isMergeKey({ key, value }: Pair): boolean {
  const isPlain = isScalar(key) && key.value === '<<' && (key.type === undefined || key.type === 'PLAIN');
  return isPlain && (isAlias(value) || isMap(value) || isSeq(value));
}

function isNode(value: unknown): value is Node {
  return isAlias(value) || isScalar(value) || isSeq(value) || isMap(value);
}

/** Where a node starts. A tag and an anchor before it belong to it. */
function positionOf(node: Node, reading: Reading): Position {
  const start = node.range?.[0] ?? 0;
  const hasProperties = !isAlias(node) && (node.tag !== undefined || node.anchor !== undefined);
  const offset = hasProperties ? start - propertiesBefore(reading.text, start) : start;
  const { line, col } = reading.lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

/** Characters that tags and anchors are looked for in. */
const PROPERTIES_CHARACTERS_MAX = 500;

function propertiesBefore(text: string, offset: number): number {
  const before = text.slice(Math.max(0, offset - PROPERTIES_CHARACTERS_MAX), offset);
  const line = before.slice(before.lastIndexOf('\n') + 1);
  const words = line.split(/(?<=\s)(?=\S)/);
  let length = 0;
  for (let word = words.pop(); word !== undefined && /^[!&]\S*\s+$/.test(word); word = words.pop())
    length += word.length;
  return length;
}

function nullScalar(at: Position): YamlScalar {
  return { kind: 'null', value: null, at, expressionPlaces: () => () => at };
}

/** The library ends a block scalar with a line break also where the file ends without one. */
function withoutAddedBreak(value: string, node: Scalar, reading: Reading): string {
  const isBlock = node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED';
  const isAdded = isBlock && value.endsWith('\n') && !reading.text.endsWith('\n');
  return isAdded && (node.range?.[1] ?? 0) >= reading.text.length ? value.slice(0, -1) : value;
}

const STYLES: { readonly [type: string]: string } = {
  PLAIN: 'Plain',
  QUOTE_DOUBLE: 'DoubleQuoted',
  QUOTE_SINGLE: 'SingleQuoted',
  BLOCK_LITERAL: 'Literal',
  BLOCK_FOLDED: 'Folded',
};
const TAG_PREFIX = 'tag:yaml.org,2002:';

function convertScalar(node: Scalar, at: Position, reading: Reading): YamlScalar {
  // In the failsafe schema every scalar is a text; an absent one is null.
  const text = withoutAddedBreak(typeof node.value === 'string' ? node.value : '', node, reading);
  const style = node.type === undefined ? 'Plain' : (STYLES[node.type] ?? node.type);
  const places = () => expressionPlaces(node, at, reading);
  const typed = typeScalar(text, style, node.tag, at);
  return { ...typed, at, expressionPlaces: places };
}

function typeScalar(
  text: string,
  style: string,
  tag: string | undefined,
  at: Position,
): Pick<YamlScalar, 'kind' | 'value'> {
  if (tag !== undefined && tag !== '!') {
    const name = tag.startsWith(TAG_PREFIX) ? tag.slice(TAG_PREFIX.length) : tag;
    if (name === 'str') return { kind: 'string', value: text };
    if (style !== 'Plain') {
      throw new Problem('yaml-invalid', at, `The scalar style '${style}' is not valid with the tag '${excerpt(tag)}'`);
    }
    const kinds = { bool: 'boolean', float: 'number', int: 'number', null: 'null' } as const;
    const wanted = Object.hasOwn(kinds, name) ? kinds[name as keyof typeof kinds] : undefined;
    if (wanted === undefined) throw new Problem('yaml-invalid', at, `Unexpected tag '${excerpt(tag)}'`);
    const typed = plainScalar(text);
    if (typed.kind !== wanted || (name === 'int' && !INTEGER.test(text))) {
      throw new Problem('yaml-invalid', at, `The value '${excerpt(text)}' is invalid for the type '${tag}'`);
    }
    return typed;
  }
  return style === 'Plain' ? plainScalar(text) : { kind: 'string', value: text };
}

const INTEGER = /^(?:[-+]?\d+|0x[0-9a-fA-F]+|0o[0-7]+)$/;
const FLOAT = /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?$/;

/** The core schema of YAML 1.2, as GitHub's reader matches it. */
function plainScalar(text: string): Pick<YamlScalar, 'kind' | 'value'> {
  if (text === '' || text === '~' || text === 'null' || text === 'Null' || text === 'NULL') {
    return { kind: 'null', value: null };
  }
  if (text === 'true' || text === 'True' || text === 'TRUE') return { kind: 'boolean', value: true };
  if (text === 'false' || text === 'False' || text === 'FALSE') return { kind: 'boolean', value: false };
  if (INTEGER.test(text)) return { kind: 'number', value: Number(text) };
  if (FLOAT.test(text)) return { kind: 'number', value: Number(text) };
  if (/^[-+]?\.(?:inf|Inf|INF)$/.test(text)) {
    return { kind: 'number', value: text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY };
  }
  if (text === '.nan' || text === '.NaN' || text === '.NAN') return { kind: 'number', value: Number.NaN };
  return { kind: 'string', value: text };
}

const OPEN_EXPRESSION = '${{';

/**
 * Places of the `${{` in the source of the scalar, in order; escapes that hide one lead to the scalar's own place.
 * Called once a scalar and then once an expression, so that many expressions don't take quadratic time.
 */
function expressionPlaces(node: Scalar, at: Position, reading: Reading): () => Position {
  const [start, end] = node.range ?? [0, 0];
  let offset = start - 1;
  return () => {
    if (offset < end) offset = reading.text.indexOf(OPEN_EXPRESSION, offset + 1);
    if (offset < 0 || offset >= end) {
      offset = end;
      return at;
    }
    const { line, col } = reading.lines.linePos(offset);
    return { line, column: col };
  };
}
