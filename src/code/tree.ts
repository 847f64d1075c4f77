import { createRequire } from 'node:module';
import treeSitter from '@vscode/tree-sitter-wasm';
import { assert } from '../base/index.ts';

const { Language, Parser } = treeSitter;

/** The most nodes of one file that are looked at. A file of a megabyte of ordinary code has about 400,000. */
export const TREE_NODES_MAX = 2_000_000;

/** Nodes nested deeper are left out: the walks over the tree recurse. */
export const TREE_DEPTH_MAX = 400;

/**
 * A syntax tree as arrays, in preorder: a node is a number, its first child is the next number, and `after` is the first
 * number behind its subtree. One pass over the parser's own memory makes it: asking the parser for each node through its
 * interface takes longer than the parsing.
 */
export type Tree = {
  readonly text: string;
  /** The kinds of nodes of the grammar, by number. */
  readonly kinds: readonly string[];
  /** The names of fields of the grammar, by number; 0 is none. */
  readonly fields: readonly string[];
  readonly kind: Uint16Array;
  readonly field: Uint16Array;
  readonly isNamed: Uint8Array;
  readonly start: Int32Array;
  readonly end: Int32Array;
  readonly after: Int32Array;
  readonly size: number;
  /** Whether something was left out because of a limit. */
  readonly isCut: boolean;
};

/** Stands in trees where the grammar did not fit. */
const ERROR_SYMBOL = 0xffff;

/** The tree is good until the next text is parsed. */
export type Parse = (text: string) => Tree;

type Heap = { readonly bytes: Uint8Array; readonly half: Uint16Array; readonly word: Uint32Array };

/** What the grammar says of its nodes: addresses in the parser's memory. */
type Grammar = {
  readonly kinds: readonly string[];
  readonly fields: readonly string[];
  readonly publicKinds: number;
  readonly metadata: number;
  readonly aliases: number;
  readonly aliasesOfRule: number;
  readonly fieldSlices: number;
  readonly fieldEntries: number;
};

const heapOptions: { HEAPU8?: Uint8Array; locateFile: (file: string) => string } = {
  locateFile: (file) => fileOf(file),
};
let initialised: Promise<void> | undefined;

/** Loads a grammar by its name. The runtime is loaded once for each thread. */
export async function loadParser(grammar: string): Promise<Parse> {
  initialised ??= Parser.init(heapOptions);
  await initialised;
  const language = await Language.load(fileOf(`tree-sitter-${grammar}.wasm`));
  const parser = new Parser();
  parser.setLanguage(language);
  const known = grammarOf(addressOf(language), language.types, language.fields);
  return (text) => {
    const tree = parser.parse(text);
    assert(tree !== null, 'the parser has no language');
    try {
      return flatten(heapOf(), known, addressOf(tree), text);
    } finally {
      tree.delete();
    }
  };
}

function fileOf(name: string): string {
  return createRequire(import.meta.url).resolve(`@vscode/tree-sitter-wasm/wasm/${name}`);
}

/** The memory moves when it grows, so it is asked for anew each time. */
function heapOf(): Heap {
  const bytes = heapOptions.HEAPU8;
  assert(bytes !== undefined, 'the parser shows its memory');
  return { bytes, half: new Uint16Array(bytes.buffer), word: new Uint32Array(bytes.buffer) };
}

function addressOf(object: object): number {
  const address: unknown = Reflect.get(object, 0);
  assert(typeof address === 'number', 'the parser shows its addresses');
  return address;
}

/** Offsets of TSLanguage in 32 bits, which are the same from version 14 of the format on. */
function grammarOf(address: number, kinds: readonly (string | null)[], fields: readonly (string | null)[]): Grammar {
  const { half, word } = heapOf();
  const at = (offset: number) => word[(address + offset) >> 2] ?? 0;
  return {
    kinds: kinds.map((kind) => kind ?? ''),
    fields: Array.from(fields, (name) => name ?? ''),
    aliasesOfRule: half[(address + 36) >> 1] ?? 0,
    fieldSlices: at(64),
    fieldEntries: at(68),
    metadata: at(72),
    publicKinds: at(76),
    aliases: at(84),
  };
}

type Arrays = Pick<Tree, 'kind' | 'field' | 'isNamed' | 'start' | 'end' | 'after'> & { readonly capacity: number };

function arraysOf(capacity: number): Arrays {
  return {
    capacity,
    kind: new Uint16Array(capacity),
    field: new Uint16Array(capacity),
    isNamed: new Uint8Array(capacity),
    start: new Int32Array(capacity),
    end: new Int32Array(capacity),
    after: new Int32Array(capacity),
  };
}

/** Of larger trees, the arrays are not kept for the next one. */
const KEPT_NODES_MAX = 1 << 19;

/** Each tree is written over the one before: to make megabytes of arrays for each file takes as long as to fill them. */
let arrays = arraysOf(1 << 14);

/**
 * Walks the subtrees as the parser keeps them. A subtree is a word: with the lowest bit set, it holds the node itself (8
 * bytes), else it is the address of one, with the children before it. Hidden nodes lend their children to the parent.
 */
function flatten(heap: Heap, grammar: Grammar, root: number, text: string): Tree {
  const { bytes, half, word } = heap;
  let { capacity, kind, field, isNamed, start, end, after } = arrays;
  let size = 0;
  let isCut = false;

  const grow = () => {
    const larger = arraysOf(capacity * 2);
    larger.kind.set(kind);
    larger.field.set(field);
    larger.isNamed.set(isNamed);
    larger.start.set(start);
    larger.end.set(end);
    larger.after.set(after);
    ({ capacity, kind, field, isNamed, start, end, after } = larger);
    if (capacity <= KEPT_NODES_MAX) arrays = larger;
  };
  /** The field that a rule gives its child at this index, if it gives one itself. */
  const fieldAt = (rule: number, child: number): number => {
    const slice = grammar.fieldSlices + rule * 4;
    const first = half[slice >> 1] ?? 0;
    const count = half[(slice + 2) >> 1] ?? 0;
    for (let entry = first; entry < first + count; entry += 1) {
      const address = grammar.fieldEntries + entry * 4;
      if (bytes[address + 2] === child && bytes[address + 3] === 0) return half[address >> 1] ?? 0;
    }
    return 0;
  };
  const push = (symbol: number, named: boolean, of: number, from: number, to: number): number => {
    if (size === capacity) grow();
    kind[size] = symbol === ERROR_SYMBOL ? symbol : (half[(grammar.publicKinds + symbol * 2) >> 1] ?? symbol);
    field[size] = of;
    isNamed[size] = named ? 1 : 0;
    start[size] = from >> 1;
    end[size] = to >> 1;
    return size++;
  };

  /** Adds a subtree that begins at byte `position`; gives the position behind it. */
  const walk = (address: number, position: number, alias: number, of: number, depth: number): number => {
    const low = word[address >> 2] ?? 0;
    const aliasNamed = alias !== 0 && (bytes[grammar.metadata + alias * 3 + 1] ?? 0) !== 0;
    if ((low & 1) !== 0) {
      const from = position + (bytes[address + 6] ?? 0);
      const to = from + (bytes[address + 7] ?? 0);
      if (alias === 0 && (low & 2) === 0) return to;
      const node = push(alias || (low >> 8) & 0xff, alias === 0 ? (low & 4) !== 0 : aliasNamed, of, from, to);
      after[node] = size;
      return to;
    }
    const pointer = low >> 2;
    const from = position + (word[pointer + 1] ?? 0);
    const to = from + (word[pointer + 4] ?? 0);
    const count = word[pointer + 9] ?? 0;
    const symbol = half[(low + 40) >> 1] ?? 0;
    const flags = bytes[low + 44] ?? 0;
    const isVisible = alias !== 0 || (flags & 1) !== 0;
    const node = isVisible ? push(alias || symbol, alias === 0 ? (flags & 2) !== 0 : aliasNamed, of, from, to) : -1;
    if (count > 0 && depth < TREE_DEPTH_MAX && size < TREE_NODES_MAX) {
      const rule = half[(low + 66) >> 1] ?? 0;
      let structural = 0;
      let place = position;
      for (let child = 0; child < count; child += 1) {
        const childAddress = low - (count - child) * 8;
        const childLow = word[childAddress >> 2] ?? 0;
        const isExtra = (childLow & 1) !== 0 ? (childLow & 8) !== 0 : ((bytes[childLow + 44] ?? 0) & 4) !== 0;
        const childAlias =
          isExtra || rule === 0
            ? 0
            : (half[(grammar.aliases + (rule * grammar.aliasesOfRule + structural) * 2) >> 1] ?? 0);
        const own = isExtra ? 0 : fieldAt(rule, structural);
        place = walk(
          childAddress,
          place,
          childAlias,
          own || (isVisible || isExtra ? 0 : of),
          isVisible ? depth + 1 : depth,
        );
        if (!isExtra) structural += 1;
      }
    } else if (count > 0) {
      isCut = true;
    }
    if (node >= 0) after[node] = size;
    return to;
  };

  walk(root, 0, 0, 0, 0);
  return { text, kinds: grammar.kinds, fields: grammar.fields, kind, field, isNamed, start, end, after, size, isCut };
}

/** All children, unnamed ones (operators, keywords, brackets) too. */
export function childrenOf(tree: Tree, node: number): number[] {
  const children: number[] = [];
  const end = tree.after[node] ?? 0;
  for (let child = node + 1; child < end; child = tree.after[child] ?? end) children.push(child);
  return children;
}

/** The named children without comments. */
export function namedChildren(tree: Tree, node: number): number[] {
  return childrenOf(tree, node).filter(
    (child) => tree.isNamed[child] === 1 && !kindOf(tree, child).includes('comment'),
  );
}

export function kindOf(tree: Tree, node: number): string {
  return tree.kinds[tree.kind[node] ?? 0] ?? 'ERROR';
}

export function fieldOf(tree: Tree, node: number): string {
  return tree.fields[tree.field[node] ?? 0] ?? '';
}

export function textOf(tree: Tree, node: number): string {
  return tree.text.slice(tree.start[node], tree.end[node]);
}

/** The first child that stands in this field, or -1. */
export function childAt(tree: Tree, node: number, field: string): number {
  const end = tree.after[node] ?? 0;
  for (let child = node + 1; child < end; child = tree.after[child] ?? end) {
    if (fieldOf(tree, child) === field) return child;
  }
  return -1;
}

/** All children that stand in this field. */
export function childrenAt(tree: Tree, node: number, field: string): number[] {
  return childrenOf(tree, node).filter((child) => fieldOf(tree, child) === field);
}
