import { assert } from '../base/index.ts';

/** States are numbered in 16 bits. */
const STATES_MAX = 65_535;

export type Automaton = {
  /** Calls `onHit(keyword, end)` for every occurrence of every keyword, cases of ASCII letters aside, in order of its end. */
  scan(bytes: Uint8Array, onHit: (keyword: number, end: number) => void): void;
};

/** A tree of prefixes, flat: this is built at every start. State 0 is the root, and no child. */
type Tree = {
  readonly states: number;
  /** The child of a state by a column, at `(state << shift) | column`; 0: none. */
  readonly children: Uint16Array;
  /** Every state but the root, each after its parent, level by level. */
  readonly order: Uint16Array;
  readonly parent: Uint16Array;
  readonly column: Uint8Array;
  readonly depth: Uint16Array;
  /** The keywords that end at a state. */
  readonly outputs: Map<number, number[]>;
};

/**
 * Aho-Corasick over bytes, as one table: a step is one load for each byte, whatever the number of keywords. The table has a
 * column for each byte that occurs in keywords and one for all others, which keeps it in the second-level cache.
 */
export function buildAutomaton(keywords: readonly string[]): Automaton {
  const { columnOf, shift } = columnsOf(keywords);
  const tree = treeOf(keywords, columnOf, shift);
  const { table, outputs, firstWithOutput } = flatten(tree, linksOf(tree, shift), shift);
  return {
    scan(bytes, onHit) {
      let state = 0;
      const length = bytes.length;
      for (let at = 0; at < length; at += 1) {
        // The indices are in bounds by construction; the fall-back is what the compiler asks for and costs nothing.
        state = table[(state << shift) | (columnOf[bytes[at] ?? 0] ?? 0)] ?? 0;
        if (state >= firstWithOutput) {
          const found = outputs[state - firstWithOutput];
          if (found !== undefined) for (const keyword of found) onHit(keyword, at + 1);
        }
      }
    },
  };
}

function columnsOf(keywords: readonly string[]): { readonly columnOf: Uint8Array; readonly shift: number } {
  const columnOf = new Uint8Array(256);
  let columns = 1;
  for (const keyword of keywords) {
    for (const byte of Buffer.from(keyword)) {
      const low = lower(byte);
      if (columnOf[low] !== 0) continue;
      columnOf[low] = columns;
      if (low >= 97 && low <= 122) columnOf[low - 32] = columns;
      columns += 1;
    }
  }
  return { columnOf, shift: Math.max(1, Math.ceil(Math.log2(columns))) };
}

function lower(byte: number): number {
  return byte >= 65 && byte <= 90 ? byte + 32 : byte;
}

function treeOf(keywords: readonly string[], columnOf: Uint8Array, shift: number): Tree {
  const bytes = keywords.reduce((sum, keyword) => sum + Buffer.byteLength(keyword), 1);
  const most = Math.min(bytes, STATES_MAX);
  const children = new Uint16Array(most << shift);
  const parent = new Uint16Array(most);
  const column = new Uint8Array(most);
  const depth = new Uint16Array(most);
  const outputs = new Map<number, number[]>();
  let states = 1;
  for (const [id, keyword] of keywords.entries()) {
    let state = 0;
    for (const byte of Buffer.from(keyword)) {
      const by = columnOf[byte] ?? 0;
      const at = (state << shift) | by;
      if (children[at] === 0) {
        assert(states < most, `more than ${STATES_MAX} states of keywords`);
        children[at] = states;
        parent[states] = state;
        column[states] = by;
        depth[states] = (depth[state] ?? 0) + 1;
        states += 1;
      }
      state = children[at] ?? 0;
    }
    const here = outputs.get(state);
    if (here === undefined) outputs.set(state, [id]);
    else here.push(id);
  }
  const order = new Uint16Array(states - 1).map((_, at) => at + 1).sort((a, b) => (depth[a] ?? 0) - (depth[b] ?? 0));
  return { states, children, order, parent, column, depth, outputs };
}

/** For each state the one of its longest proper suffix, which is shorter and so was linked before. Outputs go along. */
function linksOf({ states, children, order, parent, column, outputs }: Tree, shift: number): Uint16Array {
  const links = new Uint16Array(states);
  for (const state of order) {
    const by = column[state] ?? 0;
    let link = links[parent[state] ?? 0] ?? 0;
    while (link !== 0 && children[(link << shift) | by] === 0) link = links[link] ?? 0;
    const target = children[(link << shift) | by] ?? 0;
    links[state] = target === state ? 0 : target;
    const further = outputs.get(links[state] ?? 0);
    if (further !== undefined) outputs.set(state, [...(outputs.get(state) ?? []), ...further]);
  }
  return links;
}

/** Renumbers the states so that those with an output come last: one comparison tells them. */
function flatten({ states, order, parent, column, depth, outputs }: Tree, links: Uint16Array, shift: number) {
  const firstWithOutput = states - outputs.size;
  const numberOf = new Uint16Array(states);
  const found: (readonly number[])[] = [];
  let plain = 1;
  for (const state of order) {
    const here = outputs.get(state);
    if (here === undefined) numberOf[state] = plain++;
    else numberOf[state] = firstWithOutput + found.push(here) - 1;
  }
  const table = new Uint16Array(states << shift);
  // A row is that of the suffix with the state's own children over it. Level by level: the children of one write themselves into
  // the rows of their parents, which are complete with that, and then the next rows are copied from complete ones.
  for (let from = 0, to = 0; from < order.length; from = to) {
    for (; to < order.length && depth[order[to] ?? 0] === depth[order[from] ?? 0]; to += 1) {
      const state = order[to] ?? 0;
      table[((numberOf[parent[state] ?? 0] ?? 0) << shift) | (column[state] ?? 0)] = numberOf[state] ?? 0;
    }
    for (let at = from; at < to; at += 1) {
      const state = order[at] ?? 0;
      const source = (numberOf[links[state] ?? 0] ?? 0) << shift;
      table.copyWithin((numberOf[state] ?? 0) << shift, source, source + (1 << shift));
    }
  }
  return { table, firstWithOutput, outputs: found };
}
