import { assert } from '../base/index.ts';

/** States are numbered in 16 bits. */
const STATES_MAX = 65_535;

export type Automaton = {
  /** Calls `onHit(keyword, end)` for every occurrence of every keyword, cases of ASCII letters aside, in order of its end. */
  scan(bytes: Uint8Array, onHit: (keyword: number, end: number) => void): void;
};

/** A tree of prefixes while it is built. */
type Building = { readonly next: Map<number, number>; readonly outputs: number[]; fail: number };

/**
 * Aho-Corasick over bytes, as one table: a step is one load for each byte, whatever the number of keywords. The table has a
 * column for each byte that occurs in keywords and one for all others, which keeps it in the second-level cache.
 */
export function buildAutomaton(keywords: readonly string[]): Automaton {
  const { columnOf, shift } = columnsOf(keywords);
  const states = treeOf(keywords, columnOf);
  assert(states.length <= STATES_MAX, `${states.length} states of keywords`);
  linkStates(states);
  const { table, outputs, firstWithOutput } = flatten(states, 1 << shift, shift);
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

function treeOf(keywords: readonly string[], columnOf: Uint8Array): Building[] {
  const states: Building[] = [{ next: new Map(), outputs: [], fail: 0 }];
  for (const [id, keyword] of keywords.entries()) {
    let state = states[0];
    for (const byte of Buffer.from(keyword)) {
      const column = columnOf[lower(byte)] ?? 0;
      let next = state?.next.get(column);
      if (next === undefined) {
        next = states.length;
        state?.next.set(column, next);
        states.push({ next: new Map(), outputs: [], fail: 0 });
      }
      state = states[next];
    }
    state?.outputs.push(id);
  }
  return states;
}

/** Breadth first: the longest proper suffix of a state is shorter, so it is linked before. */
function linkStates(states: readonly Building[]): void {
  const queue = [...(states[0]?.next.values() ?? [])];
  for (let at = 0; at < queue.length; at += 1) {
    const id = queue[at] ?? 0;
    const state = states[id];
    for (const [column, child] of state?.next ?? []) {
      queue.push(child);
      let fail = state?.fail ?? 0;
      while (fail !== 0 && !states[fail]?.next.has(column)) fail = states[fail]?.fail ?? 0;
      const target = states[fail]?.next.get(column) ?? 0;
      const next = states[child];
      if (next === undefined) continue;
      next.fail = target === child ? 0 : target;
      next.outputs.push(...(states[next.fail]?.outputs ?? []));
    }
  }
}

/** Renumbers the states so that those with an output come last: one comparison tells them. */
function flatten(states: readonly Building[], columns: number, shift: number) {
  const order = states.map((_, id) => id).sort((a, b) => rankOf(states, a) - rankOf(states, b) || a - b);
  const numberOf = new Uint16Array(states.length);
  for (const [number, id] of order.entries()) numberOf[id] = number;
  const firstWithOutput = order.findIndex((id) => (states[id]?.outputs.length ?? 0) > 0);
  const table = new Uint16Array(states.length << shift);
  const rows = new Map<number, Uint16Array>();
  // Parents come before children in the tree, suffixes may come later: rows are made when they are first needed.
  const rowOf = (id: number): Uint16Array => {
    const known = rows.get(id);
    if (known !== undefined) return known;
    const row = id === 0 ? new Uint16Array(columns) : rowOf(states[id]?.fail ?? 0).slice();
    for (const [column, child] of states[id]?.next ?? []) row[column] = numberOf[child] ?? 0;
    rows.set(id, row);
    return row;
  };
  for (const id of states.keys()) table.set(rowOf(id), (numberOf[id] ?? 0) << shift);
  return {
    table,
    firstWithOutput: firstWithOutput === -1 ? states.length : firstWithOutput,
    outputs: order.slice(Math.max(0, firstWithOutput)).map((id) => states[id]?.outputs ?? []),
  };
}

function rankOf(states: readonly Building[], id: number): number {
  return id === 0 ? 0 : (states[id]?.outputs.length ?? 0) > 0 ? 2 : 1;
}
