import { LineCounter, parseAllDocuments, parseDocument } from 'yaml';
import { foldYaml, type YamlBuilder, YamlLimit } from '../positioned/index.ts';
import { FILE_BYTES_MAX, YAML_DEPTH_MAX, YAML_NODES_MAX } from '../workflow/index.ts';

/** Where something stands in the text of the file: offsets in UTF-16 code units, the end exclusive. */
export type Span = { readonly start: number; readonly end: number };

export type Scalar = Span & {
  readonly kind: 'scalar';
  readonly text: string;
  readonly style: 'plain' | 'single' | 'double' | 'literal' | 'folded';
  /** Nothing is written, `~` or `null`. */
  readonly isNull: boolean;
};
export type Entry = { readonly key: Scalar; readonly value: YamlNode };
export type Mapping = Span & { readonly kind: 'mapping'; readonly entries: readonly Entry[]; readonly isFlow: boolean };
export type Sequence = Span & {
  readonly kind: 'sequence';
  readonly items: readonly YamlNode[];
  readonly isFlow: boolean;
};
/** A YAML value that keeps its place. Aliases are replaced by what they name. */
export type YamlNode = Scalar | Mapping | Sequence;

export type YamlTree = {
  readonly root: YamlNode | undefined;
  /** What is wrong with the file, the first of it; what could be read is there all the same. */
  readonly problem?: { readonly line: number; readonly message: string };
};

/** Levels of brackets in flow style before the parser is not even asked: it recurses, and is slow on what never ends. */
const BRACKETS_MAX = YAML_DEPTH_MAX * 2;

/** Workflows share steps by aliases as they like: what they grow to is bounded. */
const LIMITS = { depthMax: YAML_DEPTH_MAX, nodesMax: YAML_NODES_MAX, aliasesMax: YAML_NODES_MAX };

/**
 * Reads YAML as far as it goes. Larger, deeper or longer files than the engine reads are not read here either. With
 * `documents`, the last of several documents counts, as in GitLab's files with a `spec:` header.
 */
export function readTree(text: string, options: { readonly documents?: boolean } = {}): YamlTree {
  if (text.length > FILE_BYTES_MAX) return refused(1, `the file has more than ${FILE_BYTES_MAX} bytes`);
  if (bracketDepth(text) > BRACKETS_MAX) return refused(1, 'the YAML is nested too deeply');
  const lines = new LineCounter();
  const settings = {
    lineCounter: lines,
    uniqueKeys: false,
    version: '1.2',
    schema: 'failsafe',
    prettyErrors: false,
    logLevel: 'silent',
    strict: false,
  } as const;
  try {
    const document =
      options.documents === true ? lastOf(parseAllDocuments(text, settings)) : parseDocument(text, settings);
    if (document === undefined) return { root: undefined };
    const [error] = document.errors;
    const root = document.contents === null ? undefined : foldYaml(document.contents, BUILDER, LIMITS);
    if (error === undefined) return { root };
    return {
      root,
      problem: { line: Math.max(1, lines.linePos(error.pos[0]).line), message: firstLine(error.message) },
    };
  } catch (thrown) {
    if (thrown instanceof YamlLimit) return refused(1, `the file ${thrown.message}`);
    // Deep nesting overflows the stack of the parser: the file is not read.
    if (thrown instanceof RangeError) return refused(1, 'the YAML is nested too deeply');
    return refused(1, 'the file is not YAML');
  }
}

function refused(line: number, message: string): YamlTree {
  return { root: undefined, problem: { line, message } };
}

function firstLine(text: string): string {
  return text.split('\n')[0]?.slice(0, 200) ?? '';
}

function lastOf<T>(items: readonly T[] | { readonly empty: true }): T | undefined {
  return 'at' in items ? items.at(-1) : undefined;
}

/** The deepest nesting of brackets outside of comments, quotes not looked at: an estimate from above. */
function bracketDepth(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x5b || code === 0x7b) {
      depth += 1;
      if (depth > deepest) deepest = depth;
    } else if ((code === 0x5d || code === 0x7d) && depth > 0) depth -= 1;
    // A script may hold many that never close; in flow style a line rarely ends with more open than it began.
    else if (code === 0x0a && depth < BRACKETS_MAX / 2) depth = 0;
  }
  return deepest;
}

const BUILDER: YamlBuilder<YamlNode> = {
  scalar: ({ value, style, start, end }) => scalarOf(typeof value === 'string' ? value : '', { start, end }, style),
  sequence: (items, { start, end, isFlow }) => ({ kind: 'sequence', items, isFlow, start, end }),
  mapping: (entries, { start, end, isFlow }) => ({
    kind: 'mapping',
    entries: entries.flatMap(({ key, value }): readonly Entry[] =>
      key === undefined
        ? []
        : [{ key: scalarOf(typeof key.value === 'string' ? key.value : '', spanOf(key), key.style), value }],
    ),
    isFlow,
    start,
    end,
  }),
  alias: (span) => scalarOf('', span, 'plain'),
};

function spanOf({ start, end }: Span): Span {
  return { start, end };
}

function scalarOf(text: string, span: Span, style: Scalar['style']): Scalar {
  const isNull = style === 'plain' && (text === '' || text === '~' || text === 'null');
  return { kind: 'scalar', text, style, isNull, ...span };
}

/** The value at the end of a path of keys. A `<<` is looked into, as the other systems do. */
export function at(node: YamlNode | undefined, ...path: readonly string[]): YamlNode | undefined {
  let current = node;
  for (const key of path) current = entryOf(current, key)?.value;
  return current;
}

/** The last entry of this name, as YAML libraries that allow repeated keys do. */
export function entryOf(node: YamlNode | undefined, key: string): Entry | undefined {
  if (node?.kind !== 'mapping') return undefined;
  let merged: Entry | undefined;
  for (let index = node.entries.length - 1; index >= 0; index -= 1) {
    const entry = node.entries[index];
    if (entry === undefined) continue;
    if (entry.key.text === key) return entry;
    if (entry.key.text === '<<' && merged === undefined) {
      for (const target of listOf(entry.value)) merged ??= entryOf(target, key);
    }
  }
  return merged;
}

export function entriesOf(node: YamlNode | undefined): readonly Entry[] {
  return node?.kind === 'mapping' ? node.entries : [];
}

/** The text of a scalar that is not null. */
export function textOf(node: YamlNode | undefined): string | undefined {
  return node?.kind === 'scalar' && !node.isNull ? node.text : undefined;
}

export function scalarAt(node: YamlNode | undefined, ...path: readonly string[]): Scalar | undefined {
  const value = at(node, ...path);
  return value?.kind === 'scalar' && !value.isNull ? value : undefined;
}

/** A list, or one thing that stands for a list of one. */
export function listOf(node: YamlNode | undefined): readonly YamlNode[] {
  if (node === undefined || (node.kind === 'scalar' && node.isNull)) return [];
  return node.kind === 'sequence' ? node.items : [node];
}

/** The texts of a list of scalars, or of one. */
export function textsOf(node: YamlNode | undefined): readonly string[] {
  return listOf(node).flatMap((item) => textOf(item) ?? []);
}

/** Every scalar below a node, with the key that it stands at. */
export function* scalarsOf(
  node: YamlNode | undefined,
  key?: Scalar,
): Generator<{ key: Scalar | undefined; value: Scalar }> {
  if (node === undefined) return;
  if (node.kind === 'scalar') yield { key, value: node };
  else if (node.kind === 'sequence') for (const item of node.items) yield* scalarsOf(item, key);
  else for (const entry of node.entries) yield* scalarsOf(entry.value, entry.key);
}
